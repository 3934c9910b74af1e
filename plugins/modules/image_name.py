#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Give an image a name, once it is the image that was meant."""

DOCUMENTATION = r"""
module: image_name
short_description: Give a Docker image a name, where it is the image that was meant
description:
  - Compares an image's fingerprint before it gives the name, which no module of a tag does; takes
    away the reference by digest that it came under, and the image that the name was for before.
options:
  image:
    description: Name of the image, or its reference by digest.
    type: str
    required: true
  name:
    description: The name to give, as NAME:TAG.
    type: str
    required: true
  fingerprint:
    description: The fingerprint that the image has to have; any, where none is given.
    type: str
    default: ""
  move:
    description: >-
      Take O(image), which is a reference by digest, away once the image has its name, or has proved
      to be another one.
    type: bool
    default: false
  forget:
    description: >-
      ID of an image that goes, where it has no name any more, unless a container runs it; none,
      where it is empty.
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
    description: Shows no diff.
    support: none
  idempotent:
    description: A name that is for the image already is left alone.
    support: full
"""

EXAMPLES = r"""
- name: Give the revision the course's name
  labocloud.room.image_name:
    image: labocloud20202021:python-c1c0fda7ae53
    name: labocloud20202021:python
    fingerprint: "{{ fingerprint }}"
"""

RETURN = r""" # """

import http.client
from contextlib import closing

from ansible.module_utils.basic import AnsibleModule
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


class OtherImageError(ValueError):
    """The image is not the one that was meant."""


def name_image(
    docker: DockerConnection, image: str, name: str, meant: str, *, move: bool, old: str
) -> bool:
    """Give the name, and tell whether that changed anything; the arguments are the module's.

    Raises OtherImageError where the image is another one, OSError or http.client.HTTPException
    where the engine refuses.
    """
    found = described(docker, image)
    if found is None:
        raise OtherImageError(f"there is no image {image}")
    if meant not in ("", fingerprint(found)):
        if move:
            take_name(docker, image)
        raise OtherImageError(
            f"{image} is not the image that was built (fingerprint {fingerprint(found)[:12]}, "
            f"and not {meant[:12]})"
        )
    bearer = described(docker, name)
    changed = bearer is None or bearer["Id"] != found["Id"]
    if changed:
        give_name(docker, found["Id"], name)
    if move:
        take_name(docker, image)
    gone = bool(old) and forget(docker, old)
    return changed or move or gone


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "fingerprint": {"type": "str", "default": ""},
            "move": {"type": "bool", "default": False},
            "forget": {"type": "str", "default": ""},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    asked = module.params
    try:
        with closing(DockerConnection(asked["docker_socket"], 120)) as docker:
            changed = name_image(
                docker,
                asked["image"],
                asked["name"],
                asked["fingerprint"],
                move=asked["move"],
                old=asked["forget"],
            )
    except (OSError, http.client.HTTPException, OtherImageError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
