# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The directories that files pass through, on their way to a seat or from it."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "labocloud-images-"
# A run that is still at it has made its directory today.
OLD_SECONDS = 24 * 60 * 60


def sweep(directory: Path) -> None:
    """Remove what runs that were killed have left beside a directory that files pass through.

    That is root's, or the directory's own owner's: whoever else makes one of that name keeps it.
    """
    owners = {0, directory.stat().st_uid}
    for other in directory.parent.glob(f"{PREFIX}*"):
        found = other.lstat()
        if found.st_uid in owners and found.st_mtime < time.time() - OLD_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


def leave(file: Path) -> None:
    """Remove a file that has passed, and its directory, where it was made for that."""
    file.unlink(missing_ok=True)
    if file.parent.name.startswith(PREFIX):
        with suppress(OSError):  # there is something else in it
            file.parent.rmdir()
