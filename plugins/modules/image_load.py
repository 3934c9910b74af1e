#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Load an archive of images that holds these and no other, and answer with the seat's facts."""

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
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
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
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

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


def check(src: Path, sha256: str, expected: set[str]) -> None:
    """Raise WrongArchiveError where the archive is another one, or holds a name not expected."""
    if digest(src) != sha256:
        raise WrongArchiveError("the archive arrived torn or altered")
    with unpacked(src) as archive:
        try:
            names = names_in(archive)
        except tarfile.TarError as error:
            raise WrongArchiveError(f"the archive is none ({error})") from error
        # What fills the last block is read too: zstd fails where nobody reads to its end.
        while archive.read(2**20):
            pass
    others = sorted(names - expected)
    if others:
        raise WrongArchiveError(
            f"the archive holds {', '.join(map(repr, others[:5]))}, which nobody asked for"
        )


def load(docker: DockerConnection, src: Path) -> None:
    """Load the archive. Raises OSError, with the engine's own words, where it is refused."""
    # The engine sends nothing while it unpacks.
    patient = DockerConnection(docker.path, patience=PATIENT)
    with unpacked(src) as archive, closing(patient):
        try:
            patient.work("/images/load?quiet=1", archive)
        except EngineError as error:
            raise OSError(reason(error)) from error


def _put_back(docker: DockerConnection, before: dict[str, str | None]) -> None:
    """Restore each name to the ID of the image that had it, if one had. Raises OSError."""
    for name, image_id in before.items():
        now = described(docker, name)
        if now is None or now["Id"] == image_id:
            continue
        if image_id is None:
            take_name(docker, name)
        else:
            give_name(docker, image_id, name)
            forget(docker, now["Id"])


def _bring(docker: DockerConnection, src: Path, images: dict[str, str]) -> dict[str, str]:
    """Load the archive, compare the images that have come, and return their IDs, by name.

    images: name to fingerprint. Raises OSError, and WrongArchiveError where an image is another
    one; the images of before have their names again then.
    """
    before: dict[str, str | None] = {}
    for name in images:
        image = described(docker, name)
        before[name] = image["Id"] if image else None
    ids = {}
    try:
        load(docker, src)
        for name, expected in images.items():
            image = described(docker, name)
            if image is None or fingerprint(image) != expected:
                raise WrongArchiveError(f"{name} came as another image than the one that was sent")
            ids[name] = image["Id"]
    except BaseException:
        _put_back(docker, before)
        raise
    return ids


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
    arguments = module.params
    images = arguments["images"]
    try:
        with taken(Path(arguments["src"])) as src:
            check(src, arguments["sha256"], set(images))
            with closing(DockerConnection(arguments["docker_socket"], 120)) as docker:
                with remembered(images):
                    ids = _bring(docker, src, images)
                for name, image in arguments["names"].items():
                    give_name(docker, ids[image], name)
                if arguments["forget"]:
                    forget(docker, arguments["forget"])
        seat = answer(arguments)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        module.fail_json(msg=str(getattr(error, "stderr", None) or error).strip())
    module.exit_json(changed=True, seat=seat)


if __name__ == "__main__":
    main()
