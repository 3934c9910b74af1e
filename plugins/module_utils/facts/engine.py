# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat's engine tells of itself, of its images, containers, networks and volumes.

An engine may be slow, ill, or none at all: each of its answers is read as far as its shape is known
and there is time. What is not is left out, and told.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    fingerprint,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults

# Seconds for one answer, and for all of them; bytes of one, which with a thousand images has 1 MB.
ANSWER_SECONDS, ENGINE_SECONDS = 20.0, 45.0
ANSWER_BYTES = 16 * 2**20
# As many as a seat of a class never has.
MOST_IMAGES, MOST_CONTAINERS, MOST_NETWORKS, MOST_VOLUMES = 1000, 500, 500, 5000
MOST_LAYERS, MOST_PORTS = 200, 2000
# Labels of one thing, and characters of each; the toolkit's own have a hundred.
MOST_LABELS, LONGEST_LABEL = 50, 500
OUR_LABELS = "labocloud."
# What a container was started with, in its HostConfig; and how many entries of a list are told.
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
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # as Docker writes it, too
DOCKER_NETWORKS = {"bridge", "host", "none", "docker_gwbridge", "ingress"}

# Of the engine's answers, what is read here (Docker's API, 1.41 to 1.53). Others stand beside it.
INFO: Shape = {
    "ServerVersion": str,
    "DockerRootDir": str,
    "Driver": str,
    "DriverStatus?": ([[str]], None),
    "NCPU?": int,
    "CpuCfsQuota?": bool,
    "MemoryLimit?": bool,
    "PidsLimit?": bool,
    "Swarm?": {"LocalNodeState?": str, ...: object},
    "HttpProxy?": (str, None),
    "HttpsProxy?": (str, None),
    ...: object,
}
LISTED_IMAGE: Shape = {"Id": str, "RepoTags?": ([str], None), ...: object}
IMAGE: Shape = {
    "Id": str,
    "Architecture": str,
    "RootFS": {"Layers?": ([str], None), ...: object},
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
LISTED_CONTAINER: Shape = {
    "Id": str,
    "Names?": ([str], None),
    "Image": str,
    "ImageID": str,
    "State": str,
    "Status": str,
    "Labels?": ({str: str}, None),
    "Ports?": ([{"PublicPort?": int, "IP?": str, "Type?": str, ...: object}], None),
    ...: object,
}
CONTAINER: Shape = {
    "Config": {"User?": (str, None), ...: object},
    "HostConfig": {
        "PortBindings?": ({str: ([{"HostIp?": str, "HostPort": str, ...: object}], None)}, None),
        ...: object,
    },
    "Mounts?": ([{"Source?": str, "Destination": str, ...: object}], None),
    ...: object,
}
NETWORK: Shape = {
    "Name": str,
    "Driver": str,
    "Options?": ({str: str}, None),
    "IPAM?": ({"Config?": ([{"Subnet?": str, ...: object}], None), ...: object}, None),
    ...: object,
}
VOLUMES: Shape = {"Volumes?": ([object], None), ...: object}
VOLUME: Shape = {"Name": str, ...: object}


class UnclearError(OSError):
    """What answers is not understood."""


class Asking(DockerConnection):
    """Asks until a time; whatever goes wrong with an answer is an OSError."""

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401  # JSON
        """Give the engine's answer, as DockerConnection does; what is none is an UnclearError."""
        try:
            return super().ask(path, method, body)
        except json.JSONDecodeError:
            raise UnclearError(f"the engine's answer to {path} is no JSON") from None
        except (ValueError, RecursionError, http.client.HTTPException) as error:
            self.close()
            why = str(error) or type(error).__name__
            raise UnclearError(f"the engine's answer to {path} is none ({why})") from error


@contextmanager
def asking(path: str, seconds: float = ENGINE_SECONDS) -> Iterator[Asking]:
    """Have a connection to an engine, for as long as there is time for all of its answers."""
    docker = Asking(path, ANSWER_SECONDS, most=ANSWER_BYTES, together=seconds)
    try:
        yield docker
    finally:
        docker.close()


def understood(value: object, shape: Shape, name: str, odd: Odd) -> bool:
    """Tell whether an answer has a shape; where it has not, it is told in what."""
    wrong = next(faults(value, shape, name), "")
    if wrong:
        odd.add(f"the engine's answer is not understood: {wrong}")
    return not wrong


def listed(docker: Asking, path: str, shape: Shape, most: int, odd: Odd) -> list[dict[str, Any]]:
    """Give the elements of an answer that is a list, as many as most, as far as they have a shape.

    Where the engine does not answer, give none; what is left out is told.
    """
    name = path.strip("/").partition("/")[0].partition("?")[0]
    try:
        answer = docker.ask(path)
    except OSError as error:
        odd.add(f"the engine does not tell its {name} ({error})")
        return []
    if path == "/volumes":
        answer = (answer.get("Volumes") or []) if understood(answer, VOLUMES, name, odd) else []
    if not understood(answer, [object], name, odd):
        return []
    if len(answer) > most:
        odd.add(f"of {len(answer)} {name}, the engine's first {most} are told")
    return [
        one
        for number, one in enumerate(answer[:most])
        if understood(one, shape, f"{name}[{number}]", odd)
    ]


def described(docker: Asking, kind: str, key: str, shape: Shape, odd: Odd) -> Any:  # noqa: ANN401
    """Give the engine's description of an image or a container, by its ID.

    None where there is none, or only an error: it dies just now, or is broken. What is not
    understood is told, and None too.
    """
    try:
        told = docker.ask(f"/{kind}/{quote(key, safe=':')}/json")
    except EngineError:
        return None
    except (OSError, ValueError) as error:
        odd.add(f"the engine does not tell all of its {kind} ({error})")
        return None
    if told is None or not understood(told, shape, f"{kind}.{key[:19]}", odd):
        return None
    return told


def labels_of(labels: dict[str, str] | None) -> dict[str, str]:
    """Give the labels of a thing, not more than there is room for, the toolkit's own first."""
    names = sorted(labels or {}, key=lambda name: (not name.startswith(OUR_LABELS), name))
    return {
        name: (labels or {})[name][:LONGEST_LABEL]
        for name in names[:MOST_LABELS]
        if len(name) <= LONGEST_LABEL
    }


def inspected_images(docker: Asking, odd: Odd) -> dict[str, dict[str, Any]]:
    """Give the engine's own description of its tagged images, by tag."""
    images: dict[str, dict[str, Any]] = {}
    for one in listed(docker, "/images/json", LISTED_IMAGE, MOST_IMAGES, odd):
        tags = [tag for tag in one.get("RepoTags") or [] if tag != "<none>:<none>"]
        # A broken image is as good as none.
        image = described(docker, "images", one["Id"], IMAGE, odd) if tags else None
        if image is not None:
            images.update(dict.fromkeys(tags, image))
    if len(images) > MOST_IMAGES:
        odd.add(f"of {len(images)} names of images, {MOST_IMAGES} are told")
    return {tag: images[tag] for tag in list(images)[:MOST_IMAGES]}


def image_facts(inspected: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give the engine's tagged images."""
    images = {}
    for tag, image in inspected.items():
        labels = labels_of((image.get("Config") or {}).get("Labels"))
        images[tag] = {
            "id": image["Id"],
            "revision": labels.get("labocloud.revision", ""),
            "fingerprint": fingerprint(image),
            "layers": (image["RootFS"].get("Layers") or [])[:MOST_LAYERS],
            "labels": labels,
        }
    return images


def container_settings(told: dict[str, Any]) -> dict[str, Any]:
    """Give what a container was started with, from the engine's description of it."""
    host = told["HostConfig"]
    bindings = host.get("PortBindings") or {}
    settings = {
        **{key: host.get(key) for key in CONTAINER_SETTINGS},
        "User": told["Config"].get("User"),
        "Mounts": [
            f"{mount.get('Source', '')}:{mount['Destination']}"
            for mount in told.get("Mounts") or []
        ],
        "PortBindings": sorted(
            f"{one.get('HostIp') or ANY_ADDRESS}:{one['HostPort']}:{port}"
            for port, ends in bindings.items()
            for one in ends or []
        ),
    }
    return {key: few(value) for key, value in settings.items()}


def few(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Give the first entries of a list or an object."""
    if isinstance(value, list):
        return value[:ENTRIES]
    return dict(list(value.items())[:ENTRIES]) if isinstance(value, dict) else value


def published(ports: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Give the ports of the machine at which a container answers: address, port and protocol."""
    found = {
        (one["PublicPort"], one.get("Type") or "tcp", one.get("IP") or ANY_ADDRESS)
        for one in ports or []
        if "PublicPort" in one
    }
    return [
        {"address": address, "port": port, "protocol": protocol}
        for port, protocol, address in sorted(found)[:MOST_PORTS]
    ]


def container_facts(docker: Asking, odd: Odd) -> dict[str, Any]:
    """Give the engine's containers, the stopped ones too."""
    containers = {}
    path = "/containers/json?all=true"
    for one in listed(docker, path, LISTED_CONTAINER, MOST_CONTAINERS, odd):
        health = re.search(r"\((?:health: )?(\w+)\)$", one["Status"])
        # A container that died while it was removed has no name left.
        name = (one.get("Names") or [one["Id"][:12]])[0].lstrip("/")
        told = described(docker, "containers", one["Id"], CONTAINER, odd)
        containers[name] = {
            "id": one["Id"],
            "image": one["Image"],
            "image_id": one["ImageID"],
            "state": one["State"],
            "health": health.group(1) if health and one["State"] == "running" else None,
            "labels": labels_of(one.get("Labels")),
            "ports": published(one.get("Ports")),
            "settings": container_settings(told) if told else {},
        }
    return containers


def loads_partial_archives(info: dict[str, Any]) -> bool:
    """Tell, from the engine's own description, whether it skips layers of an archive that it has.

    The graph drivers do: the layer's file is not even opened. containerd's image store, the
    default of new installations of Docker 29, wants all of them.
    """
    return not any(
        "snapshotter" in value for pair in info.get("DriverStatus") or [] for value in pair[1:]
    )


def docker_network_facts(networks: list[dict[str, Any]], info: dict[str, Any]) -> dict[str, Any]:
    """Give what Docker's own description of its networks, and of itself, tells of the network.

    networks, info: of the shapes NETWORK and INFO.
    """
    bridge = next((one.get("Options") or {} for one in networks if one["Name"] == "bridge"), None)
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


def no_engine(why: str) -> dict[str, Any]:
    """Give what engine_facts() gives where no engine answers."""
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
            "why": " ".join(why.split())[:LONGEST_LABEL],
        },
        "images": {},
        "containers": {},
        "networks": [],
        "volumes": [],
        "network": {"docker": [], "docker_mtu": 0, "docker_proxy": False},
    }


def engine_facts(path: str, odd: Odd) -> dict[str, Any]:
    """Ask the engine. Where none answers, say so and give empty lists."""
    with asking(path) as docker:
        try:
            info = docker.ask("/info")
        except (OSError, ValueError) as error:  # ValueError: it is no name of a socket
            return no_engine(str(error))
        if not understood(info, INFO, "info", odd):
            return no_engine("what answers at its socket is not understood")
        networks = listed(docker, "/networks", NETWORK, MOST_NETWORKS, odd)
        volumes = listed(docker, "/volumes", VOLUME, MOST_VOLUMES, odd)
        return {
            "engine": {
                "running": True,
                "version": info["ServerVersion"],
                "root": info["DockerRootDir"],
                "driver": info["Driver"],
                "partial": loads_partial_archives(info),
                "cpus": info.get("NCPU", 0) if info.get("CpuCfsQuota") else 0,
                "memory": info.get("MemoryLimit", False),
                "pids": info.get("PidsLimit", False),
                "swarm": info.get("Swarm", {}).get("LocalNodeState", "inactive") != "inactive",
                "uid": docker.uid,
                "why": "",
            },
            "images": image_facts(inspected_images(docker, odd)),
            "containers": container_facts(docker, odd),
            "networks": sorted({network["Name"] for network in networks} - DOCKER_NETWORKS),
            "volumes": sorted(volume["Name"] for volume in volumes),
            "network": docker_network_facts(networks, info),
        }
