# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell no more of a machine than somebody reads, and than one answer holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

# Lines, and characters of one: of a class's seat there are some dozens, of a hundred characters.
MOST_LINES, LONGEST_LINE = 200, 500
# Sentences on what is wrong with a machine, and characters of one.
MOST_SENTENCES, LONGEST_SENTENCE = 20, 300
# Characters, as JSON, of a plan: some thousands of things. An honest seat has a twentieth of it.
LARGEST_PLAN = 500_000


def few(lines: Sequence[str]) -> list[str]:
    """Return the first of some lines, and how many more there are."""
    told = [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    more = len(lines) - len(told)
    return [*told, f"and {more:,} more"] if more else told


def held(plan: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Return as much of a plan as one answer holds; C(more) is how many things it does not.

    plan: kind to things, in a list or by name. order: that of the kinds, as they are carried out;
    what comes after the first that has no room may depend on it, and is left out too.
    """
    left, more, kept = LARGEST_PLAN, 0, dict(plan)
    for kind in order:
        things = plan[kind]
        every = list(things.items() if isinstance(things, dict) else things)
        count = 0
        for thing in [] if more else every:
            left -= len(json.dumps(thing)) + 2
            if left < 0:
                break
            count += 1
        more += len(every) - count
        kept[kind] = type(things)(every[:count])
    return {**kept, "more": more} if more else kept
