# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell which machine builds for the room, and where the room's registry is."""

DOCUMENTATION = r"""
name: room_registry
short_description: Where the room's registry is, by the inventory
description:
  - The first host of the group C(registry) is the registry's host. What is set for it tells the
    address and the ports, as the role C(room_registry) has them.
positional: hostvars
options:
  _input:
    description: The inventory's groups.
    type: dict
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show where the registry is
  ansible.builtin.debug:
    msg: "{{ groups | labocloud.room.room_registry(hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - V(host), its name in the inventory; V(at) and V(mirror), host:port of the registry and of the
      mirror of Docker Hub; V(trusted), those of the two that there are, each with the CA's
      certificate in PEM. Empty where there is none; the certificate also where the host was not
      asked.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

REGISTRY_PORT = 5000
MIRROR_PORT = 5002


def room_builder(groups: Mapping[str, list[str]]) -> str:
    """Give the machine that builds for all: the registry's host, or else the first seat."""
    hosts = groups.get("registry") or groups.get("lab") or [""]
    return hosts[0]


def room_registry(
    groups: Mapping[str, list[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Give what the filter's documentation says."""
    if not groups.get("registry"):
        return {"host": "", "at": "", "mirror": "", "trusted": {}}
    host = groups["registry"][0]
    told = hostvars[host]
    address = told.get("room_registry_address") or told.get("ansible_host") or host
    ca = told.get("ansible_facts", {}).get("seat", {}).get("registry", {}).get("ca", "")
    at = f"{address}:{told.get('room_registry_port', REGISTRY_PORT)}"
    mirror = ""
    if boolean(told.get("room_registry_hub_mirror", False)):
        mirror = f"{address}:{told.get('room_registry_mirror_port', MIRROR_PORT)}"
    return {
        "host": host,
        "at": at,
        "mirror": mirror,
        "trusted": {name: ca for name in (at, mirror) if name},
    }


class FilterModule:
    """Tell Ansible of the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {"room_builder": room_builder, "room_registry": room_registry}
