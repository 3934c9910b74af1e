# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Convert an engine's answers to the fields of a snapshot, which are short.

A function raises ArithmeticError, AttributeError, LookupError, TypeError or ValueError for an
answer of an unexpected shape.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from datetime import datetime

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import fields
from ansible_collections.labocloud.room.plugins.module_utils.lesson.pages import Endpoint
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import BASE, COURSE

# Characters of a log, and of any other text; tags of an image.
LONGEST_LOG, _LONGEST, _MOST_TAGS = 4000, 300, 100
# Characters, as JSON, of the lines that have their times; bytes of a file.
LONGEST_LINES, LONGEST_TEXT = 8000, 4000
# Containers that events name. Of events an engine has fewer than 300, all of which may be endings.
_MOST_NAMED = 200
# The labels of a container or a volume that a snapshot has: those that say whose it is. What else
# somebody wrote there may be secret.
_LABELS = re.compile(
    r"com\.docker\.(compose\.(project|service|oneoff|volume)|swarm\.service\.name)|labo\..*"
)
# In an image's history, the values of ENV and ARG: they may be secrets, as a container's are.
_VALUES = re.compile(r"^((?:/bin/sh -c #\(nop\) *)?(?:ENV|ARG)\b).*|\|\d+ .*?(?=/bin/)", re.DOTALL)
# The bits of Go's FileMode that tell what is no file: a directory, a link, and a pipe, a socket, a
# device of either kind, or something else.
_KINDS = {
    1 << 31: "directory",
    1 << 27: "link",
    1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19: "other",
}


def seconds(text: object) -> float:
    """Return a time of the engine's, which has nanoseconds, in seconds since 1970, else 0."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", str(text))
    # The engine writes the year 1 where there is no time.
    if match is None or match[1].startswith("0001"):
        return 0.0
    zone = match[3].replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(match[1] + zone).timestamp() + float(match[2] or 0)
    except ValueError:
        return 0.0


def short(text: object) -> str:
    """Return at most _LONGEST characters of a text, in one line, without control characters."""
    beginning = str(text or "")[:_LONGEST]
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "?"
        for character in beginning
    )


def _bare(identity: object) -> str:
    """Return an ID without the name of its algorithm."""
    return short(identity).removeprefix("sha256:")[:64]


class ContainerWithEndpoints(fields.Container):
    """A container as a snapshot has it, and by port where its pages are fetched from."""

    endpoints: dict[str, Endpoint | None]


def _labels_of(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Return those labels of a container or a volume that a snapshot has, at most ten."""
    matching = [item for item in (labels or {}).items() if _LABELS.fullmatch(item[0])]
    return {short(key): short(value) for key, value in matching[:10]}


def container_of(described: answers.Container, commands: list[str]) -> ContainerWithEndpoints:
    """Return a container. commands: the names of those whose command the snapshot has."""
    state, config = described["State"], described.get("Config") or {}
    host, settings = described.get("HostConfig") or {}, described.get("NetworkSettings") or {}
    ports = dict(list((settings.get("Ports") or {}).items())[:20])
    networks = dict(list((settings.get("Networks") or {}).items())[:10])
    name = short(described["Name"]).lstrip("/")
    command = [described.get("Path"), *(described.get("Args") or [])][:20]
    return {
        "id": short(described["Id"]),
        "name": name,
        "image": short(config.get("Image")),
        "image_id": _bare(described.get("Image")),
        "created": seconds(described.get("Created")),
        "status": short(state.get("Status")),
        "exit": state.get("ExitCode", 0),
        "error": short(state.get("Error")),
        "oom": bool(state.get("OOMKilled")),
        "started": seconds(state.get("StartedAt")),
        "finished": seconds(state.get("FinishedAt")),
        "health": short((state.get("Health") or {}).get("Status")),
        "command": [short(word) for word in command] if name in commands else [],
        "hostname": short(config.get("Hostname")),
        "labels": _labels_of(config.get("Labels")),
        "init": bool(host.get("Init")),
        "rm": bool(host.get("AutoRemove")),
        "restart": short((host.get("RestartPolicy") or {}).get("Name")),
        "restarts": described.get("RestartCount", 0),
        "memory": host.get("Memory") or 0,
        "network": short(host.get("NetworkMode")),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "ports": _ports_of(ports),
        "endpoints": _endpoints_of(ports),
        "mounts": [_mount_of(mount) for mount in (described.get("Mounts") or [])[:20]],
        "networks": {
            short(network): [short(alias) for alias in (attached or {}).get("Aliases") or []][:5]
            for network, attached in networks.items()
        },
        "addresses": {
            short(network): short((attached or {}).get("IPAddress"))
            for network, attached in networks.items()
        },
    }


