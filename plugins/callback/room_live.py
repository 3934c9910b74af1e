# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Show a run while it goes on: on a terminal one row a seat, elsewhere Ansible's usual lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: room_live
type: stdout
short_description: Show one row a seat on a terminal, and Ansible's usual lines elsewhere
description:
  - On a terminal, the last lines of the screen hold one row a seat, with what it is doing, for how
    long, and what became of it. What a person has to read stands above them, and stays, as the
    C(default) callback prints it, namely errors, warnings, what C(debug) says, and, with C(--check)
    or C(--diff), each change.
  - Everywhere else it is the C(default) callback. That is in pipes, in continuous integration (the
    variable C(CI)), on a terminal that cannot move its cursor, with C(-v), with C(--step), with the
    debugger, and where rich is lacking.
requirements:
  - rich (Python, on the control machine) for the rows
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import atexit
import importlib.util
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ansible import constants, context
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.playbook import Playbook
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.utils.color import ANSIBLE_COLOR
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line, printable

# Where the collection was installed by itself it may be lacking.
if HAS_RICH := importlib.util.find_spec("rich") is not None:
    from rich.console import Console, Group, RenderableType
    from rich.table import Table
    from rich.text import Text

# Seconds between two pictures.
INTERVAL = 0.25
# Seconds for which the rows stay away after something else was printed: it may be a question.
QUIET = 0.2
# The colours that Ansible itself puts into what it prints.
COLOUR = re.compile(r"(\x1b\[(?:0|[01];\d\d)m)")
# Columns from which on there is room for each seat's counts.
WIDE = 60
STYLES = {"ok": "green", "changed": "yellow", "failed": "bold red", "unreachable": "bold magenta"}


@dataclass
class Row:
    """A seat.

    step: what it does, or did last. since: when that began (seconds of the monotonic clock), none
    when it is over. result: what became of it. note: how far it is. done, changed: how many steps
    went well, and how many of them changed something.
    """

    seat: str
    step: str = ""
    since: float | None = None
    result: str = ""
    note: str = ""
    done: int = 0
    changed: int = 0


def clock(seconds: float) -> str:
    """Give a duration in seconds as 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def shown(text: str) -> str:
    """Give what Ansible prints as it is shown: with its own colours, and no other sequence."""
    return "".join(
        piece if COLOUR.fullmatch(piece) else printable(piece) for piece in COLOUR.split(text)
    )


def fitting(rows: list[Row], height: int) -> tuple[list[Row], list[Row]]:
    """Give the rows that height lines can show, and the others, which need one of these lines.

    Where not all can be shown, those of seats at work come first.
    """
    if len(rows) <= height:
        return rows, []
    rows = sorted(rows, key=lambda row: row.since is None)
    kept = max(height - 1, 0)
    return rows[:kept], rows[kept:]


def others(rows: list[Row]) -> str:
    """Say how many seats are not shown, and what became of them."""
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


class Screen:
    """The last lines of a terminal. They move away for whatever else is printed.

    All is done under Ansible's own lock of the output, which it also holds while it forks a worker:
    a fork never meets a lock of ours that is held, and a question that is asked under it is not
    drawn over. The cursor is never hidden, so that there is nothing to give back however a run
    ends.
    """

    def __init__(
        self, lock: threading.RLock, picture: Callable[[int, int], RenderableType]
    ) -> None:
        """Lock: that of Ansible's display. picture: gives what to draw in width and height."""
        self.lock = lock
        self.picture = picture
        self.streams = sys.stdout, sys.stderr
        self.terminal = sys.stdout
        self.console = Console(file=sys.stdout, no_color=not ANSIBLE_COLOR, highlight=False)
        self.drawn = ""
        self.quiet_until = 0.0
        self.within_line = False
        self.over = threading.Event()
        sys.stdout, sys.stderr = (Above(stream, self) for stream in self.streams)
        threading.Thread(target=self.repeat, daemon=True).start()
        atexit.register(self.end)

    def repeat(self) -> None:
        """Draw again and again: time passes where nothing happens."""
        while not self.over.wait(INTERVAL):
            with self.lock:
                if not self.over.is_set() and time.monotonic() > self.quiet_until:
                    self.draw()

    def draw(self) -> None:
        """Draw the picture as it is now, unless a line is not complete yet."""
        if self.within_line:
            return
        # A full last column would let the cursor wrap.
        width, height = self.console.width - 1, self.console.height
        with self.console.capture() as captured:
            self.console.print(self.picture(width, height), width=width)
        drawn = captured.get().rstrip("\n")
        if drawn != self.drawn:
            self.replace(drawn)

    def clear(self) -> None:
        """Take the picture away."""
        if self.drawn:
            self.replace("")

    def replace(self, drawn: str) -> None:
        """Put another picture in the place of the one that ends at the cursor."""
        lines = self.drawn.count("\n")
        self.drawn = drawn
        up = f"\x1b[{lines}A" if lines else ""
        # A window that has become smaller since it was measured is to cut lines, not to wrap them:
        # their number is how the way back up is known.
        picture = f"\x1b[?7l{drawn}\x1b[?7h" if drawn else ""
        self.terminal.write(f"\r{up}\x1b[J{picture}")
        self.terminal.flush()

    def write(self, stream: TextIO, text: str) -> int:
        """Write text that is not ours where the picture was."""
        with self.lock:
            self.clear()
            self.quiet_until = time.monotonic() + QUIET
            self.within_line = not text.endswith("\n")
            return stream.write(text)

    def end(self) -> None:
        """Take the picture away for good."""
        with self.lock:
            if not self.over.is_set():
                self.over.set()
                self.clear()
                sys.stdout, sys.stderr = self.streams


