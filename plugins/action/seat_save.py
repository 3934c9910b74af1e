# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the module of this name, and limit what of its answer people are shown.

Arguments: the module's.
"""

from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ShowingAction


class ActionModule(ShowingAction):
    """The action, by the name that Ansible looks for."""
