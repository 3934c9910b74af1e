# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Document the action of this name, which has no module."""

DOCUMENTATION = r"""
module: room_groups
short_description: Find the groups that machines belong to by what was judged
description:
  - Takes what M(labocloud.room.seat) has judged of the machines of the play, and asks nobody. The
    variable C(labocloud_groups) has the groups of each machine that is not as it should be.
  - One that answers under several names of the inventory is refused. The variable
    C(labocloud_twins) has, for each such name, the others.
options: {}
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Find what each lacks
  labocloud.room.room_groups:
  run_once: true

- name: Have each in the groups of what it lacks
  ansible.builtin.add_host:
    name: "{{ item.key }}"
    groups: "{{ item.value }}"
  loop: "{{ labocloud_groups | dict2items }}"
  run_once: true
"""

RETURN = r"""#"""
