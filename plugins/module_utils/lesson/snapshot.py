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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    HistoryRow,
    Image,
    Info,
    ListedImage,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    BadAnswerError,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import (
    Reader,
    UnclearError,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson import convert, pages
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted, nothing

# Items of each kind: more than a practical creates.
MOST = 100
# Characters, as JSON: of all items that are taken of one kind, and of the whole snapshot without
# the field engine. An honest seat has a tenth of the first, and half of the second.
_MOST_OF_KIND, SMALL = 100_000, 90_000
# Seconds: for one answer of the engine, and for all of them.
ONE_ANSWER, ALL = 5.0, 20.0
# Bytes of one answer, which is kept in memory; the list of a thousand images has 0.5 MB.
LARGEST = 4_000_000
# Lines of a log, and bytes of them, of which the snapshot has the end.
_LOG_LINES, _LARGEST_LOG = 60, 1_000_000
# Where the command `docker` looks for the plugin of `docker compose`.
_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
# The errors of reading JSON of an unexpected shape.
_ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

# What an exercise may want beside the lists, which a snapshot always has; see wanted().
WANTS: Mapping[str, Shape] = {
    "commands?": [str],
    "logs?": [str],
    "files?": [[object]],
    "pages?": [[object]],
}
# Times are seconds since 1970, 0 where there is none yet; sizes are bytes; IDs have no "sha256:".
SNAPSHOT: Mapping[str, Shape] = {
    "taken": float,
    "engine": {
        "version": str,
        "rootless": bool,
        # Whether it can limit a container's memory, and whether the seat has `docker compose`.
        "memory": bool,
        "compose": bool,
        "swarm": bool,
    },
    "containers": [
        {
            "id": str,
            "name": str,
            # The name as `docker run` was given it, and the ID of the image that had it then.
            "image": str,
            "image_id": str,
            "created": float,
            # created, running, paused, restarting, exited or dead
            "status": str,
            "exit": int,
            "error": str,
            "oom": bool,
            "started": float,
            "finished": float,
            # starting, healthy, unhealthy, or empty without a health check
            "health": str,
            # Only where an exercise wants it: the program and its arguments.
            "command": [str],
            "labels": {str: str},
            # The options --init, --rm, --memory, --network, --read-only
            "init": bool,
            "rm": bool,
            "memory": int,
            "network": str,
            "read_only": bool,
            # The container's port, "8888/tcp", to the seat's, where it runs.
            "ports": {str: [int]},
            # type: bind, volume or tmpfs; name: the volume's; from: the seat's path
            "mounts": [{"type": str, "name": str, "from": str, "to": str, "rw": bool}],
            # By name: the container's other names in it.
            "networks": {str: [str]},
        }
    ],
    "images": [
        {
            "id": str,
            "tags": [str],
            "created": float,
            "size": int,
            "labels": {str: str},
            "user": str,
            "entrypoint": [str],
            "command": [str],
            # The first 16 digits of the digests of the layers, lowest first.
            "layers": [str],
            # The instructions that built it, the first one first; size 0: no layer.
            "history": [{"by": str, "size": int, "created": float}],
        }
    ],
    "networks": [{"name": str, "driver": str, "internal": bool}],
    "volumes": [{"name": str, "driver": str, "created": float, "labels": {str: str}}],
    # update: as UpdateStatus.State has it, or empty; ports: "8888/tcp" to host or ingress
    "services": [
        {"id": str, "name": str, "image": str, "replicas": int, "update": str, "ports": {str: str}}
    ],
    "tasks": [{"service": str, "container": str, "image": str, "state": str, "error": str}],
    # By the container's name: the end of its log.
    "logs": {str: str},
    # By "name:/path": whether the container has such a path.
    "files": {str: bool},
    # By "name:port/path", fetched at the port of the seat that publishes it.
    "pages": {str: {"status": int, "modified": float, "body": str}},
}


def wanted(wants: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several exercises want: commands and logs as names, files and pages as tuples.

    A file is (container, path), a page (container, port in the container, path).
    """
    return {
        **{
            kind: sorted({tuple(item) for want in wants for item in want.get(kind, [])})
            for kind in ("files", "pages")
        },
        **{
            kind: sorted({name for want in wants for name in want.get(kind, [])})
            for kind in ("commands", "logs")
        },
    }


def take(wants: Mapping[str, Any], socket: str = SOCKET) -> dict[str, Any]:
    """Return the snapshot of this machine's Docker. wants: as wanted() returns it.

    Raises OSError where no engine answers, or this account may not use it.
    """
    docker = DockerConnection(socket, ONE_ANSWER, total_seconds=ALL, answer_bytes=LARGEST)
    try:
        with closing(docker):
            # The reader reports what it does not understand; a snapshot leaves it out.
            return small(shaped(_unshaped(Reader(docker, lambda _: None), wants)))
    except BadAnswerError as error:
        raise _no_engine(socket, error.__cause__ or error) from error
    except (UnclearError, RecursionError, *_ODD) as error:
        raise _no_engine(socket, error) from error


def _no_engine(socket: str, error: BaseException) -> OSError:
    """Return the error for a socket at which something else than an engine answers."""
    return OSError(f"what answers at {socket} is no Docker Engine: {error!r}")


def _unshaped(reader: Reader, wants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the snapshot, not yet fitted to its shape. Raises OSError, and errors of _ODD."""
    info = reader.info()
    commands = wants["commands"]
    containers = _converted(
        _containers(reader), lambda described: convert.container_of(described, commands)
    )
    names = {container["name"]: container for container in containers}
    managing = bool((info.get("Swarm") or {}).get("ControlAvailable"))
    return {
        "taken": time.time(),
        "engine": _engine_of(info, managing=managing),
        "containers": containers,
        "images": _converted(_images(reader), lambda image: convert.image_of(*image)),
        "networks": _converted(reader.networks(most=MOST), convert.network_of),
        "volumes": _converted(reader.volumes(most=MOST), convert.volume_of),
        **(_swarm(reader) if managing else {"services": [], "tasks": []}),
        "logs": {
            name: convert.log_of(reader.log(name, _LOG_LINES, _LARGEST_LOG))
            for name in wants["logs"]
            if name in names
        },
        "files": {
            f"{name}:{path}": reader.has_file(name, path)
            for name, path in wants["files"]
            if name in names
        },
        "pages": pages.fetch_all(
            wants["pages"], {name: container["ends"] for name, container in names.items()}
        ),
    }


def _containers(reader: Reader) -> Iterator[Container]:
    """Yield the descriptions of the containers, the newest first."""
    for listed in reader.containers(answers.IDENTIFIED, newest=MOST, most=MOST):
        described = reader.container(listed["Id"])
        if described:
            yield described


def _images(reader: Reader) -> Iterator[tuple[Image, list[HistoryRow]]]:
    """Yield the descriptions of the images and their histories, those that have a name first."""

    def is_nameless(image: ListedImage) -> bool:
        return (image.get("RepoTags") or [answers.NO_NAME]) == [answers.NO_NAME]

    for listed in sorted(reader.images(), key=is_nameless)[:MOST]:
        described = reader.image(listed["Id"])
        if described:
            yield described, reader.history(listed["Id"])


def _converted(
    items: Iterable[Any], converter: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the items of a kind, converted, up to _MOST_OF_KIND characters.

    Items of an unexpected shape are left out. items: may ask the engine for each item, so none is
    read after the limit.
    """
    converted, remaining = [], _MOST_OF_KIND
    for item in items:
        with suppress(*_ODD):
            fields = converter(item)
            remaining -= len(json.dumps(fields))
            if remaining < 0:
                break
            converted.append(fields)
    return converted


def _engine_of(info: Info, *, managing: bool) -> dict[str, Any]:
    """Return the engine as a snapshot has it. managing: whether it is a manager of a swarm."""
    return {
        "version": convert.short(info.get("ServerVersion")),
        "rootless": "name=rootless" in (info.get("SecurityOptions") or []),
        "memory": bool(info.get("MemoryLimit")),
        "compose": any(os.path.exists(f"{place}/docker-compose") for place in _PLUGINS),
        "swarm": managing,
    }


def _swarm(reader: Reader) -> dict[str, Any]:
    """Return the services of a swarm that this machine manages, and their tasks."""
    services = _converted(reader.services()[:MOST], convert.service_of)
    tasks = _converted(reader.tasks()[:MOST], convert.task_of)
    names = {service["id"]: service["name"] for service in services}
    for task in tasks:
        task["service"] = names.get(task["service"], task["service"])
    return {"services": services, "tasks": tasks}


def small(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return the snapshot, from which the last items of the largest kinds are removed.

    That is done until the lists and dictionaries beside the engine have at most SMALL characters.
    """
    kinds = {kind: items for kind, items in snapshot.items() if isinstance(items, (list, dict))}
    del kinds["engine"]
    sizes = {
        kind: [
            len(json.dumps(item)) + 2
            for item in (items.items() if isinstance(items, dict) else items)
        ]
        for kind, items in kinds.items()
    }
    while sum(map(sum, sizes.values())) > SMALL:
        largest = max(sizes, key=lambda kind: sum(sizes[kind]))
        sizes[largest].pop()
        items = kinds[largest]
        items.popitem() if isinstance(items, dict) else items.pop()
    return snapshot


def shaped(snapshot: object) -> dict[str, Any]:
    """Return a value as a snapshot: what has another shape is left out."""
    fitting: dict[str, Any] = fitted(snapshot, SNAPSHOT, "snapshot", [])
    return fitting


def empty() -> dict[str, Any]:
    """Return the snapshot of a Docker that has nothing."""
    snapshot: dict[str, Any] = nothing(SNAPSHOT)
    return snapshot
