"""Test that docker_engine's tasks follow the verdict, and do nothing on a seat that is right."""

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import ROLES
from sample_seat import sample_settings, seat, variables

ROLE = ROLES / "docker_engine/tasks"
SEAT_STATE = {"labocloud.room.seat_state"}
BARE = (
    ("packages", {}),
    ("files", {}),
    ("before", None),
    ("docker_group", None),
    ("docker/running", False),
)
LACKING = {"docker_engine_users": ["student"]}


def load(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a file of the role, as Ansible reads them."""
    tasks: list[dict[str, Any]] = DataLoader().load_from_file(
        str(ROLE / name), trusted_as_template=True
    )
    return tasks


def task_variables(
    *changes: tuple[str, object], check: bool = False, **settings: object
) -> dict[str, Any]:
    """Return the variables that a task sees on a changed seat."""
    has, all_settings = seat(*changes), sample_settings(**settings)
    verdict = judge(has, all_settings, {})
    facts = {**variables({"seat": has, "verdict": verdict}), "ansible_check_mode": check}
    return {**all_settings, **facts, "inventory_hostname": "pc02"}


def met(task: dict[str, Any], variables: dict[str, Any]) -> bool:
    """Return whether a task's conditions are met."""
    conditions = task.get("when", [])
    listed = conditions if isinstance(conditions, list) else [conditions]
    templar = Templar(loader=DataLoader(), variables=variables)
    return all(templar.evaluate_conditional(condition) for condition in listed)


def done(variables: dict[str, Any]) -> list[str]:
    """Return the names of the role's own tasks whose conditions are met, in their order."""
    names = []
    for task in load("main.yml"):
        if met(task, variables):
            if task.get("ansible.builtin.meta") == "end_role":
                break
            names.append(task["name"])
    return names


ASK = "Ask the seat, and judge its Docker Engine"
REPOSITORY = "Add Docker's own repository"
INSTALL = "Record what the seat was like before, and install Docker Engine"
THERE = "Ask what became of an engine that was there, and have it remembered what came"
HOLD = "Hold the version, or let it go"
CLOSE = "Close an engine that is to go, where nothing of students' is in it"
ACCOUNT = "Have an account for an engine without root"
TAKE = "Take out of an engine of the other kind what goes over"
CONFIGURE = "Configure and start Docker Engine"
TRUST = "Trust the room's registries, and no others"
USERS = "Let users use Docker without sudo, and others no longer"
CAME = "Have it remembered what came, and judge the seat again"


def test_a_seat_that_is_right_costs_one_question() -> None:
    """Show that only the question is asked, which is skipped where it was asked before."""
    assert done(task_variables()) == [ASK]


def test_a_bare_seat_gets_all_of_it_in_this_order() -> None:
    """Show that the facts of the beginning are used, as it is not asked in between."""
    assert done(task_variables(*BARE, **LACKING)) == [ASK, INSTALL, HOLD, CONFIGURE, USERS, CAME]


def test_what_the_seat_was_like_is_recorded_by_the_same_task_that_installs() -> None:
    """Show that Docker's directories are recorded before anything may use them."""
    bare = task_variables(*BARE, docker_engine_replace=True)
    [install] = [task for task in load("main.yml") if task["name"] == INSTALL]
    verdict = bare["docker_engine_verdict"]
    assert Templar(loader=DataLoader(), variables=bare).template(install["vars"]) == {
        "seat_packages": verdict["packages"],
        "seat_conflicting": verdict["conflicting"],
        "seat_roots": verdict["roots"],
    }


def test_dockers_own_key_is_checked_before_the_seat_is_touched() -> None:
    """Show also that the installation reads its package list, which is the youngest."""
    names = done(task_variables(*BARE, docker_engine_source="upstream"))
    assert names[:3] == [ASK, REPOSITORY, INSTALL]
    [adding] = [task for task in load("main.yml") if task["name"] == REPOSITORY]
    key, prerequisites, repository = adding["block"]
    assert key["ansible.builtin.include_tasks"] == "key.yml"
    assert prerequisites["vars"]["seat_roots"]
    assert (
        repository["ansible.builtin.deb822_repository"]["signed_by"] == "{{ __docker_engine_key }}"
    )
    assert REPOSITORY not in done(task_variables(docker_engine_source="distro"))


@pytest.mark.parametrize(
    ("changes", "settings", "names"),
    [
        ([("apt/interrupted", True)], {}, [INSTALL, THERE]),
        ([("docker/outdated", True)], {}, [CONFIGURE]),
        ([("packages", {"docker.io": "26"})], {}, [INSTALL, THERE, HOLD]),
        ([], {"docker_engine_daemon_options": {"data-root": "/srv"}}, [INSTALL, THERE, CONFIGURE]),
        (
            [("files", seat()["files"] | {"/etc/docker/certs.d/old:5000/labocloud.crt": "x"})],
            {},
            [TRUST],
        ),
        ([], LACKING, [USERS]),
        ([("before/roots", {})], LACKING, [INSTALL, THERE, USERS]),
    ],
)
def test_what_is_lacking_alone_is_done(changes: list, settings: dict, names: list[str]) -> None:
    """Show the order: what is missing is recorded and installed first, then THERE asks again."""
    assert done(task_variables(*changes, **settings)) == [ASK, *names, CAME]


@pytest.mark.parametrize("file", ["main.yml", "users.yml"])
def test_all_that_ends_it_has_it_remembered_what_came(file: str) -> None:
    """Show that the record is complete, as the installation would count as interrupted."""
    states = [task["labocloud.room.seat_state"] for task in load(file) if SEAT_STATE & set(task)]
    assert {"came": True} in states
    assert not [task for task in load(file)[1:] if "labocloud.room.seat" in task]


@pytest.mark.parametrize(
    ("refused", "runs", "back"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
)
def test_an_engine_that_runs_is_not_restarted_for_what_was_not_written(
    refused: bool, runs: bool, back: bool
) -> None:
    [configure] = [task for task in load("main.yml") if task["name"] == CONFIGURE]
    [going_back] = [task for task in configure["rescue"] if "block" in task]
    variables = task_variables(("docker/running", runs)) | {
        "__docker_engine_write": {"failed": refused}
    }
    assert met(going_back, variables) is back


def test_a_check_does_not_configure_or_hold_an_engine_that_would_have_come() -> None:
    names = done(task_variables(*BARE, check=True))
    assert INSTALL in names
    assert not {CONFIGURE, HOLD} & set(names)
    assert CONFIGURE in done(task_variables(("docker/outdated", True), check=True))


@pytest.mark.parametrize("manager", ["systemd", "none"])
@pytest.mark.parametrize("ran", [True, False])
def test_only_what_may_have_run_is_stopped_or_has_starts_forgotten(manager: str, ran: bool) -> None:
    forget, stop, restart, directly = load("restart.yml")
    variables = task_variables(("service_manager", manager)) | {"__docker_engine_ran": ran}
    assert met(forget, variables) is (ran and manager == "systemd")
    assert met(stop, variables) is met(restart, variables) is (manager == "systemd")
    assert met(directly, variables) is (manager == "none")
    assert met(directly["block"][0], variables) is ran


def test_one_that_refuses_its_configuration_has_run() -> None:
    """Show that its failed start is forgotten, which systemd would count otherwise."""
    [configure] = [task for task in load("main.yml") if task["name"] == CONFIGURE]
    first = configure["block"][-1]["vars"]["__docker_engine_ran"]
    render = Templar(loader=DataLoader(), variables=task_variables(*BARE))
    assert render.template(first) is False
    [back] = [task for task in configure["rescue"] if "block" in task]
    assert back["block"][-1]["vars"]["__docker_engine_ran"] is True


def test_an_engine_of_the_other_kind_is_closed_and_asked_once_more_before_it_stops() -> None:
    """Show that it is asked again, as students' work since the beginning would be lost."""
    other = {"docker_engine_students": "rootless"}
    names = done(task_variables(**other))
    assert names[names.index(CLOSE) :][:4] == [CLOSE, ACCOUNT, TAKE, CONFIGURE]
    assert CLOSE not in done(task_variables(check=True, **other))
    [closing] = load("close.yml")
    access = "labocloud.room.docker_access"
    first, second = closing["block"]
    assert first[access] == {"state": "closed"}
    assert second["labocloud.room.seat"] == {"anew": True, "refuse": ["engine"]}
    # Where that refuses, the engine that is there stays, and open.
    opening, telling = closing["rescue"]
    assert opening[access] == {"state": "open"}
    assert "ansible_failed_result" in telling["ansible.builtin.fail"]["msg"]
    assert load("bring.yml")[-1][access] == {"state": "open"}


def test_what_came_is_remembered_where_the_configuration_is_refused_too() -> None:
    """Show that this happens after the old configuration is back, which the facts describe."""
    [configure] = [task for task in load("main.yml") if task["name"] == CONFIGURE]
    *_, back, came, _ = configure["rescue"]
    assert ("block" in back, came["labocloud.room.seat_state"]) == (True, {"came": True})


def test_what_is_removed_from_the_seat_is_looked_at_before_and_after_the_packages_go() -> None:
    """Show also that the configuration, which names Docker's data-root, goes after them."""
    [block] = load("remove.yml")
    names = [task["name"].removeprefix("Remove | ") for task in block["block"]]
    order = [
        "Refuse to purge what is not Docker's",
        "Keep the package from removing Docker's data",
        "Remove the packages that came with the toolkit, but for those that something else needs",
        "Purge",
        "Remove the files that came with the toolkit",
        "Put back the daemon.json that was there",
        "Restart an engine that was there before",
    ]
    assert [name for name in names if name in order] == order
    assert not met(block, task_variables(("before", None)))
    assert met(block, task_variables())
