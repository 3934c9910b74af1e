# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine remember something, by the module of this name, and judge what it has then.

Arguments and facts: the module's, and those of the action C(seat), which needs not be called after
this one. Unlike that, it fails where the machine cannot be asked, or cannot write it down.
"""

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.action import seat


class ActionModule(seat.ActionModule):
    """The action, as Ansible looks for it."""

    _VALID_ARGS = frozenset(
        ("before", "roots", "coming", "came", "users", "served", "give_back", "forget")
    )

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have it written down, and judge the answer."""
        self._changed = False
        result = super().run(tmp, task_vars)
        return result | {"changed": self._changed}

    def asks_anew(self) -> bool:
        """Tell that the machine is asked: it is to write something down."""
        return True

    def more(self) -> dict[str, Any]:
        """Give what it is to write down."""
        return dict(self._task.args)

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Give the module's answer. Raises the connection's error, or one with the module's."""
        answer = super().asked(name, want, variables)
        if isinstance(answer, AnsibleError):
            raise answer
        if answer.get("failed"):
            raise AnsibleActionFail(f"{name}: {answer.get('msg', '')}", result=answer)
        self._changed = bool(answer.get("changed"))
        return answer
