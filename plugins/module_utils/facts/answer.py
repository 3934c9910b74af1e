# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the modules take that answer what a machine has, and that answer, within a time."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import seat_facts

ARGUMENTS: dict[str, Any] = {
    "docker_socket": {"type": "path", "default": SOCKET},
    "control_time": {"type": "float"},
    "registries": {"type": "list", "elements": "str", "default": []},
    "page_url": {"type": "str", "default": ""},
    "page_container": {"type": "str", "default": ""},
    "own_registries": {"type": "list", "elements": "str", "default": []},
    "students_group": {"type": "str", "default": ""},
}
# Seconds. Each thing that is asked has a limit of its own; a disk that does not answer has none.
LONGEST = 120


class LateError(BaseException):
    """There is no more time; the text says so. No part is to take it for an error of its own."""


def late(_signal: int, _frame: FrameType | None) -> None:
    """End what is under way."""
    raise LateError(
        f"the seat has not told what it has within {LONGEST} s. Fix: look for a disk there"
        " that does not answer, as `df` does, or restart it."
    )


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the machine has. asked: a module's arguments. Raises LateError."""
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        return seat_facts(**{key: asked[key] for key in ARGUMENTS})
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
