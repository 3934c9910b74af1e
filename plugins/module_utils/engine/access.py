# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Close a machine's engine to all but root for a while, and open it again.

Where the run that was to open it is lost, a timer of systemd's does it, and so does the next run,
since the judge checks the socket. After a reboot the socket is a new one.
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

# The mode of the socket is also the mask of its ACL, so a change of it closes and opens both.
CLOSED, _OPEN = "go=", "g+rw"
# Of find: what is at a path, where that is a socket.
_A_SOCKET = ("-maxdepth", "0", "-type", "s")
_UNIT = "labocloud-opening"
# A run may take that long, by systemd.time(7), to fetch what it has saved. While another saves or
# removes, it has the lock, which the timer waits for.
_AFTER = "1h"
# This directory exists where systemd runs, see sd_booted(3).
SYSTEMD = "/run/systemd/system"
# Python has no function for this system call; it has the same number on each of Debian's machines.
_PIDFD_GETFD = 438


def _place_of(path: str) -> tuple[str, bool]:
    """Return where the socket of a path is, and whether it belongs to an engine without root."""
    if os.path.islink(path) and os.readlink(path) == LINK:
        return os.path.join(os.path.dirname(path), LINK), True
    return path, False


def changing(path: str, change: str) -> list[str]:
    """Return the command that changes the mode of the socket at a path.

    It runs as the socket's owner, and changes nothing but a socket: whoever has the account of an
    engine without root can put a link in its place, and the path of root's engine is such a link as
    soon as an engine without root runs.
    """
    place, rootless = _place_of(path)
    owner = ["runuser", "--user", ACCOUNT, "--"] if rootless else []
    return [*owner, "find", place, *_A_SOCKET, "-exec", "chmod", change, "{}", "+"]


def _run(*command: str) -> str:
    """Run a command and return its error where it fails, otherwise "". Raises OSError."""
    process = subprocess.run(  # noqa: S603  # no shell
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env=ENVIRONMENT,
        check=False,
    )
    return "" if process.returncode == 0 else process.stderr.strip() or f"{command[0]} fails"


def _cancel() -> None:
    """Stop the timer that opens the engine. Raises OSError."""
    if os.path.isdir(SYSTEMD):
        _run("systemctl", "stop", f"{_UNIT}.timer", f"{_UNIT}.service")


def open_later(path: str) -> None:
    """Have systemd open the engine after a while, counted from now. Raises OSError."""
    _cancel()
    if os.path.isdir(SYSTEMD):
        timer = [f"--unit={_UNIT}", f"--on-active={_AFTER}", "--collect", "--quiet"]
        if why := _run("systemd-run", *timer, "flock", str(LOCK), *changing(path, _OPEN)):
            raise OSError(f"systemd does not take a timer: {why}")


def close(path: str) -> None:
    """Close the engine to all but root, and end the connections of others. Raises OSError."""
    open_later(path)
    if why := _run(*changing(path, CLOSED)):
        raise OSError(f"the engine cannot be closed to students: {why}")
    place, rootless = _place_of(path)
    for process in engines((uid_of(ACCOUNT) or 0) if rootless else 0):
        # Some kernels allow this to nobody. Whatever students change meanwhile is noticed later.
        with suppress(OSError):
            hang_up(process, place)


def open_again(path: str) -> None:
    """Open the engine to those who may use it. Where that fails, the timer tries it again."""
    with suppress(OSError):
        if not _run(*changing(path, _OPEN)):
            _cancel()


def hang_up(process: int, place: str) -> None:
    """End the connections that others than root have to the engine of a process.

    place: where its socket is. No process is ended by that. Raises OSError.
    """
    if os.readlink(f"/proc/{process}/ns/pid") != os.readlink("/proc/self/ns/pid"):
        return  # The engine is in a container, where paths lead elsewhere.
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(process)
    try:
        for number in os.listdir(f"/proc/{process}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{process}/fd/{number}").startswith("socket:"):
                    descriptor = libc.syscall(_PIDFD_GETFD, handle, int(number), 0)
                    if descriptor < 0:
                        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                    with closing(socket.socket(fileno=descriptor)) as connection:
                        _end(connection, place)
    finally:
        os.close(handle)


def _end(connection: socket.socket, place: str) -> None:
    """End a connection where it is to the socket at a place, and root is not the other end."""
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
