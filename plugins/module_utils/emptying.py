# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Remove a directory and all that is in it, and nothing that a mount or a link leads to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.docker_roots import NOBODYS


class RefusedError(Exception):
    """Something that is not Docker's is there; the text names it and says what to do."""


def mount_number(descriptor: int) -> int:
    """Give the number of the mount that an open directory is on.

    It tells a directory that is mounted there from one that belongs there, of the same file system
    too; and what is open stays what it is, whatever is mounted afterwards.
    """
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii")
    (number,) = re.findall(r"^mnt_id:\s*(\d+)$", text, re.MULTILINE)
    return int(number)


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory, and no link to one. Raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)


def identity(descriptor: int) -> tuple[int, int]:
    """Give what tells an open directory from all others."""
    told = os.fstat(descriptor)
    return told.st_dev, told.st_ino


def replace(old: int, new: int) -> int:
    """Close one open directory and go on with another."""
    os.close(old)
    return new


def remove_files(directory: int) -> list[str]:
    """Remove all of an open directory that is no directory, and give the names of those."""
    with os.scandir(directory) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in listed:
        if not is_directory:
            os.unlink(name, dir_fd=directory)
    return [name for name, is_directory in listed if is_directory]


def empty(root: str) -> None:
    """Remove all that is in root, and on the same mount; what is nobody's stays.

    However deep it is: people make such directories. Raises OSError, and RefusedError where
    something is mounted there after all.
    """
    directory = open_directory(root)
    try:
        mount = mount_number(directory)
        # The way down: each directory's name, and what tells the one that it is in from others.
        trail: list[tuple[str, tuple[int, int]]] = []
        # The directories still to be entered, at each level.
        levels = [[name for name in remove_files(directory) if name != NOBODYS]]
        while levels[0] or trail:
            if levels[-1]:
                name = levels[-1].pop()
                trail.append((name, identity(directory)))
                directory = replace(directory, open_directory(name, directory))
                if mount_number(directory) != mount:
                    raise RefusedError(
                        f"something is mounted at {'/'.join([root, *(name for name, _ in trail)])}:"
                        " the removal has stopped there. Fix: unmount it, and then this again"
                    )
                levels.append(remove_files(directory))
            else:
                levels.pop()
                name, above = trail.pop()
                directory = replace(directory, open_directory("..", directory))
                if identity(directory) != above:
                    raise OSError(f"{name}, below {root}, was moved while it was emptied")
                os.rmdir(name, dir_fd=directory)
    finally:
        os.close(directory)


def remove(path: Path) -> None:
    """Remove a link, a file, or a directory with all that is in it. Raises as empty() does."""
    if path.is_dir() and not path.is_symlink():
        empty(str(path))
        path.rmdir()
    else:
        path.unlink()
