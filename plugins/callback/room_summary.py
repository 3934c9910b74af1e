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
author:
  - labocloud contributors (!UNKNOWN)
"""

import atexit
import functools
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ansible import context
from ansible.errors import AnsibleError
from ansible.executor.stats import AggregateStats
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    Exercise,
    ExerciseError,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import board, page, settings
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
    of_seats,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    errors,
    findings,
    silent,
    unanswered,
    updated,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import exercises_of
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.report import report

LONGEST_REASON = 600
# The playbooks that end with the proof; one of them may stop before all seats have had their turn.
PROOFS = ("site.yml", "update.yml", "verify.yml")
UPDATE = "update.yml"
# The one that only looks at how far the students are, and what makes a seat one of a new group.
PROGRESS = "progress.yml"
LOOKING, STUDENTS = "labocloud.room.seat_progress", "labocloud.room.seat_students"
# The actions that give a verdict, and the one that ends a run before it begins.
JUDGING = tuple(
    f"labocloud.room.{name}"
    for name in (
        *("seat", "seat_attack", "seat_exercises", "seat_state", "flask_container"),
        *("image_build", "image_load", "image_name", "image_remove"),
    )
)
ATTACKING, LOCKING = "labocloud.room.seat_attack", "labocloud.room.room_lock"


def seconds_over(answer: Mapping[str, Any]) -> int:
    """Return the limit of time, in seconds, that a task ran into, 0 where it did not."""
    over = answer.get("timedout")
    seconds = over.get("period") if isinstance(over, Mapping) else 0
    return seconds if isinstance(seconds, int) else 0


def reason(answer: dict[str, Any]) -> str:
    """Give, in one line, why a task failed: its message, and what the command said."""
    if seconds := seconds_over(answer):
        return f"it did not answer in time, within {seconds} s"
    parts = [answer.get("msg"), answer.get("stderr") or answer.get("module_stderr")]
    text = " ".join(one_line(str(part)) for part in parts if part)
    if len(text) > LONGEST_REASON:
        text = f"{text[: LONGEST_REASON // 2]} … {text[-LONGEST_REASON // 2 :]}"
    return text or "no reason given"


def in_order(seats: Iterable[str], room: Sequence[str]) -> list[str]:
    """Return names of machines in the order of the inventory, whoever has answered first."""
    places = {name: place for place, name in enumerate(room)}
    return sorted(seats, key=lambda name: places.get(name, len(room)))


def together(seats: Sequence[str], room: Sequence[str]) -> tuple[str, str]:
    """Return how seats that have something in common are called, and how Ansible is given them.

    room: all seats of the inventory. seats: some of them, in its order.
    """
    if len(seats) > 1 and list(seats) == list(room):
        return f"all {len(seats)} seats", settings.ROOM
    return ", ".join(seats), ",".join(seats)


def warnings(verdicts: Mapping[str, Mapping[str, Verdict]], room: Sequence[str] = ()) -> list[str]:
    """Give what is to be looked at though seats are ready: one line for each thing, with its seats.

    verdicts: seat to part to verdict. room: all seats, in the order in which they are named.
    """
    seats: dict[str, list[str]] = {}
    first: dict[str, Finding] = {}
    for seat in in_order(verdicts, room):
        for one in findings(verdicts[seat]):
            if one["severity"] == "warning":
                seats.setdefault(one["cause"]["en"], []).append(seat)
                first.setdefault(one["cause"]["en"], one)
    lines = []
    for what, names in seats.items():
        who, pattern = together(names, room)
        lines.append(f"To look at, {who}: {in_words([of_seats(first[what], names[0], pattern)])}")
    return lines


def attacked(attacks: Mapping[str, Mapping[str, Any]], room: Sequence[str] = ()) -> list[str]:
    """Give what came of attacks: one line for each number of them, with its seats.

    attacks: seat to what came of those that were tried there (shape.ATTACKS). room: as warnings()
    takes it.
    """
    seats: dict[str, list[str]] = {}
    for seat in in_order(attacks, room):
        told = attacks[seat]
        outcomes = Counter(one["outcome"] for one in told["tried"])
        if known := outcomes["succeeded"] + outcomes["withstood"]:
            what = f"as {told['account']} {known} tried, {outcomes['succeeded']} succeeded"
            seats.setdefault(what, []).append(seat)
    return [f"Attacks, {together(seats[what], room)[0]}: {what}." for what in seats]


def summary(good: int, failed: dict[str, str], word: str, others: Sequence[str] = ()) -> list[str]:
    """Give the lines to print.

    good: how many seats are well. word: what they are, "ready", "done" or "checked".
    failed: the other seats, each with its reason. others: what else there is to tell.
    """
    if not good and not failed:
        return ["No seat was touched: is the inventory's group lab empty?"]
    head = f"{good} seat{'' if good == 1 else 's'} {word}"
    if not failed:
        return [f"{head}.", *others]
    needs = "needs" if len(failed) == 1 else "need"
    lines = [f"{head}, {len(failed)} {needs} you:"]
    for seat, why in sorted(failed.items()):
        # The roles' own messages begin with the seat's name already; pc1 does not speak of pc10.
        named = why.startswith((f"{seat}: ", f"{seat} "))
        lines.append(f"  {why}" if named else f"  {seat}: {why}")
    return [*lines, *others]


def refused(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Give what keeps every role from working on a seat."""
    return [one for verdict_ in verdicts.values() for one in verdict_["refused"]]


