# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What is in a machine's Docker, and what tells one thing there from another of its name."""

from __future__ import annotations

from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    fingerprint,
)

NO_NAME = "<none>:<none>"
# What a swarm holds, as the engine's paths call it. It goes with the swarm.
IN_A_SWARM = ("services", "secrets", "configs")

Thing = dict[str, Any]


def look(docker: DockerConnection) -> dict[str, Any]:
    """Give what is in the engine.

    containers: id, name, state, image (the ID), managed, bytes, volumes (their names), networks
    (their names and IDs). images: id to names, digests, labels, parent, layers, fingerprint, bytes
    (those that it shares with no other image). volumes: name, driver, elsewhere (whether its data
    are in no directory of the engine's), bytes. networks: id, name, driver. plugins: id, name.
    cache: id, bytes. swarm: the node's ID, empty where it is in none. services, secrets, configs:
    id, name, where the node manages its swarm.
    """
    usage = docker.ask("/system/df?type=image&type=volume&type=build-cache") or {}
    alone = {
        image["Id"]: image["Size"] - max(image["SharedSize"], 0)
        for image in usage.get("Images") or []
    }
    # Of some volumes the engine measures nothing, and leaves them out of its usage.
    measured = {
        volume["Name"]: max(volume["UsageData"]["Size"], 0) for volume in usage.get("Volumes") or []
    }
    images = {}
    for listed in docker.ask("/images/json?all=true"):
        image = docker.ask(f"/images/{listed['Id']}/json")
        if image is not None:
            images[image["Id"]] = {
                "names": [name for name in image.get("RepoTags") or [] if name != NO_NAME],
                "digests": image.get("RepoDigests") or [],
                "labels": (image.get("Config") or {}).get("Labels") or {},
                "parent": image.get("Parent", ""),
                "layers": image["RootFS"].get("Layers") or [],
                "fingerprint": fingerprint(image),
                "bytes": alone.get(image["Id"], 0),
            }
    swarm = docker.ask("/info").get("Swarm") or {}
    return {
        "containers": [
            {
                "id": container["Id"],
                "name": (container["Names"] or [container["Id"][:12]])[0].lstrip("/"),
                "state": container["State"],
                "image": container["ImageID"],
                "managed": "labocloud.managed" in (container["Labels"] or {}),
                "bytes": container.get("SizeRw", 0),
                "volumes": [
                    mount["Name"]
                    for mount in container.get("Mounts") or []
                    if mount["Type"] == "volume"
                ],
                "networks": networks_of(container),
            }
            for container in docker.ask("/containers/json?all=true&size=true")
        ],
        "images": images,
        "volumes": [
            {
                "name": volume["Name"],
                "driver": volume["Driver"],
                "elsewhere": volume["Driver"] != "local" or is_a_mount(volume),
                "bytes": measured.get(volume["Name"], 0),
            }
            for volume in docker.ask("/volumes").get("Volumes") or []
        ],
        "networks": [
            {"id": network["Id"], "name": network["Name"], "driver": network["Driver"]}
            for network in docker.ask("/networks")
        ],
        "plugins": [
            {"id": plugin["Id"], "name": plugin["Name"]} for plugin in docker.ask("/plugins") or []
        ],
        "cache": [
            {"id": piece["ID"], "bytes": 0 if piece["Shared"] else piece["Size"]}
            # The newest first: a piece can only go before those that it was made from.
            for piece in sorted(
                usage.get("BuildCache") or [], key=lambda piece: piece["CreatedAt"], reverse=True
            )
        ],
        "swarm": swarm.get("NodeID", ""),
        **{kind: in_swarm(docker, kind, swarm) for kind in IN_A_SWARM},
    }


def networks_of(container: dict[str, Any]) -> list[str]:
    """Give the names and IDs of the networks of a container, from the engine's list of these.

    One that has not been started has the names alone.
    """
    joined = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return [*joined, *(told["NetworkID"] for told in joined.values() if told.get("NetworkID"))]


def is_a_mount(volume: dict[str, Any]) -> bool:
    """Tell whether a volume of the engine's own driver is something that its options mount."""
    return bool({"type", "device"} & set(volume.get("Options") or {}))


def in_swarm(docker: DockerConnection, kind: str, swarm: dict[str, Any]) -> list[Thing]:
    """Give what a swarm has of a kind: id and name. swarm: as the engine's description has it."""
    if not swarm.get("ControlAvailable"):
        return []
    try:
        return [{"id": one["ID"], "name": one["Spec"]["Name"]} for one in docker.ask(f"/{kind}")]
    except EngineError:
        # A swarm that has lost most of its managers tells nothing. It can be left all the same.
        return []


def identities(engine: dict[str, Any]) -> dict[str, Any]:
    """Give what tells the things of an engine from others of their name, as the record keeps it.

    engine: as look() gives it. A volume has nothing but its name.
    """
    return {
        "containers": [container["id"] for container in engine["containers"]],
        "images": {key: image["names"] for key, image in engine["images"].items()},
        "networks": [network["id"] for network in engine["networks"]],
        "plugins": [plugin["id"] for plugin in engine["plugins"]],
        "cache": [piece["id"] for piece in engine["cache"]],
        "swarm": engine["swarm"],
    }
