#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Record what a machine is to remember of the toolkit, and answer with its facts."""

DOCUMENTATION = r"""
module: seat_state
short_description: Have a lab machine remember what was there before, and what came
description:
  - Writes C(/var/lib/labocloud/state.json), readable by root alone, whole or not at all. What is
    there and cannot be read is not written over.
options:
  before:
    description:
      - Writes down what the machine is like, where that is not written yet; its packages, the files
        that configure Docker, with the content of daemon.json, and what the engine has, by what
        tells one thing from another of its name.
    type: bool
    default: false
  roots:
    description:
      - Directories where Docker keeps its data, or is about to. Whether each is absent, empty or in
        use is written down; what is written already stays.
    type: list
    elements: path
    default: []
  coming:
    description:
      - Packages that apt is about to install, as it is asked for them, name or name=version. The
        names of those that will be new are written down, which apt tells by a simulation, so that
        a run that is killed leaves what tells whose they are.
      - Where its package lists are older than ten minutes, or than what says where they are from,
        apt reads them first; not where C(APT_CONFIG) names another configuration.
    type: list
    elements: str
    default: []
  going:
    description: Packages that go before those come, since they conflict with them.
    type: list
    elements: str
    default: []
  came:
    description: >-
      Whether an installation has ended. What was coming and is there is written down as brought,
      before anything else is about to come. Where nothing is, what M(labocloud.room.package_source)
      has written goes.
    type: bool
    default: false
  users:
    description: Accounts that the toolkit has put into the group docker, all of them.
    type: list
    elements: str
  taken:
    description: Accounts that the toolkit has taken out of the group docker, all of them.
    type: list
    elements: str
  moving:
    description: >-
      What goes over to an engine of the other kind: C(path) and C(sha256) of an archive, its
      C(images), name to fingerprint, and C(left), where the engine that goes has data. An empty
      one, where all has come.
    type: dict
  served:
    description: The revision that the room has from now on. For the machine that builds.
    type: str
  give_back:
    description:
      - Files that were there before, which get the content and the mode that they had. Of
        daemon.json alone these are known.
    type: list
    elements: path
    default: []
  forget:
    description: Whether to forget everything, afterwards.
    type: bool
    default: false
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: full
    details: Tell whether it would write.
  idempotent:
    support: full
    details: What is written already is not written again.
"""

EXAMPLES = r"""
- name: Write down what the machine was like before anything is changed
  labocloud.room.seat_state:
    before: true
    roots: [/var/lib/docker, /var/lib/containerd]

- name: Write down what is about to come
  labocloud.room.seat_state:
    coming: [docker.io, zstd]
    going: [docker-ce]

- name: Write down what came
  labocloud.room.seat_state:
    came: true

- name: Give back the daemon.json that was there
  labocloud.room.seat_state:
    give_back: [/etc/docker/daemon.json]
"""

