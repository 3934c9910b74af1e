# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have images given names by the module of this name, and judge what the machine has then.

Arguments: the module's; and what and fix, what to say that was not done where it fails, and what to
do: who calls it knows what for, and whose images these are. It publishes what the action C(seat)
does.
"""

from collections.abc import Mapping

from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction

WORDS = {"what": "the images get no names", "fix": "the same command again"}


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        (*("images", "names", "pull", "move", "forget", "bases", "served", "docker_socket"), *WORDS)
    )

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Have the names given, and judge the machine."""
        arguments = {key: value for key, value in self._task.args.items() if key not in WORDS}
        what, fix = ({**WORDS, **self._task.args}[key] for key in WORDS)

        def explain(failure: Mapping[str, object]) -> str:
            why = printable(str(failure.get("msg"))).rstrip(".")
            return str(Refusal(f"{machine.name}: {what}: {why}", f"{fix}."))

        return machine.change(arguments, explain)
