# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have images given names by the module of this name, and judge what the machine has then.

Arguments: the module's; and what and fix, what to say that was not done where it fails, and what to
do: who calls it knows what for, and whose images these are. It publishes what the action C(seat)
does.
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable

WORDS = {"what": "the images get no names", "fix": "the same command again"}


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        (
            *("images", "names", "pull", "move", "forget", "bases", "served", "docker_socket"),
            *WORDS,
        )
    )

    def more(self) -> dict[str, Any]:
        """Give the module's arguments."""
        return {key: value for key, value in super().more().items() if key not in WORDS}

    def undone(self, answer: Mapping[str, Any], want: Mapping[str, Any]) -> str:
        """Say what was not done, why, and what to do."""
        what, fix = ({**WORDS, **self._task.args}[key] for key in WORDS)
        return f"{want['name']}: {what}: {printable(str(answer.get('msg')))} Fix: {fix}."
