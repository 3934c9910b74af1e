# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine is to be like: what people have set for it, and the roles' defaults for the rest.

A role's defaults are seen only in the plays that name it, and never those of another host. Here
they are read from where people look for them, roles/*/defaults/main.yml, and checked by what
roles/*/meta/argument_specs.yml say of their types, for whichever host is asked about.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import LARGEST
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Room,
    RoomsRegistry,
    Want,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.published import (
    published,
    refuse_injected_facts,
)

Variables = Mapping[str, Any]

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
# What a setting may be, where files decide that.
CHOICES = {"room_page_language": catalogue.LANGUAGES}
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
            | ({"choices": list(CHOICES[name])} if name in CHOICES else {})
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
    setting that is wrong has its default, and no password is in what is said of it.
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
                # Python does not even write one of thousands of digits.
                if isinstance(value, int) and abs(value) >= LARGEST:
                    errors = [f"{name} is larger than any number that is counted to"]
            # ArithmeticError of what is infinite, and to be a whole number; TypeError of a list in
            # a list that is to have keys.
            except (AnsibleError, ArithmeticError, TypeError) as error:
                errors = [f"{name} cannot be read: {error}"]
            if errors:
                wrong.setdefault(role, []).extend(map(sentence_without_passwords, errors))
            # One of null is not set, as Ansible itself has it of an option that has a default.
            if errors or value is None:
                value = template(known, defaults.get(name))
            found[name] = value
    return found, wrong


def reader(
    loader: Any,  # noqa: ANN401  # Ansible's come without types
    templar: Any,  # noqa: ANN401
) -> Callable[[Variables], tuple[dict[str, Any], dict[str, list[str]]]]:
    """Give what gives, from a host's variables, what settings() gives by the roles' files."""
    defaults, specs = declared(lambda path: loader.load_from_file(path, trusted_as_template=True))

    def template(known: Variables, value: object) -> Any:  # noqa: ANN401
        return templar.copy_with_new_env(available_variables=known).template(value)

    return lambda variables: settings(variables, defaults, specs, template)


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
    Docker Hub, each empty where there is none; and ca, its CA's certificate in PEM, empty: an
    inventory does not tell it.
    """
    seats = list(groups.get(ROOM) or [name])
    hosts = list(groups.get(REGISTRY) or [])[:1]
    registry: RoomsRegistry = {"host": "", "at": "", "mirror": "", "ca": ""}
    for host in hosts:
        told = of(host)
        address = bracketed(str(told["room_registry_address"]))
        registry["host"] = host
        registry["at"] = f"{address}:{told['room_registry_port']}"
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


def wanted(
    name: str,
    variables: Mapping[str, Any],
    loader: Any,  # noqa: ANN401
    templar: Any,  # noqa: ANN401
    *,
    mine: bool = True,
) -> Want:
    """Return what a machine is to be like, as the judge takes it.

    Other names of the machine and attacks are known to nobody here: it has none of them.

    variables: of the task that asks. mine: whether they are the machine's own, and not those of
    another one, whose task it is. The registry's CA is known where its host was asked in this run.
    Raises AnsibleError where machines could change variables.
    """
    refuse_injected_facts()
    hostvars, read = variables["hostvars"], reader(loader, templar)

    def known_of(host: str) -> dict[str, Any]:
        raw = variables if mine and host == name else hostvars.raw_get(host)
        # A play says it, and another host's variables do not: it is the room's.
        asked = {key: variables[key] for key in ("course_image_revision",) if key in variables}
        return {**raw, **asked, "hostvars": hostvars, "groups": variables["groups"]}

    def of(host: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
        return read(known_of(host))

    known = known_of(name)
    render = templar.copy_with_new_env(available_variables=known).template
    account = str(render(known.get("ansible_user", "")))
    found, wrong = of(name)
    told = room(variables["groups"], name, lambda host: found if host == name else of(host)[0])
    if host := told["registry"]["host"]:
        seat = published(host, variables).get("seat")
        told["registry"]["ca"] = seat["registry"]["ca"] if seat else ""
    named = {"name": name, "account": account, "room": told, "wrong": wrong}
    # The roles' argument specs have been held against each value; a test holds them against Want.
    return cast("Want", {**found, **named, "twins": [], "attacks": None})
