"""Test the verdict on the practical: what a seat lacks, and what keeps it from being put there."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import NOTHING_AROUND
from ansible_collections.labocloud.room.plugins.plugin_utils import judge as judging
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import exercises
from sample_seat import BASE, builder, sample_settings, seat

SERVED = {"groups": {"lab": ["pc01"], "registry": ["server"]}, "room_registry_address": "server"}
ABSENT = {"folder": "absent", "command": "absent", "memory": "absent", "digest": ""}


def judge(facts: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the verdict on a seat with other facts of its exercises."""
    has = seat(*((f"exercises/{key}", value) for key, value in (facts or {}).items()))
    return exercises.judge(has, sample_settings(**settings), builder())


def test_there_is_nothing_to_do_where_all_is_there() -> None:
    values = {"removal": True, "delivered": seat()["delivered"]}
    assert judge() == {"settled": True, "refused": [], "findings": [], **values}


def test_another_image_that_was_brought_is_made_known() -> None:
    """Show that another delivered image is listed, or labo would take it for a student's work."""
    another = {"fingerprint": "print of another", "name": BASE, "layers": ["sha256:1"], "rows": 3}
    has = seat(("delivered", [*seat()["delivered"], another]))
    verdict = exercises.judge(has, sample_settings(), builder())
    assert [finding["id"] for finding in verdict["findings"]] == ["exercises_old"]
    assert another in verdict["delivered"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("192.0.2.2", "192.0.2.2"),
        ("pc02.example.org", "pc02.example.org"),
        ("2001:db8::2", "[2001:db8::2]"),
        ("[2001:db8::2]", "[2001:db8::2]"),
    ],
)
def test_a_seat_is_told_of_its_neighbour(address: str, shown: str) -> None:
    paired = sample_settings(name="pc 01", seat_neighbour="pc02") | {"neighbour_address": address}
    assert exercises.around(paired) == {
        "seat": "pc-01",
        "neighbour": "pc02",
        "address": shown,
        "registry": "",
    }
    verdict = exercises.judge(seat(), paired | {"name": "pc01"}, builder())
    assert [finding["id"] for finding in verdict["findings"]] == ["exercises_old"]


@pytest.mark.parametrize("address", ["", "a b", "$(id)", "pc02;id", "pc02\n"])
def test_what_is_no_address_is_no_neighbour(address: str) -> None:
    """The address is a word of commands that students type, and of a file for their shell."""
    odd = sample_settings(seat_neighbour="pc02") | {"neighbour_address": address}
    assert exercises.around(odd) == NOTHING_AROUND


def test_a_seat_is_told_of_the_registry_from_which_its_images_come() -> None:
    assert exercises.around(sample_settings(**SERVED))["registry"] == (
        "server:5000/labocloud20202021"
    )
    by_archive = sample_settings(course_image_delivery="archive", **SERVED)
    assert exercises.around(by_archive) == NOTHING_AROUND


def test_whose_images_are_about_to_change_is_given_the_exercises_after_that() -> None:
    assert "lacks_exercises" in judging.groups({"images": judging.verdict(settled=False)})


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (ABSENT | {"open": False}, ["exercises_missing"]),
        ({"command": "absent"}, ["exercises_missing"]),
        ({"memory": "absent", "open": False}, ["exercises_missing"]),
        ({"digest": "0" * 64}, ["exercises_old"]),
        ({"digest": ""}, ["exercises_old"]),
        ({"open": False}, ["exercises_old"]),
        # Nothing is wrong with what a run has left, but that it is there.
        ({"left": 1}, []),
    ],
)
def test_what_lacks_is_mended(told: dict[str, Any], found: list[str]) -> None:
    verdict = judge(told)
    assert [finding["id"] for finding in verdict["findings"]] == found
    assert (verdict["settled"], verdict["refused"]) == (False, [])
    verdicts = {"exercises": verdict}
    assert judging.groups(verdicts) == ["lacks_exercises", "unproven"]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("folder", "/usr/local/share/labocloud"),
        ("command", "/usr/local/bin/labo"),
        ("memory", "/var/lib/labo"),
    ],
)
def test_what_is_somebodys_own_refuses_the_seat(part: str, path: str) -> None:
    verdict = judge({part: "other", "digest": ""})
    [refusal] = verdict["refused"]
    assert verdict["findings"] == [refusal]
    assert f"{path} is there and is not the toolkit's" in in_words([refusal])
    assert judging.groups({"exercises": verdict}) == ["refused", "unproven"]


def test_a_registrys_host_that_is_no_seat_needs_none() -> None:
    assert judge(ABSENT, name="server", **SERVED)["settled"]
    assert not judge(ABSENT, name="pc01", **SERVED)["settled"]


def test_without_the_machine_that_builds_nothing_is_known() -> None:
    has = seat(*((f"exercises/{key}", value) for key, value in ABSENT.items()))
    assert exercises.judge(has, sample_settings(), {})["settled"]


def test_a_project_without_exercises_puts_nothing_on_a_seat() -> None:
    builder_facts = builder()
    builder_facts["course"]["exercises"] = {"files": [], "why": ""}
    assert exercises.judge(
        seat(("exercises", seat()["exercises"] | ABSENT)), sample_settings(), builder_facts
    ) == {
        **judge(),
        "removal": False,
    }


def test_an_exercise_that_is_wrong_is_told_and_keeps_nothing_else_from_being_done() -> None:
    builder_facts = builder()
    builder_facts["course"]["exercises"] = {"files": [], "why": "app/exercises/01-a has no fr.md"}
    verdict = exercises.judge(seat(), sample_settings(), builder_facts)
    assert "cannot be given to it: app/exercises/01-a has no fr.md" in in_words(verdict["findings"])
    assert (verdict["settled"], verdict["refused"]) == (True, [])


@pytest.mark.parametrize(
    ("told", "removal"),
    [
        ({}, True),
        (ABSENT, False),
        (ABSENT | {"memory": "ours"}, True),
        (ABSENT | {"left": 1}, True),
        (ABSENT | {"command": "other"}, False),
    ],
)
def test_what_is_the_toolkits_goes_with_it(told: dict[str, Any], removal: bool) -> None:
    assert judge(told)["removal"] == removal
