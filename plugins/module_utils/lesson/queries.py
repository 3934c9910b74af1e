# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Query a snapshot: the classes that an exercise's check works with.

For what a snapshot lacks, a query returns an object that is false and whose fields are empty: a
check reads `seat.container("web").memory` without testing first whether there is such a container.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import takewhile
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import (
    SNAPSHOT,
    Around,
    Ending,
    Engine,
    Snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, nothing

BASE, COURSE = "labocloud20202021:base", "labocloud20202021:python"
# The digits of an ID that `docker ps` shows.
SHORT_ID = 12
# Both builders write COPY and ADD this way. Elsewhere in a row, a command may hold the words too.
_COPIED = re.compile(r"(/bin/sh -c #\(nop\) +)?(COPY|ADD) ")
# What a row of no RUN begins with, or has in it by the older of the two builders.
_NO_RUN = re.compile(
    r"(WORKDIR|ENV|CMD|ENTRYPOINT|LABEL|EXPOSE|USER|VOLUME|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|SHELL"
    r"|MAINTAINER)\b|.*#\(nop\)|$"
)
# Bytes: what pip installs for the exercises has more than half a million, and a RUN that installs
# nothing has next to none.
_INSTALLED = 100_000
# Seconds: within them a program that is asked to end has ended, or is killed by `docker stop`.
_PATIENCE = 30
# An ID in a text of small letters: as short as `docker ps` shows it, up to the whole.
_IDS = re.compile(r"\b[0-9a-f]{12,64}\b")
# Signals as events have them: `docker stop` itself, and SIGTERM.
_ASKED = (0, 15)


class Answer(str):
    """An answer to an exercise, which is its text, and when it was given.

    time: in seconds since 1970, 0 where it is not known. seen: the IDs in it that the engine told
    of when it was given, None where nobody asked the engine.
    """

    __slots__ = ("seen", "time")

    def __new__(cls, text: str, time: float = 0.0, seen: list[str] | None = None) -> Answer:
        """Return the answer of a text."""
        answer = super().__new__(cls, text)
        answer.time, answer.seen = time, seen
        return answer

    time: float
    seen: list[str] | None

    @property
    def ids(self) -> list[str]:
        """The IDs in it, in small letters, each of 12 to 64 digits."""
        return _IDS.findall(self.lower())


class Thing:
    """An item of a snapshot, with its fields as attributes; false where the snapshot lacks it."""

    shape: Shape

    def __init__(self, fields: Mapping[str, object] | None) -> None:
        self._exists = fields is not None
        self._fields = nothing(self.shape) if fields is None else fields

    def __bool__(self) -> bool:
        """Return whether the snapshot has it."""
        return self._exists

    def __getattr__(self, field: str) -> Any:  # noqa: ANN401  # JSON
        """Return a field, of the type that its shape has. Raises AttributeError for another one."""
        if field in self._fields:
            return self._fields[field]
        fields = ", ".join(self._fields)
        raise AttributeError(f"of this, a snapshot tells {fields}, and no {field}")


class Row(Thing):
    """A row of an image's history: by, size, created."""

    shape = SNAPSHOT["images"][0]["history"][0]

    @property
    def copied(self) -> bool:
        """Whether it is a COPY or an ADD."""
        return bool(_COPIED.match(self.by))

    @property
    def ran(self) -> bool:
        """Whether it is a RUN; a row of `docker commit` looks like one."""
        return not (self.copied or _NO_RUN.match(self.by))


class Image(Thing):
    """An image; one of the course's has all the revisions that were delivered to the seat."""

    shape = SNAPSHOT["images"][0]

    def __init__(
        self, fields: Mapping[str, object] | None, others: Iterable[Image | Gone] = ()
    ) -> None:
        """Keep the fields. others: its other revisions."""
        super().__init__(fields)
        self.revisions: list[Image | Gone] = [self, *others]

    @property
    def rows(self) -> int:
        """How many rows its history has."""
        return len(self.history)

    @property
    def known(self) -> bool:
        """Whether it is one of the course's, and known which images were delivered as that."""
        return any(revision.delivered for revision in self.revisions)

    def on(self, other: Image) -> bool:
        """Return whether it is built on a revision of another one, whose layers are its lowest."""
        return any(self._is_on(revision) for revision in other.revisions)

    def _is_on(self, revision: Image | Gone) -> bool:
        """Return whether it is built on one revision of an image."""
        count = len(revision.layers)
        return 0 < count < len(self.layers) and self._shared(revision) == count

    def shared(self, other: Image) -> int:
        """Return how many layers, from the lowest on, it has in common with any revision."""
        return max(self._shared(revision) for revision in other.revisions)

    def _shared(self, revision: Image | Gone) -> int:
        """Return how many layers it has in common with one revision of an image."""
        pairs = zip(self.layers, revision.layers)  # noqa: B905  # either may have more
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def above(self, other: Image) -> list[Row]:
        """Return the rows of its history above another image, which it is built on."""
        revisions = (revision for revision in other.revisions if self._is_on(revision))
        below = next(revisions, other)
        return [Row(row) for row in self.history[below.rows :]]

    def installed(self, base: Image) -> tuple[int, Row]:
        """Return the RUN above another image that added most, at least 100 kB, and its place there.

        The place is its index in above(base), 0 where there is no such row.
        """
        rows = enumerate(self.above(base))
        large = [(at, row) for at, row in rows if row.ran and row.size >= _INSTALLED]
        return max(large, key=lambda pair: int(pair[1].size), default=(0, Row(None)))

    def row(self, *words: str) -> Row:
        """Return the first row of its history whose instruction holds all of these words."""
        rows = (row for row in self.history if all(word in row["by"] for word in words))
        return Row(next(rows, None))


class Gone(Thing):
    """A revision of one of the course's images that is not there any more: layers, rows."""

    shape = SNAPSHOT["gone"][0]
    id = ""


class Mount(Thing):
    """What a container mounts: type, name, from, to, rw."""

    shape = SNAPSHOT["containers"][0]["mounts"][0]

    @property
    def source(self) -> str:
        """The seat's path. The field is called `from`, which is a keyword of Python's."""
        return str(self._fields["from"])


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

    @property
    def paused(self) -> bool:
        """Whether its processes are frozen, by `docker pause`."""
        return bool(self.status == "paused")

    def answers_as(self, name: object) -> bool:
        """Return whether a program that says this host name runs in it."""
        return bool(name) and name in (self.hostname, self.id[:SHORT_ID])

    def of(self, image: Image) -> bool:
        """Return whether it was created from an image, in any revision and of whatever name."""
        return bool(self.image_id) and self.image_id in [other.id for other in image.revisions]

    def published(self, port: int) -> list[int]:
        """Return the ports of the seat at which a port of the container answers."""
        published: list[int] = self.ports.get(f"{port}/tcp", [])
        return published

    def mount(self, path: str) -> Mount:
        """Return what is mounted at a path in it."""
        mounts = (mount for mount in self.mounts if posixpath.normpath(mount["to"]) == path)
        return Mount(next(mounts, None))


class Network(Thing):
    """A network: name, driver, internal."""

    shape = SNAPSHOT["networks"][0]


class Volume(Thing):
    """A volume: name, driver, created."""

    shape = SNAPSHOT["volumes"][0]


class Service(Thing):
    """A service: name, image, replicas, update, ports, set."""

    shape = SNAPSHOT["services"][0]


class Task(Thing):
    """A task of a service: container (its ID), image, state, error, set."""

    shape = SNAPSHOT["tasks"][0]


class File(Thing):
    """What a container has at a path: kind, size, modified."""

    shape = SNAPSHOT["files"][str]


class Line(Thing):
    """A line of a container's log: time, text."""

    shape = SNAPSHOT["lines"][str][0]


class Page(Thing):
    """A page of a container: status, modified, size, body. It is true where the status is 200."""

    shape = SNAPSHOT["pages"][str]

    def __bool__(self) -> bool:
        """Return whether the status is 200."""
        return bool(self.status == HTTPStatus.OK)

    def json(self) -> dict[str, object]:
        """Return the body, parsed as a JSON object; an empty one where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Seat:
    """A seat's Docker, by a snapshot, and the answers given there to an exercise.

    answers: the latest first; they are texts, too. asked: the containers that container() has
    returned.
    """

    def __init__(self, snapshot: Snapshot, answers: Iterable[str] = ()) -> None:
        self.snapshot = snapshot
        self.answers = [
            answer if isinstance(answer, Answer) else Answer(answer) for answer in answers
        ]
        self.asked: list[Container] = []
        self.taken = snapshot["taken"]
        self.engine: Engine = snapshot["engine"]
        self.around: Around = snapshot["around"]
        self.containers = [Container(fields) for fields in snapshot["containers"]]
        self.images = [Image(fields) for fields in snapshot["images"]]
        self.base = self._revised("base", BASE)
        self.course = self._revised("course", COURSE)
        self.networks = [Network(fields) for fields in snapshot["networks"]]
        self.volumes = [Volume(fields) for fields in snapshot["volumes"]]
        self.services = [Service(fields) for fields in snapshot["services"]]

    def container(self, name: str) -> Container:
        """Return the container of a name, or of an ID that begins with at least 12 digits."""
        by_name = (container for container in self.containers if container.name == name)
        by_id = (container for container in self.containers if container.id.startswith(name))
        other = next(by_id, None) if len(name) >= SHORT_ID else None
        found = next(by_name, other or Container(None))
        self.asked.append(found)
        return found

    def image(self, tag: str) -> Image:
        """Return the image that has a tag, as name:tag."""
        return next((image for image in self.images if tag in image.tags), Image(None))

    def image_of(self, container: Container) -> Image:
        """Return the image that a container was created from."""
        images = (image for image in self.images if image.id == container.image_id)
        return next(images, Image(None))

    def _revised(self, kind: str, name: str) -> Image:
        """Return one of the course's images, with all revisions of it that were delivered.

        It is the one that has the name, if that was delivered, else the newest one, and false where
        none is there. The name decides alone where nothing is known of what was delivered.
        """
        gone = [Gone(fields) for fields in self.snapshot["gone"] if fields["delivered"] == kind]
        there = [fields for fields in self.snapshot["images"] if fields["delivered"] == kind]
        there.sort(key=lambda image: (name in image["tags"], image["created"]), reverse=True)
        if not (gone or there):
            return self.image(name)
        return Image(there[0] if there else None, [*map(Image, there[1:]), *gone])

    @property
    def missing(self) -> dict[str, Image]:
        """The course's images that lack their names, by these."""
        named = {BASE: self.base, COURSE: self.course}
        return {name: image for name, image in named.items() if name not in image.tags}

    @property
    def gone(self) -> list[str]:
        """The names of those that only the teacher can bring back, where delivered ones are known.

        One that is there may only lack its name; without any name it may be of an older revision,
        which a container is of.
        """
        return [
            name
            for name, image in self.missing.items()
            if image.known and not (image and (image.tags or self.image(name)))
        ]

    def network(self, name: str) -> Network:
        """Return the network of a name."""
        return next((network for network in self.networks if network.name == name), Network(None))

    def volume(self, name: str) -> Volume:
        """Return the volume of a name."""
        return next((volume for volume in self.volumes if volume.name == name), Volume(None))

    def service(self, name: str) -> Service:
        """Return the service of a name."""
        return next((service for service in self.services if service.name == name), Service(None))

    def tasks(self, service: str) -> list[Task]:
        """Return the tasks of a service."""
        tasks = self.snapshot["tasks"]
        return [Task(fields) for fields in tasks if fields["service"] == service]

    def predicted(self, pattern: str, before: float) -> Answer | None:
        """Return the last answer that a pattern is in, of those given before something happened.

        pattern: a regular expression, in capitals or not. before: when that was, in seconds since
        1970; 0 where it has not happened yet, so that any time is before it. As a condition, it has
        the student told what was said, below the step once that is done.
        """
        answers = (
            answer
            for answer in self.answers
            if re.search(pattern, answer, re.IGNORECASE)
            and (not before or 0 < answer.time < before)
        )
        return next(answers, None)

    def log(self, name: str) -> str:
        """Return the end of a container's log, where WANTS names it in logs."""
        return self.snapshot["logs"].get(name, "")

    def lines(self, name: str) -> list[Line]:
        """Return the last lines of a container's log, where WANTS names it in lines."""
        return [Line(fields) for fields in self.snapshot["lines"].get(name, [])]

    def file(self, name: str, path: str) -> File:
        """Return what a container has at a path, where WANTS names it in files."""
        return File(self.snapshot["files"].get(f"{name}:{path}"))

    def text(self, name: str, path: str) -> str:
        """Return the beginning of a container's file, where WANTS names it in texts.

        It is empty too where the container has ended with a log that an exercise wants.
        """
        return self.snapshot["texts"].get(f"{name}:{path}", "")

    def page(self, of: str | Container, port: int, path: str) -> Page:
        """Return a page of a container, where WANTS names it in pages, by this port or as 0.

        of: the container, or its name. One of a service of Compose is named as its service there.
        """
        if isinstance(of, Container) and not of:
            return Page(None)
        name = of.name if isinstance(of, Container) else of
        return Page(self.snapshot["pages"].get(f"{name}:{port}{path}"))

    def only_killed(self, container: Container) -> bool:
        """Return whether it is proven that a container has ended without having been asked to.

        The proof is the engine's events, where WANTS has events. There is none where they began
        after the container, and later than half a minute before its end.
        """
        begun = max(container.started, container.finished - _PATIENCE)
        return self._tells_all(container, begun) and not any(
            ending["signal"] in _ASKED for ending in self._endings(container)
        )

    def ended_alone(self, container: Container) -> bool:
        """Return whether it is proven, as in only_killed(), that nobody has ended a container."""
        return self._tells_all(container, container.started) and not self._endings(container)

    def _tells_all(self, container: Container, since: float) -> bool:
        """Return whether a container has ended, and all events from a time on are known."""
        return container.ended and 0 < self.snapshot["events"]["since"] <= since

    def _endings(self, container: Container) -> list[Ending]:
        """Return how somebody asked a container to end since it was last started."""
        endings = self.snapshot["events"]["ended"].get(container.id[:SHORT_ID], [])
        return [ending for ending in endings if ending["time"] >= container.started]
