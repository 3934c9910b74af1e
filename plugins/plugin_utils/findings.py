# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Say what was found, in a run's own lines."""

from collections.abc import Mapping, Sequence
from typing import Any


def in_words(findings: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line, in English, what is wrong and how to mend it.

    findings: as the filter room_report gives them.
    """
    advice = [f"{one['advice']['en']}: " if one["advice"] else "" for one in findings]
    return " ".join(
        f"{one['cause']['en'].rstrip('.')}. Fix: {first}{one['command']}"
        for one, first in zip(findings, advice, strict=True)
    )
