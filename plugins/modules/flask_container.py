#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the course's container run, a new one beside the old one until its page answers."""

DOCUMENTATION = r"""
module: flask_container
short_description: Have a new container take over from another one, or leave everything as it was
description:
  - Makes a successor, and records that first, and then its ID, so that the next run knows it
    whatever ends this one. Starts it without a network, while the old container serves on, and asks
    it for its page from within. Only then takes the old one off its network and puts the successor
    there, with the same port; when the page answers from outside too, removes the old one and gives
    the name to the successor.
  - Where the successor's page does not answer, removes the successor, puts the old container back
    on its network, and gives its image back its name.
  - Touches no container but these, by their IDs. Where another one has a name by now, fails before
    anything is changed.
  - Goes on by itself where the machine that called it goes away. Where it is ended itself in the
    middle, the same call sets right what is left.
  - Answers like M(labocloud.room.seat), with what the machine has afterwards, in a check too. The
    action of this name judges that.
options:
  state:
    description: Whether a new container takes over, or those in O(own) are removed.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name that the container is to have.
    type: str
  successor:
    description: Name that it has until it takes over.
    type: str
  container:
    description:
      - What it has to be, as C(POST /containers/create) of Docker's API takes it. It publishes one
        port, at which its page answers.
    type: dict
  own:
    description: IDs of the containers that the toolkit has made.
    type: list
    elements: str
    default: []
  left:
    description:
      - ID of a successor that an interrupted run has left; it is not known to be right, and is
        removed. Empty, there is none.
    type: str
    default: ""
  replaces:
    description: ID of the container that goes, whatever its name; empty, there is none.
    type: str
    default: ""
  differs:
    description:
      - Fields, by Docker's names, in which the container that goes is not what it has to be. They
        are shown as the difference.
    type: list
    elements: str
    default: []
  timeout:
    description: >-
      Seconds until the page has to answer, as long as the program runs. That it has ended is told
      at once.
    type: int
    default: 120
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: full
    details: Tells what it would change.
  diff_mode:
    support: full
    details: Shows O(differs) of the container that is replaced; where there is none, all.
  idempotent:
    support: none
    details: Makes a new container each time it is called with O(state=present).
"""

EXAMPLES = r"""
- name: Have a new container take over
  labocloud.room.flask_container:
    name: flask
    successor: flask-next
    container:
      Image: labocloud20202021:python
      HostConfig:
        PortBindings: {8888/tcp: [{HostIp: 127.0.0.1, HostPort: "8080"}]}
    own: [3c755c00…]
    replaces: 3c755c00…
"""

RETURN = r"""
seat:
  description: As of M(labocloud.room.seat).
  returned: success
  type: dict
made:
  description: Whether the successor was made.
  returned: failure with O(state=present)
  type: bool
revision:
  description: >-
    The revision that serves now, where the switch failed that of the old container; V(none) where
    no page answers.
  returned: where it can be told
  type: str
log:
  description: The last lines of the successor's log.
  returned: failure
  type: str
"""

import ctypes
import http.client
import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    described,
    give_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import TornError, update

# Between two looks at a page that is not there yet: the first pause, the longest, and how it grows.
# Where there is little of a processor, looks would take it from the program that is waited for.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSE_GROWTH = 0.1, 2, 1.5
# A container that ends is gone sooner than a page is there.
REMOVAL_POLL_SECONDS = 0.02
# A busy machine may keep an engine from making a container for long, a page from answering, and a
# container from ending. What hangs ends with these.
ENGINE_SECONDS = 300
ANSWER_SECONDS = 20
REMOVAL_SECONDS = 120
# A container may say nothing for as long as it likes.
SILENCE_SECONDS = 86400
STOP_SECONDS = 10
LAST_WORDS_SECONDS = 2
LOG_LINES = 20
LOG_BYTES = 2**16
# Each piece of a container's output begins with its stream and its length.
PIECE_HEAD = 8


class NoAnswerError(Exception):
    """The page does not answer as it has to; the text says why."""


