# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Name what a save consists of, for those who write it and those who read it."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Network,
    Volume,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import Stamps

# What images are called in an archive: those that students tagged, and the containers' file
# systems, each with the first 12 digits of its ID.
REPOSITORY = "labocloud-saved"
# How many digits of an ID tell a thing to people, and are in such a tag.
SHORT = 12
IMAGES, VOLUMES, MANIFEST = "images.tar.zst", "volumes.tar.zst", "manifest.json"


class SavedImage(TypedDict):
    """An image in the archive: the name that it has there, its ID, its names on the seat."""

    tag: str
    id: str
    names: list[str]


class Manifest(TypedDict):
    """What a save has, as the engine described it then.

    files: name to SHA-256. left_out: the paths of sockets in volumes.
    """

    containers: list[Container]
    images: list[SavedImage]
    volumes: list[Volume]
    networks: list[Network]
    files: dict[str, str]
    left_out: list[str]


class Answer(TypedDict):
    """What seat_save answers, as its RETURN has it."""

    files: dict[str, str]
    sizes: dict[str, int]
    saved: Stamps
    left_out: list[str]


class UnsavableError(Exception):
    """Something cannot be saved; the text names it."""


def tag_of(key: str) -> str:
    """Return what a container's file system, or an image, is called in the archive, by its ID."""
    return f"{REPOSITORY}:{key.removeprefix('sha256:')[:SHORT]}"
