# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the judge says of one part of a seat."""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding

# What a machine says of itself (plugins/modules/seat.py), brought into its documented shape.
Has = Mapping[str, Any]
# What it is to be like (plugins/plugin_utils/settings.py): the settings by their names, and
# "name", "account" (that connects to it, empty where that is not set), "room", "wrong" (what is
# wrong with the settings, by role), "twins", and "attacks", what came of those (shape.ATTACKS),
# none where none were tried in this run.
Want = Mapping[str, Any]
# Of the machine that builds: "seat", as above, and "course" (plugins/plugin_utils/course.py); empty
# where it was not asked in this run.
Builder = Mapping[str, Any]
Verdict = dict[str, Any]


def verdict(
    found: Iterable[Finding] = (),
    *,
    settled: bool = True,
    refused: Iterable[Finding] = (),
    **values: object,
) -> Verdict:
    """Give a verdict.

    settled: whether there is nothing for the part's role to do. refused: what keeps it from doing
    its work; a part that is settled refuses nothing. found: what else is wrong. values: what the
    role's tasks need to know. All findings are in C(findings), the errors first.
    """
    # What is a warning where all else is well may be a reason not to begin.
    refusals = [{**one, "severity": "error"} for one in refused]
    findings = sorted([*refusals, *found], key=lambda one: str(one["severity"]))
    return {
        "settled": settled and not refusals,
        "refused": refusals,
        "findings": findings,
        **values,
    }
