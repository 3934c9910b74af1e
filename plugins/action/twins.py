# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the machines that answer under several names: labocloud_twins, name to the others.

It asks nobody: the machines of the play have told which one each is.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.published import publish, published
from ansible_collections.labocloud.room.plugins.plugin_utils.report import twins


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True
    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Compare what the machines of this play have told."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        told = {
            name: published(name, variables).get("seat")
            for name in variables["ansible_play_hosts_all"]
        }
        machines = {name: seat["machine"] for name, seat in told.items() if seat}
        publish(self, {"twins": twins(machines)})
        return result | {"changed": False}
