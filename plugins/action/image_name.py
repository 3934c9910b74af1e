# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have images given names by the module of this name, and judge what the machine has then.

Arguments: the module's; and what and fix, what to say that was not done where it fails, and what to
do: who calls it knows what for, and whose images these are. It publishes what the action C(seat)
does.
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine

WORDS = {"what": "the images get no names", "fix": "the same command again"}


class ActionModule(ActionBase):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        (
            *("images", "names", "pull", "move", "forget", "bases", "served", "docker_socket"),
            *WORDS,
        )
    )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have the names given, and judge the machine."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        machine = Machine(self, task_vars)
        arguments = {key: value for key, value in self._task.args.items() if key not in WORDS}
        what, fix = ({**WORDS, **self._task.args}[key] for key in WORDS)

        def explain(failure: Mapping[str, Any]) -> str:
            why = printable(str(failure.get("msg"))).rstrip(".")
            return str(Refusal(f"{machine.name}: {what}: {why}", f"{fix}."))

        return result | machine.change(arguments, explain=explain)
