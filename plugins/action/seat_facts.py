# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a seat by the module of this name, and let nothing in that a terminal would trip over.

Whoever is root on a seat decides what it answers, so it is made printable here, on the control
machine, and refused where it is larger than any seat's.
"""

import os
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned
from ansible_collections.labocloud.room.plugins.plugin_utils.shape import refusal, shaped

# Bytes. The name is that of files and directories too, with something before or behind it.
LONGEST_NAME = 200


def checked(seat: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Give a module's answer, printable, its facts in their shape; a failed one where it cannot be.

    Of a seat that tells what is not understood, something may be there that it does not tell: to
    write down now what was there before would be to take that for the toolkit's.
    """
    if why := refusal(seat, answer):
        return {"failed": True, "msg": why}
    taken: dict[str, Any] = cleaned(
        {key: value for key, value in answer.items() if key != "ansible_facts"}
    )
    if taken.get("failed") or taken.get("unreachable"):
        return taken
    facts = shaped(answer)
    if facts["odd"]:
        fix = "Fix: mend or move away on the seat what this names"
        return {"failed": True, "msg": f"{seat}: {'; '.join(facts['odd'])}. {fix}."}
    return {**taken, "ansible_facts": {"seat": facts}}


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module, as Ansible does where a module has no action of its own."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        seat = self._task.delegate_to or (task_vars or {})["inventory_hostname"]
        if len(os.fsencode(seat)) > LONGEST_NAME:
            told = f"{seat[:20]}… is a name of {len(seat)} characters, too long for a file's"
            fix = (
                "Fix: give the seat a shorter one in the inventory, and its address as ansible_host"
            )
            return result | {"failed": True, "msg": f"{told}. {fix}."}
        result = merge_hash(result, checked(seat, self._execute_module(task_vars=task_vars)))
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
