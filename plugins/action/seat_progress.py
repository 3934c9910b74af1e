# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""See how far a seat is, by the module of this name, and judge it here, by the project's checks.

Argument: done, numbers of exercises; the task fails where one of them has a step that is open, with
the hint of that. Without it, it never fails for what a seat is or says: one that cannot be asked is
told as such. What came of it is for the callback room_summary, which keeps the board; the result
itself has only unfit, the numbers of the exercises that the seat has not all for.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    Exercise,
    ExerciseError,
    Step,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import UNFIT, progress
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted
from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import silence
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import (
    EXERCISES,
    exercises_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, one_line

# Characters of what a check says: the longest of the course has half of it.
LONGEST = 600
# What the module tells of a seat.
PRACTICAL: Shape = {"snapshot": ({...: object}, None), "why": str, "answers": {str: [str]}}


def known(project: Path) -> list[Exercise]:
    """Give the exercises of a project. Raises AnsibleActionFail where they are not as they must."""
    try:
        found = exercises_of(project)
    except (OSError, ExerciseError) as error:
        raise AnsibleActionFail(f"The exercises cannot be read: {error}") from error
    if not found:
        raise AnsibleActionFail(f"{project / EXERCISES} has no exercise")
    return found


def shown(step: Step) -> dict[str, Any]:
    """Give a step with one line for each text, and no longer than one has to be.

    A check may say in it what the seat has, such as the name of an image.
    """
    told = asdict(step)
    for key in ("title", "hint"):
        told[key] = {lang: one_line(text)[:LONGEST] for lang, text in told[key].items()}
    return told


def look(name: str, answer: object, lesson: Iterable[Exercise]) -> dict[str, Any]:
    """Give how far a seat is.

    name: the seat's. answer: what its module gave, which may be anything, or the error that the
    connection gave instead. Gives silent, why it could not be judged, a finding or none; and
    exercises: name to what it lacks and to its steps, as they are now, none where it could not be
    judged.
    """
    if why := silence(name, answer):
        return {"silent": why, "exercises": {}}
    said = answer if isinstance(answer, Mapping) else {}
    told = fitted(said.get("practical"), dict(PRACTICAL), "it", [])
    if told["snapshot"] is None:
        why = finding("engine_stopped", name, why=told["why"][:LONGEST] or "it tells nothing")
        return {"silent": why, "exercises": {}}
    taken = snapshot.shaped(told["snapshot"])
    found = {}
    for one in lesson:
        seen = progress(one, taken, told["answers"].get(one.name, []), {})
        steps = [shown(step.step) for step in seen.steps]
        found[one.name] = {"lacks": seen.lacks, "steps": steps, "state": seen.state}
    return {"silent": None, "exercises": found}


def missing(told: Mapping[str, Any], numbers: Iterable[int], lesson: Iterable[Exercise]) -> str:
    """Say what is open of exercises that are to be done; empty where nothing is."""
    if told["silent"]:
        return str(told["silent"]["cause"]["en"])
    wanted = set(numbers)
    for one in lesson:
        seen = told["exercises"][one.name]
        if one.number not in wanted or seen["state"] == UNFIT:
            continue
        if not seen["steps"]:
            return f"exercise {one.number} cannot be judged there"
        for step in seen["steps"]:
            if not step["done"]:
                return f"exercise {one.number}, {step['title']['en']}: {step['hint']['en']}"
    return ""


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset(("done",))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Look, and judge."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        name = str(variables["inventory_hostname"])
        want = settings.wanted(name, variables, self._loader, self._templar)
        lesson = known(Path(want["course_image_project"]))
        told = look(name, self.asked(lesson, variables), lesson)
        unfit = [one.number for one in lesson if told["exercises"].get(one.name, {}).get("lacks")]
        result |= {
            "changed": False,
            "unfit": unfit,
            UNSHOWN: {"look": {**told, "time": time.time()}},
        }
        done = [int(one) for one in self._task.args.get("done") or []]
        if done and (why := missing(told, done, lesson)):
            result |= {"failed": True, "msg": f"{name}: {why}"}
        return result

    def asked(
        self, lesson: list[Exercise], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Give the module's answer, or the error that the connection gave instead."""
        arguments = {
            "wants": exercises.wanted(lesson),
            "exercises": [one.name for one in lesson],
        }
        try:
            return ask(self, arguments, variables)
        except AnsibleError as error:
            return error
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
