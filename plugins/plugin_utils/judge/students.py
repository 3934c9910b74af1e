# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The students: who may use Docker without sudo, and what that lets them do."""

from collections.abc import Iterator
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts_students import (
    ACCOUNT,
    GROUP,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import (
    Builder,
    Has,
    Verdict,
    Want,
    verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing

# Whoever is in it is root, where root runs an engine.
ROOTS_GROUP = "docker"
ROOT = {"uid": 0}
# Of a socket's mode, what it lets anybody do; and how many IDs an image may use, as Docker says.
ANYBODY, IDS = 0o007, 65536


def members_of(has: Has, want: Want) -> dict[str, Any]:
    """Give who is in which group, and who is to come and to go, as the verdict has it.

    On a seat without root nobody is in the group docker, which would make them root as soon as root
    runs an engine again; in the engine's own are those that people name, and no others.
    """
    # A text with commas is a list, and has spaces behind them.
    users = list(filter(None, (one.strip() for one in want["docker_engine_users"])))
    roots, record = has["docker_group"] or [], has["brought"]
    brought = [name for name in record["users"] if name in roots]
    taken = record.get("taken", [])
    if engine_files.rootless(want):
        members = has["students"]["members"] or []
        told = {
            "group": GROUP,
            "members": members,
            "remove": [name for name in members if name not in users],
            "leave": roots,
            "back": [],
            "taken": sorted({*taken, *roots} - {*brought}),
        }
    else:
        told = {
            "group": ROOTS_GROUP,
            "members": roots,
            "remove": [name for name in brought if name not in users],
            "leave": [],
            "back": [name for name in taken if name not in roots],
            "taken": taken,
        }
    coming = {*told["members"], *told["back"]}
    add = [name for name in dict.fromkeys(users) if name not in coming]
    new = [] if engine_files.rootless(want) else add
    known = sorted({*record["users"], *new})
    return told | {"add": add, "known": known, "brought": brought, "users": users}


def socket_commands(has: Has, want: Want) -> list[list[str]]:
    """Give what to run so that the socket is open to whom it is to be open, nothing where it is.

    It is where the engine has started as it is configured; not where somebody has changed it since,
    or where an engine of root's has left the socket of before, which systemd keeps open.
    """
    socket, gid = has["docker"]["socket"], engine_files.known_group(has, want)
    account = has["students"]["account"] if engine_files.rootless(want) else ROOT
    its_own = account is not None and has["docker"]["uid"] == account["uid"]
    if socket is None or not its_own or group_unknown(has, want):
        return []
    right = socket["groups"] == ([] if gid is None else [gid]) and not socket["mode"] & ANYBODY
    commands = [] if right else engine_files.letting_in(has, want)
    if not engine_files.rootless(want):
        return commands
    if socket["gid"] != account["gid"]:
        commands.insert(0, ["chgrp", GROUP, f"{engine_files.RUNTIME}/docker.sock"])
    return [["runuser", "--user", ACCOUNT, "--", *one] for one in commands]


def group_unknown(has: Has, want: Want) -> bool:
    """Tell whether a group is named that the seat does not know, or not at this moment."""
    return bool(want["docker_engine_group"].strip()) and has["students"]["group"] is None


def login(has: Has, want: Want) -> dict[str, Any]:
    """Give the script of a login, path to text, where it is to be written, and paths to remove."""
    wanted, present = engine_files.login(want), has["files"]
    return {
        "write": {path: wanted[path] for path in differing(wanted, present)},
        "remove": [engine_files.LOGIN] * (engine_files.LOGIN in present and not wanted),
    }


def refusals(has: Has, want: Want) -> Iterator[Finding]:
    """Tell what of the settings cannot be."""
    name, folder = want["name"], want["docker_engine_folder"].strip()
    if want["docker_engine_group"].strip() and has["service_manager"] != "systemd":
        yield finding("group_unmanaged", name, group=want["docker_engine_group"])
    if "/" in folder or folder in (".", "..") or folder.startswith("-"):
        what = f"docker_engine_folder, {folder}, is to be a name, and no path"
        yield finding("setting_wrong", name, what=what)


def conditions(has: Has, want: Want, told: dict[str, Any]) -> Iterator[Finding]:
    """Tell what is wrong with who may use Docker. told: as the verdict has it."""
    name, group = want["name"], want["docker_engine_group"].strip()
    # Where there is no such group, its engine is not there either, which says it all.
    if told["add"] and not (engine_files.rootless(want) and has["students"]["members"] is None):
        yield finding("users_missing", name, users=", ".join(told["add"]))
    if told["remove"]:
        yield finding("users_left", name, users=", ".join(told["remove"]))
    if told["leave"]:
        yield finding("users_root", name, users=", ".join(told["leave"]))
    if told["back"]:
        yield finding("users_taken", name, users=", ".join(told["back"]))
    if group_unknown(has, want):
        yield finding("group_unknown", name, group=group)
    socket = has["docker"]["socket"]
    if told["socket"] and socket:
        gid = engine_files.known_group(has, want)
        others = socket["mode"] & ANYBODY or [one for one in socket["groups"] if one != gid]
        whom = group if gid is not None and gid not in socket["groups"] else told["group"]
        found = "socket_open" if others else "socket_shut"
        yield finding(found, name, group=whom, mode=f"{socket['mode']:o}")
    if told["login"]["write"] or told["login"]["remove"]:
        yield finding("folder_script", name)
    if account := has["students"]["account"] if engine_files.rootless(want) else None:
        if not account["locked"]:
            yield finding("account_open", name, account=ACCOUNT)
        # Written by hand, or on a machine whose accounts somebody has copied.
        for kind in ("subuids", "subgids"):
            if sum(one[-1] for one in account[kind] if one) < IDS:
                yield finding("account_ranges", name, account=ACCOUNT, file=f"/etc/{kind[:-1]}")


def judge(has: Has, want: Want, builder: Builder) -> Verdict:
    """Judge who may use Docker.

    Values: group, that of those who may; add and remove, the accounts that are to come in, and
    those that are to go, which in the group docker are those that the toolkit had put there and
    that nobody names any more, for who else is in it is nobody's business; leave, who is to leave
    the group docker of a seat without root, and back, who is to be back in it, both besides; taken,
    whom the seat is to remember as taken out of it; known, those that the toolkit has put there or
    is about to; brought, those that it has put there and that are still there; recorded, whether
    the seat's record names just these; socket, the commands that mend it; login, what is to be
    written for a login, and removed; may, who may use the engine or is to, but for the account that
    this toolkit connects with, and roots, whom of these that lets be root.
    """
    del builder
    told = members_of(has, want)
    members, users = told.pop("members"), told.pop("users")
    told |= {"socket": socket_commands(has, want), "login": login(has, want)}
    group, record = want["docker_engine_group"].strip(), has["brought"]
    may = sorted({*users, *members} - {"", "root", want["account"]})
    may += [f"group {group}"] if group else []
    rootless = engine_files.rootless(want)
    found = conditions(has, want, told) if has["docker_group"] is not None else ()
    taken = record.get("taken", [])
    moves = [told[key] for key in ("add", "remove", "leave", "back", "socket")]
    return verdict(
        found,
        settled=not any(moves) and not any(told["login"].values()) and (rootless or not taken),
        refused=list(refusals(has, want)),
        recorded=told["brought"] == record["users"],
        may=may,
        roots=[] if rootless else may,
        **told,
    )
