# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The files of the practical that a seat is given."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[1]
UTILS = "ansible_collections/labocloud/room/plugins/module_utils"
# Of the toolkit's own Python, what the command needs; its packages are found by their full names.
NEEDED = ("docker_engine.py", "shapes.py", "lesson")
SHEBANG = b"#!/usr/bin/python3 -I\n"
MAIN = f"from {UTILS.replace('/', '.')}.lesson.command import main\n\nraise SystemExit(main())\n"


def members(exercises: Path) -> Iterator[tuple[str, bytes]]:
    """Give what the command's archive holds: name and bytes."""
    yield "__main__.py", MAIN.encode()
    parts = UTILS.split("/")
    for depth in range(1, len(parts) + 1):
        yield f"{'/'.join(parts[:depth])}/__init__.py", b""
    for name in NEEDED:
        path = PLUGINS / "module_utils" / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            yield f"{UTILS}/{file.relative_to(PLUGINS / 'module_utils')}", file.read_bytes()
    for file in sorted(exercises.glob("*/*.*")):
        yield f"exercises/{file.relative_to(exercises)}", file.read_bytes()


def command(exercises: Path) -> bytes:
    """Give the command `labo`: an archive that Python runs, the same for the same files.

    exercises: the folder that holds an exercise's folder each. Raises OSError.
    """
    buffer = io.BytesIO()
    buffer.write(SHEBANG)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members(exercises):
            # Without a time of its own, which differs between clones.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
