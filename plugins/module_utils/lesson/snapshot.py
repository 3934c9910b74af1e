# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat's Docker has at one moment, as the exercises are judged by: JSON, below 100 kB.

Nothing of what containers are given in their environment is told, and of their command only where
an exercise asks for that container: either may hold a secret.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
    EngineError,
    Limited,
    TooMuchError,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted, nothing

# Of each kind, how many are told: more than a practical makes. Characters of a log, of a page and
# of any other text.
MOST, LONGEST_LOG, LONGEST_PAGE, LONGEST = 100, 4000, 4000, 300
# Characters, as JSON: of all that is taken of one kind, and of all that is told in the end, beside
# what the engine is. An honest seat has a tenth of the one, and half of the other.
MOST_OF_KIND, SMALL = 100_000, 90_000
# Seconds: for one answer of the engine's, and for all of them; for one page, and for all of them.
ONE_ANSWER, ALL = 5.0, 20.0
# An app that looks a name up in vain, without a network, answers after some seconds.
ONE_PAGE, ALL_PAGES = 5.0, 10.0
# Bytes of one answer, which is in memory; of a list of a thousand images it is 0.5 MB.
LARGEST = 4_000_000
# Bytes of the last lines of a log, of which the end is told.
LARGEST_LOG = 1_000_000
# The labels of a container or a volume that are told: whose it is, and nothing that somebody else
# wrote there.
LABELS = re.compile(
    r"com\.docker\.(compose\.(project|service|oneoff)|swarm\.service\.name)|labo\..*"
)
# Where the command `docker` looks for what `docker compose` runs.
PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
PORTS = range(1, 2**16)
# In an image's history, the values of ENV and ARG: they may be secrets, as a container's are.
VALUES = re.compile(r"^((?:/bin/sh -c #\(nop\) *)?(?:ENV|ARG)\b).*|\|\d+ .*?(?=/bin/)", re.DOTALL)
# What becomes of reading JSON of which the shape was only hoped for.
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

# What an exercise may ask for beside all that is listed; see wanted().
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
            # As `docker run` was given it, and the ID of what that was then.
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
            # starting, healthy, unhealthy, or empty where nothing looks
            "health": str,
            # Only where an exercise wants it: the program and its arguments.
            "command": [str],
            "labels": {str: str},
            # What was asked for: --init, --rm, --memory, --network, --read-only
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
            # The IDs of what the layers hold, lowest first, of 16 digits.
            "layers": [str],
            # What made it, first instruction first; size 0: no layer.
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
    # By the container's name: the end of what it wrote.
    "logs": {str: str},
    # By "name:/path": whether there is something.
    "files": {str: bool},
    # By "name:port/path", fetched at whatever port of the seat is published for it.
    "pages": {str: {"status": int, "modified": float, "body": str}},
}


def wanted(wants: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Give all that exercises ask for, in one: commands and logs, names; files and pages, tuples.

    A file is (container, path), a page (container, port in the container, path).
    """
    return {
        **{
            kind: sorted({tuple(asked) for one in wants for asked in one.get(kind, [])})
            for kind in ("files", "pages")
        },
        **{
            kind: sorted({name for one in wants for name in one.get(kind, [])})
            for kind in ("commands", "logs")
        },
    }


def seconds(text: object) -> float:
    """Give a time of the engine's, which has nanoseconds, in seconds since 1970; 0 where none."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", str(text))
    if found is None or found[1].startswith("0001"):
        return 0.0
    zone = found[3].replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(found[1] + zone).timestamp() + float(found[2] or 0)
    except ValueError:
        return 0.0


def short(text: object) -> str:
    """Give a text no longer than any has to be, in one line, without what moves a cursor."""
    given = str(text or "")[:LONGEST]
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in given)


def bare(identity: object) -> str:
    """Give an ID without the name of its algorithm."""
    return short(identity).removeprefix("sha256:")[:64]


def labels_of(told: Mapping[str, Any]) -> dict[str, str]:
    """Give those labels that are told, of what the engine says of something."""
    labels = told.get("Labels") or {}
    there = [key for key in labels if LABELS.fullmatch(key)]
    return {short(key): short(labels[key]) for key in there[:10]}


