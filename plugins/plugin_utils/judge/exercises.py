# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The practical: the course's files, the exercises' command and where that remembers, on a seat."""

from collections.abc import Iterator
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import PLACES, digest
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import (
    Builder,
    Has,
    Verdict,
    Want,
    verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import listing

THINGS = ("folder", "command", "memory")


def judge(has: Has, want: Want, builder: Builder) -> Verdict:
    """Judge what a seat has of it. A machine that is no seat needs none.

    What it is to have is known with the files that the images are made from, and by the images that
    it was brought. Values: delivered, the fingerprints of these; removal, whether there is anything
    that goes with the toolkit.
    """
    there = has["exercises"]
    values: dict[str, Any] = {
        "delivered": sorted(set(has["built"].values())),
        "removal": there["left"] > 0 or "ours" in [there[one] for one in THINGS],
    }
    wanted = builder.get("course", {}).get("exercises", {"files": [], "why": ""})
    if want["name"] not in want["room"]["seats"]:
        return verdict(**values)
    if wanted["why"]:
        return verdict([finding("exercises_wrong", want["name"], why=wanted["why"])], **values)
    if not wanted["files"]:
        return verdict(**values)
    foreign = [
        finding("exercises_foreign", want["name"], path=getattr(PLACES, one))
        for one in THINGS
        if there[one] == "other"
    ]
    right = digest(listing(wanted["files"], values["delivered"]))
    found = [] if foreign else list(lacking(has, want, right))
    settled = not (foreign or found or there["left"])
    return verdict(found, settled=settled, refused=foreign, **values)


def lacking(has: Has, want: Want, right: str) -> Iterator[Finding]:
    """Tell what a seat lacks. right: the digest of the folder that it is to have."""
    there = has["exercises"]
    if "absent" in [there[one] for one in THINGS]:
        yield finding("exercises_missing", want["name"])
    elif there["digest"] != right or not there["open"]:
        yield finding("exercises_old", want["name"])
