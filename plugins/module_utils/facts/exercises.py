# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat has of the practical: its folder, the command `labo`, and where that remembers.

The folder is a link to a directory beside it, whose name nobody gives by hand: so it is exchanged
whole, in one step, and what is somebody's own is told from what the toolkit has put there.
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
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.engine.roots import NOBODYS
from ansible_collections.labocloud.room.plugins.module_utils.files import sha256
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import is_mounted

# Of a folder, more than any course has: files, and bytes of one, which may be data of a teacher's.
MOST, LARGEST = 5000, 4 * 2**30
# Of a directory that others write to, how many entries are looked at.
MOST_ENTRIES = 2000
# What is in the directory that keeps what was done: one file an account, and such a one as it is
# written.
KEPT = re.compile(r"\.?\d+\.json(\.part)?")
MODE_OF_MEMORY = 0o1777
DIRECTORY_MODE, PLAIN = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644


def link(path: Path) -> str | None:
    """Give where a link leads, none where there is no link."""
    with suppress(OSError, ValueError):
        return os.readlink(path)
    return None


def first_names(directory: Path) -> list[str]:
    """Give the names in a directory, of very many the first. Raises OSError."""
    with os.scandir(directory) as entries:
        return [one.name for one in islice(entries, MOST_ENTRIES)]


class Places(NamedTuple):
    """Where it is: the folder, the command, and the directory where that remembers."""

    folder: Path = Path("/usr/local/share/labocloud")
    command: Path = Path("/usr/local/bin/labo")
    memory: Path = Path("/var/lib/labo")

    @property
    def program(self) -> Path:
        """Where the command's link leads to."""
        return self.folder / "labo"

    def is_made(self, name: str) -> bool:
        """Tell whether the toolkit gives a directory, or a link, beside the folder such a name."""
        return bool(re.fullmatch(rf"{self.folder.name}-[0-9a-f]{{16}}(\.link)?", name))

    def made(self) -> list[Path]:
        """Give the directories, and links, that the toolkit has put beside the folder."""
        above = self.folder.parent
        with suppress(OSError):
            return sorted(above / name for name in first_names(above) if self.is_made(name))
        return []

    def current(self) -> Path | None:
        """Give the one that the folder's link leads to, none where that is not the toolkit's."""
        leads = link(self.folder) or ""
        path = self.folder.with_name(leads) if self.is_made(leads) else None
        return path if path and os.path.lexists(path) else None


PLACES = Places()


class Entry(NamedTuple):
    """A file or a link of a folder: its mode with its kind, as stat(2) has it, and its bytes."""

    mode: int
    data: bytes


def line(mode: int, name: str, held: str = "") -> str:
    """Give the line of a listing that one thing is. held: the SHA-256 of a file's, or link's."""
    return f"{mode:06o} {name} {held}".rstrip()


def wanted(entries: Mapping[str, Entry]) -> list[str]:
    """Give the listing of a folder that holds these. entries: by their paths."""
    directories = {str(above) for name in entries for above in Path(name).parents}
    return sorted(
        [line(DIRECTORY_MODE, name) for name in directories]
        + [
            line(entry.mode, name, hashlib.sha256(entry.data).hexdigest())
            for name, entry in entries.items()
        ]
    )


def found(folder: Path) -> Iterator[str]:
    """Give the lines of the listing of a folder that is there. Raises OSError."""
    paths = [folder]
    for path in paths:
        told = path.lstat()
        held = ""
        if stat.S_ISDIR(told.st_mode):
            paths.extend(path.iterdir())
        elif stat.S_ISLNK(told.st_mode):
            held = hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
        else:
            held = sha256(path, LARGEST)
        if len(paths) > MOST:
            raise OSError(f"{folder} holds more than {MOST} files")
        if told.st_uid != os.geteuid():
            raise OSError(f"{path} is another account's")
        yield line(told.st_mode, str(path.relative_to(folder)), held)


def listing(folder: Path) -> list[str]:
    """Give the listing of a folder, nothing where it cannot be read as one."""
    with suppress(OSError):
        return sorted(found(folder))
    return []


def digest(lines: list[str]) -> str:
    """Give the SHA-256 of a listing, empty where there is none."""
    if not lines:
        return ""
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def owner(path: Path, *, right: bool) -> str:
    """Say whose what is at a path is: absent, ours or other. right: whether it looks like ours."""
    if not os.path.lexists(path):
        return "absent"
    return "ours" if right and path.lstat().st_uid == os.geteuid() else "other"


def names_remembered(path: Path) -> list[str]:
    """Give the names where the command remembers, less a file system's own. Raises OSError."""
    own = [NOBODYS] if is_mounted(path) else []
    return [name for name in first_names(path) if name not in own]


def memory_facts(path: Path) -> dict[str, Any]:
    """Tell whose the directory is where the command remembers, and whether all may write there."""
    told = path.lstat() if path.is_dir() and not path.is_symlink() else None
    open_to_all = told is not None and stat.S_IMODE(told.st_mode) == MODE_OF_MEMORY
    # One that another tool uses has another mode, and holds something else.
    ours = open_to_all
    if told is not None and not open_to_all:
        names = names_remembered(path)
        # A disk of its own stays when the toolkit goes, or is there before it comes.
        if not names and is_mounted(path):
            return {"memory": "absent", "open": False}
        ours = all(KEPT.fullmatch(name) for name in names)
    return {"memory": owner(path, right=ours), "open": open_to_all}


def exercise_facts(places: Places = PLACES) -> dict[str, Any]:
    """Give what there is of the practical, as the module seat documents it."""
    current = places.current()
    return {
        "folder": owner(places.folder, right=current is not None),
        "digest": digest(listing(current)) if current else "",
        "command": owner(places.command, right=link(places.command) == str(places.program)),
        **memory_facts(places.memory),
        "left": len([one for one in places.made() if one != current]),
    }
