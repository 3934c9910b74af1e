# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge an engine without root: what it needs of a seat, and what becomes of the previous engine.

On such a seat docker.service is another unit, which runs the engine as an account of its own.
"""

from collections.abc import Iterator
from typing import Literal

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import GROUP, HOME, ROOT
from ansible_collections.labocloud.room.plugins.module_utils.state import Moving
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import WithoutRoot
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding

ENGINES = ("docker.io", "docker-ce")
_KindOfIds = Literal["subuids", "subgids"]
KINDS_OF_IDS: tuple[_KindOfIds, ...] = ("subuids", "subgids")
# The packages that such an engine needs besides Docker's own, by their source.
PACKAGES = {
    "distro": ("uidmap", "rootlesskit", "slirp4netns", "dbus-user-session", "libpam-systemd"),
    "upstream": (
        *("docker-ce-rootless-extras", "uidmap", "slirp4netns"),
        *("dbus-user-session", "libpam-systemd"),
    ),
}
# A container's number of IDs, which begin behind all that a directory's accounts are given: sssd
# counts those from 200000 to 2000200000.
_FIRST_ID, _ID_COUNT = 2_100_000_000, 65_536
# The ID of the account and of its group is the same on each seat: homes on a server admit the
# account of every seat, and files that a removal leaves behind belong to nobody else.
_ACCOUNT_ID = _FIRST_ID - 1
# File systems on which the kernel refuses what the engine does with its files, or is very slow.
_UNFIT = ("nfs", "nfs4", "cifs", "smb3", "overlay", "9p", "fuse.sshfs", "vfat", "exfat")
NOTHING_MOVED: Moving = {"path": "", "sha256": "", "images": {}, "left": []}
# The number of names that a person reads in one line.
_MOST_NAMES = 8


def was_set_up(has: SeatFacts) -> bool:
    """Return whether the toolkit has run an engine without root here, as account or record show.

    If so, units in the place of Docker's own are the toolkit's, even if somebody has removed the
    account.
    """
    return has["students"]["account"] is not None or ROOT in roots_before(has)


def roots_before(has: SeatFacts) -> dict[str, str]:
    """Return what Docker's data directories were before: path to absent, empty or in use."""
    before = has["before"]
    return before.get("roots", {}) if before else {}


def is_set_up(has: SeatFacts) -> bool:
    """Return whether the seat is set up for an engine without root, whatever runs."""
    return was_set_up(has) and engine_files.UNIT in has["files"]


def _valid_ranges(ranges: list[list[int]]) -> list[tuple[int, int]]:
    """Return the well-formed ones of a seat's ranges, sorted, as first ID and number of IDs."""
    return sorted((pair[0], pair[1]) for pair in ranges if len(pair) == len(("first", "count")))


def is_installed(has: SeatFacts) -> bool:
    """Return whether an engine of either source is installed."""
    return any(name in has["packages"] for name in ENGINES)


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Return whether two ranges have an ID in common."""
    return first[0] < sum(second) and second[0] < sum(first)


def _first_free_id(has: SeatFacts) -> int:
    """Return the first ID of a container's range that overlaps no other account's."""
    first = _FIRST_ID
    for start, count in _valid_ranges(has["students"]["ranges"]):
        if _overlap((start, count), (first, _ID_COUNT)):
            first = start + count
    return first


def _is_account_right(has: SeatFacts) -> bool:
    """Return whether the account of an engine without root is as it has to be."""
    account = has["students"]["account"]
    return bool(account and account["locked"] and all(has_ids(has, kind) for kind in KINDS_OF_IDS))


def has_ids(has: SeatFacts, kind: _KindOfIds) -> bool:
    """Return whether the account exists and has enough IDs of a kind that no other account has."""
    account = has["students"]["account"]
    ranges = _valid_ranges(account[kind] if account else [])
    others = _valid_ranges(has["students"]["ranges"])
    is_alone = not any(_overlap(own, other) for own in ranges for other in others)
    return is_alone and sum(count for _, count in ranges) >= _ID_COUNT


def is_right_kind(has: SeatFacts, settings: Settings) -> bool:
    """Return whether the engine that answers is of the wanted kind, and no engine of root's runs.

    The kernel says whose engine it is; an engine's own word is not trusted.
    """
    account = has["students"]["account"]
    if not engine_files.is_rootless(settings):
        return has["docker"]["uid"] == 0
    return bool(account and has["docker"]["uid"] == account["uid"] and not has["docker"]["roots"])


def _moving_images(has: SeatFacts) -> dict[str, str]:
    """Return the images that move to an engine of the other kind: name to fingerprint."""
    ours = set(has["built"].values())
    prints = {name: image["fingerprint"] for name, image in has["images"].items()}
    return {name: fingerprint for name, fingerprint in prints.items() if fingerprint in ours}


def _left_behind(has: SeatFacts) -> tuple[list[str], list[str]]:
    """Return what an engine of the other kind could not reach: all that is not the toolkit's.

    The first list is what was there before the toolkit, which no reset removes; the second is the
    rest. An entry is a kind and a name.
    """
    ours, kept = has["brought"].get("containers", []), _moving_images(has)
    present: dict[str, list[str]] = {
        "container": [
            name for name, container in has["containers"].items() if container["id"] not in ours
        ],
        "volume": has["volumes"],
        "network": has["networks"],
        "image": [name for name in has["images"] if name not in kept],
    }
    before = has["before"]
    old = present
    if before is not None:
        old = {
            "container": before["containers"],
            "volume": before["volumes"],
            "network": before["networks"],
            "image": before["images"],
        }
    # A reset removes all that students have made of a swarm, so the membership is in the rest.
    swarm = ["membership of a swarm"] * has["docker"]["swarm"]
    named = [(kind, name) for kind, names in present.items() for name in names]
    return (
        [f"{kind} {name}" for kind, name in named if name in old[kind]],
        swarm + [f"{kind} {name}" for kind, name in named if name not in old[kind]],
    )


def _shown(names: list[str]) -> str:
    """Return as many of the names as fit in a line."""
    return ", ".join(names[:_MOST_NAMES]) + ", …" * (len(names) > _MOST_NAMES)


def _obstacles(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield what an engine without root lacks on the seat; one that runs lacks nothing."""
    name, able = settings["name"], has["able"]
    lacks = {
        "rootless_systemd": has["service_manager"] != "systemd",
        "rootless_namespaces": not able["namespaces"],
        "rootless_apparmor": able["apparmor"],
        "rootless_cgroup": not able["cgroup2"],
        "rootless_tun": not able["tun"],
    }
    if engine_files.is_rootless(settings) and not is_right_kind(has, settings):
        yield from (finding(lack, name) for lack, is_lacking in lacks.items() if is_lacking)
        if able["file_system"] in _UNFIT:
            yield finding("rootless_disk", name, root=ROOT, kind=able["file_system"])


