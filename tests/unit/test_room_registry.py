"""Show what the role room_registry does, in which order, and with which files."""

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.lookup import service_files
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES
from sample_seat import sample_settings, seat

TASKS = ROLES / "room_registry/tasks"


def load(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a file, with those of its blocks in their place."""
    tasks = DataLoader().load_from_file(str(TASKS / name), trusted_as_template=True)
    return [inner for task in tasks for inner in task.get("block", [task])]


def names(name: str) -> list[str]:
    return [task["name"] for task in load(name)]


def test_it_is_refused_before_anything_is_done() -> None:
    assert load("main.yml")[0]["labocloud.room.seat"] == {"refuse": ["registry"]}


def test_a_run_that_is_killed_leaves_a_registry_that_does_not_run() -> None:
    """The registry reads its files when it starts: the next run must notice files not yet read."""
    order = ["Stop it while it is changed", "Make its certificates", "Configure and start it"]
    assert [name for name in names("main.yml") if name in order] == order
    order = ["Configure | Write the files that configure it", "Configure | Start it"]
    assert [name for name in names("configure.yml") if name in order] == order


def test_what_it_lacks_is_installed_and_what_came_is_known_before_it_is_stopped() -> None:
    """Without packages, it mends an interrupted installation and records what was there."""
    tasks = load("main.yml")
    [install] = [task for task in tasks if "ansible.builtin.include_role" in task]
    lacking = "{{ room_registry_verdict.lacking }}"
    assert install["vars"] == {"seat_packages": lacking}
    assert "when" not in install
    came, stop = tasks[tasks.index(install) + 1 :][:2]
    assert came["labocloud.room.seat_state"] == {"came": True}
    assert stop["name"] == "Stop it while it is changed"


@pytest.mark.parametrize("down", ["", "server: the registry does not answer"])
def test_who_needs_a_registry_does_not_go_on_without_it(down: str) -> None:
    last = load("main.yml")[-1]
    facts = {"room_registry_verdict": {"settled": True, "down": down}}
    templar = Templar(loader=DataLoader(), variables=facts)
    arguments = last["ansible.builtin.assert"]
    assert templar.evaluate_conditional(arguments["that"]) is (not down)
    assert templar.template(arguments["fail_msg"]) == down


def test_the_tasks_are_handed_all_files_those_with_a_password_apart() -> None:
    proxy = {"http": "http://user:secret@proxy.example:3128"}
    settings = sample_settings(room_registry_hub_mirror=True, room_registry_proxy=proxy)
    files, secrets = (
        service_files.files_of("room_registry", term, seat(), settings)
        for term in ("files", "secrets")
    )
    assert files | secrets == registry_files.files(settings)
    assert "secret" not in str(files)
    assert list(secrets) == [registry_files.PROXY_FILE]
