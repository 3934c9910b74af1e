"""Show what the tasks of the role seat do, in which order, and on which machine."""

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES

FILE = ROLES / "seat/tasks/install.yml"
STATE, APT = "labocloud.room.seat_state", "ansible.builtin.apt"
STORE = "labocloud.room.package_source"
NOTHING = {"interrupted": False, "journal": False, "unfinished": [], "policy_rc_d": "absent"}


def blocks() -> list[dict[str, Any]]:
    """Return the two blocks of the file: the repair, and the installation."""
    content: list[dict[str, Any]] = DataLoader().load_from_file(str(FILE), trusted_as_template=True)
    return content


def within(task: dict[str, Any], *conditions: str) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield the tasks of a block, each with its conditions and those of the blocks around it."""
    all_conditions = [*conditions, *([task["when"]] if "when" in task else [])]
    if "block" not in task:
        yield task, all_conditions
    for inner in task.get("block", []):
        yield from within(inner, *all_conditions)


def everything(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a task, and the tasks of its block."""
    yield task
    for inner in task.get("block", []):
        yield from everything(inner)


def render(**left: object) -> Templar:
    """Return a templar for the expressions of the file.

    left: what there is of apt, the names of the packages that are there, and other variables.
    """
    apt = {key: left.pop(key, value) for key, value in NOTHING.items()}
    seat = {"apt": apt, "packages": dict.fromkeys(left.pop("there", ["python3-apt"]), "1")}
    machine = {"hostvars": {"pc": {"labocloud_seat": seat}}, "seat_host": "pc"}
    inputs = {"seat_packages": ["zstd"], "seat_conflicting": [], "seat_roots": ["/r"]}
    other_variables = {"ansible_check_mode": False, "omit": "omitted", **machine, **inputs, **left}
    variables = {key: value for block in blocks() for key, value in block["vars"].items()}
    return Templar(loader=DataLoader(), variables={**variables, **other_variables})


def done(**left: object) -> list[str]:
    """Return the names of the tasks whose conditions are met, without the file's prefix."""
    templar = render(**left, __seat_dpkg={"rc": 0})
    return [
        task["name"].removeprefix("Install | ")
        for block in blocks()
        for task, conditions in within(block)
        if all(templar.evaluate_conditional(condition) for condition in conditions)
    ]


SEND = "Send the packages that are lacking from the room's store"
RECORD = "Have it remembered what was there before, and what is about to come"
TELL = "Tell what would be installed"
CONFLICT = "Remove the packages that conflict"
INSTALL = "Install the packages, without starting anything yet"
MENDING = [
    "Tell what is mended",
    "Record what the machine was like before that, too",
    "Finish what dpkg has begun",
    "Ask what dpkg could not finish",
]
FINISH = ["Send what it lacks from the room's store", "Have apt finish it"]
LACKS = "Finish it with what it lacks"
POLICY = "Let packages start their services again"


def test_all_of_it_is_done_on_the_machine_that_is_meant_and_known_of_that() -> None:
    for block in blocks():
        assert (block["delegate_to"], block["delegate_facts"]) == ("{{ seat_host }}", True)


def test_nothing_is_included() -> None:
    """Whoever includes the file has no deeper file to look into."""
    assert "include" not in FILE.read_text().replace("including", "")


def test_what_is_sent_is_used_for_all_that_apt_is_asked() -> None:
    """Show it for where the store is not used, too, and where nothing was sent."""
    for block, number in ((blocks()[0], 1), (blocks()[1], 2)):
        using = [
            task for task in everything(block) if "__seat_store" in str(task.get("environment"))
        ]
        assert len(using) == number
    for task, _ in within(blocks()[1]):
        assert STORE not in task or task[STORE]["packages"] == "{{ seat_packages }}"
    [record, install] = [task for task in everything(blocks()[1]) if "environment" in task]
    assert STATE in record
    assert record["environment"] == install["environment"]
    config = {"APT_CONFIG": "/run/labocloud/apt/apt.conf"}
    for store, environment in (({"environment": config}, config), ({"skipped": True}, {})):
        assert render(__seat_store=store).template(record["environment"]) == environment


