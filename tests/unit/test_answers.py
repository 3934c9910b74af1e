"""Test how much of a module's answer is shown, and the message on an answer that is refused."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.action import seat_restore, seat_save, seat_students
from ansible_collections.labocloud.room.plugins.module_utils import limits
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import refusal, shown
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import silence
from sample_action import Action

NAME = "pc07"


def test_of_many_lines_the_first_are_told_and_how_many_more_there_are() -> None:
    assert limits.few(["a", "b"]) == ["a", "b"]
    lines = limits.few(["x" * 10_000] * 5000)
    assert len(lines) == limits.MOST_LINES + 1
    assert {len(line) for line in lines[:-1]} == {limits.LONGEST_LINE}
    assert lines[-1] == "and 4,800 more"


@pytest.mark.parametrize("action", [seat_students, seat_save, seat_restore])
def test_of_an_answer_no_more_is_taken_than_is_shown(action: object) -> None:
    """Show that answers are limited, as root of a seat decides what a module answers there."""
    lines = ["red \x1b[31m", *["x"] * 20_000]
    acting = Action(action, {"told": lines, "left": lines, "things": {"a": 1}, "msg": "x" * 10**6})
    result = acting.run(NAME)
    assert len(result["told"]) == len(result["left"]) == limits.MOST_LINES + 1
    assert "\x1b" not in result["told"][0]
    assert len(result["msg"]) <= 10_000
    assert result["things"] == {"a": 1}
    result = Action(action, {"things": "x" * 3_000_000, "left": [], "changed": True}).run(NAME)
    assert result["failed"]
    assert result["msg"].startswith(f"{NAME} tells 30000")
    assert "things" not in result


DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]
OLD = "Ansible requires Python 3.9 or newer on the target. Current version: 3.6.8"
REFUSED = [
    (
        {"seat": DEEP},
        f"{NAME} tells what is nested deeper than anything that a seat has. Fix: look at who is"
        " root there, and at its Python; no seat says that by itself.",
    ),
    (
        {"failed": True, "msg": OLD},
        f"{NAME} has Python 3.6.8, and Ansible needs 3.9 or newer there. Fix: install a newer one,"
        " and name its path as ansible_python_interpreter.",
    ),
    (
        {"failed": True, "msg": "", "module_stderr": "future feature annotations is not defined"},
        f"{NAME} has Python older than 3.7, and Ansible needs 3.9 or newer there. Fix: install a"
        " newer one, and name its path as ansible_python_interpreter.",
    ),
    (
        {"seat": "x" * 3_000_000},
        f"{NAME} tells 3000012 bytes of itself, and at most 2000000 are taken. Fix: remove"
        " containers, images or labels there that are not needed.",
    ),
]


@pytest.mark.parametrize(("answer", "words"), REFUSED, ids=["deep", "old", "older", "large"])
def test_a_refusal_is_said_alike_as_result_and_finding(answer: dict[str, Any], words: str) -> None:
    assert str(refusal(NAME, answer)) == words
    assert shown(NAME, answer) == {"failed": True, "msg": words}
    finding = silence(NAME, answer)
    assert finding is not None
    assert finding["id"] == "answer_refused"
    assert (
        f"{finding['cause']['en']} Fix: {finding['advice']['en']}" == words.rstrip(".") + "; then"
    )
