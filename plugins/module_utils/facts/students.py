# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out who may use a seat's engine, from the seat's files and kernel, and not from the engine.

An engine without root runs as ACCOUNT, for the members of GROUP, which gives no root.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import struct
from contextlib import suppress
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import ACCOUNT
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.files import matching

GROUP = "labocloud-docker"
HOME = f"/var/lib/{ACCOUNT}"
ROOT = f"{HOME}/docker"
_MOST = 1000
SUBORDINATE = {"subuids": "/etc/subuid", "subgids": "/etc/subgid"}
SHADOW = "/etc/shadow"
# acl(5), as the kernel stores it: a version, then entries of a tag, what it permits, and an ID.
_ACL = "system.posix_acl_access"
HEAD, ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_OF_A_GROUP, _READ_AND_WRITE = 0x08, 6
# The profile that allows namespaces to rootlesskit: Ubuntu forbids them to other programs.
_PROFILES = "/etc/apparmor.d/*rootlesskit*"
_CGROUPS = "/sys/fs/cgroup"
_TUN, _FOR_ANYBODY = "/dev/net/tun", 0o006


def members(group: str) -> list[str] | None:
    """Return the members of a group; None where there is no such group."""
    try:
        return grp.getgrnam(group).gr_mem
    except (KeyError, OSError):
        return None


def parse_ranges(text: str) -> list[tuple[str, int, int]]:
    """Return the ranges of a subuid(5): whose, the first ID, how many."""
    ranges = re.findall(r"^([^:\n]+):(\d{1,10}):(\d{1,10})$", text, re.MULTILINE)
    return [(name, int(first), int(count)) for name, first, count in ranges][:_MOST]


def _account(ranges: dict[str, list[tuple[str, int, int]]], odd: Odd) -> dict[str, Any] | None:
    """Return the account that an engine without root runs as, None where there is none.

    ranges: C(subuids) and C(subgids), as parse_ranges() returns them.
    """
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except (KeyError, OSError):
        return None
    [password] = re.findall(f"^{ACCOUNT}:([^:]*)", read(SHADOW, odd), re.MULTILINE)[:1] or [""]
    own_ranges = {
        kind: [[first, count] for name, first, count in all_of_kind if name == ACCOUNT]
        for kind, all_of_kind in ranges.items()
    }
    locked = password.startswith(("!", "*")) and entry.pw_shell.endswith("nologin")
    return {"uid": entry.pw_uid, "gid": entry.pw_gid, "locked": locked, **own_ranges}


def _group_named(name: str) -> dict[str, Any] | None:
    """Return a group, local or of a directory, by its name; None where the seat has none."""
    try:
        return {"name": name, "gid": grp.getgrnam(name).gr_gid} if name else None
    except (KeyError, OSError, ValueError):  # The text may be one that no group can have as a name.
        return None


def student_facts(group: str, odd: Odd) -> dict[str, Any]:
    """Return who may use an engine without root. group: one whose members may, too."""
    ranges = {kind: parse_ranges(read(path, odd)) for kind, path in SUBORDINATE.items()}
    return {
        "members": members(GROUP),
        "account": _account(ranges, odd),
        "group": _group_named(group),
        "ranges": sorted(
            [first, count]
            for all_of_kind in ranges.values()
            for name, first, count in all_of_kind
            if name != ACCOUNT
        ),
    }


def parse_acl(data: bytes) -> list[int]:
    """Return the IDs of the groups that an ACL, as the kernel stores it, lets read and write."""
    entries = data[HEAD.size :]
    whole = len(entries) // ENTRY.size * ENTRY.size
    return [
        number
        for tag, permits, number in ENTRY.iter_unpack(entries[:whole])
        if tag == _OF_A_GROUP and permits & _READ_AND_WRITE == _READ_AND_WRITE
    ]


def socket_facts(path: str) -> dict[str, Any] | None:
    """Return the owner, the mode and the groups of the engine's socket, None where none is."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    groups: list[int] = []
    with suppress(OSError):  # It has no ACL.
        groups = parse_acl(os.getxattr(path, _ACL))
    return {
        "uid": status.st_uid,
        "gid": status.st_gid,
        "mode": stat.S_IMODE(status.st_mode),
        "groups": sorted(groups)[:_MOST],
    }


def engines(uid: int) -> list[int]:
    """Return the processes of engines that an account runs, by its number."""
    processes = []
    for path in matching("/proc/[0-9]*/comm"):
        if read(path).strip() == "dockerd":
            process = os.path.dirname(path)
            # The first UID there is the real one. The owner of /proc's files does not tell it: they
            # are root's where a process changed its own UID.
            if re.search(rf"^Uid:\t{uid}\t", read(f"{process}/status"), re.MULTILINE):
                processes.append(int(os.path.basename(process)))
    return sorted(processes)[:_MOST]


def file_system(path: str) -> str:
    """Return the type of the file system that a path is, or would be, on."""
    kind, longest = "", -1
    place = os.path.realpath(path)
    for line in read("/proc/self/mounts").splitlines():
        words = line.split(" ")
        is_below = len(words) > 2 and f"{place}/".startswith(f"{words[1].rstrip('/')}/")  # noqa: PLR2004
        # A later mount at the same place hides the earlier one.
        if is_below and len(words[1]) >= longest:
            kind, longest = words[2], len(words[1])
    return kind


def _is_switched_on(name: str, default: str) -> bool:
    """Return whether a setting of the kernel is more than 0.

    default: the value that counts where the kernel has no such setting.
    """
    value = read(f"/proc/sys/{name}").strip() or default
    return value.isdecimal() and int(value) > 0


def able_facts() -> dict[str, Any]:
    """Return what the machine has of what an engine without root needs, as the fact C(able)."""
    tun = 0
    with suppress(OSError):
        tun = os.stat(_TUN).st_mode
    is_restricted = _is_switched_on("kernel/apparmor_restrict_unprivileged_userns", "0")
    return {
        "namespaces": _is_switched_on("user/max_user_namespaces", "1")
        and _is_switched_on("kernel/unprivileged_userns_clone", "1"),
        "apparmor": is_restricted and not list(matching(_PROFILES)),
        "cgroup2": os.path.exists(f"{_CGROUPS}/cgroup.controllers"),
        "tun": stat.S_ISCHR(tun) and tun & _FOR_ANYBODY == _FOR_ANYBODY,
        "file_system": file_system(ROOT),
    }