def each(
    kind: Iterable[Any], tell: Callable[[Any], dict[str, Any] | None], most: int = MOST_OF_KIND
) -> list[dict[str, Any]]:
    """Give what is told of each of a kind, until that is much; what is odd is left out."""
    told = []
    for one in kind:
        with suppress(*ODD):
            if found := tell(one):
                most -= len(json.dumps(found))
                if most < 0:
                    break
                told.append(found)
    return told


class Engine(DockerConnection):
    """An engine that is asked, all in all, for no longer than ALL seconds."""

    def __init__(self, path: str) -> None:
        super().__init__(path, ONE_ANSWER, most=LARGEST, together=ALL)

    def of(self, path: str, method: str = "GET") -> Any:  # noqa: ANN401  # JSON
        """Give an answer, None where there is none to be had of this one thing. Raises OSError."""
        try:
            return self.ask(path, method)
        except (EngineError, TooMuchError):
            return None

    def text(self, path: str) -> bytes:
        """Give an answer that is not JSON, as far as a log is read. Raises OSError."""
        try:
            answer = self.stream(path, large=False)
        except EngineError:
            return b""
        told = answer.read(LARGEST_LOG)
        if not answer.isclosed():
            self.close()
        return told


def address_of(end: Mapping[str, Any]) -> str:
    """Give the address of the seat's at which a published port answers."""
    told = short(end.get("HostIp"))
    return "127.0.0.1" if told in ("", "0.0.0.0", "::") else told  # noqa: S104  # not listened at


def container_of(told: dict[str, Any], commands: list[str]) -> dict[str, Any]:
    """Give a container as a snapshot has it, from the engine's description."""
    state, host, config = told["State"], told.get("HostConfig") or {}, told.get("Config") or {}
    settings = told.get("NetworkSettings") or {}
    ports = dict(list((settings.get("Ports") or {}).items())[:20])
    name = short(told["Name"]).lstrip("/")
    return {
        "id": short(told["Id"]),
        "name": name,
        "image": short(config.get("Image")),
        "image_id": bare(told.get("Image")),
        "created": seconds(told.get("Created")),
        "status": short(state.get("Status")),
        "exit": state.get("ExitCode", 0),
        "error": short(state.get("Error")),
        "oom": bool(state.get("OOMKilled")),
        "started": seconds(state.get("StartedAt")),
        "finished": seconds(state.get("FinishedAt")),
        "health": short((state.get("Health") or {}).get("Status")),
        "command": [short(one) for one in [told.get("Path"), *(told.get("Args") or [])][:20]]
        if name in commands
        else [],
        "labels": labels_of(config),
        "init": bool(host.get("Init")),
        "rm": bool(host.get("AutoRemove")),
        "memory": host.get("Memory") or 0,
        "network": short(host.get("NetworkMode")),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "ports": {
            short(port): sorted({int(end["HostPort"]) for end in ends if end.get("HostPort")})[:5]
            for port, ends in ports.items()
            if ends
        },
        # Where its pages are asked for. A snapshot does not tell it.
        "ends": {
            short(port): next(
                ((address_of(end), int(end["HostPort"])) for end in ends if end.get("HostPort")),
                None,
            )
            for port, ends in ports.items()
            if ends
        },
        "mounts": [
            {
                "type": short(mount.get("Type")),
                "name": short(mount.get("Name")),
                "from": short(mount.get("Source")),
                "to": short(mount.get("Destination")),
                "rw": bool(mount.get("RW")),
            }
            for mount in (told.get("Mounts") or [])[:20]
        ],
        "networks": {
            short(one): [short(alias) for alias in (end or {}).get("Aliases") or []][:5]
            for one, end in list((settings.get("Networks") or {}).items())[:10]
        },
    }


