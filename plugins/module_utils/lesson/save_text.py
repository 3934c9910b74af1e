# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Choose the file of `labo save`, and word what it says and how the save is loaded at home."""

from __future__ import annotations

import errno
import os
import shlex
import time
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.engine.client import reason
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory, save
from ansible_collections.labocloud.room.plugins.module_utils.lesson.command_line import WrongError
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import BASE
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import say

# The image that unpacks a volume at home where the course's base is not in the save.
_HOME_IMAGE = "debian"


def save_path(words: list[str], folder: Path) -> Path:
    """Return the path of a new save, which does not exist yet.

    words: of the command line, a file or a directory, or nothing. folder: the student's. Raises
    WrongError where nothing can be written there.
    """
    name = f"{save.PREFIX}{time.strftime('%Y%m%d-%H%M')}{save.SUFFIX}"
    target = Path(words[0]).absolute() if words else folder
    # os.path returns False for what the account may not look into; pathlib raises in some versions.
    path = target / name if os.path.isdir(target) or not words else target
    if not words and not folder.is_dir():
        path = Path.home() / name
    if not os.path.isdir(path.parent) or not os.access(path.parent, os.W_OK | os.X_OK):
        why = say("save_no_folder", folder=path.parent)
        raise WrongError(say("save_failed", why=why))
    return save.free_name(path)


def not_saved(error: OSError, path: Path) -> str:
    """Return why nothing was saved to a path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return say("save_full", folder=path.parent)
    why = memory.printable(error.strerror or reason(error))
    return say("save_failed", why=f"{path}: {why}")


def at_home(path: Path, work: save.Work, folder: Path) -> list[str]:
    """Return the lines on how a save is loaded at home, by commands that any shell accepts.

    work: what was saved. folder: the student's, which is saved where it exists.
    """
    image = BASE if work.base else _HOME_IMAGE
    lines = [say("home"), "", say("home_unpack"), f"  tar -xf {shlex.quote(path.name)}"]
    if work.names:
        lines += [say("home_images", names=", ".join(work.names))]
        lines += ["  docker load -i images.tar.gz"]
    if work.volumes:
        lines += [say("home_volumes")]
        lines += [
            f'  docker run --rm -v {name}:/to -v "${{PWD}}/volumes:/from:ro" {image}'
            f" tar -C /to -xzf /from/{name}.tar.gz"
            for name in work.volumes
        ]
    if folder.is_dir():
        lines += [say("home_folder", folder=save.FOLDER)]
    return [*lines, say("home_containers")]
