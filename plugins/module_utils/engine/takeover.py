# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a container take over from another one, and restore the other one where it cannot."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TextIO, TypedDict
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    HostConfig,
    needing,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.images.names import give_name

# Seconds between two looks at a page that is not there yet: the first pause, the longest, and the
# factor between two. Where the processor is slow, looks would slow down the program itself.
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _PAUSE_GROWTH = 0.1, 2, 1.5
# The part of a pause in which not even output of the container is a reason to look again.
_SHORTEST_PART = 8
# A container that ends is gone sooner than a page is there.
_REMOVAL_POLL_SECONDS = 0.02
# A busy machine may keep a page from answering, and a container from ending, for long.
ANSWER_SECONDS = 20
REMOVAL_SECONDS = 120
# A container may print nothing for as long as it likes.
_SILENCE_SECONDS = 86400
STOP_SECONDS = 10
LAST_WORDS_SECONDS = 2
_LOG_LINES = 20
_LOG_BYTES = 2**16
# Each piece of a container's output begins with its stream and its length.
_PIECE_HEAD = 8
_CONTAINER = needing(
    answers.CONTAINER, "Id", "Name", "Image", "State", "Config", "HostConfig", "NetworkSettings"
)


class ContainerRequest(TypedDict):
    """What a container has to be, as POST /containers/create takes it, as far as it is read."""

    Image: str
    User: str
    HostConfig: HostConfig


class NoAnswerError(Exception):
    """The page does not answer as it has to; the text says why."""


class Outcome(NamedTuple):
    """What came of a switch.

    revision: the one that serves now, None where no page answers. why: why that is not the
    successor's, empty where it is. log: the last lines of the successor's log where it failed.
    """

    revision: str | None
    why: str = ""
    log: str = ""


def inspect(docker: DockerConnection, container: str) -> Container | None:
    """Return the engine's description of a container, None where there is none. Raises OSError."""
    return Reader(docker).container(container, _CONTAINER)


def networks_of(container: Container | None) -> list[str]:
    """Return the names of a container's networks; one that is stopped is on none."""
    if container is None or container["State"].get("Status") in ("exited", "dead"):
        return []
    return list((container["NetworkSettings"] or {}).get("Networks") or {})


def url_of(container: Container | ContainerRequest, port: int) -> str:
    """Return where a container answers from outside, empty where it does not publish that port."""
    bindings = (container["HostConfig"].get("PortBindings") or {}).get(f"{port}/tcp") or []
    for binding in bindings:
        address = binding.get("HostIp") or "0.0.0.0"  # noqa: S104  # read, not listened on
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{binding['HostPort']}"
    return ""


def page_revision(url: str) -> str:
    """Request the page and the health page, and return the revision that the latter names.

    Raises OSError or http.client.HTTPException where one of them does not answer, or not with
    200, and ValueError or KeyError where the health page names no revision.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/", timeout=ANSWER_SECONDS) as answer:
        answer.read()
    with opener.open(f"{url}/healthz", timeout=ANSWER_SECONDS) as answer:
        revision: str = json.load(answer)["revision"]
    return revision


@contextmanager
def network_of(pid: int) -> Iterator[None]:
    """Be, for a while, in the network namespace of a process. Raises OSError."""
    # os.setns came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(namespace: TextIO) -> None:
        if libc.setns(namespace.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    with Path("/proc/thread-self/ns/net").open() as ours, Path(f"/proc/{pid}/ns/net").open() as its:
        enter(its)
        try:
            yield
        finally:
            enter(ours)


def process_of(docker: DockerConnection, container: str) -> int:
    """Return the ID of a container's program. Raises NoAnswerError where it has ended."""
    description = inspect(docker, container)
    pid = description["State"].get("Pid", 0) if description else 0
    # Whoever may use an engine without root decides what it answers, and this becomes a path.
    if not isinstance(pid, int) or pid <= 0:
        raise NoAnswerError("its program ended")
    return pid


def wait(
    ask: Callable[[], str],
    wanted: str,
    timeout: float,
    is_alive: Callable[[], bool] = lambda: True,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until ask returns the wanted revision. Raises NoAnswerError after timeout seconds.

    is_alive: whether there is still something to wait for. pause: waits some seconds, or until it
    is worth another look.
    """
    deadline = time.monotonic() + timeout
    seconds = _PAUSE_SECONDS
    while True:
        # Looked at before the page is: a program that has just ended gets one last look.
        was_alive = is_alive()
        try:
            revision = ask()
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            why = str(error)
        else:
            if revision == wanted:
                return
            why = f"/healthz tells the revision {revision or '(none)'}"
        if not was_alive:
            raise NoAnswerError("its program ended")
        if time.monotonic() > deadline:
            raise NoAnswerError(f"after {timeout} s: {why}")
        pause(seconds)
        seconds = min(seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)


class Output:
    """The output of a container, from before its start until it ends.

    A container that is run with --rm takes its own log with it when it ends.
    """

    def __init__(self, socket: str, container: str) -> None:
        # The connection is left behind where the container goes on.
        self.docker = DockerConnection(socket, _SILENCE_SECONDS)
        path = f"/containers/{container}/attach?stream=1&stdout=1&stderr=1"
        self.answer = self.docker.stream(path, "POST")
        self.tail = b""
        self.news = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        """Read to the end, and keep the last of it."""
        with suppress(OSError, http.client.HTTPException, ValueError):
            while head := self.answer.read(_PIECE_HEAD):
                left = int.from_bytes(head[4:], "big")
                while left and (piece := self.answer.read(min(left, _LOG_BYTES))):
                    left -= len(piece)
                    self.tail = (self.tail + piece)[-_LOG_BYTES:]
                self.news.set()
        self.news.set()

    def pause(self, seconds: float) -> None:
        """Wait some seconds, or until the container prints something or ends.

        A container that prints all the time is not looked at all the time.
        """
        shortest = seconds / _SHORTEST_PART
        time.sleep(shortest)
        if self.goes_on():
            self.news.wait(seconds - shortest)
        self.news.clear()

    def goes_on(self) -> bool:
        """Return whether the container's program runs, once it was started."""
        return self.thread.is_alive()

    def last_lines(self) -> str:
        """Return the last lines that it printed, once it is removed."""
        self.thread.join(LAST_WORDS_SECONDS)
        self.docker.close()
        lines = self.tail.decode(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])


