# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Limit what is reported of a machine to what people read, and to what an answer can hold."""

from __future__ import annotations

from collections.abc import Sequence

# Lines, and characters of a line. The seat of a class has some dozens, of a hundred characters.
MOST_LINES, LONGEST_LINE = 200, 500
# Sentences on what is wrong with a machine, and characters of a sentence.
MOST_SENTENCES, LONGEST_SENTENCE = 20, 300


def few(lines: Sequence[str]) -> list[str]:
    """Return the first of some lines, and a line that says how many were left out."""
    first = [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    rest = len(lines) - len(first)
    return [*first, f"and {rest:,} more"] if rest else first
