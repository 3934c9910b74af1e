# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write archives that are packed with zstd, and read them. No Python on a seat packs so itself."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT

# Characters of what zstd says where it cannot unpack, which is a line.
LONGEST_WORDS = 1000


def pack(dest: Path, write: Callable[[IO[bytes], IO[str]], object]) -> str:
    """Pack what write produces to dest, and return what the commands have said meanwhile.

    write: takes what to write to, and where a command that it runs can say why it fails. Raises
    subprocess.CalledProcessError where a command fails, with the reason as its stderr, OSError
    where dest cannot be written, and what write raises.
    """
    command = ["zstd", "-q", "-3", "-T0", "-f", "-o", str(dest)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as messages:
        failure: Exception | None = None
        try:
            with subprocess.Popen(  # noqa: S603  # no shell, and a path of our own
                command, stdin=subprocess.PIPE, stderr=messages, env=ENVIRONMENT
            ) as zstd:
                write(cast("IO[bytes]", zstd.stdin), messages)
        # Where the pipe is broken, zstd has ended, and says itself why.
        except (BrokenPipeError, subprocess.CalledProcessError) as error:
            failure = error
        messages.seek(0)
        text = messages.read()
        if failure or zstd.returncode != 0:
            failed = isinstance(failure, subprocess.CalledProcessError)
            otherwise = str(failure) if failed else f"zstd ends with {zstd.returncode}"
            raise subprocess.CalledProcessError(
                zstd.returncode or 1, "zstd", stderr=text.strip() or otherwise
            ) from failure
    return text


@contextmanager
def unpacked(archive: Path) -> Iterator[IO[bytes]]:
    """Open what a packed archive holds: docker load of Debian 12 does not unpack zstd.

    Raises subprocess.CalledProcessError, with what zstd said as its stderr, where it cannot be
    unpacked to its end: whoever reads it then fails too, and can tell less.
    """
    command = ["zstd", "-dcq", str(archive)]
    failure: Exception | None = None
    with tempfile.TemporaryFile() as messages:
        with subprocess.Popen(  # noqa: S603  # no shell, and a path of our own
            command, stdout=subprocess.PIPE, stderr=messages, env=ENVIRONMENT
        ) as zstd:
            try:
                yield cast("IO[bytes]", zstd.stdout)
            except Exception as error:  # who is to blame is known when zstd has ended
                failure = error
        messages.seek(0)
        text = messages.read(LONGEST_WORDS).decode(errors="replace").strip()
    # One that nobody reads any more is stopped by that.
    if zstd.returncode != 0 and not (failure and zstd.returncode == -signal.SIGPIPE):
        raise subprocess.CalledProcessError(
            zstd.returncode, "zstd", stderr=text or f"zstd ends with {zstd.returncode}"
        ) from failure
    if failure:
        raise failure
