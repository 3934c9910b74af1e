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

import importlib.util
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

# The package may be missing where only the collection was installed.
if HAS_PYSEQUOIA := importlib.util.find_spec("pysequoia") is not None:
    from pysequoia import Cert


def openpgp_fingerprints(text: str) -> list[str]:
    """Return the fingerprints, in capitals, of the primary keys in an armored text.

    Raises AnsibleFilterError if the text holds no key, or pysequoia is not installed.
    """
    if not HAS_PYSEQUOIA:
        raise AnsibleFilterError(
            str(
                Refusal(
                    "a key cannot be read here",
                    "install pysequoia in the Python that Ansible runs with",
                )
            )
        )
    try:
        keys = Cert.split_bytes(text.encode())
    except Exception as error:  # the library raises bare RuntimeErrors, with a stack trace as text
        reason = str(error).splitlines()[0]
        raise AnsibleFilterError(f"this is no OpenPGP key ({reason})") from error
    if not keys:
        raise AnsibleFilterError("this is no OpenPGP key (there is none in it)")
    return [key.fingerprint.upper() for key in keys]


class FilterModule:
    """The filters, by the name that Ansible looks for."""

    def filters(self) -> dict[str, Callable[[str], list[str]]]:
        """Return the filters by their names."""
        return {"openpgp_fingerprints": openpgp_fingerprints}
