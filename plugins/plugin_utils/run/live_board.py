# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Keep the board up to date while a run looks at how far the seats are."""

import time
from collections.abc import Callable, Iterator

from ansible.errors import AnsibleError
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import board, page
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import (
    BoardReport,
    DatedLook,
    Look,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.run.room import Lesson


class LiveBoard:
    """The board, which is written anew with each seat's answer: somebody is looking at it."""

    def __init__(self, read_lesson: Callable[[], Lesson], warn: Callable[[str], None]) -> None:
        """Begin without any look.

        read_lesson: called once there is something to show; may raise OSError, ExerciseError and
        AnsibleError. warn: called with why the board cannot be written.
        """
        self.looks: dict[str, DatedLook] = {}
        # Why the board is not what it should be.
        self.error = ""
        self._read_lesson = read_lesson
        self._warn = warn
        self._lesson: Lesson | None = None
        self._report: BoardReport | None = None

    def look(self, seat: str, look: DatedLook) -> None:
        """Show how far a seat is. look: as the action seat_progress publishes it."""
        self.looks[seat] = look
        self._show()

    def miss(self, seat: str, why: Finding) -> None:
        """Show that a seat did not tell how far it is."""
        nothing: Look = {"silent": why, "missing": None, "exercises": {}, "held": []}
        self.look(seat, {**nothing, "time": time.time()})

    def forget(self, seat: str) -> None:
        """Show a seat as one that nobody has looked at: what was made there is gone."""
        self.looks.pop(seat, None)
        self._show(seat)

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing on the board."""
        return not self._report

    @property
    def needs_somebody(self) -> bool:
        """Return whether a seat on the board does."""
        report = self._report
        return bool(report and any(report["totals"][state] for state in board.NEED_YOU))

    def lines(self) -> Iterator[str]:
        """Yield what a terminal shows of it: a line for each seat, and where the board is."""
        if self._lesson and self._report:
            yield from board.lines(self._report)
            yield f"The board: {self._lesson.directory / page.BOARD}"

    def _show(self, forgotten: str = "") -> None:
        """Write the board, or record and warn why that cannot be. forgotten: as _write() has it."""
        try:
            self._write(forgotten)
            self.error = ""
        # Ansible would say that a callback has failed, and at the end that all is done.
        except (AnsibleError, ExerciseError, OSError) as error:
            self.error = f"The board cannot be written: {one_line(str(error))}"
            self._warn(self.error)

    def _write(self, forgotten: str) -> None:
        """Write the board. Raises OSError, and where the inventory or an exercise is wrong.

        forgotten: a seat of which nothing counts any more, empty where there is none.
        """
        lesson = self._lesson = self._lesson or self._read_lesson()
        # Another run may have looked in the meantime.
        before = page.last_progress(lesson.directory)
        if forgotten and not before:
            return
        rows = [row for row in before.get("seats", []) if row["name"] != forgotten]
        self._report = board.board(
            self.looks,
            lesson.people,
            lesson.exercises,
            {"seats": rows},
            time.time(),
            neighbours=lesson.neighbours,
        )
        page.keep_progress(self._report, lesson.directory, lesson.language)