RETURN = r"""
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

import os
from contextlib import closing
from pathlib import Path
from typing import TypedDict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.apt import (
    ListsError,
    new_packages,
    read_lists,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import state_of
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import identities, look
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.package_source import close_source
from ansible_collections.labocloud.room.plugins.module_utils.state import (
    DAEMON_JSON,
    UNDER_WAY,
    Identities,
    Moving,
    State,
    bytes_of,
    forget,
    keep_file,
    read,
    update,
)

OWN_ARGUMENTS: dict[str, dict[str, object]] = {
    "before": {"type": "bool", "default": False},
    "roots": {"type": "list", "elements": "path", "default": []},
    "coming": {"type": "list", "elements": "str", "default": []},
    "going": {"type": "list", "elements": "str", "default": []},
    "came": {"type": "bool", "default": False},
    "users": {"type": "list", "elements": "str"},
    "taken": {"type": "list", "elements": "str"},
    "moving": {"type": "dict"},
    "served": {"type": "str"},
    "give_back": {"type": "list", "elements": "path", "default": []},
    "forget": {"type": "bool", "default": False},
}
# Measuring a volume waits for its disk.
_TIMEOUT = 300
# Questions to other machines are left out of facts that only this module reads.
_LESS: dict[str, object] = {"registries": [], "own_registries": [], "page_url": ""}


class Arguments(TypedDict):
    """The module's arguments of its own, as DOCUMENTATION has them, and the engine's socket."""

    before: bool
    roots: list[str]
    coming: list[str]
    going: list[str]
    came: bool
    users: list[str] | None
    taken: list[str] | None
    moving: Moving | None
    served: str | None
    give_back: list[str]
    forget: bool
    docker_socket: str


def _identities(seat: SeatFacts, socket: str) -> Identities:
    """Return the IDs of whatever an engine has, since names can pass to something else later.

    Nothing where no engine runs. Raises OSError.
    """
    if not seat["docker"]["running"]:
        return {"containers": [], "images": {}, "networks": [], "cache": [], "swarm": ""}
    with closing(DockerConnection(socket, _TIMEOUT)) as docker:
        return identities(look(docker))


def _remember_before(state: State, seat: SeatFacts, ids: Identities) -> None:
    """Put into the state what a machine is like, and the daemon.json that is there."""
    state.before = {
        "packages": sorted(seat["packages"]),
        "files": sorted(seat["files"]),
        "held": seat["held"],
        "docker_group": seat["docker_group"],
        "docker_data": seat["docker"]["data"],
        "docker_running": seat["docker"]["running"],
        "images": sorted(seat["images"]),
        "containers": sorted(seat["containers"]),
        "networks": seat["networks"],
        "volumes": seat["volumes"],
        "ids": ids,
    }
    if DAEMON_JSON in seat["files"]:
        keep_file(state, DAEMON_JSON)


def _remember_roots(state: State, paths: list[str]) -> None:
    """Put into the state what directories are like, unless that is in it already.

    Raises ValueError where the state has nothing from before the toolkit, and OSError.
    """
    if state.before is None:
        raise ValueError("it is not written down what there was before")
    roots = {path: state_of(path) for path in map(os.path.normpath, paths)}
    state.before["roots"] = {**roots, **state.before.get("roots", {})}


def _remember_came(state: State, seat: SeatFacts) -> None:
    """Put into the state which packages have come, and that none are coming any more."""
    if not set(UNDER_WAY) & state.brought.keys():
        return
    state.brought["packages"] = state.packages({*seat["packages"], *seat["apt"]["unfinished"]})
    for key in UNDER_WAY:
        state.brought.pop(key, None)


def _remember_coming(state: State, seat: SeatFacts, names: list[str]) -> None:
    """Put into the state which packages are coming, and whether services may not start meanwhile.

    names: of the packages.
    """
    _remember_came(state, seat)
    state.brought["coming"] = names
    # A policy-rc.d of the machine's own is never moved away.
    state.brought["policy_rc_d"] = seat["apt"]["policy_rc_d"] != "other"


def give_back(path: str, *, check: bool) -> bool:
    """Restore the content and the mode that a file had, and return whether it has others.

    check: whether nothing is written. Raises TornError, ValueError where the file is not
    remembered, and OSError.
    """
    recorded = read().files.get(path)
    if recorded is None:
        raise ValueError(f"it is not written down what was in {path}")
    place, data, mode = Path(path), bytes_of(recorded), recorded["mode"]
    if place.is_file() and (place.read_bytes(), place.stat().st_mode & 0o7777) == (data, mode):
        return False
    if not check:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, data, mode)
    return True


def _remember(arguments: Arguments, *, check: bool) -> bool:
    """Record what the module's arguments ask for, and return whether any of it is new.

    check: whether nothing is written. Raises TornError, ValueError, OSError and ListsError.
    """
    previous = read()
    is_untouched = arguments["before"] and previous.before is None
    has_ended = arguments["came"] and bool(set(UNDER_WAY) & previous.brought.keys())
    seat, ids = None, None
    if is_untouched or has_ended or arguments["coming"]:
        seat = answer({**arguments, **_LESS})
    # The engine is asked before the state is locked, since it may take long.
    if seat and is_untouched:
        ids = _identities(seat, arguments["docker_socket"])

    def change(state: State) -> None:
        if seat and ids and state.before is None:
            _remember_before(state, seat, ids)
        if arguments["roots"]:
            _remember_roots(state, arguments["roots"])
        if seat and has_ended:
            _remember_came(state, seat)
        if arguments["users"] is not None:
            state.brought["users"] = arguments["users"]
        if arguments["taken"] is not None:
            state.brought["taken"] = arguments["taken"]
        if arguments["moving"]:
            state.brought["moving"] = arguments["moving"]
        elif arguments["moving"] is not None:
            state.brought.pop("moving", None)
        if arguments["served"]:
            state.serve(arguments["served"])

    changed = update(change, check=check)
    # Reading the lists changes the machine, so the state of before has to be written by now.
    if arguments["came"] and not arguments["coming"] and not check:
        close_source()
    if seat and arguments["coming"]:
        if not check:
            read_lists()
        names = new_packages(arguments["coming"], arguments["going"], seat["packages"])
        changed |= update(lambda state: _remember_coming(state, seat, names), check=check)
    restored = [give_back(path, check=check) for path in arguments["give_back"]]
    is_forgotten = arguments["forget"] and forget(check=check)
    return changed or any(restored) or is_forgotten


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OWN_ARGUMENTS}, supports_check_mode=True)
    try:
        changed = _remember(module.params, check=module.check_mode)
        seat = answer(module.params)
    except (OSError, ValueError, LateError) as error:
        module.fail_json(msg=f"it cannot be written down: {error}")
    except ListsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
