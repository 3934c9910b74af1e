#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Let a container take the place of another one, once its page answers."""

DOCUMENTATION = r"""
module: container_switch
short_description: Let a container take over from another one, or leave everything as it was
description:
  - Starts the successor without a network, while the old container serves on, and asks it for its
    page from within. Only then takes the old one off its network and puts the successor there, with
    the same port; when the page answers from outside too, removes the old one and gives its name
    to the successor.
  - Where the successor's page does not answer, removes the successor, puts the old container back
    on its network, and gives its image back its name.
  - Goes on by itself where the machine that called it goes away. Where it is ended itself in the
    middle, the same call with a new successor sets right what is left.
requirements:
  - docker (the command, where the module runs)
options:
  name:
    description: Name of the container, which need not be there yet.
    type: str
    required: true
  successor:
    description: Name of the container that takes over; it is created and not started.
    type: str
    required: true
  image:
    description: Name of the image, which the old container's one is given back.
    type: str
    required: true
  url:
    description: Where the page answers from outside.
    type: str
    required: true
  inner_url:
    description: Where it answers from within.
    type: str
    required: true
  timeout:
    description: Seconds until it has to answer.
    type: int
    default: 30
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Cannot run in check_mode.
    support: none
  diff_mode:
    description: Has nothing to show.
    support: none
  idempotent:
    description: Takes a new successor each time it is called.
    support: none
"""

EXAMPLES = r"""
- name: Let the new container take over
  container_switch:
    name: flask
    successor: flask-next
    image: labocloud20202021:python
    url: http://127.0.0.1:8080
    inner_url: http://127.0.0.1:8888
"""