class Above:
    """A stream whose text appears above the picture."""

    def __init__(self, stream: TextIO, screen: Screen) -> None:
        self.stream = stream
        self.screen = screen

    def write(self, text: str) -> int:
        """Write as the stream does."""
        return self.screen.write(self.stream, text) if text else 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Be that stream in all else."""
        return getattr(self.stream, name)


def wanted(stream: TextIO, verbosity: int) -> bool:
    """Tell whether there is a terminal to draw on, and nobody who wants each line."""
    return (
        HAS_RICH
        and stream.isatty()
        and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        and "CI" not in os.environ
        and verbosity == 0
        and not context.CLIARGS.get("step", False)
        and not constants.ENABLE_TASK_DEBUGGER
    )


class CallbackModule(Default):
    """Keep the rows, and let through what stays on the screen."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "room_live"

    _play: Play | None  # the base's own: the one that is under way

    def __init__(self) -> None:
        super().__init__()
        # An error, a warning or an item of a loop may be in a seat's own words.
        display = self._display.display
        self._display.display = lambda msg, *arguments, **named: display(
            shown(msg), *arguments, **named
        )
        self.live = wanted(sys.stdout, self._display.verbosity)
        self.screen: Screen | None = None
        self.rows: dict[str, Row] = {}
        self.start = time.monotonic()
        self.looks = False
        self.plays = 0
        self.number = 0
        self.head = ""

    def set_options(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        """Let no task print its name before there is something to say of it."""
        super().set_options(*arguments, **named)
        if self.live:
            self._plugin_options["display_skipped_hosts"] = False

    def picture(self, width: int, height: int) -> RenderableType:
        """Give what to draw: the play, and as many rows as there is room for."""
        now = time.monotonic()
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        head.add_column(no_wrap=True)
        head.add_row(Text(self.head, "bold"), Text(f" {clock(now - self.start)}"))
        # Beside the rows: an empty line, the head, and one line of what was said before.
        shown, hidden = fitting(list(self.rows.values()), height - 3)
        more = [Text(others(hidden), no_wrap=True, overflow="ellipsis")] if hidden else []
        return Group("", head, table(shown, width, now), *more)

    def row(self, seat: str) -> Row:
        """Give a seat's row, which it has from its first step on."""
        return self.rows.setdefault(seat, Row(seat))

    def finish(self, result: CallbackTaskResult, word: str) -> None:
        """Note what became of a seat's step."""
        row = self.row(result.host.get_name())
        row.since, row.note, row.result = None, "", word
        row.done += word in ("ok", "changed")
        row.changed += word == "changed"

    def passes(self, result: CallbackTaskResult) -> bool:
        """Tell whether something that went well is printed too, because there is more to read."""
        asked = result.is_changed() and (result.task.check_mode or result.task.diff)
        told = result.result.get("_ansible_verbose_always", False)
        return not self.live or asked or told or bool(result.warnings or result.deprecations)

    def end_screen(self) -> None:
        """Give the terminal back."""
        if self.screen:
            self.screen.end()
            self.screen = None

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        """Learn how many plays there will be."""
        self.plays, self.number = len(playbook.get_plays()), 0
        # Of a look at how far the seats are, the callback room_summary has a line for each of them.
        self.looks = Path(playbook._file_name).name == "progress.yml"
        super().v2_playbook_on_start(playbook)

    def v2_playbook_on_vars_prompt(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        """Make room for the question and its answer."""
        self.end_screen()
        super().v2_playbook_on_vars_prompt(*arguments, **named)

    def v2_playbook_on_play_start(self, play: Play) -> None:
        """Begin to draw, or go on."""
        if not self.live:
            super().v2_playbook_on_play_start(play)
            return
        # A play in batches starts once a batch.
        if self._play is None or self._play._uuid != play._uuid:
            self.number += 1
        self._play = play
        self.head = f"{self.number} of {self.plays}  {one_line(play.get_name())}"
        self.screen = self.screen or Screen(self._display._lock, self.picture)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Say nothing of it in a room that has no registry: the next play is in the picture."""
        if not self.live:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_include(self, included_file: IncludedFile) -> None:
        """Say nothing of it: its tasks are in the picture."""
        if not self.live:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        """Note that a seat has begun a step."""
        row = self.row(host.get_name())
        # A role's name stands before that of its task.
        row.step = task.get_name().rpartition(" : ")[2]
        row.since, row.note = time.monotonic(), ""
        super().v2_runner_on_start(host, task)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Note it."""
        self.finish(result, "changed" if result.is_changed() else "ok")
        if self.passes(result):
            super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """Note it."""
        self.finish(result, "skipped")
        super().v2_runner_on_skipped(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Note it, and print all of it."""
        self.finish(result, "ignored" if ignore_errors else "failed")
        super().v2_runner_on_failed(result, ignore_errors=ignore_errors)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Note it, and print all of it."""
        self.finish(result, "ignored" if result.task.ignore_unreachable else "unreachable")
        super().v2_runner_on_unreachable(result)

    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        """Say which item of a loop is done."""
        self.row(result.host.get_name()).note = f"{self._get_item_label(result.result)}"
        if self.passes(result):
            super().v2_runner_item_on_ok(result)

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        """Say which attempt it is."""
        tried, most = result.result["attempts"], result.result["retries"]
        self.row(result.host.get_name()).note = f"try {tried} of {most}"
        if not self.live:
            super().v2_runner_retry(result)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Give the terminal back before the statistics."""
        self.end_screen()
        if not (self.live and self.looks):
            super().v2_playbook_on_stats(stats)
