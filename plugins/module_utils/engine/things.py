# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What is in a machine's Docker, and what tells one thing there from another of its name.

Who removes what students made must not take what an engine does not tell for what is not there: so
whatever is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import needing
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import (
    Reader,
    UnclearError,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.state import Identities

# What a listing cannot do without.
_CONTAINER = needing(answers.LISTED_CONTAINER, "ImageID", "State")
_IMAGE = needing(answers.IMAGE, "Id", "Architecture", "RootFS")
_NETWORK = needing(answers.NETWORK, "Id", "Driver")
_VOLUME = needing(answers.VOLUME, "Driver")


class Thing(TypedDict):
    """What has an ID and a name."""

    id: str
    name: str


class Container(Thing):
    """A container. image: an ID. volumes: their names. networks: their names and IDs."""

    state: str
    image: str
    bytes: int
    volumes: list[str]
    networks: list[str]


class Image(TypedDict):
    """An image. bytes: those that it shares with no other one."""

    names: list[str]
    digests: list[str]
    labels: dict[str, str]
    parent: str
    layers: list[str]
    fingerprint: str
    bytes: int


class Volume(TypedDict):
    """A volume. elsewhere: whether its data are in no directory of the engine's."""

    name: str
    driver: str
    elsewhere: bool
    bytes: int


class Network(Thing):
    """A network."""

    driver: str


class Piece(TypedDict):
    """A piece of the build cache."""

    id: str
    bytes: int


class Engine(TypedDict):
    """What is in an engine.

    images: by ID. swarm: the node's ID, empty where it is in none. services, secrets, configs:
    where the node manages its swarm.
    """

    images: dict[str, Image]
    containers: list[Container]
    volumes: list[Volume]
    networks: list[Network]
    plugins: list[Thing]
    cache: list[Piece]
    swarm: str
    services: list[Thing]
    secrets: list[Thing]
    configs: list[Thing]


def look(docker: DockerConnection) -> Engine:
    """Return what is in the engine. Raises OSError where the engine does not tell all of it."""
    reader = Reader(docker)
    usage = reader.usage()
    listed = reader.images(intermediate=True)
    images = [reader.image(image["Id"], _IMAGE) for image in listed]
    swarm = reader.info().get("Swarm") or {}
    return {
        "images": _images(filter(None, images), usage),
        "containers": [
            _container(container) for container in reader.containers(_CONTAINER, sizes=True)
        ],
        "volumes": _volumes(reader.volumes(_VOLUME), usage),
        "networks": [
            {"id": network["Id"], "name": network["Name"], "driver": network["Driver"]}
            for network in reader.networks(_NETWORK)
        ],
        "plugins": [{"id": plugin["Id"], "name": plugin["Name"]} for plugin in reader.plugins()],
        "cache": _cache(usage),
        "swarm": swarm.get("NodeID", ""),
        "services": _in_swarm(reader, "services", swarm),
        "secrets": _in_swarm(reader, "secrets", swarm),
        "configs": _in_swarm(reader, "configs", swarm),
    }


def identities(engine: Engine) -> Identities:
    """Return what tells the things of an engine from others of their names.

    A volume has nothing but its name.
    """
    return {
        "containers": [container["id"] for container in engine["containers"]],
        "images": {key: image["names"] for key, image in engine["images"].items()},
        "networks": [network["id"] for network in engine["networks"]],
        "plugins": [plugin["id"] for plugin in engine["plugins"]],
        "cache": [piece["id"] for piece in engine["cache"]],
        "swarm": engine["swarm"],
    }


def _images(images: Iterable[answers.Image], usage: answers.Usage) -> dict[str, Image]:
    """Return images, from the engine's descriptions, by ID."""
    # What is not shared was not measured where the engine reports -1.
    unshared = {
        image["Id"]: image["Size"] - max(image["SharedSize"], 0)
        for image in usage.get("Images") or []
    }
    return {
        image["Id"]: {
            "names": [name for name in image.get("RepoTags") or [] if name != answers.NO_NAME],
            "digests": image.get("RepoDigests") or [],
            "labels": (image.get("Config") or {}).get("Labels") or {},
            "parent": image.get("Parent", ""),
            "layers": image["RootFS"].get("Layers") or [],
            "fingerprint": fingerprint(image),
            "bytes": unshared.get(image["Id"], 0),
        }
        for image in images
    }


def _container(container: answers.ListedContainer) -> Container:
    """Return a container, from the engine's list with sizes."""
    return {
        "id": container["Id"],
        "name": (container.get("Names") or [container["Id"][:12]])[0].lstrip("/"),
        "state": container["State"],
        "image": container["ImageID"],
        "bytes": container.get("SizeRw", 0),
        "volumes": volumes_of(container.get("Mounts") or []),
        "networks": networks_of(container),
    }


def volumes_of(mounts: Iterable[answers.NamedMount]) -> list[str]:
    """Return the names of the volumes among the mounts of a container. Raises UnclearError."""
    volumes = [mount for mount in mounts if mount.get("Type") == "volume"]
    if not all("Name" in volume for volume in volumes):
        raise UnclearError("the engine's answer is not understood: a volume has no name")
    return [volume["Name"] for volume in volumes]


def networks_of(container: answers.ListedContainer | answers.Container) -> list[str]:
    """Return the names and IDs of the networks of a container, listed or described.

    One that has not been started has the names alone.
    """
    joined = (container.get("NetworkSettings") or {}).get("Networks") or {}
    identifiers = ((endpoint or {}).get("NetworkID") for endpoint in joined.values())
    return [*joined, *filter(None, identifiers)]


def _volumes(volumes: Iterable[answers.Volume], usage: answers.Usage) -> list[Volume]:
    """Return volumes, from the engine's list."""
    # The engine measures nothing of some volumes, and leaves them out of its usage.
    measured = {
        volume["Name"]: max(volume["UsageData"]["Size"], 0) for volume in usage.get("Volumes") or []
    }
    return [
        {
            "name": volume["Name"],
            "driver": volume["Driver"],
            "elsewhere": volume["Driver"] != "local" or is_a_mount(volume),
            "bytes": measured.get(volume["Name"], 0),
        }
        for volume in volumes
    ]


def is_a_mount(volume: answers.Volume) -> bool:
    """Return whether a volume of the engine's own driver is something that its options mount."""
    return bool({"type", "device"} & set(volume.get("Options") or {}))


def _cache(usage: answers.Usage) -> list[Piece]:
    """Return the pieces of the build cache, the newest first.

    A piece can only go before those that it was made from.
    """
    pieces = usage.get("BuildCache") or []
    return [
        {"id": piece["ID"], "bytes": 0 if piece["Shared"] else piece["Size"]}
        for piece in sorted(pieces, key=lambda piece: piece["CreatedAt"], reverse=True)
    ]


def _in_swarm(reader: Reader, kind: str, swarm: answers.Swarm) -> list[Thing]:
    """Return what a swarm has of a kind. swarm: as the engine's description of itself has it."""
    # A swarm that this machine does not manage, or that has lost its managers, tells nothing. It
    # can be left all the same.
    rows = reader.in_swarm(kind) if swarm.get("ControlAvailable") else []
    return [{"id": row["ID"], "name": row["Spec"]["Name"]} for row in rows]
