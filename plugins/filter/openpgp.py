# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Filters for OpenPGP keys."""

DOCUMENTATION = r"""
name: openpgp_fingerprints
short_description: The fingerprints of OpenPGP keys
description:
  - In capitals, those of the primary keys that armored text holds. A text without a key is an
    error.
requirements:
  - pysequoia (Python, on the control machine)
options:
  _input:
    description: The text.
    type: str
    required: true
author:
  - labocloud contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Show whose key it is
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'docker.asc') | labocloud.room.openpgp_fingerprints }}"
"""

RETURN = r"""
_value:
  description: The fingerprints.
  type: list
  elements: str
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.labocloud.room.plugins.plugin_utils.openpgp import (
    OpenpgpError,
    certificates,
)


def openpgp_fingerprints(text: str) -> list[str]:
    """Return the fingerprints, in capitals, of the primary keys in an armored text.

    Raises AnsibleFilterError if the text holds no key, or pysequoia is not installed.
    """
    try:
        keys = certificates([text.encode()])
    except OpenpgpError as error:
        raise AnsibleFilterError(str(error)) from error
    if not keys:
        raise AnsibleFilterError("this is no OpenPGP key (there is none in it)")
    return [key.fingerprint.upper() for key in keys]


class FilterModule:
    """The filters, by the name that Ansible looks for."""

    def filters(self) -> dict[str, Callable[[str], list[str]]]:
        """Return the filters by their names."""
        return {"openpgp_fingerprints": openpgp_fingerprints}
