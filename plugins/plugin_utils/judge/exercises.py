# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the practical on a seat: the course's files, the exercises' command, and its memory."""

import re

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    NAMES,
    PLACES,
    digest,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Exercises, SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Around
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
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.delivery import (
    registry_address,
    repository_of,
    road_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import listing

# What a name has that an image's tag cannot have, and what an address in a URL is made of.
_NO_TAG, _ADDRESS = (
    re.compile(r"[^A-Za-z0-9_.-]"),
    re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"),
)


def around(settings: Settings) -> Around:
    """Return what is around a seat, as its command and the board judge exercises by it."""
    address = settings["neighbour_address"]
    if ":" in address and not address.startswith("["):
        address = f"[{address}]"  # an IPv6 address before a port
    has_neighbour = _ADDRESS.fullmatch(address) is not None
    registry = registry_address(settings) if road_of(settings) == "registry" else ""
    return {
        "seat": _NO_TAG.sub("-", settings["name"]) if has_neighbour else "",
        "neighbour": _NO_TAG.sub("-", settings["seat_neighbour"]) if has_neighbour else "",
        "address": address if has_neighbour else "",
        "registry": f"{registry}/{repository_of(settings)}" if registry else "",
    }


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
    expected = digest(listing(wanted["files"], delivered, around(settings)))
    findings = []
    if "absent" in [present[place] for place in NAMES]:
        findings = [finding("exercises_missing", name)]
    elif present["digest"] != expected or not present["open"]:
        findings = [finding("exercises_old", name)]
    return verdict(findings, settled=not (findings or present["left"]))
