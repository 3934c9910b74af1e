# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The archives of images that the control machine keeps, to send them to one seat after another.

An archive's name is what it holds, and its SHA-256: under that it is there whole.
"""

import glob
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.saved import digest

SUFFIX = ".tar.zst"


def kept(stem: Path) -> tuple[Path, str] | None:
    """Give the archive whose path begins so, and its SHA-256; None where there is none.

    One that was altered is removed. Raises OSError.
    """
    for path in sorted(stem.parent.glob(f"{glob.escape(stem.name)}-*{SUFFIX}")):
        found = digest(path)
        if path.name == f"{stem.name}-{found}{SUFFIX}":
            return path, found
        path.unlink()
    return None


def keep(part: Path, stem: Path, sha256: str) -> None:
    """Give a file that has arrived its name, and remove what is kept of other images.

    stem: the beginning of its path, the name of which begins with what the archive holds, up to a
    hyphen. Raises OSError, and ValueError where it is not the archive of that SHA-256.
    """
    if digest(part) != sha256:
        raise ValueError("the archive arrived torn or altered")
    part.rename(stem.with_name(f"{stem.name}-{sha256}{SUFFIX}"))
    held = stem.name.partition("-")[0]
    for other in stem.parent.iterdir():
        if other.name.partition("-")[0] != held:
            other.unlink()