def _ports_of(
    ports: Mapping[str, list[answers.PublishedPort] | None],
) -> dict[str, list[int]]:
    """Return the ports of the seat at which a container's answer, by these."""
    return {
        short(port): sorted(
            {int(binding["HostPort"]) for binding in bindings if binding.get("HostPort")}
        )[:5]
        for port, bindings in ports.items()
        if bindings
    }


def _endpoints_of(
    ports: Mapping[str, list[answers.PublishedPort] | None],
) -> dict[str, Endpoint | None]:
    """Return where the pages of a container are fetched from, by port."""
    return {
        short(port): next(
            (
                Endpoint(_address_of(binding), int(binding["HostPort"]))
                for binding in bindings
                if binding.get("HostPort")
            ),
            None,
        )
        for port, bindings in ports.items()
        if bindings
    }


def _address_of(binding: answers.PublishedPort) -> str:
    """Return the address of the seat at which a published port answers."""
    address = short(binding.get("HostIp"))
    anywhere = ("", "0.0.0.0", "::")  # noqa: S104  # not listened at
    return "127.0.0.1" if address in anywhere else address


def _mount_of(mount: answers.MountPoint) -> fields.Mount:
    """Return what a container mounts as a snapshot has it."""
    return {
        "type": short(mount.get("Type")),
        "name": short(mount.get("Name")),
        "from": short(mount.get("Source")),
        "to": short(mount.get("Destination")),
        "rw": bool(mount.get("RW")),
    }


def _layers_of(layers: Iterable[str]) -> list[str]:
    """Return an image's layers as a snapshot has them."""
    return [_bare(layer)[:16] for layer in layers][:130]


def delivered_as(name: str) -> str:
    """Return which of the course's images has a name, base or course, else the empty text."""
    if name == BASE:
        return "base"
    return "course" if name == COURSE or name.startswith(f"{COURSE}-") else ""


def gone_of(image: Delivered) -> fields.Gone:
    """Return an image that was delivered and is not there."""
    return {
        "delivered": delivered_as(image["name"]),
        "layers": _layers_of(image["layers"]),
        "rows": image["rows"],
    }


def image_of(
    described: answers.Image, history: list[answers.HistoryRow], delivered: str
) -> fields.Image:
    """Return an image.

    history: the newest row first. delivered: the name by which it was delivered, empty if none.
    """
    config = described.get("Config") or {}
    layers = (described.get("RootFS") or {}).get("Layers") or []
    return {
        "id": _bare(described["Id"]),
        "delivered": delivered_as(delivered),
        "tags": [short(tag) for tag in described.get("RepoTags") or []][:_MOST_TAGS],
        "created": seconds(described.get("Created")),
        "size": described.get("Size", 0),
        "labels": {
            short(key): short(value)
            for key, value in list((config.get("Labels") or {}).items())[:20]
            if key.startswith("labocloud.")
        },
        "user": short(config.get("User")),
        "entrypoint": [short(word) for word in config.get("Entrypoint") or []][:20],
        "command": [short(word) for word in config.get("Cmd") or []][:20],
        "layers": _layers_of(layers),
        "history": [
            {
                "by": short(_VALUES.sub(r"\1", str(row.get("CreatedBy") or ""))),
                "size": row.get("Size", 0),
                "created": float(row.get("Created", 0)),
            }
            # The lowest rows stay, as of the layers: the image that it is built on has them too.
            for row in reversed(history[-130:])
        ],
    }


def network_of(network: answers.Network) -> fields.Network:
    """Return a network as a snapshot has it."""
    return {
        "name": short(network["Name"]),
        "driver": short(network.get("Driver")),
        "internal": bool(network.get("Internal")),
    }


def volume_of(volume: answers.Volume) -> fields.Volume:
    """Return a volume as a snapshot has it."""
    return {
        "name": short(volume["Name"]),
        "driver": short(volume.get("Driver")),
        "created": seconds(volume.get("CreatedAt")),
        "labels": _labels_of(volume.get("Labels")),
    }


def _set_in(environment: Iterable[str] | None, variables: Iterable[str]) -> list[str]:
    """Return which of these variables an environment sets: the names, never a value."""
    names = {entry.partition("=")[0] for entry in environment or []}
    return [name for name in variables if name in names]


