# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have names of images taken away by the module of this name, and judge what is left.

Arguments: the module's. It publishes what the action C(seat) does.
"""

from ansible_collections.labocloud.room.plugins.action import seat


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(("images", "forget", "docker_socket"))
