# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the groups that machines belong to by what was judged: labocloud_groups, name to groups.

It asks nobody: the machines of the play have answered what they have, and which machine each is.
One that answers under several names is refused; labocloud_twins has the other names of each.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import REFUSED
from ansible_collections.labocloud.room.plugins.plugin_utils.published import publish, published
from ansible_collections.labocloud.room.plugins.plugin_utils.report import twins


class ActionModule(ActionBase):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = True
    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Compare the answers of the machines of this play, and collect what each lacks."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        machines = {
            name: published(name, variables) for name in variables["ansible_play_hosts_all"]
        }
        same = twins(
            {
                name: facts["machine"]
                for name, values in machines.items()
                if (facts := values.get("seat"))
            }
        )
        lacks = {name: values.get("lacks", []) for name, values in machines.items()}
        groups = {name: REFUSED if name in same else lacks[name] for name in machines}
        publish(
            self,
            {"twins": same, "groups": {name: names for name, names in groups.items() if names}},
        )
        return result | {"changed": False}
