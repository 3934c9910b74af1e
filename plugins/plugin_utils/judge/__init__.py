# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge a seat: for each part whether it is as it should be, and if not why, and what then.

Everything that decides is here, one file a part; nothing here asks or changes anything. A rule
takes what the seat has, what it is to be like, and what the builder has, and gives a verdict.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ImagesVerdict,
    MachineVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
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
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import no_answer
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import refusal

Rule = Callable[[Seat, Want, Builder], Verdict]

LONGEST = 300
# Findings of one part of a seat: others are to be read, too.
MOST = 10
# sudo names it so in every language; where it wants a password, it names the askpass too.
WANTS_TTY = re.compile(r"\btty\b(?!.*askpass)")

# What ssh and Ansible say of a machine that has let them in, and then took too long.
LATE = re.compile(r"Timeout \(\d+s\) waiting for|timed out during banner exchange")

# In the order in which they are mended.
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
    """Give the verdict on each part. Raises nothing, whatever the seat has said.

    builder: of the machine that builds, as facts have it, seat and course; empty where it was not
    asked in this run.
    """
    return {part: judged(part, rule, has, want, builder) for part, rule in PARTS.items()}


def judged(part: str, rule: Rule, has: Seat, want: Want, builder: Builder) -> Verdict:
    """Give the verdict on a part, with the first of its findings; what cannot be understood is one.

    A seat may tell of any number of things that are wrong.
    """
    try:
        found = rule(has, want, builder)
        found["refused"] = found["refused"][:MOST]
        found["findings"] = found["findings"][:MOST]
        return found
    except Exception as error:  # the other parts, and the other seats, stay judged
        why = f"{type(error).__name__}: {error}"[:LONGEST]
        refused = [finding("unintelligible", want["name"], part=part, why=why)]
        return verdict(settled=False, refused=refused)


def unanswered(name: str, why: str) -> Finding:
    """Return what is wrong with a machine of which the connection says why it gave no answer."""
    return finding("late" if LATE.search(why) else "unreachable", name, why=why)


def silence(name: str, answer: object) -> Finding | None:
    """Give why a machine has said nothing, none where it has answered.

    answer: what its module gave, or the error that the connection gave instead.
    """
    if isinstance(answer, AnsibleConnectionFailure):
        return unanswered(name, str(answer))
    said = answer if isinstance(answer, Mapping) else {"failed": True, "msg": str(answer)}
    if words := refusal(name, said):
        what, _, fix = words.partition(" Fix: ")
        return finding("answer_refused", name, what=what.rstrip("."), fix=fix.rstrip("."))
    if not said.get("failed"):
        return None
    why = no_answer(said)[:LONGEST]
    return finding("sudo_tty" if WANTS_TTY.search(why) else "not_asked", name, why=why)


def silent(why: Finding) -> dict[str, Verdict]:
    """Give the verdicts on a machine that has said nothing."""
    nothing = {part: verdict(settled=False) for part in PARTS}
    words = str(why["cause"]["en"]).partition(": ")[2]
    machine: MachineVerdict = {**verdict(settled=False, refused=[why]), "why": words}
    return {**nothing, "machine": machine}


# The groups of a machine that must not be worked on, or cannot be.
REFUSED = ["refused", "unproven"]

# The parts that a role sees to, by the group of those that it has something to do for.
WORK = {
    "lacks_registry": ("registry",),
    "lacks_engine": ("engine", "students", "build"),
    # Whose engine is restarted may lose what ran on it, or has another directory for its images.
    "lacks_images": ("engine", "images"),
    # Whose images are about to change, its container follows.
    "lacks_container": ("engine", "images", "container"),
    # They know which images were brought.
    "lacks_exercises": ("images", "exercises"),
}


def groups(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Give the groups that a machine belongs to: none, where it is as it should be.

    refused: it must not be worked on, or cannot be. lacks_…: a role has something to do. unproven:
    any of these, or something is wrong that no role mends.
    """
    if any(one["refused"] for one in verdicts.values()):
        return REFUSED
    lacks = [
        group
        for group, parts in WORK.items()
        if not all(verdicts[part]["settled"] for part in parts if part in verdicts)
    ]
    return [*lacks, "unproven"] if lacks or errors(verdicts) else []


def findings(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Give all findings on a seat: what is refused, the other errors, the warnings.

    Of what depends on something that is wrong, nothing is said: the rules see to that, but for what
    a run would mend by itself, which has to wait for what is refused.
    """
    refused: list[Finding] = []
    for verdict_ in verdicts.values():
        refused += [one for one in verdict_["refused"] if one not in refused]
    others = [
        one
        for verdict_ in verdicts.values()
        for one in verdict_["findings"]
        if one not in refused and (one["advice"] or not refused or one["severity"] != "error")
    ]
    return [*refused, *sorted(others, key=lambda one: str(one["severity"]))]


def errors(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Give those that keep a seat from being ready."""
    return [one for one in findings(verdicts) if one["severity"] == "error"]


def updated(verdicts: Mapping[str, Verdict]) -> bool:
    """Tell whether a seat serves the revision that it is to have.

    That the builder remembers it comes last in an update, and may not have come yet.
    """
    images = cast("ImagesVerdict", verdicts["images"])
    return bool(images.get("named") and verdicts["container"]["settled"])
