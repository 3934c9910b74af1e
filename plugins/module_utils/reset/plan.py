# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Plan a reset: what of a machine's Docker is the students', and so goes, kind by kind.

A plan leaves the machine as JSON, and comes back to it to be carried out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypedDict, TypeVar

from ansible_collections.labocloud.room.plugins.module_utils.engine import things as engine_things
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    Container,
    Engine,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import (
    Claims,
    Staying,
    ancestors,
    staying,
)

# Characters of a plan as JSON, which are some thousands of things. An honest seat has a twentieth.
_LARGEST = 500_000
_Entry = TypeVar("_Entry")


class Thing(TypedDict):
    """A thing that goes: its ID, its name, and the bytes that go from the disk with it."""

    id: str
    name: str
    bytes: int


class NamedImage(TypedDict):
    """An image with all its names."""

    id: str
    names: list[str]


class Image(Thing):
    """An image that goes. names: all that it has; name, the same as one text."""

    names: list[str]


class Volume(engine_things.Volume):
    """A volume that goes. id: its name."""

    id: str


class _Extras(TypedDict, total=False):
    """What not every plan has.

    memory: what labo remembers, as one thing. more: how many things one answer does not hold.
    """

    memory: list[Thing]
    more: int


class Plan(_Extras):
    """What goes, each kind in the order in which it goes.

    names: the names of images that change, name to the ID of the image that it is given back to,
    empty for a name that goes.
    """

    swarm: list[Thing]
    services: list[Thing]
    secrets: list[Thing]
    configs: list[Thing]
    containers: list[Container]
    names: dict[str, str]
    images: list[Image]
    volumes: list[Volume]
    networks: list[Thing]
    plugins: list[Thing]
    cache: list[Thing]


class Savable(TypedDict):
    """What of a plan can be saved, as seat_save takes it: IDs, volumes by name, and images."""

    containers: list[str]
    images: Sequence[NamedImage]
    volumes: list[str]
    networks: list[str]
    bytes: int


def empty_plan() -> Plan:
    """Return a plan by which nothing goes."""
    return {
        "swarm": [],
        "services": [],
        "secrets": [],
        "configs": [],
        "containers": [],
        "names": {},
        "images": [],
        "volumes": [],
        "networks": [],
        "plugins": [],
        "cache": [],
    }


def _names(engine: Engine, stays: Staying) -> dict[str, str]:
    """Return the names of images that change, as a plan has them.

    The last name of an image is never taken from it: the engine would remove the image with it.
    """
    images = engine["images"]
    names = {name: key for name, key in stays.names.items() if name not in images[key]["names"]}
    named = set(stays.names.values())
    for key, image in images.items():
        if key in named:
            names |= {name: "" for name in image["names"] if name not in stays.names}
    return names


def _images(engine: Engine, stays: Staying) -> list[Image]:
    """Return the images that go; those that others were built on come last."""
    images = engine["images"]
    going = [key for key in images if key not in stays.images]
    return [
        {
            "id": key,
            "name": " ".join(images[key]["names"]),
            "names": images[key]["names"],
            "bytes": images[key]["bytes"],
        }
        for key in sorted(going, key=lambda key: -len(ancestors(images, key)))
    ]


def _without_size(
    things: Iterable[engine_things.Thing], stay: frozenset[str] = frozenset()
) -> list[Thing]:
    """Return the things that go of a kind that takes no space. stay: IDs of those that stay."""
    return [{**thing, "bytes": 0} for thing in things if thing["id"] not in stay]


class _Room:
    """The room that an answer has yet for a plan, and how many things it has none for."""

    def __init__(self) -> None:
        self.characters = _LARGEST
        self.left_out = 0

    def take(self, entries: list[_Entry]) -> list[_Entry]:
        """Return those of a kind's entries that have room, in their order."""
        count = 0
        # What comes after the first that has no room may depend on it: there is none again.
        for entry in entries:
            self.characters -= len(json.dumps(entry)) + 2
            if self.characters < 0:
                break
            count += 1
        self.left_out += len(entries) - count
        return entries[:count]


def plan(engine: Engine, claims: Claims) -> Plan:
    """Return what is the students', and so goes: as much of it as an answer can hold."""
    stays = staying(engine, claims)
    room = _Room()
    things: Plan = {
        # A swarm that stays is its managers' to tidy, with all that it holds.
        "swarm": [] if stays.swarm else room.take([Thing(id=engine["swarm"], name="", bytes=0)]),
        "services": [] if stays.swarm else room.take(_without_size(engine["services"])),
        "secrets": [] if stays.swarm else room.take(_without_size(engine["secrets"])),
        "configs": [] if stays.swarm else room.take(_without_size(engine["configs"])),
        "containers": room.take(
            [
                container
                for container in engine["containers"]
                if container["id"] not in stays.containers
            ]
        ),
        "names": dict(room.take([*_names(engine, stays).items()])),
        "images": room.take(_images(engine, stays)),
        "volumes": room.take(
            [
                {**volume, "id": volume["name"]}
                for volume in engine["volumes"]
                if volume["name"] not in stays.volumes
            ]
        ),
        "networks": room.take(_without_size(engine["networks"], stays.networks)),
        "plugins": room.take(_without_size(engine["plugins"], stays.plugins)),
        "cache": room.take(
            [{**piece, "name": ""} for piece in engine["cache"] if piece["id"] not in stays.cache]
        ),
    }
    return {**things, "more": room.left_out} if room.left_out else things


def total(things: Plan) -> int:
    """Return the bytes that go with a plan from the disk."""
    kinds = [kind for kind in things.values() if isinstance(kind, list)]
    return sum(thing["bytes"] for kind in kinds for thing in kind)


def to_save(things: Plan) -> Savable | None:
    """Return what of a plan can be saved, None where there is nothing.

    An image that has a name is somebody's work, one without is a step on the way to another.
    """
    containers, images, volumes = things["containers"], things["images"], things["volumes"]
    if not (containers or volumes or any(image["names"] for image in images)):
        return None
    return {
        "containers": [container["id"] for container in containers],
        "images": images,
        "volumes": [volume["name"] for volume in volumes],
        "networks": [network["id"] for network in things["networks"]],
        "bytes": sum(thing["bytes"] for thing in (*containers, *images, *volumes)),
    }
