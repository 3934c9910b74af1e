# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read and write the records that the toolkit keeps on a seat."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.reading import (
    LONGEST_SENTENCE,
    NoFileError,
    content,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults

DIRECTORY = Path("/var/lib/labocloud")
# What is in each record, by the shape of its JSON. A key with ? is not in those of all releases.
# What another release has put beside it is kept.
RECORDS: dict[str, Shape] = {
    # What the seat was like before the toolkit came.
    "before": {
        "packages": [str],
        "docker_data": bool,
        "files?": [str],
        "held?": [str],
        "docker_group?": ([str], None),
        "docker_running?": bool,
        "images?": [str],
        "containers?": [str],
        "networks?": [str],
        "volumes?": [str],
        "ids?": {
            "containers?": [str],
            "images?": {str: [str]},
            "networks?": [str],
            "plugins?": [str],
            "cache?": [str],
            "swarm?": str,
            ...: object,
        },
        # Docker's directories: absent, empty or in use.
        "roots?": {str: str},
        ...: object,
    },
    # What the toolkit brought; while packages come, coming, the names of the new ones, and
    # policy_rc_d, whether the toolkit keeps services from starting.
    "brought": {
        "packages?": [str],
        "users?": [str],
        "coming?": [str],
        "policy_rc_d?": bool,
        "containers?": [str],
        "making?": (str, None),
        ...: object,
    },
    # Its images, by their fingerprints; one without a version has nothing but these.
    "built": (
        {"version": int, "images?": {str: str}, "bases?": {str: str}, ...: object},
        {str: str},
    ),
    # Where images are built, the revisions that the room had.
    "served": {"revisions": [str], ...: object},
}
NAMES = tuple(RECORDS)
# Bytes. One with thousands of packages and images has half of it.
LARGEST = 2 * 2**20


class TornError(ValueError):
    """A record is there and cannot be read; the text names it and says what it holds."""


def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give a JSON object. Raises ValueError where a key is in it twice: one is not meant."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is in it twice")
    return value


def no_number(text: str) -> float:
    """Raise ValueError: NaN and Infinity are Python's, and no JSON."""
    raise ValueError(f"{text} is no number")


def read_record(name: str, directory: Path = DIRECTORY) -> dict[str, Any] | None:
    """Give a record, None where there is none.

    Raises TornError where what is there is no record: to take it for none would be to forget what
    was there before.
    """
    path = directory / f"{name}.json"
    try:
        text = content(path, LARGEST).decode()
        value = json.loads(text, object_pairs_hook=one_of_each, parse_constant=no_number)
    except FileNotFoundError:
        if path.is_symlink():
            raise TornError(f"{path} is a link to nothing") from None
        return None
    except NoFileError as error:
        raise TornError(str(error.strerror)) from error
    except OSError as error:
        raise TornError(f"{path} cannot be read ({error.strerror})") from error
    except RecursionError:
        raise TornError(f"{path} cannot be read (it is nested too deep)") from None
    except ValueError as error:
        raise TornError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise TornError(f"{path} holds no record, but {text[:40]!r}")
    wrong = next(faults(value, RECORDS.get(name, {str: object}), name), "")
    if wrong:
        raise TornError(f"{path} holds no such record: {wrong[:LONGEST_SENTENCE]}")
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
    write_whole(directory / path.name, content(path), path.stat().st_mode & 0o777)
