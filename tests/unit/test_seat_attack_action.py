"""How what came of attacks is taken, which a seat says, and judged."""

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.action import seat, seat_attack
from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_seat import NAME, Known, builder, variables, want
from sample_seat import seat as sample

TRIED = {"name": "shadow", "outcome": "withstood", "why": "denied"}
TOLD = {"account": "student", "why": "", "tried": [TRIED]}


def run(answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch, kind: str) -> dict[str, Any]:
    """Run the action on a seat whose facts this run has, and return its new facts."""
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    wanted = want(docker_engine_students=kind)
    monkeypatch.setattr(settings, "wanted", lambda *_, **__: wanted)
    action = seat_attack.ActionModule.__new__(seat_attack.ActionModule)
    given: list[dict[str, Any]] = []

    def execute(module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        assert task_vars
        given.append(module_args)
        return answer

    action._execute_module = execute
    action._loader = action._templar = None
    task = SimpleNamespace(args={"account": "student"}, check_mode=False, delegate_to=None)
    action._task = task
    facts = {"seat": sample(), "verdict": judge(sample(), want(), builder())}
    hostvars = Known({"pc01": variables(builder())})
    known = {"inventory_hostname": NAME, **variables(facts), "hostvars": hostvars}
    told = action.run(None, known)
    assert given == [{"account": "student", "image": "labocloud20202021:base"}]
    assert "failed" not in told
    result: dict[str, Any] = told[UNSHOWN]
    return result


def ids(facts: dict[str, Any]) -> list[str]:
    """Return the names of the findings on the students."""
    return [one["id"] for one in facts["verdict"]["students"]["findings"]]


def test_the_seat_is_judged_anew_with_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = run({"attacks": TOLD}, monkeypatch, "group")
    assert facts["attacks"] == TOLD
    assert not [one for one in ids(facts) if one.startswith("attack")]
    told = {**TOLD, "tried": [{**TRIED, "outcome": "succeeded"}]}
    assert "students_root" in ids(run({"attacks": told}, monkeypatch, "group"))


def test_the_proof_knows_of_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of a run are judged with again by whoever judges next."""
    facts = run({"attacks": TOLD | {"why": "away"}}, monkeypatch, "group")
    assert "attack_untried" in ids(facts)
    action = seat.ActionModule.__new__(seat.ActionModule)
    action._task = SimpleNamespace(args={}, check_mode=False, delegate_to=None)
    action._loader = action._templar = None
    hostvars = Known({"pc01": variables(builder())})
    known = {"inventory_hostname": NAME, **variables(facts), "hostvars": hostvars}
    assert "attack_untried" in ids(action.run(None, known)[UNSHOWN])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"failed": True, "msg": "no Python"}, "no Python"),
        ({}, "is not"),
        ({"attacks": []}, "it is not"),
        ({"attacks": {"account": "root", "why": ""}}, "it.tried lacks"),
        ({"attacks": {**TOLD, "tried": [TRIED, "x"]}}, "it.tried[1]"),
        ({"attacks": TOLD, "x": "x" * 3_000_000}, "bytes of itself"),
    ],
)
def test_what_cannot_be_understood_is_no_proof(
    answer: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = run(answer, monkeypatch, "group")
    assert "attack_untried" in ids(facts)
    assert why in facts["attacks"]["why"]
    assert facts["attacks"]["account"] == "student"


def test_a_seat_does_not_say_who_tried_and_moves_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {**TOLD, "account": "root", "tried": [{**TRIED, "why": "\x1b[2J"}]}
    facts = run({"attacks": told}, monkeypatch, "group")
    assert facts["attacks"]["account"] == "student"
    assert "\x1b" not in facts["attacks"]["tried"][0]["why"]
