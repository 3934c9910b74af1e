# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Give what the room's registry is configured with; a proxy's password may be in it: no fact."""

DOCUMENTATION = r"""
name: room_registry
short_description: What the room's registry is configured with, as the verdict on it has judged
description:
  - By the settings that hold for the machine that the task is for.
options:
  _terms:
    description:
      - V(files), the files that everybody may read, path to text.
      - V(secrets), those that hold a proxy's address, and so perhaps its password.
    type: list
    elements: str
    choices: [files, secrets]
    required: true
author:
  - labocloud contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Write the files that configure the registry
  labocloud.room.text_files:
    files: "{{ lookup('labocloud.room.room_registry', 'files') }}"
    secrets: "{{ lookup('labocloud.room.room_registry', 'secrets') }}"
"""

RETURN = r"""
_raw:
  description: For each term a dictionary.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files, settings


class LookupModule(LookupBase):
    """The lookup, as Ansible looks for it."""

    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: object
    ) -> list[dict[str, str]]:
        """Give what the terms name."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        want = settings.wanted(known["inventory_hostname"], known, self._loader, self._templar)
        return [given(term, want) for term in terms]


def given(term: str, want: dict[str, Any]) -> dict[str, str]:
    """Give what a term names. want: what the machine is to be like."""
    return {
        path: text
        for path, text in registry_files.files(want).items()
        if registry_files.secret(path) is (term == "secrets")
    }
