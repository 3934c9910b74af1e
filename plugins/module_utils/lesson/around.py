# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what the room has around a seat: a file beside `labo`, which the control machine writes.

No other seat is asked for it, nor read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson.convert import delivered_as
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import SNAPSHOT, Around
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted

FILE = "seat.json"
# How many digits of an image's fingerprint are in its tag in the room's registry.
TAG_DIGITS = 16


def content(around: Around) -> bytes:
    """Return the content of the file."""
    return json.dumps(around, sort_keys=True).encode() + b"\n"


def read(program: Path) -> Around:
    """Return what is around the seat, nothing where the file cannot be read.

    program: the zip file of the command.
    """
    try:
        told = json.loads(program.resolve().with_name(FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        told = {}
    return shaped(told)


def shaped(told: object) -> Around:
    """Return a value as what is around a seat: what has another shape is left out."""
    fitting: Around = fitted(told, SNAPSHOT["around"], FILE, [])
    return fitting


def variables(around: Around, delivered: Iterable[Delivered]) -> dict[str, str]:
    """Return the environment by which an exercise's setup.sh knows what is around the seat.

    LABO_IMAGE is the course image in the room's registry, in the revision that was delivered to the
    seat last, empty without one. delivered: the images that were ever delivered to it.
    """
    prints = [item["fingerprint"] for item in delivered if delivered_as(item["name"]) == "course"]
    image = f"{around['registry']}:course-{prints[-1][:TAG_DIGITS]}" if prints else ""
    return {
        "LABO_SEAT": around["seat"],
        "LABO_NEIGHBOUR": around["neighbour"],
        "LABO_ADDRESS": around["address"],
        "LABO_IMAGE": image if around["registry"] else "",
    }
