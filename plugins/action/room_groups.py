# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the groups that machines belong to by what was judged: labocloud_groups, name to groups.

It asks nobody: the machines of the play have been asked what they have, and which one each is. One
that answers under several names is refused; labocloud_twins has the other names of each.
"""

from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import REFUSED
from ansible_collections.labocloud.room.plugins.plugin_utils.published import (
    Variables,
    publish,
    published,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.report import twins


class ActionModule(Action):
    """The action, as Ansible looks for it."""

    _requires_connection = False
    _VALID_ARGS: frozenset[str] = frozenset()

    def perform(self, variables: Variables) -> dict[str, object]:
        """Compare the answers of the machines of this play, and publish the groups of each."""
        answers = {name: published(name, variables) for name in variables["ansible_play_hosts_all"]}
        seats = {name: seat for name, answer in answers.items() if (seat := answer.get("seat"))}
        other_names = twins({name: seat["machine"] for name, seat in seats.items()})
        groups = {
            name: belongs_to
            for name, answer in answers.items()
            if (belongs_to := REFUSED if name in other_names else answer.get("lacks"))
        }
        publish(self, {"twins": other_names, "groups": groups})
        return {"changed": False}