def test_two_calls_install() -> None:
    assert done() == [SEND, RECORD, INSTALL]
    assert done(seat_conflicting=["docker-ce"]) == [SEND, RECORD, CONFLICT, INSTALL]


def test_without_packages_there_is_only_what_is_remembered() -> None:
    assert done(seat_packages=[]) == [RECORD]


def test_what_comes_is_remembered_before_anything_changes_and_what_came_before_that() -> None:
    """A run that is killed afterwards leaves the record of whose the packages are."""
    [record] = [task for task, _ in within(blocks()[1]) if STATE in task]
    templar = render(seat_conflicting=["docker-ce"])
    assert templar.template(record[STATE]) == {
        "before": True,
        "roots": ["/r"],
        "came": True,
        "coming": ["zstd"],
        "going": ["docker-ce"],
    }


def test_a_check_tells_and_asks_apt_nothing() -> None:
    """It reads no lists and adds no repository: apt would not know what is to come."""
    assert done(ansible_check_mode=True, seat_conflicting=["x"]) == [SEND, RECORD, TELL]
    assert done(ansible_check_mode=True, seat_packages=[]) == [RECORD]
    [tell] = [task for task, _ in within(blocks()[1]) if "ansible.builtin.debug" in task]
    for lost, words in (([], ""), (["x", "y"], ", and lose x, y")):
        inputs = {"seat_packages": ["a", "b=1"], "seat_conflicting": lost}
        rendered = render(**inputs).template(tell["ansible.builtin.debug"])
        assert rendered["msg"] == f"pc would get a, b=1{words}."


@pytest.mark.parametrize("whose", ["absent", "left", "other"])
def test_a_policy_of_the_seats_own_is_not_moved_away(whose: str) -> None:
    *_, (install, _) = within(blocks()[1])
    arguments = render(policy_rc_d=whose).template(install[APT])
    assert arguments["policy_rc_d"] == ("omitted" if whose == "other" else 101)


@pytest.mark.parametrize(
    ("left", "names"),
    [
        ({}, []),
        # All packages had come: the role records that, and has nothing else to do.
        ({"interrupted": True}, []),
        ({"policy_rc_d": "other"}, []),
        ({"journal": True}, MENDING),
        ({"unfinished": ["tini"]}, [*MENDING, *FINISH]),
        ({"policy_rc_d": "left"}, [*MENDING, POLICY]),
        ({"unfinished": ["tini"], "policy_rc_d": "left"}, [*MENDING, *FINISH, POLICY]),
    ],
)
def test_what_an_installation_left_is_mended_first(left: dict[str, Any], names: list[str]) -> None:
    """Services may start again only when dpkg has finished, or half-configured ones would."""
    assert done(**left) == [*names, SEND, RECORD, INSTALL]


def test_it_is_told_what_is_mended() -> None:
    left = {"unfinished": ["tini", "zstd"], "journal": True, "policy_rc_d": "left"}
    arguments = render(**left).template(blocks()[0]["block"][0]["ansible.builtin.debug"])
    assert arguments["msg"].rstrip() == (
        "pc: an installation was interrupted, and is brought to its end now"
        " (tini, zstd, dpkg's journal, policy-rc.d)."
    )


def test_what_dpkg_could_not_finish_apt_does() -> None:
    finish = next(task for task in blocks()[0]["block"] if task["name"].endswith(LACKS))
    for code in (0, 1):
        assert render(__seat_dpkg={"rc": code}).evaluate_conditional(finish["when"]) is bool(code)


def test_a_policy_that_was_left_is_removed() -> None:
    [removing] = [task for task in blocks()[0]["block"] if task["name"].endswith(POLICY)]
    assert removing["ansible.builtin.file"] == {"path": "/usr/sbin/policy-rc.d", "state": "absent"}


def test_who_installs_has_it_remembered_what_came() -> None:
    """Otherwise the installation would count as interrupted."""
    callers = {
        path.parent
        for path in ROLES.glob("*/tasks/*.yml")
        if "tasks_from: install" in path.read_text() and path.stem != "remove"
    }
    assert len(callers) >= 2
    for tasks in callers:
        assert "came: true" in "".join(path.read_text() for path in tasks.glob("*.yml")), tasks
