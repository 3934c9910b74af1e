# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Give files that are wanted the form in which seat_facts tells those that are there."""

DOCUMENTATION = r"""
name: file_hashes
short_description: The SHA-256 of each file's text
description:
  - What it gives can be compared with the C(files) of C(seat_facts).
options:
  _input:
    description: Path of each file, to its text.
    type: dict
    required: true
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show what daemon.json should be
  ansible.builtin.debug:
    msg: "{{ {'/etc/docker/daemon.json': '{}'} | labocloud.room.file_hashes }}"
"""

RETURN = r"""
_value:
  description: Path of each file, to its text's SHA-256 in hexadecimal.
  type: dict
"""

from collections.abc import Callable
from hashlib import sha256


def file_hashes(files: dict[str, str]) -> dict[str, str]:
    """Give the path of each file to the SHA-256 of its text."""
    return {path: sha256(text.encode()).hexdigest() for path, text in files.items()}


class FilterModule:
    """Tell Ansible of the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        """Give the filters of this file by name."""
        return {"file_hashes": file_hashes}
