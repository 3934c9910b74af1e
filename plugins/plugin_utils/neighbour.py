# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Compare what a seat says of its neighbour with what the neighbour has.

Both have answered the control machine, which alone compares them: no seat is told of another one.
"""

from dataclasses import replace

from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Step
from ansible_collections.labocloud.room.plugins.plugin_utils.catalogue import LANGUAGES, say
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import DatedLook


def as_neighbour_shows(step: Step, first: float, neighbour: DatedLook | None) -> Step:
    """Return a step, which is open where the seat's neighbour does not have what it rests on.

    first: when it was first seen done, 0 where it never was. neighbour: its look, None where this
    run has not asked it. Where nothing is known of the neighbour, only what was seen once is done.
    """
    if not (step.done and step.elsewhere):
        return step
    if neighbour is None or neighbour["silent"]:
        key, has_it = "board.neighbour_unknown", first > 0
    else:
        key, has_it = "board.neighbour_has_not", step.elsewhere in neighbour["held"]
    if has_it:
        return step
    hint = {language: say(language, "pages", key) for language in LANGUAGES}
    return replace(step, done=False, hint=hint)
