"""Ask a seat's Docker what it has, and remove what ways have made, without a program for each."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from ways_cases import KINDS, Ways

# Seconds: the end of what never comes, on however slow a machine, and of one answer of its engine.
# Nothing that comes waits for them.
PLENTY, SLOW_ENGINE = 120.0, 600.0


class Thing(NamedTuple):
    """What an engine has. kind: of KINDS. name: empty for an image without one."""

    kind: str
    id: str
    name: str

    @property
    def path(self) -> str:
        """The path, below the engine's API, by which it is removed."""
        place = f"/{self.kind}/{quote(self.name or self.id, safe='')}"
        options = {"containers": "?force=1&v=1", "images": "?force=1&noprune=1"}
        return place + options.get(self.kind, "?force=1" if self.kind == "volumes" else "")


class _Connection(http.client.HTTPConnection):
    """A connection to a unix socket."""

    def __init__(self, path: str) -> None:
        """Keep the socket's path."""
        super().__init__("localhost", timeout=SLOW_ENGINE)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """The seat's Docker, asked without a program for each question."""

    def __init__(self) -> None:
        """Find the socket that the command docker uses."""
        host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        self._socket = host.partition("unix://")[2]

    def ask(self, path: str, method: str = "GET") -> Any:  # noqa: ANN401  # JSON
        """Return the engine's answer, None where it refuses. Raises OSError."""
        connection = _Connection(self._socket)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return json.loads(data or "null") if answer.status < http.client.BAD_REQUEST else None

    def things(self) -> set[Thing]:
        """Return all that the engine has, without its own networks."""
        images = self.ask("/images/json") or []
        tags = [(image["Id"], tag) for image in images for tag in image["RepoTags"] or [""]]
        networks = self.ask("/networks") or []
        listed = {
            # Without swarm mode the engine refuses to list them.
            "services": [
                (item["ID"], item["Spec"]["Name"]) for item in self.ask("/services") or []
            ],
            "containers": [
                (item["Id"], item["Names"][0].lstrip("/"))
                for item in self.ask("/containers/json?all=1") or []
                if item["Names"]
            ],
            "images": [(name, "" if tag == "<none>:<none>" else tag) for name, tag in tags],
            "volumes": [
                (item["Name"],) * 2 for item in (self.ask("/volumes") or {})["Volumes"] or []
            ],
            "networks": [
                (item["Id"], item["Name"])
                for item in networks
                if item["Name"] not in ("bridge", "host", "none", "ingress")
            ],
        }
        return {Thing(kind, *pair) for kind in KINDS for pair in listed[kind]}

    def remove(self, is_chosen: Callable[[Thing], bool]) -> None:
        """Remove things until there are none. Raises TimeoutError where some stay."""
        end = time.monotonic() + PLENTY
        while chosen := [thing for thing in self.things() if is_chosen(thing)]:
            if time.monotonic() > end:
                names = ", ".join(thing.name or thing.id for thing in chosen)
                raise TimeoutError(f"these cannot be removed: {names}")
            # What is refused now, such as a network in use, goes in the next round.
            for thing in sorted(chosen, key=lambda thing: KINDS.index(thing.kind)):
                self.ask(thing.path, "DELETE")

    def leave_swarm(self) -> None:
        """Leave swarm mode."""
        self.ask("/swarm/leave?force=1", "POST")

    def swarm(self) -> bool:
        """Return whether the seat is in swarm mode."""
        return bool(self.ask("/info")["Swarm"]["LocalNodeState"] == "active")

    def has(self) -> Callable[[str], bool]:
        """Return whether the seat has something that a way needs, as a function of its name."""
        info = self.ask("/info")
        compose = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
        features = {"compose": compose == 0, "memory": bool(info["MemoryLimit"])}
        version = int(re.sub(r"\D.*", "", info["ServerVersion"]) or 0)
        return lambda need: version >= int(need) if need.isdecimal() else features[need]


def is_own(ways: Ways, thing: Thing) -> bool:
    """Return whether a thing has a name that the ways of an exercise use."""
    return any(
        thing.name.startswith(name[:-1]) if name.endswith("*") else thing.name == name
        for name in ways.own.get(thing.kind, ())
    )
