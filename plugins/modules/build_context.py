#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack the files that an image is built from, and tell their digest."""

DOCUMENTATION = r"""
module: build_context
short_description: Pack a Docker build context, and tell its digest
description:
  - Packs the files that C(docker build) would take from a directory, as .dockerignore says,
    and gives the SHA-256 of the archive.
  - The archive depends on the files' names, contents and executable bits alone, so that two clones
    of a project give the same digest.
requirements:
  - docker (the Python package, where the module runs)
options:
  src:
    description: The directory that holds the Dockerfile.
    type: path
    required: true
  also:
    description: Directories that are packed too, whole, each under its own name.
    type: list
    elements: path
    default: []
  dest:
    description: Path of the archive to write. Its directory is made.
    type: path
    required: true
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Can run in check_mode and return the digest without writing the archive.
    support: full
  diff_mode:
    description: Shows no diff of an archive.
    support: none
  idempotent:
    description: Writes only where the archive differs.
    support: full
"""

EXAMPLES = r"""
- name: Pack the course image's files
  labocloud.room.build_context:
    src: "{{ playbook_dir }}/.."
    dest: /tmp/context.tar
  delegate_to: localhost
"""

RETURN = r"""
digest:
  description: SHA-256 of the archive.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from docker.utils.build import exclude_paths
except ImportError:
    exclude_paths = None


def ignore_patterns(text: str) -> list[str]:
    """Give the patterns of a .dockerignore."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def members(src: Path, also: list[Path]) -> Iterator[tuple[str, Path]]:
    """Give what the archive of src, and of the directories in also, holds: name and path."""
    ignore = src / ".dockerignore"
    patterns = ignore_patterns(ignore.read_text(encoding="utf-8")) if ignore.exists() else []
    for name in sorted(exclude_paths(str(src), patterns)):
        yield name, src / name
    for directory in also:
        for path in sorted(directory.rglob("*")):
            yield str(path.relative_to(directory.parent)), path


def pack(src: Path, also: list[Path]) -> bytes:
    """Give the build context of the directory src as an uncompressed tar archive.

    also: directories that are packed under their own names. Owners, times and all modes but the
    executable bit are left out: they differ between clones. Raises OSError where src or its
    Dockerfile cannot be read.
    """
    (src / "Dockerfile").stat()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in members(src, also):
            if path.is_dir() and not path.is_symlink():
                continue
            entry = archive.gettarinfo(str(path), arcname=name)
            entry.uid = entry.gid = entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(path.read_bytes()) if entry.isreg() else None)
    return buffer.getvalue()


def write(content: bytes, dest: Path) -> None:
    """Write dest so that it is there whole or not at all, whoever writes it at the same time."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=dest.parent, delete=False) as part:
        part.write(content)
    Path(part.name).replace(dest)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "also": {"type": "list", "elements": "path", "default": []},
            "dest": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    if exclude_paths is None:
        module.fail_json(msg=missing_required_lib("docker"))
    src, dest = Path(module.params["src"]), Path(module.params["dest"])
    try:
        content = pack(src, [Path(directory) for directory in module.params["also"]])
        changed = not dest.exists() or dest.read_bytes() != content
        if changed and not module.check_mode:
            write(content, dest)
    except OSError as error:
        module.fail_json(msg=f"cannot pack {src} into {dest}: {error}")
    module.exit_json(changed=changed, digest=hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
