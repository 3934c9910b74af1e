"""Test the judge as a whole: it never fails, and names the seats that need work."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import NoConnection
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import network
from sample_seat import BUILDER, builder, sample_settings, seat


def judge_seat(*changes: tuple[str, object], **settings: object) -> dict[str, Any]:
    return judge.judge(seat(*changes), sample_settings(**settings), builder())


def test_a_seat_that_is_as_it_should_be_is_in_no_group() -> None:
    verdicts = judge_seat()
    assert {part: verdict["settled"] for part, verdict in verdicts.items()} == dict.fromkeys(
        verdicts, True
    )
    assert judge.findings(verdicts) == []
    assert judge.groups(verdicts) == []


def test_a_warning_alone_is_no_work() -> None:
    verdicts = judge_seat(("docker/free_mb", 1))
    assert judge.groups(verdicts) == []
    assert judge.errors(verdicts) == []


def test_a_seat_that_must_not_be_worked_on_is_refused_and_nothing_else() -> None:
    assert judge.groups(judge_seat(("root", False))) == ["refused", "unproven"]


def test_what_is_refused_is_told_first_and_not_what_has_to_wait_for_it() -> None:
    bare = ("docker/running", False), ("packages", {}), ("images", {}), ("containers", {})
    verdicts = judge_seat(("arch", "riscv64"), *bare)
    assert not verdicts["engine"]["settled"]
    assert [finding["id"] for finding in verdicts["engine"]["findings"]] == ["engine_missing"]
    names = [finding["id"] for finding in judge.findings(verdicts)]
    assert names[0] == "image_arch"
    assert "engine_missing" not in names
    # What a person has to see to is told all the same.
    verdicts["network"]["findings"].append({"id": "x", "severity": "error", "advice": {"en": "do"}})
    assert "x" in [finding["id"] for finding in judge.findings(verdicts)]


def test_what_two_parts_are_refused_for_is_told_once() -> None:
    has = seat(("arch", "riscv64"), ("images", {}))
    verdicts = judge.judge(
        has, sample_settings(name=BUILDER), builder(("arch", "riscv64"), ("images", {}))
    )
    assert [part for part in verdicts if verdicts[part]["refused"]] == ["build", "images"]
    assert [finding["id"] for finding in judge.findings(verdicts)].count("image_arch") == 1


def test_what_a_role_is_to_do_is_named() -> None:
    verdicts = judge_seat(("containers", {}), ("listeners", []), ("page", None))
    assert judge.groups(verdicts) == ["lacks_container", "unproven"]


def test_whose_engine_is_restarted_may_lose_what_ran_on_it() -> None:
    verdicts = judge_seat(docker_engine_daemon_options={"debug": True})
    assert verdicts["images"]["settled"]
    assert verdicts["container"]["settled"]
    assert judge.groups(verdicts) == ["lacks_engine", "lacks_images", "lacks_container", "unproven"]


def test_a_rule_that_falls_is_a_finding_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object) -> None:
        raise KeyError("x\x1b[2J" + "y" * 1000)

    monkeypatch.setitem(judge.PARTS, "network", fall)
    verdicts = judge_seat()
    [finding] = judge.errors(verdicts)
    assert finding["id"] == "unintelligible"
    assert "network" in finding["cause"]["en"]
    assert len(finding["cause"]["en"]) < 400
    assert "\x1b" not in finding["cause"]["en"]
    assert verdicts["machine"]["settled"]
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
    finding = judge.silence("pc01", answer)
    assert finding["id"] == name
    verdicts = judge.silent(finding)
    assert judge.groups(verdicts) == ["refused", "unproven"]
    assert [error["id"] for error in judge.errors(verdicts)] == [name]


def test_of_a_machine_that_is_away_the_connections_own_words_are_kept() -> None:
    """Show that the verdict keeps the words, which name the failure that the finding only sorts."""
    finding = judge.unanswered("pc01", "ssh: \x1b[2J no: route")
    assert (
        judge.silent(finding, "ssh: \x1b[2J no: route")["machine"]["why"] == "ssh: [2J no: route."
    )
    assert judge.silent(finding)["machine"]["why"] == ""


def test_why_an_answer_is_not_taken_is_told_with_its_fix() -> None:
    finding = judge.silence("pc01", {"seat": "x" * 3_000_000})
    assert finding["id"] == "answer_refused"
    assert "bytes of itself, and at most 2000000 are taken" in finding["cause"]["en"]
    assert finding["advice"]["en"].startswith("remove containers, images or labels")


def test_where_sudo_answers_in_place_of_the_module_it_is_sudo_that_is_told() -> None:
    answer = {"failed": True, "msg": "Module result deserialization failed: No start of json char"}
    finding = judge.silence("pc01", {**answer, "module_stderr": "sudo: a password is required\n"})
    assert finding["cause"]["en"] == "it cannot be asked: sudo: a password is required."
    # Where nothing else is said, that is better than nothing.
    assert "deserialization" in judge.silence("pc01", answer)["cause"]["en"]


def test_a_machine_that_has_answered_is_not_silent() -> None:
    assert judge.silence("pc01", {"changed": False, "seat": {}}) is None
