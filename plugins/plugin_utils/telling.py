# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take of a module's answer, which root of a machine decides, no more than is used and shown."""

from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import refusal

# What is told to people: lists of lines, and sentences.
LINES = ("told", "lines", "unsaved", "left", "left_out", "missing")
SENTENCES = ("msg", "refused", "module_stdout", "module_stderr")
# Characters.
LONGEST = 10_000


def taken(name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is taken of a machine's answer: where it is too large, that it is refused."""
    if words := refusal(name, answer):
        return {"failed": True, "msg": words}
    told = dict(answer)
    for key in LINES:
        if isinstance(told.get(key), list):
            told[key] = few([printable(str(line)) for line in told[key]])
    for key in SENTENCES:
        if key in told:
            told[key] = printable(str(told[key]))[:LONGEST]
    return told
