"""Show how the results of attacks, which a seat reports, are cleaned and judged."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.action import seat, seat_attack
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_action import Action
from sample_seat import builder, sample_settings
from sample_seat import seat as sample

TRIED = {"name": "shadow", "outcome": "withstood", "why": "denied"}
TOLD = {"account": "student", "why": "", "tried": [TRIED]}


def run(answer: dict[str, Any], kind: str = "group") -> dict[str, Any]:
    """Run the action on a seat whose facts this run has, and return its new facts."""
    attacking = Action(seat_attack, answer, account="student")
    facts = {"seat": sample(), "verdict": judge(sample(), sample_settings(), builder())}
    output = attacking.run(facts=facts, docker_engine_students=kind)
    assert attacking.questions == [{"account": "student", "image": "labocloud20202021:base"}]
    assert "failed" not in output
    result: dict[str, Any] = output[UNSHOWN]
    return result


def ids(facts: dict[str, Any]) -> list[str]:
    """Return the names of the findings on the students."""
    return [finding["id"] for finding in facts["verdict"]["students"]["findings"]]


def test_the_seat_is_judged_anew_with_what_came_of_it() -> None:
    facts = run({"attacks": TOLD})
    assert facts["attacks"] == TOLD
    assert not [name for name in ids(facts) if name.startswith("attack")]
    attacks = {**TOLD, "tried": [{**TRIED, "outcome": "succeeded"}]}
    assert "students_root" in ids(run({"attacks": attacks}))


def test_the_proof_knows_of_it_too() -> None:
    """The next judgement uses the facts of this run again."""
    facts = run({"attacks": TOLD | {"why": "away"}})
    assert "attack_untried" in ids(facts)
    assert "attack_untried" in ids(Action(seat, None).run(facts=facts)[UNSHOWN])


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
def test_what_cannot_be_understood_is_no_proof(answer: dict[str, Any], why: str) -> None:
    facts = run(answer)
    assert "attack_untried" in ids(facts)
    assert why in facts["attacks"]["why"]
    assert facts["attacks"]["account"] == "student"


def test_a_seat_does_not_say_who_tried_and_moves_no_cursor() -> None:
    attacks = {**TOLD, "account": "root", "tried": [{**TRIED, "why": "\x1b[2J"}]}
    facts = run({"attacks": attacks})
    assert facts["attacks"]["account"] == "student"
    assert "\x1b" not in facts["attacks"]["tried"][0]["why"]
