"""Show how the action that asks and judges a seat ends its task."""

import time
from typing import Any

import pytest
from ansible.plugins.action import VariableLayer
from ansible.vars.clean import strip_internal_keys
from ansible_collections.labocloud.room.plugins.action import seat, seat_state
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge, silent, unanswered
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_action import Action
from sample_seat import NAME, builder, sample_settings, variables
from sample_seat import seat as sample

# The actions that have run, the last one last.
RAN: list[Any] = []


def run(
    facts: dict[str, Any],
    *,
    check: bool = False,
    answers: list[dict[str, Any]] | None = None,
    **arguments: object,
) -> dict[str, Any]:
    """Run the action on a seat that was asked in this run.

    answers: what it says when it is asked again, taken from the list; the same as before, if none.
    """
    asking = Action(seat, None, check=check, **arguments)
    RAN.append(asking.action)
    answers_left = answers if answers is not None else [facts["seat"]] * 9
    asking.action._execute_module = lambda **_: {"seat": answers_left.pop()}
    return asking.run(facts=facts)


LACKING = ("containers", {}), ("listeners", []), ("page", None)


def judged(*changes: tuple[str, object]) -> dict[str, Any]:
    """Return the facts and the verdict of a seat that was changed at some paths."""
    has = sample(*changes)
    return {"seat": has, "verdict": judge(has, sample_settings(), builder())}


def off() -> dict[str, Any]:
    """Return the facts of a seat that was off when it was asked."""
    why = "no route to host"
    return {"seat": None, "verdict": silent(unanswered(NAME, why), why)}


@pytest.mark.parametrize("arguments", [{"prove": True}, {"refuse": ["engine"]}])
def test_a_seat_that_is_off_is_unreachable_as_ansible_counts_it(arguments: dict[str, Any]) -> None:
    """Ansible would not look further at a result that has failed."""
    result = run(off(), **arguments)
    assert result["unreachable"] is True
    assert result["msg"] == "no route to host."
    assert not result.get("failed")


def test_how_long_an_answer_took_is_not_taken_for_a_clock_that_is_off() -> None:
    """The time of a module before its answer does not count either."""
    late = sample(("clock/control", time.time() - 300), ("clock/ahead", 299.0))
    result = run({"seat": late, "verdict": {}}, anew=True)
    assert result[UNSHOWN]["seat"]["clock"]["ahead"] == 0
    assert [finding["id"] for finding in result[UNSHOWN]["verdict"]["machine"]["findings"]] == []


def test_what_is_refused_is_told_once() -> None:
    facts = {"seat": sample(("root", False))}
    message = run(facts, refuse=["machine"], anew=True)["msg"]
    assert message.count("it was not asked as root") == 1


def test_of_an_answer_the_result_has_what_the_module_documents_and_no_more() -> None:
    answer = {"changed": True, "seat": sample(), "revision": "other", "stays": ["work"]}
    result = Action(seat_state, answer).run(facts=off())
    assert strip_internal_keys(dict(result)).keys() == {"changed"}


def test_to_ask_never_fails() -> None:
    result = run(off())
    assert not result.get("failed")
    assert not result.get("unreachable")
    assert result[UNSHOWN]["lacks"] == ["refused", "unproven"]


def test_what_the_callbacks_are_told_is_published_and_no_facts_are() -> None:
    has = sample()
    result = run({"seat": has, "verdict": judge(has, sample_settings(), builder())})
    assert RAN[-1].registered == {
        VariableLayer.CACHEABLE_FACT: {},
        VariableLayer.EPHEMERAL_FACT: variables(result[UNSHOWN]),
    }
    assert result[UNSHOWN]["seat"] == has
    assert strip_internal_keys(dict(result)).keys() == {"changed"}


def test_what_was_wrong_is_asked_again_before_the_proof_fails() -> None:
    """A service may just have been starting, as after a machine was switched on."""
    facts = judged(*LACKING)
    result = run(facts, prove=True, answers=[sample()])
    assert not result.get("failed")
    assert result[UNSHOWN]["seat"]["containers"] == sample()["containers"]


@pytest.mark.parametrize("changes", [[], [("root", False)], [("root", False), ("containers", {})]])
def test_nothing_is_asked_again_of_a_seat_that_is_right_or_refused(changes: list[Any]) -> None:
    assert run(judged(*changes), prove=True, answers=[]).get("failed", False) is bool(changes)
    # The same holds before the proof, and in a check.
    facts = judged(*LACKING)
    assert run(facts, answers=[])[UNSHOWN]["seat"] == facts["seat"]
    assert run(facts, prove=True, check=True, answers=[])[UNSHOWN]["seat"] == facts["seat"]


def test_what_is_wrong_fails_the_proof_but_in_a_check() -> None:
    facts = judged(*LACKING)
    result = run(facts, prove=True)
    assert result["failed"] is True
    assert result["msg"].startswith(f"{NAME}: the container flask is missing.")
    assert "unreachable" not in result
    # A person would have to read hundreds of lines of them; the callback needs them.
    assert strip_internal_keys(dict(result)).keys() == {"changed", "failed", "msg"}
    assert result[UNSHOWN]["verdict"] == facts["verdict"]
    assert "failed" not in run(facts, prove=True, check=True)
    assert "failed" not in run(facts, refuse=["container"])
