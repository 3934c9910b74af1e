"""Facts of the app's own container, read from the kernel, which does not know Docker's names."""

import os
import platform
import re
import socket
import threading
import time
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc/self")


class Counter:
    """A counter that several threads can increment."""

    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Add one to the value."""
        with self._lock:
            self.value += 1


def identity(proc: Path = PROC) -> str | None:
    """Return the container's full ID (64 hexadecimal digits), None outside a container.

    Docker mounts the container's hosts and resolv.conf from a folder named after that ID.
    """
    mount = re.search(r"/containers/([0-9a-f]{64})/", (proc / "mountinfo").read_text())
    return mount[1] if mount else None


def root(proc: Path = PROC) -> int:
    """Return the user ID that the container's root has on the machine; 0 is the machine's root.

    Each line of uid_map is a range: its first ID inside, its first ID outside, and its length.
    """
    return int((proc / "uid_map").read_text().split()[1])


def memory(cgroup: Path = CGROUP) -> tuple[int | None, int | None]:
    """Return the memory in use and its limit, both in bytes, as `docker stats` shows them.

    The memory in use does not include cached files that the kernel could drop. Both are None where
    the kernel does not report them, and the limit is None where there is none. Version 2 of the
    kernel's cgroups has other files than version 1.
    """
    for used, limit, stat, dropped in (
        ("memory.current", "memory.max", "memory.stat", "inactive_file"),
        (
            "memory/memory.usage_in_bytes",
            "memory/memory.limit_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        if (cgroup / used).exists():
            statistics = dict(line.split() for line in (cgroup / stat).read_text().splitlines())
            use = int((cgroup / used).read_text()) - int(statistics[dropped])
            return use, bound((cgroup / limit).read_text().strip())
    return None, None


def bound(limit: str) -> int | None:
    """Return a limit in bytes, None for no limit, which version 1 writes as nearly 2**63."""
    return None if limit == "max" or int(limit) > 2**62 else int(limit)


def uptime(proc: Path = PROC) -> int:
    """Return the whole seconds since the process, and so its container, started."""
    # The second field is the program's name in brackets, which may hold blanks.
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[19])
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))


def facts(revision: str, served: int) -> dict[str, str | int | None]:
    """Return the facts of the container.

    memory and memory_limit are in bytes, uptime is in seconds; a fact that cannot be read is None.
    """
    use, limit = memory()
    return {
        "hostname": socket.gethostname(),
        "id": identity(),
        "revision": revision,
        "user": f"{os.getuid()}:{os.getgid()}",
        "root": root(),
        "python": platform.python_version(),
        "memory": use,
        "memory_limit": limit,
        "uptime": uptime(),
        "requests": served,
    }
