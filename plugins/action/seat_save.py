# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the module of this name, and take of its answer no more than is used and shown.

Arguments: the module's.
"""

from ansible_collections.labocloud.room.plugins.action import seat_students


class ActionModule(seat_students.ActionModule):
    """The action, as Ansible looks for it."""