def inspect(docker: DockerConnection, container: str) -> dict[str, Any] | None:
    """Give the engine's description of a container, None where there is none."""
    told: dict[str, Any] | None = docker.ask(f"/containers/{quote(container)}/json")
    return told


def revision_of(container: dict[str, Any]) -> str:
    """Give the revision of the image that a container runs, empty where it tells none."""
    labels: dict[str, str] = container["Config"].get("Labels") or {}
    return labels.get("labocloud.revision", "")


def networks_of(container: dict[str, Any] | None) -> list[str]:
    """Give the names of the networks that a container is on; one that is stopped is on none."""
    if container is None or container["State"]["Status"] in ("exited", "dead"):
        return []
    return list(container["NetworkSettings"]["Networks"])


def url_of(container: dict[str, Any], port: int) -> str:
    """Give where a container answers from outside, empty where it does not publish that port."""
    bindings = (container["HostConfig"].get("PortBindings") or {}).get(f"{port}/tcp") or []
    for binding in bindings:
        address = binding.get("HostIp") or "0.0.0.0"  # noqa: S104  # read, not listened on
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{binding['HostPort']}"
    return ""


def port_of(container: dict[str, Any]) -> int:
    """Give the port within a container, as it was made, that it publishes."""
    [port] = container["HostConfig"]["PortBindings"]
    return int(port.partition("/")[0])


def page_revision(url: str) -> str:
    """Ask for the page and the health page, and give the revision that they are of.

    Raises OSError or http.client.HTTPException where one of them does not answer, or not with
    200, and ValueError or KeyError where the health page tells no revision.
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
    told = inspect(docker, container)
    pid = told["State"]["Pid"] if told else 0
    # Who may use an engine without root decides what it tells, and this becomes a path.
    if not isinstance(pid, int) or pid <= 0:
        raise NoAnswerError("its program ended")
    return pid


def inner_revision(pid: int, url: str) -> str:
    """Return what page_revision does, asked from where a process is, which may have no network."""
    with network_of(pid):
        return page_revision(url)


def wait(
    ask: Callable[[], str],
    wanted: str,
    timeout: float,
    alive: Callable[[], bool] = lambda: True,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until ask gives the wanted revision. Raises NoAnswerError after timeout seconds.

    alive: tells whether there is still something to wait for. pause: waits some seconds, or until
    it is worth another look.
    """
    deadline = time.monotonic() + timeout
    seconds = PAUSE_SECONDS
    while True:
        goes_on = alive()
        try:
            found = ask()
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            why = str(error)
        else:
            if found == wanted:
                return
            why = f"/healthz tells the revision {found or '(none)'}"
        if not goes_on:
            raise NoAnswerError("its program ended")
        if time.monotonic() > deadline:
            raise NoAnswerError(f"after {timeout} s: {why}")
        pause(seconds)
        seconds = min(seconds * PAUSE_GROWTH, LONGEST_PAUSE_SECONDS)


class Output:
    """What a container says, from before its start until it ends.

    One that is run with --rm takes its own log with it when it ends.
    """

    def __init__(self, socket: str, container: str) -> None:
        # The connection is left behind where the container goes on.
        self.docker = DockerConnection(socket, SILENCE_SECONDS)
        path = f"/containers/{container}/attach?stream=1&stdout=1&stderr=1"
        self.answer = self.docker.stream(path, "POST")
        self.said = b""
        self.news = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        """Read to the end, and keep the last of it."""
        with suppress(OSError, http.client.HTTPException, ValueError):
            while head := self.answer.read(PIECE_HEAD):
                left = int.from_bytes(head[4:], "big")
                while left and (piece := self.answer.read(min(left, LOG_BYTES))):
                    left -= len(piece)
                    self.said = (self.said + piece)[-LOG_BYTES:]
                self.news.set()
        self.news.set()

    def pause(self, seconds: float) -> None:
        """Wait some seconds, or until the container says something or ends.

        One that talks all the time is not looked at all the time.
        """
        shortest = seconds / 8
        time.sleep(shortest)
        if self.goes_on():
            self.news.wait(seconds - shortest)
        self.news.clear()

    def goes_on(self) -> bool:
        """Tell whether the container's program runs, once it was started."""
        return self.thread.is_alive()

    def last_lines(self) -> str:
        """Give the last lines of what it said, once it is removed."""
        self.thread.join(LAST_WORDS_SECONDS)
        self.docker.close()
        lines = self.said.decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])


