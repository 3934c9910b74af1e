#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Give images names, once they are those that were meant, and tell what there is then."""

DOCUMENTATION = r"""
module: image_name
short_description: Give Docker images names, where they are the images that were meant
description:
  - Compares an image's fingerprint before it gives the name, which no module of a tag does; takes
    away the reference by digest that it came under, and the image that the name was for before.
  - The images are remembered, under the names in O(images), as the toolkit's.
  - Answers like M(labocloud.room.seat), with what the machine has afterwards; the action of the
    same name judges that. Its arguments C(what) and C(fix) are what it says where this fails, what
    was not done, and what to do.
options:
  images:
    description: The images, each with the name to give.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name to give, as NAME:TAG.
        type: str
        required: true
      image:
        description: Where it is found, a name or a reference by digest; by default its name.
        type: str
      fingerprint:
        description: The fingerprint that it has to have; any, where it is empty.
        type: str
        default: ""
  names:
    description: >-
      Further names that are given once all is well, each to the name of one of them. They are not
      remembered.
    type: dict
    default: {}
  pull:
    description: Pull each O(images[].image) that is not there, which is a reference by digest.
    type: bool
    default: false
  move:
    description: >-
      Whether to take away each O(images[].image), which is a reference by digest, once the image
      has its name, or has proved to be another one: V(always), or where it was V(pulled) now.
    type: str
    choices: [never, pulled, always]
    default: never
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
  served:
    description: >-
      The revision that the room has from now on, once all is well; none, where it is empty. For the
      machine that builds.
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
    support: full
    details: A name that is for the image already is left alone.
"""

EXAMPLES = r"""
- name: Give the revision the course's name
  labocloud.room.image_name:
    images:
      - name: labocloud20202021:python-c1c0fda7ae53
        fingerprint: "{{ fingerprint }}"
    names:
      labocloud20202021:python: labocloud20202021:python-c1c0fda7ae53
    what: labocloud20202021:python is not given to another image
    fix: the same command again, which sends the image anew
"""

RETURN = r"""
seat:
  description: As of M(labocloud.room.seat).
  returned: success
  type: dict
"""

import http.client
from collections.abc import Mapping
from contextlib import closing
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    described,
    forget,
    give_name,
    pull,
    remembered,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import update


class OtherImageError(ValueError):
    """The image is not the one that was meant."""


class Meant(NamedTuple):
    """An image that was meant: its ID, its fingerprint, and whether its reference is to go."""

    id: str
    fingerprint: str
    moves: bool


def meant(docker: DockerConnection, image: str, mark: str, asked: Mapping[str, Any]) -> Meant:
    """Give an image, pulled where that is asked for. asked: the module's arguments.

    mark: the fingerprint that it has to have, any where it is empty. Raises OtherImageError where
    it is another one, which has then lost its reference where it was to be moved, OSError or
    http.client.HTTPException where the engine refuses.
    """
    moves = asked["move"] == "always"
    found = described(docker, image)
    if found is None and asked["pull"]:
        pull(docker, image)
        found = described(docker, image)
        moves = asked["move"] != "never"
    if found is None:
        raise OtherImageError(f"there is no image {image}")
    told = fingerprint(found)
    if mark not in ("", told):
        if moves:
            take_name(docker, image)
        raise OtherImageError(
            f"{image} is not the image that was built (fingerprint {told[:12]}, "
            f"and not {mark[:12]})"
        )
    return Meant(found["Id"], told, moves)


def give(docker: DockerConnection, key: str, name: str) -> bool:
    """Give an image, by its ID, a name, and tell whether it had it not. Raises as meant() does."""
    bearer = described(docker, name)
    if bearer is not None and bearer["Id"] == key:
        return False
    give_name(docker, key, name)
    return True


def name_images(docker: DockerConnection, asked: Mapping[str, Any]) -> bool:
    """Do what the module's arguments ask for, and tell whether that changed anything.

    Raises as meant() does, and TornError.
    """
    where = {one["name"]: one["image"] or one["name"] for one in asked["images"]}
    marks = {one["name"]: one["fingerprint"] for one in asked["images"]}
    found = {name: meant(docker, where[name], mark, asked) for name, mark in marks.items()}
    images = {name: one.fingerprint for name, one in found.items()}
    with remembered(images, asked["bases"]) as new:
        named = {name: name for name in found} | asked["names"]
        given = [give(docker, found[image].id, name) for name, image in named.items()]
        moved = [where[name] for name, one in found.items() if one.moves]
        for image in moved:
            take_name(docker, image)
    gone = bool(asked["forget"]) and forget(docker, asked["forget"])
    served = asked["served"]
    serves = bool(served) and update(lambda state: state.serve(served))
    return new or any(given) or bool(moved) or gone or serves


def main() -> None:
    """Run the module."""
    image = {
        "name": {"type": "str", "required": True},
        "image": {"type": "str"},
        "fingerprint": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "dict", "required": True, "options": image},
            "names": {"type": "dict", "default": {}},
            "pull": {"type": "bool", "default": False},
            "move": {
                "type": "str",
                "choices": ["never", "pulled", "always"],
                "default": "never",
            },
            "forget": {"type": "str", "default": ""},
            "bases": {"type": "dict", "default": {}},
            "served": {"type": "str", "default": ""},
            **ARGUMENTS,
        },
    )
    try:
        with closing(DockerConnection(module.params["docker_socket"], 120)) as docker:
            changed = name_images(docker, module.params)
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
