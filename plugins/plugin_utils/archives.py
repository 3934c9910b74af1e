# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The archives of images that the control machine keeps, to send them to one seat after another.

An archive is named after its content and its SHA-256, so a file with such a name is complete. Files
with other names are neither read nor removed.
"""

import re
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.files import digest

# The beginning of a name: which images the archive holds, and how many of their layers it lacks.
_STEM = re.compile("([0-9a-f]{16})-[0-9]{1,4}", re.ASCII)
SUFFIX = ".tar.zst"
_NAME = re.compile(rf"{_STEM.pattern}-[0-9a-f]{{64}}{re.escape(SUFFIX)}", re.ASCII)
# The end of the name of an archive that is being fetched.
PARTIAL = ".part"


def checked(stem: Path) -> Path:
    """Return the beginning of an archive's path. Raises ValueError where it is none."""
    if stem.parent.name != "images" or not _STEM.fullmatch(stem.name):
        raise ValueError(f"{stem} is no place for an archive of images")
    return stem


def kept(stem: Path) -> tuple[Path, str] | None:
    """Return the archive whose path begins with stem, and its SHA-256; None where there is none.

    An archive that was altered is removed. Raises OSError, and ValueError as checked() does.
    """
    for path in sorted(checked(stem).parent.glob(f"{stem.name}-*{SUFFIX}")):
        if not _NAME.fullmatch(path.name):
            continue
        sha256 = digest(path)
        if path.name == f"{stem.name}-{sha256}{SUFFIX}":
            return path, sha256
        path.unlink()
    return None


def keep(arrived: Path, stem: Path, sha256: str) -> None:
    """Rename a file that has arrived, and remove the archives of other images.

    arrived: the file. stem: the beginning of its path as an archive. Raises OSError, and ValueError
    as checked() does or where the file has another SHA-256.
    """
    if digest(arrived) != sha256:
        raise ValueError("the archive arrived torn or altered")
    arrived.rename(checked(stem).with_name(f"{stem.name}-{sha256}{SUFFIX}"))
    images = stem.name.partition("-")[0]
    for other in stem.parent.iterdir():
        match = _NAME.fullmatch(other.name)
        if match and match[1] != images:
            other.unlink()
