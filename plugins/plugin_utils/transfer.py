# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Send a machine a file, and fetch one from it, of no more bytes than it has announced."""

import resource
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import PLACE, PREFIX

MB = 10**6
# Bytes that stay free on the control machine's disk.
RESERVE = 500 * MB


def too_large(size: int, free: int, most: int) -> tuple[str, bool]:
    """Return why so many bytes are not fetched, and whether that is for lack of room here.

    The reason is empty where they are fetched. free, most: bytes that are free here, and that the
    machine may send.
    """
    if size > most:
        return f"it is {size // MB} MB, more than {most // MB} MB", False
    if size > free - RESERVE:
        why = f"and {free // MB} MB are free here, of which {RESERVE // MB} MB are to stay so"
        return f"it is {size // MB} MB, {why}", True
    return "", False


@contextmanager
def no_larger(size: int) -> Iterator[None]:
    """Keep this process, and those that it starts, from writing any file beyond a size in bytes.

    It is the system that stops what a connection starts.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lower = size if soft == resource.RLIM_INFINITY else min(size, soft)
    resource.setrlimit(resource.RLIMIT_FSIZE, (lower, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fetch_file(fetch: Callable[[str, str], None], path: str, dest: Path, size: int) -> None:
    """Fetch a file of a size that was announced, in bytes.

    fetch: the connection's, from a path there to one here. Raises OSError, also where what has
    arrived is no file, and whatever the connection raises; dest may be there then.
    """
    with no_larger(size):
        fetch(path, str(dest))
    # A connection may have copied a link as a link.
    if not stat.S_ISREG(dest.lstat().st_mode):
        raise OSError(f"{dest.name} is no file")


@contextmanager
def sending(action: ActionBase) -> Iterator[str]:
    """Yield a path on a machine to send a file to, which the module takes away once it runs.

    Where the module has not run, what was sent is removed. Raises whatever the block raises.
    """
    # Nobody else can have put anything under a name of chance.
    path = f"{PLACE}/{PREFIX}{secrets.token_hex(16)}"
    try:
        yield path
    except AnsibleActionFail:  # the module has run, and taken the file away
        raise
    except AnsibleError:
        with suppress(AnsibleError):
            action._low_level_execute_command(action._connection._shell.remove(path))
        raise
