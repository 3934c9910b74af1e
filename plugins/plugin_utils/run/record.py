# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Record what a run does, and find which seats are not as the run was to leave them, and why."""

from collections.abc import Mapping
from typing import cast

from ansible.executor.task_result import CallbackTaskResult
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils import findings, judge
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import DatedLook
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Published
from ansible_collections.labocloud.room.plugins.plugin_utils.report import Judged
from ansible_collections.labocloud.room.plugins.plugin_utils.run import last_lines
from ansible_collections.labocloud.room.plugins.plugin_utils.run.kinds import Kind

# The actions that publish a verdict.
JUDGING = tuple(
    f"labocloud.room.{name}"
    for name in (
        *("seat", "seat_attack", "seat_exercises", "seat_state", "flask_container"),
        *("image_build", "image_load", "image_name", "image_remove"),
    )
)
ATTACKING, PROGRESS = "labocloud.room.seat_attack", "labocloud.room.seat_progress"
# The one that ends a run before it begins.
LOCKING = "labocloud.room.room_lock"


class Found(Published, total=False):
    """What an action of the toolkit has found out. look: of the action seat_progress."""

    look: DatedLook


class TaskResult:
    """How a task, or an item of its loop, ended on a machine.

    host: the machine that the task belongs to. machine: the one that it ran on. task: what
    identifies it in this run. answer: the result as Ansible has it.
    """

    def __init__(self, result: CallbackTaskResult) -> None:
        task = result.task
        self.host: str = result.host.get_name()
        self.machine: str = task.delegate_to or self.host
        self.task: str = task._uuid
        self.action: str = task.action
        self.name: str = task.name or task.action
        self.answer: Mapping[str, object] = result.result

    @property
    def published(self) -> Found:
        """Return what an action of the toolkit has found out.

        Any module may answer whatever root of a machine likes, but not under this key.
        """
        return cast("Found", self.answer.get(UNSHOWN, {}))

    @property
    def timeout(self) -> findings.Finding | None:
        """Return the finding that the task ran into its time limit, None where it did not."""
        if seconds := last_lines.time_limit(self.answer):
            why = f"{self.name}, within {seconds} s"
            return findings.finding("late", self.machine, why=why)
        return None


