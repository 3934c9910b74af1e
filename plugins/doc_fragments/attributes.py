# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What every module says of itself; each adds how far it does, and what is its own."""


class ModuleDocFragment:
    """The fragment, as Ansible looks for it."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode), and tell what it would change without changing it.
  diff_mode:
    description: Tells in diff mode what has changed, or would change in check mode.
  idempotent:
    description: When run twice in a row with the same arguments, the second call changes nothing.
"""
