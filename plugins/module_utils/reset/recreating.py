# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Work out the request that makes a saved container as it was. All of this is pure."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    REPOSITORY,
    SHORT,
)

# A thing as the engine described it when it was saved, or a request to make one.
Description = dict[str, Any]

# On what has come back: which files it came from.
LABEL = "labocloud.restored"
# What a container can have of another one, as HostConfig says it: container:ID.
MODES = ("NetworkMode", "PidMode", "IpcMode")
OF_ANOTHER = "container:"
# What an engine refuses for a container that has another's network. Its image has the ports.
NOT_WITH_ANOTHERS_NETWORK = ("Hostname", "Domainname", "ExposedPorts")


def name_of(container: Description) -> str:
    """Return a container's name, without the slash that the engine puts before it."""
    name: str = container["Name"]
    return name.lstrip("/")


def mounts(container: Description) -> tuple[list[str], list[Description]]:
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
        for mount in container["Mounts"]
        if mount["Type"] in ("volume", "bind")
        and os.path.normpath(mount["Destination"]) not in given
    ], named


def references(container: Description) -> list[str]:
    """Return the IDs and names of the containers that a saved container has something of."""
    host = container["HostConfig"]
    modes = [host.get(key) or "" for key in MODES]
    found = [mode[len(OF_ANOTHER) :] for mode in modes if mode.startswith(OF_ANOTHER)]
    return found + [link.split(":")[0].lstrip("/") for link in host.get("Links") or []]


def find(containers: Iterable[Description], reference: str) -> Description | None:
    """Return the saved container of an ID or a name, None where there is none."""
    for container in containers:
        if reference in (container["Id"], name_of(container)):
            return container
    return None


def in_order(containers: list[Description]) -> list[Description]:
    """Return saved containers so that those come first of which others have something."""
    ordered: list[Description] = []
    seen = set()

    def visit(container: Description) -> None:
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


def _modes(host: Description, here: Callable[[str], str]) -> tuple[Description, list[str]]:
    """Return what a container has of another's namespaces, and what it has to do without.

    host: its HostConfig. here: as recreated() takes it.
    """
    modes, without = {}, []
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


def _links(host: Description, here: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Return a container's links, and what it has to do without. host, here: as _modes() has it."""
    links, without = [], []
    for link in host.get("Links") or []:
        name, _, alias = link.partition(":")
        if other := here(name.lstrip("/")):
            links.append(f"{other}:{alias.rpartition('/')[2]}")
        else:
            without.append(f"the link to {name.lstrip('/')}")
    return links, without


def recreated(
    container: Description, mark: str, here: Callable[[str], str] = lambda _: ""
) -> tuple[Description, list[str]]:
    """Return the request that makes a container as it was, and what it has to do without.

    container: the description of it that was saved. Its file system is in the saved image. mark:
    what its label says. here: returns what a container is called here of which this one has
    something, empty where it is not.
    """
    short = container["Id"][:SHORT]
    host = container["HostConfig"]
    binds, named = mounts(container)
    modes, without = _modes(host, here)
    links, lacking = _links(host, here)
    left_out = {"MacAddress"}
    if container["Config"]["Hostname"] == short:
        left_out.add("Hostname")
    if "NetworkMode" in modes:
        left_out |= {*NOT_WITH_ANOTHERS_NETWORK}
    changes: Description = {"Binds": binds, "Mounts": named, "VolumesFrom": None, **modes}
    if host.get("Links"):
        changes["Links"] = links
    return {
        **{key: value for key, value in container["Config"].items() if key not in left_out},
        "Image": f"{REPOSITORY}:{short}",
        "Labels": (container["Config"]["Labels"] or {}) | {LABEL: mark},
        "HostConfig": host | changes,
    }, without + lacking
