# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Remove a directory and all that is in it, and nothing that a mount or a link leads to."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import NOBODYS
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal


class ForeignEntryError(Exception):
    """Something is there that is not ours to remove; the text names it and says what to do."""


def mount_number(descriptor: int) -> int:
    """Return the number of the mount that an open directory is on.

    It tells a directory that is mounted there from one that belongs there, of the same file system
    too; and what is open stays what it is, whatever is mounted afterwards.
    """
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii")
    (number,) = re.findall(r"^mnt_id:\s*(\d+)$", text, re.MULTILINE)
    return int(number)


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory, and no link to one, and return its descriptor. Raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)


def identity(descriptor: int) -> tuple[int, int]:
    """Return what tells an open directory from all others."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def replace(old: int, new: int) -> int:
    """Close one open directory, and return another to go on with."""
    os.close(old)
    return new


def is_top(directory: int) -> bool:
    """Return whether an open directory is the top of something that is mounted there."""
    above = open_directory("..", directory)
    try:
        return mount_number(above) != mount_number(directory)
    finally:
        os.close(above)


def is_mounted(path: Path) -> bool:
    """Return whether a directory is where something is mounted. Raises OSError where it is none."""
    directory = open_directory(str(path))
    try:
        return is_top(directory)
    finally:
        os.close(directory)


def remove_files(directory: int, busy: Callable[[str], None]) -> list[str]:
    """Remove all of an open directory that is no directory, and return the names of those.

    busy: takes the name of a file that something is mounted on. Raises OSError.
    """
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if is_directory:
            continue
        try:
            os.unlink(name, dir_fd=directory)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            busy(name)
    return [name for name, is_directory in found if is_directory]


def refuse_mount(path: str) -> None:
    """Raise ForeignEntryError: something is mounted at that path after all."""
    raise ForeignEntryError(
        Refusal(
            f"something is mounted at {path}: the removal has stopped there",
            "unmount it, and then this again",
        )
    )


def empty(
    root: str,
    keep: Collection[str] = (NOBODYS,),
    mounted: Callable[[str], object] = refuse_mount,
) -> None:
    """Remove all that is in root, and on the same mount.

    However deep it is: people make such directories. keep: directories at its top that stay.
    mounted: takes the path of each mount below, which stays where it does not raise, as the
    directories that it is in do. Raises OSError, and what mounted raises.
    """
    stays = False
    directory = open_directory(root)

    def busy(name: str = "") -> None:
        nonlocal stays
        stays = True
        mounted("/".join(filter(None, [root, *(name for name, _ in trail), name])))

    try:
        mount = mount_number(directory)
        # The way down: each directory's name, and what tells the one that it is in from others.
        trail: list[tuple[str, tuple[int, int]]] = []
        # The directories still to be entered, at each level.
        levels = [[name for name in remove_files(directory, busy) if name not in keep]]
        while levels[0] or trail:
            if levels[-1]:
                name = levels[-1].pop()
                trail.append((name, identity(directory)))
                directory = replace(directory, open_directory(name, directory))
                if mount_number(directory) != mount:
                    busy()
                    levels.append([])
                else:
                    levels.append(remove_files(directory, busy))
            else:
                levels.pop()
                name, above = trail.pop()
                directory = replace(directory, open_directory("..", directory))
                if identity(directory) != above:
                    raise OSError(f"{name}, below {root}, was moved while it was emptied")
                try:
                    os.rmdir(name, dir_fd=directory)
                except OSError as error:
                    if not stays or error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
                        raise
    finally:
        os.close(directory)


def clear(path: Path) -> list[str]:
    """Remove all that is in a directory, and return the paths of what stays.

    That is what is mounted below it, and a file system's own where it is the top of one. Raises
    OSError.
    """
    stays: list[str] = []
    own = [NOBODYS] if is_mounted(path) else []
    empty(str(path), own, stays.append)
    return stays + [str(path / name) for name in own if (path / name).is_dir()]


def remove(path: Path) -> None:
    """Remove a link, a file, or a directory with all that is in it.

    Raises OSError, and ForeignEntryError where something is mounted in it.
    """
    if path.is_dir() and not path.is_symlink():
        empty(str(path))
        path.rmdir()
    else:
        path.unlink()
