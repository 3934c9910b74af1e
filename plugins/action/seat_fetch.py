# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch what seat_save has saved, and not a byte more than the seat has announced.

Arguments: src, the directory on the seat, whose name roles/seat_reset chooses; files, name to
SHA-256, and sizes, name to bytes, as in the answer of seat_save; dest, a directory that is created
on the control machine, for its owner alone to enter; max_mb, the most that a seat may send, in MB.
No text of the seat's becomes a path here: the names are those below, or the task fails. It fails
before anything is written if too little space is free, and leaves no directory unless everything
has arrived as announced.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from ansible.errors import AnsibleError
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import PLACE
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    IMAGES,
    MANIFEST,
    REPOSITORY,
    VOLUMES,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables
from ansible_collections.labocloud.room.plugins.plugin_utils.transfer import (
    MB,
    fetch_file,
    too_large,
)

# The manifest is last, since a save without it is incomplete.
_NAMES = (IMAGES, VOLUMES, MANIFEST)
_SHA256 = re.compile("[0-9a-f]{64}")
# sftp would run whatever follows a line break in a path as a command, even one on this machine.
_SOURCE = re.compile(rf"{PLACE}/{REPOSITORY}-\w+", re.ASCII)


class Arguments(TypedDict):
    """The task's. A seat has answered files and sizes: they are of any shape before refusal()."""

    src: str
    files: dict[str, str]
    sizes: dict[str, int]
    dest: str
    max_mb: int


class NotFetchedError(Exception):
    """A save is not fetched; the text says why, and what to do."""


def refusal(files: object, sizes: object, free: int, most: int) -> str:
    """Return why the announced files are not fetched, and what to do; empty where they are.

    files, sizes: the seat's answer, of any shape. free, most: the bytes that are free here, and
    that a seat may send.
    """
    if not isinstance(files, dict) or not isinstance(sizes, dict):
        return "the seat tells of no files"
    if MANIFEST not in files or set(files) - set(_NAMES):
        names = ", ".join(map(repr, files))
        return f"the seat names other files than {', '.join(_NAMES)}: {names[:200]}"
    for name, checksum in files.items():
        size = sizes.get(name)
        if not (isinstance(checksum, str) and _SHA256.fullmatch(checksum)):
            return f"the seat tells no SHA-256 of {name}"
        if not isinstance(size, int) or size < 0:
            return f"the seat tells no size of {name}"
    why, lacks_room = too_large(sum(sizes[name] for name in files), free, most)
    fix = "seat_reset_max_mb, where one seat may have as much"
    if lacks_room:
        fix = "make room, or choose another seat_reset_saved"
    return why and str(Refusal(why, fix))


def _fetch_files(fetch: Callable[[str, str], None], arguments: Arguments, dest: Path) -> None:
    """Fetch the files to dest. Raises NotFetchedError if one does not arrive as announced."""
    for name in _NAMES:
        if name not in arguments["files"]:
            continue
        path, size = dest / name, arguments["sizes"][name]
        try:
            fetch_file(fetch, f"{arguments['src']}/{name}", path, size)
            path.chmod(0o600)
            is_whole = digest(path) == arguments["files"][name]
        except (OSError, AnsibleError) as error:
            raise NotFetchedError(f"{name} does not arrive, of {size} bytes: {error}") from error
        if not is_whole:
            raise NotFetchedError(f"{name} does not arrive whole")


def fetch_save(fetch: Callable[[str, str], None], arguments: Arguments) -> None:
    """Create the directory and fetch to it. Raises NotFetchedError or OSError; nothing stays then.

    fetch: the connection's method, from a path on the seat to a path here.
    """
    if not _SOURCE.fullmatch(str(arguments["src"])):
        raise NotFetchedError(f"the seat has its files in {str(arguments['src'])[:80]!r}")
    dest = Path(arguments["dest"])
    umask = os.umask(0o077)
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(dest.parent).free
        most = int(arguments["max_mb"]) * MB
        if why := refusal(arguments["files"], arguments["sizes"], free, most):
            raise NotFetchedError(why)
        dest.mkdir()
        try:
            _fetch_files(fetch, arguments, dest)
        except BaseException:
            shutil.rmtree(dest, ignore_errors=True)
            raise
    finally:
        os.umask(umask)


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    def perform(self, variables: Variables) -> dict[str, object]:
        """Fetch the files, or fail with the reason."""
        del variables
        try:
            fetch_save(self._connection.fetch_file, self._task.args)
        except (NotFetchedError, OSError) as error:
            return {"failed": True, "msg": str(error)}
        return {"changed": True}