def image_of(told: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    """Give an image as a snapshot has it, from the engine's description and its history."""
    config = told.get("Config") or {}
    return {
        "id": bare(told["Id"]),
        "tags": [short(tag) for tag in told.get("RepoTags") or []][:MOST],
        "created": seconds(told.get("Created")),
        "size": told.get("Size", 0),
        "labels": {
            short(key): short(value)
            for key, value in list((config.get("Labels") or {}).items())[:20]
            if key.startswith("labocloud.")
        },
        "user": short(config.get("User")),
        "entrypoint": [short(one) for one in config.get("Entrypoint") or []][:20],
        "command": [short(one) for one in config.get("Cmd") or []][:20],
        "layers": [bare(one)[:16] for one in (told.get("RootFS") or {}).get("Layers") or []][:130],
        "history": [
            {
                "by": short(VALUES.sub(r"\1", str(row.get("CreatedBy") or ""))),
                "size": row.get("Size", 0),
                "created": float(row.get("Created", 0)),
            }
            # The lowest, as of the layers: an image that it is built on has these, too.
            for row in reversed(history[-130:])
        ],
    }


def service_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give a service as a snapshot has it."""
    spec = told.get("Spec") or {}
    template = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    ports = (told.get("Endpoint") or {}).get("Ports") or []
    return {
        "id": short(told["ID"]),
        "name": short(spec.get("Name")),
        "image": short(template.get("Image")),
        "replicas": ((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas") or 0,
        "update": short((told.get("UpdateStatus") or {}).get("State")),
        "ports": {
            short(f"{port.get('TargetPort')}/{port.get('Protocol')}"): short(
                port.get("PublishMode")
            )
            for port in ports[:20]
        },
    }


def task_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give one of a service's tasks as a snapshot has it."""
    status = told.get("Status") or {}
    template = (told.get("Spec") or {}).get("ContainerSpec") or {}
    return {
        "service": short(told.get("ServiceID")),
        "container": short((status.get("ContainerStatus") or {}).get("ContainerID")),
        "image": short(template.get("Image")),
        "state": short(status.get("State")),
        "error": short(status.get("Err")),
    }


def containers(engine: Engine, commands: list[str]) -> list[dict[str, Any]]:
    """Give the containers, the newest first."""

    def tell(listed: dict[str, Any]) -> dict[str, Any] | None:
        told = engine.of(f"/containers/{quote(listed['Id'], safe='')}/json")
        return container_of(told, commands) if told else None

    return each(engine.ask(f"/containers/json?all=true&limit={MOST}")[:MOST], tell)


def images(engine: Engine) -> list[dict[str, Any]]:
    """Give the images, those that have a name first."""

    def tell(listed: dict[str, Any]) -> dict[str, Any] | None:
        path = f"/images/{quote(listed['Id'], safe=':')}"
        told = engine.of(f"{path}/json")
        return image_of(told, engine.of(f"{path}/history") or []) if told else None

    listed = engine.ask("/images/json")
    listed.sort(key=lambda one: (one.get("RepoTags") or ["<none>:<none>"]) == ["<none>:<none>"])
    return each(listed[:MOST], tell)


def log_of(engine: Engine, name: str) -> str:
    """Give the end of what a container has written.

    Each piece comes behind eight bytes: whether it is output or errors, and how long it is. What a
    terminal has shown comes as it is.
    """
    told = engine.text(f"/containers/{quote(name, safe='')}/logs?stdout=true&stderr=true&tail=60")
    parts, at = [], 0
    while told[at : at + 1] in (b"\0", b"\1", b"\2") and told[at + 1 : at + 4] == b"\0\0\0":
        length = int.from_bytes(told[at + 4 : at + 8], "big")
        parts.append(told[at + 8 : at + 8 + length])
        at += 8 + length
    text = b"".join([*parts, told[at:]]).decode(errors="replace")
    return text.replace("\r\n", "\n")[-LONGEST_LOG:]


def has(engine: Engine, name: str, path: str) -> bool:
    """Tell whether a container has something at a path.

    The engine would tell all in which it differs from its image, but reads both whole for that.
    """
    asked = f"/containers/{quote(name, safe='')}/archive?path={quote(path, safe='')}"
    return engine.of(asked, "HEAD") is not None


def page_of(port: int, path: str, seconds: float, host: str = "127.0.0.1") -> dict[str, Any] | None:
    """Give a page that answers within some seconds at a port of this machine, None if none does.

    host: an address. What asks has the same one, so that no other machine's is asked.
    """
    connection = Limited(host, port, timeout=seconds, source_address=(host, 0))
    connection.allow(seconds, LARGEST)
    with closing(connection):
        try:
            ip_address(host)
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(LONGEST_PAGE).decode(errors="replace")
        except (OSError, ValueError, http.client.HTTPException):
            return None
        told = answer.headers.get("Last-Modified", "")
        try:
            parsed = datetime.strptime(told, "%a, %d %b %Y %H:%M:%S GMT")
            modified = parsed.replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            modified = 0.0
        return {"status": answer.status, "modified": modified, "body": body}


def pages_of(wanted: list[Any], names: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give the pages that answer, of those that are wanted. names: containers, by name."""
    pages = {}
    end = time.monotonic() + ALL_PAGES
    for name, port, path in wanted:
        host, published = names.get(name, {"ends": {}})["ends"].get(f"{port}/tcp") or ("", 0)
        seconds = min(ONE_PAGE, end - time.monotonic())
        if seconds > 0 and published in PORTS and (page := page_of(published, path, seconds, host)):
            pages[f"{name}:{port}{path}"] = page
    return pages


def swarm(engine: Engine) -> dict[str, Any]:
    """Give the services of a swarm that this machine manages, and their tasks."""
    services = each((engine.of("/services") or [])[:MOST], service_of)
    tasks = each((engine.of("/tasks") or [])[:MOST], task_of)
    names = {service["id"]: service["name"] for service in services}
    for task in tasks:
        task["service"] = names.get(task["service"], task["service"])
    return {"services": services, "tasks": tasks}


def network_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give a network as a snapshot has it."""
    return {
        "name": short(told["Name"]),
        "driver": short(told.get("Driver")),
        "internal": bool(told.get("Internal")),
    }


def volume_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give a volume as a snapshot has it."""
    return {
        "name": short(told["Name"]),
        "driver": short(told.get("Driver")),
        "created": seconds(told.get("CreatedAt")),
        "labels": labels_of(told),
    }


def told_by(engine: Engine, wants: Mapping[str, Any]) -> dict[str, Any]:
    """Give the snapshot, not yet held against its shape. Raises OSError, and whatever is odd."""
    info = engine.ask("/info")
    there = containers(engine, wants["commands"])
    names = {one["name"]: one for one in there}
    managing = bool((info.get("Swarm") or {}).get("ControlAvailable"))
    return {
        "taken": time.time(),
        "engine": {
            "version": short(info.get("ServerVersion")),
            "rootless": "name=rootless" in (info.get("SecurityOptions") or []),
            "memory": bool(info.get("MemoryLimit")),
            "compose": any(os.path.exists(f"{place}/docker-compose") for place in PLUGINS),
            "swarm": managing,
        },
        "containers": there,
        "images": images(engine),
        "networks": each(engine.ask("/networks")[:MOST], network_of),
        "volumes": each((engine.ask("/volumes")["Volumes"] or [])[:MOST], volume_of),
        **(swarm(engine) if managing else {"services": [], "tasks": []}),
        "logs": {name: log_of(engine, name) for name in wants["logs"] if name in names},
        "files": {
            f"{name}:{path}": has(engine, name, path)
            for name, path in wants["files"]
            if name in names
        },
        "pages": pages_of(wants["pages"], names),
    }


def take(wants: Mapping[str, Any], socket: str = SOCKET) -> dict[str, Any]:
    """Give the snapshot of this machine's Docker. wants: as wanted() gives it.

    Raises OSError where no engine answers, or this account may not ask it.
    """
    try:
        with closing(Engine(socket)) as engine:
            return small(shaped(told_by(engine, wants)))
    except (http.client.HTTPException, RecursionError, *ODD) as error:
        raise OSError(f"what answers at {socket} is no Docker Engine: {error!r}") from error


def small(told: dict[str, Any]) -> dict[str, Any]:
    """Give a snapshot that is not too large: of the kinds that have most, the last are left out."""
    kinds = {kind: held for kind, held in told.items() if isinstance(held, (list, dict))}
    del kinds["engine"]
    sizes = {
        kind: [
            len(json.dumps(one)) + 2 for one in (held.items() if isinstance(held, dict) else held)
        ]
        for kind, held in kinds.items()
    }
    while sum(map(sum, sizes.values())) > SMALL:
        largest = max(sizes, key=lambda kind: sum(sizes[kind]))
        sizes[largest].pop()
        held = kinds[largest]
        held.popitem() if isinstance(held, dict) else held.pop()
    return told


def shaped(told: object) -> dict[str, Any]:
    """Give what somebody says is a snapshot as one: what has another shape is left out."""
    held: dict[str, Any] = fitted(told, SNAPSHOT, "snapshot", [])
    return held


def empty() -> dict[str, Any]:
    """Give the snapshot of a Docker that has nothing."""
    held: dict[str, Any] = nothing(SNAPSHOT)
    return held
