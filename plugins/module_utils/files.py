# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read and write a machine's files.

What is read may be anything: nothing here waits for it, or reads it without an end. What is written
is there whole or not at all.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

# Bytes. No file that is read here has as many, but for those with a limit of their own.
MOST_BYTES = 4 * 2**20
# Bytes of a file that are in memory at a time where it is only looked through.
_PIECE = 2**20
# Files that match a pattern.
_MOST_FILES = 1000


class NoFileError(OSError):
    """What is there is not to be read: a directory, a pipe, a device, or larger than it can be."""


@contextmanager
def _open_regular(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a regular file.

    Nothing else is opened: to open a watchdog, a tape or a pipe has effects. Raises NoFileError
    where the path leads to something else, and OSError where the file cannot be read.
    """
    try:
        status = os.stat(path)
    except ValueError as error:  # a zero in its name
        raise NoFileError(errno.EINVAL, f"{path!r} is no name of a file") from error
    if not stat.S_ISREG(status.st_mode):
        raise NoFileError(errno.EINVAL, f"{path} is no regular file")
    # What somebody puts in its place in between is not waited for either.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoFileError(errno.EINVAL, f"{path} is no regular file")
        yield file


def content(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """Return a file's bytes.

    Raises NoFileError where the path leads to no regular file, or to one of more than `most` bytes,
    and OSError where it cannot be read.
    """
    with _open_regular(path) as file:
        # A file that would block gives None.
        data = file.read(most + 1) or b""
    if len(data) > most:
        raise NoFileError(errno.EFBIG, f"{path} is larger than {most} bytes")
    return data


def sha256(path: str | os.PathLike[str], most: int = MOST_BYTES) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    It is empty where the path leads to no file that can be read, such as a link to nothing, or to
    one of more than `most` bytes.
    """
    with suppress(OSError), _open_regular(path) as file:
        return sha256_of_stream(file, most)
    return ""


def sha256_of_stream(stream: IO[bytes], most: int | None = None) -> str:
    """Return the SHA-256 of what a stream gives to its end, in hexadecimal digits.

    It is empty where the stream gives more than `most` bytes; None is no limit. Raises OSError.
    """
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if most is not None and size > most:
            return ""
        digest.update(piece)
    return digest.hexdigest()


def digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal digits. Raises OSError."""
    with open(path, "rb") as file:
        return sha256_of_stream(file)


def matching(*patterns: str) -> Iterator[str]:
    """Yield the paths that match patterns, links to nothing too, of each pattern in their order."""
    for pattern in patterns:
        yield from sorted(islice(glob.iglob(pattern), _MOST_FILES))


def partial_of(path: Path) -> Path:
    """Return the path at which write_whole() writes a file before it gives it its name."""
    return path.with_name(f".{path.name}.part")


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that a power cut leaves the old one or the new one.

    The mode is the file's whatever the umask is. Where others may write to the directory, no link
    that they have laid there is followed. Raises OSError.
    """
    partial = partial_of(path)
    with suppress(FileNotFoundError):
        partial.unlink()
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    # The name belongs to the directory, and is on the disk when that is.
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory written to the disk. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
