"""Run a command on a terminal of a given size, and keep what it wrote."""

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# The longest that a command here may be silent, in seconds.
PATIENCE = 300

# The rows of plugins/callback/room_live.py begin with this, and so does what takes their place.
CLEAR = re.compile(r"\r(?:\x1b\[\d+A)?\x1b\[J")


class Terminal:
    """A terminal with a command on it. written: all that the command has written so far."""

    def __init__(
        self, command: list[str], columns: int, lines: int, environment: Mapping[str, str]
    ) -> None:
        """Start the command in the project's directory."""
        self.written = b""
        self.end, inside = pty.openpty()
        self.resize(columns, lines)
        self.process = subprocess.Popen(
            # Ctrl-C comes from a terminal that is the command's own.
            ["setsid", "--ctty", *command],  # noqa: S607
            cwd=PROJECT,
            env=environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as pulling at its window does."""
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.end, keys.encode())

    def read(self, seconds: float) -> bool:
        """Read what is written within so many seconds; tell whether there is more to come."""
        if select.select([self.end], [], [], seconds)[0]:
            try:
                self.written += os.read(self.end, 65536)
            except OSError as error:
                # That is how Linux tells that nobody has the terminal any more.
                if error.errno != errno.EIO:
                    raise
                return False
        return True

    def wait_for(self, text: str) -> None:
        """Read until a text was written. Raises TimeoutError where it is not."""
        seen = len(self.written)
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.written[seen:]:
            if not self.read(1) or time.monotonic() > deadline:
                raise TimeoutError(f"no {text!r} in {self.written.decode()}")

    def close(self) -> int:
        """Read to the end and give the command's exit code."""
        while self.read(PATIENCE):
            pass
        os.close(self.end)
        return self.process.wait()


def pictures(written: bytes) -> Iterator[tuple[str, str]]:
    """Give the pictures of a run in their order, each after what stood above it."""
    above = ""
    for part in CLEAR.split(written.decode()):
        # The rows end within a line; all else ends it.
        if part.endswith("\n"):
            above += part
        elif part:
            yield above, part