def remove(docker: DockerConnection, container: str) -> None:
    """Remove a container and wait until it is gone. Raises NoAnswerError where it stays."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    why = ""
    while inspect(docker, container) is not None:
        try:
            docker.ask(f"/containers/{container}?force=true", "DELETE")
        except EngineError as error:
            # The engine refuses while it removes the container by itself, as with --rm.
            why = reason(error)
        if time.monotonic() > deadline:
            raise NoAnswerError(f"{container} cannot be removed: {why}")
        time.sleep(_REMOVAL_POLL_SECONDS)


def switch(
    docker: DockerConnection,
    name: str,
    successor: str,
    replaces: str,
    container: ContainerRequest,
    *,
    timeout: int,
) -> Outcome:
    """Let the successor take over the name and the port of the container that it replaces.

    successor, replaces: IDs; the latter is empty where there is none. container: what the successor
    was made of. timeout: seconds until its page has to answer. Raises OSError where the engine does
    not do its part, and NoAnswerError where one of the two cannot be removed or renamed.
    """
    new = inspect(docker, successor)
    if new is None:
        raise NoAnswerError(f"the successor {successor} is gone")
    old = inspect(docker, replaces) if replaces else None
    revision, networks = _revision_of(new), networks_of(new)
    # A container that an interrupted switch has left without any gets the successor's.
    old_networks = networks_of(old) or networks
    port = _port_of(container)
    output = None
    try:
        _refuse_others(docker, name, {successor, replaces})
        _disconnect(docker, successor)
        output = Output(docker.path, successor)
        docker.ask(f"/containers/{successor}/start", "POST")
        pid = process_of(docker, successor)
        inner, outer = f"http://127.0.0.1:{port}", url_of(container, port)
        how = (revision, timeout, output.goes_on, output.pause)
        wait(lambda: _inner_revision(pid, inner), *how)
        _disconnect(docker, replaces)
        _connect(docker, successor, networks)
        wait(lambda: page_revision(outer), *how)
    except (NoAnswerError, OSError) as error:
        remove(docker, successor)
        serves = _restore(docker, old, old_networks, container["Image"], port)
        return Outcome(serves, reason(error), output.last_lines() if output else "")
    if old is not None:
        # Somebody on the seat may have stopped it meanwhile.
        with suppress(EngineError):
            docker.ask(f"/containers/{replaces}/stop?t={STOP_SECONDS}", "POST")
        remove(docker, replaces)
    try:
        docker.ask(f"/containers/{successor}/rename?name={quote(name)}", "POST")
    except EngineError as error:
        raise NoAnswerError(
            f"it serves, and cannot have the name {name}: {reason(error)}"
        ) from error
    return Outcome(revision)


def _revision_of(container: Container) -> str:
    """Return the revision of the image that a container runs, empty where it has none."""
    return (container["Config"].get("Labels") or {}).get("labocloud.revision", "")


def _port_of(container: ContainerRequest) -> int:
    """Return the port within a container that it publishes."""
    [port] = container["HostConfig"]["PortBindings"] or {}
    return int(port.partition("/")[0])


def _inner_revision(pid: int, url: str) -> str:
    """Return what page_revision() does, from where a process is, which may have no network."""
    with network_of(pid):
        return page_revision(url)


def _disconnect(docker: DockerConnection, container: str) -> None:
    """Take a container, where there is one, off its networks, which frees its ports."""
    for network in networks_of(inspect(docker, container)) if container else []:
        docker.ask(f"/networks/{quote(network)}/disconnect", "POST", {"Container": container})


def _connect(docker: DockerConnection, container: str, networks: list[str]) -> None:
    """Put a container on networks, where it publishes its ports again."""
    for network in networks:
        if network not in networks_of(inspect(docker, container)):
            docker.ask(f"/networks/{quote(network)}/connect", "POST", {"Container": container})


def _restore(
    docker: DockerConnection, old: Container | None, networks: list[str], image: str, port: int
) -> str | None:
    """Have the old container, if any, serve as before, and its image have its name.

    port: the one within it that its page is at. Returns the revision that serves, None where no
    page answers.
    """
    if old is None:
        return None
    # The address that the successor was to have may be another one than the old container's.
    url = url_of(old, port)
    try:
        give_name(docker, old["Image"], image)
        _connect(docker, old["Id"], networks)
        if not url:
            return None
        wait(lambda: page_revision(url), _revision_of(old), ANSWER_SECONDS)
    except (NoAnswerError, OSError):
        return None
    return _revision_of(old)


def _refuse_others(docker: DockerConnection, name: str, ids: set[str]) -> None:
    """Raise NoAnswerError where a container of none of these IDs has the name."""
    other = inspect(docker, name)
    # The engine finds a container by the first digits of its ID as well.
    if other is not None and other["Name"] == f"/{name}" and other["Id"] not in ids:
        raise NoAnswerError(
            f"there is a container {name} ({other['Id'][:12]}, of {other['Config']['Image']}) that"
            " is not the one to replace, and nothing was done to it"
        )
