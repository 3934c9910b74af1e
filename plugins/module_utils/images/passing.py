# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make and clear the directories that archives pass through, to a seat or from it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# This survives a reboot, and is on a disk: memory may be small.
PLACE = Path("/var/tmp")  # noqa: S108  # each directory is its owner's alone, with a random name
PREFIX = "labocloud-images-"
# The name of an archive in its directory.
NAME = "images.tar.zst"
# A run that is under way has made its directory less than a day ago.
_OLD_SECONDS = 24 * 60 * 60


def sweep(place: Path, owners: set[int]) -> None:
    """Remove what killed runs of these owners, UIDs, have left in a place for archives."""
    for path in place.glob(f"{PREFIX}*"):
        try:
            status = path.lstat()
            if status.st_uid not in owners or status.st_mtime > time.time() - _OLD_SECONDS:
                continue
            if stat.S_ISDIR(status.st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        except OSError:  # It is gone by now.
            continue


def make_directory(place: Path) -> Path:
    """Make a directory for an archive in a place, and return its path. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))


@contextmanager
def taken(src: Path) -> Iterator[Path]:
    """Move a file that has arrived to where only this process's user comes, and yield its path.

    It is removed at the end, and so is the directory that it was in, where make_directory() has
    made that. What killed runs of this user, or of the file's owner, have left beside it is removed
    too. Raises OSError, also where what has arrived is no file.
    """
    directory = make_directory(src.parent)
    try:
        archive = directory / NAME
        src.rename(archive)
        status = archive.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError("what arrived is no file")
        os.chown(archive, os.geteuid(), -1)
        archive.chmod(0o600)
        sweep(src.parent, {os.geteuid(), status.st_uid})
        yield archive
    finally:
        src.unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)
        if src.parent.name.startswith(PREFIX):
            src.parent.rmdir()
