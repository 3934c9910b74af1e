# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The course's container and its page.

What the container has to be is one dict, as Docker's API takes it: the module flask_container makes
it of that, and what runs is held against it. The toolkit's containers are those whose IDs it has
recorded, whatever their names are by now; a label, which anybody can copy, proves nothing. One of
the course's name that somebody has started by hand from the course image, as the course says, is
replaced as well.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import (
    Container,
    JsonObject,
    Listener,
    Seat,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ContainerValues,
    ContainerVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import images, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.network import network
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

MANAGED = "labocloud.managed"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
# Docker starts nothing with less.
LEAST_MEMORY = 6 * 2**20
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # compared with
# What a listener tells that is at all addresses: the second one of IPv6, the last one Docker's.
ANYWHERE = (ANY_ADDRESS, "::", "")
COURSES_PORT = "8888/tcp"
# How often Docker asks the container, in nanoseconds; how it asks is the image's own. Each time
# takes a tenth of a second of the seat's processor, as long as it runs. A run asks the page itself.
HEALTH = {"Interval": 60 * 10**9, "Timeout": 30 * 10**9, "Retries": 3}
SHORT = 12

# By these a container could reach out of itself. All others hold it in; those that run the course's
# command by hand leave them out.
LISTS = ("CapAdd", "DeviceCgroupRules", "Devices", "GroupAdd", "Mounts")
# Of these, what counts is whether it is the host's or another container's.
MODES = ("IpcMode", "NetworkMode", "PidMode", "UTSMode", "UsernsMode")
RIGHTS = {*LISTS, *MODES, "Privileged", "User"}
# How it comes and goes takes nothing away from it, and neither does its image.
WAYS = {"AutoRemove", "Image", "RestartPolicy"}


# A size, as Ansible reads and spells one: 128M, 1.5 GB, 6 megabyte.
SIZE = re.compile(r"([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*")
PREFIXES = ("", "kilo", "mega", "giga", "tera", "peta", "exa", "zeta", "yotta")


def memory_bytes(text: object) -> int:
    """Return a size in bytes, 0 where it is none."""
    size = SIZE.fullmatch(str(text))
    if not size:
        return 0
    number, unit = float(size[1]), size[2] or "B"
    for power, prefix in enumerate(PREFIXES):
        letter = prefix[:1].upper() or "B"
        short = {letter, letter.lower(), f"{letter}B" if prefix else letter}
        if unit in short or unit.lower() == f"{prefix}byte":
            return round(number * (1 << 10 * power))
    return 0


def successor(want: Want) -> str:
    """Give the name that a new container has until it takes over."""
    return f"{want['flask_container_name']}-next"


def url(want: Want) -> str:
    """Give where the page answers, on the seat itself."""
    address = want["flask_container_bind_address"]
    return (
        f"http://{'127.0.0.1' if address == ANY_ADDRESS else address}"
        f":{want['flask_container_host_port']}"
    )


def container_of(want: Want, has: Seat) -> JsonObject:
    """Give what the container has to be, as POST /containers/create of Docker's API takes it."""
    persistent = want["flask_container_lifecycle"] == "persistent"
    docker = has["docker"]
    # What an engine cannot limit it would not tell of.
    memory = memory_bytes(want["flask_container_memory"]) if docker["memory"] else 0
    pids = want["flask_container_pids_limit"] if docker["pids"] else 0
    # Docker refuses a limit of more CPUs than there are, or than it can limit; 0 is none.
    cpus = min(want["flask_container_cpus"], docker["cpus"])
    binding = {
        "HostIp": want["flask_container_bind_address"],
        "HostPort": str(want["flask_container_host_port"]),
    }
    return {
        "Image": want["flask_container_image"],
        "User": "10001:10001",
        "Labels": {MANAGED: "true"},
        "ExposedPorts": {COURSES_PORT: {}},
        "Healthcheck": HEALTH,
        "HostConfig": {
            "AutoRemove": not persistent,
            "RestartPolicy": {"Name": "always" if persistent else "no"},
            "PortBindings": {COURSES_PORT: [binding]},
            "Privileged": False,
            **{key: [] for key in LISTS},
            **dict.fromkeys(MODES, ""),
            "NetworkMode": "default",
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": ["no-new-privileges"],
            "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},  # noqa: S108  # its own
            "Memory": memory,
            "MemorySwap": memory,
            "NanoCpus": int(cpus * 10**9),
            "PidsLimit": pids,
        },
    }


def as_told(wanted: JsonObject) -> JsonObject:
    """Give what a container has to be in the terms in which a machine tells of one."""
    bindings = [
        f"{one['HostIp']}:{one['HostPort']}:{port}"
        for port, ends in wanted["HostConfig"]["PortBindings"].items()
        for one in ends
    ]
    told = {**wanted["HostConfig"], "User": wanted["User"], "PortBindings": bindings}
    # Where the kernel does not count what is swapped, Docker tells another one than it was given.
    del told["MemorySwap"]
    return told


def plain(key: str, value: object) -> object:
    """Give a value in one of the ways that versions of Docker have of telling the same."""
    if key in MODES:
        return value if re.match(r"host$|container:", str(value)) else None
    if key == "RestartPolicy" and isinstance(value, Mapping):
        value = value.get("Name") if value.get("Name") != "no" else None
    if isinstance(value, list):
        value = sorted(map(str, value))
    return value or None


def differences(has: Seat, wanted: JsonObject, container: Container) -> list[str]:
    """Give the fields, by Docker's names, in which a container differs from what it has to be."""
    told = container["settings"]
    # Where nothing is known of it, it has just gone.
    found = [
        key
        for key, value in as_told(wanted).items()
        if told and plain(key, told.get(key)) != plain(key, value)
    ]
    image = has["images"].get(wanted["Image"])
    if image and image["id"] != container["image_id"]:
        found.append("Image")
    return sorted(found)


def reaching_out(wanted: JsonObject, container: Container, differs: list[str]) -> list[str]:
    """Give those of the fields by which a container may reach out of itself."""
    told = container["settings"].get("SecurityOpt") or []
    options = {str(one) for one in (told if isinstance(told, list) else [told])}
    # Where there is another option, it takes a protection away.
    loosened = options - set(wanted["HostConfig"]["SecurityOpt"])
    return [key for key in differs if key in RIGHTS or (key == "SecurityOpt" and loosened)]


def made_before(has: Seat, container: Container) -> bool:
    """Tell by its label that the toolkit has made a container, as far as a label can tell."""
    # A container inherits the labels of its image, and an image those of a container that was
    # committed.
    inherited = {
        label
        for image in has["images"].values()
        if image["id"] == container["image_id"]
        for label in image["labels"]
    }
    return MANAGED in container["labels"] and MANAGED not in inherited


def is_the_courses(has: Seat, container: Container) -> bool:
    """Tell whether a container runs an image that the toolkit has brought."""
    return any(
        image["id"] == container["image_id"] and images.ours(has, name)
        for name, image in has["images"].items()
        if image["labels"].get("labocloud.image") == "course"
    )


def made(has: Seat) -> dict[str, str]:
    """Return the containers that the toolkit has made: name to ID."""
    recorded = has["brought"].get("containers", [])
    making = has["brought"].get("making")
    return {
        name: container["id"]
        for name, container in has["containers"].items()
        if container["id"] in recorded or (name == making and made_before(has, container))
    }


class Whose(NamedTuple):
    """Which containers are the toolkit's, by their IDs.

    own: those that it has made. left: the successor among them that an interrupted run has left,
    empty where there is none. replaces: the one that a new one takes the place of, or empty.
    """

    own: list[str]
    left: str
    replaces: str


def whose_they_are(has: Seat, want: Want) -> Whose:
    """Tell which containers of a machine are the toolkit's, and what becomes of them."""
    name, mine = want["flask_container_name"], made(has)
    left = mine.get(successor(want), "")
    # The one of the name that was set before, too.
    served = {one: key for one, key in mine.items() if key != left}
    replaces = served.get(name) or next(iter(served.values()), "")
    present = has["containers"].get(name)
    if not replaces and present and is_the_courses(has, present):
        replaces = present["id"]
    return Whose(list(mine.values()), left, replaces)


def meet(one: str, other: str) -> bool:
    """Tell whether who listens at one address is in the way of another one, of IPv4."""
    one = one.removeprefix("::ffff:")
    if other == ANY_ADDRESS:
        return one in ANYWHERE or ":" not in one
    return one in ANYWHERE or one == other


def holders(has: Seat, want: Want, known: set[str]) -> list[Listener]:
    """Give who else holds the port of the page. known: IDs of containers that may.

    An engine without root holds it itself; where that one does not answer, it starts anew.
    """
    silent = rootless.is_so(has) and not has["docker"]["running"]
    address = str(want["flask_container_bind_address"])
    allowed = {name for name, container in has["containers"].items() if container["id"] in known}
    return [
        one
        for one in has["listeners"]
        if one["port"] == want["flask_container_host_port"]
        and meet(one["address"], address)
        and one["container"] not in allowed
        and not (silent and one["process"] == "rootlesskit")
    ]


def holder(has: Seat, listener: Listener) -> str:
    """Name who holds a port, as a person would look for it."""
    if name := listener["container"]:
        container = has["containers"].get(name)
        return f"container {name} ({container['image']})" if container else f"container {name}"
    if listener["process"]:
        return f"{listener['process']} (pid {listener['pid']})"
    return "a process that cannot be seen from here"


def wrong_address(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell where the address that the page is to answer at is none of the machine's."""
    text = str(want["flask_container_bind_address"])
    try:
        address = IPv4Address(text)
    except ValueError:
        yield finding("container_address_wrong", want["name"], value=text)
        return
    # Where a machine tells none, nothing is known of them.
    there = has["network"]["addresses"]
    here = any((one := network(text_)) and address in one for text_ in there)
    if there and text != ANY_ADDRESS and not here:
        others = ", ".join(one.partition("/")[0] for one in there if one.endswith("/32"))
        yield finding("container_address_elsewhere", want["name"], value=text, others=others)


def wrong_settings(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell what is wrong with the settings themselves."""
    seat = want["name"]
    if wrong := want["wrong"].get("flask_container"):
        yield finding("setting_wrong", seat, what="; ".join(wrong))
    if not NAME.fullmatch(name := str(want["flask_container_name"])):
        yield finding("container_name_wrong", seat, value=name)
    if (port := want["flask_container_host_port"]) not in range(1, 65536):
        yield finding("container_port_wrong", seat, value=port)
    yield from wrong_address(has, want)
    if memory_bytes(memory := want["flask_container_memory"]) < LEAST_MEMORY:
        yield finding("container_memory_wrong", seat, value=memory)
    # Of what is no number, this is not so either.
    if not (cpus := want["flask_container_cpus"]) >= 0:
        yield finding("container_cpus_wrong", seat, value=cpus)
    if (limit := want["flask_container_pids_limit"]) < 1:
        yield finding("container_pids_wrong", seat, value=limit)


def page_right(has: Seat, container: Container) -> bool:
    """Tell whether the page is that of the container, where anybody asked for it."""
    page, runs = has["page"], container["labels"].get("labocloud.revision", "")
    return page is None or page["revision"] == runs


def old_image(has: Seat, want: Want, builder: Builder, container: Container) -> Iterator[Finding]:
    """Tell of a container of another image than has its image's name by now.

    Where that one is not right itself, this explains the container.
    """
    tag = want["flask_container_image"]
    image = has["images"].get(tag)
    if image is None or image["id"] == container["image_id"]:
        return
    if tag == want["course_image_tag"] and images.judge(has, want, builder)["findings"]:
        return
    had, wanted = container["labels"].get("labocloud.revision", ""), image["revision"]
    if had == wanted:
        had, wanted = (one.removeprefix("sha256:") for one in (container["image_id"], image["id"]))
    short = {"had": had[:SHORT] or "?", "wanted": wanted[:SHORT] or "?"}
    yield finding("container_old", want["name"], container=want["flask_container_name"], **short)


def running(
    has: Seat, want: Want, builder: Builder, container: Container, differs: list[str]
) -> Iterator[Finding]:
    """Judge the course's own container that runs, and its page."""
    seat, name = want["name"], want["flask_container_name"]
    rights = reaching_out(container_of(want, has), container, differs)
    limits = [key for key in differs if key not in WAYS and key not in rights]
    if rights:
        yield finding("container_altered", seat, container=name, fields=", ".join(rights))
    if limits:
        yield finding("container_unlimited", seat, container=name, fields=", ".join(limits))
    # Of an engine without root, its own part tells what it cannot limit.
    if want["flask_container_cpus"] and not (has["docker"]["cpus"] or rootless.wanted(want)):
        yield finding("cpu_unlimited", seat, container=name)
    page = has["page"]
    if page and not page_right(has, container):
        answered = page["revision"]
        why = page["why"] if answered is None else f"revision {answered[:SHORT] or '?'} answers"
        values = {"url": url(want), "why": why.rstrip(".") or "no answer"}
        yield finding("container_unhealthy", seat, container=name, **values)
    else:
        yield from old_image(has, want, builder, container)


def refusals(has: Seat, want: Want, whose: Whose, present: Container | None) -> Iterator[Finding]:
    """Tell what keeps the container from running: what is somebody else's."""
    seat, name, following = want["name"], want["flask_container_name"], successor(want)
    told = {whose.replaces, *whose.own}
    if present and present["id"] != whose.replaces:
        told.add(present["id"])
        yield finding("container_foreign", seat, container=name, image=present["image"])
    if following in has["containers"] and not whose.left:
        yield finding("container_next_foreign", seat, container=following)
    for listener in holders(has, want, told)[:1]:
        port = want["flask_container_host_port"]
        yield finding("port_taken", seat, port=port, holder=holder(has, listener))


def away(has: Seat, want: Want, present: Container | None) -> Iterator[Finding]:
    """Tell of a container that does not run; without an engine there is nothing to tell."""
    values = {"container": want["flask_container_name"]}
    if present:
        yield finding("container_stopped", want["name"], state=present["state"], **values)
    elif has["docker"]["running"]:
        yield finding("container_missing", want["name"], **values)


def values_of(want: Want, whose: Whose) -> ContainerValues:
    """Return what the tasks of the role need to know, where there is to be no container."""
    return {
        "own": whose.own,
        "left": whose.left,
        "replaces": whose.replaces,
        "removal": list(dict.fromkeys(filter(None, [*whose.own, whose.replaces]))),
        "successor": successor(want),
        "wanted": {},
        "differs": [],
    }


def judge(has: Seat, want: Want, builder: Builder) -> ContainerVerdict:
    """Judge the container."""
    whose = whose_they_are(has, want)
    values = values_of(want, whose)
    if want["name"] not in want["room"]["seats"]:
        return {**verdict(), **values}
    if wrong := list(wrong_settings(has, want)):
        return {**verdict(settled=False, refused=wrong), **values}
    present = has["containers"].get(want["flask_container_name"])
    ours = present if present and present["id"] == whose.replaces else None
    runs = ours if ours and ours["state"] == "running" else None
    values["wanted"] = wanted = container_of(want, has)
    values["differs"] = differs = differences(has, wanted, ours) if ours else []
    found = list(running(has, want, builder, runs, differs)) if runs else []
    recorded = runs is not None and runs["id"] in has["brought"].get("containers", [])
    if runs and recorded and not differs and page_right(has, runs):
        return {**verdict(found), **values}
    refused = list(refusals(has, want, whose, present))
    kinds = {one["id"] for one in refused}
    if runs:
        # Who holds the port answers in its place.
        explained = {"container_unhealthy"} if "port_taken" in kinds else set()
        found = [one for one in found if one["id"] not in explained]
    elif not kinds & {"port_taken", "container_foreign"}:
        found = list(away(has, want, present))
    return {**verdict(found, settled=False, refused=refused), **values}
