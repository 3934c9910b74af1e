# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Work out the request that makes a saved container as it was. All of this is pure."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable
from typing import Literal, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    ContainerConfig,
    Endpoint,
    HostConfig,
    MountRequest,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    REPOSITORY,
    SHORT,
)

# On what has come back: which files it came from.
LABEL = "labocloud.restored"
# What a container can have of another one, as HostConfig says it: container:ID.
MODES: tuple[Literal["NetworkMode", "PidMode", "IpcMode"], ...]
MODES = ("NetworkMode", "PidMode", "IpcMode")
OF_ANOTHER = "container:"


class _Networking(TypedDict):
    """The networks that a container joins when it is made, by name."""

    EndpointsConfig: dict[str, Endpoint]


class Request(ContainerConfig):
    """The request that makes a container."""

    HostConfig: HostConfig
    NetworkingConfig: _Networking


# What an engine refuses for a container that has another's network. Its image has the ports.
NOT_WITH_ANOTHERS_NETWORK: tuple[Literal["Hostname", "Domainname", "ExposedPorts"], ...]
NOT_WITH_ANOTHERS_NETWORK = ("Hostname", "Domainname", "ExposedPorts")


def name_of(container: Container) -> str:
    """Return a container's name, without the slash that the engine puts before it."""
    return container["Name"].lstrip("/")


def endpoints(container: Container) -> dict[str, Endpoint]:
    """Return how a container has joined its networks, by their names."""
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: endpoint or {} for name, endpoint in networks.items()}


def _mounts(container: Container) -> tuple[list[str], list[MountRequest]]:
    """Return the binds and the mounts with which a saved container has what it had mounted.

    Volumes are mounted by name, those too that had none given and were made with it, or that it had
    of another container.
    """
    host = container["HostConfig"]
    # One without a colon is a place for a volume without a name.
    binds = [bind for bind in host.get("Binds") or [] if ":" in bind]
    named = [
        mount
        for mount in host.get("Mounts") or []
        if mount["Type"] != "volume" or mount.get("Source")
    ]
    given = {os.path.normpath(bind.split(":")[1]) for bind in binds}
    given |= {os.path.normpath(mount["Target"]) for mount in named}
    return binds + [
        f"{mount.get('Name') or mount['Source']}:{mount['Destination']}"
        + ("" if mount.get("RW", True) else ":ro")
        for mount in container["Mounts"] or []
        if mount["Type"] in ("volume", "bind")
        and os.path.normpath(mount["Destination"]) not in given
    ], named


def references(container: Container) -> list[str]:
    """Return the IDs and names of the containers that a saved container has something of."""
    host = container["HostConfig"]
    modes = [host.get(key) or "" for key in MODES]
    found = [mode[len(OF_ANOTHER) :] for mode in modes if mode.startswith(OF_ANOTHER)]
    return found + [link.split(":")[0].lstrip("/") for link in host.get("Links") or []]


def find(containers: Iterable[Container], reference: str) -> Container | None:
    """Return the saved container of an ID or a name, None where there is none."""
    return next(
        (each for each in containers if reference in (each["Id"], name_of(each))),
        None,
    )


def in_order(containers: list[Container]) -> list[Container]:
    """Return saved containers so that those come first of which others have something."""
    ordered: list[Container] = []
    seen = set()

    def visit(container: Container) -> None:
        if container["Id"] in seen:
            return
        seen.add(container["Id"])
        for reference in references(container):
            if other := find(containers, reference):
                visit(other)
        ordered.append(container)

    for container in containers:
        visit(container)
    return ordered


def _modes(host: HostConfig, here: Callable[[str], str]) -> tuple[HostConfig, list[str]]:
    """Return what a container has of another's namespaces, and what it has to do without.

    here: as recreated() takes it.
    """
    modes: HostConfig = {}
    without = []
    for key in MODES:
        mode = host.get(key) or ""
        if not mode.startswith(OF_ANOTHER):
            continue
        if other := here(mode[len(OF_ANOTHER) :]):
            modes[key] = OF_ANOTHER + other
        else:
            modes[key] = "none" if key == "NetworkMode" else ""
            without.append(f"{key} {mode[: len(OF_ANOTHER) + SHORT]}")
    return modes, without


def _links(host: HostConfig, here: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Return a container's links, and what it has to do without. here: as _modes() has it."""
    links, without = [], []
    for link in host.get("Links") or []:
        name, _, alias = link.partition(":")
        if other := here(name.lstrip("/")):
            links.append(f"{other}:{alias.rpartition('/')[2]}")
        else:
            without.append(f"the link to {name.lstrip('/')}")
    return links, without


def recreated(
    container: Container, mark: str, here: Callable[[str], str] = lambda _: ""
) -> tuple[Request, list[str]]:
    """Return the request that makes a container as it was, and what it has to do without.

    container: the description of it that was saved. Its file system is in the saved image. mark:
    what its label says. here: returns what a container is called here of which this one has
    something, empty where it is not.
    """
    short = container["Id"][:SHORT]
    config, host = container["Config"], container["HostConfig"]
    binds, named = _mounts(container)
    modes, without = _modes(host, here)
    links, lacking = _links(host, here)
    host = {**host, "Binds": binds, "Mounts": named, "VolumesFrom": None, **modes}
    if host.get("Links"):
        host["Links"] = links
    request: Request = {
        **config,
        "Image": f"{REPOSITORY}:{short}",
        "Labels": (config["Labels"] or {}) | {LABEL: mark},
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": {}},
    }
    request.pop("MacAddress", None)
    if config["Hostname"] == short:
        request.pop("Hostname")
    for key in NOT_WITH_ANOTHERS_NETWORK if "NetworkMode" in modes else ():
        request.pop(key, None)
    return request, without + lacking
