# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Run the module of this name, and take of its answer no more than is used and shown."""

from ansible_collections.labocloud.room.plugins.plugin_utils import telling


class ActionModule(telling.ActionModule):
    """The action, as Ansible looks for it."""
