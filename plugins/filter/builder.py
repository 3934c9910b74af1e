# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Filter the inventory's groups for the machine that builds for the room."""

DOCUMENTATION = r"""
name: builder
short_description: The machine that builds the course image for all
description:
  - The one that is set; or else the first host of the group C(registry), where there is one; or
    else the first of the group C(lab).
positional: named
options:
  _input:
    description: The inventory's groups.
    type: dict
    required: true
  named:
    description: The one that is set; empty, where none is.
    type: str
    default: ""
author:
  - labocloud contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Show which machine builds
  ansible.builtin.debug:
    msg: "{{ groups | labocloud.room.builder }}"
"""

RETURN = r"""
_value:
  description: Its name in the inventory.
  type: str
"""

from collections.abc import Callable

from ansible_collections.labocloud.room.plugins.plugin_utils.settings import builder


class FilterModule:
    """The filters, by the name that Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by their names."""
        return {"builder": builder}
