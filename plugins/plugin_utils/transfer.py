# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Send a file to a machine, and fetch one from it that has no more bytes than announced."""

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
# The bytes that stay free on the control machine's disk.
RESERVE = 500 * MB


def too_large(size: int, free: int, most: int) -> tuple[str, bool]:
    """Return why a file is not fetched, and whether the reason is a lack of room here.

    The reason is empty where the file can be fetched. size: in bytes. free, most: the bytes that
    are free here, and that the machine may send.
    """
    if size > most:
        return f"it is {size // MB} MB, more than {most // MB} MB", False
    if size > free - RESERVE:
        why = f"and {free // MB} MB are free here, of which {RESERVE // MB} MB are to stay so"
        return f"it is {size // MB} MB, {why}", True
    return "", False


@contextmanager
def _no_larger(size: int) -> Iterator[None]:
    """Keep this process and those that it starts from writing a file beyond a size in bytes.

    The kernel enforces the limit, so it also holds for the programs that a connection starts.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lower = size if soft == resource.RLIM_INFINITY else min(size, soft)
    resource.setrlimit(resource.RLIMIT_FSIZE, (lower, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fetch_file(fetch: Callable[[str, str], None], path: str, dest: Path, size: int) -> None:
    """Fetch a file of an announced size, in bytes.

    fetch: the connection's method, from a path there to a path here. Raises OSError, also where
    what has arrived is no file, and whatever the connection raises; dest may exist then.
    """
    with _no_larger(size):
        fetch(path, str(dest))
    # A connection may copy a link as a link.
    if not stat.S_ISREG(dest.lstat().st_mode):
        raise OSError(f"{dest.name} is no file")


@contextmanager
def sending(action: ActionBase) -> Iterator[str]:
    """Yield a path on a machine to send a file to, which the module removes once it runs.

    If the module does not run, the file is removed. Raises whatever the block raises.
    """
    # A random name is one under which nobody else can have put anything.
    path = f"{PLACE}/{PREFIX}{secrets.token_hex(16)}"
    try:
        yield path
    except AnsibleActionFail:  # the module has run and removed the file
        raise
    except AnsibleError:
        with suppress(AnsibleError):
            action._low_level_execute_command(action._connection._shell.remove(path))
        raise
