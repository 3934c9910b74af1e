# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pull images, give them names, remember that, and take away what has none any more."""

from __future__ import annotations

import copy
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.state import State, update


def described(docker: DockerConnection, image: str) -> dict[str, Any] | None:
    """Return the engine's description of an image, by name, digest or ID; None where there is none.

    Raises OSError where the engine does not tell.
    """
    return Reader(docker).image(image)


def pull(docker: DockerConnection, image: str) -> None:
    """Pull an image, by its reference by digest. Raises as described() does."""
    repository, _, digest = image.partition("@")
    asked = urlencode({"fromImage": repository, "tag": digest})
    try:
        docker.work(f"/images/create?{asked}")
    except OSError as error:
        raise OSError(f"{image}: {reason(error)}") from error


def give_name(docker: DockerConnection, image: str, name: str) -> None:
    """Give an image, by its ID, a name, as in NAME:TAG. Raises as described() does."""
    repository, _, tag = name.rpartition(":")
    asked = urlencode({"repo": repository, "tag": tag})
    docker.ask(f"/images/{quote(image, safe=':')}/tag?{asked}", "POST")


def take_name(docker: DockerConnection, name: str) -> None:
    """Take a name, or a reference by digest, from its image; the last one takes the image along.

    Raises as described() does.
    """
    docker.ask(f"/images/{quote(name, safe='/:@')}?noprune=true", "DELETE")


def forget(docker: DockerConnection, image: str) -> bool:
    """Remove an image, by its ID, that has lost its last name; tell whether it went.

    One that a container runs, or that others were built on, stays. Raises as described() does.
    """
    found = described(docker, image)
    if found is None or found.get("RepoTags") or found.get("RepoDigests"):
        return False
    try:
        docker.ask(f"/images/{quote(image, safe=':')}", "DELETE")
    except EngineError as error:
        if error.status != http.client.CONFLICT:
            raise
        return False
    return True


@contextmanager
def remembered(images: dict[str, str], bases: dict[str, str] | None = None) -> Iterator[bool]:
    """Remember images before they have their names, and what they came from; tell if that is new.

    images: tag to fingerprint. bases: name to digest. Where they do not come, all is remembered as
    before. Raises TornError and OSError.
    """
    had: dict[str, Any] = {}

    def remember(state: State) -> None:
        had.update(copy.deepcopy(state.built))
        for tag, mark in images.items():
            state.name_image(tag, mark)
        state.built["bases"].update(bases or {})

    def restore(state: State) -> None:
        state.built = had

    changed = update(remember)
    try:
        yield changed
    except BaseException:
        update(restore)
        raise