def refusals(has: SeatFacts, settings: Settings, root: str) -> Iterator[Finding]:
    """Yield what keeps the seat from having an engine of the wanted kind, before any change.

    root: the directory where that engine is to keep its data.
    """
    name, docker = settings["name"], has["docker"]
    yield from _obstacles(has, settings)
    if not 0 <= (port := settings["docker_engine_lowest_port"]) <= engine_files.LOWEST_PORT:
        what = f"docker_engine_lowest_port, {port}, is to be 0 to 1024"
        yield finding("setting_wrong", name, what=what)
    if engine_files.is_rootless(settings) and "proxies" in settings["docker_engine_daemon_options"]:
        yield finding("rootless_proxies", name)
    if (
        engine_files.is_rootless(settings)
        and engine_files.UNIT in has["files"]
        and not was_set_up(has)
    ):
        yield finding("rootless_unit", name, unit=engine_files.UNIT)
    if engine_files.is_rootless(settings) == is_set_up(has) or not is_installed(has):
        return
    values = {"kind": settings["docker_engine_students"]}
    earlier, others = _left_behind(has)
    if docker["running"] and earlier:
        yield finding("engine_moves_before", name, what=_shown(earlier), **values)
    if docker["running"] and others:
        yield finding("engine_moves", name, what=_shown(others), **values)
    if docker["running"] and (earlier or others):
        return
    if docker["data"] and not docker["running"]:
        yield finding("engine_moves_unknown", name, why=docker["why"], **values)
    elif docker["running"] and docker["root"] == root:
        yield finding("engine_moves_root", name, root=root, **values)


def limits(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield a finding if an engine without root cannot limit what a container takes."""
    docker = has["docker"]
    if engine_files.is_rootless(settings) and not (
        docker["memory"] and docker["pids"] and docker["cpus"]
    ):
        yield finding("rootless_unlimited", settings["name"])


def _usermod_arguments(has: SeatFacts) -> list[str]:
    """Return the arguments of usermod that give the account the IDs of a container, its alone.

    There are none if it has them: while the engine runs, usermod refuses even what changes nothing.
    """
    account = has["students"]["account"]
    first = _first_free_id(has)
    arguments = []
    for kind in KINDS_OF_IDS:
        if has_ids(has, kind):
            continue
        for start, count in _valid_ranges(account[kind] if account else []):
            arguments += [f"--del-{kind}", f"{start}-{start + count - 1}"]
        arguments += [f"--add-{kind}", f"{first}-{first + _ID_COUNT - 1}"]
    return arguments


def values(has: SeatFacts, settings: Settings, roots: list[str]) -> WithoutRoot:
    """Return what the tasks need for an engine without root, and for one of the other kind.

    roots: the directories where the wanted engine, and containerd, keep their data.
    """
    without_root, docker = engine_files.is_rootless(settings), has["docker"]
    account = has["students"]["account"]
    is_other_kind = docker["running"] and not is_right_kind(has, settings)
    owns_containerd = engine_files.is_containerd_ours(has, settings)
    is_changing = is_installed(has) and without_root != is_set_up(has) and docker["running"]
    moved = has["brought"].get("moving") or NOTHING_MOVED
    before = roots_before(has)
    moving = NOTHING_MOVED
    if is_changing:
        left = [docker["root"], *roots[-1:] * (without_root and owns_containerd)]
        moving = {**NOTHING_MOVED, "images": _moving_images(has), "left": left}
    return {
        "without_root": without_root,
        "account": ACCOUNT,
        "group": GROUP,
        "home": HOME,
        "own_roots": list(dict.fromkeys([roots[0], ROOT])),
        "uid": account["uid"] if account else _ACCOUNT_ID,
        "gid": account["gid"] if account else _ACCOUNT_ID,
        "ids": _usermod_arguments(has),
        "housed": _is_account_right(has) if without_root else account is None,
        "lodging": account["uid"] if account else None,
        "stops": [
            *["docker.socket"] * (without_root or is_other_kind),
            *["containerd.service"] * (without_root and owns_containerd),
            # A unit stops by what systemd has read of it until then, so it stops before its files
            # change.
            *["docker.service"] * (is_other_kind or engine_files.PORTS_UNIT in has["files"]),
        ],
        "moving": moving,
        "moved": moved,
        # A directory that was in use before the toolkit is not the toolkit's to remove.
        "leaves": [
            path
            for path in moved["left"]
            if path != roots[0] and before.get(path, "in use") != "in use"
        ],
        "data_stay": is_changing and before.get(docker["root"], "in use") == "in use",
    }
