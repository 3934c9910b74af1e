# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Name what a save consists of, for those who write it and those who read it."""

from __future__ import annotations

# What images are called in an archive: those that students tagged, and the containers' file
# systems, each with the first 12 digits of its ID.
REPOSITORY = "labocloud-saved"
# How many digits of an ID tell a thing to people, and are in such a tag.
SHORT = 12
IMAGES, VOLUMES, MANIFEST = "images.tar.zst", "volumes.tar.zst", "manifest.json"


class UnsavableError(Exception):
    """Something cannot be saved; the text names it."""


def tag_of(key: str) -> str:
    """Return what a container's file system, or an image, is called in the archive, by its ID."""
    return f"{REPOSITORY}:{key.removeprefix('sha256:')[:SHORT]}"
