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
  dest:
    description:
      - Path of the archive to write. Where it is in a directory that files pass through, what runs
        that were killed have left beside that one is removed.
    type: path
    required: true
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Cannot run in check_mode.
    support: none
  diff_mode:
    description: Shows no diff of an archive.
    support: none
  idempotent:
    description: Writes the archive anew each time it is called.
    support: none
"""

EXAMPLES = r"""
- name: Save the course image without the six layers of its base
  labocloud.room.image_archive:
    images: [labocloud20202021:python]
    skip_layers: 6
    dest: /var/tmp/labocloud-images-1234/images.tar.zst
"""

RETURN = r"""
sha256:
  description: SHA-256 of the archive.
  returned: success
  type: str
bytes:
  description: Size of the archive.
  returned: success
  type: int
"""

import json
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.passing import sweep
from ansible_collections.labocloud.room.plugins.module_utils.saved import ENVIRONMENT, digest


def omitted(manifest: list[dict[str, Any]], skip: int) -> set[str]:
    """Give the names of the archive's members that hold the skip lowest layers of its images.

    manifest: the archive's own manifest.json, one entry an image with the list C(Layers). A file
    that is also a higher layer of one of the images is not among them.
    """
    low = {name for image in manifest for name in image["Layers"][:skip]}
    high = {name for image in manifest for name in image["Layers"][skip:]}
    return low - high


def save(images: list[str], skip: int, dest: Path) -> None:
    """Write the archive to dest, readable by who may enter its directory: not root fetches it.

    Raises subprocess.CalledProcessError where docker or zstd fails, OSError where dest cannot be
    written.
    """
    with tempfile.TemporaryDirectory(prefix="labocloud-", dir=dest.parent) as directory:
        whole = Path(directory) / "images.tar"
        command = ["docker", "save", "--output", str(whole), *images]
        subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
        packing = ["zstd", "-q", "-3", "-T0", "-f", "-o", str(dest)]
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as why,
            tarfile.open(whole) as archive,
        ):
            manifest = cast("IO[bytes]", archive.extractfile("manifest.json"))
            without = omitted(json.load(manifest), skip)
            with (
                suppress(BrokenPipeError),  # zstd has ended, and says itself why
                subprocess.Popen(
                    packing, stdin=subprocess.PIPE, stderr=why, env=ENVIRONMENT
                ) as zstd,
                tarfile.open(fileobj=zstd.stdin, mode="w|", format=tarfile.PAX_FORMAT) as lean,
            ):
                for member in archive:
                    if member.name not in without:
                        file = archive.extractfile(member) if member.isreg() else None
                        lean.addfile(member, file)
            why.seek(0)
            if zstd.returncode != 0:
                said = why.read().strip() or f"zstd ends with {zstd.returncode}"
                raise subprocess.CalledProcessError(zstd.returncode, packing, stderr=said)
    dest.chmod(0o644)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "skip_layers": {"type": "int", "default": 0},
            "dest": {"type": "path", "required": True},
        },
    )
    for command in ("docker", "zstd"):
        if shutil.which(command, path=ENVIRONMENT["PATH"]) is None:
            module.fail_json(msg=f"there is no command {command} here")
    dest = Path(module.params["dest"])
    try:
        sweep(dest.parent)
        save(module.params["images"], module.params["skip_layers"], dest)
        sha256 = digest(dest)
    except (OSError, subprocess.CalledProcessError) as error:
        dest.unlink(missing_ok=True)
        why = getattr(error, "stderr", None) or error
        module.fail_json(msg=f"the images cannot be saved: {why}")
    module.exit_json(changed=True, sha256=sha256, bytes=dest.stat().st_size)


if __name__ == "__main__":
    main()
