# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the action of this name does, which has no module."""

DOCUMENTATION = r"""
module: twins
short_description: Find the machines that answer under several names of the inventory
description:
  - Compares what the machines of the play have told M(labocloud.room.seat) of which machine each
    is, and asks nobody. The variable C(labocloud_twins) has, for each that has several names, the
    others.
options: {}
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Find the machines that have two names
  labocloud.room.twins:
  run_once: true
"""

RETURN = r"""#"""
