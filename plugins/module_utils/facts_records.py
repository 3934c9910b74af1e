# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat remembers: what was there before, and what the toolkit has brought."""

from __future__ import annotations

from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    fingerprint,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.module_utils.record import (
    NAMES,
    TornError,
    read_record,
)


def record_facts() -> tuple[dict[str, dict[str, Any] | None], list[str]]:
    """Give the records, None where there is none, and what cannot be read, as sentences."""
    torn = []

    def record_of(name: str) -> dict[str, Any] | None:
        try:
            return read_record(name)
        except TornError as error:
            torn.append(str(error))
            return None

    return {name: record_of(name) for name in NAMES}, torn


def before_facts(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give what the seat was like before. The first releases did not record all of it."""
    return record and {"files": [], "held": [], **record}


def brought_facts(record: dict[str, Any] | None, there: set[str]) -> dict[str, Any]:
    """Give what the toolkit brought. there: names of the packages that are installed, or half so.

    A record of an installation that was interrupted names what was coming; what is there came.
    """
    told = {"packages": [], "users": [], **(record or {})}
    came = there.intersection(told.get("coming", []))
    kept = {key: value for key, value in told.items() if key not in ("coming", "policy_rc_d")}
    return {**kept, "packages": sorted({*told["packages"], *came})}


def built_facts(
    record: dict[str, Any] | None, inspected: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Give what a record says that the toolkit built or brought here: images and bases.

    inspected: the images that are there. A record without a version has fingerprints of the
    earlier kind: of an image that has it still, today's is told, and others are not the toolkit's.
    """
    if record is None or "version" in record:
        return {"images": {}, "bases": {}, **(record or {})}
    images = {
        tag: fingerprint(inspected[tag])
        for tag, mark in record.items()
        if tag in inspected and fingerprint_1(inspected[tag]) == mark
    }
    return {"images": images, "bases": {}}
