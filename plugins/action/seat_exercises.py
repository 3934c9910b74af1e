# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the practical's files on a seat by the module of this name, and judge what it has then.

Arguments: state and delivered, as the module's. The files are packed here, and what is around the
seat is found in the inventory. It publishes what the action C(seat) does.
"""

import base64
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import ExerciseError
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.exercises import around
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction


def packed(name: str, project: Path) -> str:
    """Return the files of a project in an archive, in base64.

    name: the seat's. Raises AnsibleActionFail where they cannot be packed.
    """
    try:
        entries = lesson_files.entries(project, pack(project, []))
    except (OSError, ValueError, ExerciseError) as error:
        raise AnsibleActionFail(f"{name}: the exercises cannot be packed: {error}") from error
    return base64.b64encode(lesson_files.archive(entries)).decode()


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("state", "delivered", "docker_socket"))

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Pack the files, have them put in their place, and judge the seat."""
        arguments = {**self._task.args, "archive": ""}
        if arguments.get("state") != "absent":
            project = Path(machine.settings["course_image_project"])
            arguments["archive"] = packed(machine.name, project)
            arguments["around"] = around(machine.settings)
        return machine.change(arguments, returned=["stays"])
