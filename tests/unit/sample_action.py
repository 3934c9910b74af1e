"""Run an action on a sample seat, with a module whose answer is given by the test."""

from types import ModuleType
from typing import Any
from unittest import mock

from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from sample_seat import NAME, Known, builder, seat, variables, want


class Action:
    """An action with its arguments. questions: the arguments of each call of its module."""

    def __init__(self, plugin: ModuleType, answer: object, **arguments: object) -> None:
        task = mock.Mock(args=arguments, async_val=0, check_mode=False, delegate_to=None)
        self.action = plugin.ActionModule(task, *(mock.Mock() for _ in range(5)))
        self.action._execute_module = self.execute
        self.action._remove_tmp_path = lambda _: None
        self.answer = answer
        self.questions: list[dict[str, Any]] = []

    def execute(self, module_args: dict[str, Any], **_: object) -> object:
        """Return the module's answer, or raise it, as a connection that fails does."""
        self.questions.append(module_args)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def run(self, name: str = NAME, **others: object) -> dict[str, Any]:
        """Run the action on a seat whose facts this run has, and return its result.

        name: the seat's. others: settings that differ from the defaults.
        """
        hostvars = Known({"pc01": variables(builder())})
        task_vars = {"inventory_hostname": name, "hostvars": hostvars}
        task_vars |= variables({"seat": seat()})
        with mock.patch.object(settings, "wanted", return_value=want(name=name) | others):
            result: dict[str, Any] = self.action.run(task_vars=task_vars)
        return result
