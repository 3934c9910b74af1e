# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a machine by a module, and survive whatever it answers."""

from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import (
    Answer,
    NoConnection,
    shown,
)


def ask(
    action: ActionBase, arguments: dict[str, Any], variables: dict[str, Any] | None
) -> dict[str, Any]:
    """Return what the module of an action's name answers.

    Raises AnsibleError where it cannot be asked, and where Ansible itself cannot read the answer.
    """
    try:
        answer: dict[str, Any] = action._execute_module(module_args=arguments, task_vars=variables)
    except AnsibleError:
        raise
    # Ansible relies on types that no honest module changes, such as of stdout, and on some depth.
    except Exception as error:
        raise AnsibleError(f"its answer cannot be read: {error}") from error
    return answer


def as_answer(error: AnsibleError) -> Answer:
    """Return an error that ask() has raised as an answer, which the judge takes."""
    if isinstance(error, AnsibleConnectionFailure):
        return NoConnection(str(error))
    return {"failed": True, "msg": str(error)}


class ShowingAction(ActionBase):
    """An action that runs its module, and shows of the answer what answers.shown() takes."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module. Raises AnsibleError as ask() does."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        answer = ask(self, self._task.args, variables)
        return result | shown(str(variables["inventory_hostname"]), answer)
