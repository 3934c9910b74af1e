# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the course's container and its page.

The desired container is one dict, as Docker's API takes it: the module flask_container creates the
container from that dict, and the running container is compared with it. The toolkit's containers
are those whose IDs it has recorded, whatever their names are by now; a label, which anybody can
copy, proves nothing. A container of the course's name that somebody has started by hand from the
course image, as the course says, is replaced as well.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import (
    Container,
    Listener,
    SeatFacts,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ContainerVerdict,
    DesiredContainer,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import images, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.network import network
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.revisions import is_ours
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

_MANAGED = "labocloud.managed"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
# Docker starts no container with less.
_LEAST_MEMORY = 6 * 2**20
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # compared with
# What a listener on all addresses has as its address: in IPv4, in IPv6, and through Docker.
_ANYWHERE = (_ANY_ADDRESS, "::", "")
_COURSES_PORT = "8888/tcp"
# How often Docker checks the container's health, in nanoseconds; the image has the command. Each
# check takes a tenth of a second of the seat's processor. A run requests the page itself.
_HEALTH = {"Interval": 60 * 10**9, "Timeout": 30 * 10**9, "Retries": 3}
_SHORT = 12

# By these fields a container could reach out of itself. All other fields confine it; people who run
# the course's command by hand leave those out.
_LISTS = ("CapAdd", "DeviceCgroupRules", "Devices", "GroupAdd", "Mounts")
# Of a mode only matters whether it is the host's or another container's.
_MODES = ("IpcMode", "NetworkMode", "PidMode", "UTSMode", "UsernsMode")
_RIGHTS = {*_LISTS, *_MODES, "Privileged", "User"}
# These fields neither confine the container nor loosen it.
_NEUTRAL = {"AutoRemove", "Image", "RestartPolicy"}
_SECURITY_OPTIONS = ["no-new-privileges"]

# A size, as Ansible reads and spells it: 128M, 1.5 GB, 6 megabyte.
_SIZE = re.compile(r"([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*")
_PREFIXES = ("", "kilo", "mega", "giga", "tera", "peta", "exa", "zeta", "yotta")


def memory_bytes(text: object) -> int:
    """Return a size in bytes, 0 where the text is no size."""
    size = _SIZE.fullmatch(str(text))
    if not size:
        return 0
    number, unit = float(size[1]), size[2] or "B"
    for power, prefix in enumerate(_PREFIXES):
        letter = prefix[:1].upper() or "B"
        short = {letter, letter.lower(), f"{letter}B" if prefix else letter}
        if unit in short or unit.lower() == f"{prefix}byte":
            return round(number * (1 << 10 * power))
    return 0


def successor(settings: Settings) -> str:
    """Return the name that a new container has until it takes over."""
    return f"{settings['flask_container_name']}-next"


def url(settings: Settings) -> str:
    """Return the URL of the page on the seat itself."""
    address = settings["flask_container_bind_address"]
    return (
        f"http://{'127.0.0.1' if address == _ANY_ADDRESS else address}"
        f":{settings['flask_container_host_port']}"
    )


def container_of(settings: Settings, has: SeatFacts) -> DesiredContainer:
    """Return the desired container, as POST /containers/create of Docker's API takes it."""
    is_persistent = settings["flask_container_lifecycle"] == "persistent"
    docker = has["docker"]
    # An engine does not report limits that it cannot set.
    memory = memory_bytes(settings["flask_container_memory"]) if docker["memory"] else 0
    pids = settings["flask_container_pids_limit"] if docker["pids"] else 0
    # Docker refuses a limit of more CPUs than there are, or than it can limit; 0 is none.
    cpus = min(settings["flask_container_cpus"], docker["cpus"])
    binding = {
        "HostIp": settings["flask_container_bind_address"],
        "HostPort": str(settings["flask_container_host_port"]),
    }
    return {
        "Image": settings["flask_container_image"],
        "User": "10001:10001",
        "Labels": {_MANAGED: "true"},
        "ExposedPorts": {_COURSES_PORT: {}},
        "Healthcheck": _HEALTH,
        "HostConfig": {
            "AutoRemove": not is_persistent,
            "RestartPolicy": {"Name": "always" if is_persistent else "no"},
            "PortBindings": {_COURSES_PORT: [binding]},
            "Privileged": False,
            **{key: [] for key in _LISTS},
            **dict.fromkeys(_MODES, ""),
            "NetworkMode": "default",
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": True,
            "SecurityOpt": _SECURITY_OPTIONS,
            "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},  # noqa: S108  # its own
            "Memory": memory,
            "MemorySwap": memory,
            "NanoCpus": int(cpus * 10**9),
            "PidsLimit": pids,
        },
    }


def as_facts(settings: Settings, has: SeatFacts) -> dict[str, object]:
    """Return the desired container in the form of a seat's facts."""
    wanted = container_of(settings, has)
    address, port = settings["flask_container_bind_address"], settings["flask_container_host_port"]
    bindings = [f"{address}:{port}:{_COURSES_PORT}"]
    facts = {**wanted["HostConfig"], "User": wanted["User"], "PortBindings": bindings}
    # Where the kernel does not count swap, Docker reports another value than it was given.
    del facts["MemorySwap"]
    return facts


def _normalized(key: str, value: object) -> object:
    """Return a value in one form, since versions of Docker report the same in several."""
    if key in _MODES:
        return value if re.match(r"host$|container:", str(value)) else None
    if key == "RestartPolicy" and isinstance(value, Mapping):
        value = value.get("Name") if value.get("Name") != "no" else None
    if isinstance(value, list):
        value = sorted(map(str, value))
    return value or None


def _differences(has: SeatFacts, settings: Settings, container: Container) -> list[str]:
    """Return the fields, by Docker's names, in which a container differs from the desired one."""
    actual = container["settings"]
    # A container without settings has disappeared while the seat was asked.
    fields = [
        key
        for key, value in as_facts(settings, has).items()
        if actual and _normalized(key, actual.get(key)) != _normalized(key, value)
    ]
    image = has["images"].get(settings["flask_container_image"])
    if image and image["id"] != container["image_id"]:
        fields.append("Image")
    return sorted(fields)


def _reaching_out(container: Container, differs: list[str]) -> list[str]:
    """Return those of the differing fields by which a container may reach out of itself."""
    value = container["settings"].get("SecurityOpt") or []
    options = {str(option) for option in (value if isinstance(value, list) else [value])}
    # An option beyond the desired ones takes a protection away.
    loosening = options.difference(_SECURITY_OPTIONS)
    return [key for key in differs if key in _RIGHTS or (key == "SecurityOpt" and loosening)]


def _is_labelled(has: SeatFacts, container: Container) -> bool:
    """Return whether a container has the toolkit's label, and not from its image."""
    # A container inherits its image's labels, and an image those of a container that was committed.
    inherited = {
        label
        for image in has["images"].values()
        if image["id"] == container["image_id"]
        for label in image["labels"]
    }
    return _MANAGED in container["labels"] and _MANAGED not in inherited


def _is_the_courses(has: SeatFacts, container: Container) -> bool:
    """Return whether a container runs a course image that the toolkit has brought."""
    return any(
        image["id"] == container["image_id"] and is_ours(has, name)
        for name, image in has["images"].items()
        if image["labels"].get("labocloud.image") == "course"
    )


def _own_containers(has: SeatFacts) -> dict[str, str]:
    """Return the containers that the toolkit has created: name to ID."""
    recorded = has["brought"].get("containers", [])
    making = has["brought"].get("making")
    return {
        name: container["id"]
        for name, container in has["containers"].items()
        if container["id"] in recorded or (name == making and _is_labelled(has, container))
    }


class _Ownership(NamedTuple):
    """The containers that are the toolkit's, by their IDs.

    own: those that it has created. left: the successor among them that an interrupted run has left,
    or empty. replaces: the container that a new one takes the place of, or empty. present: the
    container of the course's name, whoever's it is.
    """

    own: list[str]
    left: str
    replaces: str
    present: Container | None


def _ownership(has: SeatFacts, settings: Settings) -> _Ownership:
    """Return which containers of a machine are the toolkit's, and which a new one replaces."""
    name, own = settings["flask_container_name"], _own_containers(has)
    left = own.get(successor(settings), "")
    # A container under a name that was set before is replaced too.
    serving = {key: container_id for key, container_id in own.items() if container_id != left}
    replaces = serving.get(name) or next(iter(serving.values()), "")
    present = has["containers"].get(name)
    if not replaces and present and _is_the_courses(has, present):
        replaces = present["id"]
    return _Ownership(list(own.values()), left, replaces, present)


def _is_in_the_way(listening: str, address: str) -> bool:
    """Return whether a listener at one address keeps another from an address of IPv4."""
    listening = listening.removeprefix("::ffff:")
    if address == _ANY_ADDRESS:
        return listening in _ANYWHERE or ":" not in listening
    return listening in _ANYWHERE or listening == address


def _holders(has: SeatFacts, settings: Settings, allowed_ids: set[str]) -> list[Listener]:
    """Return who else holds the port of the page. allowed_ids: of containers that may hold it.

    An engine without root holds the port itself; one that does not answer is about to be restarted.
    """
    is_silent = rootless.is_set_up(has) and not has["docker"]["running"]
    address = settings["flask_container_bind_address"]
    allowed = {
        name for name, container in has["containers"].items() if container["id"] in allowed_ids
    }
    return [
        listener
        for listener in has["listeners"]
        if listener["port"] == settings["flask_container_host_port"]
        and _is_in_the_way(listener["address"], address)
        and listener["container"] not in allowed
        and not (is_silent and listener["process"] == "rootlesskit")
    ]


def _holder(has: SeatFacts, listener: Listener) -> str:
    """Return who holds a port, in the words by which a person would look for it."""
    if name := listener["container"]:
        container = has["containers"].get(name)
        return f"container {name} ({container['image']})" if container else f"container {name}"
    if listener["process"]:
        return f"{listener['process']} (pid {listener['pid']})"
    return "a process that cannot be seen from here"


def _wrong_address(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield a finding if the address of the page is none of the machine's."""
    text = settings["flask_container_bind_address"]
    try:
        address = IPv4Address(text)
    except ValueError:
        yield finding("container_address_wrong", settings["name"], value=text)
        return
    # A machine that reports no addresses may have any.
    addresses = has["network"]["addresses"]
    is_here = any((subnet := network(entry)) and address in subnet for entry in addresses)
    if addresses and text != _ANY_ADDRESS and not is_here:
        others = ", ".join(entry.partition("/")[0] for entry in addresses if entry.endswith("/32"))
        yield finding("container_address_elsewhere", settings["name"], value=text, others=others)


def wrong_settings(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the settings themselves."""
    seat = settings["name"]
    if wrong := settings["wrong"].get("flask_container"):
        yield finding("setting_wrong", seat, what="; ".join(wrong))
    if not _NAME.fullmatch(name := settings["flask_container_name"]):
        yield finding("container_name_wrong", seat, value=name)
    if (port := settings["flask_container_host_port"]) not in range(1, 65536):
        yield finding("container_port_wrong", seat, value=port)
    yield from _wrong_address(has, settings)
    if memory_bytes(memory := settings["flask_container_memory"]) < _LEAST_MEMORY:
        yield finding("container_memory_wrong", seat, value=memory)
    # The comparison is false for a value that is no number, too.
    if not (cpus := settings["flask_container_cpus"]) >= 0:
        yield finding("container_cpus_wrong", seat, value=cpus)
    if (limit := settings["flask_container_pids_limit"]) < 1:
        yield finding("container_pids_wrong", seat, value=limit)


def _is_page_right(has: SeatFacts, container: Container) -> bool:
    """Return whether the page is the container's, or was not requested."""
    page, revision = has["page"], container["labels"].get("labocloud.revision", "")
    return page is None or page["revision"] == revision


def _old_image(
    has: SeatFacts, settings: Settings, builder: Builder, container: Container
) -> Iterator[Finding]:
    """Yield a finding if the container's image is not the one that has the image's name by now.

    There is none if the image with the name is wrong itself: the part images reports that.
    """
    tag = settings["flask_container_image"]
    image = has["images"].get(tag)
    if image is None or image["id"] == container["image_id"]:
        return
    if tag == settings["course_image_tag"] and images.judge(has, settings, builder)["findings"]:
        return
    actual, wanted = container["labels"].get("labocloud.revision", ""), image["revision"]
    if actual == wanted:
        ids = (container["image_id"], image["id"])
        actual, wanted = (image_id.removeprefix("sha256:") for image_id in ids)
    short = {"had": actual[:_SHORT] or "?", "wanted": wanted[:_SHORT] or "?"}
    yield finding(
        "container_old", settings["name"], container=settings["flask_container_name"], **short
    )


def _running(
    has: SeatFacts, settings: Settings, builder: Builder, container: Container, differs: list[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the course's own container that runs, and with its page."""
    seat, name = settings["name"], settings["flask_container_name"]
    rights = _reaching_out(container, differs)
    limits = [key for key in differs if key not in _NEUTRAL and key not in rights]
    if rights:
        yield finding("container_altered", seat, container=name, fields=", ".join(rights))
    if limits:
        yield finding("container_unlimited", seat, container=name, fields=", ".join(limits))
    # The part engine reports what an engine without root cannot limit.
    if settings["flask_container_cpus"] and not (
        has["docker"]["cpus"] or engine_files.is_rootless(settings)
    ):
        yield finding("cpu_unlimited", seat, container=name)
    page = has["page"]
    if page and not _is_page_right(has, container):
        answered = page["revision"]
        why = page["why"] if answered is None else f"revision {answered[:_SHORT] or '?'} answers"
        values = {"url": url(settings), "why": why.rstrip(".") or "no answer"}
        yield finding("container_unhealthy", seat, container=name, **values)
    else:
        yield from _old_image(has, settings, builder, container)


def _refusals(has: SeatFacts, settings: Settings, containers: _Ownership) -> Iterator[Finding]:
    """Yield what of somebody else's keeps the container from running."""
    seat, name, next_name = settings["name"], settings["flask_container_name"], successor(settings)
    present = containers.present
    reported = {containers.replaces, *containers.own}
    if present and present["id"] != containers.replaces:
        reported.add(present["id"])
        yield finding("container_foreign", seat, container=name, image=present["image"])
    if next_name in has["containers"] and not containers.left:
        yield finding("container_next_foreign", seat, container=next_name)
    for listener in _holders(has, settings, reported)[:1]:
        port = settings["flask_container_host_port"]
        yield finding("port_taken", seat, port=port, holder=_holder(has, listener))


def _not_running(
    has: SeatFacts, settings: Settings, present: Container | None
) -> Iterator[Finding]:
    """Yield a finding on a container that does not run; none if the engine does not run either."""
    values = {"container": settings["flask_container_name"]}
    if present:
        yield finding("container_stopped", settings["name"], state=present["state"], **values)
    elif has["docker"]["running"]:
        yield finding("container_missing", settings["name"], **values)


def _verdict(
    has: SeatFacts, settings: Settings, builder: Builder, containers: _Ownership, differs: list[str]
) -> Verdict:
    """Return the verdict on a seat whose settings are right. differs: from its own container."""
    present = containers.present
    ours = present if present and present["id"] == containers.replaces else None
    runs = ours if ours and ours["state"] == "running" else None
    findings = list(_running(has, settings, builder, runs, differs)) if runs else []
    is_recorded = runs is not None and runs["id"] in has["brought"].get("containers", [])
    if runs and is_recorded and not differs and _is_page_right(has, runs):
        return verdict(findings)
    refused = list(_refusals(has, settings, containers))
    kinds = {refusal["id"] for refusal in refused}
    if runs:
        # Whoever holds the port answers in the container's place.
        explained = {"container_unhealthy"} if "port_taken" in kinds else set()
        findings = [entry for entry in findings if entry["id"] not in explained]
    elif not kinds & {"port_taken", "container_foreign"}:
        findings = list(_not_running(has, settings, present))
    return verdict(findings, settled=False, refused=refused)


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> ContainerVerdict:
    """Judge the container."""
    containers = _ownership(has, settings)
    is_seat = settings["name"] in settings["room"]["seats"]
    wrong = list(wrong_settings(has, settings)) if is_seat else []
    is_due = is_seat and not wrong
    present, differs = containers.present, []
    if is_due and present and present["id"] == containers.replaces:
        differs = _differences(has, settings, present)
    judged = verdict(settled=not wrong, refused=wrong)
    return {
        **(_verdict(has, settings, builder, containers, differs) if is_due else judged),
        "own": containers.own,
        "left": containers.left,
        "replaces": containers.replaces,
        "removal": list(dict.fromkeys(filter(None, [*containers.own, containers.replaces]))),
        "successor": successor(settings),
        "wanted": container_of(settings, has) if is_due else {},
        "differs": differs,
    }
