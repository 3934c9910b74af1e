# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine remember something, by the module of this name, and judge what it has then.

Arguments: the module's. It publishes what the action C(seat) does, which needs not be called after
this one. Unlike that, it fails where the machine cannot be asked, or cannot write it down.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine


class ActionModule(ActionBase):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset(
        (
            *("before", "roots", "coming", "going", "came", "users", "taken", "moving"),
            *("served", "give_back", "forget"),
        )
    )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have it written down, and judge the machine."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | Machine(self, task_vars).change(self._task.args)
