# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Compare what a seat says of its neighbour with what the neighbour has.

Both have answered the control machine, which alone compares them: no seat is told of another one.
"""

from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Step
from ansible_collections.labocloud.room.plugins.plugin_utils.catalogue import LANGUAGES, say
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import (
    DatedLook,
    JudgedStep,
)


def as_neighbour_shows(shown: JudgedStep, first: float, neighbour: DatedLook | None) -> Step:
    """Return a step, which is open where the seat's neighbour does not have what it rests on.

    shown: the step as the seat's look has it. first: when it was first seen done, 0 where it never
    was. neighbour: its look, None where this run has not asked it. Where nothing is known of the
    neighbour, only what was seen once is done.
    """
    step = Step(shown["id"], shown["title"], shown["done"], shown["hint"])
    elsewhere = shown["elsewhere"]
    if not (step.done and elsewhere):
        return step
    if neighbour is None or neighbour["silent"]:
        key, has_it = "board.neighbour_unknown", first > 0
    else:
        key, has_it = "board.neighbour_has_not", elsewhere in neighbour["held"]
    if has_it:
        return step
    hint = {language: say(language, "pages", key) for language in LANGUAGES}
    return Step(step.id, step.title, done=False, hint=hint)
