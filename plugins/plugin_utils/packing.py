# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack the files that an image is built from, the same bytes in each clone of a project."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

try:
    from docker.utils.build import exclude_paths
except ImportError:
    exclude_paths = None


def _members(src: Path, also: list[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the members of the archive of src and of the directories in also: name and path."""
    ignore = src / ".dockerignore"
    text = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
    lines = [line.strip() for line in text.splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    for name in sorted(exclude_paths(str(src), patterns)):
        yield name, src / name
    for directory in also:
        for path in sorted(directory.rglob("*")):
            yield str(path.relative_to(directory.parent)), path


def pack(src: Path, also: list[Path]) -> bytes:
    """Return the build context of the directory src as an uncompressed tar archive.

    also: directories that are packed under their own names. Owners, times and all modes but the
    executable bit are left out, since they differ between clones. Raises OSError where src or its
    Dockerfile cannot be read, or the package that reads a .dockerignore as Docker does is missing.
    """
    if exclude_paths is None:
        raise OSError(Refusal("the control machine's Python has no package docker", "install it"))
    (src / "Dockerfile").stat()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in _members(src, also):
            if path.is_dir() and not path.is_symlink():
                continue
            entry = archive.gettarinfo(str(path), arcname=name)
            entry.uid = entry.gid = entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(path.read_bytes()) if entry.isreg() else None)
    return buffer.getvalue()
