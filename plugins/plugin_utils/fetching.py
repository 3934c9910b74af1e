# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch from a machine whose root decides what it sends, and how much of it."""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MB = 10**6
# What stays free on the control machine's disk.
RESERVE = 500 * MB


def is_file(path: Path) -> bool:
    """Tell whether a file has arrived: a connection may copy a link as a link. Raises OSError."""
    return stat.S_ISREG(path.lstat().st_mode)


@contextmanager
def no_larger(size: int) -> Iterator[None]:
    """Have this process, and those that it starts, write no file beyond a size in bytes.

    What a connection starts sees to it by itself: it is the system that stops it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lower = size if soft == resource.RLIM_INFINITY else min(size, soft)
    resource.setrlimit(resource.RLIMIT_FSIZE, (lower, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
