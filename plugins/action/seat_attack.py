# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Try, as a student, to get at a machine by the module of this name, and judge what came of it.

Argument: account, whose name it is. The image is the room's base. It publishes what the action
seat does, whose answer of this run is judged anew, and what came of the attacks, by which the seat
is judged from then on.
"""

from typing import Any

from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted, nothing
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import silence
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned
from ansible_collections.labocloud.room.plugins.plugin_utils.published import VARIABLES
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import ATTACKS


def shaped(answer: dict[str, Any], name: str, account: str) -> dict[str, Any]:
    """Give what came of the attacks by a module's answer, which may be any. name: of the machine.

    What is not in their shape is no proof: that nothing could be tried is told then.
    """
    shape, wrong = dict(ATTACKS), list[str]()
    told: dict[str, Any] = nothing(shape)
    if found := silence(name, answer):
        wrong.append(str(found["cause"]["en"]))
    else:
        told = cleaned(fitted(answer.get("attacks"), shape, "it", wrong))
    return {**told, "account": account} | ({"why": wrong[0]} if wrong else {})


class ActionModule(seat.ActionModule):
    """The action, as Ansible looks for it."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(("account",))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have it tried, and judge the machine with what came of it."""
        variables = task_vars or {}
        name, account = str(variables["inventory_hostname"]), str(self._task.args.get("account"))
        attacks = self.attacks(name, account, variables)
        return super().run(tmp, {**variables, VARIABLES["attacks"]: attacks})

    def attacks(self, name: str, account: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Have the attacks tried, and give what came of them."""
        image = self.want(name, variables)["course_image_base_tag"]
        answer = ask(self, {"account": account, "image": image}, variables)
        return shaped(answer, name, account)
