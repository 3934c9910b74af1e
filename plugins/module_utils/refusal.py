# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Say why something is not done, and what to do about it: two sentences that stay apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why something is not done, and what people are to do about it.

    what: sentences without the last full stop. fix: ends with a full stop, but where it ends with a
    command, or another text goes on after it. As a text, or as the argument of an exception, it is
    what people read.
    """

    what: str
    fix: str

    def __str__(self) -> str:
        """Return both as people read them."""
        return f"{self.what}. Fix: {self.fix}"
