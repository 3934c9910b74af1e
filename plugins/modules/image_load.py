#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Load an archive of images that holds these images and no other; tell what there is then."""

DOCUMENTATION = r"""
module: image_load
short_description: Load Docker images from an archive, and nothing but those
description:
  - Checks the archive's SHA-256, refuses it where it holds other names than were asked for, loads
    it, and compares the fingerprint of what has come under each name. What has come is remembered
    as the toolkit's.
  - Where one is not as it was meant, the names are for the images again that had them before.
  - The action of the same name sends the archive, which M(labocloud.room.image_archive) has fetched
    to the control machine under the same C(archive). It is gone from the seat at the end; that of a
    run that was killed, a day later.
  - Answers like M(labocloud.room.seat), with what the seat has afterwards; the action judges that.
requirements:
  - zstd (the command, where the module runs)
options:
  src:
    description: Path of the archive, packed with zstd, where it has arrived; the action chooses it.
    type: path
    required: true
  sha256:
    description: The archive's SHA-256, which the action tells by the name that it is kept under.
    type: str
    required: true
  images:
    description: The images that it has to hold, name to fingerprint.
    type: dict
    required: true
  names:
    description: Further names that are given once all is well, each to the name of one of them.
    type: dict
    default: {}
  forget:
    description: >-
      ID of an image that goes, where it has lost its name to one that came, unless a container runs
      it; none, where it is empty.
    type: str
    default: ""
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Loads the archive each time it is called.
"""

EXAMPLES = r"""
- name: Check the archive, and load it into Docker
  labocloud.room.image_load:
    archive: /home/teacher/.cache/images/0123456789abcdef-6
    images:
      labocloud20202021:python-c1c0fda7ae53: "{{ fingerprint }}"
    names:
      labocloud20202021:python: labocloud20202021:python-c1c0fda7ae53
"""

RETURN = r"""
seat:
  description: As of M(labocloud.room.seat).
  returned: success
  type: dict
"""

import http.client
import shutil
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    PATIENT,
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    WrongArchiveError,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    described,
    forget,
    give_name,
    remembered,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import taken
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import unpacked


def check(src: Path, sha256: str, asked: set[str]) -> None:
    """Raise WrongArchiveError where the archive is another one, or holds other names than asked."""
    if digest(src) != sha256:
        raise WrongArchiveError("the archive arrived torn or altered")
    with unpacked(src) as archive:
        try:
            found = names_in(archive)
        except tarfile.TarError as error:
            raise WrongArchiveError(f"the archive is none ({error})") from error
        while archive.read(2**20):  # what fills the last block
            pass
    others = sorted(found - asked)
    if others:
        raise WrongArchiveError(
            f"the archive holds {', '.join(map(repr, others[:5]))}, which nobody asked for"
        )


def load(docker: DockerConnection, src: Path) -> None:
    """Load the archive. Raises OSError, with the engine's own words, where it is refused."""
    # It says nothing while it unpacks.
    patient = DockerConnection(docker.path, patience=PATIENT)
    with unpacked(src) as archive, closing(patient):
        try:
            patient.work("/images/load?quiet=1", archive)
        except EngineError as error:
            raise OSError(reason(error)) from error


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


def bring(docker: DockerConnection, src: Path, images: dict[str, str]) -> dict[str, str]:
    """Load the archive, compare what has come, and give its IDs, by the names.

    Raises OSError, and WrongArchiveError where it is not what was meant: what was there before has
    its names then.
    """
    before: dict[str, str | None] = {}
    for name in images:
        image = described(docker, name)
        before[name] = image["Id"] if image else None
    came = {}
    try:
        load(docker, src)
        for name, meant in images.items():
            image = described(docker, name)
            if image is None or fingerprint(image) != meant:
                raise WrongArchiveError(f"{name} came as another image than the one that was sent")
            came[name] = image["Id"]
    except BaseException:
        put_back(docker, before)
        raise
    return came


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "sha256": {"type": "str", "required": True},
            "images": {"type": "dict", "required": True},
            "names": {"type": "dict", "default": {}},
            "forget": {"type": "str", "default": ""},
            **ARGUMENTS,
        },
    )
    if shutil.which("zstd", path=ENVIRONMENT["PATH"]) is None:
        module.fail_json(msg="there is no command zstd here")
    asked = module.params
    images = asked["images"]
    try:
        with taken(Path(asked["src"])) as src:
            check(src, asked["sha256"], set(images))
            with closing(DockerConnection(asked["docker_socket"], 120)) as docker:
                with remembered(images):
                    came = bring(docker, src, images)
                for name, image in asked["names"].items():
                    give_name(docker, came[image], name)
                if asked["forget"]:
                    forget(docker, asked["forget"])
        seat = answer(asked)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (
        OSError,
        http.client.HTTPException,
        subprocess.CalledProcessError,
        ValueError,
    ) as error:
        module.fail_json(msg=str(getattr(error, "stderr", None) or error).strip())
    module.exit_json(changed=True, seat=seat)


if __name__ == "__main__":
    main()
