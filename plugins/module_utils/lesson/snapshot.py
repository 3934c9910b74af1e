# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take a snapshot of a seat's Docker, which the exercises are judged by: JSON, below 100 kB.

It has nothing of the environment of containers, and the command of a container only where an
exercise wants it: either may hold a secret.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import TypeVar

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    BadAnswerError,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import (
    Reader,
    UnclearError,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    convert,
    fields,
    pages,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.convert import (
    ContainerWithEndpoints,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted

# Items of each kind: more than a lesson creates.
MOST = 100
# Characters, as JSON: of all items that are taken of one kind, and of the whole snapshot without
# the field engine. An honest seat has a tenth of the first, and half of the second.
_MOST_OF_KIND, SMALL = 100_000, 90_000
# Seconds: for one answer of the engine, and for all of them.
ONE_ANSWER, ALL = 5.0, 20.0
# Bytes of one answer, which is kept in memory; the list of a thousand images has 0.5 MB.
LARGEST = 4_000_000
# Lines of a log, without and with their times, and bytes of them, of which the snapshot has the
# end; bytes of a tar with the beginning of a file, and of all events.
_LOG_LINES, _TIMED_LINES, _LARGEST_LOG = 60, 200, 1_000_000
_LARGEST_TAR, _LARGEST_EVENTS = 2 * convert.LONGEST_TEXT, 2_000_000
# Containers of a service of Compose whose pages are fetched.
_MOST_OF_SERVICE = 5
# Where the command `docker` looks for the plugin of `docker compose`.
_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
# The errors of reading JSON of an unexpected shape.
_ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_Item = TypeVar("_Item")
_Fields = TypeVar("_Fields")


def wanted(wants: list[fields.Asked]) -> fields.Wants:
    """Return what several exercises want."""
    return {
        "files": sorted({tuple(file) for want in wants for file in want.get("files", [])}),
        "texts": sorted({tuple(file) for want in wants for file in want.get("texts", [])}),
        "pages": sorted({tuple(page) for want in wants for page in want.get("pages", [])}),
        "commands": sorted({name for want in wants for name in want.get("commands", [])}),
        "logs": sorted({name for want in wants for name in want.get("logs", [])}),
        "lines": sorted({name for want in wants for name in want.get("lines", [])}),
        "variables": sorted({name for want in wants for name in want.get("variables", [])}),
        "events": any(want.get("events") for want in wants),
    }


def take(
    wants: fields.Wants, socket: str = SOCKET, delivered: Iterable[Delivered] = ()
) -> fields.Snapshot:
    """Return the snapshot of this machine's Docker.

    delivered: the images that the toolkit has delivered to it. Raises OSError where no engine
    answers, or this account may not use it.
    """
    docker = DockerConnection(socket, ONE_ANSWER, total_seconds=ALL, answer_bytes=LARGEST)
    try:
        with closing(docker):
            # The reader reports what it does not understand; a snapshot leaves it out.
            return small(shaped(_unshaped(Reader(docker, lambda _: None), wants, delivered)))
    except BadAnswerError as error:
        raise _no_engine(socket, error.__cause__ or error) from error
    except (UnclearError, RecursionError, *_ODD) as error:
        raise _no_engine(socket, error) from error


def _no_engine(socket: str, error: BaseException) -> OSError:
    """Return the error for a socket at which something else than an engine answers."""
    return OSError(f"what answers at {socket} is no Docker Engine: {error!r}")


def _unshaped(
    reader: Reader, wants: fields.Wants, delivered: Iterable[Delivered]
) -> fields.Snapshot:
    """Return the snapshot, not yet fitted to its shape. Raises OSError, and errors of _ODD."""
    remembered = {image["fingerprint"]: image for image in delivered}
    found: set[str] = set()

    def image_of(described: answers.Image, history: list[answers.HistoryRow]) -> fields.Image:
        image = remembered.get(print_ := _fingerprint(described))
        converted = convert.image_of(described, history, image["name"] if image else "")
        found.add(print_)
        return converted

    info = reader.info()
    commands = wants["commands"]
    containers = _converted(
        _containers(reader), lambda described: convert.container_of(described, commands)
    )
    used = {container["image_id"] for container in containers}
    images = _converted(_images(reader, used), lambda image: image_of(*image))
    managing = bool((info.get("Swarm") or {}).get("ControlAvailable"))
    services, tasks = _swarm(reader, wants["variables"]) if managing else ([], [])
    return {
        "taken": time.time(),
        "engine": _engine_of(info, managing=managing),
        # The engine does not know it: whoever judges by the snapshot adds it.
        "around": {**fields.NOTHING_AROUND},
        "containers": [*containers],
        "images": images,
        "gone": [
            convert.gone_of(image) for print_, image in remembered.items() if print_ not in found
        ],
        "networks": _converted(reader.networks(most=MOST), convert.network_of),
        "volumes": _converted(reader.volumes(most=MOST), convert.volume_of),
        "services": services,
        "tasks": tasks,
        # After the containers: of one that has ended, it is certain then what it was asked.
        "events": convert.events_of(
            reader.events(time.time(), _LARGEST_EVENTS) if wants["events"] else []
        ),
        **_named(reader, wants, {container["name"]: container for container in containers}),
    }


def _named(
    reader: Reader, wants: fields.Wants, containers: Mapping[str, ContainerWithEndpoints]
) -> fields.Named:
    """Return what exercises name of the containers that are there. containers: by name."""
    logs = {
        name: convert.log_of(reader.log(name, _LOG_LINES, _LARGEST_LOG))
        for name in wants["logs"]
        if name in containers
    }
    files = {
        f"{name}:{path}": reader.file(name, path)
        for name, path in wants["files"]
        if name in containers
    }
    return {
        "logs": logs,
        "lines": {
            name: convert.lines_of(reader.log(name, _TIMED_LINES, _LARGEST_LOG, timed=True))
            for name in wants["lines"]
            if name in containers
        },
        "files": {place: convert.file_of(stat) for place, stat in files.items() if stat},
        "texts": {
            f"{name}:{path}": convert.text_of(reader.archive(name, path, _LARGEST_TAR))
            for name, path in wants["texts"]
            # Where a log says it, no file is read: the engine notes that.
            if name in containers
            if containers[name]["status"] != "exited" or not logs.get(name)
        },
        "pages": pages.fetch_all(
            _pages(wants["pages"], containers.values()),
            {name: container["endpoints"] for name, container in containers.items()},
        ),
    }


def _pages(
    wanted: Iterable[tuple[str, int, str]], containers: Iterable[ContainerWithEndpoints]
) -> list[tuple[str, int, str]]:
    """Return the pages to fetch: those of a service of Compose for each of its containers."""
    of_service: dict[str, list[str]] = {}
    for container in containers:
        labels = container["labels"]
        if container["endpoints"] and labels.get("com.docker.compose.oneoff") != "True":
            service = f"service:{labels.get('com.docker.compose.service')}"
            of_service.setdefault(service, []).append(container["name"])
    return [
        (name, port, path)
        for service, port, path in wanted
        for name in of_service.get(service, [])[:_MOST_OF_SERVICE] or [service]
    ]


def _containers(reader: Reader) -> Iterator[answers.Container]:
    """Yield the descriptions of the containers, the newest first."""
    for listed in reader.containers(answers.IDENTIFIED, newest=MOST, most=MOST):
        described = reader.container(listed["Id"])
        if described:
            yield described


def _images(
    reader: Reader, used: Collection[str]
) -> Iterator[tuple[answers.Image, list[answers.HistoryRow]]]:
    """Yield the descriptions of the images and their histories.

    Those come first that have a name, or that a container is of. used: the IDs of the latter.
    """

    def is_unused(image: answers.ListedImage) -> bool:
        is_nameless = (image.get("RepoTags") or [answers.NO_NAME]) == [answers.NO_NAME]
        return is_nameless and image["Id"].removeprefix("sha256:") not in used

    for listed in sorted(reader.images(), key=is_unused)[:MOST]:
        described = reader.image(listed["Id"])
        if described:
            yield described, reader.history(listed["Id"])


def _fingerprint(image: answers.Image) -> str:
    """Return an image's fingerprint, empty where too little is told of it."""
    with suppress(*_ODD):
        return fingerprint(image)
    return ""


def _converted(items: Iterable[_Item], converter: Callable[[_Item], _Fields]) -> list[_Fields]:
    """Return the items of a kind, converted, up to _MOST_OF_KIND characters.

    Items of an unexpected shape are left out. items: may ask the engine for each item, so none is
    read after the limit.
    """
    converted, remaining = [], _MOST_OF_KIND
    for item in items:
        with suppress(*_ODD):
            result = converter(item)
            remaining -= len(json.dumps(result))
            if remaining < 0:
                break
            converted.append(result)
    return converted


def _engine_of(info: answers.Info, *, managing: bool) -> fields.Engine:
    """Return the engine as a snapshot has it.

    managing: whether it is a manager of a swarm.
    """
    return {
        "version": convert.short(info.get("ServerVersion")),
        "rootless": "name=rootless" in (info.get("SecurityOptions") or []),
        "memory": bool(info.get("MemoryLimit")),
        "compose": any(os.path.exists(f"{place}/docker-compose") for place in _PLUGINS),
        "swarm": managing,
    }


def _swarm(reader: Reader, variables: list[str]) -> tuple[list[fields.Service], list[fields.Task]]:
    """Return the services of a swarm that this machine manages, and their tasks.

    variables: names of those of which it is told whether they are set.
    """
    services = _converted(
        reader.services()[:MOST], lambda service: convert.service_of(service, variables)
    )
    tasks = _converted(reader.tasks()[:MOST], lambda task: convert.task_of(task, variables))
    names = {service["id"]: service["name"] for service in services}
    for task in tasks:
        task["service"] = names.get(task["service"], task["service"])
    return services, tasks


def small(snapshot: fields.Snapshot) -> fields.Snapshot:
    """Return the snapshot, from which the last items of the largest kinds are removed.

    That is done until the lists and dictionaries beside the engine have at most SMALL characters.
    The events stay, or all go: where some are missing, they are no proof.
    """
    kinds = {kind: items for kind, items in snapshot.items() if isinstance(items, (list, dict))}
    del kinds["engine"], kinds["events"]
    most = SMALL - len(json.dumps(snapshot["events"]))
    if most < 0:
        snapshot["events"], most = convert.events_of([]), SMALL
    sizes = {
        kind: [
            len(json.dumps(item)) + 2
            for item in (items.items() if isinstance(items, dict) else items)
        ]
        for kind, items in kinds.items()
    }
    while sum(map(sum, sizes.values())) > most:
        largest = max(sizes, key=lambda kind: sum(sizes[kind]))
        sizes[largest].pop()
        items = kinds[largest]
        items.popitem() if isinstance(items, dict) else items.pop()
    return snapshot


def shaped(snapshot: object) -> fields.Snapshot:
    """Return a value as a snapshot: what has another shape is left out."""
    fitting: fields.Snapshot = fitted(snapshot, fields.SNAPSHOT, "snapshot", [])
    return fitting
