#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save containers, images and volumes of a seat as files that can be taken away."""

DOCUMENTATION = r"""
module: seat_save
short_description: Save containers, images and volumes of a Docker Engine as files
description:
  - Of a container, its file system, as an image that C(docker load) takes, and its configuration.
    Of an image, all of it, and its names. Of a volume, all its bytes with their owners, modes and
    extended attributes. Of a network, its configuration.
  - Not what is in memory, in a tmpfs, in the container's log, or in a directory of the seat that a
    container mounts. Of a volume that is on a device of its own (bind, nfs, cifs, tmpfs), its
    configuration alone. A socket in a volume is left out, and told.
  - The files are C(images.tar.zst), C(volumes.tar.zst) and C(manifest.json), which has the SHA-256
    of the others. They belong to the owner of the directory, and are for nobody else to read.
  - Running containers are paused, those that are between two starts are stopped, so that what is
    saved is of one moment. They stay so, unless saving fails; who goes on without removing them
    lets them go on with O(state=absent).
  - From before that on the engine is closed to all but root, until M(labocloud.room.seat_students)
    has removed what was saved, or saving fails, or O(state=absent). Where the run is lost, systemd
    opens it after an hour, and so does the next run.
requirements:
  - tar and zstd (the commands), and nsenter where the engine runs without root
options:
  state:
    description: >-
      Whether to save, or to give up what was saved in O(dest): what was paused for it, and for
      nothing that was saved since, goes on, and the engine is open again.
    type: str
    choices: [present, absent]
    default: present
  containers:
    description: IDs of the containers. One that is gone is passed over.
    type: list
    elements: str
    default: []
  images:
    description: >-
      Images, each with its C(id) and its C(names), a list. One without names, or that is gone, is
      passed over.
    type: list
    elements: dict
    default: []
  volumes:
    description: Names of the volumes.
    type: list
    elements: str
    default: []
  networks:
    description: IDs of the networks.
    type: list
    elements: str
    default: []
  bytes:
    description: How large it is at least, unpacked. Where less is free at O(dest) nothing is begun.
    type: int
    default: 0
  dest:
    description: >-
      An empty directory. Those beside it whose names begin with C(labocloud-saved-) are removed
      where a run that ended early has left them.
    type: path
    required: true
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Saves anew each time it is called.
"""

EXAMPLES = r"""
- name: Save a container, an image and a volume
  labocloud.room.seat_save:
    containers: [4f1c0d2e7a55]
    images: [{id: "sha256:9b2f…", names: ["tp3:1"]}]
    volumes: [data]
    dest: /var/tmp/saved

- name: Let the container go on after all
  labocloud.room.seat_save:
    state: absent
    dest: /var/tmp/saved
"""

RETURN = r"""
files:
  description: The files, name to SHA-256, C(manifest.json) last.
  returned: success, with O(state=present)
  type: dict
sizes:
  description: The same files, name to bytes.
  returned: success, with O(state=present)
  type: dict
saved:
  description: >-
    What tells whether anything was changed since, as M(labocloud.room.seat_students) takes it;
    C(containers), ID to stamp, and C(volumes), name to stamp.
  returned: success, with O(state=present)
  type: dict
left_out:
  description: What could not be saved of the volumes, by its path, since no archive can hold it.
  returned: success, with O(state=present)
  type: list
  elements: str
"""

import http.client
import os
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    PATIENT,
    SOCKET,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.halting import let_go_on
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import alone
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import UnsavableError
from ansible_collections.labocloud.room.plugins.module_utils.reset.saving import save


def main() -> None:
    """Run the module."""
    lists = ("containers", "volumes", "networks")
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **{key: {"type": "list", "elements": "str", "default": []} for key in lists},
            "images": {"type": "list", "elements": "dict", "default": []},
            "bytes": {"type": "int", "default": 0},
            "dest": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    os.umask(0o077)
    arguments = module.params
    socket, dest = arguments["docker_socket"], Path(arguments["dest"])
    why = ""
    commands: list[str] = []
    answer: dict[str, Any] = {}
    with (
        closing(DockerConnection(socket, patience=PATIENT)) as docker,
        # This connection is for requests that are soon answered: a commit may take far longer.
        closing(DockerConnection(socket)) as quick,
        alone(dest),
    ):
        try:
            if arguments["state"] == "present":
                answer = save(docker, arguments, dest)
        except (
            UnsavableError,
            OSError,
            ValueError,
            http.client.HTTPException,
            subprocess.CalledProcessError,
            tarfile.TarError,
        ) as error:
            why = f"cannot save: {getattr(error, 'stderr', None) or error}"
        if why or arguments["state"] == "absent":
            commands = let_go_on(quick, dest)
            access.open_again(socket)
    if commands:
        stay = Refusal("the engine does not let these containers go on", "; ".join(commands))
        why = f"{why}; {stay}" if why else str(stay)
    if why:
        module.fail_json(msg=why)
    module.exit_json(changed=True, **answer)


if __name__ == "__main__":
    main()
