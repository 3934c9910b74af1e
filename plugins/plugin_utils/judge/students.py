# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the students: who may use Docker without sudo, and what that lets them do."""

import re
from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import GROUP
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Login,
    Members,
    StudentsVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import attacks, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing

# The members of this group are root, where root runs an engine.
_ROOTS_GROUP = "docker"
# The bits of a socket's mode for everybody, and those that its group and its ACL's groups need.
_FOR_ALL, _FOR_GROUP = 0o007, 0o060


def _members_of(has: SeatFacts, settings: Settings) -> Members:
    """Return who is in which group, and who is to join and to leave, as the verdict has it.

    On a seat without root nobody is in the group docker, which would make its members root as soon
    as root runs an engine again; the engine's own group has just the users that are set.
    """
    # A text with commas is read as a list, whose items may begin with a space.
    users = list(filter(None, (user.strip() for user in settings["docker_engine_users"])))
    in_docker, record = has["docker_group"] or [], has["brought"]
    brought = [name for name in record["users"] if name in in_docker]
    removed = record.get("taken", [])
    if engine_files.is_rootless(settings):
        group, members = GROUP, has["students"]["members"] or []
        managed, leave, back = members, in_docker, []
        removed = sorted({*removed, *in_docker} - {*brought})
    else:
        group, members = _ROOTS_GROUP, in_docker
        managed, leave, back = brought, [], [name for name in removed if name not in in_docker]
    add = [name for name in dict.fromkeys(users) if name not in (*members, *back)]
    return {
        "group": group,
        "add": add,
        "remove": [name for name in managed if name not in users],
        "leave": leave,
        "back": back,
        "known": sorted({*record["users"], *(add if group == _ROOTS_GROUP else [])}),
        "brought": brought,
        "taken": removed,
        "stay_out": removed if group == GROUP else [],
        "may": sorted({*users, *members} - {"", "root", settings["account"]}),
    }


def _socket_commands(has: SeatFacts, settings: Settings) -> list[list[str]]:
    """Return the commands that open the socket to just those who may use it; none if it is so.

    An engine opens its socket rightly when it starts. Afterwards it can be wrong because somebody
    has changed it, because a run that was to open it again was lost
    (module_utils/engine/access.py), or because systemd keeps open the socket of an earlier engine
    of root's.
    """
    socket, gid = has["docker"]["socket"], engine_files.known_group(has, settings)
    account = has["students"]["account"] if engine_files.is_rootless(settings) else None
    owner = account["uid"] if account else None if engine_files.is_rootless(settings) else 0
    is_owned = owner is not None and has["docker"]["uid"] == owner
    if socket is None or not is_owned or engine_files.is_group_unknown(has, settings):
        return []
    mode = socket["mode"] & (_FOR_ALL | _FOR_GROUP)
    is_right = socket["groups"] == ([] if gid is None else [gid]) and mode == _FOR_GROUP
    commands = [] if is_right else engine_files.access_commands(has, settings)
    if account is None:
        return commands
    if socket["gid"] != account["gid"]:
        commands.insert(0, ["chgrp", GROUP, f"{engine_files.RUNTIME}/docker.sock"])
    return [["runuser", "--user", ACCOUNT, "--", *command] for command in commands]


def _login(has: SeatFacts, settings: Settings) -> Login:
    """Return the login script to write, path to text, and the paths of those to remove."""
    wanted, present = engine_files.login(settings), has["files"]
    return {
        "write": {path: wanted[path] for path in differing(wanted, present)},
        "remove": [engine_files.LOGIN] * (engine_files.LOGIN in present and not wanted),
    }


def _refusals(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield the settings that cannot work on the seat."""
    name, folder = settings["name"], settings["docker_engine_folder"].strip()
    if settings["docker_engine_group"].strip() and has["service_manager"] != "systemd":
        yield finding("group_unmanaged", name, group=settings["docker_engine_group"])
    if folder and not re.fullmatch(r"\w[\w.-]*", folder):
        what = f"docker_engine_folder, {folder}, is to be a name of letters and digits"
        yield finding("setting_wrong", name, what=what)


def _conditions(
    has: SeatFacts, settings: Settings, members: Members, commands: list[list[str]], script: Login
) -> Iterator[Finding]:
    """Yield what is wrong with who may use Docker.

    commands: those that mend the socket. script: what is to be done with the login script.
    """
    name, group = settings["name"], settings["docker_engine_group"].strip()
    # While the engine is of the other kind, nobody needs to be in the wanted one's group yet.
    if members["add"] and engine_files.is_rootless(settings) == rootless.is_set_up(has):
        yield finding("users_missing", name, users=", ".join(members["add"]))
    if members["remove"]:
        yield finding("users_left", name, users=", ".join(members["remove"]))
    if members["leave"]:
        yield finding("users_root", name, users=", ".join(members["leave"]))
    if members["back"]:
        yield finding("users_taken", name, users=", ".join(members["back"]))
    if engine_files.is_group_unknown(has, settings):
        yield finding("group_unknown", name, group=group)
    socket = has["docker"]["socket"]
    if commands and socket:
        gid = engine_files.known_group(has, settings)
        others = socket["mode"] & _FOR_ALL or [other for other in socket["groups"] if other != gid]
        whom = group if gid is not None and gid not in socket["groups"] else members["group"]
        condition = "socket_open" if others else "socket_shut"
        yield finding(condition, name, group=whom, mode=f"{socket['mode']:o}")
    if script["write"] or script["remove"]:
        yield finding("folder_script", name)
    if account := has["students"]["account"] if engine_files.is_rootless(settings) else None:
        if not account["locked"]:
            yield finding("account_open", name, account=ACCOUNT)
        for kind in rootless.KINDS_OF_IDS:
            if not rootless.has_ids(has, kind):
                yield finding("account_ranges", name, account=ACCOUNT, file=f"/etc/{kind[:-1]}")


def judge(has: SeatFacts, settings: Settings, _: Builder) -> StudentsVerdict:
    """Judge who may use Docker."""
    members, script = _members_of(has, settings), _login(has, settings)
    commands = _socket_commands(has, settings)
    if group := settings["docker_engine_group"].strip():
        members["may"].append(group)
    record, docker = has["brought"], has["docker"]
    is_recorded = members["stay_out"] == record.get("taken", [])
    moves = members["add"] or members["remove"] or members["leave"] or members["back"]
    has_group = has["docker_group"] is not None
    findings = [*_conditions(has, settings, members, commands, script)] if has_group else []
    return {
        **verdict(
            [*findings, *attacks.findings_of(settings)],
            settled=is_recorded and not (moves or commands or script["write"] or script["remove"]),
            refused=_refusals(has, settings),
        ),
        **members,
        "socket": commands,
        "login": script,
        "recorded": is_recorded and members["brought"] == record["users"],
        "opened": docker["uid"] == 0 and bool(docker["socket"] and docker["socket"]["groups"]),
    }
