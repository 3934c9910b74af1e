# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out what a seat has of the practical: its folder, the command `labo`, and what that keeps.

The folder is a link to a directory beside it, which has a random name. So the folder is exchanged
whole, in one step, and what somebody has put there is told from the toolkit's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import NOBODYS
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Exercises, Memory
from ansible_collections.labocloud.room.plugins.module_utils.files import sha256
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import is_mounted

# Files of a folder, more than any course has, and bytes of a file, which may be a teacher's data.
MOST, _LARGEST = 5000, 4 * 2**30
# Entries that are read of a directory that others write to.
MOST_ENTRIES = 2000
# The names in the directory where the command remembers: one file an account, and one that is
# being written.
_KEPT = re.compile(r"\.?\d+\.json(\.part)?")
MODE_OF_MEMORY = 0o1777
DIRECTORY_MODE, PLAIN = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644


class Places(NamedTuple):
    """Where the practical is: its folder, the command, and the directory where that remembers."""

    folder: Path = Path("/usr/local/share/labocloud")
    command: Path = Path("/usr/local/bin/labo")
    memory: Path = Path("/var/lib/labo")

    @property
    def program(self) -> Path:
        """The path that the command's link leads to."""
        return self.folder / "labo"

    def is_own_name(self, name: str) -> bool:
        """Return whether the toolkit gives such a name to directories and links by the folder."""
        return bool(re.fullmatch(rf"{self.folder.name}-[0-9a-f]{{16}}(\.link)?", name))

    def own_paths(self) -> list[Path]:
        """Return the directories, and links, that the toolkit has put beside the folder."""
        parent = self.folder.parent
        with suppress(OSError):
            return sorted(parent / name for name in _first_names(parent) if self.is_own_name(name))
        return []

    def current(self) -> Path | None:
        """Return the directory that the folder leads to, None where that is not the toolkit's."""
        target = _link_target(self.folder) or ""
        path = self.folder.with_name(target) if self.is_own_name(target) else None
        return path if path and os.path.lexists(path) else None


PLACES = Places()
NAMES: tuple[Literal["folder", "command", "memory"], ...] = ("folder", "command", "memory")


class Entry(NamedTuple):
    """A file or a link of a folder: its mode with its kind, as stat(2) has it, and its bytes."""

    mode: int
    data: bytes


def wanted(entries: Mapping[str, Entry]) -> list[str]:
    """Return the listing of a folder that holds these entries and nothing else, by their paths."""
    directories = {str(parent) for name in entries for parent in Path(name).parents}
    return sorted(
        [_line(DIRECTORY_MODE, name) for name in directories]
        + [
            _line(entry.mode, name, hashlib.sha256(entry.data).hexdigest())
            for name, entry in entries.items()
        ]
    )


def listing(folder: Path) -> list[str]:
    """Return the listing of a folder as it is, empty where it cannot be read as one."""
    with suppress(OSError):
        return sorted(_lines_of(folder))
    return []


def digest(lines: list[str]) -> str:
    """Return the SHA-256 of a listing, empty where there is none."""
    if not lines:
        return ""
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def exercise_facts(places: Places = PLACES) -> Exercises:
    """Return what there is of the practical, as the module seat documents it."""
    current = places.current()
    return {
        "folder": _owner(places.folder, right=current is not None),
        "digest": digest(listing(current)) if current else "",
        "command": _owner(
            places.command, right=_link_target(places.command) == str(places.program)
        ),
        **memory_facts(places.memory),
        "left": len([path for path in places.own_paths() if path != current]),
    }


def memory_facts(path: Path) -> Memory:
    """Return whose the directory is where the command remembers, and whether all may write there.

    The first is "absent", "ours" or "other", by the key C(memory), the second is C(open).
    """
    status = path.lstat() if path.is_dir() and not path.is_symlink() else None
    is_open = status is not None and stat.S_IMODE(status.st_mode) == MODE_OF_MEMORY
    # A directory that another tool uses has another mode, and holds something else.
    is_ours = is_open
    if status is not None and not is_open:
        names = names_remembered(path)
        # A disk of its own stays when the toolkit goes, or is there before it comes.
        if not names and is_mounted(path):
            return {"memory": "absent", "open": False}
        is_ours = all(_KEPT.fullmatch(name) for name in names)
    return {"memory": _owner(path, right=is_ours), "open": is_open}


def names_remembered(path: Path) -> list[str]:
    """Return the names where the command remembers, less a file system's own. Raises OSError."""
    ignored = [NOBODYS] if is_mounted(path) else []
    return [name for name in _first_names(path) if name not in ignored]


def _link_target(path: Path) -> str | None:
    """Return where a link leads, None where there is no link."""
    with suppress(OSError, ValueError):
        return os.readlink(path)
    return None


def _first_names(directory: Path) -> list[str]:
    """Return the names in a directory, of very many the first. Raises OSError."""
    with os.scandir(directory) as entries:
        return [entry.name for entry in islice(entries, MOST_ENTRIES)]


def _line(mode: int, name: str, checksum: str = "") -> str:
    """Return the line of an entry in a listing. checksum: the SHA-256 of a file, or of a link."""
    return f"{mode:06o} {name} {checksum}".rstrip()


def _lines_of(folder: Path) -> Iterator[str]:
    """Yield the lines of the listing of a folder as it is. Raises OSError."""
    paths = [folder]
    for path in paths:
        status = path.lstat()
        checksum = ""
        if stat.S_ISDIR(status.st_mode):
            paths.extend(path.iterdir())
        elif stat.S_ISLNK(status.st_mode):
            checksum = hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
        else:
            checksum = sha256(path, _LARGEST)
        if len(paths) > MOST:
            raise OSError(f"{folder} holds more than {MOST} files")
        if status.st_uid != os.geteuid():
            raise OSError(f"{path} is another account's")
        yield _line(status.st_mode, str(path.relative_to(folder)), checksum)


def _owner(path: Path, *, right: bool) -> str:
    """Return whose a path is, "absent", "ours" or "other". right: whether it looks like ours."""
    if not os.path.lexists(path):
        return "absent"
    return "ours" if right and path.lstat().st_uid == os.geteuid() else "other"
