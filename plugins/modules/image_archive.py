#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save images as an archive that leaves out the layers which the receiver has."""

DOCUMENTATION = r"""
module: image_archive
short_description: Save Docker images, without the layers that the receiver has
description:
  - Does what C(docker save) does, leaves out the lowest layers of the images, compresses the
    archive with zstd and tells its SHA-256.
  - C(docker load) takes such an archive where these layers stand already, whatever names they
    have there; where one is lacking it refuses the archive and changes nothing.
  - The action of the same name takes C(seats), the names of machines that were judged in this run.
    It has an archive made for each kind of those that lack images, and fetches it to the control
    machine; one that is there, and whole, is not made anew.
requirements:
  - docker and zstd (the commands, where the module runs)
options:
  images:
    description: Names of the images.
    type: list
    elements: str
    required: true
  skip_layers:
    description: How many layers, counted from the lowest, to leave out of each image.
    type: int
    default: 0
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  idempotent:
    support: none
    details: Writes the archive anew each time it is called.
"""

EXAMPLES = r"""
- name: Save and fetch an archive for each kind of seat
  labocloud.room.image_archive:
    seats: "{{ ansible_play_hosts }}"
  delegate_to: "{{ course_image_builder }}"
  run_once: true
"""

RETURN = r"""
path:
  description: Where the archive is, on the machine that made it.
  returned: success
  type: str
sha256:
  description: SHA-256 of the archive.
  returned: success
  type: str
size:
  description: Bytes of the archive. No more of it is fetched.
  returned: success
  type: int
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO, TypedDict, cast

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT, run
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import (
    NAME,
    PLACE,
    make_directory,
    sweep,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import pack


class _ListedImage(TypedDict):
    """An image in the archive's own manifest.json. Layers: names of members, the lowest first."""

    Layers: list[str]


def omitted(manifest: list[_ListedImage], skip: int) -> set[str]:
    """Return the names of the archive's members that hold the lowest layers of its images.

    skip: how many layers of each image are left out. A member that is also a higher layer of an
    image stays.
    """
    low = {name for image in manifest for name in image["Layers"][:skip]}
    high = {name for image in manifest for name in image["Layers"][skip:]}
    return low - high


def _copy_lean(archive: tarfile.TarFile, skip: int, sink: IO[bytes]) -> None:
    """Write an archive of images to sink, less so many lowest layers of each. Raises OSError."""
    manifest = cast("IO[bytes]", archive.extractfile("manifest.json"))
    without = omitted(json.load(manifest), skip)
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as lean:
        for member in archive:
            if member.name not in without:
                file = archive.extractfile(member) if member.isreg() else None
                lean.addfile(member, file)


def _save(images: list[str], skip: int, dest: Path, docker_socket: str) -> None:
    """Write the archive to dest, packed with zstd.

    All who may enter its directory may read it, since the user who fetches it need not be root.
    Raises subprocess.CalledProcessError where docker or zstd fails, OSError where dest cannot be
    written.
    """
    with tempfile.TemporaryDirectory(prefix="labocloud-", dir=dest.parent) as directory:
        whole = Path(directory) / "images.tar"
        run(["docker", "save", "--output", str(whole), *images], docker_socket)
        with tarfile.open(whole) as archive:
            pack(dest, lambda sink, _: _copy_lean(archive, skip, sink))
    dest.chmod(0o644)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "skip_layers": {"type": "int", "default": 0},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    for command in ("docker", "zstd"):
        if shutil.which(command, path=ENVIRONMENT["PATH"]) is None:
            module.fail_json(msg=f"there is no command {command} here")
    arguments = module.params
    sweep(PLACE, {os.geteuid()})
    directory = make_directory(PLACE)
    dest = directory / NAME
    try:
        _save(arguments["images"], arguments["skip_layers"], dest, arguments["docker_socket"])
        sha256, size = digest(dest), dest.stat().st_size
        # The user who fetches the archive knows its name, and need not be root.
        directory.chmod(0o711)
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        if not isinstance(error, (OSError, subprocess.CalledProcessError)):
            raise
        why = getattr(error, "stderr", None) or error
        module.fail_json(msg=f"the images cannot be saved: {why}")
    module.exit_json(changed=True, path=str(dest), sha256=sha256, size=size)


if __name__ == "__main__":
    main()
