"""Show the text of a run's rows, and which of them are shown."""

import io
import re

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.run.rows import (
    Row,
    clock,
    fitting,
    others,
    table,
)
from rich.console import Console


def text(rows: list[Row], width: int, now: float = 100.0) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table(rows, width, now))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.9, "0:00"), (67, "1:07"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_duration(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected


def test_a_row_says_what_a_seat_does_for_how_long_and_what_became_of_it() -> None:
    rows = [
        Row("pc1", "Install | Install it", since=88.0, note="try 2 of 4", done=3, changed=1),
        Row("pc2", "Refuse it", result="failed", done=2),
    ]
    first, second = text(rows, 80)
    expected = ["pc1", "0:12", "Install | Install it (try 2 of 4)", "3 ok, 1 changed"]
    assert re.split("  +", first) == expected
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
