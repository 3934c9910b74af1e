"""The tasks of docker_engine do what the verdict says, and nothing on a seat that is right."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import engine, students
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import ROLES
from sample_seat import seat, want

ROLE = ROLES / "docker_engine/tasks"
BARE = (
    ("packages", {}),
    ("files", {}),
    ("before", None),
    ("docker_group", None),
    ("docker/running", False),
)
LACKING = {"docker_engine_users": ["student"]}


def load(name: str) -> list[dict[str, Any]]:
    """Give the tasks of a file of the role, as Ansible reads them."""
    tasks: list[dict[str, Any]] = DataLoader().load_from_file(
        str(ROLE / name), trusted_as_template=True
    )
    return tasks


def known(*changes: tuple[str, object], check: bool = False, **settings: object) -> dict[str, Any]:
    """Give the variables that a task sees on a changed seat."""
    has, wanted = seat(*changes), want(**settings)
    verdict = {"engine": engine.judge(has, wanted, {}), "students": students.judge(has, wanted, {})}
    facts = {"ansible_facts": {"seat": has, "verdict": verdict}, "ansible_check_mode": check}
    return {**wanted, **facts, "inventory_hostname": "pc02"}


def met(task: dict[str, Any], variables: dict[str, Any]) -> bool:
    """Tell whether a task's conditions are."""
    conditions = task.get("when", [])
    every = conditions if isinstance(conditions, list) else [conditions]
    templar = Templar(loader=DataLoader(), variables=variables)
    return all(templar.evaluate_conditional(one) for one in every)


def done(variables: dict[str, Any]) -> list[str]:
    """Give the names of the role's own tasks whose conditions are met, in their order."""
    return [task["name"] for task in load("main.yml") if met(task, variables)]


ASK = "Ask the seat, and judge its Docker Engine"


def test_a_seat_that_is_right_costs_one_question() -> None:
    """And where it was asked already not even that."""
    assert done(known()) == [ASK]


def test_a_bare_seat_gets_all_of_it_in_this_order() -> None:
    """Docker's directories are looked at before anything may use them."""
    assert done(known(*BARE, **LACKING)) == [
        ASK,
        "Record what the seat was like before, and what Docker's directories are like",
        "Install Docker Engine",
        "Configure and start Docker Engine",
        "Let users use Docker without sudo, and others no longer",
        "Ask the seat again, and judge it",
    ]


def test_dockers_own_key_is_checked_before_the_seat_is_touched() -> None:
    names = done(known(*BARE, docker_engine_source="upstream"))
    assert names[:3] == [
        ASK,
        "Check the key of Docker's repository, before the seat is touched",
        "Record what the seat was like before, and what Docker's directories are like",
    ]


@pytest.mark.parametrize(
    ("changes", "settings", "names"),
    [
        ([("apt/interrupted", True)], {}, ["Mend what an interrupted installation has left"]),
        ([("docker/outdated", True)], {}, ["Configure and start Docker Engine"]),
        ([("packages", {"docker.io": "26"})], {}, ["Install Docker Engine"]),
        (
            [],
            {"docker_engine_daemon_options": {"data-root": "/srv"}},
            [
                "Record what the seat was like before, and what Docker's directories are like",
                "Configure and start Docker Engine",
            ],
        ),
        (
            [("files", seat()["files"] | {"/etc/docker/certs.d/old:5000/labocloud.crt": "x"})],
            {},
            ["Trust the room's registries, and no others"],
        ),
        ([], LACKING, ["Let users use Docker without sudo, and others no longer"]),
    ],
)
def test_what_is_lacking_alone_is_done(changes: list, settings: dict, names: list[str]) -> None:
    """An interrupted installation is mended before all else."""
    assert done(known(*changes, **settings)) == [ASK, *names, "Ask the seat again, and judge it"]


@pytest.mark.parametrize(
    ("refused", "runs", "back"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
)
def test_an_engine_that_runs_is_not_restarted_for_what_was_not_written(
    refused: bool, runs: bool, back: bool
) -> None:
    [configure] = [task for task in load("main.yml") if "rescue" in task]
    [going_back] = [task for task in configure["rescue"] if "block" in task]
    variables = known(("docker/running", runs)) | {"__docker_engine_write": {"failed": refused}}
    assert met(going_back, variables) is back


def test_a_check_does_not_configure_an_engine_that_would_have_come() -> None:
    configure = "Configure and start Docker Engine"
    assert configure not in done(known(*BARE, check=True))
    assert configure in done(known(("docker/outdated", True), check=True))


def test_a_check_tells_what_would_be_installed_where_apt_cannot_be_asked() -> None:
    tell, install = load("install.yml")
    bare = known(*BARE, check=True)
    assert (met(tell, bare), met(install, bare)) == (True, False)
    told = Templar(loader=DataLoader(), variables=bare).template(tell["ansible.builtin.debug"])
    assert told["msg"].startswith("pc02 would get docker.io, docker-cli")
    for variables in (known(*BARE), known(check=True)):
        assert (met(tell, variables), met(install, variables)) == (False, True)


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401  # YAML
    """Give the texts in YAML."""
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


USED = re.compile(r"(ansible_facts\['verdict'\]|__docker_engine_removal)((?:\['\w+'\])+)")


@pytest.mark.parametrize("path", sorted(ROLE.glob("*.yml")), ids=lambda path: path.stem)
def test_what_tasks_take_from_the_verdict_is_in_it(path: Path) -> None:
    verdict = known()["ansible_facts"]["verdict"]
    for text in texts(load(path.name)):
        for place, keys in USED.findall(text):
            value = verdict if "verdict" in place else verdict["engine"]["removal"]
            for key in re.findall(r"\w+", keys):
                value = value[key]


def test_what_is_removed_from_the_seat_is_looked_at_before_and_after_the_packages_go() -> None:
    """And the configuration, which tells where Docker's data are, goes after them."""
    [block] = load("remove.yml")
    names = [task["name"].removeprefix("Remove | ") for task in block["block"]]
    order = [
        "Refuse to purge what is not Docker's",
        "Keep the package from removing Docker's data",
        "Remove the packages that came with the toolkit",
        "Purge",
        "Remove the files that came with the toolkit",
        "Put back the daemon.json that was there",
        "Restart an engine that was there before",
    ]
    assert [name for name in names if name in order] == order
    assert not met(block, known(("before", None)))
    assert met(block, known())
