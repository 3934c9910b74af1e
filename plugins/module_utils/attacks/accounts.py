# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run a command as an account of the machine, within limits of time and output."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

# Bytes of all that a command prints.
MOST_PRINTED = 2**16


class Account(NamedTuple):
    """An account of the machine, and the groups that it is in."""

    name: str
    uid: int
    gid: int
    groups: list[int]


class Ended(NamedTuple):
    """How a command ended: its status, None where it was killed at a limit, and its output."""

    status: int | None
    printed: str


def limited(
    command: Sequence[str], account: Account | None, seconds: float, **variables: str
) -> Ended:
    """Run a command, as an account where there is one, and return how it ended.

    The command and its children are killed after the seconds, and after MOST_PRINTED bytes.
    variables: its environment beside PATH and LC_ALL.
    """
    printed = b""
    end = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603  # no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **variables},
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=account.groups if account else None,
    ) as process:
        pipe = process.stdout.fileno() if process.stdout else -1
        try:
            while len(printed) < MOST_PRINTED:
                left = max(end - time.monotonic(), 0)
                if not select.select([pipe], [], [], left)[0]:
                    break
                piece = os.read(pipe, 4096)
                if not piece:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(max(end - time.monotonic(), 0))
                    break
                printed += piece
        finally:
            status = process.poll()
            # The children are in its session and are killed with it. After it has ended, its number
            # may be another process's.
            if status is None:
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(status, printed[:MOST_PRINTED].decode(errors="replace"))
