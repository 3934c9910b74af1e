# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Answer a module's call with the facts of the machine, within a limit of time."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import seat_facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

ARGUMENTS: dict[str, dict[str, object]] = {
    "docker_socket": {"type": "path", "default": SOCKET},
    "control_time": {"type": "float"},
    "registries": {"type": "list", "elements": "str", "default": []},
    "page_url": {"type": "str", "default": ""},
    "page_container": {"type": "str", "default": ""},
    "own_registries": {"type": "list", "elements": "str", "default": []},
    "students_group": {"type": "str", "default": ""},
}
# Seconds. Each source of facts has a limit of its own, but a disk that does not answer has none.
LONGEST = 120


class LateError(BaseException):
    """The facts have taken too long; the text says so.

    It is no Exception, so that no part handles it as an error of its own.
    """


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Raise LateError in whatever is under way."""
    raise LateError(
        Refusal(
            f"the seat has not told what it has within {LONGEST} s",
            "look for a disk there that does not answer, as `df` does, or restart it.",
        )
    )


def answer(arguments: Mapping[str, Any]) -> SeatFacts:
    """Return the facts of the machine, as the module seat documents them. Raises LateError.

    arguments: a module's, with those of ARGUMENTS.
    """
    previous = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LONGEST)
    try:
        return seat_facts(**{key: arguments[key] for key in ARGUMENTS})
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
