# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Try, as a student, to get at a machine by the module of this name, and judge what came of it.

Argument: account, the student's name. The image is the room's base. It publishes what the action
C(seat) does, whose answer of this run is judged anew, and what came of the attacks, by which the
seat is judged from then on.
"""

from collections.abc import Mapping

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted, nothing
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import silence
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import ATTACKS


def shaped(answer: Mapping[str, object], name: str, account: str) -> Attacks:
    """Return what came of the attacks, in the shape ATTACKS.

    answer: the module's, which may be any: where it has another shape, it is no proof, and why
    nothing could be tried says so. name: the machine's.
    """
    shape, wrong = dict(ATTACKS), list[str]()
    attacks: Attacks = nothing(shape)
    if found := silence(name, answer):
        wrong.append(str(found["cause"]["en"]))
    else:
        attacks = cleaned(fitted(answer.get("attacks"), shape, "it", wrong))
    return {**attacks, "account": account, "why": wrong[0] if wrong else attacks["why"]}


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(("account",))

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Have the attacks tried, and judge the machine by what came of them."""
        account = str(self._task.args.get("account"))
        image = machine.settings["course_image_base_tag"]
        answer = ask(self, {"account": account, "image": image}, machine.variables)
        attacks = shaped(answer, machine.name, account)
        return machine.judge_again(attacks)
