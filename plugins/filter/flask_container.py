# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell which container of a seat is the toolkit's, and whether it is as it has to be."""

DOCUMENTATION = r"""
name: flask_container
short_description: The course's container on a seat, and what has to become of it
description:
  - The toolkit's containers are those whose IDs it has recorded, whatever their names are by now; a
    label, which anybody can copy, proves nothing. Where a version before this one has made it,
    which recorded none, it is known once more by its name and label.
  - A container of the course's name that somebody has started by hand from the course image, as the
    course says, is replaced as well.
options:
  _input:
    description: The fact C(seat).
    type: dict
    required: true
positional: settings
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show the containers that the toolkit has made
  ansible.builtin.debug:
    msg: "{{ (ansible_facts['seat'] | labocloud.room.flask_container(settings)).own }}"
"""

RETURN = r"""
_value:
  description:
    - V(present), the facts of the container of that name, none where there is none; V(own), the
      toolkit's containers, name to ID; V(replaces), the ID of the one that a new one takes the
      place of, empty where there is none; V(left), the ID of a successor that an interrupted run
      has left, or empty; V(ours), whether a container of that name is the one to replace;
      V(holders), who else holds the port; V(rights) and V(limits), the fields in which it differs
      from what it has to be, those by which it reaches out of itself and the others.
  type: dict
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible.module_utils.common.text.formatters import human_to_bytes

Facts = Mapping[str, Any]

MANAGED = "labocloud.managed"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
# Docker starts nothing with less.
LEAST_MEMORY = 6 * 2**20
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # compared with
COURSES_PORT = "8888/tcp"

# What the container has to be, by Docker's own names: what tasks/main.yml starts it with. The rest
# depends on the settings. By these it could reach out of itself:
RIGHTS: dict[str, Any] = {
    "CapAdd": [],
    "Devices": [],
    "GroupAdd": [],
    "IpcMode": "",
    "Mounts": [],
    "NetworkMode": "",
    "PidMode": "",
    "Privileged": False,
    "UTSMode": "",
    "User": "10001:10001",
    "UsernsMode": "",
}
# And these hold it in. Those that run the course's command by hand leave them out.
LIMITS: dict[str, Any] = {
    "CapDrop": ["ALL"],
    "ReadonlyRootfs": True,
    "SecurityOpt": ["no-new-privileges"],
    "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},  # noqa: S108  # the container's own
}
# Of these, what counts is whether it is the host's or another container's.
MODES = ("IpcMode", "NetworkMode", "PidMode", "UTSMode", "UsernsMode")


def memory_bytes(text: object) -> int:
    """Give a size as Docker writes it in bytes, 0 where it is none."""
    try:
        return int(human_to_bytes(str(text)))
    except ValueError:
        return 0


def successor(settings: Facts) -> str:
    """Give the name that a new container has until it takes over."""
    return f"{settings['name']}-next"


def has_to_be(settings: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what the container has to be, by Docker's own names: rights and limits."""
    binding = f"{settings['bind_address']}:{settings['host_port']}:{COURSES_PORT}"
    return RIGHTS, LIMITS | {
        "Memory": memory_bytes(settings["memory"]),
        "NanoCpus": int(settings["cpus"] * 10**9),
        "PidsLimit": settings["pids_limit"],
        "PortBindings": [binding],
    }


def plain(key: str, value: object) -> object:
    """Give a value in one of the ways that versions of Docker have of telling the same."""
    if key in MODES:
        return value if re.match(r"host$|container:", str(value)) else None
    if isinstance(value, list):
        value = sorted(map(str, value))
    return value or None


def differences(settings: Facts, told: Facts) -> tuple[list[str], list[str]]:
    """Give the fields in which a container differs from what it has to be: rights and limits.

    told: what it was started with, as seat_facts gives it; empty, nothing is known.
    """
    if not told:
        return [], []
    rights, limits = (
        [key for key, value in wanted.items() if plain(key, told.get(key)) != plain(key, value)]
        for wanted in has_to_be(settings)
    )
    # Where there is another option, it takes a protection away.
    if set(map(str, told.get("SecurityOpt") or [])) - set(LIMITS["SecurityOpt"]):
        limits.remove("SecurityOpt")
        rights.append("SecurityOpt")
    return rights, limits


def made_before(seat: Facts, container: Facts) -> bool:
    """Tell by its label that the toolkit has made a container, as far as a label can tell."""
    # A container inherits the labels of its image, and an image those of a container that was
    # committed.
    images = seat["images"].values()
    inherited = {
        label
        for image in images
        if image["id"] == container["image_id"]
        for label in image["labels"]
    }
    return MANAGED in container["labels"] and MANAGED not in inherited


