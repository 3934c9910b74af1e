# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the practical on a seat: the course's files, the exercises' command, and its memory."""

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    NAMES,
    PLACES,
    digest,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Exercises, SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ExercisesVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Practical,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import listing


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> ExercisesVerdict:
    """Judge what a seat has of the practical; a machine that is no seat needs none."""
    present, delivered = has["exercises"], has["delivered"]
    judged = verdict()
    if settings["name"] in settings["room"]["seats"] and "course" in builder:
        judged = _verdict(present, settings, builder["course"]["exercises"], delivered)
    return {
        **judged,
        "delivered": delivered,
        "removal": present["left"] > 0 or "ours" in [present[place] for place in NAMES],
    }


def _verdict(
    present: Exercises, settings: Settings, wanted: Practical, delivered: list[Delivered]
) -> Verdict:
    """Return the verdict on a seat. delivered: the images that were ever brought to it."""
    name = settings["name"]
    if wanted["why"]:
        return verdict([finding("exercises_wrong", name, why=wanted["why"])])
    if not wanted["files"]:
        return verdict()
    foreign = [
        finding("exercises_foreign", name, path=getattr(PLACES, place))
        for place in NAMES
        if present[place] == "other"
    ]
    if foreign:
        return verdict(settled=False, refused=foreign)
    expected = digest(listing(wanted["files"], delivered))
    findings = []
    if "absent" in [present[place] for place in NAMES]:
        findings = [finding("exercises_missing", name)]
    elif present["digest"] != expected or not present["open"]:
        findings = [finding("exercises_old", name)]
    return verdict(findings, settled=not (findings or present["left"]))
