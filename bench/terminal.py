"""Run a command on a terminal of a given size, and keep what it wrote."""

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# The longest that a run here may take, in seconds.
PATIENCE = 300


@dataclass
class Terminal:
    """A terminal with a command on it. written: all that the command has written so far."""

    command: list[str]
    columns: int
    lines: int
    environment: Mapping[str, str]
    written: bytes = b""

    def __post_init__(self) -> None:
        self.end, inside = pty.openpty()
        self.resize(self.columns, self.lines)
        self.process = subprocess.Popen(
            self.command,
            cwd=PROJECT,
            env=self.environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            preexec_fn=take_terminal,
        )
        os.close(inside)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as pulling at its window does."""
        self.columns, self.lines = columns, lines
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.end, keys.encode())

    def read(self, until: Callable[[bytes], bool] = lambda _written: False) -> None:
        """Read until something was written, or to the end. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while not until(self.written):
            if not select.select([self.end], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError(self.written.decode(errors="replace"))
            try:
                self.written += os.read(self.end, 65536)
            except OSError as error:
                # That is how Linux tells that nobody has the terminal any more.
                if error.errno != errno.EIO:
                    raise
                return

    def close(self) -> int:
        """Read to the end and give the command's exit code."""
        self.read()
        os.close(self.end)
        return self.process.wait()


def take_terminal() -> None:
    """Make standard input the new process' own terminal, from which Ctrl-C comes."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
