# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what lies on a machine, which may be anything, without waiting for it and without an end."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, BinaryIO

# Bytes. No file that is read here has as many, but for those with a limit of their own.
MOST_BYTES = 4 * 2**20
# Of a file that is only looked through, so many at a time.
PIECE = 2**20
# Files that match a pattern, and sentences that a person reads, with so many characters.
MOST_FILES = 1000
MOST_SENTENCES, LONGEST_SENTENCE = 20, 300


class NoFileError(OSError):
    """What is there is not to be read: a directory, a pipe, a device, or larger than it can be."""


class Odd:
    """What could not be understood, each as a sentence."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def tell(self, sentence: str) -> None:
        """Put down a sentence, once, and no more of them than anybody reads."""
        short = " ".join(sentence.split())[:LONGEST_SENTENCE]
        if len(self.sentences) < MOST_SENTENCES and short not in self.sentences:
            self.sentences.append(short)


@contextmanager
def regular(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file.

    Raises NoFileError where it is none, and OSError where it cannot be read. Nothing else is
    opened: to open a watchdog, a tape or a pipe has effects.
    """
    try:
        found = os.stat(path)
    except ValueError as error:  # a zero in its name
        raise NoFileError(errno.EINVAL, f"{path!r} is no name of a file") from error
    if not stat.S_ISREG(found.st_mode):
        raise NoFileError(errno.EINVAL, f"{path} is no regular file")
    # What is put in its place in between is not waited for either.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoFileError(errno.EINVAL, f"{path} is no regular file")
        yield file


def content(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """Give a file's bytes.

    Raises NoFileError where it is none, or has more than most bytes, and OSError where it cannot be
    read.
    """
    with regular(path) as file:
        # None is what a file that would block gives.
        data = file.read(most + 1) or b""
    if len(data) > most:
        raise NoFileError(errno.EFBIG, f"{path} is larger than {most} bytes")
    return data


def read(path: str, odd: Odd | None = None, most: int = MOST_BYTES) -> str:
    """Give a file's text, empty where there is none.

    odd: who is to be told where there is something that is no such file; None for what comes and
    goes, as in /proc. What only root may read is no reason: whether it was root that asked is told.
    """
    try:
        return content(path, most).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        pass
    except NoFileError as error:
        if odd:
            odd.tell(str(error.strerror))
    except OSError as error:
        if odd:
            odd.tell(f"{path} cannot be read ({error.strerror})")
    return ""


def sha256(path: str | os.PathLike[str], most: int = MOST_BYTES) -> str:
    """Give the SHA-256 of a file.

    Empty where what is there is none, such as a link to nothing, or has more than most bytes.
    """
    with suppress(OSError), regular(path) as file:
        return sha256_of_stream(file, most)
    return ""


def sha256_of_stream(stream: IO[bytes], most: int | None = None) -> str:
    """Return the SHA-256 of what a stream gives to its end, in hexadecimal digits.

    It is empty where the stream gives more than `most` bytes; None is no limit. Raises OSError.
    """
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
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
    """Give the paths that match patterns, links to nothing too, of each pattern in their order."""
    for pattern in patterns:
        yield from sorted(islice(glob.iglob(pattern), MOST_FILES))
