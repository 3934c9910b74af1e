# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack the files of the practical that a seat is given."""

import io
import json
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    PLAIN,
    Entry,
    wanted,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import (
    FILES,
    Exercise,
    folders,
    languages,
    load,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import DELIVERED, told_of
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import TEXTS
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue

PLUGINS = Path(__file__).parents[1]
UTILS = "ansible_collections/labocloud/room/plugins/module_utils"
# Of the toolkit's own Python, what the command needs; its packages are found by their full names.
NEEDED = (
    "engine/__init__.py",
    "engine/answers.py",
    "engine/client.py",
    "engine/limited_http.py",
    "engine/read.py",
    "files.py",
    "images/__init__.py",
    "images/archive_names.py",
    "images/fingerprint.py",
    "languages.py",
    "lesson/*.py",
    "shapes.py",
)
SHEBANG = b"#!/usr/bin/python3 -I\n"
MAIN = f"from {UTILS.replace('/', '.')}.lesson.command import main\n\nraise SystemExit(main())\n"
# Where a project has them, the exercises, and a page that a seat has as a file too.
EXERCISES, MISTAKES = "app/exercises", "app/content/*/mistakes.md"
EXECUTABLE = stat.S_IFREG | 0o755


def exercises_of(project: Path) -> list[Exercise]:
    """Return the exercises of a project. Raises OSError, and ExerciseError."""
    return load(project / EXERCISES)


def members(exercises: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the command's archive holds: name and bytes."""
    yield "__main__.py", MAIN.encode()
    parts = UTILS.split("/")
    for depth in range(1, len(parts) + 1):
        yield f"{'/'.join(parts[:depth])}/__init__.py", b""
    for pattern in NEEDED:
        for file in sorted((PLUGINS / "module_utils").glob(pattern)):
            yield f"{UTILS}/{file.relative_to(PLUGINS / 'module_utils')}", file.read_bytes()
    yield f"{UTILS}/lesson/{TEXTS}", words()
    for folder in folders(exercises):
        texts = [f"{language}.md" for language in languages(exercises / folder.name)]
        for name in (*texts, *FILES):
            if (file := exercises / folder.name / name).is_file():
                yield f"exercises/{folder.name}/{name}", file.read_bytes()


def words() -> bytes:
    """Return all that `labo` says, as JSON: a seat's Python may have no reader of TOML."""
    return json.dumps(catalogue.texts("labo"), ensure_ascii=False, indent=0).encode()


def command(exercises: Path) -> bytes:
    """Return the command `labo`: an archive that Python runs, the same for the same files.

    exercises: the folder that holds an exercise's folder each. Raises OSError.
    """
    buffer = io.BytesIO()
    buffer.write(SHEBANG)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members(exercises):
            # Without a time of its own, which differs between clones, and not packed: libraries
            # that pack differ, too.
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def entries(project: Path, packed: bytes) -> dict[str, Entry]:
    """Return what all seats are given, by the paths in their folder; nothing without exercises.

    packed: what the course image is built from, as packing.pack() gives it. Raises OSError, and
    ExerciseError where an exercise is not as it has to be.
    """
    exercises = project / EXERCISES
    if not exercises.is_dir():
        return {}
    load(exercises)
    given = {"labo": Entry(EXECUTABLE, command(exercises))}
    for page in sorted(project.glob(MISTAKES)):
        given[f"mistakes.{page.parent.name}.md"] = Entry(PLAIN, page.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file:
                given[f"course/{member.name}"] = Entry(stat.S_IFREG | member.mode, file.read())
            elif member.issym():
                given[f"course/{member.name}"] = Entry(
                    stat.S_IFLNK | 0o777, member.linkname.encode()
                )
    return given


def listing(files: Iterable[str], prints: Collection[str]) -> list[str]:
    """Return the listing of a seat's folder.

    files: that of what all are given. prints: the fingerprints of the images that came to the seat.
    """
    return sorted({*files, *wanted({DELIVERED: Entry(PLAIN, told_of(prints))})})


def archive(files: Mapping[str, Entry]) -> bytes:
    """Return the files that a seat is given as one packed archive. files: by their paths."""
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
