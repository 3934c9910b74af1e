# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Which machine a seat is: its system, its identity, its disk, and what configures its Docker."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.files import matching, sha256
from ansible_collections.labocloud.room.plugins.module_utils.shapes import too_deep

OS_RELEASE = "/etc/os-release"
DAEMON_JSON = "/etc/docker/daemon.json"
UNITS_OF_THE_ENGINE = ("docker.service", "docker.socket", "containerd.service")
# What the engine reads when it starts.
ENGINE_CONFIGURATION = (
    DAEMON_JSON,
    "/etc/docker/labocloud-proxy.env",
    "/etc/containerd/labocloud.toml",
    "/etc/systemd/system/containerd.service.d/*.conf",
    "/etc/systemd/system/docker.service.d/*.conf",
    "/etc/systemd/system/docker.socket.d/*.conf",
    # A unit in the place of the package's own, or that keeps it from starting.
    *(f"/etc/systemd/system/{unit}" for unit in UNITS_OF_THE_ENGINE),
)
OTHER_CONFIGURATION = (
    "/etc/profile.d/labocloud.sh",
    "/etc/apt/sources.list.d/docker*",
    "/etc/apt/keyrings/docker*",
    "/etc/docker/certs.d/*/labocloud.crt",
    "/etc/docker/registry/labocloud*.yml",
    "/etc/docker/registry/labocloud-proxy.env",
    "/etc/docker/registry/labocloud-mirror-limit.py",
    "/etc/systemd/system/docker-registry.service.d/*.conf",
    "/etc/systemd/system/labocloud-*.service",
)
MASKING = ("/etc/systemd/system", "/run/systemd/system")
ENABLED = "/etc/systemd/system/*.wants/docker.service"
# Of an engine without root, and of root's. The first goes when its service ends.
ENGINES_PIDS = ("/run/labocloud-engine/docker.pid", "/var/run/docker.pid")
MACHINE_ID = "/etc/machine-id"
HOST_KEYS = "/etc/ssh/ssh_host_*_key.pub"
INTERFACES = "/sys/class/net/*"
# Interfaces that come and go with containers, and those that are alike on many machines.
PASSING_INTERFACES = re.compile(r"lo|veth.*|docker0|docker_gwbridge|br-[0-9a-f]{12}")


def assignments(text: str) -> dict[str, str]:
    """Give what a file of NAME=value lines sets, quoted as a shell reads it.

    So are os-release(5) and, by and large, /etc/environment. A line that is quoted wrongly sets
    nothing.
    """
    found = {}
    for line in text.splitlines():
        with suppress(ValueError):
            words = [word for word in shlex.split(line, comments=True) if word != "export"]
            if len(words) == 1 and "=" in words[0]:
                name, _, value = words[0].partition("=")
                found[name] = value
    return found


def parse_os_release(text: str) -> dict[str, str]:
    """Read os-release(5) and give id, version, codename and name, empty where not told."""
    told = assignments(text)
    return {
        "id": told.get("ID", ""),
        "version": told.get("VERSION_ID", ""),
        "codename": told.get("VERSION_CODENAME", ""),
        "name": told.get("PRETTY_NAME", ""),
    }


def parse_host_key(text: str) -> str:
    """Give the fingerprint of a public SSH key, as OpenSSH prints it; empty where it is none."""
    _, _, key = text.partition(" ")
    try:
        raw = base64.b64decode(key.split()[0], validate=True)
    except (IndexError, ValueError):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def parse_object(text: str) -> dict[str, Any] | None:
    """Read a JSON object; give None where the text is something else, or is nested too deep."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not too_deep(value) else None


def hashed(*parts: str) -> str:
    """Give a hash of the toolkit's own: a machine-id itself is not to be told, says systemd."""
    whole = "\n".join(("labocloud", *parts))
    return hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()


