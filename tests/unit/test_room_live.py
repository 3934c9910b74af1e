"""The rows of a run: what they say, and which of them are shown."""

import io
import re

import pytest
from rich.console import Console
from room_live import Row, clock, fitting, others, shown, table, wanted


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
    assert not wanted(Tty(), 1)
    monkeypatch.setenv("TERM", "dumb")
    assert not wanted(Tty(), 0)
