# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The shape of a seat's facts, on which the rules rely: all that are documented, each of its type.

Whoever is root on a seat decides what it answers. What has another shape is left out here, on the
control machine; what is left is printable.
"""

from collections.abc import Mapping
from typing import cast

from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import (
    RECORDS,
    Attacks,
    SeatFacts,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    Shape,
    fitted,
    nothing,
    shape_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned

SEAT: Mapping[str, Shape] = shape_of(SeatFacts, RECORDS.__contains__)
ATTACKS: Mapping[str, Shape] = shape_of(Attacks)


def timed(facts: SeatFacts, answered: float) -> SeatFacts:
    """Return a seat's facts with its clock ahead by what is certain, which may be nothing.

    The seat has read its clock between the question and its answer, as a server of NTP does: of
    what lies between these two nothing can be said.

    answered: the control machine's time when the answer was here, in seconds.
    """
    asked, most = facts["clock"]["control"], facts["clock"]["ahead"]
    if asked is None or most is None:
        return facts
    least = most - (answered - asked)
    return {**facts, "clock": {"control": asked, "ahead": max(least, 0.0) + min(most, 0.0)}}


def shaped(answer: Mapping[str, object]) -> SeatFacts:
    """Return the facts in a module's answer, which may be any: all that are documented, no others.

    A fact that lacks, or is of another type, is that of a machine that has nothing; what was wrong
    stands in the fact C(odd), where the rules find it.
    """
    facts = answer.get("seat")
    wrong: list[str] = []
    if not isinstance(facts, dict):
        wrong.append("the seat has told no facts")
        facts = nothing(dict(SEAT))
    seat = cast("SeatFacts", cleaned(fitted(facts, dict(SEAT), "seat", wrong)))
    # The rules look a listener's container up by this name.
    for listener in seat["listeners"]:
        if listener["container"] not in seat["containers"]:
            listener["container"] = None
    odd = Odd()
    for sentence in (*wrong, *seat["odd"]):
        odd.add(cleaned(sentence))
    return {**seat, "odd": odd.sentences}
