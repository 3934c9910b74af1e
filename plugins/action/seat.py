# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a machine what it has, by the module of this name, and judge it.

Arguments: anew, whether to ask although it was asked in this run, since something was changed;
refuse, the parts for which the task fails where they cannot be worked on; prove, whether it fails
where anything is wrong, and still is when it is asked once more. Without these it never fails: one
that cannot be asked is judged, too.

It publishes (plugins/plugin_utils/published.py) labocloud_seat, the machine's facts in their
documented shape (plugins/modules/seat.py), None where it gave none; the verdict on each part
(plugins/plugin_utils/judge), named after the role that works on it; labocloud_lacks, the groups
that it belongs to from now on; and of the machine that builds labocloud_course, the digests of what
the course image is made from.
"""

from collections.abc import Mapping
from typing import cast

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import Answer
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import as_answer
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    MachineVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import errors
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Published
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction


def is_doubtful(previous: Published) -> bool:
    """Return whether a machine may be as it should be by now, and was not when it was asked.

    One that has just been switched on may still have been starting its services. Nothing has
    changed of one that was off, or is refused.
    """
    verdicts = previous.get("verdict", {})
    is_refused = any(verdict["refused"] for verdict in verdicts.values())
    return bool(previous.get("seat")) and not is_refused and bool(errors(verdicts))


def failure(name: str, verdicts: Mapping[str, Verdict], wrong: list[Finding]) -> dict[str, object]:
    """Return the result of a task that fails; wrong: the findings for which it does."""
    # Ansible does not look whether a machine was reached of which a task has failed.
    if wrong[0]["id"] == "unreachable":
        machine = cast("MachineVerdict", verdicts["machine"])
        return {"unreachable": True, "msg": machine["why"]}
    return {"failed": True, "msg": f"{name}: {in_words(wrong)}"}


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("anew", "refuse", "prove"))

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Ask the machine, where that was not done yet, and judge it."""
        arguments, is_check = self._task.args, self._task.check_mode
        refuse, prove = arguments.get("refuse") or [], boolean(arguments.get("prove", False))
        previous = machine.published
        is_unknown = not previous.get("seat") and "verdict" not in previous
        is_doubted = prove and not is_check and is_doubtful(previous)
        if is_unknown or is_doubted or boolean(arguments.get("anew", False)):
            must_be_reached = bool(refuse or prove)
            answer = self._answer(machine, must_be_reached=must_be_reached)
            result = machine.judge_answer(answer)
        else:
            result = machine.judge_again()
        verdicts = machine.published["verdict"]
        wrong = errors(verdicts) if prove else []
        if refuse:
            parts = dict.fromkeys(["machine", *refuse])
            wrong = [found for part in parts for found in verdicts[part]["refused"]]
        if wrong and not (prove and is_check):
            result |= failure(machine.name, verdicts, wrong)
        return result

    def _answer(self, machine: Machine, *, must_be_reached: bool) -> Answer:
        """Return the machine's answer. Raises the connection's error where it must be reached."""
        try:
            return machine.ask({})
        except AnsibleError as error:
            if must_be_reached and isinstance(error, AnsibleConnectionFailure):
                raise
            return as_answer(error)
