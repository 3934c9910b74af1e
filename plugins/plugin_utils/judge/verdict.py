# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the judge says of one part of a seat."""

from collections.abc import Iterable

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding


def verdict(
    found: Iterable[Finding] = (),
    *,
    settled: bool = True,
    refused: Iterable[Finding] = (),
) -> Verdict:
    """Return what every part's verdict has.

    settled: whether there is nothing for the part's role to do. refused: what keeps it from doing
    its work; a part that is settled refuses nothing. found: what else is wrong.
    """
    # What is a warning where all else is well may be a reason not to begin.
    refusals = [{**one, "severity": "error"} for one in refused]
    findings = sorted([*refusals, *found], key=lambda one: str(one["severity"]))
    return {
        "settled": settled and not refusals,
        "refused": refusals,
        "findings": findings,
    }
