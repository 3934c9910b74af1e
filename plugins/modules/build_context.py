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
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: full
    details: Gives the digest without writing the archive.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Writes only where the archive differs.
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
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.labocloud.room.plugins.module_utils.packing import can_pack, pack


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
    if not can_pack():
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
