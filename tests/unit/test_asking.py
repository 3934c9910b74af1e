"""Test that any answer of a machine becomes a result or an error."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible._internal._errors._task_timeout import TaskTimeoutError
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import NoConnection
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, as_answer, ask

ACTIONS = Path(__file__).parents[2] / "plugins/action"


@pytest.mark.parametrize("name", sorted(path.stem for path in ACTIONS.glob("*.py")))
def test_every_action_is_run_by_the_one_base(name: str) -> None:
    plugin = import_module(f"ansible_collections.labocloud.room.plugins.action.{name}")
    assert issubclass(plugin.ActionModule, Action)
    assert "run" not in vars(plugin.ActionModule)


def result_of(answer: object) -> dict[str, Any]:
    """Return what comes of an answer, or of an error in its place."""

    def execute(module_args: dict[str, Any], task_vars: object) -> object:
        assert (module_args, task_vars) == ({"x": 1}, {"y": 2})
        if isinstance(answer, BaseException):
            raise answer
        return answer

    removed: list[object] = []
    action = SimpleNamespace(
        _execute_module=execute,
        _remove_tmp_path=removed.append,
        _connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="there")),
    )
    try:
        return ask(action, {"x": 1}, {"y": 2})
    finally:
        assert removed == ["there"]


def test_an_answer_and_an_error_of_the_connection_are_given_as_they_are() -> None:
    assert result_of({"failed": True}) == {"failed": True}
    with pytest.raises(AnsibleConnectionFailure, match="off"):
        result_of(AnsibleConnectionFailure("off"))
    with pytest.raises(TaskTimeoutError):
        result_of(TaskTimeoutError("late"))


def test_why_a_machine_was_lost_is_said_where_it_cannot_be_tidied_either() -> None:
    def fail(error: str) -> object:
        raise AnsibleConnectionFailure(error)

    action = SimpleNamespace(
        _execute_module=lambda **_: fail("it broke off"),
        _remove_tmp_path=lambda _: fail("there is nobody"),
        _connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="there")),
    )
    with pytest.raises(AnsibleConnectionFailure, match="it broke off"):
        ask(action, {}, {})


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'int' object has no attribute 'splitlines'"),
        RecursionError("maximum recursion depth exceeded"),
        TypeError("Object of type 'Nope' is not JSON deserializable"),
    ],
)
def test_an_answer_over_which_ansible_falls_is_an_error_like_any_other(error: Exception) -> None:
    with pytest.raises(AnsibleError, match="its answer cannot be read: "):
        result_of(error)


def test_only_an_error_of_the_connection_says_that_there_was_none() -> None:
    """Show that no module's answer, which is a mapping, can be taken for a lost connection."""
    assert as_answer(AnsibleConnectionFailure("off")) == NoConnection("off")
    assert as_answer(AnsibleError("no room")) == {"failed": True, "msg": "no room"}
