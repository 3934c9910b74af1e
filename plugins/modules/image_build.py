#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Build an image, give it its name, and tell what the machine has then."""

DOCUMENTATION = r"""
module: image_build
short_description: Build a Docker image from files of the control machine
description:
  - Builds an image without a network, by Docker's own command. What it is built from is on the
    control machine; the action of the same name packs it from its argument C(src), the directory
    that holds the Dockerfile, as C(.dockerignore) there says, and sends it. Its argument C(also)
    names directories that are packed too, whole, each under its own name.
  - The image is remembered as one of the toolkit's before it gets its name. A build that fails
    leaves the name to the image that had it.
  - Answers like M(labocloud.room.seat), with what the machine has afterwards. The action judges
    that, so that no further question is needed.
requirements:
  - docker (the command, where the module runs)
options:
  context:
    description: Path of the build context where it has arrived, a tar; the action chooses it.
    type: path
    required: true
  sha256:
    description: The build context's SHA-256; the action tells it.
    type: str
    required: true
  name:
    description: The name that the image gets, as NAME:TAG.
    type: str
    required: true
  build_args:
    description: What the Dockerfile's C(ARG) are set to.
    type: dict
    default: {}
  labels:
    description: Labels of the image.
    type: dict
    default: {}
  forget:
    description: >-
      ID of an image that goes, where it has lost its name to the one that was built, unless a
      container runs it; none, where it is empty.
    type: str
    default: ""
  aside:
    description: A name that another image had for the sake of this build alone; it goes afterwards.
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
    support: partial
    details: Where Docker takes all of it from its cache, the image is the same.
"""

EXAMPLES = r"""
- name: Build the course image
  labocloud.room.image_build:
    src: "{{ playbook_dir }}/.."
    name: labocloud20202021:python-c1c0fda7ae53
    build_args: {BASE: "labocloud20202021:base"}
"""

RETURN = r"""
seat:
  description: As of M(labocloud.room.seat).
  returned: success
  type: dict
"""

import http.client
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.commands import run
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    described,
    forget,
    give_name,
    remembered,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import taken

OWN_ARGUMENTS: dict[str, Any] = {
    "context": {"type": "path", "required": True},
    "sha256": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "build_args": {"type": "dict", "default": {}},
    "labels": {"type": "dict", "default": {}},
    "forget": {"type": "str", "default": ""},
    "aside": {"type": "str", "default": ""},
}
# Of what a build that failed has said, its end tells why.
LAST_LINES = 20
LONGEST_WORDS = 4000
FIX = (
    "Fix: correct the Dockerfile, or what it takes along; where the disk is full, make room there; "
    "then the same command again."
)


class FailedError(ValueError):
    """The image cannot be built; the text says why."""


def command(asked: Mapping[str, Any], told: Path) -> list[str]:
    """Give the command that builds, from its standard input, what the module's arguments ask for.

    told: where it writes the image's ID. A module of community.docker would need buildx, which
    Debian 12 does not have; where it is, what the engine builds by itself is another image.
    """
    return [
        # Debian 12's would leave the container of a step that fails.
        *("docker", "build", "--network=none", "--force-rm", f"--iidfile={told}"),
        *(f"--build-arg={name}={value}" for name, value in asked["build_args"].items()),
        *(f"--label={name}={value}" for name, value in asked["labels"].items()),
        "-",
    ]


def build(context: Path, asked: Mapping[str, Any]) -> str:
    """Build the image, and give its ID. It has no name yet.

    Raises FailedError, with the last of what the build has said, and OSError.
    """
    if digest(context) != asked["sha256"]:
        raise FailedError("what it is built from arrived torn or altered")
    told = context.with_name("id")
    with context.open("rb") as archive:
        done = run(
            command(asked, told),
            asked["docker_socket"],
            check=False,
            stdin=archive,
            stderr=subprocess.STDOUT,
        )
    if done.returncode != 0:
        said = "\n".join(done.stdout.rstrip()[-LONGEST_WORDS:].splitlines()[-LAST_LINES:])
        raise FailedError(f"{said or f'docker build ended with {done.returncode}'}\n{FIX}")
    return told.read_text(encoding="ascii").strip()


def name_built(docker: DockerConnection, key: str, asked: Mapping[str, Any]) -> bool:
    """Remember an image, by its ID, give it its name, and tell whether that is anything new.

    Raises OSError, http.client.HTTPException and TornError.
    """
    image = described(docker, key)
    if image is None:
        raise FailedError(f"the engine does not know the image {key} that it has built")
    before = described(docker, asked["name"])
    with remembered({asked["name"]: fingerprint(image)}) as new:
        if moved := before is None or before["Id"] != image["Id"]:
            give_name(docker, key, asked["name"])
    gone = bool(asked["forget"]) and forget(docker, asked["forget"])
    return new or moved or gone


def make(context: Path, asked: Mapping[str, Any]) -> bool:
    """Have the image, and tell whether it is another one than before.

    context: where the build context has arrived. Raises as build() and name_built() do.
    """
    with (
        taken(context) as archive,
        closing(DockerConnection(asked["docker_socket"], 120)) as docker,
    ):
        try:
            return name_built(docker, build(archive, asked), asked)
        finally:
            if asked["aside"]:
                take_name(docker, asked["aside"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OWN_ARGUMENTS})
    name = module.params["name"]
    try:
        changed = make(Path(module.params["context"]), module.params)
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        module.fail_json(msg=f"{name} cannot be built: {error}")
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
