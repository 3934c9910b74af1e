# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine remember something, by the module of this name, and judge what it has then.

Arguments: the module's. It publishes what the action C(seat) does, which needs not be called after
this one. Unlike that, it fails where the machine cannot be asked, or cannot write it down.
"""

from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import SeatAction


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(
        (
            *("before", "roots", "coming", "going", "came", "users", "taken", "moving"),
            *("served", "give_back", "forget"),
        )
    )
