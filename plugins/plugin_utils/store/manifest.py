# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read and write what the store has: store/manifest.json.

It is written last: packages that it does not name are of a fill that was interrupted, and those
that differ from it are of no use.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.files import content, write_whole
from ansible_collections.labocloud.room.plugins.module_utils.package_source import FILE_NAME, INDEX
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults, shape_of

_VERSION = 1
# Bytes.
_LARGEST = 16 * 2**20
# Seconds for which a part has the versions that its archive has.
_FRESH = 7 * 24 * 60 * 60
# A part of the store: a release and an architecture.
_PART = re.compile(r"[a-z]+-[0-9.]+-[a-z0-9]+", re.ASCII)


class File(TypedDict):
    """A package's file. size: in bytes. source: the name of its source package."""

    sha256: str
    size: int
    version: str
    source: str


class Release(TypedDict):
    """A part of the store: the packages of a release, for an architecture.

    filled: when it was begun, in seconds since 1970. wanted: what it was filled for since, a list
    for each kind of machine. key: the certificate that has signed its index, in ASCII armor.
    index: the SHA-256 of the files of that, by name. files: by name.
    """

    suite: str
    architecture: str
    filled: int
    wanted: list[list[str]]
    key: str
    index: dict[str, str]
    files: dict[str, File]


class _Manifest(TypedDict):
    """What the file holds."""

    version: int
    releases: dict[str, Release]


_SHAPE = shape_of(_Manifest, lambda _: False)


def is_fresh(release: Release, now: float) -> bool:
    """Return whether a part has the versions that its archive has. now: in seconds since 1970."""
    return 0 <= now - release["filled"] < _FRESH


def asked(
    release: Release | None, packages: list[list[str]], now: float
) -> tuple[list[list[str]], float]:
    """Return what a part is filled for, and since when, as one more room asks for packages.

    What rooms ask for adds up: two that share a store would else fetch in turns. It is forgotten
    with the part's age, and so is a version that the archive has no more. release: what the store
    has of the part. now: in seconds since 1970.
    """
    if release is None or not is_fresh(release, now):
        return packages, now
    kinds = {tuple(kind) for kind in (*release["wanted"], *packages)}
    return [list(kind) for kind in sorted(kinds)], release["filled"]


def folder(store: Path, part: str) -> Path:
    """Return the directory of a part's packages."""
    return store / "apt" / part


def read(store: Path) -> dict[str, Release]:
    """Return what the store has, by its parts.

    Nothing where there is no manifest, or none that can be understood: the store is filled then.
    """
    try:
        value = json.loads(content(store / "manifest.json", _LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    if next(faults(value, _SHAPE, "manifest"), None) or value["version"] != _VERSION:
        return {}
    releases: dict[str, Release] = value["releases"]
    # These names become paths.
    return {
        part: release
        for part, release in releases.items()
        if _PART.fullmatch(part)
        and all(map(FILE_NAME.fullmatch, release["files"]))
        and release["index"].keys() == {*INDEX}
    }


def write(store: Path, releases: Mapping[str, Release]) -> None:
    """Write what the store has. Raises OSError."""
    text = json.dumps({"version": _VERSION, "releases": releases}, indent=1, sort_keys=True)
    write_whole(store / "manifest.json", f"{text}\n".encode(), 0o644)
