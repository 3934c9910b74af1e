# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Collect the settings of a machine: what people have set for it, and else the roles' defaults.

Ansible shows a role's defaults only to the plays that name the role, and never those of another
host. Here they are read for any host from where people look for them, roles/*/defaults/main.yml,
and checked against the types in roles/*/meta/argument_specs.yml.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import LARGEST
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    RoleSettings,
    Room,
    RoomsRegistry,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.published import (
    Variables,
    published,
    refuse_injected_facts,
)

# Variables, name to a value that may be a template; and argument specifications, name to options.
_Raw = Mapping[str, object]
_Specs = dict[str, dict[str, object]]
# The settings of a machine, and what is wrong with them, by role.
_Read = tuple[RoleSettings, dict[str, list[str]]]

ROLES = Path(__file__).parents[2] / "roles"
# The roles whose settings the judge reads.
JUDGED = (
    *("seat", "docker_engine", "course_image", "flask_container"),
    *("room_store", "room_registry", "room_page"),
)
# The values of a setting, where files decide which there are.
_CHOICES = {"room_page_language": catalogue.LANGUAGES}
# The inventory's groups. Only this file and the hosts of the plays name them.
ROOM, _REGISTRY = "lab", "registry"


def declared(load: Callable[[str], Any]) -> tuple[_Raw, dict[str, _Specs]]:
    """Return the defaults of all settings, name to value, and their specs, role to name to spec.

    load: a function that reads a YAML file whose texts may be templates.
    """
    defaults: dict[str, object] = {}
    specs = {}
    for role in JUDGED:
        defaults |= load(str(ROLES / role / "defaults/main.yml")) or {}
        entry_points = load(str(ROLES / role / "meta/argument_specs.yml"))["argument_specs"]
        specs[role] = {
            name: {key: value for key, value in option.items() if key != "description"}
            | ({"choices": list(_CHOICES[name])} if name in _CHOICES else {})
            for entry_point in entry_points.values()
            for name, option in entry_point.get("options", {}).items()
        }
    return defaults, specs


def settings(
    variables: _Raw,
    defaults: _Raw,
    specs: Mapping[str, _Specs],
    template: Callable[[_Raw, object], object],
) -> _Read:
    """Return the settings, each with a value of its type, and what is wrong with them, by role.

    variables: the host's, as Ansible has them, unrendered. template: a function that renders a
    value with variables. A wrong setting has its default, and no error message has a password.
    """
    values: dict[str, object] = {}
    wrong: dict[str, list[str]] = {}
    for role, options in specs.items():
        available = {**defaults, **variables, "role_path": str(ROLES / role)}
        for name, option in options.items():
            if name not in available:
                continue
            try:
                value = template(available, available[name])
                checked = ArgumentSpecValidator({name: option}).validate({name: value})
                errors = checked.error_messages
                value = checked.validated_parameters[name]
                # Python refuses even to write a number of thousands of digits.
                if isinstance(value, int) and abs(value) >= LARGEST:
                    errors = [f"{name} is larger than any number that is counted to"]
            # An infinite value for an integer raises ArithmeticError; a list in a list whose
            # elements are to be dicts raises TypeError.
            except (AnsibleError, ArithmeticError, TypeError) as error:
                errors = [f"{name} cannot be read: {error}"]
            if errors:
                wrong.setdefault(role, []).extend(map(sentence_without_passwords, errors))
            # A null means that a setting is not set, as for an option of Ansible with a default.
            if errors or value is None:
                value = template(available, defaults.get(name))
            values[name] = value
    # Each value was checked against its role's spec; a test compares those with the type.
    return cast("RoleSettings", values), wrong


def reader(loader: DataLoader, templar: Templar) -> Callable[[_Raw], _Read]:
    """Return a function from a host's variables to what settings() returns by the roles' files."""
    defaults, specs = declared(lambda path: loader.load_from_file(path, trusted_as_template=True))

    def template(variables: _Raw, value: object) -> object:
        return templar.copy_with_new_env(available_variables=variables).template(value)

    return lambda variables: settings(variables, defaults, specs, template)


