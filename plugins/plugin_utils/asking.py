# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a machine by a module, and survive whatever it answers."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import (
    Answer,
    NoConnection,
    shown,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables


def ask(
    action: ActionBase, arguments: Mapping[str, object], variables: Variables
) -> Mapping[str, object]:
    """Return what the module of an action's name answers.

    Raises AnsibleError where it cannot be asked, and where Ansible itself cannot read the answer.
    """
    try:
        answer: Mapping[str, object] = action._execute_module(
            module_args=arguments, task_vars=variables
        )
    except AnsibleError:
        raise
    # Ansible relies on types that no honest module changes, such as of stdout, and on some depth.
    except Exception as error:
        raise AnsibleError(f"its answer cannot be read: {error}") from error
    finally:
        # Where there is no connection, why the module could not be run says more.
        with suppress(AnsibleConnectionFailure):
            action._remove_tmp_path(action._connection._shell.tmpdir)
    return answer


def as_answer(error: AnsibleError) -> Answer:
    """Return an error that ask() has raised as an answer, which the judge takes."""
    if isinstance(error, AnsibleConnectionFailure):
        return NoConnection(str(error))
    return {"failed": True, "msg": str(error)}


class Action(ActionBase):
    """The base of the actions: Ansible runs one by run(), and each one writes perform()."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Check the names of the task's arguments, and perform the action."""
        super().run(tmp, task_vars)
        return self.perform(cast("Variables", task_vars or {}))

    def perform(self, variables: Variables) -> dict[str, object]:
        """Do what the action is for, and return the task's result. Raises AnsibleError."""
        raise NotImplementedError


class ShowingAction(Action):
    """An action that runs its module, and shows of the answer what answers.shown() takes."""

    def perform(self, variables: Variables) -> dict[str, object]:
        """Run the module. Raises AnsibleError as ask() does."""
        answer = ask(self, self._task.args, variables)
        return shown(str(variables["inventory_hostname"]), answer)
