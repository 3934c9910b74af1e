# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What removing, saving and bringing back the things of a seat have in common."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the containers' file systems are called as images, each with the container's short ID.
REPOSITORY = "labocloud-saved"
LOCK = Path("/run/labocloud-reset.lock")


@contextmanager
def alone(directory: Path | None = None) -> Iterator[None]:
    """Work while no other does: a run whose control machine was lost may still be at it.

    directory: where the files pass through. What such a run has left beside it is removed.
    """
    with LOCK.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in directory.parent.glob(f"{REPOSITORY}-*") if directory else []:
            if other != directory:
                shutil.rmtree(other, ignore_errors=True)
        yield


def digest(path: Path) -> str:
    """Give a file's SHA-256. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()
