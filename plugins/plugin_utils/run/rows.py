# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Lay out a run as rows on a terminal, one a seat: what it does, and how that has gone.

The annotations are not evaluated: rich may be lacking.
"""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from dataclasses import dataclass

from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

# Where the collection was installed by itself it may be lacking.
if HAS_RICH := importlib.util.find_spec("rich") is not None:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

# Columns from which on there is room for each seat's counts.
WIDE = 60
STYLES = {"ok": "green", "changed": "yellow", "failed": "bold red", "unreachable": "bold magenta"}


@dataclass
class Row:
    """A seat.

    step: what it does, or did last. since: when that began, in seconds of the monotonic clock, None
    when it is over. result: how it ended. note: how far it is. done, changed: how many steps went
    well, and how many of them changed something.
    """

    seat: str
    step: str = ""
    since: float | None = None
    result: str = ""
    note: str = ""
    done: int = 0
    changed: int = 0

    def begin(self, step: str) -> None:
        """Begin a step."""
        self.step, self.since, self.note = step, time.monotonic(), ""

    def finish(self, result: str) -> None:
        """End the step."""
        self.since, self.note, self.result = None, "", result
        self.done += result in ("ok", "changed")
        self.changed += result == "changed"


def clock(seconds: float) -> str:
    """Return a duration in seconds as 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def fitting(rows: list[Row], height: int) -> tuple[list[Row], list[Row]]:
    """Return the rows that height lines can show, and the others, which need one of these lines.

    Where not all can be shown, those of seats at work come first.
    """
    if len(rows) <= height:
        return rows, []
    rows = sorted(rows, key=lambda row: row.since is None)
    count = max(height - 1, 0)
    return rows[:count], rows[count:]


def others(rows: list[Row]) -> str:
    """Return the line on the seats that are not shown: how many, and how they are."""
    results = Counter("at work" if row.since else row.result for row in rows)
    return f"… {len(rows)} more: " + ", ".join(f"{n} {word}" for word, n in results.items())


def table(rows: list[Row], width: int, now: float) -> Table:
    """Lay rows out in width columns; what is too long is cut."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        word = row.result if row.since is None else clock(now - row.since)
        step = f"{row.step} ({row.note})" if row.note else row.step
        cells = [Text(row.seat), Text(word, STYLES.get(word, "")), Text(one_line(step))]
        if width >= WIDE:
            cells.append(Text(f"{row.done} ok, {row.changed} changed", "dim"))
        grid.add_row(*cells)
    return grid


class Rows:
    """The seats of a run, and the play that is under way."""

    def __init__(self) -> None:
        self.head = ""
        self._rows: dict[str, Row] = {}
        self._start = time.monotonic()
        self._plays = 0
        self._number = 0

    def begin_playbook(self, plays: int) -> None:
        """Begin a playbook with so many plays."""
        self._plays, self._number = plays, 0

    def begin_play(self, name: str, *, is_next: bool) -> None:
        """Begin the next play, or the next batch of one."""
        self._number += is_next
        self.head = f"{self._number} of {self._plays}  {one_line(name)}"

    def row(self, seat: str) -> Row:
        """Return a seat's row, which it has from its first step on."""
        return self._rows.setdefault(seat, Row(seat))

    def picture(self, width: int, height: int) -> RenderableType:
        """Return what to draw: the play, and as many rows as there is room for."""
        now = time.monotonic()
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        head.add_column(no_wrap=True)
        head.add_row(Text(self.head, "bold"), Text(f" {clock(now - self._start)}"))
        # Beside the rows: an empty line, the head, and one line of what was printed before.
        shown, hidden = fitting(list(self._rows.values()), height - 3)
        rest = [Text(others(hidden), no_wrap=True, overflow="ellipsis")] if hidden else []
        return Group("", head, table(shown, width, now), *rest)