def identity(odd: Odd) -> dict[str, Any]:
    """Tell which machine this is.

    A copy of its disk has its machine-id and its host keys. Containers of one machine, which the
    project's tests take for seats, have its kernel, and so its boot. Hardware addresses may be
    alike where a copy has an interface without hardware. All together are one machine's alone.
    """
    machine_id = read(MACHINE_ID, odd).strip()
    addresses = {
        read(f"{interface}/address").strip()
        for interface in matching(INTERFACES)
        if not PASSING_INTERFACES.fullmatch(Path(interface).name)
    }
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    keys = {parse_host_key(read(path, odd)) for path in matching(HOST_KEYS)}
    return {
        "id": hashed(machine_id) if machine_id else "",
        "running": hashed(machine_id, boot, *sorted(addresses)) if machine_id else "",
        "host_keys": sorted(keys - {""}),
    }


def free_mb(path: str) -> int:
    """Give the space, in MiB, that root can still fill at path or where it would be made."""
    place = path or os.sep
    while True:
        with suppress(OSError, ValueError):  # it is not there, or can be none
            space = os.statvfs(place)
            return space.f_bavail * space.f_frsize // 2**20
        above = os.path.dirname(place)
        if above == place:
            return 0
        place = above or os.sep


def has_data(root: str) -> bool:
    """Tell whether there is anything in Docker's directory, but for a file system's own."""
    with suppress(OSError, ValueError), os.scandir(root) as entries:
        return any(entry.name != "lost+found" for entry in entries)
    return False


def started_at(pid: str) -> float:
    """Give the time a process started, in seconds of the system's clock.

    Raises ValueError or IndexError where there is no such process.
    """
    ticks = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    [boot] = re.findall(r"^btime (\d+)$", read("/proc/stat"), re.MULTILINE)
    return int(boot) + ticks / os.sysconf("SC_CLK_TCK")


def outdated(files: list[str]) -> bool:
    """Tell whether a file of the engine's configuration is newer than the running engine."""
    pid = next(filter(None, map(read, ENGINES_PIDS)), "").strip()
    try:
        # /proc counts the start in hundredths of a second, and rounds the boot to whole seconds.
        latest = started_at(str(int(pid))) + 1
    except (ValueError, IndexError):
        return False

    def changed(path: str) -> float:
        try:
            return os.stat(path).st_mtime
        except OSError:  # a link to nothing
            return 0

    return any(changed(path) > latest for path in files)


def masked() -> list[str]:
    """Give the engine's units that systemd is kept from starting: each is no file, or empty."""

    def is_masked(path: str) -> bool:
        with suppress(OSError):
            return os.path.realpath(path) == os.devnull or os.stat(path).st_size == 0
        return False

    return [
        unit
        for unit in UNITS_OF_THE_ENGINE
        if any(is_masked(os.path.join(place, unit)) for place in MASKING)
    ]


def system_facts(odd: Odd) -> dict[str, Any]:
    """Give what the seat runs, who asks, and which machine it is."""
    return {
        "os": parse_os_release(read(OS_RELEASE, odd)),
        "arch": os.uname().machine,
        "python": ".".join(map(str, sys.version_info[:2])),
        "service_manager": "systemd" if os.path.isdir("/run/systemd/system") else "none",
        "root": os.geteuid() == 0,
        "machine": identity(odd),
    }


def configuration_facts(odd: Odd) -> dict[str, Any]:
    """Give the files that configure Docker, and what daemon.json says."""
    files = [*matching(*ENGINE_CONFIGURATION), *matching(*OTHER_CONFIGURATION)]
    return {
        "files": {path: sha256(path) for path in sorted(files)},
        "daemon_config": parse_object(read(DAEMON_JSON, odd)),
    }


def engines_place(root: str) -> dict[str, Any]:
    """Give what a seat's files tell of its engine. root: Docker's directory."""
    return {
        "root": root,
        "free_mb": free_mb(root),
        "data": has_data(root),
        "enabled": any(True for _ in matching(ENABLED)),
        "outdated": outdated(list(matching(*ENGINE_CONFIGURATION))),
        "masked": masked(),
    }
