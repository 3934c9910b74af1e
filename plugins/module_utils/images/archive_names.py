# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell the names of the images in an archive before an engine loads it."""

from __future__ import annotations

import json
import posixpath
import tarfile
from typing import IO, Any, Protocol, cast

# What an engine reads the names from: its own list, the one of OCI's layout, and one of old times.
MANIFEST, INDEX, REPOSITORIES = "manifest.json", "index.json", "repositories"
# What containerd's image store reads a name from.
NAME, SHORT_NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"
# More than a list of any engine's takes.
LIST_BYTES = 2**24


class RefusedError(ValueError):
    """An archive of images, or what came out of it, is not what was asked for."""


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give an object of JSON. Raises ValueError where the engine could read another key in it.

    It takes no heed of upper and lower case.
    """
    if len({key.casefold() for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def parse(text: bytes) -> Any:  # noqa: ANN401  # JSON
    """Read a list of the archive. Raises RefusedError where it is none."""
    try:
        return json.loads(text, object_pairs_hook=no_twins)
    except ValueError as error:
        raise RefusedError(f"the archive's list of images cannot be read ({error})") from error


def manifest_names(manifest: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Give the names in a manifest.json. Raises RefusedError where it is none."""
    try:
        return {name for image in manifest for name in image["RepoTags"] or []}
    except (TypeError, KeyError) as error:
        raise RefusedError("the archive's list of images is none") from error


def parts(manifest: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Give the members that a manifest.json names. Raises RefusedError where it names none."""
    try:
        layers = {name for image in manifest for name in image["Layers"]}
        return layers | {image["Config"] for image in manifest}
    except (TypeError, KeyError) as error:
        raise RefusedError("the archive's list of images is none") from error


def repository_names(repositories: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Give the names in a file repositories. Raises RefusedError where it is none."""
    try:
        return {f"{name}:{tag}" for name, tags in repositories.items() for tag in tags}
    except (TypeError, AttributeError) as error:
        raise RefusedError("the archive's list of repositories is none") from error


def index_names(index: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Give the names in an index.json, as Docker tells them. Raises RefusedError where it is none.

    A name of Docker Hub's is written in full there.
    """
    try:
        notes = [one.get("annotations") or {} for one in index["manifests"]]
        told = [note.get(NAME, note.get(SHORT_NAME)) for note in notes]
        names = {name for name in told if name is not None}
        return {name.removeprefix("docker.io/").removeprefix("library/") for name in names}
    except (TypeError, KeyError, AttributeError) as error:
        raise RefusedError("the archive's index of images is none") from error


READERS = {MANIFEST: manifest_names, INDEX: index_names, REPOSITORIES: repository_names}


class Readable(Protocol):
    """What can be read a piece at a time."""

    def read(self, size: int, /) -> bytes:
        """Read."""


class Copied:
    """A source that writes all that is read of it to a sink."""

    def __init__(self, source: Readable, sink: IO[bytes]) -> None:
        self.source = source
        self.sink = sink

    def read(self, size: int, /) -> bytes:
        """Read."""
        block = self.source.read(size)
        self.sink.write(block)
        return block


def names_in(archive: Readable, *, whole: bool = False) -> set[str]:
    """Give the names of the images in an archive, unpacked, which need not be seekable.

    whole: all that the images are made of has to be there; else the lowest layers may be elsewhere.
    Raises RefusedError where it cannot be told which names the engine would find there, or where
    something is lacking, and tarfile.TarError where it is no archive.
    """
    lists: dict[str, bytes] = {}
    there = set()
    # What is read as a stream is asked for nothing but read().
    with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as members:
        for member in members:
            path = posixpath.normpath("/" + member.name).lstrip("/")
            there.add(path)
            # A link could stand for a list, or for the directory that it is in. Older versions of
            # Docker have one for a layer that is there twice.
            if not (member.isreg() or member.isdir()) and not (
                member.issym() and posixpath.basename(member.linkname) == "layer.tar"
            ):
                raise RefusedError(f"the archive holds {member.name!r}, which is no file")
            content = members.extractfile(member) if member.isreg() else None
            if path in READERS:
                if path in lists or content is None or member.size > LIST_BYTES:
                    raise RefusedError(f"the archive has no {path} that can be relied on")
                lists[path] = content.read()
            # To the end: what is passed over is not missed where it is cut off.
            while content and content.read(2**20):
                pass
    if MANIFEST not in lists:
        raise RefusedError(f"the archive has no {MANIFEST}")
    told = {path: parse(text) for path, text in lists.items()}
    found = set().union(*(READERS[path](one) for path, one in told.items()))
    if not all(isinstance(name, str) for name in found):
        raise RefusedError("the archive gives an image a name that is none")
    if whole and (lacking := parts(told[MANIFEST]) - there):
        raise RefusedError(f"the archive of images lacks {min(lacking)}")
    return found
