# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat's Docker has at one moment, as the exercises are judged by: JSON, below 100 kB.

Nothing of what containers are given in their environment is told, and of their command only where
an exercise asks for that container: either may hold a secret.
"""

from __future__ import annotations

import http.client
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    SOCKET,
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted, nothing

# Of each kind, how many are told: more than a practical makes. Characters of a log, of a page and
# of any other text.
MOST, LONGEST_LOG, LONGEST_PAGE, LONGEST = 100, 4000, 4000, 300
# Seconds: for one answer of the engine's or of a page, and for all of them.
ONE_ANSWER, ALL = 5, 20
# The labels of a container or a volume that are told: whose it is, and nothing that somebody else
# wrote there.
LABELS = re.compile(r"com\.docker\.(compose\.(project|service)|swarm\.service\.name)|labo\..*")
# Where the command `docker` looks for what `docker compose` runs.
PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
KINDS = {0: "changed", 1: "added", 2: "deleted"}

# What an exercise may ask for beside all that is listed; see wanted().
WANTS: Mapping[str, Shape] = {
    "commands?": [str],
    "logs?": [str],
    "changes?": [str],
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
            # The IDs of what the layers hold, lowest first.
            "layers": [str],
            # What made it, first instruction first; size 0: no layer.
            "history": [{"by": str, "size": int, "created": float, "comment": str}],
        }
    ],
    "networks": [{"name": str, "driver": str, "internal": bool}],
    "volumes": [{"name": str, "driver": str, "created": float, "labels": {str: str}}],
    # update: as UpdateStatus.State has it, or empty; ports: "8888/tcp" to host or ingress
    "services": [
        {"id": str, "name": str, "image": str, "replicas": int, "update": str, "ports": {str: str}}
    ],
    "tasks": [{"service": str, "container": str, "image": str, "state": str, "error": str}],
    # By the container's name: the end of what it wrote, and [added, changed or deleted, path].
    "logs": {str: str},
    "changes": {str: [[str]]},
    # By "name:port/path", fetched at whatever port of the seat is published for it.
    "pages": {str: {"status": int, "modified": float, "body": str}},
}


def wanted(wants: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Give all that exercises ask for, in one: commands, logs and changes, names; pages, triples.

    A page is (container, port in the container, path).
    """
    return {
        "pages": sorted({tuple(page) for one in wants for page in one.get("pages", [])}),
        **{
            kind: sorted({name for one in wants for name in one.get(kind, [])})
            for kind in ("commands", "logs", "changes")
        },
    }


def seconds(text: object) -> float:
    """Give a time of the engine's, which has nanoseconds, in seconds since 1970; 0 where none."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", str(text))
    if found is None or found[1].startswith("0001"):
        return 0.0
    zone = found[3].replace("Z", "+00:00")
    return datetime.fromisoformat(found[1] + zone).timestamp() + float(found[2] or 0)


def short(text: object) -> str:
    """Give a text no longer than any has to be."""
    return str(text or "")[:LONGEST]


def bare(identity: object) -> str:
    """Give an ID without the name of its algorithm."""
    return str(identity or "").removeprefix("sha256:")[:64]


def labels_of(told: Mapping[str, Any]) -> dict[str, str]:
    """Give those labels that are told, of what the engine says of something."""
    labels = told.get("Labels") or {}
    return {key: short(value) for key, value in labels.items() if LABELS.fullmatch(key)}


class Asking:
    """An engine that is asked, all in all, for no longer than ALL seconds."""

    def __init__(self, docker: DockerConnection) -> None:
        self.docker = docker
        self.end = time.monotonic() + ALL

    def __call__(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """Give an answer, None where there is no such thing (any more). Raises OSError."""
        if time.monotonic() > self.end:
            raise TimeoutError(f"the engine has not told all within {ALL} s")
        return self.docker.ask(path)

    def text(self, path: str) -> bytes:
        """Give the beginning of an answer that is not JSON. Raises OSError."""
        try:
            with closing(self.docker.stream(path)) as answer:
                return answer.read(4 * LONGEST_LOG)
        except EngineError:
            return b""
        finally:
            self.docker.close()


def container_of(told: dict[str, Any], commands: list[str]) -> dict[str, Any]:
    """Give a container as a snapshot has it, from the engine's description."""
    state, host, config = told["State"], told.get("HostConfig") or {}, told.get("Config") or {}
    settings = told.get("NetworkSettings") or {}
    name = told["Name"].lstrip("/")
    return {
        "id": told["Id"],
        "name": name,
        "image": short(config.get("Image")),
        "image_id": bare(told.get("Image")),
        "created": seconds(told.get("Created")),
        "status": state.get("Status", ""),
        "exit": state.get("ExitCode", 0),
        "error": short(state.get("Error")),
        "oom": bool(state.get("OOMKilled")),
        "started": seconds(state.get("StartedAt")),
        "finished": seconds(state.get("FinishedAt")),
        "health": (state.get("Health") or {}).get("Status", ""),
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
            port: sorted({int(end["HostPort"]) for end in ends if end.get("HostPort")})
            for port, ends in (settings.get("Ports") or {}).items()
            if ends
        },
        "mounts": [
            {
                "type": mount.get("Type", ""),
                "name": short(mount.get("Name")),
                "from": short(mount.get("Source")),
                "to": short(mount.get("Destination")),
                "rw": bool(mount.get("RW")),
            }
            for mount in (told.get("Mounts") or [])[:20]
        ],
        "networks": {
            one: [short(alias) for alias in (end or {}).get("Aliases") or []][:5]
            for one, end in list((settings.get("Networks") or {}).items())[:10]
        },
    }


