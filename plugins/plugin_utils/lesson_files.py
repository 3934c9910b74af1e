# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack the files of the practical that a seat is given."""

import io
import json
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    PLAIN,
    Entry,
    wanted,
)
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import around
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    FILES,
    Exercise,
    folders,
    languages,
    load,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Around
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import TEXTS
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue

_PLUGINS = Path(__file__).parents[1]
_UTILS = "ansible_collections/labocloud/room/plugins/module_utils"
# The files of the toolkit's own Python that the command needs, which it imports by full names.
NEEDED = (
    "engine/__init__.py",
    "engine/answers.py",
    "engine/client.py",
    "engine/limited_http.py",
    "engine/read.py",
    "files.py",
    "images/__init__.py",
    "images/archive_names.py",
    "images/delivered.py",
    "images/fingerprint.py",
    "languages.py",
    "lesson/*.py",
    "shapes.py",
)
# The command needs no site-packages, and starts sooner without them.
_SHEBANG = b"#!/usr/bin/python3 -IS\n"
# Python's own handler would print a traceback at a Ctrl+C during the imports: until main() can take
# it, the kernel ends the process. Where whoever started the command has it ignored, it stays so.
_MAIN = f"""\
from signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal

if getsignal(SIGINT) is default_int_handler:
    signal(SIGINT, SIG_DFL)

from {_UTILS.replace("/", ".")}.lesson.command import main

raise SystemExit(main())
"""
# Where a project has its exercises, and the page that a seat also has as a file.
EXERCISES, _MISTAKES = "app/exercises", "app/content/*/mistakes.md"
_EXECUTABLE = stat.S_IFREG | 0o755


def exercises_of(project: Path) -> list[Exercise]:
    """Return the exercises of a project. Raises OSError and ExerciseError."""
    return load(project / EXERCISES)


def members(exercises: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the members of the command's archive: name and bytes."""
    yield "__main__.py", _MAIN.encode()
    parts = _UTILS.split("/")
    for depth in range(1, len(parts) + 1):
        yield f"{'/'.join(parts[:depth])}/__init__.py", b""
    for pattern in NEEDED:
        for file in sorted((_PLUGINS / "module_utils").glob(pattern)):
            yield f"{_UTILS}/{file.relative_to(_PLUGINS / 'module_utils')}", file.read_bytes()
    yield f"{_UTILS}/lesson/{TEXTS}", words()
    for folder in folders(exercises):
        texts = [f"{language}.md" for language in languages(exercises / folder.name)]
        for name in (*texts, *FILES):
            if (file := exercises / folder.name / name).is_file():
                yield f"exercises/{folder.name}/{name}", file.read_bytes()


def words() -> bytes:
    """Return the texts of `labo` as JSON, since a seat's Python may be unable to read TOML."""
    return json.dumps(catalogue.texts("labo"), ensure_ascii=False, indent=0).encode()


def command(exercises: Path) -> bytes:
    """Return the command `labo`: an archive that Python runs, the same bytes for the same files.

    exercises: the folder that has a folder for each exercise. Raises OSError.
    """
    buffer = io.BytesIO()
    buffer.write(_SHEBANG)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members(exercises):
            # A member has no time, which differs between clones, and is not compressed, since
            # libraries compress differently.
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def entries(project: Path, packed: bytes) -> dict[str, Entry]:
    """Return the files that all seats are given, by their paths; none without exercises.

    packed: the build context of the course image, as packing.pack() returns it. Raises OSError, and
    ExerciseError where an exercise is not as it has to be.
    """
    exercises = project / EXERCISES
    if not exercises.is_dir():
        return {}
    load(exercises)
    files = {"labo": Entry(_EXECUTABLE, command(exercises))}
    for page in sorted(project.glob(_MISTAKES)):
        files[f"mistakes.{page.parent.name}.md"] = Entry(PLAIN, page.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file:
                files[f"course/{member.name}"] = Entry(stat.S_IFREG | member.mode, file.read())
            elif member.issym():
                files[f"course/{member.name}"] = Entry(
                    stat.S_IFLNK | 0o777, member.linkname.encode()
                )
    return files


def listing(
    files: Iterable[str], images: Iterable[delivered.Delivered], beside: Around
) -> list[str]:
    """Return the listing of a seat's folder.

    files: the listing that is common to all seats. images: those that were brought to the seat.
    beside: what is around it.
    """
    own = {
        delivered.FILE: Entry(PLAIN, delivered.content(images)),
        around.FILE: Entry(PLAIN, around.content(beside)),
    }
    return sorted({*files, *wanted(own)})


def archive(files: Mapping[str, Entry]) -> bytes:
    """Return the files that a seat is given as one compressed archive. files: by their paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for name, entry in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.mode = stat.S_IMODE(entry.mode)
            if stat.S_ISLNK(entry.mode):
                member.type, member.linkname = tarfile.SYMTYPE, entry.data.decode()
                packed.addfile(member)
            else:
                member.size = len(entry.data)
                packed.addfile(member, io.BytesIO(entry.data))
    return zlib.compress(buffer.getvalue())
