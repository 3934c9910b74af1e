"""The judge as a whole: it never falls, and says who is to be worked on."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import NoConnection
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import network
from sample_seat import BUILDER, builder, seat, want


def verdicts(*changes: tuple[str, object], **settings: object) -> dict[str, Any]:
    return judge.judge(seat(*changes), want(**settings), builder())


def test_a_seat_that_is_as_it_should_be_is_in_no_group() -> None:
    made = verdicts()
    assert {part: one["settled"] for part, one in made.items()} == dict.fromkeys(made, True)
    assert judge.findings(made) == []
    assert judge.groups(made) == []


def test_a_warning_alone_is_no_work() -> None:
    made = verdicts(("docker/free_mb", 1))
    assert judge.groups(made) == []
    assert judge.errors(made) == []


def test_a_seat_that_must_not_be_worked_on_is_refused_and_nothing_else() -> None:
    assert judge.groups(verdicts(("root", False))) == ["refused", "unproven"]


def test_what_is_refused_is_told_first_and_not_what_has_to_wait_for_it() -> None:
    bare = ("docker/running", False), ("packages", {}), ("images", {}), ("containers", {})
    made = verdicts(("arch", "riscv64"), *bare)
    assert not made["engine"]["settled"]
    assert [one["id"] for one in made["engine"]["findings"]] == ["engine_missing"]
    told = [one["id"] for one in judge.findings(made)]
    assert told[0] == "image_arch"
    assert "engine_missing" not in told
    # What a person has to see to is told all the same.
    made["network"]["findings"].append({"id": "x", "severity": "error", "advice": {"en": "do"}})
    assert "x" in [one["id"] for one in judge.findings(made)]


def test_what_two_parts_are_refused_for_is_told_once() -> None:
    has = seat(("arch", "riscv64"), ("images", {}))
    made = judge.judge(has, want(name=BUILDER), builder(("arch", "riscv64"), ("images", {})))
    assert [part for part in made if made[part]["refused"]] == ["build", "images"]
    assert [one["id"] for one in judge.findings(made)].count("image_arch") == 1


def test_what_a_role_is_to_do_is_named() -> None:
    made = verdicts(("containers", {}), ("listeners", []), ("page", None))
    assert judge.groups(made) == ["lacks_container", "unproven"]


def test_whose_engine_is_restarted_may_lose_what_ran_on_it() -> None:
    made = verdicts(docker_engine_daemon_options={"debug": True})
    assert made["images"]["settled"]
    assert made["container"]["settled"]
    assert judge.groups(made) == ["lacks_engine", "lacks_images", "lacks_container", "unproven"]


def test_a_rule_that_falls_is_a_finding_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object) -> None:
        raise KeyError("x\x1b[2J" + "y" * 1000)

    monkeypatch.setitem(judge.PARTS, "network", fall)
    made = verdicts()
    [found] = judge.errors(made)
    assert found["id"] == "unintelligible"
    assert "network" in found["cause"]["en"]
    assert len(found["cause"]["en"]) < 400
    assert "\x1b" not in found["cause"]["en"]
    assert made["machine"]["settled"]
    assert network.judge is not fall


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (NoConnection("ssh: connect to host x: Connection timed out"), "unreachable"),
        (NoConnection("Timeout (32s) waiting for privilege escalation prompt: sudo: "), "late"),
        (
            NoConnection(
                "Failed to connect to the host via ssh: Connection timed out during banner exchange"
            ),
            "late",
        ),
        ({"failed": True, "msg": "no sudo"}, "not_asked"),
        ({"failed": True, "msg": "sudo: no tty present and no askpass program"}, "not_asked"),
        ({"failed": True, "msg": "pretty: not found"}, "not_asked"),
        (
            {
                "failed": True,
                "msg": "no JSON",
                "module_stderr": "sudo: désolé, vous devez avoir un terminal (tty) pour sudo\r\n",
            },
            "sudo_tty",
        ),
    ],
)
def test_a_machine_that_says_nothing_is_judged_by_why(answer: object, name: str) -> None:
    found = judge.silence("pc01", answer)
    assert found["id"] == name
    made = judge.silent(found)
    assert judge.groups(made) == ["refused", "unproven"]
    assert [one["id"] for one in judge.errors(made)] == [name]


def test_of_a_machine_that_is_away_the_connections_own_words_are_kept() -> None:
    """What had failed is found out by the finding, and told by these."""
    found = judge.unanswered("pc01", "ssh: \x1b[2J no: route")
    assert judge.silent(found, "ssh: \x1b[2J no: route")["machine"]["why"] == "ssh: [2J no: route."
    assert judge.silent(found)["machine"]["why"] == ""


def test_why_an_answer_is_not_taken_is_told_with_its_fix() -> None:
    found = judge.silence("pc01", {"seat": "x" * 3_000_000})
    assert found["id"] == "answer_refused"
    assert "bytes of itself, and at most 2000000 are taken" in found["cause"]["en"]
    assert found["advice"]["en"].startswith("remove containers, images or labels")


def test_where_sudo_answers_in_place_of_the_module_it_is_sudo_that_is_told() -> None:
    said = {"failed": True, "msg": "Module result deserialization failed: No start of json char"}
    found = judge.silence("pc01", {**said, "module_stderr": "sudo: a password is required\n"})
    assert found["cause"]["en"] == "it cannot be asked: sudo: a password is required."
    # Where nothing else is said, that is better than nothing.
    assert "deserialization" in judge.silence("pc01", said)["cause"]["en"]


def test_a_machine_that_has_answered_is_not_silent() -> None:
    assert judge.silence("pc01", {"changed": False, "seat": {}}) is None
