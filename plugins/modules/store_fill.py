#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch the packages that the machines of a release lack, and hand them over in one file."""

DOCUMENTATION = r"""
module: store_fill
short_description: Fetch packages from Debian's archive for other machines
description:
  - Fetches what lists of packages come to on a machine that has none of them, by an apt with a
    state of its own, and packs it into a tar file, with the archive's signed lists and keys. The
    machine's own apt stays as it is. What an interrupted fetch has left is not fetched again.
  - The action of the same name takes C(seats), the names of machines that were judged in this run.
    It has the first of each release fetch for all of it, brings the file to the control machine,
    and keeps there what Debian has signed. Where this fails, it warns and does not fail.
options:
  suite:
    description: The release's name in the archive, such as C(trixie).
    type: str
    required: true
  architecture:
    description: That of the machines, in dpkg's words.
    type: str
    required: true
  packages:
    description: >-
      For each kind of machine a list of packages, as apt is asked for them, name or name=version.
    type: list
    elements: list
    required: true
  sources:
    description: >-
      Addresses of Debian's archive, and of its security archive; where there are none, those that
      the machine has itself.
    type: list
    elements: str
    default: []
  held:
    description: Names of packages' files that the control machine has, and that are not packed.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  idempotent:
    support: none
    details: Reads the archive's lists each time.
"""

EXAMPLES = r"""
- name: Fetch what the seats lack
  labocloud.room.store_fill:
    seats: "{{ ansible_play_hosts }}"
"""

RETURN = r"""
path: {description: Path of the tar file., returned: success, type: str}
size: {description: Its size in bytes., returned: success, type: int}
fetched: {description: How many packages were fetched now., returned: success, type: int}
"""

import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import (
    PLACE,
    make_directory,
    sweep,
)
from ansible_collections.labocloud.room.plugins.module_utils.store import Fetcher, FetchError

NAME = "packages.tar"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "suite": {"type": "str", "required": True},
            "architecture": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "list", "required": True},
            "sources": {"type": "list", "elements": "str", "default": []},
            "held": {"type": "list", "elements": "str", "default": []},
        },
    )
    arguments = module.params
    sweep(PLACE, {os.geteuid()})
    directory = None
    try:
        fetcher = Fetcher(arguments["suite"], arguments["architecture"], arguments["sources"])
        files = fetcher.wanted(arguments["packages"])
        lacking = [file for file in files if file.name not in set(arguments["held"])]
        fetched = fetcher.fetch(lacking)
        directory = make_directory(PLACE)
        dest = directory / NAME
        fetcher.pack(dest, lacking, (file.name for file in files))
        # The user who fetches it knows its name, and need not be root.
        dest.chmod(0o644)
        directory.chmod(0o711)
        fetcher.clear()
    except BaseException as error:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
        if not isinstance(error, (FetchError, OSError)):
            raise
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, path=str(dest), size=dest.stat().st_size, fetched=fetched)


if __name__ == "__main__":
    main()