def service_of(service: answers.Service, variables: list[str]) -> fields.Service:
    """Return a service as a snapshot has it. variables: names of those that it may set."""
    spec = service.get("Spec") or {}
    template = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    ports = (service.get("Endpoint") or {}).get("Ports") or []
    return {
        "id": short(service["ID"]),
        "name": short(spec.get("Name")),
        "image": short(template.get("Image")),
        "replicas": ((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas") or 0,
        "update": short((service.get("UpdateStatus") or {}).get("State")),
        "ports": {
            short(f"{port.get('TargetPort')}/{port.get('Protocol')}"): short(
                port.get("PublishMode")
            )
            for port in ports[:20]
        },
        "set": _set_in(template.get("Env"), variables),
    }


def task_of(task: answers.Task, variables: list[str]) -> fields.Task:
    """Return one of a service's tasks as a snapshot has it. variables: as a service's."""
    status = task.get("Status") or {}
    template = (task.get("Spec") or {}).get("ContainerSpec") or {}
    return {
        "service": short(task.get("ServiceID")),
        "container": short((status.get("ContainerStatus") or {}).get("ContainerID")),
        "image": short(template.get("Image")),
        "state": short(status.get("State")),
        "error": short(status.get("Err")),
        "set": _set_in(template.get("Env"), variables),
    }


def log_of(data: bytes) -> str:
    """Return the end of a container's log, from the engine's answer."""
    return _unframed(data)[-LONGEST_LOG:]


def lines_of(data: bytes) -> list[fields.Line]:
    """Return the last lines of a container's log, from the engine's answer with their times."""
    lines: list[fields.Line] = []
    remaining = LONGEST_LINES
    for line in reversed(_unframed(data).split("\n")):
        time, _, text = line.partition(" ")
        told: fields.Line = {"time": seconds(time), "text": short(text)}
        remaining -= len(json.dumps(told)) + 2
        if remaining < 0:
            break
        # Of a log that is cut, one line may have no time, or a part of one.
        if told["time"]:
            lines.insert(0, told)
    return lines


def _unframed(data: bytes) -> str:
    """Return the text of a container's log, from the engine's answer.

    Before each piece there are eight bytes: whether it is output or errors, and its length. The log
    of a container with a terminal has no such bytes.
    """
    parts, start = [], 0
    while (
        data[start : start + 1] in (b"\0", b"\1", b"\2")
        and data[start + 1 : start + 4] == b"\0\0\0"
    ):
        length = int.from_bytes(data[start + 4 : start + 8], "big")
        parts.append(data[start + 8 : start + 8 + length])
        start += 8 + length
    text = b"".join([*parts, data[start:]]).decode(errors="replace")
    return text.replace("\r\n", "\n")


def file_of(stat: answers.PathStat) -> fields.File:
    """Return what is at a path of a container as a snapshot has it."""
    kinds = (kind for bits, kind in _KINDS.items() if stat["mode"] & bits)
    return {
        "kind": next(kinds, "file"),
        "size": stat["size"],
        "modified": seconds(stat["mtime"]),
    }


def text_of(archive: bytes) -> str:
    """Return the beginning of a file, from the beginning of its tar; empty where it is no file."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            member = tar.next()
    except (tarfile.TarError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return ""
    if member is None or not member.isreg():
        return ""
    text = archive[member.offset_data :][: min(member.size, LONGEST_TEXT)]
    return text.decode(errors="replace")


def events_of(events: list[answers.Event]) -> fields.Events:
    """Return what an engine's events tell of containers, as a snapshot has it.

    Of an event, nothing else is told: it has the container's labels, and what `docker exec` ran.
    """
    named: dict[str, None] = {}
    ended: dict[str, list[fields.Ending]] = {}
    for event in events:
        container = re.match(r"[0-9a-f]{12}", event["Actor"].get("ID", ""))
        if event["Type"] != "container" or container is None:
            continue
        named.pop(container[0], None)
        named[container[0]] = None
        signal = _signal_of(event)
        if signal is not None:
            ending: fields.Ending = {"time": event["timeNano"] / 1e9, "signal": signal}
            ended.setdefault(container[0], []).append(ending)
    return {
        "since": min((event["timeNano"] / 1e9 for event in events), default=0.0),
        "named": [*reversed(named)][:_MOST_NAMED],
        "ended": ended,
    }


def _signal_of(event: answers.Event) -> int | None:
    """Return the signal that an event has sent to a container, 0 for a stop, None for another."""
    if event["Action"] == "stop":
        return 0
    attributes = event["Actor"].get("Attributes") or {}
    number = re.fullmatch(r"\d{1,3}", attributes.get("signal", ""))
    return int(number[0]) if event["Action"] == "kill" and number else None
