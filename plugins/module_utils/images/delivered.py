# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the toolkit has ever delivered to a machine, and the file that tells students' accounts so.

The file is beside the command `labo`, which may not read root's record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted, shape_of

FILE = "delivered.json"


class Delivered(TypedDict):
    """An image that the toolkit has delivered.

    fingerprint: as fingerprint() returns it. name: NAME:TAG, which it had then. layers: the digests
    of its layers, the lowest first, and rows: how many its history has: what was built on it is
    told by these when it is gone. They are [] and 0 until another image takes its name.
    """

    fingerprint: str
    name: str
    layers: list[str]
    rows: int


def content(delivered: Iterable[Delivered]) -> bytes:
    """Return the content of the file."""
    return json.dumps([*delivered], sort_keys=True).encode() + b"\n"


def read(program: Path) -> list[Delivered]:
    """Return the images that were delivered to the seat, the first one first.

    Where the file cannot be read there are none. program: the zip file of the command.
    """
    try:
        told = json.loads(program.resolve().with_name(FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    fitting: list[Delivered] = fitted(told, shape_of(list[Delivered]), FILE, [])
    return fitting
