# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What an exercise's check is given: a snapshot, with names for what is asked of it most.

What is not there is there all the same, as a thing that is false and has nothing: a check asks
`seat.container("web").memory` without asking first whether there is such a container.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.lesson.snapshot import SNAPSHOT
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, nothing

BASE, COURSE = "labocloud20202021:base", "labocloud20202021:python"
# Digits of an ID as `docker ps` shows it.
SHORT_ID = 12
# What either builder says of COPY and of ADD; a command that was committed may hold the words.
COPIED = re.compile(r"(/bin/sh -c #\(nop\) +)?(COPY|ADD) ")


class Thing:
    """What a snapshot tells of one thing, by the names of its fields; false where it lacks."""

    shape: Shape

    def __init__(self, told: Mapping[str, Any] | None) -> None:
        self._there = told is not None
        self._told = nothing(self.shape) if told is None else told

    def __bool__(self) -> bool:
        """Tell whether it is there."""
        return self._there

    def __getattr__(self, field: str) -> Any:  # noqa: ANN401  # JSON
        """Give a field."""
        if field in self._told:
            return self._told[field]
        raise AttributeError(f"of this, a snapshot tells {', '.join(self._told)}, and no {field}")


class Row(Thing):
    """A row of an image's history: by, size, created."""

    shape = SNAPSHOT["images"][0]["history"][0]

    @property
    def copied(self) -> bool:
        """Whether it is a COPY or an ADD."""
        return bool(COPIED.match(self.by))


class Image(Thing):
    """An image."""

    shape = SNAPSHOT["images"][0]

    def on(self, other: Image) -> bool:
        """Tell whether it is built on another one: that one's layers are its lowest, of more."""
        count = len(other.layers)
        return 0 < count < len(self.layers) and self.shared(other) == count

    def shared(self, other: Image) -> int:
        """Give the number of layers, from the lowest on, that it has in common with another one."""
        pairs = zip(self.layers, other.layers)  # noqa: B905  # one may have more
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def above(self, other: Image) -> list[Row]:
        """Give the rows of its history that made it of another one, which it is built on."""
        return [Row(row) for row in self.history[len(other.history) :]]

    def row(self, *words: str) -> Row:
        """Give the first row of its history whose instruction holds all of these words."""
        rows = (row for row in self.history if all(word in row["by"] for word in words))
        return Row(next(rows, None))


class Mount(Thing):
    """What a container sees of the seat: type, name, from, to, rw."""

    shape = SNAPSHOT["containers"][0]["mounts"][0]

    @property
    def source(self) -> str:
        """The seat's path: its field is called `from`, which is a word of Python's own."""
        return str(self._told["from"])


class Container(Thing):
    """A container."""

    shape = SNAPSHOT["containers"][0]

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return bool(self.status == "running")

    @property
    def ended(self) -> bool:
        """Whether it has run, and has ended."""
        return bool(self.status == "exited")

    def of(self, image: Image) -> bool:
        """Tell whether it was made from an image, whatever that one is called."""
        return bool(image) and bool(self.image_id == image.id)

    def published(self, port: int) -> list[int]:
        """Give the ports of the seat at which a port of the container answers."""
        found: list[int] = self.ports.get(f"{port}/tcp", [])
        return found

    def mount(self, path: str) -> Mount:
        """Give what is mounted at a path in it."""
        return Mount(next((one for one in self.mounts if one["to"] == path), None))


class Network(Thing):
    """A network: name, driver, internal."""

    shape = SNAPSHOT["networks"][0]


class Volume(Thing):
    """A volume: name, driver, created."""

    shape = SNAPSHOT["volumes"][0]


class Service(Thing):
    """A service: name, image, replicas, update, ports."""

    shape = SNAPSHOT["services"][0]


class Task(Thing):
    """One of a service's: container (its ID), image, state, error."""

    shape = SNAPSHOT["tasks"][0]


class Page(Thing):
    """What a page of a container answered: status, modified, body. It is true where that is 200."""

    shape = SNAPSHOT["pages"][str]

    def __bool__(self) -> bool:
        """Tell whether it answered with what was asked for."""
        return bool(self.status == HTTPStatus.OK)

    def json(self) -> dict[str, Any]:
        """Give the object that the body is as JSON, an empty one where it is none."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


class Seat:
    """A seat's Docker, as one snapshot has it, and what was answered there to one exercise."""

    def __init__(self, snapshot: Mapping[str, Any], answers: Iterable[str] = ()) -> None:
        self.snapshot = snapshot
        self.answers = list(answers)
        self.taken: float = snapshot["taken"]
        self.engine: Mapping[str, Any] = snapshot["engine"]
        self.containers = [Container(one) for one in snapshot["containers"]]
        self.images = [Image(one) for one in snapshot["images"]]
        self.networks = [Network(one) for one in snapshot["networks"]]
        self.volumes = [Volume(one) for one in snapshot["volumes"]]
        self.services = [Service(one) for one in snapshot["services"]]

    def container(self, name: str) -> Container:
        """Give the container of a name, or of an ID of at least 12 digits."""
        by_id = (c for c in self.containers if len(name) >= SHORT_ID and c.id.startswith(name))
        by_name = (c for c in self.containers if c.name == name)
        return next(by_name, next(by_id, Container(None)))

    def image(self, tag: str) -> Image:
        """Give the image that has a tag, name:tag."""
        return next((one for one in self.images if tag in one.tags), Image(None))

    @property
    def base(self) -> Image:
        """The image that the course's Dockerfiles start from."""
        return self.image(BASE)

    @property
    def course(self) -> Image:
        """The course image."""
        return self.image(COURSE)

    def network(self, name: str) -> Network:
        """Give the network of a name."""
        return next((one for one in self.networks if one.name == name), Network(None))

    def volume(self, name: str) -> Volume:
        """Give the volume of a name."""
        return next((one for one in self.volumes if one.name == name), Volume(None))

    def service(self, name: str) -> Service:
        """Give the service of a name."""
        return next((one for one in self.services if one.name == name), Service(None))

    def tasks(self, service: str) -> list[Task]:
        """Give the tasks of a service."""
        return [Task(one) for one in self.snapshot["tasks"] if one["service"] == service]

    def log(self, name: str) -> str:
        """Give the end of what a container wrote, where WANTS names it in logs."""
        told: str = self.snapshot["logs"].get(name, "")
        return told

    def file(self, name: str, path: str) -> bool:
        """Tell whether a container has something at a path, where WANTS names it in files."""
        told: bool = self.snapshot["files"].get(f"{name}:{path}", False)
        return told

    def page(self, name: str, port: int, path: str) -> Page:
        """Give what a page of a container answered, where WANTS names it in pages."""
        return Page(self.snapshot["pages"].get(f"{name}:{port}{path}"))
