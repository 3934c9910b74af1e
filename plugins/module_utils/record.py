# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read and write the records that the toolkit keeps on a seat."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

DIRECTORY = Path("/var/lib/labocloud")
# before: what the seat was like. brought: packages and accounts that the toolkit brought; while
# packages come, coming, the names of the new ones, and policy_rc_d, whether the toolkit keeps
# services from starting. built: its images. served: where images are built, the revisions that the
# room had.
NAMES = ("before", "brought", "built", "served")


class TornError(ValueError):
    """A record is there and cannot be read; the text names it and says what it holds."""


def read_record(name: str, directory: Path = DIRECTORY) -> dict[str, Any] | None:
    """Give a record, None where there is none.

    Raises TornError where what is there is no record: to take it for none would be to forget what
    was there before.
    """
    path = directory / f"{name}.json"
    try:
        # A pipe or a device in its place would be waited for.
        if path.exists() and not path.is_file():
            raise TornError(f"{path} is no regular file")
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise TornError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise TornError(f"{path} holds no record, but {text[:40]!r}")
    return value


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that a power cut leaves the old one or the new one. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    # The name is the directory's, and is written when that is.
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def write_record(name: str, value: dict[str, Any], directory: Path = DIRECTORY) -> None:
    """Write a record. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(directory / f"{name}.json", json.dumps(value, sort_keys=True).encode() + b"\n")


def keep_file(path: Path, directory: Path = DIRECTORY) -> None:
    """Keep a copy of a file beside the records, with its name and mode. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(directory / path.name, path.read_bytes(), path.stat().st_mode & 0o777)
