# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Who may use a seat's engine, as its own files and kernel tell, and not the engine.

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
MOST = 1000
SUBORDINATE = {"subuids": "/etc/subuid", "subgids": "/etc/subgid"}
SHADOW = "/etc/shadow"
# acl(5), as the kernel stores it: a version, then entries of a tag, what it permits, and an ID.
ACL = "system.posix_acl_access"
HEAD, ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
OF_A_GROUP, READ_AND_WRITE = 0x08, 6
# Where programs are told that have a profile of their own: Ubuntu forbids namespaces to others.
PROFILES = "/etc/apparmor.d/*rootlesskit*"
CGROUPS = "/sys/fs/cgroup"
TUN, FOR_ANYBODY = "/dev/net/tun", 0o006


def members(group: str) -> list[str] | None:
    """Give who is in a group; None where there is no such group."""
    try:
        return grp.getgrnam(group).gr_mem
    except (KeyError, OSError):
        return None


def parse_ranges(text: str) -> list[tuple[str, int, int]]:
    """Read subuid(5) and give the ranges: whose, the first ID, how many."""
    found = re.findall(r"^([^:\n]+):(\d{1,10}):(\d{1,10})$", text, re.MULTILINE)
    return [(name, int(first), int(count)) for name, first, count in found][:MOST]


def account(ranges: dict[str, list[tuple[str, int, int]]], odd: Odd) -> dict[str, Any] | None:
    """Give the account that an engine without root runs as, None where there is none."""
    try:
        told = pwd.getpwnam(ACCOUNT)
    except (KeyError, OSError):
        return None
    [password] = re.findall(f"^{ACCOUNT}:([^:]*)", read(SHADOW, odd), re.MULTILINE)[:1] or [""]
    owned = {
        kind: [[first, count] for name, first, count in found if name == ACCOUNT]
        for kind, found in ranges.items()
    }
    locked = password.startswith(("!", "*")) and told.pw_shell.endswith("nologin")
    return {"uid": told.pw_uid, "gid": told.pw_gid, "locked": locked, **owned}


def group_named(name: str) -> dict[str, Any] | None:
    """Give a group, local or of a directory, by its name; None where the seat knows none."""
    try:
        return {"name": name, "gid": grp.getgrnam(name).gr_gid} if name else None
    except (KeyError, OSError, ValueError):  # a name may hold what no name does
        return None


def student_facts(group: str, odd: Odd) -> dict[str, Any]:
    """Give who may use an engine without root. group: the name of one whose members may, too."""
    ranges = {kind: parse_ranges(read(path, odd)) for kind, path in SUBORDINATE.items()}
    return {
        "members": members(GROUP),
        "account": account(ranges, odd),
        "group": group_named(group),
        "ranges": sorted(
            [first, count]
            for found in ranges.values()
            for name, first, count in found
            if name != ACCOUNT
        ),
    }


def parse_acl(data: bytes) -> list[int]:
    """Give the IDs of the groups that an ACL, as the kernel stores it, lets read and write."""
    entries = data[HEAD.size :]
    whole = len(entries) // ENTRY.size * ENTRY.size
    return [
        number
        for tag, permits, number in ENTRY.iter_unpack(entries[:whole])
        if tag == OF_A_GROUP and permits & READ_AND_WRITE == READ_AND_WRITE
    ]


def socket_facts(path: str) -> dict[str, Any] | None:
    """Give whose the engine's socket is, None where there is none."""
    try:
        told = os.stat(path)
    except (OSError, ValueError):
        return None
    groups: list[int] = []
    with suppress(OSError):  # it has no ACL
        groups = parse_acl(os.getxattr(path, ACL))
    return {
        "uid": told.st_uid,
        "gid": told.st_gid,
        "mode": stat.S_IMODE(told.st_mode),
        "groups": sorted(groups)[:MOST],
    }


def engines(uid: int) -> list[int]:
    """Return the processes of engines that an account runs, by its number."""
    found = []
    for place in matching("/proc/[0-9]*/comm"):
        if read(place).strip() == "dockerd":
            process = os.path.dirname(place)
            # The real one, and others; /proc's own files are root's where a process changed its.
            if re.search(rf"^Uid:\t{uid}\t", read(f"{process}/status"), re.MULTILINE):
                found.append(int(os.path.basename(process)))
    return sorted(found)[:MOST]


def file_system(path: str) -> str:
    """Give the type of the file system that a path is, or would be, on."""
    kind, longest = "", -1
    place = os.path.realpath(path)
    for line in read("/proc/self/mounts").splitlines():
        words = line.split(" ")
        below = len(words) > 2 and f"{place}/".startswith(f"{words[1].rstrip('/')}/")  # noqa: PLR2004
        # What is mounted last hides what was there.
        if below and len(words[1]) >= longest:
            kind, longest = words[2], len(words[1])
    return kind


def switched_on(name: str, default: str) -> bool:
    """Tell whether a setting of the kernel, where it has it, is more than 0."""
    value = read(f"/proc/sys/{name}").strip() or default
    return value.isdecimal() and int(value) > 0


def able_facts() -> dict[str, Any]:
    """Give what the machine has of what an engine without root needs."""
    tun = 0
    with suppress(OSError):
        tun = os.stat(TUN).st_mode
    restricted = switched_on("kernel/apparmor_restrict_unprivileged_userns", "0")
    return {
        "namespaces": switched_on("user/max_user_namespaces", "1")
        and switched_on("kernel/unprivileged_userns_clone", "1"),
        "apparmor": restricted and not list(matching(PROFILES)),
        "cgroup2": os.path.exists(f"{CGROUPS}/cgroup.controllers"),
        "tun": stat.S_ISCHR(tun) and tun & FOR_ANYBODY == FOR_ANYBODY,
        "file_system": file_system(ROOT),
    }
