# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""How far a seat is: what is so, what was so and is no longer, and where it is to go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise, Step

# The states of an exercise, and of a step but for the last two: all of it is so; it was so, and
# something is no longer; something was never so; it needs what the seat has not; it was not judged.
DONE, WAS, OPEN, UNFIT, UNJUDGED = "done", "was", "open", "unfit", "unjudged"


class Seen(NamedTuple):
    """A step, and when it was first seen done: 0 where it never was."""

    step: Step
    since: float

    @property
    def state(self) -> str:
        """Give whether it is so, was so, or never was."""
        return DONE if self.step.done else WAS if self.since else OPEN


class Progress(NamedTuple):
    """How far an exercise is. lacks: what it needs and the seat has not."""

    exercise: Exercise
    steps: list[Seen]
    lacks: list[str]

    @property
    def state(self) -> str:
        """Give the state of the exercise."""
        states = {one.state for one in self.steps}
        # Where it cannot be done, it may have been done all the same.
        if self.lacks and states != {DONE}:
            return UNFIT
        if not states:
            return UNJUDGED
        return next(one for one in (OPEN, WAS, DONE) if one in states)

    @property
    def first_open(self) -> Seen | None:
        """Give the first step that is not done now, none where all are."""
        return next((one for one in self.steps if not one.step.done), None)

    def count(self, *states: str) -> int:
        """Give how many steps are in one of these states."""
        return sum(one.state in states for one in self.steps)


def progress(
    exercise: Exercise,
    taken: Mapping[str, Any],
    answers: Iterable[str],
    done: Mapping[str, float],
) -> Progress:
    """Give how far an exercise is, by a snapshot.

    answers: as exercises.judged() takes them. done: step to when it was first seen done. What a
    check cannot judge is not judged, and nothing else is lost for that.
    """
    try:
        steps = exercises.judged(exercise, taken, answers)
    except Exception:  # an exercise that somebody has just written
        steps = []
    moment = float(taken["taken"])
    seen = [Seen(one, done.get(one.id, moment if one.done else 0.0)) for one in steps]
    return Progress(exercise, seen, exercises.lacks(exercise, taken))


def here(known: list[Progress]) -> Progress | None:
    """Give the exercise that a seat is at, none where there is nothing more to do.

    That is the one in which something was done last, or where that is done the next that is not. Of
    what was seen at one time, as by the first look, the last counts.
    """
    times = [max((seen.since for seen in one.steps), default=0.0) for one in known]
    latest = max(times, default=0.0)
    reached = max((at for at, one in enumerate(times) if one == latest > 0), default=0)
    in_order = [*known[reached:], *known[:reached]]
    return next((one for one in in_order if one.state == OPEN), None)
