# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat says, as the rules rely on it: every documented fact, each of the right type.

Whoever is root on a seat decides what it answers. What it tells besides, or in another shape, is
left out here, on the control machine; what is left is printable.
"""

import json
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict

from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    Shape,
    fitted,
    nothing,
    too_deep,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import (
    RECORDS,
    Attacks,
    Seat,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned

# Bytes. A seat with thousands of packages and hundreds of images tells less than half of it.
LARGEST_ANSWER = 2_000_000
# Levels of a module's answer; those of its facts are fewer.
DEEPEST_ANSWER = 50
# What Ansible's own code says on a Python that it does not run on, or Python of that code.
TOO_OLD = (
    re.compile(
        r"requires Python [\d.]+ or newer on the target\. Current version: (?P<version>[\d.]+)"
    ),
    re.compile("future feature annotations is not defined"),
)
STREAMS = ("module_stdout", "module_stderr")
OLDEST_PYTHON = "3.9"
LOOK = "Fix: look at who is root there, and at its Python; no seat says that by itself."


def shape_of(kind: Any) -> Shape:  # noqa: ANN401  # what a type's annotations are
    """Return the shape, as module_utils/shapes.py has it, of what a type describes."""
    if is_typeddict(kind):
        keys: dict[Any, Shape] = {
            f"{key}?" if key in kind.__optional_keys__ else key: shape_of(annotation)
            for key, annotation in get_type_hints(kind).items()
        }
        return keys | ({...: object} if kind in RECORDS else {})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return tuple(shape_of(one) for one in arguments)
    if origin is list:
        return [shape_of(arguments[0])]
    if origin is dict:
        return {str: shape_of(arguments[1])}
    return {NoneType: None, Any: object}.get(kind, kind)


SEAT: Mapping[str, Shape] = shape_of(Seat)
ATTACKS: Mapping[str, Shape] = shape_of(Attacks)


def refusal(seat: str, answer: Mapping[str, Any]) -> str:
    """Give why what a seat has answered is not taken, and what to do; empty where it can be.

    seat: its name. answer: all of what its module gave.
    """
    if too_deep(answer, DEEPEST_ANSWER):
        return f"{seat} tells what is nested deeper than anything that a seat has. {LOOK}"
    said = " ".join(str(answer.get(key, "")) for key in ("msg", *STREAMS))
    old = next(filter(None, (pattern.search(said) for pattern in TOO_OLD)), None)
    if answer.get("failed") and old:
        version = old["version"] if "version" in old.groupdict() else "older than 3.7"
        return (
            f"{seat} has Python {version}, and Ansible needs {OLDEST_PYTHON} or newer there."
            " Fix: install a newer one, and name its path as ansible_python_interpreter."
        )
    # What Ansible itself has put into it, of a module that failed, is no JSON.
    size = len(json.dumps(answer, default=str))
    if size > LARGEST_ANSWER:
        return (
            f"{seat} tells {size} bytes of itself, and at most {LARGEST_ANSWER} are taken."
            " Fix: remove containers, images or labels there that are not needed."
        )
    return ""


def timed(seat: Seat, answered: float) -> Seat:
    """Return a seat's facts, in which its clock is ahead by what is certain, which may be nothing.

    The seat has read its clock between the question and its answer, as a server of NTP does: of
    what lies between these two nothing can be said.

    answered: the control machine's time when the answer was here.
    """
    asked, most = seat["clock"]["control"], seat["clock"]["ahead"]
    if asked is None or most is None:
        return seat
    least = most - (answered - asked)
    return {**seat, "clock": {"control": asked, "ahead": max(least, 0.0) + min(most, 0.0)}}


def shaped(answer: Mapping[str, Any]) -> Seat:
    """Give the facts in a module's answer, which may be any: each that is documented, no others.

    A fact that is not there, or of another type, tells nothing, as one of a machine that has
    nothing does; what was wrong stands in the fact C(odd), where the rules find it.
    """
    told = answer.get("seat")
    wrong: list[str] = []
    if not isinstance(told, dict):
        wrong.append("the seat has told no facts")
        told = nothing(dict(SEAT))
    seat = cast("Seat", cleaned(fitted(told, dict(SEAT), "seat", wrong)))
    # A name of nothing: whom it means is looked up.
    for listener in seat["listeners"]:
        if listener["container"] not in seat["containers"]:
            listener["container"] = None
    odd = Odd()
    for sentence in (*wrong, *seat["odd"]):
        odd.add(cleaned(sentence))
    return {**seat, "odd": odd.sentences}
