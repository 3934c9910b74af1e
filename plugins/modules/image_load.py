#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Load an archive of images that holds these images and no other."""

DOCUMENTATION = r"""
module: image_load
short_description: Load Docker images from an archive, and nothing but those
description:
  - Checks the archive's SHA-256, refuses it where it holds other names than were asked for, loads
    it, and compares the fingerprint of what has come under each name.
  - Where one is not as it was meant, the names are for the images again that had them before.
  - An archive as C(image_archive) makes it; removed at the end with its directory, also that of a
    run that is lost.
requirements:
  - docker and zstd (the commands, where the module runs)
options:
  src:
    description:
      - Path of the archive, packed with zstd, in a directory that others cannot write to. What
        runs that were killed have left beside that directory is removed.
    type: path
    required: true
  sha256:
    description: The archive's SHA-256.
    type: str
    required: true
  images:
    description: The images that it has to hold, name to fingerprint.
    type: dict
    required: true
  forget:
    description: >-
      ID of an image that goes, where it has lost its name to one that came, unless a container runs
      it; none, where it is empty.
    type: str
    default: ""
  docker_socket:
    description: Path of the Docker Engine's socket.
    type: path
    default: /var/run/docker.sock
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
    description: Loads the archive each time it is called.
    support: none
"""

EXAMPLES = r"""
- name: Load the course image
  labocloud.room.image_load:
    src: /var/tmp/labocloud-images-1234/images.tar.zst
    sha256: "{{ sha256 }}"
    images:
      labocloud20202021:python-c1c0fda7ae53: "{{ fingerprint }}"
"""

RETURN = r""" # """

import http.client
import shutil
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.archive_names import (
    RefusedError,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    SOCKET,
    DockerConnection,
    fingerprint,
)
from ansible_collections.labocloud.room.plugins.module_utils.image_names import (
    described,
    forget,
    give_name,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.passing import leave, sweep
from ansible_collections.labocloud.room.plugins.module_utils.saved import (
    ENVIRONMENT,
    digest,
    unpacked,
)


def check(src: Path, sha256: str, asked: set[str]) -> None:
    """Raise RefusedError where the archive is another one, or holds other names than asked."""
    if digest(src) != sha256:
        raise RefusedError("the archive arrived torn or altered")
    with unpacked(src) as archive:
        try:
            found = names_in(archive)
        except tarfile.TarError as error:
            raise RefusedError(f"the archive is none ({error})") from error
        while archive.read(2**20):  # what fills the last block
            pass
    others = sorted(found - asked)
    if others:
        raise RefusedError(
            f"the archive holds {', '.join(map(repr, others[:5]))}, which nobody asked for"
        )


def load(src: Path) -> None:
    """Load the archive. Raises RefusedError, with the engine's own words, where it is refused."""
    with unpacked(src) as archive:
        load = ["docker", "load", "--quiet"]
        loaded = subprocess.run(
            load, stdin=archive, capture_output=True, text=True, check=False, env=ENVIRONMENT
        )
        if loaded.returncode != 0:
            raise RefusedError(
                loaded.stderr.strip() or f"docker load ended with {loaded.returncode}"
            )


def put_back(docker: DockerConnection, before: dict[str, str | None]) -> None:
    """Give names back, each to the image that had it, by ID, None for none."""
    for name, old in before.items():
        now = described(docker, name)
        if now is None or now["Id"] == old:
            continue
        if old is None:
            take_name(docker, name)
        else:
            give_name(docker, old, name)
            forget(docker, now["Id"])


def bring(docker: DockerConnection, src: Path, images: dict[str, str]) -> None:
    """Load the archive, and compare what has come.

    Raises RefusedError where it is not what was meant: what was there before has its names then.
    """
    before: dict[str, str | None] = {}
    for name in images:
        image = described(docker, name)
        before[name] = image["Id"] if image else None
    try:
        load(src)
        for name, meant in images.items():
            came = described(docker, name)
            if came is None or fingerprint(came) != meant:
                raise RefusedError(f"{name} came as another image than the one that was sent")
    except BaseException:
        put_back(docker, before)
        raise


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "sha256": {"type": "str", "required": True},
            "images": {"type": "dict", "required": True},
            "forget": {"type": "str", "default": ""},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    for command in ("docker", "zstd"):
        if shutil.which(command, path=ENVIRONMENT["PATH"]) is None:
            module.fail_json(msg=f"there is no command {command} here")
    asked = module.params
    src = Path(asked["src"])
    try:
        sweep(src.parent)
        check(src, asked["sha256"], set(asked["images"]))
        with closing(DockerConnection(asked["docker_socket"], 120)) as docker:
            bring(docker, src, asked["images"])
            if asked["forget"]:
                forget(docker, asked["forget"])
    except (
        OSError,
        http.client.HTTPException,
        subprocess.CalledProcessError,
        RefusedError,
    ) as error:
        module.fail_json(msg=str(getattr(error, "stderr", None) or error).strip())
    finally:
        leave(src)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
