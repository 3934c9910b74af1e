"""Test the verdict on the machine: root, its Python, its records, its disk, its clock."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import machine
from sample_seat import sample_settings, seat


def judge(*changes: tuple[str, object], **variables: object) -> dict[str, Any]:
    """Return the verdict on a changed seat."""
    return machine.judge(seat(*changes), sample_settings(**variables), {})


def test_nothing_is_found_on_a_machine_that_is_right() -> None:
    assert judge() == {"settled": True, "refused": [], "findings": []}


@pytest.mark.parametrize(
    ("change", "settings", "name", "words"),
    [
        (("root", False), {}, "not_root", "was not asked as root"),
        (("python", "3.9"), {}, "python_old", "its Python is 3.9, too old: 3.10 is needed"),
        (("python", ""), {}, "python_old", "its Python is ?"),
        (("torn", ["a cannot be read", "b neither"]), {}, "record_torn", "a cannot be read; b"),
        (("odd", ["no route is one"]), {}, "unintelligible", "no route is one"),
        ((), {"seat_registries": {"no": "list"}}, "setting_wrong", "seat_registries"),
        ((), {"room_page_min_free_mb": "much"}, "setting_wrong", "room_page_min_free_mb"),
    ],
)
def test_what_keeps_anything_from_being_done(
    change: tuple, settings: dict, name: str, words: str
) -> None:
    verdict = judge(*([change] if change else []), **settings)
    [refusal] = verdict["refused"]
    assert verdict["findings"] == [refusal]
    assert not verdict["settled"]
    assert (refusal["id"], refusal["severity"]) == (name, "error")
    assert words in in_words([refusal])


def test_one_machine_under_two_names_is_worked_on_under_none() -> None:
    [refusal] = machine.judge(seat(), sample_settings() | {"twins": ["pc03", "pc04"]}, {})[
        "refused"
    ]
    assert refusal["id"] == "machine_twice"
    assert "the same machine as pc03, pc04" in refusal["cause"]["en"]


@pytest.mark.parametrize("python", ["3.10", "3.13", "3.13.5", "4.0"])
def test_a_python_that_will_do(python: str) -> None:
    assert judge(("python", python))["settled"]


def test_the_settings_of_other_parts_are_theirs() -> None:
    assert judge(docker_engine_source="snap")["settled"]


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        (("docker/free_mb", 12), "disk_low", "12 MiB are free at /var/lib/docker; 1000"),
        (("clock/ahead", -3600.4), "clock_off", "off by -3600 s"),
        (("clock/ahead", 31), "clock_off", "off by +31 s"),
    ],
)
def test_what_is_in_the_way_is_a_warning(change: tuple[str, object], name: str, words: str) -> None:
    verdict = judge(change)
    [finding] = verdict["findings"]
    assert (verdict["settled"], verdict["refused"]) == (True, [])
    assert (finding["id"], finding["severity"]) == (name, "warning")
    assert words in finding["cause"]["en"]


@pytest.mark.parametrize("ahead", [None, 30, -30.0])
def test_a_clock_that_is_right_or_was_not_looked_at(ahead: float | None) -> None:
    assert judge(("clock/ahead", ahead))["findings"] == []
