"""A terminal that a test sits before."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.run import screen


def picture(text: str) -> str:
    """Return what a picture is written as: its lines are cut where they do not fit."""
    return f"\x1b[?7l{text}\x1b[?7h"


class Tty(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def drawn_on(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """Return a terminal of 80 columns and 24 lines, on which nothing is drawn by itself."""
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(screen, "INTERVAL", 3600)
    return Tty()


@contextmanager
def before(terminal: Tty) -> Iterator[None]:
    """Sit before a terminal for a while; it has to be given back."""
    # No fixture could: pytest has its own streams in place when a test begins.
    with mock.patch.object(sys, "stdout", terminal), mock.patch.object(sys, "stderr", terminal):
        yield
        assert sys.stdout is terminal
        assert sys.stderr is terminal


def taken_from(terminal: Tty) -> str:
    """Return what was written since the last call."""
    written = terminal.getvalue()
    terminal.seek(0)
    terminal.truncate()
    return written
