# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Keep a picture at the end of a terminal, below whatever else is printed.

The annotations are not evaluated: rich may be lacking.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from ansible import constants, context
from ansible.utils.color import ANSIBLE_COLOR
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.run.rows import HAS_RICH

if HAS_RICH:
    from rich.console import Console, RenderableType

# Seconds between two pictures.
INTERVAL = 0.25
# Seconds for which the picture stays away after something else was printed: it may be a question.
QUIET = 0.2
# The colors that Ansible itself puts into what it prints.
COLOR = re.compile(r"(\x1b\[(?:0|[01];\d\d)m)")


def shown(text: str) -> str:
    """Return what Ansible prints as it is shown: with its own colors, and no other sequence."""
    return "".join(
        piece if COLOR.fullmatch(piece) else printable(piece) for piece in COLOR.split(text)
    )


def is_wanted(stream: TextIO, verbosity: int) -> bool:
    """Return whether there is a terminal to draw on, and nobody who wants each line."""
    return (
        HAS_RICH
        and stream.isatty()
        and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        and "CI" not in os.environ
        and verbosity == 0
        and not context.CLIARGS.get("step", False)
        and not constants.ENABLE_TASK_DEBUGGER
    )


class Screen:
    """The last lines of a terminal. They move away for whatever else is printed.

    All is done under Ansible's own lock of the output, which it also holds while it forks a worker:
    a fork never meets a lock of ours that is held, and a question that is asked under it is not
    drawn over. The cursor is never hidden, so that there is nothing to restore however a run ends.
    """

    def __init__(
        self, lock: threading.RLock, picture: Callable[[int, int], RenderableType]
    ) -> None:
        """Begin to draw.

        lock: that of Ansible's display. picture: returns what to draw in a width and a height.
        """
        self.quiet_until = 0.0
        self._lock = lock
        self._picture = picture
        self._streams = sys.stdout, sys.stderr
        self._terminal = sys.stdout
        self._console = Console(file=sys.stdout, no_color=not ANSIBLE_COLOR, highlight=False)
        self._drawn = ""
        self._is_within_line = False
        self._over = threading.Event()
        sys.stdout, sys.stderr = (_Above(stream, self) for stream in self._streams)
        threading.Thread(target=self._repeat, daemon=True).start()
        atexit.register(self.end)

    def draw(self) -> None:
        """Draw the picture as it is now, unless a line is not complete yet."""
        if self._is_within_line:
            return
        # A full last column would let the cursor wrap.
        width, height = self._console.width - 1, self._console.height
        with self._console.capture() as captured:
            self._console.print(self._picture(width, height), width=width)
        drawn = captured.get().rstrip("\n")
        if drawn != self._drawn:
            self._replace(drawn)

    def write(self, stream: TextIO, text: str) -> int:
        """Write text of somebody else where the picture was; return how many characters."""
        with self._lock:
            self._clear()
            self.quiet_until = time.monotonic() + QUIET
            self._is_within_line = not text.endswith("\n")
            return stream.write(text)

    def end(self) -> None:
        """Take the picture away for good."""
        with self._lock:
            if not self._over.is_set():
                self._over.set()
                self._clear()
                sys.stdout, sys.stderr = self._streams

    def _repeat(self) -> None:
        """Draw again and again: time passes where nothing happens."""
        while not self._over.wait(INTERVAL):
            with self._lock:
                if not self._over.is_set() and time.monotonic() > self.quiet_until:
                    self.draw()

    def _clear(self) -> None:
        """Take the picture away."""
        if self._drawn:
            self._replace("")

    def _replace(self, drawn: str) -> None:
        """Put another picture in the place of the one that ends at the cursor."""
        lines = self._drawn.count("\n")
        self._drawn = drawn
        up = f"\x1b[{lines}A" if lines else ""
        # A window that has become smaller since it was measured is to cut lines, not to wrap them:
        # their number is how the way back up is known.
        picture = f"\x1b[?7l{drawn}\x1b[?7h" if drawn else ""
        self._terminal.write(f"\r{up}\x1b[J{picture}")
        self._terminal.flush()


class _Above:
    """A stream whose text appears above the picture."""

    def __init__(self, stream: TextIO, screen: Screen) -> None:
        self._stream = stream
        self._screen = screen

    def write(self, text: str) -> int:
        """Write as the stream does."""
        return self._screen.write(self._stream, text) if text else 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Be that stream in all else."""
        return getattr(self._stream, name)
