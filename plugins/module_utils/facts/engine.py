# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out what a seat's engine has: itself, its images, containers, networks and volumes.

An engine may be slow, ill, or none at all: each of its answers is read as far as its shape is known
and there is time. What is not is left out, and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Image,
    Info,
    ListedContainer,
    Network,
    Port,
    needing,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import (
    Reader,
    UnclearError,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint

# Seconds for one answer, and for all of them; bytes of one, which with a thousand images has 1 MB.
_ANSWER_SECONDS, _ENGINE_SECONDS = 20.0, 45.0
ANSWER_BYTES = 16 * 2**20
# More than the seat of a class ever has.
_MOST_IMAGES, _MOST_CONTAINERS, _MOST_NETWORKS, _MOST_VOLUMES = 1000, 500, 500, 5000
_MOST_LAYERS, _MOST_PORTS = 200, 2000
# Labels of an image or a container, and characters of each; the toolkit's own have a hundred.
MOST_LABELS, LONGEST_LABEL = 50, 500
_OUR_LABELS = "labocloud."
# The fields of a container's HostConfig that are facts, and how many entries of a list are.
CONTAINER_SETTINGS = (
    "AutoRemove",
    "CapAdd",
    "CapDrop",
    "CgroupnsMode",
    "DeviceCgroupRules",
    "Devices",
    "GroupAdd",
    "IpcMode",
    "Memory",
    "NanoCpus",
    "NetworkMode",
    "PidMode",
    "PidsLimit",
    "Privileged",
    "ReadonlyRootfs",
    "RestartPolicy",
    "SecurityOpt",
    "Tmpfs",
    "UTSMode",
    "UsernsMode",
)
ENTRIES = 20
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # as Docker writes it, too
_DOCKER_NETWORKS = {"bridge", "host", "none", "docker_gwbridge", "ingress"}
# The shapes of answers, with the fields that the facts cannot do without.
INFO = needing(answers.INFO, "ServerVersion", "DockerRootDir", "Driver")
IMAGE = needing(answers.IMAGE, "Id", "Architecture", "RootFS")
_LISTED_CONTAINER = needing(answers.LISTED_CONTAINER, "Image", "ImageID", "State", "Status")
CONTAINER = needing(answers.CONTAINER, "Config", "HostConfig")
NETWORK = needing(answers.NETWORK, "Driver")


def engine_facts(path: str, odd: Odd) -> dict[str, Any]:
    """Return what an engine has; where none answers, the reason and empty lists.

    path: its socket's. odd: gets a sentence for whatever is left out. Raises nothing.
    """
    with reading(path, odd) as reader:
        try:
            info = reader.info(INFO)
        except UnclearError as error:
            odd.add(str(error))
            return _no_engine("what answers at its socket is not understood")
        except OSError as error:
            return _no_engine(str(error))
        # The images come first: the answers share one limit of time, and images decide most.
        images = image_facts(_inspected_images(reader, odd))
        networks = reader.networks(NETWORK, most=_MOST_NETWORKS)
        volumes = reader.volumes(most=_MOST_VOLUMES)
        return {
            "engine": _engine(info, reader.docker.uid),
            "images": images,
            "containers": container_facts(described_containers(reader)),
            "networks": sorted({network["Name"] for network in networks} - _DOCKER_NETWORKS),
            "volumes": sorted(volume["Name"] for volume in volumes),
            "network": docker_network_facts(networks, info),
        }


@contextmanager
def reading(path: str, odd: Odd, seconds: float = _ENGINE_SECONDS) -> Iterator[Reader]:
    """Yield a reader of an engine, for as long as there is time for all of its answers.

    odd: gets a sentence for whatever is left out.
    """
    docker = DockerConnection(
        path, _ANSWER_SECONDS, total_seconds=seconds, answer_bytes=ANSWER_BYTES
    )
    with closing(docker):
        yield Reader(docker, odd.add, lists_required=False)


def _no_engine(reason: str) -> dict[str, Any]:
    """Return what engine_facts() returns where no engine answers."""
    return {
        "engine": {
            "running": False,
            "version": "",
            "root": "",
            "driver": "",
            "partial": False,
            "cpus": 0,
            "memory": False,
            "pids": False,
            "swarm": False,
            "uid": None,
            "why": " ".join(reason.split())[:LONGEST_LABEL],
        },
        "images": {},
        "containers": {},
        "networks": [],
        "volumes": [],
        "network": {"docker": [], "docker_mtu": 0, "docker_proxy": False},
    }


def _engine(info: Info, uid: int | None) -> dict[str, Any]:
    """Return the facts on the engine itself. uid: the account that it runs as."""
    return {
        "running": True,
        "version": info["ServerVersion"],
        "root": info["DockerRootDir"],
        "driver": info["Driver"],
        "partial": _loads_partial_archives(info),
        "cpus": info.get("NCPU", 0) if info.get("CpuCfsQuota") else 0,
        "memory": info.get("MemoryLimit", False),
        "pids": info.get("PidsLimit", False),
        "swarm": info.get("Swarm", {}).get("LocalNodeState", "inactive") != "inactive",
        "uid": uid,
        "why": "",
    }


def _loads_partial_archives(info: Info) -> bool:
    """Return whether the engine skips layers of an archive that it has.

    The graph drivers do: the layer's file is not even opened. containerd's image store, the
    default of new installations of Docker 29, wants all of them.
    """
    return not any(
        "snapshotter" in value for pair in info.get("DriverStatus") or [] for value in pair[1:]
    )


def labels_of(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Return labels, as many as there is room for, the toolkit's own first."""
    labels = labels or {}
    names = sorted(labels, key=lambda name: (not name.startswith(_OUR_LABELS), name))
    return {
        name: labels[name][:LONGEST_LABEL]
        for name in names[:MOST_LABELS]
        if len(name) <= LONGEST_LABEL
    }


def _inspected_images(reader: Reader, odd: Odd) -> dict[str, Image]:
    """Return the engine's own description of its tagged images, by tag."""
    images: dict[str, Image] = {}
    for listed in reader.images(most=_MOST_IMAGES):
        tags = [tag for tag in listed.get("RepoTags") or [] if tag != answers.NO_NAME]
        # A broken image can be used for nothing, so it is no fact.
        image = reader.image(listed["Id"], IMAGE) if tags else None
        if image is not None:
            images.update(dict.fromkeys(tags, image))
    if len(images) > _MOST_IMAGES:
        odd.add(f"of {len(images)} names of images, {_MOST_IMAGES} are told")
    return {tag: images[tag] for tag in list(images)[:_MOST_IMAGES]}


def image_facts(inspected: Mapping[str, Image]) -> dict[str, Any]:
    """Return the engine's tagged images. inspected: as _inspected_images() returns them."""
    images = {}
    for tag, image in inspected.items():
        labels = labels_of((image.get("Config") or {}).get("Labels"))
        images[tag] = {
            "id": image["Id"],
            "revision": labels.get("labocloud.revision", ""),
            "fingerprint": fingerprint(image),
            "layers": (image["RootFS"].get("Layers") or [])[:_MOST_LAYERS],
            "labels": labels,
        }
    return images


def described_containers(reader: Reader) -> Iterator[tuple[ListedContainer, Container | None]]:
    """Yield the engine's containers, the stopped ones too: as listed, and as described."""
    for listed in reader.containers(_LISTED_CONTAINER, most=_MOST_CONTAINERS):
        yield listed, reader.container(listed["Id"], CONTAINER)


def container_facts(
    containers: Iterable[tuple[ListedContainer, Container | None]],
) -> dict[str, Any]:
    """Return the engine's containers by name. containers: as described_containers() yields them."""
    facts = {}
    for listed, described in containers:
        health = re.search(r"\((?:health: )?(\w+)\)$", listed["Status"])
        # A container that died while it was removed has no name left.
        name = (listed.get("Names") or [listed["Id"][:12]])[0].lstrip("/")
        facts[name] = {
            "id": listed["Id"],
            "image": listed["Image"],
            "image_id": listed["ImageID"],
            "state": listed["State"],
            "health": health.group(1) if health and listed["State"] == "running" else None,
            "labels": labels_of(listed.get("Labels")),
            "ports": _published(listed.get("Ports")),
            "settings": container_settings(described) if described else {},
        }
    return facts


def container_settings(described: Container) -> dict[str, Any]:
    """Return what a container was started with, from the engine's description of it."""
    host = described["HostConfig"]
    bindings = host.get("PortBindings") or {}
    settings = {
        **{key: host.get(key) for key in CONTAINER_SETTINGS},
        "User": described["Config"].get("User"),
        "Mounts": [
            f"{mount.get('Source', '')}:{mount['Destination']}"
            for mount in described.get("Mounts") or []
        ],
        "PortBindings": sorted(
            f"{end.get('HostIp') or _ANY_ADDRESS}:{end['HostPort']}:{port}"
            for port, ends in bindings.items()
            for end in ends or []
        ),
    }
    return {key: _few(value) for key, value in settings.items()}


def _few(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return the first entries of a list or an object, and anything else as it is."""
    if isinstance(value, list):
        return value[:ENTRIES]
    return dict(list(value.items())[:ENTRIES]) if isinstance(value, dict) else value


def _published(ports: Iterable[Port] | None) -> list[dict[str, Any]]:
    """Return the ports of the machine at which a container answers: address, port and protocol."""
    ends = {
        (port["PublicPort"], port.get("Type") or "tcp", port.get("IP") or _ANY_ADDRESS)
        for port in ports or []
        if "PublicPort" in port
    }
    return [
        {"address": address, "port": number, "protocol": protocol}
        for number, protocol, address in sorted(ends)[:_MOST_PORTS]
    ]


def docker_network_facts(networks: list[Network], info: Info) -> dict[str, Any]:
    """Return the networks of containers, their MTU, and whether the engine has a proxy.

    networks, info: of the shapes NETWORK and INFO.
    """
    bridge = next(
        (network.get("Options") or {} for network in networks if network["Name"] == "bridge"), None
    )
    mtu = "0" if bridge is None else bridge.get("com.docker.network.driver.mtu", "1500")
    return {
        "docker": [
            {"name": network["Name"], "subnet": configuration["Subnet"]}
            for network in networks
            for configuration in ((network.get("IPAM") or {}).get("Config") or [])[:ENTRIES]
            if network["Driver"] == "bridge" and "Subnet" in configuration
        ],
        "docker_mtu": int(mtu) if re.fullmatch("[0-9]{1,9}", mtu) else 0,
        "docker_proxy": bool(info.get("HttpProxy") or info.get("HttpsProxy")),
    }
