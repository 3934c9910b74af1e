# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What removing, saving and bringing back the things of a seat have in common."""

from __future__ import annotations

import fcntl
import hashlib
import json
import posixpath
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

# What images are called in an archive: those that students tagged, and the containers' file
# systems, each with the first 12 digits of its ID.
REPOSITORY = "labocloud-saved"
LOCK = Path("/run/labocloud-reset.lock")
# The options of a volume whose data are on a device of its own, and stay there.
DEVICE = {"device", "type"}
# A tar or zstd that a user put first on the path is not meant.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
# A file in a directory while the files of a save are made there. Whoever makes them has the lock.
UNFINISHED = "unfinished"
# How long, in seconds, a directory that is not unfinished is left to the run that may fetch from
# it, or copy to it: others cannot tell whether its control machine is still there.
FRESH = 12 * 3600
# Where an engine finds the names of the images of an archive, and the most bytes of such a file.
INDEXES = ("index.json", "manifest.json", "repositories")
MAX_INDEX = 2**24


def age(directory: Path) -> float:
    """Give the seconds since something in a directory was last changed. Raises OSError."""
    return time.time() - max(path.lstat().st_mtime for path in (directory, *directory.iterdir()))


def clear(directory: Path) -> None:
    """Remove what runs that ended early have left beside a directory. The lock has to be ours."""
    for other in directory.parent.glob(f"{REPOSITORY}-*"):
        try:
            # A time to come is no reason to keep it for ever.
            left = (other / UNFINISHED).exists() or abs(age(other)) > FRESH
        except OSError:
            continue
        if other != directory and left:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def alone(directory: Path | None = None) -> Iterator[None]:
    """Work while no other does: a run whose control machine was lost may still be at it.

    directory: where the files pass through. What runs that ended early have left beside it is
    removed.
    """
    with LOCK.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory:
            clear(directory)
        yield


def digest(path: Path) -> str:
    """Give a file's SHA-256. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()


def names_told(index: str, told: Any) -> set[str]:  # noqa: ANN401  # JSON
    """Give the names that one of INDEXES gives to images. Raises what a wrong shape raises."""
    if index == "manifest.json":
        return {name for image in told for name in image["RepoTags"] or []}
    if index == "repositories":
        return {f"{repository}:{tag}" for repository, tags in told.items() for tag in tags}
    names = set()
    for image in told["manifests"]:
        notes = image.get("annotations") or {}
        names.add(notes.get("io.containerd.image.name", "").removeprefix("docker.io/library/"))
        # The tag alone, or the whole name.
        tag = notes.get("org.opencontainers.image.ref.name", "")
        names.add(f"{REPOSITORY}:{tag}" if tag and not set("/:") & set(tag) else tag)
    return names - {""}


class Readable(Protocol):
    """What can be read a piece at a time."""

    def read(self, size: int, /) -> bytes:
        """Read."""


def names_in(archive: Readable) -> set[str]:
    """Give the names of the images of an archive that an engine made, as any of INDEXES tells them.

    archive: the tar, unpacked, which need not be seekable. Raises ValueError or tarfile.TarError
    where it is not whole, or where two that read it could read different things.
    """
    members, told = set(), {}
    try:
        # What is read as a stream is asked for nothing but read().
        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as tar:
            for member in tar:
                name = posixpath.normpath(member.name)
                members.add(name)
                file = tar.extractfile(member) if member.isreg() else None
                if posixpath.basename(name) in INDEXES:
                    if name not in INDEXES or name in told or not file or member.size > MAX_INDEX:
                        raise ValueError(f"{name} is not as an engine writes it")
                    told[name] = json.load(file)
                # To the end: what is passed over is not missed where it is cut off.
                while file and file.read(2**20):
                    pass
        needed = {name for image in told["manifest.json"] for name in image["Layers"]}
        needed |= {image["Config"] for image in told["manifest.json"]}
        names = set().union(*(names_told(*index) for index in told.items()))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"the archive of images is not as an engine writes it: {error!r}"
        ) from error
    if not needed <= members:
        raise ValueError(f"the archive of images lacks {min(needed - members)}")
    return names
