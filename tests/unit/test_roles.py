"""What expressions of the roles make of a seat's facts."""

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROLES = Path(__file__).parents[2] / "roles"


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    """Ansible's own filters and tests."""
    init_plugin_loader([])


def load(path: str) -> Any:  # noqa: ANN401  # YAML
    """Give a file of a role, as Ansible reads it."""
    return DataLoader().load_from_file(str(ROLES / path), trusted_as_template=True)


def value(expression: Any, role: str, **variables: Any) -> Any:  # noqa: ANN401  # anything at all
    """Give what an expression of a role is worth, with its vars and some variables."""
    known = load(f"{role}/vars/main.yml") | variables
    return Templar(loader=DataLoader(), variables=known).template(expression)


@pytest.mark.parametrize(
    ("brought", "files", "foreign"),
    [
        # The machine was started anew between the package and its configuration.
        (["docker-registry"], [], []),
        ([], ["/etc/docker/registry/labocloud.yml"], []),
        # Somebody else's.
        ([], [], [5000]),
    ],
)
def test_whose_registry_holds_the_port(brought: list, files: list, foreign: list) -> None:
    seat = {
        "packages": {"docker-registry": "2.8.3"},
        "brought": {"packages": brought},
        "files": dict.fromkeys(files, ""),
        "listeners": [{"port": 5000, "process": "docker-registry"}],
    }
    holders = value(
        load("room_registry/vars/main.yml")["__room_registry_foreign"],
        "room_registry",
        ansible_facts={"seat": seat},
        room_registry_port=5000,
        room_registry_push_port=5001,
        room_registry_hub_mirror=False,
    )
    assert [one["port"] for one in holders] == foreign


def test_dockers_directories_are_recorded_before_anything_is_installed() -> None:
    names = [one["name"] for one in load("docker_engine/tasks/main.yml")]
    order = [
        "Record what the seat was like before",
        "Record what Docker's directories are like",
        "Install Docker Engine",
        "Configure and start Docker Engine",
    ]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize(
    ("config", "roots"),
    [
        ({}, ["/var/lib/docker", "/var/lib/containerd"]),
        ({"data-root": "/srv"}, ["/srv", "/var/lib/docker", "/var/lib/containerd"]),
    ],
)
def test_which_directories_are_recorded(config: dict, roots: list[str]) -> None:
    told = load("docker_engine/vars/main.yml")["__docker_engine_roots"]
    variables = {"__docker_engine_config": config}
    assert Templar(loader=DataLoader(), variables=variables).template(told) == roots


@pytest.mark.parametrize("role", ["docker_engine", "room_registry"])
def test_an_interrupted_installation_is_mended_first(role: str) -> None:
    """Before a seat that has all it needs is left alone."""
    first = load(f"{role}/tasks/main.yml")[0]
    assert first["ansible.builtin.include_role"] == {
        "name": "labocloud.room.seat",
        "tasks_from": "mend",
    }
    for interrupted in (True, False):
        facts = {"ansible_facts": {"seat": {"apt": {"interrupted": interrupted}}}}
        templar = Templar(loader=DataLoader(), variables=facts)
        assert templar.evaluate_conditional(first["when"]) is interrupted
