# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Let one at a time save, remove or bring back the things of a seat, and tidy up after the lost."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import REPOSITORY

LOCK = Path("/run/labocloud-reset.lock")
# A file in a directory while the files of a save are made there. Whoever makes them has the lock.
UNFINISHED = "unfinished"
# How long, in seconds, a directory that is not unfinished is left to the run that may fetch from
# it, or copy to it: others cannot tell whether its control machine is still there.
FRESH = 12 * 3600


def _age(directory: Path) -> float:
    """Return the seconds since something in a directory was last changed. Raises OSError."""
    return time.time() - max(path.lstat().st_mtime for path in (directory, *directory.iterdir()))


def _remove_left(directory: Path) -> None:
    """Remove what runs that ended early have left beside a directory. The lock has to be ours."""
    for other in directory.parent.glob(f"{REPOSITORY}-*"):
        try:
            # A time to come is no reason to keep it for ever.
            is_left = (other / UNFINISHED).exists() or abs(_age(other)) > FRESH
        except OSError:
            continue
        if other != directory and is_left:
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
            _remove_left(directory)
        yield
