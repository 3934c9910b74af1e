# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""How far a seat is: which steps are done, which no longer are, and which exercise comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise, Step
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Snapshot

# The states of an exercise, of which a step has the first three: done now; was done and no longer
# is; was never done; the seat lacks what it needs; its check has failed.
DONE, WAS, OPEN, UNFIT, UNJUDGED = "done", "was", "open", "unfit", "unjudged"


class Seen(NamedTuple):
    """A step, and when it was first seen done, in seconds since 1970: 0 where it never was.

    asked: how many of its hints were asked for beyond the first.
    """

    step: Step
    since: float
    asked: int = 0

    @property
    def state(self) -> str:
        """The state of the step: DONE, WAS or OPEN."""
        return DONE if self.step.done else WAS if self.since else OPEN

    @property
    def opened(self) -> list[dict[str, str]]:
        """Its hints that are open, each by language: the first, and those that were asked for."""
        return self.step.hints[: 1 + max(0, self.asked)]


class Progress(NamedTuple):
    """The progress of an exercise. lacks: what it needs and the seat lacks."""

    exercise: Exercise
    steps: list[Seen]
    lacks: list[str]

    @property
    def state(self) -> str:
        """The state of the exercise."""
        states = {seen.state for seen in self.steps}
        # An exercise may have been done although the seat lacks something for it.
        if self.lacks and states != {DONE}:
            return UNFIT
        if not states:
            return UNJUDGED
        return next(state for state in (OPEN, WAS, DONE) if state in states)

    @property
    def first_open(self) -> Seen | None:
        """The first step that is not done now, None where all are."""
        return next((seen for seen in self.steps if not seen.step.done), None)

    def count(self, *states: str) -> int:
        """Return how many steps are in one of the states."""
        return sum(seen.state in states for seen in self.steps)


def progress(
    exercise: Exercise,
    taken: Snapshot,
    answers: Iterable[str],
    done: Mapping[str, float],
    hints: Mapping[str, int],
) -> Progress:
    """Return the progress of an exercise by a snapshot.

    answers: as exercises.judged() takes them. done: step to when it was first seen done. hints:
    condition to how many of its hints were asked for beyond the first. An exercise whose check
    fails has no steps, and the others are judged all the same.
    """
    try:
        steps = exercises.judged(exercise, taken, answers)
    except Exception:  # an exercise that somebody has just written
        steps = []
    moment = taken["taken"]
    seen = [
        Seen(
            step,
            done.get(step.id, moment if step.done else 0.0),
            hints.get(step.condition, 0),
        )
        for step in steps
    ]
    return Progress(exercise, seen, exercises.lacks(exercise, taken))


def here(progresses: list[Progress]) -> Progress | None:
    """Return the progress of the exercise that a seat is at, None where no exercise is open.

    That is the exercise in which a step was done last, or the next open one after it. Where steps
    of several exercises were first seen at the same time, the last of these exercises counts.
    """
    times = [max((seen.since for seen in item.steps), default=0.0) for item in progresses]
    latest = max(times, default=0.0)
    reached = max((index for index, moment in enumerate(times) if moment == latest > 0), default=0)
    in_order = [*progresses[reached:], *progresses[:reached]]
    return next((item for item in in_order if item.state == OPEN), None)
