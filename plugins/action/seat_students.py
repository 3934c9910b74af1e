# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the module of this name, and take of its answer no more than is used and shown.

Arguments: the module's.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.telling import taken


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        name = str(variables["inventory_hostname"])
        return result | taken(name, ask(self, self._task.args, variables))
