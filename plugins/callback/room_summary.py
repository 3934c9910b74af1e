# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Say at the end of a run, in plain words, which seats are ready and what the others need."""

DOCUMENTATION = r"""
name: room_summary
type: aggregate
short_description: Say at the end which seats are ready, and write the room page
description:
  - Prints one line with the counts, one line for each seat that failed or could not be
    reached, with the reason that the failing task gave, and one for each thing that is only to be
    looked at, of seats that are ready and of the room as a whole.
  - Writes the room page, C(room.html) and C(room.json), to O(ignore:room_page_directory), from what
    the machines of this run were judged to be, whatever became of the run.
  - Where a run looks at how far the students are, writes the board, C(board.html), and
    C(progress.json) and C(progress.csv), beside them as soon as a seat has answered; the playbook
    progress prints a line for each seat.
  - Where the playbook proves that seats are ready, writes the names of those that are not to the
    file C(missing) there, which C(--limit @reports/missing) takes. A seat that a run was not about
    stays in it.
  - What a playbook is for, its plays say, by C(room_run) in their C(vars), namely V(proof),
    V(update), V(progress), or V(work), which is also what no play says. A playbook that imports
    one of the collection's is for the same, unless it sets another C(room_run) beside
    C(import_playbook).
author:
  - labocloud contributors (!UNKNOWN)
"""

import atexit
import time
from collections.abc import Sequence
from pathlib import Path

from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.playbook import Playbook
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.callback import CallbackBase
from ansible_collections.labocloud.room.plugins.plugin_utils.run import (
    custom_stats,
    files,
    last_lines,
    room,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.run.kinds import Kind, kind_of
from ansible_collections.labocloud.room.plugins.plugin_utils.run.live_board import LiveBoard
from ansible_collections.labocloud.room.plugins.plugin_utils.run.record import (
    PROGRESS,
    Record,
    TaskResult,
)

# The action that makes a seat one of a new group, with `state: absent`.
STUDENTS = "labocloud.room.seat_students"


class CallbackModule(CallbackBase):
    """Hand Ansible's events to the record and the board, and print what they say at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "room_summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()
        self.board = LiveBoard(self._lesson, self._display.warning)
        self.play: Play | None = None
        # Whether Ansible has told the end of the run.
        self.has_ended = False
        # No seat tells when the run began.
        self.started = time.monotonic()

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        """Learn what the run is for."""
        custom_stats.ignore_odd_counts()
        atexit.register(self._break_off)
        self.record.kind = kind_of(playbook.get_plays())
        self.record.is_check = context.CLIARGS.get("check", False)

    def v2_playbook_on_play_start(self, play: Play) -> None:
        """Learn which seats there are."""
        self.play = play
        self.record.begin_play(
            room=room.seats_of(play, ignore_limit=True),
            seats=room.seats_of(play),
            has_turns=bool(play.serial or play.any_errors_fatal),
        )

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        """Record that a machine is at work."""
        del task
        self.record.begin_task(host.get_name())

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """Record that it had nothing to do."""
        self.record.skip_task(result.host.get_name())

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Record it, and put on the board what it says of how far a seat is."""
        ended = TaskResult(result)
        self.record.end_task(ended)
        self._show_look(ended)
        # What was made there is gone: who comes next begins at the beginning.
        is_absent = result.task.args.get("state") == "absent"
        if ended.action == STUDENTS and is_absent and not self.record.is_check:
            self.board.forget(ended.host)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Record it, and put on the board what it says of how far a seat is."""
        del ignore_errors
        ended = TaskResult(result)
        self.record.fail_task(ended)
        self._show_look(ended)
        if ended.action == PROGRESS and (timeout := ended.timeout):
            self.board.miss(ended.machine, timeout)

    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        """Record that an item of a loop failed."""
        self.record.fail_item(TaskResult(result))

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Record that a machine cannot be reached."""
        ended = TaskResult(result)
        self.record.lose_machine(ended)
        self._show_look(ended)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Write the page and the names of the seats not ready, and print the last lines."""
        lost = {
            host
            for host in stats.processed
            if stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"]
        }
        lines, color = self._end(set(stats.processed), lost)
        self.has_ended = True
        # Other callbacks print their statistics at this same event, in no order that can be set;
        # what the person needs comes last.
        atexit.register(self._show, lines, color)

    def _break_off(self) -> None:
        """Print what is known of a run that Ansible has ended without a word."""
        if self.has_ended or self.play is None:
            return
        self.record.is_broken_off = True
        failed = set(self.record.failed)
        self._show(*self._end({*self.record.answers, *failed}, failed))

    def _end(self, processed: set[str], lost: set[str]) -> tuple[Sequence[str], str]:
        """Write the page and the names of the seats not ready; return the last lines, their color.

        processed: the machines that have had a task. lost: those of them at which one has failed.
        """
        record, only_looks = self.record, self.record.kind is Kind.PROGRESS
        if only_looks and self.board.error:
            return [self.board.error], "red"
        if only_looks and not self.board.is_empty and not record.failed:
            return list(self.board.lines()), "yellow" if self.board.needs_somebody else "green"
        if record.locked:
            return [record.locked], "red"
        failed = record.not_ready(processed, lost)
        ready = {host for host in record.seats if host not in failed and host in processed}
        # A look says nothing of whether machines are as they should be.
        has_more = record.seats and not only_looks
        others = self._write(lost, ready, set(failed)) if has_more else []
        lines = last_lines.summary(len(ready), failed, record.word, others)
        return lines, "red" if failed else "green"

    def _write(self, lost: set[str], ready: set[str], failed: set[str]) -> list[str]:
        """Write the page and the file missing; return the lines on what is only to be looked at."""
        record, settings = self.record, self._settings()
        record.silence(lost)
        lines = files.write_page(record.answers, settings, lost, time.monotonic() - self.started)
        if record.proves:
            files.write_missing(Path(settings["room_page_directory"]), record.room, failed, ready)
        verdicts = {
            name: answer["verdict"] for name, answer in record.answers.items() if name in ready
        }
        return [
            *last_lines.attacked(record.attacks, record.room),
            *last_lines.warnings(verdicts, record.room),
            *lines,
        ]

    def _show_look(self, result: TaskResult) -> None:
        """Put on the board at once what a look has found."""
        if result.action == PROGRESS and "look" in result.published:
            self.board.look(result.host, result.published["look"])

    def _settings(self) -> room.RoomSettings:
        """Return the settings of the page and the board, with the room."""
        return room.settings_of(self.play, self.record.room[0])

    def _lesson(self) -> room.Lesson:
        """Return what the board shows the seats by. Raises as what is called."""
        return room.lesson_of(self.play, self._settings(), self.record.room)

    def _show(self, lines: Sequence[str], color: str) -> None:
        """Print lines."""
        self._display.banner("ROOM")
        for line in lines:
            self._display.display(line, color=color)
