"""The rows of a run: what they say, and which of them are shown."""

import io
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import pytest
from ansible import constants, context
from ansible_collections.labocloud.room.plugins.callback import room_live
from ansible_collections.labocloud.room.plugins.callback.room_live import (
    Row,
    Screen,
    clock,
    fitting,
    others,
    shown,
    table,
    wanted,
)
from rich.console import Console


def text(rows: list[Row], width: int, now: float = 100.0) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table(rows, width, now))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.9, "0:00"), (67, "1:07"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_duration(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_a_row_says_what_a_seat_does_for_how_long_and_what_became_of_it() -> None:
    rows = [
        Row("pc1", "Install | Install it", since=88.0, note="try 2 of 4", done=3, changed=1),
        Row("pc2", "Refuse it", result="failed", done=2),
    ]
    first, second = text(rows, 80)
    said = ["pc1", "0:12", "Install | Install it (try 2 of 4)", "3 ok, 1 changed"]
    assert re.split("  +", first) == said
    assert re.split("  +", second) == ["pc2", "failed", "Refuse it", "2 ok, 0 changed"]


def test_a_narrow_terminal_cuts_what_is_too_long() -> None:
    rows = [Row("a-name-that-is-longer-than-it-should-be.lab.example", "x" * 100, since=40.0)]
    [line] = text(rows, 39)
    assert len(line) <= 39
    assert line.startswith("a-name-that")
    assert "1:00" in line
    assert " ok" not in line


def test_no_row_is_as_wide_as_to_wrap() -> None:
    rows = [Row("pc1", "a" * 100, since=88.0), Row("pc2", "Refuse it", result="failed")]
    assert all("ok, 0 changed" in line and len(line) <= 60 for line in text(rows, 60))


def test_a_name_is_no_markup_and_moves_no_cursor() -> None:
    [line] = text([Row("pc1", "[bold]:smile:\n\x1b[2J", since=99.0)], 60)
    assert "[bold]:smile: [2J" in line


def test_what_is_printed_has_the_colours_of_ansible_and_moves_no_cursor() -> None:
    """A seat that forges these colours paints a word; each line ends its own."""
    told = "\x1b[0;31mfatal: held by x\x1b[2J\x07\x1b]0;title\x07\n\ttwo\r\x1b[0m"
    assert shown(told) == "\x1b[0;31mfatal: held by x [2J  ]0;title \n\ttwo \x1b[0m"


def test_where_not_all_fit_those_at_work_come_first_and_the_others_are_counted() -> None:
    rows = [Row(f"pc{number}", result="ok") for number in range(1, 31)]
    rows[28].since = 1.0
    assert fitting(rows, 30) == (rows, [])
    shown, hidden = fitting(rows, 10)
    assert [row.seat for row in shown][:2] == ["pc29", "pc1"]
    assert len(shown) == 9
    assert others(hidden) == "… 21 more: 21 ok"
    assert fitting(rows, 0) == ([], [rows[28], *rows[:28], rows[29]])
    assert others([rows[0], rows[28]]) == "… 2 more: 1 ok, 1 at work"


def picture(text: str) -> str:
    """Give what a picture is written as: its lines are cut where they do not fit."""
    return f"\x1b[?7l{text}\x1b[?7h"


class Tty(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_rows_are_for_a_terminal_and_nobody_who_wants_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wanted(Tty(), 0)
    assert not wanted(io.StringIO(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(room_live, "HAS_RICH", False)
        assert not wanted(Tty(), 0)
    assert not wanted(Tty(), 1)
    with monkeypatch.context() as patch:
        patch.setenv("CI", "")
        assert not wanted(Tty(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(context, "CLIARGS", {"step": True})
        assert not wanted(Tty(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENABLE_TASK_DEBUGGER", True)
        assert not wanted(Tty(), 0)
    monkeypatch.setenv("TERM", "dumb")
    assert not wanted(Tty(), 0)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """A terminal of 80 columns and 24 lines; nothing is drawn on it unless it is asked for."""
    there = Tty()
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(room_live, "INTERVAL", 3600)
    return there


@contextmanager
def before(terminal: Tty) -> Iterator[None]:
    """Sit before a terminal for a while; it has to be given back."""
    # No fixture could: pytest has its own streams in place when a test begins.
    with mock.patch.object(sys, "stdout", terminal), mock.patch.object(sys, "stderr", terminal):
        yield
        assert sys.stdout is terminal
        assert sys.stderr is terminal


def said(terminal: Tty) -> str:
    """Give what was written since this was asked last."""
    told = terminal.getvalue()
    terminal.seek(0)
    terminal.truncate()
    return told


@contextmanager
def screen_on(terminal: Tty) -> Iterator[Screen]:
    """Have a screen whose picture is what its attribute `shows` says."""

    def picture(width: int, height: int) -> str:
        assert (width, height) == (79, 24)
        return there.shows

    with before(terminal):
        there = Screen(threading.RLock(), picture)
        there.shows = "one\ntwo\nthree"
        yield there
        there.end()


def test_a_picture_takes_the_place_of_the_one_before(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        assert said(terminal) == "\r\x1b[J" + picture("one\ntwo\nthree")
        # The same one is not drawn again.
        screen.draw()
        assert said(terminal) == ""
        screen.shows = "four"
        screen.draw()
        assert said(terminal) == "\r\x1b[2A\x1b[J" + picture("four")
        screen.shows = "five"
        screen.draw()
        assert said(terminal) == "\r\x1b[J" + picture("five")


def test_what_is_printed_stands_above_the_picture(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        said(terminal)
        assert sys.stdout.write("error\n") == 6
        assert said(terminal) == "\r\x1b[2A\x1b[Jerror\n"
        assert sys.stderr.write("warning\n") == 8
        assert said(terminal) == "warning\n"
        screen.draw()
        assert said(terminal) == "\r\x1b[J" + picture("one\ntwo\nthree")
        # Nothing is nothing, and takes no picture away.
        assert sys.stdout.write("") == 0
        assert said(terminal) == ""
        assert sys.stdout.isatty()


def test_a_line_that_is_not_complete_is_not_drawn_over(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        sys.stdout.write("Password: ")
        said(terminal)
        screen.draw()
        assert said(terminal) == ""
        sys.stdout.write("\n")
        screen.draw()
        assert said(terminal).endswith(picture("one\ntwo\nthree"))


def test_the_end_takes_the_picture_away_for_good(terminal: Tty) -> None:
    with screen_on(terminal) as screen:
        screen.draw()
        said(terminal)
        screen.end()
        assert said(terminal) == "\r\x1b[2A\x1b[J"
        assert sys.stdout is terminal
        # A stream that somebody put there afterwards stays.
        sys.stdout = other = Tty()
        screen.end()
        assert sys.stdout is other
        sys.stdout = terminal


def test_it_is_drawn_again_and_again_but_not_just_after_something_was_printed(
    terminal: Tty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_live, "INTERVAL", 0.01)
    monkeypatch.setattr(room_live, "QUIET", 3600)
    drawn = threading.Event()

    def picture(*_size: int) -> str:
        drawn.set()
        return "rows"

    with before(terminal):
        screen = Screen(threading.RLock(), picture)
        try:
            assert drawn.wait(10)
            sys.stdout.write("Continue?\n")
            drawn.clear()
            assert not drawn.wait(0.1)
            screen.quiet_until = 0.0
            assert drawn.wait(10)
        finally:
            screen.end()
        drawn.clear()
        assert not drawn.wait(0.05)


class Run:
    """A run's callback, of which `printed` are the events that Ansible's own lines tell of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.printed: list[str] = []
        for name in [name for name in vars(room_live.CallbackModule) if name.startswith("v2_")]:
            monkeypatch.setattr(room_live.Default, name, self.note(name.removeprefix("v2_")))
        monkeypatch.setattr(room_live.Default, "set_options", self.options)
        self.callback = room_live.CallbackModule()

    def note(self, name: str) -> object:
        """Give what notes that lines are printed."""
        return lambda *_arguments, **_named: self.printed.append(name)

    @staticmethod
    def options(callback: room_live.CallbackModule) -> None:
        """Set the options as Ansible's defaults are."""
        callback._plugin_options = {"display_skipped_hosts": True}

    def tell(self, event: str, **other: object) -> list[str]:
        """Tell of a seat's step that is over, and give what is printed of it."""
        self.printed.clear()
        changed, ignores = other.pop("changed", False), other.pop("ignore_unreachable", False)
        modes = {"check_mode": other.pop("check", False), "diff": other.pop("diff", False)}
        result = SimpleNamespace(
            host=SimpleNamespace(get_name=lambda: "pc1"),
            task=SimpleNamespace(ignore_unreachable=ignores, **modes),
            is_changed=lambda: changed,
            result=other.pop("result", {}),
            warnings=other.pop("warnings", []),
            deprecations=[],
        )
        getattr(self.callback, f"v2_{event}")(result, **other)
        return list(self.printed)

    def start(self, playbook: str) -> None:
        """Begin a playbook of three plays."""
        told = SimpleNamespace(get_plays=lambda: ["a", "b", "c"], _file_name=f"/x/{playbook}")
        self.callback.v2_playbook_on_start(told)

    def begin(self, name: str, key: str) -> None:
        """Begin a play."""
        play = SimpleNamespace(get_name=lambda: name, _uuid=key)
        self.callback.v2_playbook_on_play_start(play)


@contextmanager
def run_on(terminal: Tty, live: bool = True) -> Iterator[Run]:
    """Have a run, which the terminal shows, or whose lines somebody reads."""
    with before(terminal), pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "isatty", lambda: live)
        display = room_live.Default()._display
        patch.setattr(display, "display", display.display)
        run = Run(patch)
        assert run.callback.live is live
        yield run
        run.callback.end_screen()
        assert run.callback.screen is None


def test_a_row_follows_what_its_seat_does(terminal: Tty) -> None:
    with run_on(terminal) as run:
        task = SimpleNamespace(get_name=lambda: "docker_engine : Install | Install it")
        run.callback.v2_runner_on_start(SimpleNamespace(get_name=lambda: "pc1"), task)
        row = run.callback.row("pc1")
        assert row.step == "Install | Install it"
        assert time.monotonic() - row.since < 60
        steps = [
            ("runner_on_ok", {}, "ok", 1, 0),
            ("runner_on_ok", {"changed": True}, "changed", 2, 1),
            ("runner_on_skipped", {}, "skipped", 2, 1),
            ("runner_on_failed", {}, "failed", 2, 1),
            ("runner_on_failed", {"ignore_errors": True}, "ignored", 2, 1),
            ("runner_on_unreachable", {}, "unreachable", 2, 1),
            ("runner_on_unreachable", {"ignore_unreachable": True}, "ignored", 2, 1),
        ]
        for event, told, *expected in steps:
            row.since, row.note = 1.0, "try 1 of 2"
            run.tell(event, **told)
            assert [row.result, row.done, row.changed] == expected
            assert (row.since, row.note) == (None, "")
        run.tell("runner_retry", result={"attempts": 2, "retries": 4})
        assert row.note == "try 2 of 4"
        run.tell("runner_item_on_ok", result={"item": "curl", "ansible_loop_var": "item"})
        assert row.note == "curl"


@pytest.mark.parametrize("live", [True, False])
def test_what_went_well_is_printed_where_there_is_more_to_read(terminal: Tty, live: bool) -> None:
    item = {"item": "x", "ansible_loop_var": "item"}
    with run_on(terminal, live) as run:
        for event in ("runner_on_ok", "runner_item_on_ok"):
            for less in ({}, {"changed": True}, {"check": True, "diff": True}):
                assert run.tell(event, result=item, **less) == ([] if live else [event])
            for more in (
                {"changed": True, "check": True},
                {"changed": True, "diff": True},
                {"warnings": ["old"]},
                {"result": item | {"_ansible_verbose_always": True}},
            ):
                assert run.tell(event, **{"result": item} | more) == [event]
        for event in ("runner_on_failed", "runner_on_unreachable", "runner_on_skipped"):
            assert run.tell(event) == [event]
        retry = run.tell("runner_retry", result={"attempts": 1, "retries": 2})
        assert retry == ([] if live else ["runner_retry"])


@pytest.mark.parametrize("live", [True, False])
def test_skipped_steps_and_the_like_are_for_lines_alone(terminal: Tty, live: bool) -> None:
    with run_on(terminal, live) as run:
        run.callback.set_options()
        assert run.callback._plugin_options["display_skipped_hosts"] is not live
        run.callback.v2_playbook_on_no_hosts_matched()
        run.callback.v2_playbook_on_include(None)
        events = ["playbook_on_no_hosts_matched", "playbook_on_include"]
        assert run.printed == ([] if live else events)


def test_the_head_counts_the_plays(terminal: Tty) -> None:
    with run_on(terminal) as run:
        run.start("site.yml")
        assert run.callback.screen is None
        run.begin("Look at the seats", "1")
        assert run.callback.head == "1 of 3  Look at the seats"
        screen = run.callback.screen
        # A play in batches.
        run.begin("Make it", "2")
        run.begin("Make it", "2")
        assert run.callback.head == "2 of 3  Make it"
        assert run.callback.screen is screen
        for number in range(1, 31):
            run.callback.row(f"pc{number}").result = "ok"
        said(terminal)
        screen.draw()
        before, drawn, after = re.split(r"\x1b\[\?7[lh]", said(terminal))
        assert (before.strip(), after) == ("\x1b[J", "")
        lines = drawn.split("\n")
        # With the line of what was printed before, 24.
        assert len(lines) == 23
        assert re.search(r"2 of 3  Make it *(\x1b\[0m)? *0:0\d", lines[1])
        assert lines[-1].rstrip() == "… 10 more: 10 ok"
        run.callback.v2_playbook_on_vars_prompt("name")
        assert run.callback.screen is None
        run.begin("Go on", "3")
        assert run.callback.screen
        run.callback.v2_playbook_on_stats(None)
        assert run.callback.screen is None
        assert run.printed == ["playbook_on_start", "playbook_on_vars_prompt", "playbook_on_stats"]


def test_in_a_pipe_nothing_is_drawn(terminal: Tty) -> None:
    with run_on(terminal, live=False) as piped:
        piped.begin("Look", "1")
        assert piped.printed == ["playbook_on_play_start"]
        assert piped.callback.screen is None
        assert sys.stdout is terminal


def test_all_that_is_displayed_is_printable(terminal: Tty) -> None:
    with run_on(terminal) as run:
        run.callback._display.display("held by x\x1b[2J", screen_only=True)
        assert "held by x [2J" in said(terminal)


@pytest.mark.parametrize(("live", "printed"), [(True, []), (False, ["playbook_on_stats"])])
def test_of_a_look_there_are_no_statistics_on_a_terminal(
    terminal: Tty, live: bool, printed: list[str]
) -> None:
    with run_on(terminal, live) as run:
        run.start("progress.yml")
        run.printed.clear()
        run.callback.v2_playbook_on_stats(None)
        assert run.printed == printed