def own(seat: Facts, settings: Facts) -> dict[str, str]:
    """Give the containers that the toolkit has made: name to ID."""
    containers, brought = seat["containers"], seat["brought"]
    if "containers" in brought:
        recorded, pending = brought["containers"], [brought.get("making")]
    else:
        recorded, pending = [], [settings["name"], successor(settings)] if seat["before"] else []
    return {
        name: container["id"]
        for name, container in containers.items()
        if container["id"] in recorded or (name in pending and made_before(seat, container))
    }


def is_the_courses(seat: Facts, container: Facts) -> bool:
    """Tell whether a container runs an image that the toolkit has brought."""
    return any(
        image["id"] == container["image_id"] and image["fingerprint"] == seat["built"].get(name)
        for name, image in seat["images"].items()
        if image["labels"].get("labocloud.image") == "course"
    )


def flask_container(seat: Facts, settings: Facts) -> dict[str, Any]:
    """Give what the filter's documentation says.

    settings: name, host_port, bind_address, memory, cpus and pids_limit, as the role has them.
    """
    present = seat["containers"].get(settings["name"])
    mine = own(seat, settings)
    left = mine.get(successor(settings), "")
    # The one of the name that was set before, too.
    served = {name: key for name, key in mine.items() if key != left}
    replaces = served.get(settings["name"]) or next(iter(served.values()), "")
    if not replaces and present and is_the_courses(seat, present):
        replaces = present["id"]
    known = {replaces, *mine.values()}
    port = settings["host_port"]
    rights, limits = differences(settings, present["settings"]) if present else ([], [])
    return {
        "present": present,
        "own": mine,
        "replaces": replaces,
        "left": left,
        "ours": present is not None and present["id"] == replaces,
        "holders": [
            one
            for one in seat["listeners"]
            if one["port"] == port
            and seat["containers"].get(one["container"], {"id": None})["id"] not in known
        ],
        "rights": rights,
        "limits": limits,
    }


def holder(seat: Facts, listener: Facts) -> str:
    """Name who holds a port, as a person would look for it."""
    if listener["container"]:
        image = seat["containers"][listener["container"]]["image"]
        return f"container {listener['container']} ({image})"
    if listener["process"]:
        return f"{listener['process']} (pid {listener['pid']})"
    return "a process that cannot be seen from here"


def wrong_settings(seat: Facts, settings: Facts, host: str) -> list[str]:
    """Give what is wrong with the settings themselves, and what to do."""
    found = []

    def refuse(name: str, fix: str) -> None:
        found.append(f"{host}: flask_container_{name} is {settings[name]}. Fix: {fix}.")

    if not NAME.fullmatch(str(settings["name"])):
        refuse("name", "give letters without accents, digits, - and _; the course uses flask")
    if settings["host_port"] not in range(1, 65536):
        refuse("host_port", "give a port from 1 to 65535; the course uses 8080")
    try:
        address = IPv4Address(str(settings["bind_address"]))
    except ValueError:
        refuse(
            "bind_address", f"give an IPv4 address of the seat, or {ANY_ADDRESS} for all of them"
        )
    else:
        has = seat["network"]["addresses"]
        here = any(address in IPv4Network(one, strict=False) for one in has)
        if has and str(address) != ANY_ADDRESS and not here:
            others = [one.partition("/")[0] for one in has if one.endswith("/32")]
            refuse(
                "bind_address",
                f"give an address of the seat ({', '.join(others)}), or {ANY_ADDRESS} for all",
            )
    if memory_bytes(settings["memory"]) < LEAST_MEMORY:
        refuse("memory", "give a number with K, M or G, 6M or more; the default is 128M")
    if settings["pids_limit"] < 1:
        refuse("pids_limit", "give 1 or more; the default is 64")
    return found


def flask_container_refusals(seat: Facts, settings: Facts, host: str) -> list[str]:
    """Give why the container cannot run on a seat, each with what to do; none where it can.

    host: the seat's name in the inventory.
    """
    wrong = wrong_settings(seat, settings, host)
    if wrong:
        return wrong
    found = []
    name, next_one = settings["name"], successor(settings)
    plan = flask_container(seat, settings)
    if plan["present"] and not plan["ours"]:
        found.append(
            f"{host} has a container {name} that runs {plan['present']['image']}, not the course"
            f" image. Fix: on the seat, `docker rm -f {name}`; or set another flask_container_name."
        )
    if next_one in seat["containers"] and not plan["left"]:
        found.append(
            f"{host} has a container {next_one} that is not the toolkit's, which makes its next one"
            f" under that name. Fix: on the seat, `docker rename {next_one} other`, or"
            f" `docker rm -f {next_one}`; or set another flask_container_name."
        )
    if plan["holders"]:
        found.append(
            f"{host}: port {settings['host_port']} is held by {holder(seat, plan['holders'][0])}."
            " Fix: stop it, or set flask_container_host_port to a free port."
        )
    return found


class FilterModule:
    """Tell Ansible of the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {
            "flask_container": flask_container,
            "flask_container_refusals": flask_container_refusals,
        }
