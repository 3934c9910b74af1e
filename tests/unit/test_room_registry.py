"""What the role room_registry does in which order, and what it is handed."""

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.lookup import room_registry
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES
from sample_seat import want

TASKS = ROLES / "room_registry/tasks"


def load(name: str) -> list[dict[str, Any]]:
    """Give the tasks of a file, those of its blocks in their place."""
    told = DataLoader().load_from_file(str(TASKS / name), trusted_as_template=True)
    return [one for task in told for one in task.get("block", [task])]


def names(name: str) -> list[str]:
    return [one["name"] for one in load(name)]


@pytest.mark.parametrize("interrupted", [True, False])
def test_an_interrupted_installation_is_mended_first(interrupted: bool) -> None:
    """Before a host that has all it needs is left alone."""
    [ask, mend, *_] = load("main.yml")
    assert ask["labocloud.room.seat"] == {"refuse": ["registry"]}
    role = {"name": "labocloud.room.seat", "tasks_from": "mend"}
    assert mend["ansible.builtin.include_role"] == role
    facts = {"ansible_facts": {"seat": {"apt": {"interrupted": interrupted}}}}
    templar = Templar(loader=DataLoader(), variables=facts)
    assert templar.evaluate_conditional(mend["when"]) is interrupted


def test_a_run_that_is_killed_leaves_a_registry_that_does_not_run() -> None:
    """What is written is read when it starts: what was not read has to be seen by the next run."""
    order = ["Stop it while it is changed", "Make its certificates", "Configure and start it"]
    assert [name for name in names("main.yml") if name in order] == order
    order = ["Configure | Write the files that configure it", "Configure | Start it"]
    assert [name for name in names("configure.yml") if name in order] == order


def test_what_was_there_is_recorded_before_anything_is_installed() -> None:
    order = ["Record what the host was like before", "Install the registry"]
    assert [name for name in names("main.yml") if name in order] == order


@pytest.mark.parametrize("down", ["", "server: the registry does not answer"])
def test_who_needs_a_registry_does_not_go_on_without_it(down: str) -> None:
    last = load("main.yml")[-1]
    facts = {"ansible_facts": {"verdict": {"registry": {"settled": True, "down": down}}}}
    templar = Templar(loader=DataLoader(), variables=facts)
    told = last["ansible.builtin.assert"]
    assert templar.evaluate_conditional(told["that"]) is (not down)
    assert templar.template(told["fail_msg"]) == down


def test_the_tasks_are_handed_all_files_those_with_a_password_apart() -> None:
    proxy = {"http": "http://user:secret@proxy.example:3128"}
    settings = want(room_registry_hub_mirror=True, room_registry_proxy=proxy)
    files, secrets = (room_registry.given(term, settings) for term in ("files", "secrets"))
    assert files | secrets == registry_files.files(settings)
    assert "secret" not in str(files)
    assert list(secrets) == [registry_files.PROXY_FILE]
