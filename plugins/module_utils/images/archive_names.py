# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read the names of the images in an archive before an engine loads it."""

from __future__ import annotations

import json
import posixpath
import tarfile
from typing import IO, Any, Protocol, cast

# The files that an engine reads the names from: Docker's own, that of OCI's layout, the oldest.
_MANIFEST, _INDEX, _REPOSITORIES = "manifest.json", "index.json", "repositories"
# The annotations that containerd's image store reads a name from.
_NAME, _SHORT_NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"
# More bytes than a list that an engine has written ever has.
LIST_BYTES = 2**24


class WrongArchiveError(ValueError):
    """An archive of images, or an image that was loaded from it, is not the expected one."""


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON. Raises ValueError where two keys differ in case at most.

    The engine ignores upper and lower case, so it might take the other key of the two.
    """
    if len({key.casefold() for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _parse(text: bytes) -> Any:  # noqa: ANN401  # JSON
    """Return the content of a list of the archive. Raises WrongArchiveError where it is no JSON."""
    try:
        return json.loads(text, object_pairs_hook=_no_twins)
    except ValueError as error:
        raise WrongArchiveError(f"the archive's list of images cannot be read ({error})") from error


def _manifest_names(manifest: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Return the names in a manifest.json. Raises WrongArchiveError where it is no such list."""
    try:
        return {name for image in manifest for name in image["RepoTags"] or []}
    except (TypeError, KeyError) as error:
        raise WrongArchiveError("the archive's list of images is none") from error


def _parts(manifest: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Return the members that a manifest.json names. Raises WrongArchiveError where it is none."""
    try:
        layers = {name for image in manifest for name in image["Layers"]}
        return layers | {image["Config"] for image in manifest}
    except (TypeError, KeyError) as error:
        raise WrongArchiveError("the archive's list of images is none") from error


def _repository_names(repositories: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Return the names in a file C(repositories). Raises WrongArchiveError where it is none."""
    try:
        return {f"{name}:{tag}" for name, tags in repositories.items() for tag in tags}
    except (TypeError, AttributeError) as error:
        raise WrongArchiveError("the archive's list of repositories is none") from error


def _index_names(index: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Return the names in an index.json, as Docker shows them: those of Docker Hub's in short.

    Raises WrongArchiveError where it is no such list.
    """
    try:
        annotations = [image.get("annotations") or {} for image in index["manifests"]]
        full_names = [entry.get(_NAME, entry.get(_SHORT_NAME)) for entry in annotations]
        names = {name for name in full_names if name is not None}
        return {name.removeprefix("docker.io/").removeprefix("library/") for name in names}
    except (TypeError, KeyError, AttributeError) as error:
        raise WrongArchiveError("the archive's index of images is none") from error


_READERS = {_MANIFEST: _manifest_names, _INDEX: _index_names, _REPOSITORIES: _repository_names}


class Readable(Protocol):
    """A source of bytes that can be read a piece at a time."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most size, none at the end."""


class Copied:
    """A source of bytes that writes whatever is read from it to a sink."""

    def __init__(self, source: Readable, sink: IO[bytes]) -> None:
        self.source = source
        self.sink = sink

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, and write them to the sink."""
        piece = self.source.read(size)
        self.sink.write(piece)
        return piece


def names_in(archive: Readable, *, whole: bool = False) -> set[str]:
    """Return the names of the images in an archive, a tar that need not be seekable.

    whole: whether every layer has to be in it; if not, the lowest ones may be elsewhere.
    Raises WrongArchiveError where it is unclear which names the engine would find in it, or where
    something is missing, and tarfile.TarError where it is no archive.
    """
    lists, present = _read_lists(archive)
    if _MANIFEST not in lists:
        raise WrongArchiveError(f"the archive has no {_MANIFEST}")
    parsed = {path: _parse(text) for path, text in lists.items()}
    names = set().union(*(_READERS[path](content) for path, content in parsed.items()))
    if not all(isinstance(name, str) for name in names):
        raise WrongArchiveError("the archive gives an image a name that is none")
    if whole and (lacking := _parts(parsed[_MANIFEST]) - present):
        raise WrongArchiveError(f"the archive of images lacks {min(lacking)}")
    return names


def _read_lists(archive: Readable) -> tuple[dict[str, bytes], set[str]]:
    """Return the archive's lists, path to content, and all its paths. Raises as names_in() does."""
    lists: dict[str, bytes] = {}
    present = set()
    # A tar that is opened as a stream calls nothing but read().
    with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as members:
        for member in members:
            path = posixpath.normpath("/" + member.name).lstrip("/")
            present.add(path)
            # A link could stand for a list, or for the directory of one. Older versions of Docker
            # write a link for a layer that two images have.
            if not (member.isreg() or member.isdir()) and not (
                member.issym() and posixpath.basename(member.linkname) == "layer.tar"
            ):
                raise WrongArchiveError(f"the archive holds {member.name!r}, which is no file")
            content = members.extractfile(member) if member.isreg() else None
            if path in _READERS:
                if path in lists or content is None or member.size > LIST_BYTES:
                    raise WrongArchiveError(f"the archive has no {path} that can be relied on")
                lists[path] = content.read()
            # Every member is read to its end: tarfile would not notice that a member which it skips
            # is cut off.
            while content and content.read(2**20):
                pass
    return lists, present
