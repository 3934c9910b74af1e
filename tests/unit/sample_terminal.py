"""A terminal for tests."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.run import screen


def picture(text: str) -> str:
    """Return the text that draws a picture without line wrap: lines that do not fit are cut."""
    return f"\x1b[?7l{text}\x1b[?7h"


class Tty(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def drawn_on(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """Return a terminal of 80 columns and 24 lines, on which no timer draws anything."""
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(screen, "INTERVAL", 3600)
    return Tty()


@contextmanager
def before(terminal: Tty) -> Iterator[None]:
    """Have the standard streams be this terminal; check that they still are at the end."""
    # This is no fixture, since pytest puts its own streams in place after the fixtures have run.
    with mock.patch.object(sys, "stdout", terminal), mock.patch.object(sys, "stderr", terminal):
        yield
        assert sys.stdout is terminal
        assert sys.stderr is terminal


def taken_from(terminal: Tty) -> str:
    """Return the text that was written since the last call, and clear it."""
    written = terminal.getvalue()
    terminal.seek(0)
    terminal.truncate()
    return written
