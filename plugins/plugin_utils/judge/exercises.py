# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the practical on a seat: the course's files, the exercises' command, and its memory."""

from collections.abc import Iterator
from typing import Literal

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import PLACES, digest
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ExercisesValues,
    ExercisesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import listing

_PARTS: tuple[Literal["folder", "command", "memory"], ...] = ("folder", "command", "memory")


def judge(has: Seat, want: Want, builder: Builder) -> ExercisesVerdict:
    """Judge what a seat has of the practical; a machine that is no seat needs none.

    What the seat is to have follows from the project's files and from the images that were brought
    to it.
    """
    present, name = has["exercises"], want["name"]
    values: ExercisesValues = {
        "delivered": sorted(set(has["built"].values())),
        "removal": present["left"] > 0 or "ours" in [present[part] for part in _PARTS],
    }
    if name not in want["room"]["seats"] or "course" not in builder:
        return {**verdict(), **values}
    wanted = builder["course"]["exercises"]
    if wanted["why"]:
        return {**verdict([finding("exercises_wrong", name, why=wanted["why"])]), **values}
    if not wanted["files"]:
        return {**verdict(), **values}
    foreign = [
        finding("exercises_foreign", name, path=getattr(PLACES, part))
        for part in _PARTS
        if present[part] == "other"
    ]
    expected = digest(listing(wanted["files"], values["delivered"]))
    findings = [] if foreign else list(_lacking(has, want, expected))
    settled = not (foreign or findings or present["left"])
    return {**verdict(findings, settled=settled, refused=foreign), **values}


def _lacking(has: Seat, want: Want, expected: str) -> Iterator[Finding]:
    """Yield what a seat lacks. expected: the digest of the folder that it is to have."""
    present = has["exercises"]
    if "absent" in [present[part] for part in _PARTS]:
        yield finding("exercises_missing", want["name"])
    elif present["digest"] != expected or not present["open"]:
        yield finding("exercises_old", want["name"])
