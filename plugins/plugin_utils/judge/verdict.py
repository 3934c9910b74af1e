# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The verdict of the judge on one part of a seat, and what a rule takes."""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding

# A machine's facts (plugins/modules/seat.py), in their documented shape.
Has = Mapping[str, Any]
# What a machine is to be like (plugins/plugin_utils/settings.py): the settings by their names, and
# "name", "account" (that connects to it, empty where that is not set), "room", "wrong" (what is
# wrong with the settings, by role), "twins" (its other names), and "attacks", what came of those
# (seat_shape.ATTACKS), None where none were tried in this run.
Want = Mapping[str, Any]
# The builder's "seat", its facts, and "course" (plugins/plugin_utils/course.py); empty where it was
# not asked in this run.
Builder = Mapping[str, Any]
Verdict = dict[str, Any]


def verdict(
    found: Iterable[Finding] = (),
    *,
    settled: bool = True,
    refused: Iterable[Finding] = (),
    **values: object,
) -> Verdict:
    """Return a verdict.

    settled: whether there is nothing for the part's role to do. refused: what keeps it from doing
    its work; a part that is settled refuses nothing. found: what else is wrong. values: what the
    role's tasks need to know. All findings are in C(findings), the errors first.
    """
    # A finding that is a warning where all else is well may be a reason not to begin.
    refusals = [{**refusal, "severity": "error"} for refusal in refused]
    findings = sorted([*refusals, *found], key=lambda finding: str(finding["severity"]))
    return {
        "settled": settled and not refusals,
        "refused": refusals,
        "findings": findings,
        **values,
    }
