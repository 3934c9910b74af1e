# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The verdict of the judge on one part of a seat."""

from collections.abc import Iterable

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding


def verdict(
    others: Iterable[Finding] = (),
    *,
    settled: bool = True,
    refused: Iterable[Finding] = (),
) -> Verdict:
    """Return what every part's verdict has, the findings with the errors first.

    settled: whether there is nothing for the part's role to do. refused: what keeps the role from
    doing its work; a part that is settled refuses nothing. others: what else is wrong.
    """
    # A finding that is a warning elsewhere may be a reason not to begin.
    refusals: list[Finding] = [{**refusal, "severity": "error"} for refusal in refused]
    findings = sorted([*refusals, *others], key=lambda finding: finding["severity"])
    return {
        "settled": settled and not refusals,
        "refused": refusals,
        "findings": findings,
    }
