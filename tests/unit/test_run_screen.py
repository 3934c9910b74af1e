"""Show the picture at the end of a terminal, and the lines that are printed above it."""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible import constants, context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.labocloud.room.plugins.plugin_utils.run import screen as screens
from ansible_collections.labocloud.room.plugins.plugin_utils.run.screen import (
    Screen,
    is_wanted,
    shown,
)
from sample_terminal import Tty, before, drawn_on, picture, taken_from


def test_what_is_printed_has_the_colours_of_ansible_and_moves_no_cursor() -> None:
    """A seat that forges these colours paints a word; each line ends its own."""
    printed = "\x1b[0;31mfatal: held by x\x1b[2J\x07\x1b]0;title\x07\n\ttwo\r\x1b[0m"
    assert shown(printed) == "\x1b[0;31mfatal: held by x [2J  ]0;title \n\ttwo \x1b[0m"


def test_rows_are_for_a_terminal_and_none_who_wants_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert is_wanted(Tty(), 0)
    assert not is_wanted(io.StringIO(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(screens, "HAS_RICH", False)
        assert not is_wanted(Tty(), 0)
    assert not is_wanted(Tty(), 1)
    with monkeypatch.context() as patch:
        patch.setenv("CI", "")
        assert not is_wanted(Tty(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(context, "CLIARGS", CLIArgs({"step": True}))
        assert not is_wanted(Tty(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENABLE_TASK_DEBUGGER", True)
        assert not is_wanted(Tty(), 0)
    monkeypatch.setenv("TERM", "dumb")
    assert not is_wanted(Tty(), 0)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """Return a terminal to draw on."""
    return drawn_on(monkeypatch)


@contextmanager
def screen_on(terminal: Tty) -> Iterator[Screen]:
    """Yield a screen whose picture is its attribute `shows`."""

    def picture(width: int, height: int) -> str:
        assert (width, height) == (79, 24)
        return screen.shows

    with before(terminal):
        screen = Screen(threading.RLock(), picture)
        screen.shows = "one\ntwo\nthree"
        yield screen
        screen.end()


def test_a_picture_takes_the_place_of_the_one_before(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        assert taken_from(terminal) == "\r\x1b[J" + picture("one\ntwo\nthree")
        # The same picture is not drawn again.
        screen.draw()
        assert taken_from(terminal) == ""
        screen.shows = "four"
        screen.draw()
        assert taken_from(terminal) == "\r\x1b[2A\x1b[J" + picture("four")
        screen.shows = "five"
        screen.draw()
        assert taken_from(terminal) == "\r\x1b[J" + picture("five")


def test_what_is_printed_stands_above_the_picture(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        taken_from(terminal)
        assert sys.stdout.write("error\n") == 6
        assert taken_from(terminal) == "\r\x1b[2A\x1b[Jerror\n"
        assert sys.stderr.write("warning\n") == 8
        assert taken_from(terminal) == "warning\n"
        screen.draw()
        assert taken_from(terminal) == "\r\x1b[J" + picture("one\ntwo\nthree")
        # An empty text is not printed, and removes no picture.
        assert sys.stdout.write("") == 0
        assert taken_from(terminal) == ""
        assert sys.stdout.isatty()


def test_a_line_that_is_not_complete_is_not_drawn_over(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        sys.stdout.write("Password: ")
        taken_from(terminal)
        screen.draw()
        assert taken_from(terminal) == ""
        sys.stdout.write("\n")
        screen.draw()
        assert taken_from(terminal).endswith(picture("one\ntwo\nthree"))


def test_the_end_takes_the_picture_away_for_good(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        taken_from(terminal)
        screen.end()
        assert taken_from(terminal) == "\r\x1b[2A\x1b[J"
        assert sys.stdout is terminal
        # A stream that somebody put there afterwards stays.
        sys.stdout = other = Tty()
        screen.end()
        assert sys.stdout is other
        sys.stdout = terminal


def test_it_is_drawn_again_and_again_but_not_just_after_something_was_printed(
    terminal: Tty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "INTERVAL", 0.01)
    monkeypatch.setattr(screens, "QUIET", 3600)
    drawn = threading.Event()

    def picture(*_size: int) -> str:
        drawn.set()
        return "rows"

    with before(terminal):
        screen = Screen(threading.RLock(), picture)
        try:
            assert drawn.wait(120)
            sys.stdout.write("Continue?\n")
            drawn.clear()
            assert not drawn.wait(0.1)
            screen.quiet_until = 0.0
            assert drawn.wait(120)
        finally:
            screen.end()
        drawn.clear()
        assert not drawn.wait(0.05)
