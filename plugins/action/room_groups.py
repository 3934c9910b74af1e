# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the groups that machines belong to by what was judged: labocloud_groups, name to groups.

It asks nobody: the machines of the play have told what they have, and which one each is. One that
answers under several names is refused; labocloud_twins has the other names of each.
"""

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import REFUSED
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
        """Compare what the machines of this play have told, and collect what each lacks."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        told = {name: published(name, variables) for name in variables["ansible_play_hosts_all"]}
        seats = {name: seat for name, one in told.items() if (seat := one.get("seat"))}
        same = twins({name: seat["machine"] for name, seat in seats.items()})
        groups = {name: REFUSED if name in same else one.get("lacks") for name, one in told.items()}
        publish(self, {"twins": same, "groups": {name: of for name, of in groups.items() if of}})
        return result | {"changed": False}
