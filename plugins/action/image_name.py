# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have images given names by the module of this name, and judge what the machine has then.

Arguments: the module's. Facts: those of the action C(seat). Why it has failed is the module's own
words: who calls it knows what for, and whose images these are.
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        ("images", "names", "pull", "move", "forget", "bases", "served", "docker_socket")
    )

    def words(self, answer: Mapping[str, Any], _want: Mapping[str, Any]) -> str:
        """Give the module's own words."""
        return printable(str(answer.get("msg")))
