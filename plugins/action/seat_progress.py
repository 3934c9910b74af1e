# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a seat for its snapshot, by the module of this name, and judge it by the project's checks.

Argument: done, numbers of exercises; the task fails where one of them has an open step, with the
hint of that. Without it, the task never fails for what a seat answers: a seat that does not answer
gets a finding. The callback room_summary, which keeps the board, is passed the whole progress; the
result itself has only unfit, the numbers of the exercises that the seat lacks something for.
"""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    Exercise,
    ExerciseError,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import (
    NOTHING_AROUND,
    Around,
    Snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    UNFIT,
    Seen,
    progress,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer as Given
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Seat
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import Answer
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, as_answer, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import (
    JudgedExercise,
    JudgedStep,
    Look,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import silence
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.exercises import around
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import (
    EXERCISES,
    exercises_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of

# Characters of a text of a check: the longest text of the course has half as many.
LONGEST = 900
# The shape of the key practical of the module's result.
PRACTICAL: Shape = {
    "snapshot": ({...: object}, None),
    "why": str,
    "answers": {str: [{"text": str, "time": float, "seen": ([str], None)}]},
    "hints": {str: {str: int}},
}


def lesson_of(project: Path) -> list[Exercise]:
    """Return the exercises of a project. Raises AnsibleActionFail where it has none that work."""
    try:
        lesson = exercises_of(project)
    except (OSError, ExerciseError) as error:
        raise AnsibleActionFail(f"The exercises cannot be read: {error}") from error
    if not lesson:
        raise AnsibleActionFail(f"{project / EXERCISES} has no exercise")
    return lesson


def _shown(seen: Seen) -> JudgedStep:
    """Return the fields of a step, each text in one line of at most LONGEST characters.

    A check may put values of the seat's into a text, such as the name of an image.
    """
    step = seen.step
    title, hint = (
        {language: one_line(text)[:LONGEST] for language, text in texts.items()}
        for texts in (step.title, step.hint)
    )
    shown: JudgedStep = {
        "id": step.id,
        "title": title,
        "done": step.done,
        "hint": hint,
        "elsewhere": step.elsewhere,
    }
    if step.hints:
        shown["hints"] = {"opened": len(seen.opened), "of": len(step.hints)}
    return shown


def look(
    name: str, answer: Answer, lesson: Iterable[Exercise], beside: Around = NOTHING_AROUND
) -> Look:
    """Return how far a seat is in the exercises of the lesson.

    name: the seat's. answer: its module's, which may be of any shape. beside: what is around it, as
    the inventory tells, whatever the answer has of that.
    """
    nothing: Look = {"silent": None, "missing": None, "exercises": {}, "held": []}
    if unanswered := silence(name, answer):
        return {**nothing, "silent": unanswered}
    answered = answer.get("practical") if isinstance(answer, Mapping) else None
    practical = fitted(answered, dict(PRACTICAL), "practical", [])
    if practical["snapshot"] is None:
        why = practical["why"][:LONGEST] or "it tells nothing"
        stopped = finding("engine_stopped", name, why=why)
        return {**nothing, "silent": stopped}
    taken: Snapshot = {**snapshot.shaped(practical["snapshot"]), "around": beside}
    looks: dict[str, JudgedExercise] = {}
    for exercise in lesson:
        answers = [
            Given(given["text"], given["time"], given["seen"])
            for given in practical["answers"].get(exercise.name, [])
        ]
        hints = practical["hints"].get(exercise.name, {})
        seen = progress(exercise, taken, answers, {}, hints)
        steps = [_shown(step) for step in seen.steps]
        looks[exercise.name] = {"lacks": seen.lacks, "steps": steps, "state": seen.state}
    gone = Seat(taken).gone
    lacking = finding("course_image_gone", name, image=", ".join(gone)) if gone else None
    return {**nothing, "missing": lacking, "exercises": looks, "held": exercises.held(taken)}


def missing(seen: Look, numbers: Iterable[int], lesson: Iterable[Exercise]) -> str:
    """Return the first open step of exercises that must be done, in words; empty where none is.

    numbers: of the exercises that must be done.
    """
    if seen["silent"]:
        return str(seen["silent"]["cause"]["en"])
    required = set(numbers)
    for exercise in lesson:
        checked = seen["exercises"][exercise.name]
        if exercise.number not in required or checked["state"] == UNFIT:
            continue
        if not checked["steps"]:
            return f"exercise {exercise.number} cannot be judged there"
        for step in checked["steps"]:
            if not step["done"]:
                title, hint = step["title"]["en"], step["hint"]["en"]
                return f"exercise {exercise.number}, {title}: {hint}"
    return ""


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("done",))

    def perform(self, variables: Variables) -> dict[str, object]:
        """Ask the seat, and judge how far it is."""
        name = variables["inventory_hostname"]
        settings = settings_of(name, variables, self._loader, self._templar)
        lesson = lesson_of(Path(settings["course_image_project"]))
        seen = look(name, self._answer(lesson, variables), lesson, around(settings))
        unfit = [
            exercise.number
            for exercise in lesson
            if (judged := seen["exercises"].get(exercise.name)) and judged["lacks"]
        ]
        result: dict[str, object] = {
            "changed": False,
            "unfit": unfit,
            UNSHOWN: {"look": {**seen, "time": time.time()}},
        }
        numbers = [int(number) for number in self._task.args.get("done") or []]
        if numbers and (why := missing(seen, numbers, lesson)):
            result |= {"failed": True, "msg": f"{name}: {why}"}
        return result

    def _answer(self, lesson: list[Exercise], variables: Variables) -> Answer:
        """Return the module's answer, with what the checks of the exercises want."""
        arguments = {
            "wants": exercises.wanted(lesson),
            "exercises": [exercise.name for exercise in lesson],
        }
        try:
            return ask(self, arguments, variables)
        except AnsibleError as error:
            return as_answer(error)
