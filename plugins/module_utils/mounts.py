# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what is mounted on this machine, from the kernel's own table."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")
# The fields that proc(5) promises: number, parent, device, root, mount point, options.
_FIELDS = 6
# The kernel writes space, tab, newline and backslash in octal.
_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mount: its number, where it is, and the type of what is mounted."""

    number: int
    path: str
    type: str


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts in the text of /proc/PID/mountinfo, which proc(5) describes.

    Each comes after the mounts that it is on. Raises ValueError.
    """
    mounts = []
    # A path may contain any other character at which str.splitlines() would split.
    for line in filter(None, text.split("\n")):
        fields, separator, rest = line.partition(" - ")
        words = fields.split(" ")
        if not separator or len(words) < _FIELDS or not words[0].isdecimal():
            raise ValueError(f"no line of mountinfo: {line!r}")
        path = _ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), words[4])
        mounts.append(Mount(int(words[0]), path, rest.split(" ")[0]))
    return mounts


def read_mounts() -> list[Mount]:
    """Return this machine's mounts, each after those that it is on. Raises OSError."""
    # Paths are bytes; those that are not UTF-8 have to be the same when they are used again.
    return parse_mounts(os.fsdecode(MOUNTINFO.read_bytes()))
