# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have names of images taken away by the module of this name, and judge what is left.

Arguments: the module's. It publishes what the action C(seat) does.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine


class ActionModule(ActionBase):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(("images", "forget", "docker_socket"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have the names taken away, and judge the machine."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | Machine(self, task_vars).change(self._task.args)
