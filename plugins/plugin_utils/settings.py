# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine is to be like: what people have set for it, and the roles' defaults for the rest.

A role's defaults are seen only in the plays that name it, and never those of another host. Here
they are read from where people look for them, roles/*/defaults/main.yml, and checked by what
roles/*/meta/argument_specs.yml say of their types, for whichever host is asked about.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

Variables = Mapping[str, Any]
Room = dict[str, Any]

ROLES = Path(__file__).parents[2] / "roles"
# The roles whose settings the judge reads.
JUDGED = (
    "seat",
    "docker_engine",
    "course_image",
    "flask_container",
    "room_registry",
    "room_page",
)
# The inventory's groups. Nothing but this file knows them, and the plays' own hosts.
ROOM, REGISTRY = "lab", "registry"


def declared(load: Callable[[str], Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Give the defaults of all settings, name to value, and their specs, role to name to spec.

    load: reads a YAML file whose texts may be templates.
    """
    defaults: dict[str, Any] = {}
    specs = {}
    for role in JUDGED:
        defaults |= load(str(ROLES / role / "defaults/main.yml")) or {}
        told = load(str(ROLES / role / "meta/argument_specs.yml"))["argument_specs"]
        specs[role] = {
            name: {key: value for key, value in option.items() if key != "description"}
            for entry in told.values()
            for name, option in entry.get("options", {}).items()
        }
    return defaults, specs


def settings(
    variables: Variables,
    defaults: Variables,
    specs: Mapping[str, Mapping[str, Any]],
    template: Callable[[Variables, Any], Any],
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Give the settings, name to value of the right type, and what is wrong with them, by role.

    variables: the host's, as Ansible has them, unrendered. template: renders a value with them. A
    setting that is wrong has its default.
    """
    found: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for role, options in specs.items():
        known = {**defaults, **variables, "role_path": str(ROLES / role)}
        for name, option in options.items():
            if name not in known:
                continue
            try:
                value = template(known, known[name])
                checked = ArgumentSpecValidator({name: option}).validate({name: value})
                errors = checked.error_messages
                value = checked.validated_parameters[name]
            except AnsibleError as error:
                errors = [f"{name} cannot be read: {error}"]
            if errors:
                wrong.setdefault(role, []).extend(errors)
                value = template(known, defaults.get(name))
            found[name] = value
    return found, wrong


def builder(groups: Mapping[str, list[str]], named: str = "", name: str = "") -> str:
    """Give the machine that builds for all: the one named, the registry's host, the first seat.

    name: a host that is a room of its own, where there are no groups.
    """
    return named or [*(groups.get(REGISTRY) or []), *(groups.get(ROOM) or []), name][0]


def room(groups: Mapping[str, list[str]], name: str, of: Callable[[str], Variables]) -> Room:
    """Give the room as the inventory has it, as a host sees it.

    name: that host; where there are no groups, it is a room of its own. of: gives the settings of a
    host. Gives seats and servers, the names of the machines; builder, the one that builds for all;
    and registry: host, its name; at and mirror, host:port of the registry and of the mirror of
    Docker Hub, each empty where there is none.
    """
    seats = list(groups.get(ROOM) or [name])
    hosts = list(groups.get(REGISTRY) or [])[:1]
    registry = {"host": "", "at": "", "mirror": ""}
    for host in hosts:
        told = of(host)
        address = bracketed(str(told["room_registry_address"]))
        registry = {"host": host, "at": f"{address}:{told['room_registry_port']}", "mirror": ""}
        if told["room_registry_hub_mirror"]:
            registry["mirror"] = f"{address}:{told['room_registry_mirror_port']}"
    return {
        "seats": seats,
        "servers": [host for host in hosts if host not in seats],
        "builder": builder(groups, of(name)["course_image_builder"], name),
        "registry": registry,
    }


def bracketed(address: str) -> str:
    """Give an address as it stands before a port: one of IPv6 in brackets."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
