"""What the app's container is: asked of the kernel, which knows nothing of Docker's names."""

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
    """A number that several threads count up."""

    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self.value += 1


def identity(proc: Path = PROC) -> str | None:
    """Give the container's full id, None outside a container.

    Docker mounts its hosts and resolv.conf from a folder that is named by it.
    """
    found = re.search(r"/containers/([0-9a-f]{64})/", (proc / "mountinfo").read_text())
    return found[1] if found else None


def root(proc: Path = PROC) -> int:
    """Give the number that the container's root has outside: 0 is the machine's root.

    The map of accounts has a line for each range: its first number here, outside, how many.
    """
    return int((proc / "uid_map").read_text().split()[1])


def memory(cgroup: Path = CGROUP) -> tuple[int | None, int | None]:
    """Give the bytes of memory in use and the limit, as `docker stats` has them.

    That is without the files that the kernel could drop. None where the kernel does not tell, or
    sets no limit. Version 2 of the kernel's cgroups has other files than version 1.
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
            told = dict(line.split() for line in (cgroup / stat).read_text().splitlines())
            use = int((cgroup / used).read_text()) - int(told[dropped])
            return use, bound((cgroup / limit).read_text().strip())
    return None, None


def bound(limit: str) -> int | None:
    """Give a limit as a number of bytes; version 1 has a number near 2**63 for no limit."""
    return None if limit == "max" or int(limit) > 2**62 else int(limit)


def uptime(proc: Path = PROC) -> int:
    """Give the whole seconds since the process began, which is when its container did."""
    # The second field is the program's name in brackets, which may hold blanks.
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[19])
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))


def facts(revision: str, served: int) -> dict[str, str | int | None]:
    """Give what there is to know: bytes, seconds, None where something cannot be known."""
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
