# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge a seat: for each part whether it is as it should be, and if not why, and what then.

Everything that decides is here, one file a part; nothing here asks or changes anything, or needs
Ansible. A rule returns a verdict by what the seat has, what it is to be like, and what the builder
has.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

from ansible_collections.labocloud.room.plugins.plugin_utils.answers import (
    Answer,
    NoConnection,
    reason,
    refusal,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ImagesVerdict,
    MachineVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    shortened,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    build,
    container,
    engine,
    exercises,
    images,
    machine,
    network,
    registry,
    students,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

Rule = Callable[[Seat, Want, Builder], Verdict]

# Characters of a reason.
_LONGEST = 300
# Findings of one part of a seat: those of the others are to be read, too.
_MOST = 10
# sudo says this word in every language where it wants a terminal; where it wants a password, it
# names the askpass too.
_WANTS_TTY = re.compile(r"\btty\b(?!.*askpass)")

# What ssh and Ansible say of a machine that has let them in, and then took too long.
_LATE = re.compile(r"Timeout \(\d+s\) waiting for|timed out during banner exchange")

# The parts are in the order in which they are mended.
PARTS: Mapping[str, Rule] = {
    "machine": machine.judge,
    "network": network.judge,
    "registry": registry.judge,
    "engine": engine.judge,
    "students": students.judge,
    "build": build.judge,
    "images": images.judge,
    "container": container.judge,
    "exercises": exercises.judge,
}


def judge(has: Seat, want: Want, builder: Builder) -> dict[str, Verdict]:
    """Return the verdict on each part. Raises nothing, whatever the seat has said."""
    return {part: _judge_part(part, rule, has, want, builder) for part, rule in PARTS.items()}


def _judge_part(part: str, rule: Rule, has: Seat, want: Want, builder: Builder) -> Verdict:
    """Return the verdict on a part; that a seat's facts cannot be understood is a finding.

    A seat may tell of any number of things that are wrong: the verdict has the first of them.
    """
    try:
        judged = rule(has, want, builder)
        judged["refused"] = judged["refused"][:_MOST]
        judged["findings"] = judged["findings"][:_MOST]
        return judged
    except Exception as error:  # the other parts, and the other seats, stay judged
        why = f"{type(error).__name__}: {error}"[:_LONGEST]
        found = finding("unintelligible", want["name"], part=part, why=why)
        return verdict(settled=False, refused=[found])


def unanswered(name: str, why: str) -> Finding:
    """Return the finding on a machine that the connection has brought no answer from.

    why: the connection's own words.
    """
    return finding("late" if _LATE.search(why) else "unreachable", name, why=why)


def silence(name: str, answer: Answer) -> Finding | None:
    """Return the finding on a machine whose answer lacks or is not taken; None where it is."""
    if isinstance(answer, NoConnection):
        return unanswered(name, answer.why)
    if refused := refusal(name, answer):
        return finding("answer_refused", name, what=refused.what, fix=refused.fix)
    if not answer.get("failed"):
        return None
    why = reason(answer)[:_LONGEST]
    return finding("sudo_tty" if _WANTS_TTY.search(why) else "not_asked", name, why=why)


def silent(found: Finding, why: str | None = None) -> dict[str, Verdict]:
    """Return the verdicts on a machine of which silence() has found something.

    why: the connection's own words, where that has brought no answer. The verdict on the machine
    has them in C(why), as one sentence, which is empty without them.
    """
    verdicts = {part: verdict(settled=False) for part in PARTS}
    words = "" if why is None else shortened(one_line(f"{why}."))
    machine: MachineVerdict = {**verdict(settled=False, refused=[found]), "why": words}
    return verdicts | {"machine": machine}


# The groups of a machine that must not be worked on, or cannot be.
REFUSED = ["refused", "unproven"]

# The parts that a role sees to, by the group of those that it has something to do for.
_WORK = {
    "lacks_registry": ("registry",),
    "lacks_engine": ("engine", "students", "build"),
    # An engine that is restarted may lose what ran on it, or has another directory for its images.
    "lacks_images": ("engine", "images"),
    # A container is replaced after its image.
    "lacks_container": ("engine", "images", "container"),
    # The exercises know which images were brought.
    "lacks_exercises": ("images", "exercises"),
}


def groups(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Return the groups that a machine belongs to: none, where it is as it should be.

    refused: it must not be worked on, or cannot be. lacks_…: a role has something to do. unproven:
    any of these, or something is wrong that no role mends.
    """
    if any(part["refused"] for part in verdicts.values()):
        return REFUSED
    lacks = [
        group
        for group, parts in _WORK.items()
        if not all(verdicts[part]["settled"] for part in parts if part in verdicts)
    ]
    return [*lacks, "unproven"] if lacks or errors(verdicts) else []


def findings(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Return all findings on a seat: what is refused, the other errors, the warnings.

    What a run would mend by itself has to wait for what is refused, and is left out until then.
    Other findings that follow from one that there is are left out by the rules.
    """
    refused: list[Finding] = []
    for part in verdicts.values():
        refused += [found for found in part["refused"] if found not in refused]
    others = [
        found
        for part in verdicts.values()
        for found in part["findings"]
        if found not in refused and (found["advice"] or not refused or found["severity"] != "error")
    ]
    return [*refused, *sorted(others, key=lambda found: str(found["severity"]))]


def errors(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Return the findings that keep a seat from being ready."""
    return [found for found in findings(verdicts) if found["severity"] == "error"]


def updated(verdicts: Mapping[str, Verdict]) -> bool:
    """Return whether a seat serves the revision that it is to have.

    The builder records that last in an update, and may not have done so yet.
    """
    images = cast("ImagesVerdict", verdicts["images"])
    return bool(images.get("named") and verdicts["container"]["settled"])
