# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge a seat: for each part whether it is as it should be, and if not, why and what to do.

Every decision is made here, in one file a part. Nothing here asks a machine, changes one, or needs
Ansible. A part's rule takes what the seat has, its settings and what the builder has, and returns
a verdict.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import (
    Answer,
    NoConnection,
    reason,
    refusal,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ImagesVerdict,
    MachineVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
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
    packages,
    registry,
    students,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

_Rule = Callable[[SeatFacts, Settings, Builder], Verdict]

# Characters of a reason.
_LONGEST = 300
# Findings of one part of a seat, so that those of the other parts are read too.
_MOST = 10
# sudo uses this word in every language where it wants a terminal; where it wants a password, it
# names the askpass too.
_WANTS_TTY = re.compile(r"\btty\b(?!.*askpass)")

# What ssh and Ansible report of a machine that accepted the connection and then took too long.
_LATE = re.compile(r"Timeout \(\d+s\) waiting for|timed out during banner exchange")

# The parts are in the order in which their roles work on them.
PARTS: Mapping[str, _Rule] = {
    "machine": machine.judge,
    "network": network.judge,
    "packages": packages.judge,
    "registry": registry.judge,
    "engine": engine.judge,
    "students": students.judge,
    "build": build.judge,
    "images": images.judge,
    "container": container.judge,
    "exercises": exercises.judge,
}


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> dict[str, Verdict]:
    """Return the verdict on each part. It raises nothing, whatever the seat's answer holds."""
    return {part: _judge_part(part, rule, has, settings, builder) for part, rule in PARTS.items()}


def _judge_part(
    part: str, rule: _Rule, has: SeatFacts, settings: Settings, builder: Builder
) -> Verdict:
    """Return the verdict on a part, a finding if the seat's facts cannot be understood.

    A seat's answer can lead to any number of findings: the verdict has the first of them.
    """
    try:
        judged = rule(has, settings, builder)
        judged["refused"] = judged["refused"][:_MOST]
        judged["findings"] = judged["findings"][:_MOST]
        return judged
    except Exception as error:  # the other parts and the other seats are still judged
        why = f"{type(error).__name__}: {error}"[:_LONGEST]
        unintelligible = finding("unintelligible", settings["name"], part=part, why=why)
        return verdict(settled=False, refused=[unintelligible])


def unanswered(name: str, why: str) -> Finding:
    """Return the finding on a machine that has not answered. why: the connection's own words."""
    return finding("late" if _LATE.search(why) else "unreachable", name, why=why)


def silence(name: str, answer: Answer) -> Finding | None:
    """Return the finding on a machine whose answer is missing or refused; None if it is neither."""
    if isinstance(answer, NoConnection):
        return unanswered(name, answer.why)
    if refused := refusal(name, answer):
        return finding("answer_refused", name, what=refused.what, fix=refused.fix.rstrip("."))
    if not answer.get("failed"):
        return None
    why = reason(answer)[:_LONGEST]
    return finding("sudo_tty" if _WANTS_TTY.search(why) else "not_asked", name, why=why)


def silent(found: Finding, why: str | None = None) -> dict[str, Verdict]:
    """Return the verdicts on a machine for which silence() has returned a finding.

    why: the connection's own words, if there was no answer. The verdict on the part machine has
    them as its why, one sentence, or else an empty text.
    """
    verdicts = {part: verdict(settled=False) for part in PARTS}
    words = "" if why is None else shortened(one_line(f"{why}."))
    of_machine: MachineVerdict = {**verdict(settled=False, refused=[found]), "why": words}
    return verdicts | {"machine": of_machine}


# The groups of a machine on which nothing may or can be done.
REFUSED = ["refused", "unproven"]

# The parts that a role works on, by the group of the machines where it has something to do.
_WORK = {
    "lacks_packages": ("packages",),
    "lacks_registry": ("registry",),
    "lacks_engine": ("engine", "students", "build"),
    # An engine that is restarted may have lost what ran, or keep its images in another directory.
    "lacks_images": ("engine", "images"),
    # A container is replaced once its image is.
    "lacks_container": ("engine", "images", "container"),
    # The exercises' files name the images that were brought.
    "lacks_exercises": ("images", "exercises"),
}


def groups(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Return the groups that a machine belongs to; none if it is as it should be.

    The group refused means that nothing may or can be done on it, lacks_… that a role has something
    to do, and unproven that it is in any of these, or that something is wrong that no role repairs.
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
    """Return all findings on a seat: the refusals, the other errors, the warnings.

    While something is refused, the errors that a run would repair by itself are left out. Findings
    that only follow from another finding are left out by the rules.
    """
    refused: list[Finding] = []
    for part in verdicts.values():
        refused += [entry for entry in part["refused"] if entry not in refused]
    others = [
        entry
        for part in verdicts.values()
        for entry in part["findings"]
        if entry not in refused and (entry["advice"] or not refused or entry["severity"] != "error")
    ]
    return [*refused, *sorted(others, key=lambda entry: entry["severity"])]


def errors(verdicts: Mapping[str, Verdict]) -> list[Finding]:
    """Return the findings that keep a seat from being ready."""
    return [entry for entry in findings(verdicts) if entry["severity"] == "error"]


def is_updated(verdicts: Mapping[str, Verdict]) -> bool:
    """Return whether a seat serves the revision that it is to have.

    The builder records the revision last in an update, so its record may still lack it.
    """
    of_images = cast("ImagesVerdict", verdicts["images"])
    return "named" in of_images and of_images["named"] and verdicts["container"]["settled"]
