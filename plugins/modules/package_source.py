#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine's apt install from the room's store."""

DOCUMENTATION = r"""
module: package_source
short_description: Have a lab machine install from the room's store
description:
  - Has apt read the store's index by a configuration of its own, and tells which packages' files
    the machine lacks to install something, or why it cannot have it from there. Then it takes these
    files. The machine's own sources, lists and archives stay as they are.
  - The action of the same name does both, one after the other, and tells C(environment), by which
    tasks use the configuration. It takes C(packages), C(going) and nothing else, and finds the
    store by the settings of the role C(room_store). Where the machine cannot install from there, it
    says so, and C(environment) is empty.
  - M(labocloud.room.seat_state) removes what it has written, when the installation has ended.
options:
  packages:
    description: >-
      Packages that apt is about to install, name or name=version. Where there are none, apt is to
      complete an installation that was interrupted.
    type: list
    elements: str
    default: []
  going:
    description: Packages that go before those come, since they conflict with them.
    type: list
    elements: str
    default: []
  own:
    description: Packages whose holds are the toolkit's. Others' holds are respected.
    type: list
    elements: str
    default: []
  index:
    description: The texts of the store's C(InRelease) and C(Packages).
    type: dict
  source:
    description: apt's entry for it, in the format deb822, with the key that has signed it.
    type: str
  src:
    description: Path of a tar file with the packages' files, where it has arrived.
    type: path
  sha256:
    description: The tar file's SHA-256.
    type: str
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  idempotent:
    support: none
    details: Begins anew each time that it is given an index.
"""

EXAMPLES = r"""
- name: Have the machine install from the room's store
  labocloud.room.package_source:
    packages: [docker.io, zstd]
  register: store

- name: Install the packages
  ansible.builtin.apt:
    name: [docker.io, zstd]
  environment: "{{ store.environment }}"
"""

RETURN = r"""
files:
  description: The names of the files that apt would install.
  returned: with an index
  type: list
  elements: str
problem:
  description: Why it is not to install them; empty, where it may.
  returned: with an index
  type: str
environment:
  description: For tasks that install; from the action.
  returned: always
  type: dict
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.apt import plan
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import taken
from ansible_collections.labocloud.room.plugins.module_utils.package_source import (
    ORIGIN,
    configuration,
    open_source,
    take,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "going": {"type": "list", "elements": "str", "default": []},
            "own": {"type": "list", "elements": "str", "default": []},
            "index": {"type": "dict"},
            "source": {"type": "str"},
            "src": {"type": "path"},
            "sha256": {"type": "str"},
        },
        required_together=[("index", "source"), ("src", "sha256")],
        required_one_of=[("index", "src")],
        mutually_exclusive=[("index", "src")],
    )
    arguments = module.params
    try:
        if arguments["index"]:
            open_source(arguments["index"], arguments["source"])
            os.environ["APT_CONFIG"] = str(configuration())
            wanted = arguments["packages"], arguments["going"], arguments["own"]
            module.exit_json(changed=False, **plan(*wanted, ORIGIN)._asdict())
        with taken(Path(arguments["src"])) as archive:
            if digest(archive) != arguments["sha256"]:
                raise ValueError("it arrived torn or altered")
            take(archive)
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
