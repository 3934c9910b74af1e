"""Show how the settings of a machine are read from Ansible's variables."""

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of
from sample_seat import Known


@pytest.mark.parametrize("name", ["pc01", "pc02"])
def test_each_machine_is_judged_by_its_own_variables(name: str) -> None:
    """This also holds where the task of another machine asks it, as happens to the builder."""
    login = {"ansible_user": trust_as_template("{{ login }}"), "flask_container_host_port": "80"}
    hostvars = Known(
        pc01={"inventory_hostname": "pc01"},
        pc02={"inventory_hostname": "pc02", "login": "teacher", **login},
    )
    variables = {**hostvars["pc01"], "hostvars": hostvars, "groups": {"lab": ["pc01", "pc02"]}}
    templar = Templar(loader=DataLoader(), variables=variables)
    settings = settings_of(name, variables, DataLoader(), templar, mine=name == "pc01")
    expected = {"pc01": ("", 8080), "pc02": ("teacher", 80)}
    assert (settings["account"], settings["flask_container_host_port"]) == expected[name]
    assert settings["room"]["builder"] == "pc01"
    assert settings["wrong"] == {}


def test_a_setting_of_null_that_has_no_other_default_is_not_set() -> None:
    variables: dict[str, Any] = {"inventory_hostname": "pc01", "groups": {"lab": ["pc01"]}}
    variables |= {"hostvars": Known(pc01=variables), "docker_engine_daemon_defaults": None}
    templar = Templar(loader=DataLoader(), variables=variables)
    settings = settings_of("pc01", variables, DataLoader(), templar, mine=True)
    assert settings["docker_engine_daemon_defaults"]["default-address-pools"]
    assert settings["wrong"] == {}


def neighbours(name: str, **of_pc02: str) -> Any:  # noqa: ANN401  # settings
    """Return the settings of pc01, whose neighbour has that name. of_pc02: its variables."""
    hostvars = Known(
        pc01={"inventory_hostname": "pc01", "seat_neighbour": name},
        pc02={"inventory_hostname": "pc02", "place": "4", **of_pc02},
    )
    variables = {**hostvars["pc01"], "hostvars": hostvars, "groups": {"lab": ["pc01", "pc02"]}}
    templar = Templar(loader=DataLoader(), variables=variables)
    return settings_of("pc01", variables, DataLoader(), templar, mine=True)


def test_a_neighbours_address_is_the_one_that_the_inventory_gives_it() -> None:
    address = trust_as_template("192.0.2.{{ place }}")
    assert neighbours("pc02", ansible_host=address)["neighbour_address"] == "192.0.2.4"
    assert neighbours("pc02")["neighbour_address"] == "pc02"
    inside = {"ansible_host": "127.0.0.1", "seat_address": "192.0.2.5"}
    assert neighbours("pc02", **inside)["neighbour_address"] == "192.0.2.5"
    alone = neighbours("")
    assert (alone["neighbour_address"], alone["wrong"]) == ("", {})


@pytest.mark.parametrize("name", ["pc01", "pc03"])
def test_a_neighbour_is_another_seat_of_the_room(name: str) -> None:
    settings = neighbours(name)
    [why] = settings["wrong"]["seat"]
    assert why == f"seat_neighbour is '{name}', which is no other seat of the room"
    assert settings["neighbour_address"] == ""