class Record:
    """What is known of a run by now. Machines have the names of the inventory."""

    def __init__(self) -> None:
        self.kind = Kind.WORK
        self.is_check = False
        # Ansible has ended it without a word, as where it was interrupted.
        self.is_broken_off = False
        # All seats of the inventory, and those that the run is about; a registry's host is none.
        self.room: list[str] = []
        self.seats: list[str] = []
        # What each machine was last judged to be.
        self.answers: dict[str, Judged] = {}
        self.attacks: dict[str, Attacks] = {}
        # The last reason of each machine at which a task failed.
        self.failed: dict[str, str] = {}
        # Why nothing is done: somebody else works on the room.
        self.locked = ""
        # Whether the play's seats take turns, and those whose turn has failed.
        self._has_turns = False
        self._turns: list[str] = []
        # The machine whose failure ended the run for all.
        self._awaited = ""
        self._timeouts: dict[str, findings.Finding] = {}
        # The reason of the first item that failed, by machine and task.
        self._items: dict[tuple[str, str], str] = {}
        # The seats that have begun a task and not ended it.
        self._busy: set[str] = set()

    @property
    def proves(self) -> bool:
        """Return whether the run is to prove that the seats are ready."""
        return self.kind in (Kind.PROOF, Kind.UPDATE) and not self.is_check

    @property
    def updates(self) -> bool:
        """Return whether the run brings another revision to the seats."""
        return self.kind is Kind.UPDATE and not self.is_check

    @property
    def word(self) -> str:
        """Return what a seat is called at which all went well."""
        return "checked" if self.is_check else "ready" if self.proves else "done"

    def begin_play(self, room: list[str], seats: list[str], *, has_turns: bool) -> None:
        """Record which seats there are, which the run is about, and whether they take turns."""
        self.room, self.seats, self._has_turns = room, seats, has_turns

    def begin_task(self, host: str) -> None:
        """Record that a machine has something to do."""
        self._busy.add(host)

    def skip_task(self, host: str) -> None:
        """Record that there was nothing to do."""
        self._busy.discard(host)

    def end_task(self, result: TaskResult) -> None:
        """Record what the toolkit's own action has found out, each its own."""
        self._busy.discard(result.host)
        found = result.published
        if result.action in JUDGING and "verdict" in found:
            self.answers[result.machine] = {"seat": found["seat"], "verdict": found["verdict"]}
        if result.action == ATTACKING and (attacks := found.get("attacks")):
            self.attacks[result.host] = attacks

    def fail_task(self, result: TaskResult) -> None:
        """Record why a task failed; a later rescue may still mend it."""
        self.end_task(result)
        timeout = result.timeout
        why = findings.in_words([timeout]) if timeout else last_lines.reason(result.answer)
        if result.action == LOCKING:
            self.locked = f"{result.machine}: {why}" if timeout else why
            return
        if timeout and result.action == PROGRESS:
            # It is on the board, as other seats are that do not answer.
            return
        if timeout:
            self._timeouts[result.machine] = timeout
        # A loop's own message says only that one of its items failed.
        self._blame(result, self._items.pop((result.host, result.task), why))

    def fail_item(self, result: TaskResult) -> None:
        """Record why an item of a loop failed."""
        self._items.setdefault((result.host, result.task), last_lines.reason(result.answer))

    def lose_machine(self, result: TaskResult) -> None:
        """Record that a machine cannot be reached."""
        self.end_task(result)
        why = last_lines.reason(result.answer).rstrip(".")
        self._blame(result, findings.in_words([judge.unanswered(result.machine, why)]))

    def silence(self, lost: set[str]) -> None:
        """Judge the machines that have failed and of which no verdict came, as by a time limit."""
        for name in lost - set(self.answers):
            why = self.failed.get(name, "no reason given")
            found = self._timeouts.get(name) or findings.finding("not_asked", name, why=why)
            self.answers[name] = {"seat": None, "verdict": judge.silent(found)}

    def not_ready(self, processed: set[str], lost: set[str]) -> dict[str, str]:
        """Return the machines that are not as the run was to leave them, each to the reason.

        processed: those that have had a task. lost: those of them at which one has failed.
        """
        found = {
            host: self.failed.get(host) or self._why(host)
            for host in {*processed, *self.seats}
            # What one machine does for all ends the run for all of them.
            if host in lost or (host in self.seats and not self._is_well(host))
        }
        if found and self._awaited:
            found[self._awaited] = self.failed[self._awaited]
        # Others wait for the machine that builds, also where the run is not about it.
        for name, answer in self.answers.items():
            if found and name not in self.room and not answer["seat"]:
                found.setdefault(name, findings.in_words(judge.errors(answer["verdict"])))
        return found

    def _blame(self, result: TaskResult, why: str) -> None:
        """Record why a machine failed: the one that the task ran on, unless that is this one."""
        seat = result.host
        if result.machine not in (seat, "localhost"):
            self._awaited = result.machine
            self.failed[result.machine] = why
        elif self._has_turns:
            self.failed[seat] = why
            # Of a task that is rescued, and of what rescues it and fails.
            if seat not in self._turns:
                self._turns.append(seat)
        # Of one that an update has left as it was, the proof says that it is not what others are.
        elif not (self._turns and seat in self.answers and self._is_left(seat)):
            self.failed[seat] = why

    def _is_well(self, seat: str) -> bool:
        """Return whether nothing is known to be missing at a seat at which no task has failed."""
        if not self.proves:
            return not self.is_broken_off
        answer = self.answers.get(seat)
        # Where an update has stopped, one that it did not come to is well, and not what was meant.
        return bool(answer and not judge.errors(answer["verdict"]) and not self._is_left(seat))

    def _is_left(self, seat: str) -> bool:
        """Return whether an update has not come to a seat that was judged."""
        return self.updates and not judge.is_updated(self.answers[seat]["verdict"])

    def _why(self, seat: str) -> str:
        """Return why a seat is not finished at which no task has failed."""
        answer = self.answers.get(seat)
        verdicts = answer["verdict"] if answer else {}
        if refusals := [found for verdict in verdicts.values() for found in verdict["refused"]]:
            return findings.in_words(refusals)
        if self.is_broken_off:
            waited = " while it waited for this seat" * (seat in self._busy)
            why = f"not finished: the run was broken off{waited}"
            return str(Refusal(why, "the same command again"))
        if behind := self._stopped_by():
            return str(
                Refusal(
                    f"the update stops before this batch, since {', '.join(behind)} could not be"
                    " updated. What was not updated yet serves as before",
                    "mend that, or where the seat is off begin with another one, -e canary=, and"
                    " give the same command again; or go back everywhere, with -e revision= and the"
                    " first digits of the revision to serve.",
                )
            )
        if self._awaited:
            return str(
                Refusal(
                    f"waits for {self._awaited}, which works for the room",
                    "mend that first; where it only builds the image, another seat can:"
                    " -e course_image_builder=NAME",
                )
            )
        if answer:
            return findings.in_words(judge.errors(verdicts)) or "not finished"
        return "not finished: the run stopped at another machine"

    def _stopped_by(self) -> list[str]:
        """Return the seats at which an update has stopped."""
        if self._turns or self._awaited or not self.updates:
            return self._turns
        # Where no turn has failed, a seat was lost before its turn that no update begins without.
        return sorted(self.failed)