def missing(before: list[str], room: list[str], failed: set[str], good: set[str]) -> list[str]:
    """Give the seats that are not ready, in the order of the room.

    before: those that were not after the last run. room: all seats of the inventory. failed, good:
    those of this run. A name that the inventory no longer has is forgotten.
    """
    return [seat for seat in room if seat in failed or (seat in before and seat not in good)]


@functools.cache
def spare_counts() -> None:
    """Have Ansible leave alone what cannot be added up of what tasks count (ansible_stats).

    Root of a seat decides what any module counts there, and Ansible itself would end the run of all
    seats over it.
    """
    add = AggregateStats.update_custom_stats

    def added(stats: AggregateStats, *counted: Any) -> None:  # noqa: ANN401
        with suppress(Exception):
            add(stats, *counted)

    AggregateStats.update_custom_stats = added


class Lesson(NamedTuple):
    """What the board shows the seats by. people: each seat of the room to who sits there."""

    directory: Path
    language: str
    exercises: list[Exercise]
    people: dict[str, str]


class CallbackModule(CallbackBase):
    """Remember what was judged, and the last reason of each seat; tell it when the run ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "room_summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[str, str] = {}
        self.items: dict[tuple[str, str], str] = {}
        # The machines at which a task ran into its limit of time.
        self.late: dict[str, Finding] = {}
        self.proves = False
        self.checks = False
        # The facts that each machine was last judged by.
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.attacks: dict[str, Mapping[str, Any]] = {}
        # How far each seat is that was looked at, and what the board says by now.
        self.looks: dict[str, Mapping[str, Any]] = {}
        self.progress: Mapping[str, Any] = {}
        self.lesson: Lesson | None = None
        self.looks_only = False
        # The machine at which a run for all of them ended.
        self.awaited: str | None = None
        # Whether this run is an update, and the seats whose turn in it has failed.
        self.updates = False
        self.turns: list[str] = []
        # Why the board is not what it should be.
        self.unwritten = ""
        # Why nothing is done: somebody else works on the room.
        self.locked = ""
        # The whole room, and what this run is about of it; a registry's host is not a seat.
        self.room: list[str] = []
        self.seats: list[str] = []
        self.play: Any = None
        # Whether its end was told, and whether it has none, as where it was interrupted.
        self.told = False
        self.broken = False
        # The seats that have begun a task and not ended it.
        self.busy: set[str] = set()
        # When it began. No seat tells that.
        self.started = time.monotonic()

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401
        """Learn whether this run proves that the seats are ready, or does something else."""
        spare_counts()
        atexit.register(self.break_off)
        self.checks = checks = context.CLIARGS.get("check", False)
        name = Path(playbook._file_name).name
        self.proves = name in PROOFS and not checks
        self.updates = name == UPDATE and not checks
        self.looks_only = name == PROGRESS
        self.word = "checked" if checks else "ready" if self.proves else "done"

    def v2_playbook_on_play_start(self, play: Any) -> None:  # noqa: ANN401
        """Learn which seats there are."""
        self.play = play
        inventory = play.get_variable_manager()._inventory
        asked, everyone = (
            inventory.get_hosts(settings.ROOM, ignore_limits=every, ignore_restrictions=True)
            for every in (False, True)
        )
        self.seats = [host.name for host in asked]
        self.room = [host.name for host in everyone]

    def v2_runner_on_start(self, host: Any, task: Any) -> None:  # noqa: ANN401
        """Remember who has something to do."""
        del task
        self.busy.add(host.get_name())

    def v2_runner_on_skipped(self, result: Any) -> None:  # noqa: ANN401
        """Remember that it was nothing."""
        self.busy.discard(result.host.get_name())

    def learn(self, result: Any) -> None:  # noqa: ANN401
        """Remember what the toolkit's own actions have found out, each by itself.

        Any module may answer whatever root of a machine likes.
        """
        self.busy.discard(result.host.get_name())
        action, told = result.task.action, result.result.get(UNSHOWN, {})
        if action in JUDGING and "verdict" in told:
            self.answers[result.task.delegate_to or result.host.get_name()] = told
        if action == ATTACKING and "attacks" in told:
            self.attacks[result.host.get_name()] = told["attacks"]
        if action == LOOKING and "look" in told:
            self.look(result.host.get_name(), told["look"])

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401
        """Learn from it."""
        self.learn(result)
        # What was made there is gone: who comes next begins at the beginning.
        absent = result.task.args.get("state") == "absent"
        if result.task.action == STUDENTS and absent and not self.checks:
            self.looks.pop(result.host.get_name(), None)
            self.show_progress(result.host.get_name())

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ANN401
        """Remember why a task failed; a later rescue may still mend it."""
        self.learn(result)
        why, late = reason(result.result), None
        name = result.task.delegate_to or result.host.get_name()
        if seconds := seconds_over(result.result):
            what = result.task.name or result.task.action
            late = finding("late", name, why=f"{what}, within {seconds} s")
            why = in_words([late])
        if result.task.action == LOCKING:
            self.locked = f"{name}: {why}" if late else why
            return
        if late and result.task.action == LOOKING:
            self.look(name, {"silent": late, "exercises": {}, "time": time.time()})
            return
        if late:
            self.late[name] = late
        # A loop's own message says only that one of its items failed.
        self.blame(result, self.items.pop((result.host.get_name(), result.task._uuid), why))

    def v2_runner_item_on_failed(self, result: Any) -> None:  # noqa: ANN401
        """Remember why an item of a loop failed."""
        key = (result.host.get_name(), result.task._uuid)
        self.items.setdefault(key, reason(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: ANN401
        """Remember that a seat cannot be reached."""
        self.learn(result)
        name = result.task.delegate_to or result.host.get_name()
        why = reason(result.result).rstrip(".")
        self.blame(result, in_words([unanswered(name, why)]))

    def blame(self, result: Any, why: str) -> None:  # noqa: ANN401
        """Remember why a machine failed: the one that the task was delegated to, where it was."""
        seat = result.host.get_name()
        other = result.task.delegate_to or seat
        if other not in (seat, "localhost"):
            self.awaited = other
            self.failed[other] = why
        elif self.play is not None and (self.play.serial or self.play.any_errors_fatal):
            self.failed[seat] = why
            # Of a task that is rescued, and of what rescues it and fails.
            if seat not in self.turns:
                self.turns.append(seat)
        # Of one that an update has left as it was, the proof says that it is not what others are.
        elif not (self.turns and seat in self.answers and self.left(seat)):
            self.failed[seat] = why

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Print the summary, write the page and the names of the seats that are not ready."""
        lost = {
            host
            for host in stats.processed
            if stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"]
        }
        lines, color = self.end(set(stats.processed), lost)
        self.told = True
        # Other callbacks print their statistics at this same event, in no order that can be set;
        # what the person needs comes last.
        atexit.register(self.show, lines, color)

    def break_off(self) -> None:
        """Tell what is known of a run that Ansible has ended without a word."""
        if self.told or self.play is None:
            return
        self.broken = True
        self.show(*self.end({*self.answers, *self.failed}, set(self.failed)))

    def end(self, processed: set[str], lost: set[str]) -> tuple[Sequence[str], str]:
        """Write the page and the names of the seats that are not ready; give the last lines.

        processed: the machines that have had a task. lost: those of them at which one has failed.
        """
        if self.looks_only and self.unwritten:
            return [self.unwritten], "red"
        if self.looks_only and self.lesson and not self.failed:
            need = any(self.progress["totals"][state] for state in board.NEED_YOU)
            path = self.lesson.directory / page.BOARD
            lines = [*board.lines(self.progress), f"The board: {path}"]
            return lines, "yellow" if need else "green"
        if self.locked:
            return [self.locked], "red"
        bad = {
            host: self.failed.get(host) or self.why(host)
            for host in {*processed, *self.seats}
            # What one machine does for all ends the run for all of them.
            if host in lost or (host in self.seats and not self.well(host))
        }
        if bad and self.awaited:
            bad[self.awaited] = self.failed[self.awaited]
        # Others wait for the machine that builds, also where the run is not about it.
        for name, answer in self.answers.items():
            if bad and name not in self.room and not answer["seat"]:
                bad.setdefault(name, in_words(errors(answer["verdict"])))
        good = {host for host in self.seats if host not in bad and host in processed}
        # A look says nothing of whether machines are as they should be.
        tells = self.seats and not self.looks_only
        others = self.tell(lost, good, set(bad)) if tells else []
        return summary(len(good), bad, self.word, others), "red" if bad else "green"

    def well(self, seat: str) -> bool:
        """Tell whether nothing is known to be missing at a seat at which no task has failed."""
        return self.ready(seat) if self.proves else not self.broken

    def ready(self, seat: str) -> bool:
        """Tell whether a seat was last judged to be as it should be.

        Where an update has stopped, one that it did not come to is well, and not what was meant.
        """
        answer = self.answers.get(seat)
        if not answer or errors(answer["verdict"]):
            return False
        return not self.left(seat)

    def left(self, seat: str) -> bool:
        """Tell whether an update has not come to a seat that was judged."""
        return self.updates and not updated(self.answers[seat]["verdict"])

    def why(self, seat: str) -> str:
        """Say why a seat is not finished at which no task has failed."""
        if seat in self.answers and (found := refused(self.answers[seat]["verdict"])):
            return in_words(found)
        if self.broken:
            waited = " while it waited for this seat" * (seat in self.busy)
            return f"not finished: the run was broken off{waited}. Fix: the same command again"
        # Where none of a batch has, one was lost before that no update begins without.
        behind = self.turns or ([] if self.awaited or not self.updates else sorted(self.failed))
        if behind:
            return (
                f"the update stops before this batch, since {', '.join(behind)} could not be"
                " updated. What was not updated yet serves as before. Fix: mend that, or where the"
                " seat is off begin with another one, -e canary=, and give the same command again;"
                " or go back everywhere, with -e revision= and the first digits of the revision to"
                " serve."
            )
        if self.awaited:
            return (
                f"waits for {self.awaited}, which works for the room. Fix: mend that first; where "
                "it only builds the image, another seat can: -e course_image_builder=NAME"
            )
        if seat in self.answers:
            return in_words(errors(self.answers[seat]["verdict"])) or "not finished"
        return "not finished: the run stopped at another machine"

    def wanted(self) -> dict[str, Any]:
        """Give the room, and the settings of its page, as the inventory has them."""
        manager, loader = self.play.get_variable_manager(), self.play._loader
        inventory, read = manager._inventory, settings.reader(loader, Templar(loader))

        def of(name: str) -> dict[str, Any]:
            return read(manager.get_vars(host=inventory.get_host(name)))[0]

        first = self.room[0]
        return {**of(first), "room": settings.room(inventory.get_groups_dict(), first, of)}

    def tell(self, lost: set[str], good: set[str], bad: set[str]) -> list[str]:
        """Write the page and the file missing; give the lines on what is only to be looked at."""
        want = self.wanted()
        # Nothing came back of a task that ran into its time limit.
        for name in lost - set(self.answers):
            words = self.failed.get(name, "no reason given")
            why = self.late.get(name) or finding("not_asked", name, why=words)
            self.answers[name] = {"seat": None, "verdict": silent(why)}
        directory = Path(want["room_page_directory"])
        lines = []
        if self.answers:
            seconds = time.monotonic() - self.started
            last = page.last(directory)
            told = report(self.answers, want["room"], last, time.time(), lost, seconds=seconds)
            lines = [f"The room: {in_words([one])}" for one in told["findings"]]
            try:
                page.keep(told, directory, want["room_page_language"])
            except OSError as error:  # the lines say what it would
                lines.append(f"The page cannot be written: {one_line(str(error))}")
        if self.proves:
            self.write_missing(directory / "missing", bad, good)
        asked = {name: one["verdict"] for name, one in self.answers.items() if name in good}
        return [*attacked(self.attacks, self.room), *warnings(asked, self.room), *lines]

    def begun(self) -> Lesson:
        """Give what the board needs to know beside how far the seats are."""
        want, manager, loader = self.wanted(), self.play.get_variable_manager(), self.play._loader
        people = {}
        for name in self.room:
            known = manager.get_vars(host=manager._inventory.get_host(name))
            person = Templar(loader, variables=known).template(known.get("room_page_person", ""))
            people[name] = one_line(str(person or ""))
        return Lesson(
            Path(want["room_page_directory"]),
            want["room_page_language"],
            exercises_of(Path(want["course_image_project"])),
            people,
        )

    def look(self, seat: str, told: Mapping[str, Any]) -> None:
        """Learn how far a seat is. told: as the action seat_progress gives it."""
        self.looks[seat] = told
        self.show_progress()

    def show_progress(self, forgotten: str = "") -> None:
        """Put on the board what is known by now: somebody is looking at it.

        forgotten: a seat of which nothing counts any more.
        """
        try:
            self.write_progress(forgotten)
            self.unwritten = ""
        # Ansible would say that a callback has failed, and at the end that all is done.
        except (AnsibleError, ExerciseError, OSError) as error:
            self.unwritten = f"The board cannot be written: {one_line(str(error))}"
            self._display.warning(self.unwritten)

    def write_progress(self, forgotten: str) -> None:
        """Write the board. Raises OSError, and where the inventory or an exercise is wrong."""
        lesson = self.lesson = self.lesson or self.begun()
        # Another run may have looked in the meantime.
        before = page.last_progress(lesson.directory)
        if forgotten and not before:
            return
        rows = [told for told in before.get("seats", []) if told["name"] != forgotten]
        self.progress = board.board(
            self.looks,
            lesson.people,
            lesson.exercises,
            {**before, "seats": rows},
            time.time(),
        )
        page.keep_progress(self.progress, lesson.directory, lesson.language)

    def write_missing(self, path: Path, failed: set[str], good: set[str]) -> None:
        """Write, or remove, the file that the next run's --limit can take."""
        before = path.read_text(encoding="utf-8").split() if path.exists() else []
        names = missing(before, self.room, failed, good)
        if names:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(names) + "\n", encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def show(self, lines: Sequence[str], color: str) -> None:
        """Print lines."""
        self._display.banner("ROOM")
        for line in lines:
            self._display.display(line, color=color)
