# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Look up the project's exercises before a given exercise, with the commands that solve them."""

DOCUMENTATION = r"""
name: exercises
short_description: The exercises of the course before one, with what solves them
description:
  - Those of the project that the course image is built from, without those that take a neighbour or
    the room's registry, as a seat cannot do them alone.
options:
  _terms:
    description: The number of the exercise before which they stand; it is one of them itself.
    required: true
author:
  - labocloud contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Do what comes before the fourth
  ansible.builtin.command:
    argv: [sh, -ec, "{{ item.script }}"]
  loop: "{{ query('labocloud.room.exercises', 4) }}"
"""

RETURN = r"""
_raw:
  description: >-
    The exercises in their order, each with C(number), C(title), with the number and in English, and
    C(script), commands of a shell that prepare and solve it.
  type: list
  elements: dict
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    OF_ROOM,
    ExerciseError,
)
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import exercises_of
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of


class LookupModule(LookupBase):
    """The lookup, by the name that Ansible looks for."""

    def run(
        self, terms: list[object], variables: Variables, **kwargs: object
    ) -> list[dict[str, Any]]:
        """Return the exercises before the one that the term names.

        Raises AnsibleLookupError if there is no such exercise, or the exercises cannot be read.
        """
        self.set_options(var_options=variables, direct=kwargs)
        [term], name = terms, variables["inventory_hostname"]
        settings = settings_of(name, variables, self._loader, self._templar)
        try:
            lesson = exercises_of(Path(settings["course_image_project"]))
        except (OSError, ExerciseError) as error:
            raise AnsibleLookupError(f"The exercises cannot be read: {error}") from error
        numbers = [exercise.number for exercise in lesson]
        if str(term) not in map(str, numbers):
            which = ", ".join(map(str, numbers)) or "none"
            fix = "-e exercise=NUMBER, that of the exercise to begin with."
            raise AnsibleLookupError(
                str(Refusal(f"exercise is '{term}'; the course has {which}", fix))
            )
        return [
            {
                "number": exercise.number,
                "title": f"{exercise.number}. {exercise.title('en')}",
                "script": f"{exercise.setup}\n{exercise.solution}",
            }
            for exercise in lesson
            if exercise.number < int(str(term)) and not set(exercise.needs) & set(OF_ROOM)
        ]
