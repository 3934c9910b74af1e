"""What expressions of the roles make of a seat's facts."""

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLES = Path(__file__).parents[2] / "roles"


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


@pytest.mark.parametrize("role", ["room_registry"])
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
