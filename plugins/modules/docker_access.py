#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Close a seat's Docker Engine to all but root for a while, or open it again."""

DOCUMENTATION = r"""
module: docker_access
short_description: Close a Docker Engine to all but root for a while, or open it again
description:
  - Closes the engine's socket to its group and to those that its ACL names, and ends the
    connections that others than root have to it. What runs, runs on.
  - Where the run that closed it is lost, systemd opens it after an hour; so does the next run, and
    a restart of the engine or of the machine.
options:
  state:
    description: Whether it is closed, or open to those who may use it.
    type: str
    choices: [closed, open]
    required: true
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  idempotent:
    support: partial
    details: It does not look whether the engine is closed or open already, and tells no change.
"""

EXAMPLES = r"""
- name: Let nobody write in the engine
  labocloud.room.docker_access:
    state: closed
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["closed", "open"], "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    socket = module.params["docker_socket"]
    try:
        if module.params["state"] == "closed":
            access.close(socket)
        else:
            access.open_again(socket)
    except OSError as error:
        module.fail_json(msg=f"{error}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
