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
  - The image is remembered, under O(name), as one of the toolkit's.
options:
  image:
    description: Name of the image, or its reference by digest.
    type: str
    required: true
  name:
    description: The name to give, as NAME:TAG.
    type: str
    required: true
  also:
    description: A further name to give, which is not remembered; none, where it is empty.
    type: str
    default: ""
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
  bases:
    description: What is remembered of where images are from, name to the digest that it was for.
    type: dict
    default: {}
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: full
    details: A name that is for the image already is left alone.
"""

EXAMPLES = r"""
- name: Give the revision the course's name
  labocloud.room.image_name:
    image: labocloud20202021:python-c1c0fda7ae53
    name: labocloud20202021:python-c1c0fda7ae53
    also: labocloud20202021:python
    fingerprint: "{{ fingerprint }}"
"""

RETURN = r""" # """

import http.client
from contextlib import closing
from typing import Any

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
    remembered,
    take_name,
)


class OtherImageError(ValueError):
    """The image is not the one that was meant."""


def meant(docker: DockerConnection, image: str, mark: str, *, move: bool) -> tuple[str, str]:
    """Give the ID and the fingerprint of an image.

    mark: the fingerprint that it has to have, any where it is empty. Raises OtherImageError where
    it is another one, which has then lost its reference where it was to be moved, OSError or
    http.client.HTTPException where the engine refuses.
    """
    found = described(docker, image)
    if found is None:
        raise OtherImageError(f"there is no image {image}")
    told = fingerprint(found)
    if mark not in ("", told):
        if move:
            take_name(docker, image)
        raise OtherImageError(
            f"{image} is not the image that was built (fingerprint {told[:12]}, "
            f"and not {mark[:12]})"
        )
    return found["Id"], told


def give(docker: DockerConnection, key: str, name: str) -> bool:
    """Give an image, by its ID, a name, and tell whether it had it not. Raises as meant() does."""
    bearer = described(docker, name)
    if bearer is not None and bearer["Id"] == key:
        return False
    give_name(docker, key, name)
    return True


def name_image(docker: DockerConnection, asked: dict[str, Any]) -> bool:
    """Do what the module's arguments ask for, and tell whether that changed anything.

    Raises as meant() does, and TornError.
    """
    move, old = asked["move"], asked["forget"]
    key, mark = meant(docker, asked["image"], asked["fingerprint"], move=move)
    with remembered({asked["name"]: mark}, asked["bases"]) as new:
        names = [name for name in (asked["name"], asked["also"]) if name]
        given = [give(docker, key, name) for name in names]
        if move:
            take_name(docker, asked["image"])
    gone = bool(old) and forget(docker, old)
    return new or any(given) or move or gone


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "also": {"type": "str", "default": ""},
            "fingerprint": {"type": "str", "default": ""},
            "move": {"type": "bool", "default": False},
            "forget": {"type": "str", "default": ""},
            "bases": {"type": "dict", "default": {}},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    try:
        with closing(DockerConnection(module.params["docker_socket"], 120)) as docker:
            changed = name_image(docker, module.params)
    except (OSError, http.client.HTTPException, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
