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


def task(path: str, name: str) -> dict[str, Any]:
    """Give a task of a role by its name."""
    [found] = [one for one in load(path) if one["name"] == name]
    return found


# What apt simulates on Debian 13: three are new, one of another architecture; one is replaced.
SIMULATED = """NOTE: This is only a simulation!
The following NEW packages will be installed:
  containerd docker.io runc:i386
Inst runc:i386 (1.1.15+ds1-2+b4 Debian:13.2/stable [i386])
Inst libc6 [2.41-11] (2.41-12 Debian:13.2/stable [amd64])
Inst containerd (1.7.24~ds1-6+deb13u1 Debian:13.2/stable [amd64]) []
Inst docker.io (26.1.5+dfsg1-9+b1 Debian:13.2/stable [amd64])
Inst zstd (1.5.7 Debian:13.2/stable [amd64])
Conf docker.io (26.1.5+dfsg1-9+b1 Debian:13.2/stable [amd64])
"""


@pytest.mark.parametrize(
    ("plan", "coming"),
    [
        ({"rc": 0, "stdout": SIMULATED}, ["containerd", "docker.io", "runc"]),
        ({"rc": 100, "stdout": ""}, ["docker.io", "python3-apt"]),
    ],
)
def test_what_is_about_to_come_is_recorded_before_it_comes(plan: dict, coming: list[str]) -> None:
    """Dependencies too; what was there, in whichever version, is not ours."""
    tasks = [one["name"] for one in load("seat/tasks/install.yml")]
    about, installing = (
        "Install | Record what is about to come",
        "Install | Install the packages, without starting anything yet",
    )
    assert tasks.index(about) < tasks.index(installing)
    recording = task("seat/tasks/install.yml", about)
    seat = {"brought": {"packages": ["tini"], "users": []}, "apt": {"policy_rc_d": "absent"}}
    told = value(
        recording["labocloud.room.seat_record"]["value"],
        "seat",
        hostvars={"pc": {"ansible_facts": {"seat": seat}}},
        seat_host="pc",
        seat_packages=["docker.io=26.1.5*", "zstd"],
        __seat_plan=plan,
        __seat_packages_then=["libc6", "zstd"],
        **recording["vars"],
    )
    assert told == {"packages": ["tini"], "users": [], "coming": coming, "policy_rc_d": True}


@pytest.mark.parametrize("whose", ["absent", "other"])
def test_a_policy_of_the_seats_own_is_not_moved_away(whose: str) -> None:
    installing = task(
        "seat/tasks/install.yml", "Install | Install the packages, without starting anything yet"
    )
    seat = {"apt": {"policy_rc_d": whose}}
    told = value(
        installing["ansible.builtin.apt"],
        "seat",
        hostvars={"pc": {"ansible_facts": {"seat": seat}}},
        seat_host="pc",
        seat_packages=["zstd"],
        omit="omitted",
    )
    assert told["policy_rc_d"] == (101 if whose == "absent" else "omitted")


@pytest.mark.parametrize(
    ("torn", "refused"), [([], False), (["/var/lib/labocloud/before.json cannot be read"], True)]
)
def test_a_seat_whose_records_cannot_be_read_is_refused(torn: list[str], refused: bool) -> None:
    assertion = task("seat/tasks/main.yml", "Refuse a seat whose records cannot be read")
    told = assertion["ansible.builtin.assert"]
    facts = {"ansible_facts": {"seat": {"torn": torn}}, "inventory_hostname": "pc07"}
    templar = Templar(loader=DataLoader(), variables=facts)
    assert templar.evaluate_conditional(told["that"]) is not refused
    said = templar.template(told["fail_msg"])
    assert said.startswith(f"pc07: {'; '.join(torn)}")
    assert "Fix: " in said


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


def test_services_may_start_again_only_when_dpkg_has_finished() -> None:
    """Else what is half configured would start without its configuration."""
    names = [one["name"].removeprefix("Mend | ") for one in load("seat/tasks/mend.yml")]
    order = [
        "Finish what dpkg has begun",
        "Finish it with what it lacks",
        "Let packages start their services again",
        "Record what came in",
    ]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize("whose", ["left", "other", "absent"])
def test_only_a_policy_that_was_left_is_removed(whose: str) -> None:
    removing = task("seat/tasks/mend.yml", "Mend | Let packages start their services again")
    assert removing["ansible.builtin.file"] == {"path": "/usr/sbin/policy-rc.d", "state": "absent"}
    seat = {"apt": {"policy_rc_d": whose}}
    known = load("seat/vars/main.yml") | {
        "hostvars": {"pc": {"ansible_facts": {"seat": seat}}},
        "seat_host": "pc",
    }
    templar = Templar(loader=DataLoader(), variables=known)
    assert templar.evaluate_conditional(removing["when"]) is (whose == "left")


def test_the_seat_itself_is_asked_again_wherever_tasks_of_it_were_delegated() -> None:
    """Included where the builder is worked on, the role would have its handler ask the builder."""
    [handler] = load("seat/handlers/main.yml")
    assert handler["delegate_to"] == "{{ inventory_hostname }}"
