# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have containers write nothing while they are saved, and let them go on where they stay."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    needing,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.reset.recreating import name_of
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    SHORT,
    UnsavableError,
)

# Seconds in which an engine that is restarted answers again, and those between two questions.
RETURNS = 60
BETWEEN = 1
# How often a container is asked to pause that is about to end, or to start.
ATTEMPTS = 3
# The directory of each save, to the containers that do not run because of it: ID to what lets them
# go on, unpause or start. Not across a boot, which ends all containers.
HALTED = Path("/run/labocloud-halted.json")

# What a container is made again from, and what tells whether it runs: every engine has all of it.
_CONTAINER = needing(
    {
        **answers.CONTAINER,
        "State?": needing(
            answers.CONTAINER["State?"], "Paused", "Restarting", "Running", "StartedAt"
        ),
        "Config?": needing(answers.CONTAINER["Config?"], "Hostname", "Labels"),
        "HostConfig?": needing(answers.CONTAINER["HostConfig?"], "NetworkMode"),
    },
    *("Id", "Name", "Image", "State", "Config", "HostConfig", "Mounts"),
)

Described = TypeVar("Described")
# As HALTED has it.
Halted = dict[str, dict[str, str]]


def present(descriptions: Iterable[Described | None]) -> list[Described]:
    """Return those descriptions of things that are there."""
    return [description for description in descriptions if description is not None]


def describe(docker: DockerConnection, key: str) -> Container | None:
    """Return a container's description, by its ID, None where there is none.

    Raises OSError, also where it does not say what a save relies on.
    """
    return Reader(docker).container(key, _CONTAINER)


def _read_halted() -> Halted:
    """Return what HALTED says. Raises OSError."""
    try:
        halted: Halted = json.loads(HALTED.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return halted


def _write_halted(others: Halted, dest: Path, ours: dict[str, str]) -> None:
    """Remember what others have halted, and what is halted for dest. Raises OSError."""
    write_whole(HALTED, json.dumps(others | {str(dest): ours}).encode())


def _take(halted: Halted, dest: Path) -> dict[str, str]:
    """Take out of it what was halted for dest, or by runs that ended early: theirs is gone.

    Returns ID to what lets the container go on.
    """
    ours = [other for other in halted if other == str(dest) or not Path(other).exists()]
    return {key: verb for other in ours for key, verb in halted.pop(other).items()}


def _halt(docker: DockerConnection, container: Container) -> str:
    """Have a container write nothing, and return what lets it go on, empty where it wrote nothing.

    Raises UnsavableError where it runs all the same.
    """
    key, name = container["Id"], name_of(container)
    for _ in range(ATTEMPTS):
        state = container["State"]
        if state["Paused"] or not state["Running"]:
            return ""
        # Between two starts it cannot be paused.
        verb, undo = ("stop?t=0", "start") if state["Restarting"] else ("pause", "unpause")
        try:
            docker.ask(f"/containers/{key}/{verb}", "POST")
        except EngineError as error:
            failure = error
        else:
            return undo
        # It may have ended just now.
        now = describe(docker, key)
        if now is None:
            return ""
        container = now
    raise UnsavableError(f"the container {name} runs, and cannot be paused: {failure}")


def halt_all(docker: DockerConnection, containers: list[str], dest: Path) -> None:
    """Have the containers, IDs, write nothing, and remember those that do not because of this.

    Those too that others have halted: a run that ended early, or one that may still fetch what it
    has saved. Raises UnsavableError and OSError.
    """
    halted = _read_halted()
    ours = _take(halted, dest)
    of_others = {key: verb for others in halted.values() for key, verb in others.items()}
    running = []
    for container in present(describe(docker, key) for key in containers):
        key, state = container["Id"], container["State"]
        if key in of_others:
            ours[key] = of_others[key]
        if state["Running"] and not state["Paused"]:
            running.append(container)
            # Before it is so: whoever is killed in between remembers one too many.
            ours[key] = "start" if state["Restarting"] else "unpause"
    _write_halted(halted, dest, ours)
    for container in running:
        ours[container["Id"]] = _halt(docker, container)
    # What ended by itself is not started again.
    _write_halted(halted, dest, {key: verb for key, verb in ours.items() if verb})


def _let_one_go_on(docker: DockerConnection, key: str, verb: str) -> None:
    """Let a container go on, by its ID, where it does not. Raises OSError."""
    if container := describe(docker, key):
        state = container["State"]
        if state["Paused"] if verb == "unpause" else not state["Running"]:
            docker.ask(f"/containers/{key}/{verb}", "POST")


def let_go_on(docker: DockerConnection, dest: Path) -> list[str]:
    """Let the containers go on that were halted for dest, and for no other save.

    Returns the commands for those that could not. Raises OSError where HALTED cannot be written.
    """
    halted = _read_halted()
    left = _take(halted, dest)
    for others in halted.values():
        left = {key: verb for key, verb in left.items() if key not in others}
    deadline = time.monotonic() + RETURNS
    while True:
        for key, verb in list(left.items()):
            # An engine that does not answer may come back.
            with suppress(OSError):
                _let_one_go_on(docker, key, verb)
                del left[key]
            if time.monotonic() > deadline:
                break
        if not left or time.monotonic() > deadline:
            break
        time.sleep(BETWEEN)
    _write_halted(halted, dest, left)
    return [shlex.join(["docker", verb, key[:SHORT]]) for key, verb in sorted(left.items())]
