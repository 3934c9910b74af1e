"""Run an action on a sample seat, with a module whose answer is given by the test."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest import mock

from ansible_collections.labocloud.room.plugins.plugin_utils import seat_action
from sample_seat import BUILDER, NAME, Known, builder, sample_settings, seat, variables


class Action:
    """An action with its arguments.

    questions: the arguments of each call of its module. commands: what it has had run on the seat.
    """

    def __init__(
        self,
        plugin: ModuleType,
        answer: object,
        connection: object = None,
        *,
        check: bool = False,
        **arguments: object,
    ) -> None:
        task = mock.Mock(args=arguments, async_val=0, check_mode=check, delegate_to=None)
        task.environment = None
        self.connection: Any = connection or mock.Mock()
        # The file that calls the function by which a machine's settings are read.
        self.caller = plugin if hasattr(plugin, "settings_of") else seat_action
        self.action = plugin.ActionModule(task, self.connection, *(mock.Mock() for _ in range(4)))
        self.action._execute_module = self.execute
        self.action._remove_tmp_path = lambda _: None
        self.commands: list[str] = []
        self.action._low_level_execute_command = self.commands.append
        self.answer = answer
        self.questions: list[dict[str, Any]] = []

    def execute(self, module_args: dict[str, Any], **_: object) -> object:
        """Return the module's answer, or raise it, as a connection that fails does."""
        self.questions.append(module_args)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def run(
        self,
        name: str = NAME,
        facts: Mapping[str, Any] | None = None,
        hosts: Mapping[str, Any] | None = None,
        **others: object,
    ) -> dict[str, Any]:
        """Run the action on a seat, and return its result.

        name: the seat's. facts: what this run has of it, by default the sample's. hosts: the facts
        of machines beside the builder. others: settings that differ from the defaults.
        """
        facts_by_host = {BUILDER: builder(), **(hosts or {})}
        hostvars = Known({host: variables(values) for host, values in facts_by_host.items()})
        task_vars = {"inventory_hostname": name, "hostvars": hostvars}
        task_vars |= variables({"seat": seat()} if facts is None else facts)
        settings = sample_settings(name=name) | others
        with mock.patch.object(self.caller, "settings_of", return_value=settings):
            result: dict[str, Any] = self.action.run(task_vars=task_vars)
        return result
