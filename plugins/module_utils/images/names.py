# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pull, name and remember images, and remove names and the images that lose their last one.

What is remembered of the images that were delivered is told to students' accounts at once, so that
the command `labo` takes none of them for a student's, nor a student's for one of them.
"""

from __future__ import annotations

import copy
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import Image
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import PLACES
from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.state import (
    Built,
    State,
    read,
    update,
)


def described(docker: DockerConnection, image: str) -> Image | None:
    """Return the engine's description of an image, by name, digest or ID; None where there is none.

    Raises OSError where the engine does not answer, or refuses.
    """
    return Reader(docker).image(image)


def pull(docker: DockerConnection, image: str) -> None:
    """Pull an image by its digest. image: NAME@DIGEST. Raises as described() does."""
    repository, _, digest = image.partition("@")
    query = urlencode({"fromImage": repository, "tag": digest})
    try:
        docker.work(f"/images/create?{query}")
    except OSError as error:
        raise OSError(f"{image}: {reason(error)}") from error


def give_name(docker: DockerConnection, image: str, name: str) -> None:
    """Name an image. image: its ID. name: NAME:TAG. Raises as described() does."""
    repository, _, tag = name.rpartition(":")
    query = urlencode({"repo": repository, "tag": tag})
    docker.ask(f"/images/{quote(image, safe=':')}/tag?{query}", "POST")


def take_name(docker: DockerConnection, name: str) -> None:
    """Remove a name, or a reference by digest, and with the last one its image. Raises OSError."""
    docker.ask(f"/images/{quote(name, safe='/:@')}?noprune=true", "DELETE")


def forget(docker: DockerConnection, image: str) -> bool:
    """Remove an image, by its ID, where it has no name any more, and return whether it is gone.

    An image that a container runs, or that others were built on, stays. What it is made of is
    remembered first, if it was delivered: students' images may be built on it. Raises as
    described() does, and TornError.
    """
    description = described(docker, image)
    if description is None:
        return False
    layers = description["RootFS"].get("Layers") or []
    rows = len(Reader(docker).history(image))
    print_ = fingerprint(description)
    if update(lambda state: state.describe_delivered(print_, layers, rows)):
        _tell()
    if description.get("RepoTags") or description.get("RepoDigests"):
        return False
    try:
        docker.ask(f"/images/{quote(image, safe=':')}", "DELETE")
    except EngineError as error:
        if error.status != http.client.CONFLICT:
            raise
        return False
    return True


def _tell() -> None:
    """Write the file that tells students' accounts what was delivered. Raises as remembered()."""
    if folder := PLACES.current():
        write_whole(folder / delivered.FILE, delivered.content(read().delivered()), 0o644)


@contextmanager
def remembered(images: dict[str, str], bases: dict[str, str] | None = None) -> Iterator[bool]:
    """Remember images before they get their names, and yield whether any of that is new.

    images: tag to fingerprint. bases: the names that they are from, to digest. Where the block
    raises, the record is restored. Raises TornError and OSError.
    """
    previous: Built = {"images": {}, "bases": {}}

    def remember(state: State) -> None:
        previous.update(copy.deepcopy(state.built))
        for tag, print_ in images.items():
            state.name_image(tag, print_)
        state.built["bases"].update(bases or {})

    def restore(state: State) -> None:
        state.built = previous

    changed = update(remember)
    if changed:
        _tell()
    try:
        yield changed
    except BaseException:
        if update(restore):
            _tell()
        raise
