#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring back the containers and volumes that seat_save has saved."""

DOCUMENTATION = r"""
module: seat_restore
short_description: Bring back the containers, images and volumes that seat_save has saved
description:
  - Volumes come back with their bytes, owners, modes and extended attributes, containers with their
    file system and configuration, stopped. A container, or a name of an image, that is another's by
    now comes back as C(NAME-restored). Networks that are lacking are made as they were; where the
    subnet that Docker chose is taken by now, it chooses another.
  - What has been brought back from the same files already is left alone; what was interrupted is
    completed.
  - What cannot come back does not keep back the rest. It is told, and the module fails at its end.
    A volume whose name is taken, or a file that is altered, is found before anything is changed,
    and nothing is.
  - Only images of the names that seat_save gives are loaded.
requirements:
  - tar and zstd (the commands), and nsenter where the engine runs without root
options:
  src:
    description: >-
      Directory with the files of seat_save. Those beside it whose names begin with
      C(labocloud-saved-) are removed where a run that ended early has left them.
    type: path
    required: true
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  idempotent:
    support: full
    details: Leaves alone what it has brought back, whatever became of it.
"""

EXAMPLES = r"""
- name: Bring back what was saved
  labocloud.room.seat_restore:
    src: /var/tmp/saved
"""

RETURN = r"""
lines:
  description: What has come back, as lines for people.
  returned: always
  type: list
  elements: str
missing:
  description: What has not, with the reason, as lines for people.
  returned: always
  type: list
  elements: str
"""

from contextlib import closing
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    PATIENT,
    SOCKET,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import alone
from ansible_collections.labocloud.room.plugins.module_utils.reset.restoring import (
    FAILURES,
    Restoration,
    reason,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    src = Path(module.params["src"])
    lines: list[str] = []
    missing: list[str] = []
    try:
        socket = module.params["docker_socket"]
        with closing(DockerConnection(socket, patience=PATIENT)) as docker, alone(src):
            restoration = Restoration(docker, src)
            lines, missing = restoration.lines, restoration.missing
            restoration.refuse_taken_volumes()
            restoration.restore()
    except FAILURES as error:
        missing.append(f"the rest: {reason(error)}" if lines else reason(error))
    if missing:
        came = f" What came back: {'; '.join(few(lines))}." if lines else ""
        module.fail_json(
            msg=f"cannot restore: {'; '.join(few(missing))}.{came}",
            changed=bool(lines),
            lines=few(lines),
            missing=few(missing),
        )
    module.exit_json(changed=bool(lines), lines=few(lines), missing=missing)


if __name__ == "__main__":
    main()
