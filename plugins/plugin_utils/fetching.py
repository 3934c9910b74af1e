# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch a file from a machine that may send anything: no more than it has announced."""

import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MB = 10**6
# What stays free on the control machine's disk.
RESERVE = 500 * MB


def too_large(size: int, free: int, most: int) -> tuple[str, bool]:
    """Return why so many bytes are not fetched, empty where they are, and whether room is lacking.

    free, most: bytes that are free here, and that the machine may send.
    """
    if size > most:
        return f"it is {size // MB} MB, more than {most // MB} MB", False
    if size > free - RESERVE:
        why = f"and {free // MB} MB are free here, of which {RESERVE // MB} MB are to stay so"
        return f"it is {size // MB} MB, {why}", True
    return "", False


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


def fetch_file(fetch: Callable[[str, str], None], path: str, dest: Path, size: int) -> None:
    """Fetch a file of a size that was announced.

    fetch: the connection's, from a path there to one here. Raises OSError, also where it is no
    file, and what the connection raises; dest may be there then.
    """
    with no_larger(size):
        fetch(path, str(dest))
    # A connection may have copied a link as a link.
    if not stat.S_ISREG(dest.lstat().st_mode):
        raise OSError(f"{dest.name} is no file")
