# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find what of a plan is not as it was saved, so that nothing goes that nobody has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    NO_NAME,
    Container,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    networks_of,
    volumes_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.halting import describe
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import (
    Image,
    Plan,
    Thing,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import REPOSITORY
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import (
    Stamps,
    container_stamp,
    volume_stamp,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.words import short

# The label of a container that is a service's.
TASK = "com.docker.swarm.task.id"
_Thing = TypeVar("_Thing", bound=Thing)


@dataclass(frozen=True)
class Changes:
    """What is not as it was saved, or is needed by that: each kind ID to why, names by name."""

    swarm: dict[str, str] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)

    def lines(self, things: Plan) -> list[str]:
        """Return what of a plan this is, each thing with the reason."""
        kinds = (
            ("container", things["containers"], self.containers),
            ("volume", things["volumes"], self.volumes),
            ("image", things["images"], self.images),
            ("network", things["networks"], self.networks),
        )
        every = [
            f"membership of a swarm: {self.swarm[thing['id']]}"
            for thing in things["swarm"]
            if thing["id"] in self.swarm
        ]
        return every + [
            f"{kind} {thing['name'] or short(thing['id'])}: {reasons[thing['id']]}"
            for kind, going, reasons in kinds
            for thing in going
            if thing["id"] in reasons
        ]

    def removed_from(self, things: Plan) -> Plan:
        """Return a plan without these."""
        return {
            **things,
            "swarm": _without(things["swarm"], self.swarm),
            "containers": _without(things["containers"], self.containers),
            "volumes": _without(things["volumes"], self.volumes),
            "images": _without(things["images"], self.images),
            "networks": _without(things["networks"], self.networks),
        }


def _without(things: list[_Thing], changed: dict[str, str]) -> list[_Thing]:
    """Return the things that are not changed."""
    return [thing for thing in things if thing["id"] not in changed]


def _is_as_saved(stamp: Callable[[], str], saved: str | None) -> bool:
    """Return whether a thing is as it was when it was saved, by its stamp."""
    try:
        return stamp() == saved
    except OSError:  # what cannot be read is not what was saved
        return False


def _volumes_of(container: Container) -> list[str]:
    """Return the names of a container's volumes."""
    return volumes_of(container.get("Mounts") or [])


def _written_volumes(
    docker: DockerConnection, names: list[str], saved: dict[str, str]
) -> dict[str, str]:
    """Return the volumes that are not as they were saved: name to why."""
    written = [
        name
        for name in names
        if (volume := Reader(docker).volume(name))
        and not _is_as_saved(partial(volume_stamp, docker, volume), saved.get(name))
    ]
    return dict.fromkeys(written, "it was written to after it was saved")


def _why_changed(
    docker: DockerConnection, container: Container, saved: dict[str, str], written: set[str]
) -> str:
    """Return why a container is not as it was saved, empty where it is.

    written: the names of the volumes that are not as they were saved.
    """
    state = container["State"]
    if state["Running"] and not state["Paused"]:
        return "it runs, after it was saved"
    if not _is_as_saved(partial(container_stamp, docker, container), saved.get(container["Id"])):
        return "it ran, or was written to, after it was saved"
    others = sorted(written.intersection(_volumes_of(container)))
    return f"its volume {others[0]} was written to after it was saved" if others else ""


def _renamed_images(docker: DockerConnection, images: list[Image]) -> dict[str, str]:
    """Return the images that have got another name since: ID to why."""
    why = {}
    for image in images:
        description = Reader(docker).image(image["id"]) or {}
        others = {*(description.get("RepoTags") or [])} - {*image["names"], NO_NAME}
        if new := sorted(name for name in others if not name.startswith(f"{REPOSITORY}:")):
            why[image["id"]] = f"it was named {new[0]} after it was saved"
    return why


def _keep_needed(changes: Changes, container: Container, name: str, things: Plan) -> None:
    """Add what a container needs that stays to the changes, where there is no other reason yet."""
    why = f"the container {name} needs it"
    changes.images.setdefault(container["Image"], why)
    for volume in _volumes_of(container):
        changes.volumes.setdefault(volume, why)
    joined = {*networks_of(container)}
    for network in things["networks"]:
        if {network["id"], network["name"]} & joined:
            changes.networks.setdefault(network["id"], why)
    # Whoever leaves a swarm loses the containers of its services.
    if TASK in (container["Config"].get("Labels") or {}):
        for swarm in things["swarm"]:
            changes.swarm.setdefault(swarm["id"], why)


def changes_since(docker: DockerConnection, things: Plan, saved: Stamps) -> Changes:
    """Return what of a plan is not as it was saved, with what that needs.

    Raises OSError where no engine answers.
    """
    changes = Changes(
        volumes=_written_volumes(
            docker, [volume["name"] for volume in things["volumes"]], saved["volumes"]
        ),
        images=_renamed_images(docker, things["images"]),
    )
    written = set(changes.volumes)
    for container in things["containers"]:
        description = describe(docker, container["id"])
        if description is None:
            continue
        if reason := _why_changed(docker, description, saved["containers"], written):
            changes.containers[container["id"]] = reason
            _keep_needed(changes, description, container["name"], things)
    return changes


def taken_names(docker: DockerConnection, names: dict[str, str]) -> dict[str, str]:
    """Return the names that go and have become the last of another image: name to why.

    names: as a plan has them. Raises OSError where no engine answers.
    """
    going = [name for name, key in names.items() if not key]
    images = {name: Reader(docker).image(name) for name in going}
    only = [name for name, image in images.items() if image and image.get("RepoTags") == [name]]
    return dict.fromkeys(only, "an image has it that has no other name")