def builder(groups: Mapping[str, list[str]], named: str = "", name: str = "") -> str:
    """Return the machine that builds for all: the one named, the registry's host or the first seat.

    groups: the inventory's. named: the setting, empty where none is named. name: a host that is a
    room of its own, where there are no groups.
    """
    return named or [*(groups.get(_REGISTRY) or []), *(groups.get(ROOM) or []), name][0]


def room(
    groups: Mapping[str, list[str]], name: str, role_settings_of: Callable[[str], RoleSettings]
) -> Room:
    """Return the room of a host, as the inventory has it.

    name: the host; where there are no groups, it is a room of its own. role_settings_of: a function
    from a host's name to the settings of the roles there. The registry's at and mirror are
    host:port, each empty where there is none; its ca is empty, since an inventory does not have it.
    """
    seats = list(groups.get(ROOM) or [name])
    hosts = list(groups.get(_REGISTRY) or [])[:1]
    registry: RoomsRegistry = {"host": "", "at": "", "mirror": "", "ca": ""}
    for host in hosts:
        values = role_settings_of(host)
        address = str(values["room_registry_address"])
        if ":" in address and not address.startswith("["):
            address = f"[{address}]"  # an IPv6 address before a port
        registry["host"] = host
        registry["at"] = f"{address}:{values['room_registry_port']}"
        if values["room_registry_hub_mirror"]:
            registry["mirror"] = f"{address}:{values['room_registry_mirror_port']}"
    return {
        "seats": seats,
        "servers": [host for host in hosts if host not in seats],
        "builder": builder(groups, role_settings_of(name)["course_image_builder"], name),
        "registry": registry,
    }


def neighbour_wrong(neighbour: str, name: str, seats: list[str]) -> str:
    """Return what is wrong with a seat's neighbour, empty where that is right or there is none."""
    if not neighbour or (neighbour in seats and neighbour != name):
        return ""
    return f"seat_neighbour is '{neighbour}', which is no other seat of the room"


def settings_of(
    name: str, variables: Variables, loader: DataLoader, templar: Templar, *, mine: bool = True
) -> Settings:
    """Return the settings of a machine, as the judge takes them.

    variables: of the task that asks. mine: whether they are the machine's own; else the task is
    another machine's. The registry's CA is known if its host was asked in this run. twins and store
    are empty and attacks None, since nothing here knows them. Raises AnsibleError where machines
    could change variables.
    """
    refuse_injected_facts()
    hostvars, read = variables["hostvars"], reader(loader, templar)

    def variables_of(host: str) -> dict[str, object]:
        task: _Raw = variables
        raw = task if mine and host == name else hostvars.raw_get(host)
        # The revision is the room's: the play sets it, and other hosts' variables lack it.
        shared = ("course_image_revision", "hostvars", "groups")
        return {**raw, **{key: task[key] for key in shared if key in task}}

    own = variables_of(name)
    render = templar.copy_with_new_env(available_variables=own).template
    account = str(render(own.get("ansible_user", "")))
    values, wrong = read(own)
    neighbour = values["seat_neighbour"]

    def role_settings_of(host: str) -> RoleSettings:
        return values if host == name else read(variables_of(host))[0]

    the_room = room(variables["groups"], name, role_settings_of)
    if host := the_room["registry"]["host"]:
        seat = published(host, variables).get("seat")
        the_room["registry"]["ca"] = seat["registry"]["ca"] if seat else ""
    address = ""
    if error := neighbour_wrong(neighbour, name, the_room["seats"]):
        wrong.setdefault("seat", []).append(error)
    elif neighbour:
        address = role_settings_of(neighbour)["seat_address"]
    return {
        **values,
        "name": name,
        "account": account,
        "room": the_room,
        "wrong": wrong,
        "twins": [],
        "attacks": None,
        "store": {},
        "neighbour_address": address,
    }
