#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Build an image, name it, and answer with the facts of the machine."""

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
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
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
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

import subprocess
from contextlib import closing
from pathlib import Path
from typing import TypedDict

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

# The end of a failed build's output has the reason.
_LAST_LINES = 20
LONGEST_WORDS = 4000
_FIX = (
    "Fix: correct the Dockerfile, or what it takes along; where the disk is full, make room there; "
    "then the same command again."
)


class _FailedError(ValueError):
    """The image cannot be built; the text says why."""


class _Arguments(TypedDict):
    """The arguments that decide what is built."""

    docker_socket: str
    sha256: str
    name: str
    build_args: dict[str, object]
    labels: dict[str, object]
    forget: str
    aside: str


def _command(arguments: _Arguments, id_file: Path) -> list[str]:
    """Return the command that builds the image from a context on its standard input.

    id_file: where it writes the image's ID. A module of community.docker would need buildx, which
    Debian 12 does not have; where there is buildx, it builds another image than the engine does by
    itself.
    """
    return [
        # Without --force-rm, Debian 12's docker leaves the container of a step that fails.
        *("docker", "build", "--network=none", "--force-rm", f"--iidfile={id_file}"),
        *(f"--build-arg={name}={value}" for name, value in arguments["build_args"].items()),
        *(f"--label={name}={value}" for name, value in arguments["labels"].items()),
        "-",
    ]


def _build(context: Path, arguments: _Arguments) -> str:
    """Build the image from a tar, and return its ID. Raises _FailedError and OSError."""
    if digest(context) != arguments["sha256"]:
        raise _FailedError("what it is built from arrived torn or altered")
    id_file = context.with_name("id")
    with context.open("rb") as archive:
        process = run(
            _command(arguments, id_file),
            arguments["docker_socket"],
            check=False,
            stdin=archive,
            stderr=subprocess.STDOUT,
        )
    if process.returncode != 0:
        end = "\n".join(process.stdout.rstrip()[-LONGEST_WORDS:].splitlines()[-_LAST_LINES:])
        raise _FailedError(f"{end or f'docker build ended with {process.returncode}'}\n{_FIX}")
    return id_file.read_text(encoding="ascii").strip()


def _name_built(docker: DockerConnection, image_id: str, arguments: _Arguments) -> bool:
    """Remember the image, name it, and return if that is a change. Raises OSError, ValueError."""
    image = described(docker, image_id)
    if image is None:
        raise _FailedError(f"the engine does not know the image {image_id} that it has built")
    previous = described(docker, arguments["name"])
    with remembered({arguments["name"]: fingerprint(image)}) as is_new:
        if is_moved := previous is None or previous["Id"] != image["Id"]:
            give_name(docker, image_id, arguments["name"])
    is_gone = bool(arguments["forget"]) and forget(docker, arguments["forget"])
    return is_new or is_moved or is_gone


def _make(context: Path, arguments: _Arguments) -> bool:
    """Build and name the image, and return if it is another. Raises OSError and ValueError."""
    with (
        taken(context) as archive,
        closing(DockerConnection(arguments["docker_socket"], 120)) as docker,
    ):
        try:
            return _name_built(docker, _build(archive, arguments), arguments)
        finally:
            if arguments["aside"]:
                take_name(docker, arguments["aside"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "context": {"type": "path", "required": True},
            "sha256": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "build_args": {"type": "dict", "default": {}},
            "labels": {"type": "dict", "default": {}},
            "forget": {"type": "str", "default": ""},
            "aside": {"type": "str", "default": ""},
            **ARGUMENTS,
        },
    )
    name = module.params["name"]
    try:
        changed = _make(Path(module.params["context"]), module.params)
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{name} cannot be built: {error}")
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
