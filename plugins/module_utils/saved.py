# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What saving the things of a seat and bringing them back agree on."""

from __future__ import annotations

import hashlib
from pathlib import Path

# What the containers' file systems are called as images, each with the container's short ID.
REPOSITORY = "labocloud-saved"


def digest(path: Path) -> str:
    """Give a file's SHA-256. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()
