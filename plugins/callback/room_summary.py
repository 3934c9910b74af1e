# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Say at the end of a run, in plain words, which seats are ready and what the others need."""

DOCUMENTATION = r"""
name: room_summary
type: aggregate
short_description: Say at the end which seats are ready, and what the others need
description:
  - Prints one line with the counts, one line for each seat that failed or could not be
    reached, with the reason that the failing task gave, and one for each thing that was found of
    the room as a whole.
  - Where the playbook proves that seats are ready, writes the names of those that are not to the
    file C(missing), which C(--limit @reports/missing) takes. A seat that a run was not about stays
    in it.
author:
  - labocloud contributors
options:
  reports:
    description: Directory of the file C(missing), relative to the project.
    type: str
    default: reports
    env:
      - name: LABOCLOUD_REPORTS
    ini:
      - section: callback_room_summary
        key: reports
"""

import atexit
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.plugins.callback import CallbackBase
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

PROJECT = Path(__file__).parents[2]
LONGEST_REASON = 600
# The playbooks that end with the proof.
PROOFS = ("site.yml", "update.yml", "verify.yml")
LAST_PROOFS = (
    "Prove that the seat is ready",
    "Prove | The page is that of the container's revision",
)


def reason(answer: dict[str, Any]) -> str:
    """Give, in one line, why a task failed: its message, and what the command said."""
    parts = [answer.get("msg"), answer.get("stderr") or answer.get("module_stderr")]
    text = " ".join(one_line(str(part)) for part in parts if part)
    if len(text) > LONGEST_REASON:
        text = f"{text[: LONGEST_REASON // 2]} … {text[-LONGEST_REASON // 2 :]}"
    return text or "no reason given"


def summary(
    good: int, failed: dict[str, str], word: str, found: Sequence[dict[str, Any]] = ()
) -> list[str]:
    """Give the lines to print.

    good: how many seats are well. word: what they are, "ready", "done" or "checked".
    failed: the other seats, each with its reason. found: what was found of the room as a whole.
    """
    if not good and not failed:
        return ["No seat was touched: is the inventory's group lab empty?"]
    whole = [f"The room: {in_words([one])}" for one in found]
    head = f"{good} seat{'' if good == 1 else 's'} {word}"
    if not failed:
        return [f"{head}.", *whole]
    needs = "needs" if len(failed) == 1 else "need"
    lines = [f"{head}, {len(failed)} {needs} you:"]
    for seat, why in sorted(failed.items()):
        # The roles' own messages begin with the seat's name already.
        lines.append(f"  {why}" if why.startswith(seat) else f"  {seat}: {why}")
    return lines + whole


def missing(before: list[str], room: list[str], failed: set[str], good: set[str]) -> list[str]:
    """Give the seats that are not ready, in the order of the room.

    before: those that were not after the last run. room: all seats of the inventory. failed, good:
    those of this run. A name that the inventory no longer has is forgotten.
    """
    return [seat for seat in room if seat in failed or (seat in before and seat not in good)]


class CallbackModule(CallbackBase):
    """Remember the last reason of each seat, and print them when the run ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "room_summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[str, str] = {}
        self.items: dict[tuple[str, str], str] = {}
        self.proves = False
        self.proven: set[str] = set()
        # What was found of the room as a whole.
        self.found: list[dict[str, Any]] = []
        # The machine at which a run for all of them ended.
        self.awaited: str | None = None
        # Why nothing is done: somebody else works on the room.
        self.locked = ""
        # The whole room, and what this run is about of it; a registry's host is not a seat.
        self.room: list[str] = []
        self.seats: list[str] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401
        """Learn whether this run proves that the seats are ready, or does something else."""
        checks = context.CLIARGS.get("check", False)
        self.proves = Path(playbook._file_name).name in PROOFS and not checks
        self.word = "checked" if checks else "ready" if self.proves else "done"

    def v2_playbook_on_play_start(self, play: Any) -> None:  # noqa: ANN401
        """Learn which seats there are."""
        inventory = play.get_variable_manager()._inventory
        asked, everyone = (
            inventory.get_hosts("lab", ignore_limits=all_of_them, ignore_restrictions=True)
            for all_of_them in (False, True)
        )
        self.seats = [host.name for host in asked]
        self.room = [host.name for host in everyone]

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401
        """Learn that a seat has passed the last of the proofs, and what was found of the room."""
        if result.task.action == "labocloud.room.room_page":
            self.found = result.result["report"]["findings"]
        if result.task.get_name().endswith(LAST_PROOFS):
            self.proven.add(result.host.get_name())

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ANN401
        """Remember why a task failed; a later rescue may still mend it."""
        why = reason(result.result)
        if result.task.action == "labocloud.room.room_lock":
            self.locked = why
            return
        # A loop's own message says only that one of its items failed.
        self.blame(result, self.items.pop((result.host.get_name(), result.task._uuid), why))

    def v2_runner_item_on_failed(self, result: Any) -> None:  # noqa: ANN401
        """Remember why an item of a loop failed."""
        key = (result.host.get_name(), result.task._uuid)
        self.items.setdefault(key, reason(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: ANN401
        """Remember that a seat cannot be reached."""
        self.blame(result, f"unreachable: {reason(result.result)}")

    def blame(self, result: Any, why: str) -> None:  # noqa: ANN401
        """Remember why a machine failed: the one that the task was delegated to, where it was."""
        seat = result.host.get_name()
        other = result.task.delegate_to or seat
        if other not in (seat, "localhost"):
            self.awaited = other
            self.failed[other] = why
        else:
            self.failed[seat] = why

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Print the summary, and write the names of the seats that are not ready."""
        if self.locked:
            atexit.register(self.show, [self.locked], "red")
            return
        bad = {}
        for host in {*stats.processed, *self.seats}:
            counts = stats.summarize(host)
            failed = counts["failures"] or counts["unreachable"]
            # What one machine does for all ends the run for all of them.
            if failed or (self.proves and host in self.seats and host not in self.proven):
                bad[host] = self.failed.get(host, self.waiting())
        if bad and self.awaited:
            bad[self.awaited] = self.failed[self.awaited]
        good = {host for host in self.seats if host not in bad and host in stats.processed}
        if self.proves and self.seats:
            self.write_missing(set(bad), good)
        lines = summary(len(good), bad, self.word, self.found)
        # Other callbacks print their statistics at this same event, in no order that can be set;
        # what the person needs comes last.
        atexit.register(self.show, lines, "red" if bad else "green")

    def waiting(self) -> str:
        """Say why a seat is not finished that has no reason of its own."""
        if self.awaited is None:
            return "not finished: the run stopped at another machine"
        return (
            f"waits for {self.awaited}, which works for the room. Fix: mend that first; where "
            "it only builds the image, another seat can: -e course_image_builder=NAME"
        )

    def write_missing(self, failed: set[str], good: set[str]) -> None:
        """Write, or remove, the file that the next run's --limit can take."""
        path = PROJECT / self.get_option("reports") / "missing"
        before = path.read_text(encoding="utf-8").split() if path.exists() else []
        names = missing(before, self.room, failed, good)
        if names:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(names) + "\n", encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def show(self, lines: list[str], color: str) -> None:
        """Print lines."""
        self._display.banner("ROOM")
        for line in lines:
            self._display.display(line, color=color)
