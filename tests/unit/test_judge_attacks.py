"""Test the findings on the outcomes of the attacks."""

from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.judge import attacks
from sample_seat import sample_settings


def findings_of(*outcomes: tuple[str, str], why: str = "", kind: str = "rootless") -> list[Any]:
    """Return the findings. outcomes: of the attacks a, b, …, each with its reason."""
    tried = [
        {"name": name, "outcome": outcome, "why": reason}
        for name, (outcome, reason) in zip("abcdef", outcomes, strict=False)
    ]
    results = {"account": "student", "why": why, "tried": tried}
    return list(
        attacks.findings_of(sample_settings(docker_engine_students=kind) | {"attacks": results})
    )


def names(findings: list[Any]) -> list[tuple[str, str]]:
    """Return the name and severity of each finding."""
    return [(finding["id"], finding["severity"]) for finding in findings]


WITHSTOOD, SUCCEEDED = ("withstood", "denied"), ("succeeded", "")


def test_where_none_were_tried_nothing_is_said() -> None:
    assert list(attacks.findings_of(sample_settings())) == []


def test_where_all_are_withstood_nothing_is_wrong() -> None:
    assert findings_of(WITHSTOOD, WITHSTOOD) == []


def test_one_that_succeeds_is_an_error_and_named() -> None:
    findings = findings_of(WITHSTOOD, SUCCEEDED, SUCCEEDED)
    assert names(findings) == [("attack_succeeded", "error")]
    assert findings[0]["cause"]["en"] == (
        "student gets at what is root's, with nothing but Docker: b, c."
    )


def test_where_students_are_root_by_the_setting_it_is_a_warning() -> None:
    findings = findings_of(SUCCEEDED, WITHSTOOD, kind="group")
    assert names(findings) == [("students_root", "warning")]
    assert "(a)" in findings[0]["cause"]["en"]


def test_what_was_not_tried_is_no_proof() -> None:
    for kind in ("group", "rootless"):
        assert names(findings_of(why="there is no image", kind=kind)) == [
            ("attack_untried", "error")
        ]
        assert names(findings_of(kind=kind)) == [("attack_untried", "error")]
        findings = findings_of(("untried", "late"), ("untried", "no disk"), kind=kind)
        assert names(findings) == [("attack_untried", "error")]
        assert "late; no disk" in findings[0]["cause"]["en"]


def test_what_was_tried_in_part_is_told_by_reason() -> None:
    long = "x" * 999
    findings = findings_of(WITHSTOOD, ("untried", "late"), ("untried", long), ("untried", "late"))
    assert names(findings) == [("attack_partly", "warning")]
    assert findings[0]["cause"]["en"].count("x") == attacks.LONGEST
    assert "b, d (late); c (xxx" in findings[0]["cause"]["en"]
    assert names(findings_of(SUCCEEDED, ("untried", "late"))) == [
        ("attack_succeeded", "error"),
        ("attack_partly", "warning"),
    ]


def test_an_outcome_that_nobody_knows_is_none() -> None:
    assert names(findings_of(("fine", ""), WITHSTOOD)) == [("attack_partly", "warning")]
    assert names(findings_of(("fine", "trust me"))) == [("attack_untried", "error")]


def test_a_reason_why_nothing_was_tried_hides_no_success() -> None:
    assert names(findings_of(SUCCEEDED, why="it broke off"))[0] == ("attack_succeeded", "error")
