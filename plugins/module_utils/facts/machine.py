# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out which machine a seat is: its system, its disk, and what configures its Docker."""

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

from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import NOBODYS
from ansible_collections.labocloud.room.plugins.module_utils.facts import seat
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.files import matching, sha256
from ansible_collections.labocloud.room.plugins.module_utils.shapes import too_deep

OS_RELEASE = "/etc/os-release"
DAEMON_JSON = "/etc/docker/daemon.json"
UNITS_OF_THE_ENGINE = ("docker.service", "docker.socket", "containerd.service")
# The engine reads these when it starts.
ENGINE_CONFIGURATION = (
    DAEMON_JSON,
    "/etc/docker/labocloud-proxy.env",
    "/etc/containerd/labocloud.toml",
    "/etc/systemd/system/containerd.service.d/*.conf",
    "/etc/systemd/system/docker.service.d/*.conf",
    "/etc/systemd/system/docker.socket.d/*.conf",
    # A unit may stand here for the package's own, or keep it from starting.
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
_ENABLED = "/etc/systemd/system/*.wants/docker.service"
# An engine without root has the first, which goes when its service ends; root's has the second.
ENGINES_PIDS = ("/run/labocloud-engine/docker.pid", "/var/run/docker.pid")
MACHINE_ID = "/etc/machine-id"
HOST_KEYS = "/etc/ssh/ssh_host_*_key.pub"
_INTERFACES = "/sys/class/net/*"
# Interfaces that come and go with containers, and those that are alike on many machines.
_PASSING_INTERFACES = re.compile(r"lo|veth.*|docker0|docker_gwbridge|br-[0-9a-f]{12}")


def assignments(text: str) -> dict[str, str]:
    """Return the variables of a file of NAME=value lines, quoted as a shell reads it.

    os-release(5) is such a file and, by and large, /etc/environment. A line that is quoted wrongly
    sets nothing.
    """
    variables = {}
    for line in text.splitlines():
        with suppress(ValueError):
            words = [word for word in shlex.split(line, comments=True) if word != "export"]
            if len(words) == 1 and "=" in words[0]:
                name, _, value = words[0].partition("=")
                variables[name] = value
    return variables


def parse_os_release(text: str) -> seat.System:
    """Return id, version, codename and name of an os-release(5), empty where it lacks one."""
    variables = assignments(text)
    return {
        "id": variables.get("ID", ""),
        "version": variables.get("VERSION_ID", ""),
        "codename": variables.get("VERSION_CODENAME", ""),
        "name": variables.get("PRETTY_NAME", ""),
    }


def parse_host_key(text: str) -> str:
    """Return the fingerprint of a public SSH key, as OpenSSH prints it; empty for no such key."""
    _, _, key = text.partition(" ")
    try:
        raw = base64.b64decode(key.split()[0], validate=True)
    except (IndexError, ValueError):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def parse_object(text: str) -> dict[str, object] | None:
    """Return a JSON object; None where the text is something else, or is nested too deep."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not too_deep(value) else None


def _hashed(*parts: str) -> str:
    """Return a hash of the toolkit's own: machine-id(5) says that the ID itself is to be kept."""
    whole = "\n".join(("labocloud", *parts))
    return hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()


def identity(odd: Odd) -> seat.Identity:
    """Return what tells this machine from others, as the fact C(machine).

    A copy of its disk has the same machine-id and host keys. Containers of the same machine, which
    the project's tests take for seats, have the same kernel, and so the same boot ID. A copy has
    the same hardware address where an interface has no hardware. No other machine has all of these.
    """
    machine_id = read(MACHINE_ID, odd).strip()
    addresses = {
        read(f"{interface}/address").strip()
        for interface in matching(_INTERFACES)
        if not _PASSING_INTERFACES.fullmatch(Path(interface).name)
    }
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    keys = {parse_host_key(read(path, odd)) for path in matching(HOST_KEYS)}
    return {
        "id": _hashed(machine_id) if machine_id else "",
        "running": _hashed(machine_id, boot, *sorted(addresses)) if machine_id else "",
        "host_keys": sorted(keys - {""}),
    }


def free_mb(path: str) -> int:
    """Return the space, in MiB, that root can still fill at path or where it would be made."""
    place = path or os.sep
    while True:
        with suppress(OSError, ValueError):  # The path is absent, or no path can be so.
            space = os.statvfs(place)
            return space.f_bavail * space.f_frsize // 2**20
        parent = os.path.dirname(place)
        if parent == place:
            return 0
        place = parent or os.sep


def has_data(root: str) -> bool:
    """Return whether there is anything in Docker's directory, but for a file system's own."""
    with suppress(OSError, ValueError), os.scandir(root) as entries:
        return any(entry.name != NOBODYS for entry in entries)
    return False


def started_at(pid: str) -> float:
    """Return the time at which a process started, in seconds since 1970, by the system's clock.

    Raises ValueError or IndexError where there is no such process.
    """
    ticks = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    [boot] = re.findall(r"^btime (\d+)$", read("/proc/stat"), re.MULTILINE)
    return int(boot) + ticks / os.sysconf("SC_CLK_TCK")


def outdated(files: list[str]) -> bool:
    """Return whether a file of the engine's configuration is newer than the running engine."""
    pid = next(filter(None, map(read, ENGINES_PIDS)), "").strip()
    try:
        # /proc counts the start in hundredths of a second, and rounds the boot to whole seconds.
        latest = started_at(str(int(pid))) + 1
    except (ValueError, IndexError):
        return False

    def changed_at(path: str) -> float:
        try:
            return os.stat(path).st_mtime
        except OSError:  # It is a link to nothing.
            return 0

    return any(changed_at(path) > latest for path in files)


def masked() -> list[str]:
    """Return the engine's units that are masked: each is a link to /dev/null, or empty."""

    def is_masked(path: str) -> bool:
        with suppress(OSError):
            return os.path.realpath(path) == os.devnull or os.stat(path).st_size == 0
        return False

    return [
        unit
        for unit in UNITS_OF_THE_ENGINE
        if any(is_masked(os.path.join(place, unit)) for place in MASKING)
    ]


def system_facts(odd: Odd) -> seat.SystemFacts:
    """Return the seat's system, whether root asks for it, and which machine it is."""
    return {
        "os": parse_os_release(read(OS_RELEASE, odd)),
        "arch": os.uname().machine,
        "python": ".".join(map(str, sys.version_info[:2])),
        "service_manager": "systemd" if os.path.isdir("/run/systemd/system") else "none",
        "root": os.geteuid() == 0,
        "machine": identity(odd),
    }


def configuration_facts(odd: Odd) -> seat.Configuration:
    """Return the files that configure Docker, path to SHA-256, and the content of daemon.json."""
    files = [*matching(*ENGINE_CONFIGURATION), *matching(*OTHER_CONFIGURATION)]
    return {
        "files": {path: sha256(path) for path in sorted(files)},
        "daemon_config": parse_object(read(DAEMON_JSON, odd)),
    }


def engine_file_facts(root: str) -> seat.EngineFiles:
    """Return the facts on the engine that the seat's files have. root: Docker's directory."""
    return {
        "free_mb": free_mb(root),
        "data": has_data(root),
        "enabled": any(True for _ in matching(_ENABLED)),
        "outdated": outdated(list(matching(*ENGINE_CONFIGURATION))),
        "masked": masked(),
    }
