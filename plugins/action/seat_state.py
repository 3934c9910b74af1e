# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine remember something, by the module of this name, and judge what it has then.

Arguments: the module's. It publishes what the action C(seat) does, which needs not be called after
this one. Unlike that, it fails where the machine cannot be asked, or cannot write it down.
"""

from ansible_collections.labocloud.room.plugins.action import seat


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _VALID_ARGS = frozenset(
        (
            *("before", "roots", "coming", "going", "came", "users", "taken", "moving"),
            *("served", "give_back", "forget"),
        )
    )
