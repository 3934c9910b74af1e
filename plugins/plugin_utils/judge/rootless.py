# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""An engine without root: what it needs of a seat, and what becomes of the one that was there.

The seat's docker.service is another unit then, which runs the engine as an account of its own.
"""

from collections.abc import Iterator
from typing import Literal

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import (
    GROUP,
    HOME,
    ROOT,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Moving, Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import WithoutRoot
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding

ENGINES = ("docker.io", "docker-ce")
KindOfIds = Literal["subuids", "subgids"]
KINDS_OF_IDS: tuple[KindOfIds, ...] = ("subuids", "subgids")
# What such an engine needs besides Docker's own, by the source of the packages.
PACKAGES = {
    "distro": ("uidmap", "rootlesskit", "slirp4netns", "dbus-user-session", "libpam-systemd"),
    "upstream": (
        *("docker-ce-rootless-extras", "uidmap", "slirp4netns"),
        *("dbus-user-session", "libpam-systemd"),
    ),
}
# As many IDs as a container has, behind all that a directory's accounts are given: sssd counts them
# from 200000 to 2000200000.
FIRST, COUNT = 2_100_000_000, 65_536
# The account's own, and its group's, the same on each seat: what a home on a server lets in is that
# of every seat, and what a removal leaves, in homes and of Docker's data, is nobody else's.
NUMBER = FIRST - 1
# On which the kernel refuses what the engine does with its files, or it becomes very slow.
UNFIT = ("nfs", "nfs4", "cifs", "smb3", "overlay", "9p", "fuse.sshfs", "vfat", "exfat")
NOTHING_MOVED: Moving = {"path": "", "sha256": "", "images": {}, "left": []}
# Names that a person reads in one line.
MOST = 8


def wanted(want: Want) -> bool:
    """Tell whether the seat's engine is to run without root."""
    return engine_files.rootless(want)


def was_here(has: Seat) -> bool:
    """Tell whether the toolkit has had an engine without root here, as the seat has it recorded.

    Then units in the place of Docker's own are the toolkit's, also where somebody has removed the
    account.
    """
    return has["students"]["account"] is not None or ROOT in roots_before(has)


def roots_before(has: Seat) -> dict[str, str]:
    """Return what the directories of Docker's data were like before the toolkit, by their paths."""
    before = has["before"]
    return before.get("roots", {}) if before else {}


def is_so(has: Seat) -> bool:
    """Tell whether the seat is set up for an engine without root, whatever runs."""
    return was_here(has) and engine_files.UNIT in has["files"]


def pairs(ranges: list[list[int]]) -> list[tuple[int, int]]:
    """Give the ranges that a seat tells, each the first ID and how many, as far as it does."""
    return sorted((one[0], one[1]) for one in ranges if len(one) == len(("first", "count")))


def installed(has: Seat) -> bool:
    """Tell whether an engine of either source is installed."""
    return any(name in has["packages"] for name in ENGINES)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two ranges have an ID in common."""
    return one[0] < sum(other) and other[0] < sum(one)


def free_ids(has: Seat) -> int:
    """Give the first of as many IDs as a container has, that no other account has."""
    first = FIRST
    for start, count in pairs(has["students"]["ranges"]):
        if overlap((start, count), (first, COUNT)):
            first = start + count
    return first


def housed(has: Seat) -> bool:
    """Tell whether the account of an engine without root is as it has to be."""
    account = has["students"]["account"]
    return bool(account and account["locked"] and all(ranged(has, kind) for kind in KINDS_OF_IDS))


def ranged(has: Seat, kind: KindOfIds) -> bool:
    """Return whether there is an account that has enough IDs of a kind, its alone."""
    account = has["students"]["account"]
    ranges = account[kind] if account else []
    return sum(count for _, count in pairs(ranges)) >= COUNT and free(has, ranges)


def free(has: Seat, ranges: list[list[int]]) -> bool:
    """Tell whether no other account has an ID of some ranges."""
    others = pairs(has["students"]["ranges"])
    return not any(overlap(one, other) for one in pairs(ranges) for other in others)


def right_one(has: Seat, want: Want) -> bool:
    """Tell whether the engine that answers, and none of root's, is the one that is wanted.

    As the kernel tells, not as the engine says of itself.
    """
    account = has["students"]["account"]
    if not wanted(want):
        return bool(has["docker"]["uid"] == 0)
    return bool(account and has["docker"]["uid"] == account["uid"] and not has["docker"]["roots"])


def moves(has: Seat) -> dict[str, str]:
    """Give the images that go over to an engine of the other kind, name to fingerprint."""
    ours = set(has["built"].values())
    told = {name: one["fingerprint"] for name, one in has["images"].items()}
    return {name: mark for name, mark in told.items() if mark in ours}


def left_behind(has: Seat) -> tuple[list[str], list[str]]:
    """Give what would be out of reach in an engine of the other kind: all that is not ours.

    First what was there before the toolkit, which no reset takes, then the rest.
    """
    ours, kept = has["brought"].get("containers", []), moves(has)
    there: dict[str, list[str]] = {
        "container": [one for one, told in has["containers"].items() if told["id"] not in ours],
        "volume": has["volumes"],
        "network": has["networks"],
        "image": [one for one in has["images"] if one not in kept],
    }
    before = has["before"]
    old = there
    if before is not None:
        old = {
            "container": before["containers"],
            "volume": before["volumes"],
            "network": before["networks"],
            "image": before["images"],
        }
    # Of which a reset takes all that students have made of one.
    swarm = ["membership of a swarm"] * has["docker"]["swarm"]
    named = [(kind, one) for kind, names in there.items() for one in names]
    return (
        [f"{kind} {one}" for kind, one in named if one in old[kind]],
        swarm + [f"{kind} {one}" for kind, one in named if one not in old[kind]],
    )


def few(names: list[str]) -> str:
    """Give names as a line has room for them."""
    return ", ".join(names[:MOST]) + ", …" * (len(names) > MOST)


def unable(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell what an engine without root lacks on the seat. What runs so lacks nothing."""
    name, able = want["name"], has["able"]
    lacks = {
        "rootless_systemd": has["service_manager"] != "systemd",
        "rootless_namespaces": not able["namespaces"],
        "rootless_apparmor": able["apparmor"],
        "rootless_cgroup": not able["cgroup2"],
        "rootless_tun": not able["tun"],
    }
    if wanted(want) and not right_one(has, want):
        yield from (finding(found, name) for found, is_so in lacks.items() if is_so)
        if able["file_system"] in UNFIT:
            yield finding("rootless_disk", name, root=ROOT, kind=able["file_system"])