def image_of(told: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    """Give an image as a snapshot has it, from the engine's description and its history."""
    config = told.get("Config") or {}
    return {
        "id": bare(told["Id"]),
        "tags": [short(tag) for tag in told.get("RepoTags") or []][:10],
        "created": seconds(told.get("Created")),
        "size": told.get("Size", 0),
        "labels": {
            short(key): short(value)
            for key, value in (config.get("Labels") or {}).items()
            if key.startswith("labocloud.")
        },
        "user": short(config.get("User")),
        "entrypoint": [short(one) for one in config.get("Entrypoint") or []][:20],
        "command": [short(one) for one in config.get("Cmd") or []][:20],
        "layers": [bare(one) for one in (told.get("RootFS") or {}).get("Layers") or []],
        "history": [
            {
                "by": short(row.get("CreatedBy")),
                "size": row.get("Size", 0),
                "created": float(row.get("Created", 0)),
                "comment": short(row.get("Comment")),
            }
            for row in reversed(history[:50])
        ],
    }


def service_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give a service as a snapshot has it."""
    spec = told.get("Spec") or {}
    template = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    ports = (told.get("Endpoint") or {}).get("Ports") or []
    return {
        "id": told["ID"],
        "name": short(spec.get("Name")),
        "image": short(template.get("Image")),
        "replicas": ((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas") or 0,
        "update": (told.get("UpdateStatus") or {}).get("State", ""),
        "ports": {
            f"{port.get('TargetPort')}/{port.get('Protocol')}": port.get("PublishMode", "")
            for port in ports
        },
    }


def task_of(told: dict[str, Any]) -> dict[str, Any]:
    """Give one of a service's tasks as a snapshot has it."""
    status = told.get("Status") or {}
    template = (told.get("Spec") or {}).get("ContainerSpec") or {}
    return {
        "service": told.get("ServiceID", ""),
        "container": (status.get("ContainerStatus") or {}).get("ContainerID", ""),
        "image": short(template.get("Image")),
        "state": status.get("State", ""),
        "error": short(status.get("Err")),
    }


def containers(ask: Asking, commands: list[str]) -> Iterator[dict[str, Any]]:
    """Give the containers, the newest first."""
    for listed in ask(f"/containers/json?all=true&limit={MOST}"):
        if told := ask(f"/containers/{listed['Id']}/json"):
            yield container_of(told, commands)


def images(ask: Asking) -> Iterator[dict[str, Any]]:
    """Give the images, those that have a name first."""
    listed = ask("/images/json")
    listed.sort(key=lambda one: not any(tag != "<none>:<none>" for tag in one["RepoTags"] or []))
    for one in listed[:MOST]:
        told, history = ask(f"/images/{one['Id']}/json"), ask(f"/images/{one['Id']}/history")
        if told:
            yield image_of(told, history or [])


def log_of(ask: Asking, name: str) -> str:
    """Give the end of what a container has written: each piece comes behind eight bytes."""
    told = ask.text(f"/containers/{quote(name)}/logs?stdout=true&stderr=true&tail=60")
    parts, at = [], 0
    while at + 8 <= len(told):
        length = int.from_bytes(told[at + 4 : at + 8], "big")
        parts.append(told[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(parts).decode(errors="replace")[-LONGEST_LOG:]


def changes_of(ask: Asking, name: str) -> list[list[str]]:
    """Give the files in which a container differs from its image."""
    found = ask(f"/containers/{quote(name)}/changes") or []
    return [[KINDS.get(one["Kind"], ""), short(one["Path"])] for one in found[:MOST]]


def page_of(port: int, path: str) -> dict[str, Any] | None:
    """Give a page that answers at a port of this machine, None where none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with closing(connection):
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(LONGEST_PAGE).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return None
        told = answer.headers.get("Last-Modified", "")
        try:
            parsed = datetime.strptime(told, "%a, %d %b %Y %H:%M:%S GMT")
            modified = parsed.replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            modified = 0.0
        return {"status": answer.status, "modified": modified, "body": body}


def swarm(ask: Asking) -> dict[str, Any]:
    """Give the services of a swarm that this machine manages, and their tasks."""
    names = {}
    services = []
    for told in ask("/services")[:MOST]:
        services.append(service_of(told))
        names[told["ID"]] = services[-1]["name"]
    tasks = [task_of(told) for told in ask("/tasks")[:MOST]]
    for task in tasks:
        task["service"] = names.get(task["service"], task["service"])
    return {"services": services, "tasks": tasks}


def taken(docker: DockerConnection, wants: Mapping[str, Any]) -> dict[str, Any]:
    """Give the snapshot, not yet held against its shape. Raises as DockerConnection.ask does."""
    ask = Asking(docker)
    info = ask("/info")
    there = list(containers(ask, wants["commands"]))
    names = {one["name"]: one for one in there}
    pages = {}
    for name, port, path in wants["pages"]:
        for published in names.get(name, {"ports": {}})["ports"].get(f"{port}/tcp", [])[:1]:
            if page := page_of(published, path):
                pages[f"{name}:{port}{path}"] = page
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
        "images": list(images(ask)),
        "networks": [
            {"name": short(one["Name"]), "driver": one["Driver"], "internal": one["Internal"]}
            for one in ask("/networks")[:MOST]
        ],
        "volumes": [
            {
                "name": short(one["Name"]),
                "driver": one["Driver"],
                "created": seconds(one.get("CreatedAt")),
                "labels": labels_of(one),
            }
            for one in (ask("/volumes")["Volumes"] or [])[:MOST]
        ],
        **(swarm(ask) if managing else {"services": [], "tasks": []}),
        "logs": {name: log_of(ask, name) for name in wants["logs"] if name in names},
        "changes": {name: changes_of(ask, name) for name in wants["changes"] if name in names},
        "pages": pages,
    }


def take(wants: Mapping[str, Any], socket: str = SOCKET) -> dict[str, Any]:
    """Give the snapshot of this machine's Docker. wants: as wanted() gives it.

    Raises OSError where no engine answers, or this account may not ask it.
    """
    try:
        with closing(DockerConnection(socket, ONE_ANSWER)) as docker:
            told = taken(docker, wants)
    except (http.client.HTTPException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise OSError(f"what answers at {socket} is no Docker Engine: {error!r}") from error
    return shaped(told)


def shaped(told: object) -> dict[str, Any]:
    """Give what somebody says is a snapshot as one: what has another shape is left out."""
    held: dict[str, Any] = fitted(told, SNAPSHOT, "snapshot", [])
    return held


def empty() -> dict[str, Any]:
    """Give the snapshot of a Docker that has nothing."""
    held: dict[str, Any] = nothing(SNAPSHOT)
    return held
