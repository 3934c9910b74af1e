# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Close a machine's engine to all but root for a while, and open it again.

Who opens it again may be lost meanwhile: a timer of systemd's does it then, and so does the next
run, since the judge looks at the socket. A machine that starts anew has a new socket.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from contextlib import closing, suppress

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    ACCOUNT,
    LINK,
    PEER,
    uid_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import engines
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import LOCK

# The mode of the socket is also the mask of its ACL, so that both are closed and opened by it.
CLOSED, OPEN = "go=", "g+rw"
UNIT = "labocloud-opening"
# As systemd.time(7) has it: as long as a run may fetch what it has saved. Whoever still saves or
# removes then has the lock, which the timer waits for.
AFTER = "1h"
# Exists where systemd runs, see sd_booted(3).
SYSTEMD = "/run/systemd/system"
# The same number on all that Debian runs on; Python has no function for it.
PIDFD_GETFD = 438


def place_of(path: str) -> tuple[str, bool]:
    """Return where the socket of a path is, and whether it belongs to an engine without root."""
    if os.path.islink(path) and os.readlink(path) == LINK:
        return os.path.join(os.path.dirname(path), LINK), True
    return path, False


def changing(path: str, change: str) -> list[str]:
    """Return the command that changes the mode of the socket at a path.

    As its owner, and only where a socket is there: who has the account of an engine without root
    can put a link in its place, and root's is such a link as soon as an engine without root runs.
    """
    place, rootless = place_of(path)
    owner = ["runuser", "--user", ACCOUNT, "--"] if rootless else []
    return [
        *owner,
        "find",
        place,
        "-maxdepth",
        "0",
        "-type",
        "s",
        "-exec",
        "chmod",
        change,
        "{}",
        "+",
    ]


def run(*command: str) -> str:
    """Run a command and return what it says where it fails, otherwise nothing. Raises OSError."""
    done = subprocess.run(  # noqa: S603  # no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd="/",
        env=ENVIRONMENT,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"{command[0]} fails"


def cancel() -> None:
    """Have no timer that opens the engine."""
    if os.path.isdir(SYSTEMD):
        run("systemctl", "stop", f"{UNIT}.timer", f"{UNIT}.service")


def open_later(path: str) -> None:
    """Have systemd open the engine after a while, counted from now. Raises OSError."""
    cancel()
    if os.path.isdir(SYSTEMD):
        timer = [f"--unit={UNIT}", f"--on-active={AFTER}", "--collect", "--quiet"]
        if why := run("systemd-run", *timer, "flock", str(LOCK), *changing(path, OPEN)):
            raise OSError(f"systemd does not take a timer: {why}")


def close(path: str) -> None:
    """Close the engine to all but root, also those that are connected to it. Raises OSError."""
    open_later(path)
    if why := run(*changing(path, CLOSED)):
        raise OSError(f"the engine cannot be closed to students: {why}")
    place, rootless = place_of(path)
    for process in engines((uid_of(ACCOUNT) or 0) if rootless else 0):
        # A kernel that permits this to nobody: what they change all the same is noticed.
        with suppress(OSError):
            hang_up(process, place)


def open_again(path: str) -> None:
    """Open the engine to those who may use it. Where that fails, the timer tries it once more."""
    with suppress(OSError):
        if not run(*changing(path, OPEN)):
            cancel()


def hang_up(process: int, place: str) -> None:
    """End the connections that others than root have to the engine of a process.

    place: where its socket is. Nobody's process is ended by that. Raises OSError.
    """
    if os.readlink(f"/proc/{process}/ns/pid") != os.readlink("/proc/self/ns/pid"):
        return  # an engine in a container, whose paths are its own
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(process)
    try:
        for number in os.listdir(f"/proc/{process}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{process}/fd/{number}").startswith("socket:"):
                    taken = libc.syscall(PIDFD_GETFD, handle, int(number), 0)
                    if taken < 0:
                        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                    with closing(socket.socket(fileno=taken)) as connection:
                        end(connection, place)
    finally:
        os.close(handle)


def end(connection: socket.socket, place: str) -> None:
    """End a connection, where it is one of another than root to the socket of a place."""
    if connection.family != socket.AF_UNIX or connection.type != socket.SOCK_STREAM:
        return
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return
    name = connection.getsockname()
    if not isinstance(name, str) or os.path.realpath(name) != os.path.realpath(place):
        return
    _, uid, _ = PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    if uid != 0:
        connection.shutdown(socket.SHUT_RDWR)
