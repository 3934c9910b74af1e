# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Limit what is reported of a machine to what people read, and to what an answer can hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

# Lines, and characters of a line. The seat of a class has some dozens, of a hundred characters.
MOST_LINES, LONGEST_LINE = 200, 500
# Sentences on what is wrong with a machine, and characters of a sentence.
MOST_SENTENCES, LONGEST_SENTENCE = 20, 300
# Characters of a plan as JSON, which are some thousands of things. An honest seat has a twentieth.
_LARGEST_PLAN = 500_000


def few(lines: Sequence[str]) -> list[str]:
    """Return the first of some lines, and a line that says how many were left out."""
    first = [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    rest = len(lines) - len(first)
    return [*first, f"and {rest:,} more"] if rest else first


def held(plan: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Return as much of a plan as an answer can hold; C(more) is how many things are left out.

    plan: kind to things, in a list or by name. order: that of the kinds, as they are carried out;
    what comes after the first that has no room may depend on it, and is left out too.
    """
    room, left_out, result = _LARGEST_PLAN, 0, dict(plan)
    for kind in order:
        of_kind = plan[kind]
        entries = list(of_kind.items() if isinstance(of_kind, dict) else of_kind)
        count = 0
        for entry in [] if left_out else entries:
            room -= len(json.dumps(entry)) + 2
            if room < 0:
                break
            count += 1
        left_out += len(entries) - count
        result[kind] = type(of_kind)(entries[:count])
    return {**result, "more": left_out} if left_out else result
