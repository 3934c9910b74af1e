# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What every module says of itself; each adds what is its own."""


class ModuleDocFragment:
    """The fragment, as Ansible looks for it."""

    DOCUMENTATION = r"""
options: {}
author:
  - labocloud contributors (!UNKNOWN)
attributes:
  check_mode:
    description: Can run in C(check_mode), and tell what it would change without changing it.
    support: none
  diff_mode:
    description: Tells in diff mode what has changed, or would change in check mode.
    support: none
  idempotent:
    description: When run twice in a row with the same arguments, the second call changes nothing.
"""
