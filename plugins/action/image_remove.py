# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have names of images taken away by the module of this name, and judge what is left.

Arguments: the module's. It publishes what the action C(seat) does.
"""

from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import SeatAction


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(("images", "forget", "docker_socket"))
