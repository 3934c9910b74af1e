# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The engine's answers, as far as they are relied on: what they hold, and in which shape.

It is Docker's API, 1.41 to 1.53: each type names the fields that are read here, and its shape says
what they may be; others stand beside them. Engines differ in what they leave out, so that few
fields are in every shape: whoever needs one more asks with needing(shape, field).
"""

from __future__ import annotations

from typing import Any, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape

# An image's or a container's whole description, as its shape has it: what is made of it may be of
# any of its fields, and its fingerprint is of many.
Description = dict[str, Any]
# What a swarm holds, a plugin, or a row of an image's history: the same.
Row = dict[str, Any]
# The space that is used: Images, Volumes and BuildCache, as USAGE has them.
Usage = dict[str, Any]


def needing(shape: dict[Any, Shape], *fields: str) -> dict[Any, Shape]:
    """Return the shape of an object in which these fields may not be missing."""
    needed = {f"{field}?": field for field in fields}
    return {needed.get(key, key): value for key, value in shape.items()}


# How an engine lists an image that has no name.
NO_NAME = "<none>:<none>"

# What every list is, but that of volumes.
LIST: Shape = [object]


class Swarm(TypedDict, total=False):
    """A machine's part in a swarm: empty, where it has none."""

    LocalNodeState: str
    NodeID: str
    ControlAvailable: bool


class Info(TypedDict, total=False):
    """The engine itself."""

    ServerVersion: str
    DockerRootDir: str
    Driver: str
    DriverStatus: list[list[str]] | None
    NCPU: int
    CpuCfsQuota: bool
    MemoryLimit: bool
    PidsLimit: bool
    Swarm: Swarm
    HttpProxy: str | None
    HttpsProxy: str | None
    SecurityOptions: list[str] | None


INFO: dict[Any, Shape] = {
    "ServerVersion?": str,
    "DockerRootDir?": str,
    "Driver?": str,
    "DriverStatus?": ([[str]], None),
    "NCPU?": int,
    "CpuCfsQuota?": bool,
    "MemoryLimit?": bool,
    "PidsLimit?": bool,
    "Swarm?": {
        "LocalNodeState?": str,
        "NodeID?": str,
        "ControlAvailable?": bool,
        ...: object,
    },
    "HttpProxy?": (str, None),
    "HttpsProxy?": (str, None),
    "SecurityOptions?": ([str], None),
    ...: object,
}


class ListedImage(TypedDict, total=False):
    """An image in the engine's list."""

    Id: str
    RepoTags: list[str] | None


LISTED_IMAGE: dict[Any, Shape] = {"Id": str, "RepoTags?": ([str], None), ...: object}
IMAGE: dict[Any, Shape] = {
    "Id?": str,
    "RepoTags?": ([str], None),
    "RepoDigests?": ([str], None),
    "Parent?": str,
    "Architecture?": str,
    "RootFS?": {"Layers?": ([str], None), ...: object},
    "Config?": (
        {
            "Labels?": ({str: str}, None),
            "Healthcheck?": ({...: object}, None),
            ...: object,
        },
        None,
    ),
    ...: object,
}


class Port(TypedDict, total=False):
    """A port of a container, in the engine's list; PublicPort is the machine's."""

    PublicPort: int
    IP: str
    Type: str


class Mount(TypedDict, total=False):
    """What a container mounts, in the engine's list. Name: a volume's."""

    Type: str
    Name: str


class ListedContainer(TypedDict, total=False):
    """A container in the engine's list. SizeRw: bytes, where sizes were asked for."""

    Id: str
    Names: list[str] | None
    Image: str
    ImageID: str
    State: str
    Status: str
    Labels: dict[str, str] | None
    Ports: list[Port] | None
    SizeRw: int
    Mounts: list[Mount] | None
    NetworkSettings: dict[str, Any] | None


LISTED_CONTAINER: dict[Any, Shape] = {
    "Id": str,
    "Names?": ([str], None),
    "Image?": str,
    "ImageID?": str,
    "State?": str,
    "Status?": str,
    "Labels?": ({str: str}, None),
    "Ports?": ([{"PublicPort?": int, "IP?": str, "Type?": str, ...: object}], None),
    "SizeRw?": int,
    "Mounts?": ([{"Type?": str, "Name?": str, ...: object}], None),
    "NetworkSettings?": (
        {"Networks?": ({str: {"NetworkID?": str, ...: object}}, None), ...: object},
        None,
    ),
    ...: object,
}
# A container in the list for whoever reads nothing there but its ID.
IDENTIFIED: dict[Any, Shape] = {"Id": str, ...: object}
CONTAINER: dict[Any, Shape] = {
    "Config?": {"User?": (str, None), ...: object},
    "HostConfig?": {
        "PortBindings?": ({str: ([{"HostIp?": str, "HostPort": str, ...: object}], None)}, None),
        ...: object,
    },
    "Mounts?": ([{"Source?": str, "Destination": str, ...: object}], None),
    ...: object,
}


class Network(TypedDict, total=False):
    """A network."""

    Id: str
    Name: str
    Driver: str
    Internal: bool
    Options: dict[str, str] | None
    IPAM: dict[str, Any] | None


NETWORK: dict[Any, Shape] = {
    "Id?": str,
    "Name": str,
    "Driver?": str,
    "Internal?": bool,
    "Options?": ({str: str}, None),
    "IPAM?": ({"Config?": ([{"Subnet?": str, ...: object}], None), ...: object}, None),
    ...: object,
}


class Volume(TypedDict, total=False):
    """A volume. CreatedAt: a time, as of RFC 3339."""

    Name: str
    Driver: str
    CreatedAt: str
    Options: dict[str, str] | None


VOLUMES: Shape = {"Volumes?": ([object], None), ...: object}
VOLUME: dict[Any, Shape] = {
    "Name": str,
    "Driver?": str,
    "CreatedAt?": str,
    "Options?": ({str: str}, None),
    ...: object,
}
# Sizes are bytes, -1 where they were not measured. CreatedAt sorts as text.
USAGE: dict[Any, Shape] = {
    "Images?": ([{"Id": str, "Size": int, "SharedSize": int, ...: object}], None),
    "Volumes?": ([{"Name": str, "UsageData": {"Size": int, ...: object}, ...: object}], None),
    "BuildCache?": (
        [{"ID": str, "Shared": bool, "Size": int, "CreatedAt": str, ...: object}],
        None,
    ),
    ...: object,
}
PLUGIN: dict[Any, Shape] = {"Id": str, "Name": str, ...: object}
# A service, a secret or a configuration of a swarm.
IN_SWARM: dict[Any, Shape] = {"ID": str, "Spec": {"Name": str, ...: object}, ...: object}
ROW: dict[Any, Shape] = {...: object}