def disconnect(docker: DockerConnection, container: str) -> None:
    """Take a container, where there is one, off its networks: its ports are free then."""
    for network in networks_of(inspect(docker, container)) if container else []:
        docker.ask(f"/networks/{quote(network)}/disconnect", "POST", {"Container": container})


def connect(docker: DockerConnection, container: str, networks: list[str]) -> None:
    """Put a container on networks, where it publishes its ports again."""
    for network in networks:
        if network not in networks_of(inspect(docker, container)):
            docker.ask(f"/networks/{quote(network)}/connect", "POST", {"Container": container})


def remove(docker: DockerConnection, container: str) -> None:
    """Remove a container and wait until it is gone. Raises NoAnswerError where it stays."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    why = ""
    while inspect(docker, container) is not None:
        try:
            docker.ask(f"/containers/{container}?force=true", "DELETE")
        except EngineError as error:
            # One that was run with --rm may be on its way already, which is an error of its own.
            why = reason(error)
        if time.monotonic() > deadline:
            raise NoAnswerError(f"{container} cannot be removed: {why}")
        time.sleep(REMOVAL_POLL_SECONDS)


def give_back(
    docker: DockerConnection,
    old: dict[str, Any] | None,
    networks: list[str],
    image: str,
    port: int,
) -> str | None:
    """Have the old container, if any, serve as before, and its image have its name.

    port: the one within it that its page is at. Gives the revision that serves, none where no page
    answers.
    """
    if old is None:
        return None
    # Where it was: the address that the successor was to have may be another one.
    url = url_of(old, port)
    try:
        give_name(docker, old["Image"], image)
        connect(docker, old["Id"], networks)
        if not url:
            return None
        wait(lambda: page_revision(url), revision_of(old), ANSWER_SECONDS)
    except (NoAnswerError, OSError, http.client.HTTPException):
        return None
    return revision_of(old)


def refuse_others(docker: DockerConnection, name: str, known: set[str]) -> None:
    """Refuse a name that a container has which is none of the known ones, by ID."""
    other = inspect(docker, name)
    # The engine finds one by the first digits of its ID as well.
    if other is not None and other["Name"] == f"/{name}" and other["Id"] not in known:
        raise NoAnswerError(
            f"there is a container {name} ({other['Id'][:12]}, of {other['Config']['Image']}) that"
            " is not the one to replace, and nothing was done to it"
        )


def switch(
    docker: DockerConnection,
    name: str,
    successor: str,
    replaces: str,
    container: dict[str, Any],
    *,
    timeout: int,
) -> tuple[str | None, str, str]:
    """Let the successor, an ID, take over.

    container: what it was made of. Gives the revision that serves now, none where no page answers;
    why it is not the successor's, empty where it is; and the end of the successor's log. Raises
    OSError and http.client.HTTPException where the engine does not do its part, and NoAnswerError
    where one of the two cannot be removed or renamed.
    """
    new = inspect(docker, successor)
    if new is None:
        raise NoAnswerError(f"the successor {successor} is gone")
    old = inspect(docker, replaces) if replaces else None
    wanted, networks = revision_of(new), networks_of(new)
    # One that an interrupted switch has left without any is given the successor's.
    old_networks = networks_of(old) or networks
    port = port_of(container)
    output = None
    try:
        refuse_others(docker, name, {successor, replaces})
        disconnect(docker, successor)
        output = Output(docker.path, successor)
        docker.ask(f"/containers/{successor}/start", "POST")
        pid = process_of(docker, successor)
        inner, outer = f"http://127.0.0.1:{port}", url_of(container, port)
        how = (wanted, timeout, output.goes_on, output.pause)
        wait(lambda: inner_revision(pid, inner), *how)
        disconnect(docker, replaces)
        connect(docker, successor, networks)
        wait(lambda: page_revision(outer), *how)
    except (NoAnswerError, OSError, http.client.HTTPException) as error:
        remove(docker, successor)
        serves = give_back(docker, old, old_networks, container["Image"], port)
        return serves, reason(error), output.last_lines() if output else ""
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
    return wanted, "", ""


def remember(containers: list[str], making: str) -> None:
    """Record the IDs of those that the toolkit has made, and the name of one about to be made."""
    update(lambda state: state.brought.update(containers=containers, making=making))


def make(
    docker: DockerConnection, name: str, container: dict[str, Any], own: list[str], left: str
) -> str:
    """Make a container of that name, which no run can lose, and give its ID.

    Raises NoAnswerError where the name is somebody else's, TornError where nothing can be recorded,
    and OSError and http.client.HTTPException where the engine does not do its part.
    """
    if left:
        remove(docker, left)
    others = [one for one in own if one != left]
    remember(others, name)
    try:
        told = docker.ask(f"/containers/create?name={quote(name)}", "POST", container)
    except EngineError as error:
        if error.status == http.client.CONFLICT:
            raise NoAnswerError(f"{name} is somebody else's by now") from error
        raise
    made = str(told["Id"])
    remember([*others, made], "")
    return made


def difference(docker: DockerConnection, asked: dict[str, Any]) -> dict[str, Any]:
    """Give what Ansible shows as the difference, images by their IDs.

    Where there is no container to replace, or no engine yet, all is new.
    """
    container = asked["container"]
    with suppress(OSError, http.client.HTTPException):
        old = inspect(docker, asked["replaces"]) if asked["replaces"] else None
        if old is not None:
            image = described(docker, container["Image"]) or {"Id": ""}
            was = {**old["HostConfig"], "User": old["Config"]["User"], "Image": old["Image"]}
            will = {**container["HostConfig"], "User": container["User"], "Image": image["Id"]}
            before, after = ({key: one.get(key) for key in asked["differs"]} for one in (was, will))
            return {"before": before, "after": after}
    return {"before": {}, "after": container}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "successor": {"type": "str"},
            "container": {"type": "dict"},
            "own": {"type": "list", "elements": "str", "default": []},
            "left": {"type": "str", "default": ""},
            "replaces": {"type": "str", "default": ""},
            "differs": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 120},
            **ARGUMENTS,
        },
        required_if=[("state", "present", ("name", "successor", "container"))],
        supports_check_mode=True,
    )
    asked = module.params
    made = ""
    told: dict[str, Any] = {}
    try:
        with closing(DockerConnection(asked["docker_socket"], ENGINE_SECONDS)) as docker:
            if asked["state"] == "absent":
                there = [one for one in asked["own"] if inspect(docker, one) is not None]
                for one in [] if module.check_mode else there:
                    remove(docker, one)
                told = {"changed": bool(there)}
            elif module.check_mode:
                told = {"changed": True, "diff": difference(docker, asked)}
            else:
                diff = difference(docker, asked)
                own, left, container = asked["own"], asked["left"], asked["container"]
                made = make(docker, asked["successor"], container, own, left)
                replaces, timeout = asked["replaces"], asked["timeout"]
                serves, why, said = switch(
                    docker, asked["name"], made, replaces, container, timeout=timeout
                )
                if why:
                    module.fail_json(msg=why, made=True, revision=serves, log=said)
                told = {"changed": True, "revision": serves, "diff": diff}
        seat = answer(asked)
    except LateError as error:
        module.fail_json(msg=str(error), **told)
    except (NoAnswerError, TornError, OSError, http.client.HTTPException) as error:
        module.fail_json(msg=reason(error), made=bool(made), log="")
    module.exit_json(**told, seat=seat)


if __name__ == "__main__":
    main()
