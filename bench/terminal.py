"""Run a command on a terminal of a given size, and keep its output.

bench/picture.py and tests/live use it.
"""

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
# A command may be silent for at most so many seconds.
PATIENCE = 300

# plugins/callback/room_live.py writes this before its rows, and before what takes their place.
CLEAR = re.compile(r"\r(?:\x1b\[\d+A)?\x1b\[J")


class Terminal:
    """A terminal on which a command runs. written: all that the command has written so far."""

    def __init__(
        self, command: list[str], columns: int, lines: int, environment: Mapping[str, str]
    ) -> None:
        """Start the command in the project's directory."""
        self.written = b""
        self.end, inside = pty.openpty()
        self.resize(columns, lines)
        self.process = subprocess.Popen(
            # Ctrl-C reaches the command from a terminal only where that is its controlling one.
            ["setsid", "--ctty", *command],  # noqa: S607
            cwd=PROJECT,
            env=environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)

    def resize(self, columns: int, lines: int) -> None:
        """Change the terminal's size, as a person does who pulls at its window."""
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.end, keys.encode())

    def read(self, seconds: float) -> bool:
        """Read what is written within so many seconds; return whether more can come."""
        if select.select([self.end], [], [], seconds)[0]:
            try:
                self.written += os.read(self.end, 65536)
            except OSError as error:
                # Linux answers with EIO once no process has the terminal open any more.
                if error.errno != errno.EIO:
                    raise
                return False
        return True

    def wait_for(self, text: str) -> None:
        """Read until the command writes a text. Raises TimeoutError where it does not."""
        seen = len(self.written)
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.written[seen:]:
            if not self.read(1) or time.monotonic() > deadline:
                raise TimeoutError(f"no {text!r} in {self.written.decode()}")

    def close(self) -> int:
        """Read to the end and return the command's exit code."""
        while self.read(PATIENCE):
            pass
        os.close(self.end)
        return self.process.wait()


def pictures(written: bytes) -> Iterator[tuple[str, str]]:
    """Yield the pictures of a run in their order, each as the text above the rows, and the rows."""
    above = ""
    for part in CLEAR.split(written.decode()):
        # The rows alone do not end with a line break.
        if part.endswith("\n"):
            above += part
        elif part:
            yield above, part
