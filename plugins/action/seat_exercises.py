# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the practical's files on a seat by the module of this name, and judge what it has then.

Arguments: state and delivered, as the module's. What the files are is packed here. It publishes
what the action C(seat) does.
"""

import base64
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    TOLD = (*seat.Changing.TOLD, "stays")
    _VALID_ARGS = frozenset(("state", "delivered", "docker_socket"))

    def more(self) -> dict[str, Any]:
        """Give what it is to change, and the files."""
        return {**super().more(), "archive": self._archive}

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Pack the files, and give the module's answer. Raises the error of one or the other."""
        self._archive = ""
        if self._task.args.get("state") != "absent":
            self._archive = self.packed(name, Path(want["course_image_project"]))
        return super().asked(name, want, variables)

    def packed(self, name: str, project: Path) -> str:
        """Give the files of a project in an archive, in base64. Raises AnsibleActionFail."""
        try:
            told = lesson_files.entries(project, pack(project, []))
        except (OSError, ValueError, ExerciseError) as error:
            raise AnsibleActionFail(f"{name}: the exercises cannot be packed: {error}") from error
        return base64.b64encode(lesson_files.archive(told)).decode()