def refusals(has: Seat, want: Want, root: str) -> Iterator[Finding]:
    """Tell what keeps the seat from having an engine of the wanted kind, before it is touched.

    root: where that one is to keep its data.
    """
    name, docker = want["name"], has["docker"]
    yield from unable(has, want)
    if not 0 <= want["docker_engine_lowest_port"] <= engine_files.LOWEST_PORT:
        what = f"docker_engine_lowest_port, {want['docker_engine_lowest_port']}, is to be 0 to 1024"
        yield finding("setting_wrong", name, what=what)
    if wanted(want) and "proxies" in want["docker_engine_daemon_options"]:
        yield finding("rootless_proxies", name)
    if wanted(want) and engine_files.UNIT in has["files"] and not was_here(has):
        yield finding("rootless_unit", name, unit=engine_files.UNIT)
    if wanted(want) == is_so(has) or not installed(has):
        return
    values = {"kind": want["docker_engine_students"]}
    theirs, others = left_behind(has)
    if docker["running"] and theirs:
        yield finding("engine_moves_before", name, what=few(theirs), **values)
    if docker["running"] and others:
        yield finding("engine_moves", name, what=few(others), **values)
    if docker["running"] and (theirs or others):
        return
    if docker["data"] and not docker["running"]:
        yield finding("engine_moves_unknown", name, why=docker["why"], **values)
    elif docker["running"] and docker["root"] == root:
        yield finding("engine_moves_root", name, root=root, **values)


def limits(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell where an engine without root cannot limit what a container takes."""
    docker = has["docker"]
    if wanted(want) and not (docker["memory"] and docker["pids"] and docker["cpus"]):
        yield finding("rootless_unlimited", want["name"])


def ids(has: Seat) -> list[str]:
    """Give what usermod is told, so that the account has as many IDs as a container, its alone.

    Nothing where it has: while the engine runs, usermod refuses even what changes nothing.
    """
    account = has["students"]["account"]
    first = free_ids(has)
    arguments = []
    for kind in KINDS_OF_IDS:
        if ranged(has, kind):
            continue
        for start, count in pairs(account[kind] if account else []):
            arguments += [f"--del-{kind}", f"{start}-{start + count - 1}"]
        arguments += [f"--add-{kind}", f"{first}-{first + COUNT - 1}"]
    return arguments


def values(has: Seat, want: Want, roots: list[str]) -> WithoutRoot:
    """Return what the tasks need of an engine without root, and of one that replaces one.

    roots: where the wanted engine, and containerd, keep their data.
    """
    rootless, docker = wanted(want), has["docker"]
    account = has["students"]["account"]
    other = docker["running"] and not right_one(has, want)
    own = engine_files.containerd_is_ours(has, want)
    changes = installed(has) and rootless != is_so(has) and docker["running"]
    moved = has["brought"].get("moving") or NOTHING_MOVED
    before = roots_before(has)
    moving = NOTHING_MOVED
    if changes:
        left = [docker["root"], *roots[-1:] * (rootless and own)]
        moving = {**NOTHING_MOVED, "images": moves(has), "left": left}
    return {
        "without_root": rootless,
        "account": ACCOUNT,
        "group": GROUP,
        "home": HOME,
        "own_roots": list(dict.fromkeys([roots[0], ROOT])),
        "uid": account["uid"] if account else NUMBER,
        "gid": account["gid"] if account else NUMBER,
        "ids": ids(has),
        "housed": housed(has) if rootless else account is None,
        "lodging": account["uid"] if account else None,
        "stops": [
            *["docker.socket"] * (rootless or other),
            *["containerd.service"] * (rootless and own),
            # What its unit does at its end is what systemd has read of it until then.
            *["docker.service"] * (other or engine_files.PORTS_UNIT in has["files"]),
        ],
        "moving": moving,
        "moved": moved,
        # What was in use before the toolkit is not its to remove.
        "leaves": [
            one
            for one in moved["left"]
            if one != roots[0] and before.get(one, "in use") != "in use"
        ],
        "kept": changes and before.get(docker["root"], "in use") == "in use",
    }
