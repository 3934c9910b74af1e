"""What the tasks of the role seat do, in which order, and on which machine."""

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

TASKS = Path(__file__).parents[2] / "roles/seat/tasks"


def tasks(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the block that a task file ends with, and the tasks in it."""
    *_, block = DataLoader().load_from_file(str(TASKS / name), trusted_as_template=True)
    return block, block["block"]


def named(name: str, task: str) -> dict[str, Any]:
    """Give a task of a block by its name, less the file's."""
    [found] = [one for one in tasks(name)[1] if one["name"].partition(" | ")[2] == task]
    return found


def templar(name: str, apt: dict[str, Any], **more: Any) -> Templar:  # noqa: ANN401
    """Give what renders the expressions of a file, for a machine with that left of apt."""
    seat = {"apt": apt, "packages": {}}
    known = {"hostvars": {"pc": {"ansible_facts": {"seat": seat}}}, "seat_host": "pc", **more}
    return Templar(loader=DataLoader(), variables={**tasks(name)[0]["vars"], **known})


@pytest.mark.parametrize("name", ["install.yml", "mend.yml"])
def test_all_of_it_is_done_on_the_machine_that_is_meant_and_known_of_that(name: str) -> None:
    block, _ = tasks(name)
    assert (block["delegate_to"], block["delegate_facts"]) == ("{{ seat_host }}", True)


def test_what_comes_is_remembered_before_and_after_it_comes() -> None:
    """A run that is killed in between leaves what tells whose the packages are."""
    order = [list(task)[1] for task in tasks("install.yml")[1]]
    assert order[-3:] == [
        "labocloud.room.seat_state",
        "ansible.builtin.apt",
        "labocloud.room.seat_state",
    ]
    states = [
        task["labocloud.room.seat_state"]
        for task in tasks("install.yml")[1]
        if "labocloud.room.seat_state" in task
    ]
    assert states == [{"coming": "{{ seat_packages }}"}, {"came": True}]


@pytest.mark.parametrize("whose", ["absent", "left", "other"])
def test_a_policy_of_the_seats_own_is_not_moved_away(whose: str) -> None:
    apt = named("install.yml", "Install the packages, without starting anything yet")
    render = templar("install.yml", {"policy_rc_d": whose}, seat_packages=["zstd"], omit="omitted")
    told = render.template(apt["ansible.builtin.apt"])
    assert told["policy_rc_d"] == ("omitted" if whose == "other" else 101)


@pytest.mark.parametrize(
    ("left", "mended"),
    [
        ({}, False),
        ({"interrupted": True}, True),
        ({"journal": True}, True),
        ({"unfinished": ["tini"]}, True),
    ],
)
def test_what_an_installation_has_left_is_mended_before_the_next(
    left: dict[str, Any], *, mended: bool
) -> None:
    path = str(TASKS / "install.yml")
    first, _ = DataLoader().load_from_file(path, trusted_as_template=True)
    apt = {"interrupted": False, "journal": False, "unfinished": [], **left}
    known = {"hostvars": {"pc": {"ansible_facts": {"seat": {"apt": apt}}}}, "seat_host": "pc"}
    render = Templar(loader=DataLoader(), variables={**first["vars"], **known})
    assert first["ansible.builtin.include_tasks"] == "mend.yml"
    assert render.evaluate_conditional(first["when"]) is mended


def test_services_may_start_again_only_when_dpkg_has_finished() -> None:
    """Else what is half configured would start without its configuration."""
    names = [one["name"].removeprefix("Mend | ") for one in tasks("mend.yml")[1]]
    order = [
        "Finish what dpkg has begun",
        "Ask what dpkg could not finish",
        "Finish it with what it lacks",
        "Let packages start their services again",
        "Have it remembered what came",
    ]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize("whose", ["left", "other", "absent"])
def test_only_a_policy_that_was_left_is_removed(whose: str) -> None:
    removing = named("mend.yml", "Let packages start their services again")
    assert removing["ansible.builtin.file"] == {"path": "/usr/sbin/policy-rc.d", "state": "absent"}
    render = templar("mend.yml", {"policy_rc_d": whose})
    assert render.evaluate_conditional(removing["when"]) is (whose == "left")