RETURN = r"""
revision:
  description: >-
    The revision that serves now, where the switch failed that of the old container; V(none) where
    no page answers.
  returned: always
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
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ansible.module_utils.basic import AnsibleModule

POLL_SECONDS = 0.1
ANSWER_SECONDS = 5
REMOVAL_SECONDS = 20
LOG_LINES = 20


class NoAnswerError(Exception):
    """The page does not answer as it has to; the text says why."""


def docker(*words: str) -> str:
    """Run a command of Docker's and give its output. Raises subprocess.CalledProcessError."""
    command = ["docker", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def inspect(name: str) -> dict[str, Any] | None:
    """Give the engine's description of a container, None where there is none."""
    try:
        return json.loads(docker("container", "inspect", name))[0]
    except subprocess.CalledProcessError:
        return None


def revision_of(container: dict[str, Any]) -> str:
    """Give the revision of the image that a container runs, empty where it tells none."""
    return (container["Config"].get("Labels") or {}).get("labocloud.revision", "")


def networks_of(container: dict[str, Any] | None) -> list[str]:
    """Give the names of the networks that a container is on; one that is stopped is on none."""
    if container is None or container["State"]["Status"] in ("exited", "dead"):
        return []
    return list(container["NetworkSettings"]["Networks"])


def page_revision(url: str) -> str:
    """Ask for the page and the health page, and give the revision that they are of.

    Raises OSError or http.client.HTTPException where one of them does not answer, or not with
    200, and ValueError or KeyError where the health page tells no revision.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/", timeout=ANSWER_SECONDS) as answer:
        answer.read()
    with opener.open(f"{url}/healthz", timeout=ANSWER_SECONDS) as answer:
        return json.load(answer)["revision"]


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


def inner_revision(name: str, url: str) -> str:
    """Give what page_revision gives, asked from within a container, which may have no network."""
    with network_of((inspect(name) or {"State": {"Pid": 0}})["State"]["Pid"]):
        return page_revision(url)


def wait(ask: Callable[[], str], wanted: str, timeout: float, alive: Callable[[], bool]) -> None:
    """Wait until ask gives the wanted revision. Raises NoAnswerError after timeout seconds.

    alive: tells whether there is still something to wait for.
    """
    deadline = time.monotonic() + timeout
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
        time.sleep(POLL_SECONDS)


@contextmanager
def started(name: str, log: TextIO) -> Iterator[subprocess.Popen[bytes]]:
    """Start a container. Gives a process that ends with it.

    log: what the container says is written to it; one that is run with --rm takes its own log with
    it when it ends.
    """
    process = subprocess.Popen(["docker", "start", "--attach", name], stdout=log, stderr=log)
    try:
        yield process
    finally:
        # Not with a signal that it would pass on to the container.
        process.kill()
        process.wait()


def disconnect(container: str) -> None:
    """Take a container, where there is one, off its networks: its ports are free then."""
    for network in networks_of(inspect(container)):
        docker("network", "disconnect", network, container)


def connect(container: str, networks: list[str]) -> None:
    """Put a container on networks, where it publishes its ports again."""
    for network in networks:
        if network not in networks_of(inspect(container)):
            docker("network", "connect", network, container)


def remove(container: str) -> None:
    """Remove a container and wait until it is gone. Raises NoAnswerError where it stays."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while inspect(container) is not None:
        # One that was run with --rm may be on its way already, which is an error of its own.
        removal = ["docker", "rm", "--force", container]
        told = subprocess.run(removal, check=False, capture_output=True, text=True).stderr
        if time.monotonic() > deadline:
            raise NoAnswerError(f"{container} cannot be removed: {told.strip()}")
        time.sleep(POLL_SECONDS)


def give_back(old: dict[str, Any] | None, networks: list[str], image: str, url: str) -> str | None:
    """Have the old container, if any, serve as before, and its image have its name.

    Gives the revision that serves, none where no page answers.
    """
    if old is None:
        return None
    docker("tag", old["Image"], image)
    try:
        connect(old["Id"], networks)
        wait(lambda: page_revision(url), revision_of(old), ANSWER_SECONDS, lambda: True)
    except (NoAnswerError, subprocess.CalledProcessError):
        return None
    return revision_of(old)


def switch(
    name: str, successor: str, image: str, *, url: str, inner_url: str, timeout: int, log: TextIO
) -> tuple[str | None, str]:
    """Let the successor take over.

    log: a file for what it says. Gives the revision that serves now, none where no page answers,
    and why it is not the successor's, empty where it is. Raises subprocess.CalledProcessError, and
    NoAnswerError where one of the two cannot be removed.
    """
    old, new = inspect(name), inspect(successor)
    wanted, networks = revision_of(new), networks_of(new)
    # One that an interrupted switch has left without any is given the successor's.
    old_networks = networks_of(old) or networks
    try:
        disconnect(successor)
        with started(successor, log) as process:
            waiting = {"wanted": wanted, "alive": lambda: process.poll() is None}
            wait(lambda: inner_revision(successor, inner_url), timeout=timeout, **waiting)
            disconnect(name)
            connect(successor, networks)
            wait(lambda: page_revision(url), timeout=ANSWER_SECONDS, **waiting)
    except (NoAnswerError, subprocess.CalledProcessError) as error:
        remove(successor)
        why = getattr(error, "stderr", None) or str(error)
        return give_back(old, old_networks, image, url), why.strip()
    if old is not None:
        # Somebody on the seat may have stopped it meanwhile.
        subprocess.run(["docker", "stop", old["Id"]], check=False, capture_output=True)
        remove(old["Id"])
    docker("rename", successor, name)
    return wanted, ""


def main() -> None:
    """Run the module."""
    names = ("name", "successor", "image", "url", "inner_url")
    module = AnsibleModule(
        argument_spec={
            **{name: {"type": "str", "required": True} for name in names},
            "timeout": {"type": "int", "default": 30},
        },
    )
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        try:
            serves, why = switch(**module.params, log=log)
        except subprocess.CalledProcessError as error:
            module.fail_json(msg=error.stderr.strip() or str(error), revision=None, log="")
        except NoAnswerError as error:
            module.fail_json(msg=str(error), revision=None, log="")
        log.seek(0)
        said = "\n".join(log.read().splitlines()[-LOG_LINES:])
    if why:
        module.fail_json(msg=why, revision=serves, log=said)
    module.exit_json(changed=True, revision=serves)


if __name__ == "__main__":
    main()
