# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the module of this name, and take no more of its answer than is used and shown.

Arguments: the module's.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import shown
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask


class ActionModule(ActionBase):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        answer = ask(self, self._task.args, variables)
        return result | shown(str(variables["inventory_hostname"]), answer)
