# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell by its SHA-256 whether a file, however large, is the one that is meant."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

# Bytes that are read at a time.
PIECE = 2**20


def sha256(file: IO[bytes]) -> str:
    """Return the SHA-256, in hexadecimal, of what is read to its end. Raises OSError."""
    checksum = hashlib.sha256()
    while piece := file.read(PIECE):
        checksum.update(piece)
    return checksum.hexdigest()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return sha256(file)
