# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Word what a run ends with: which seats are ready, what the others need, what to look at."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks
from ansible_collections.labocloud.room.plugins.plugin_utils import findings, judge, settings
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

# Characters.
LONGEST_REASON = 600


def time_limit(answer: Mapping[str, object]) -> int:
    """Return the time limit in seconds that a task ran into, 0 where it did not."""
    timeout = answer.get("timedout")
    seconds = timeout.get("period") if isinstance(timeout, Mapping) else 0
    return seconds if isinstance(seconds, int) else 0


def reason(answer: Mapping[str, object]) -> str:
    """Return in one line why a task failed: its message, and what its command printed."""
    if seconds := time_limit(answer):
        return f"it did not answer in time, within {seconds} s"
    parts = [answer.get("msg"), answer.get("stderr") or answer.get("module_stderr")]
    text = " ".join(one_line(str(part)) for part in parts if part)
    return findings.shortened(text, LONGEST_REASON) or "no reason given"


def summary(ready: int, failed: dict[str, str], word: str, others: Sequence[str] = ()) -> list[str]:
    """Return the lines on how many seats are ready, and on each one that is not.

    ready: how many seats are. word: what such a seat is called, "ready", "done" or "checked".
    failed: each other seat, to the reason. others: the lines to follow.
    """
    if not ready and not failed:
        return ["No seat was touched: is the inventory's group lab empty?"]
    head = f"{ready} seat{'' if ready == 1 else 's'} {word}"
    if not failed:
        return [f"{head}.", *others]
    needs = "needs" if len(failed) == 1 else "need"
    lines = [f"{head}, {len(failed)} {needs} you:"]
    for seat, why in sorted(failed.items()):
        # The roles' own messages begin with the seat's name already; pc1 does not speak of pc10.
        is_named = why.startswith((f"{seat}: ", f"{seat} "))
        lines.append(f"  {why}" if is_named else f"  {seat}: {why}")
    return [*lines, *others]


def warnings(verdicts: Mapping[str, Mapping[str, Verdict]], room: Sequence[str] = ()) -> list[str]:
    """Return a line for each thing to look at though the seats are ready, with those seats.

    verdicts: seat to part to verdict. room: all seats, in the order in which they are named.
    """
    seats: dict[str, list[str]] = {}
    first: dict[str, findings.Finding] = {}
    for seat in _in_order(verdicts, room):
        for finding in judge.findings(verdicts[seat]):
            if finding["severity"] == "warning":
                seats.setdefault(finding["cause"]["en"], []).append(seat)
                first.setdefault(finding["cause"]["en"], finding)
    lines = []
    for cause, names in seats.items():
        label, pattern = _together(names, room)
        words = findings.in_words([findings.of_seats(first[cause], names[0], pattern)])
        lines.append(f"To look at, {label}: {words}")
    return lines


def attacked(attacks: Mapping[str, Attacks], room: Sequence[str] = ()) -> list[str]:
    """Return a line for each result that attacks have had, with the seats that have it."""
    seats: dict[str, list[str]] = {}
    for seat in _in_order(attacks, room):
        outcomes = Counter(attempt["outcome"] for attempt in attacks[seat]["tried"])
        if tried := outcomes["succeeded"] + outcomes["withstood"]:
            account, succeeded = attacks[seat]["account"], outcomes["succeeded"]
            result = f"as {account} {tried} tried, {succeeded} succeeded"
            seats.setdefault(result, []).append(seat)
    return [f"Attacks, {_together(names, room)[0]}: {result}." for result, names in seats.items()]


def _in_order(seats: Iterable[str], room: Sequence[str]) -> list[str]:
    """Return names of machines in the order of the inventory, whoever has answered first."""
    places = {name: place for place, name in enumerate(room)}
    return sorted(seats, key=lambda name: places.get(name, len(room)))


def _together(seats: Sequence[str], room: Sequence[str]) -> tuple[str, str]:
    """Return what seats with something in common are called, and Ansible's pattern for them.

    room: all seats of the inventory. seats: some of them, in its order.
    """
    if len(seats) > 1 and list(seats) == list(room):
        return f"all {len(seats)} seats", settings.ROOM
    return ", ".join(seats), ",".join(seats)
