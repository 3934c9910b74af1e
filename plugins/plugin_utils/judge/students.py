# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The students: who may use Docker without sudo, and what that lets them do."""

import re
from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import (
    GROUP,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Login,
    Members,
    StudentsVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import attacks, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing

# Whoever is in it is root, where root runs an engine.
ROOTS_GROUP = "docker"
# What a socket's mode lets anybody do, and what its group and those in its ACL need.
ANYBODY, ITS_GROUP = 0o007, 0o060


def members_of(has: Seat, want: Want) -> Members:
    """Give who is in which group, and who is to come and to go, as the verdict has it.

    On a seat without root nobody is in the group docker, which would make them root as soon as root
    runs an engine again; in the engine's own are those that people name, and no others.
    """
    # A text with commas is a list, and has spaces behind them.
    users = list(filter(None, (one.strip() for one in want["docker_engine_users"])))
    in_docker, record = has["docker_group"] or [], has["brought"]
    brought = [name for name in record["users"] if name in in_docker]
    taken = record.get("taken", [])
    if rootless.wanted(want):
        group, members = GROUP, has["students"]["members"] or []
        theirs, leave, back = members, in_docker, []
        taken = sorted({*taken, *in_docker} - {*brought})
    else:
        group, members = ROOTS_GROUP, in_docker
        theirs, leave, back = brought, [], [name for name in taken if name not in in_docker]
    add = [name for name in dict.fromkeys(users) if name not in (*members, *back)]
    return {
        "group": group,
        "add": add,
        "remove": [name for name in theirs if name not in users],
        "leave": leave,
        "back": back,
        "known": sorted({*record["users"], *(add if group == ROOTS_GROUP else [])}),
        "brought": brought,
        "taken": taken,
        "kept": taken if group == GROUP else [],
        "may": sorted({*users, *members} - {"", "root", want["account"]}),
    }


def socket_commands(has: Seat, want: Want) -> list[list[str]]:
    """Give what to run so that the socket is open to whom it is to be open, nothing where it is.

    It is where the engine has started as it is configured; not where somebody has changed it since,
    where a run that was to open it again has been lost (module_utils/engine/access.py), or where an
    engine of root's has left the socket of before, which systemd keeps open.
    """
    socket, gid = has["docker"]["socket"], engine_files.known_group(has, want)
    account = has["students"]["account"] if rootless.wanted(want) else None
    owner = account["uid"] if account else None if rootless.wanted(want) else 0
    its_own = owner is not None and has["docker"]["uid"] == owner
    if socket is None or not its_own or engine_files.group_unknown(has, want):
        return []
    mode = socket["mode"] & (ANYBODY | ITS_GROUP)
    right = socket["groups"] == ([] if gid is None else [gid]) and mode == ITS_GROUP
    commands = [] if right else engine_files.letting_in(has, want)
    if account is None:
        return commands
    if socket["gid"] != account["gid"]:
        commands.insert(0, ["chgrp", GROUP, f"{engine_files.RUNTIME}/docker.sock"])
    return [["runuser", "--user", ACCOUNT, "--", *one] for one in commands]


def login(has: Seat, want: Want) -> Login:
    """Give the script of a login, path to text, where it is to be written, and paths to remove."""
    wanted, present = engine_files.login(want), has["files"]
    return {
        "write": {path: wanted[path] for path in differing(wanted, present)},
        "remove": [engine_files.LOGIN] * (engine_files.LOGIN in present and not wanted),
    }


def refusals(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell what of the settings cannot be."""
    name, folder = want["name"], want["docker_engine_folder"].strip()
    if want["docker_engine_group"].strip() and has["service_manager"] != "systemd":
        yield finding("group_unmanaged", name, group=want["docker_engine_group"])
    if folder and not re.fullmatch(r"\w[\w.-]*", folder):
        what = f"docker_engine_folder, {folder}, is to be a name of letters and digits"
        yield finding("setting_wrong", name, what=what)


def conditions(
    has: Seat, want: Want, members: Members, mending: list[list[str]], script: Login
) -> Iterator[Finding]:
    """Yield what is wrong with who may use Docker.

    mending: the commands that mend the socket. script: what is to be done with that of a login.
    """
    name, group = want["name"], want["docker_engine_group"].strip()
    # Of the engine that is to come instead, nobody uses anything yet.
    if members["add"] and rootless.wanted(want) == rootless.is_so(has):
        yield finding("users_missing", name, users=", ".join(members["add"]))
    if members["remove"]:
        yield finding("users_left", name, users=", ".join(members["remove"]))
    if members["leave"]:
        yield finding("users_root", name, users=", ".join(members["leave"]))
    if members["back"]:
        yield finding("users_taken", name, users=", ".join(members["back"]))
    if engine_files.group_unknown(has, want):
        yield finding("group_unknown", name, group=group)
    socket = has["docker"]["socket"]
    if mending and socket:
        gid = engine_files.known_group(has, want)
        others = socket["mode"] & ANYBODY or [one for one in socket["groups"] if one != gid]
        whom = group if gid is not None and gid not in socket["groups"] else members["group"]
        found = "socket_open" if others else "socket_shut"
        yield finding(found, name, group=whom, mode=f"{socket['mode']:o}")
    if script["write"] or script["remove"]:
        yield finding("folder_script", name)
    if account := has["students"]["account"] if rootless.wanted(want) else None:
        if not account["locked"]:
            yield finding("account_open", name, account=ACCOUNT)
        for kind in rootless.KINDS_OF_IDS:
            if not rootless.ranged(has, kind):
                yield finding("account_ranges", name, account=ACCOUNT, file=f"/etc/{kind[:-1]}")


def judge(has: Seat, want: Want, builder: Builder) -> StudentsVerdict:
    """Judge who may use Docker."""
    del builder
    members, mending, script = members_of(has, want), socket_commands(has, want), login(has, want)
    if group := want["docker_engine_group"].strip():
        members["may"].append(group)
    record, docker = has["brought"], has["docker"]
    kept = members["kept"] == record.get("taken", [])
    moves = members["add"] or members["remove"] or members["leave"] or members["back"]
    known = has["docker_group"] is not None
    found = [*conditions(has, want, members, mending, script)] if known else []
    return {
        **verdict(
            [*found, *attacks.findings_of(want)],
            settled=kept and not (moves or mending or script["write"] or script["remove"]),
            refused=refusals(has, want),
        ),
        **members,
        "socket": mending,
        "login": script,
        "recorded": kept and members["brought"] == record["users"],
        "opened": docker["uid"] == 0 and bool(docker["socket"] and docker["socket"]["groups"]),
    }
