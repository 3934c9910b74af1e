# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a seat by the module of this name, and let nothing in that a terminal would trip over.

Whoever is root on a seat decides what it answers, so it is made printable here, on the control
machine, and refused where it is larger than any seat's.
"""

import json
import os
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned

# Bytes. The name is that of files and directories too, with something before or behind it.
LONGEST_NAME = 200
# A seat with thousands of packages and hundreds of images tells less than half of it.
LARGEST_ANSWER = 2_000_000


def checked(seat: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Give a module's answer, printable; a failed one in its place where it is too large."""
    size = len(json.dumps(answer.get("ansible_facts", {})))
    if size > LARGEST_ANSWER:
        told = f"{seat} tells {size} bytes of itself, and at most {LARGEST_ANSWER} are taken"
        return {
            "failed": True,
            "msg": f"{told}. Fix: remove containers, images or labels there that are not needed.",
        }
    taken: dict[str, Any] = cleaned(answer)
    return taken


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
