# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The directories that archives pass through, on their way to a seat or from it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# They survive a start of the machine, and are on a disk: memory may be small.
PLACE = Path("/var/tmp")  # noqa: S108  # each is made for its owner alone, and by a name of chance
PREFIX = "labocloud-images-"
# What an archive is called in there.
NAME = "images.tar.zst"
# A run that is still at it has made its directory today.
OLD_SECONDS = 24 * 60 * 60


def sweep(place: Path, owners: set[int]) -> None:
    """Remove what runs that were killed have left in a place that archives pass through.

    That is owners': whoever else makes one of that name keeps it.
    """
    for other in place.glob(f"{PREFIX}*"):
        try:
            found = other.lstat()
            if found.st_uid not in owners or found.st_mtime > time.time() - OLD_SECONDS:
                continue
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(other, ignore_errors=True)
            else:
                other.unlink()
        except OSError:  # gone by now
            continue


def made(place: Path) -> Path:
    """Make a directory that an archive passes through. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))


@contextmanager
def taken(src: Path) -> Iterator[Path]:
    """Take a file that has arrived to where only this process's user comes; remove it at the end.

    Where it was made on this machine, so is its directory, as made() gives it.
    Raises OSError, also where what has arrived is no file. What runs that were killed have left
    beside it, of that user or of who sent the file, is removed.
    """
    directory = made(src.parent)
    try:
        archive = directory / NAME
        src.rename(archive)
        found = archive.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError("what arrived is no file")
        os.chown(archive, os.geteuid(), -1)
        archive.chmod(0o600)
        sweep(src.parent, {os.geteuid(), found.st_uid})
        yield archive
    finally:
        src.unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)
        if src.parent.name.startswith(PREFIX):
            src.parent.rmdir()
