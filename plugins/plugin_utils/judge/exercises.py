# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The practical: the course's files, the exercises' command and where that remembers, on a seat."""

from collections.abc import Iterator
from typing import Literal

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import PLACES, digest
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ExercisesValues,
    ExercisesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import listing

THINGS: tuple[Literal["folder", "command", "memory"], ...] = ("folder", "command", "memory")


def judge(has: Seat, want: Want, builder: Builder) -> ExercisesVerdict:
    """Judge what a seat has of the practical. A machine that is no seat needs none.

    What it is to have is known with the files that the images are made from, and by the images that
    it was brought.
    """
    there, name = has["exercises"], want["name"]
    values: ExercisesValues = {
        "delivered": sorted(set(has["built"].values())),
        "removal": there["left"] > 0 or "ours" in [there[thing] for thing in THINGS],
    }
    if name not in want["room"]["seats"] or "course" not in builder:
        return {**verdict(), **values}
    wanted = builder["course"]["exercises"]
    if wanted["why"]:
        return {**verdict([finding("exercises_wrong", name, why=wanted["why"])]), **values}
    if not wanted["files"]:
        return {**verdict(), **values}
    foreign = [
        finding("exercises_foreign", name, path=getattr(PLACES, thing))
        for thing in THINGS
        if there[thing] == "other"
    ]
    right = digest(listing(wanted["files"], values["delivered"]))
    found = [] if foreign else list(lacking(has, want, right))
    settled = not (foreign or found or there["left"])
    return {**verdict(found, settled=settled, refused=foreign), **values}


def lacking(has: Seat, want: Want, right: str) -> Iterator[Finding]:
    """Tell what a seat lacks. right: the digest of the folder that it is to have."""
    there = has["exercises"]
    if "absent" in [there[thing] for thing in THINGS]:
        yield finding("exercises_missing", want["name"])
    elif there["digest"] != right or not there["open"]:
        yield finding("exercises_old", want["name"])
