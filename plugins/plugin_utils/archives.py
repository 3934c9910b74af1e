# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The archives of images that the control machine keeps, to send them to one seat after another.

An archive's name is what it holds, and its SHA-256: under that it is there whole. What has another
name is none, and is neither read nor removed.
"""

import re
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.files import digest

# The beginning of a name: which images it holds, and how many layers of them it leaves out.
STEM = re.compile("([0-9a-f]{16})-[0-9]{1,4}", re.ASCII)
SUFFIX = ".tar.zst"
NAME = re.compile(rf"{STEM.pattern}-[0-9a-f]{{64}}{re.escape(SUFFIX)}", re.ASCII)
# While it is fetched.
PART = ".part"


def checked(stem: Path) -> Path:
    """Return the beginning of an archive's path. Raises ValueError where it can be no archive's."""
    if stem.parent.name != "images" or not STEM.fullmatch(stem.name):
        raise ValueError(f"{stem} is no place for an archive of images")
    return stem


def kept(stem: Path) -> tuple[Path, str] | None:
    """Return the archive whose path begins so, and its SHA-256; None where there is none.

    One that was altered is removed. Raises OSError, and ValueError as checked() does.
    """
    for path in sorted(checked(stem).parent.glob(f"{stem.name}-*{SUFFIX}")):
        if not NAME.fullmatch(path.name):
            continue
        found = digest(path)
        if path.name == f"{stem.name}-{found}{SUFFIX}":
            return path, found
        path.unlink()
    return None


def keep(part: Path, stem: Path, sha256: str) -> None:
    """Give a file that has arrived its name, and remove what is kept of other images.

    stem: the beginning of its path. Raises OSError; ValueError as checked() does, and where the
    file is not the archive of that SHA-256.
    """
    if digest(part) != sha256:
        raise ValueError("the archive arrived torn or altered")
    part.rename(checked(stem).with_name(f"{stem.name}-{sha256}{SUFFIX}"))
    held = stem.name.partition("-")[0]
    for other in stem.parent.iterdir():
        found = NAME.fullmatch(other.name)
        if found and found[1] != held:
            other.unlink()
