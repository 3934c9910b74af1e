# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask the seat's Docker for `labo`, with each failure as a sentence for the student."""

from __future__ import annotations

import getpass
import http.client
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    memory,
    save,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.command_line import WrongError
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import say

# Seconds for a command in a container to start, which nothing else waits for.
_SECONDS = 5.0


def take_snapshot(lesson: list[Exercise], delivered: list[Delivered]) -> Snapshot:
    """Return a snapshot of the seat's Docker, by which these exercises can be judged.

    delivered: the images that the toolkit has delivered to the seat. Raises WrongError where Docker
    does not answer.
    """
    with _explained_errors():
        return snapshot.take(exercises.wanted(lesson), _socket_path(), delivered)


@contextmanager
def connected() -> Iterator[DockerConnection]:
    """Yield a connection to the seat's Docker. Raises WrongError where Docker does not answer."""
    with _explained_errors(), closing(DockerConnection(_socket_path(), save.SECONDS)) as docker:
        docker.negotiate()
        yield docker


def run_in_container(container: str, command: list[str], environment: list[str]) -> None:
    """Start a command in a running container, by its ID, and do not wait for the command's end.

    environment: variables, each as NAME=VALUE. The command has the account that the container has.
    Raises OSError where Docker does not answer in time or refuses, and LookupError or TypeError
    where its answer has no ID of what it is to start.
    """
    with closing(DockerConnection(_socket_path(), _SECONDS, total_seconds=_SECONDS)) as docker:
        asked = {"Cmd": command, "Env": environment}
        created = docker.ask(f"/containers/{container}/exec", "POST", asked)
        docker.ask(f"/exec/{created['Id']}/start", "POST", {"Detach": True})


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt, so that half a save is removed.

    A terminal that is closed sends SIGHUP.
    """

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    previous = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, previous, strict=True):
            signal.signal(number, handler)


def account() -> str:
    """Return the name of the account that runs the command, its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def _socket_path() -> str:
    """Return the path of Docker's socket: the one that the command docker uses."""
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else SOCKET


@contextmanager
def _explained_errors() -> Iterator[None]:
    """Raise WrongError, with one sentence, where Docker refuses the account or does not answer."""
    try:
        yield
    except PermissionError as error:
        raise WrongError(say("no_rights", account=account())) from error
    except (OSError, http.client.HTTPException) as error:
        why = memory.printable(str(getattr(error, "strerror", None) or reason(error)))
        raise WrongError(say("no_docker", why=why)) from error
