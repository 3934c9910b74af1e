# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Say at the end of a run, in plain words, which seats are ready and what the others need."""

DOCUMENTATION = r"""
name: room_summary
type: aggregate
short_description: Say at the end which seats are ready, and what the others need
description:
  - Prints one line with the counts, and one line for each seat that failed or could not be
    reached, with the reason that the failing task gave.
author:
  - labocloud contributors
"""

import atexit
from pathlib import Path
from typing import Any

from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.plugins.callback import CallbackBase

LONGEST_REASON = 600
# The playbooks that end with the proof.
PROOFS = ("site.yml", "verify.yml")
LAST_PROOF = "Verify | The page is that of the container's revision"


def reason(answer: dict[str, Any]) -> str:
    """Give, in one line, why a task failed: its message, and what the command said."""
    parts = [answer.get("msg"), answer.get("stderr") or answer.get("module_stderr")]
    text = " ".join(" ".join(str(part).split()) for part in parts if part)
    if len(text) > LONGEST_REASON:
        text = f"{text[: LONGEST_REASON // 2]} … {text[-LONGEST_REASON // 2 :]}"
    return text or "no reason given"


def summary(good: int, failed: dict[str, str], word: str) -> list[str]:
    """Give the lines to print.

    good: how many seats are well. word: what they are, "ready", "done" or "checked".
    failed: the other seats, each with its reason.
    """
    if not good and not failed:
        return ["No seat was touched: is the inventory's group lab empty?"]
    head = f"{good} seat{'' if good == 1 else 's'} {word}"
    if not failed:
        return [f"{head}."]
    needs = "needs" if len(failed) == 1 else "need"
    lines = [f"{head}, {len(failed)} {needs} you:"]
    for seat, why in sorted(failed.items()):
        # The roles' own messages begin with the seat's name already.
        lines.append(f"  {why}" if why.startswith(seat) else f"  {seat}: {why}")
    return lines


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

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401
        """Learn whether this run proves that the seats are ready, or does something else."""
        checks = context.CLIARGS.get("check", False)
        self.proves = Path(playbook._file_name).name in PROOFS and not checks
        self.word = "checked" if checks else "ready" if self.proves else "done"

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401
        """Learn that a seat has passed the last of the proofs."""
        if result.task.get_name().endswith(LAST_PROOF):
            self.proven.add(result.host.get_name())

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ANN401
        """Remember why a task failed; a later rescue may still mend it."""
        seat = result.host.get_name()
        why = reason(result.result)
        # A loop's own message says only that one of its items failed.
        self.failed[seat] = self.items.pop((seat, result.task._uuid), why)

    def v2_runner_item_on_failed(self, result: Any) -> None:  # noqa: ANN401
        """Remember why an item of a loop failed."""
        key = (result.host.get_name(), result.task._uuid)
        self.items.setdefault(key, reason(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: ANN401
        """Remember that a seat cannot be reached."""
        self.failed[result.host.get_name()] = f"unreachable: {reason(result.result)}"

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        """Print the summary."""
        failed = {}
        for seat in stats.processed:
            counts = stats.summarize(seat)
            if counts["failures"] or counts["unreachable"]:
                failed[seat] = self.failed.get(seat, "no reason given")
            elif self.proves and seat not in self.proven:
                # A task that one seat does for all ends the run for all of them.
                failed[seat] = "not finished, since the run stopped; its reason is another seat's"
        lines = summary(len(stats.processed) - len(failed), failed, self.word)
        # Other callbacks print their statistics at this same event, in no order that can be set;
        # what the person needs comes last.
        atexit.register(self.show, lines, "red" if failed else "green")

    def show(self, lines: list[str], color: str) -> None:
        """Print lines."""
        self._display.banner("ROOM")
        for line in lines:
            self._display.display(line, color=color)
