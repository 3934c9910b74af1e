# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Give the project's exercises before one, with what solves them."""

DOCUMENTATION = r"""
name: exercises
short_description: The exercises of the course before one, with what solves them
description:
  - Those of the project that the course image is built from.
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
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import exercises_of


class LookupModule(LookupBase):
    """The lookup, as Ansible looks for it."""

    def run(
        self, terms: list[object], variables: dict[str, Any] | None = None, **kwargs: object
    ) -> list[dict[str, Any]]:
        """Give them. Raises AnsibleLookupError where there is no such exercise."""
        self.set_options(var_options=variables, direct=kwargs)
        [term], known = terms, variables or {}
        want = settings.wanted(known["inventory_hostname"], known, self._loader, self._templar)
        try:
            lesson = exercises_of(Path(want["course_image_project"]))
        except (OSError, ExerciseError) as error:
            raise AnsibleLookupError(f"The exercises cannot be read: {error}") from error
        numbers = [one.number for one in lesson]
        if str(term) not in map(str, numbers):
            which = ", ".join(map(str, numbers)) or "none"
            fix = "-e exercise=NUMBER, that of the exercise to begin with"
            raise AnsibleLookupError(f"exercise is '{term}'; the course has {which}. Fix: {fix}.")
        return [
            {
                "number": one.number,
                "title": f"{one.number}. {one.title('en')}",
                "script": f"{one.setup}\n{one.solution}",
            }
            for one in lesson
            if one.number < int(str(term))
        ]
