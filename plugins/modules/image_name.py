#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Name images, where they are the expected ones, and answer with the facts of the machine."""

DOCUMENTATION = r"""
module: image_name
short_description: Give Docker images names, where they are the images that were meant
description:
  - Compares an image's fingerprint before it gives the name, which no module of a tag does; takes
    away the reference by digest that it came under, and the image that the name was for before.
  - The images are remembered, under the names in O(images), as the toolkit's.
  - The arguments C(what) and C(fix) of the action of the same name are what it says where this
    fails, what was not done, and what to do.
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
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
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
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

from contextlib import closing
from typing import Literal, NamedTuple, TypedDict

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


class _OtherImageError(ValueError):
    """The image is not the expected one."""


class _Image(TypedDict):
    """An image that is to have a name: where it is found, and which it has to be."""

    name: str
    image: str | None
    fingerprint: str


class _Arguments(TypedDict):
    """The arguments that decide what is done."""

    images: list[_Image]
    names: dict[str, str]
    pull: bool
    move: Literal["never", "pulled", "always"]
    forget: str
    bases: dict[str, str]
    served: str


class _Checked(NamedTuple):
    """An image that is as expected, and that reference of it which is to go, empty if none is."""

    id: str
    fingerprint: str
    goes: str


def _checked(docker: DockerConnection, image: _Image, arguments: _Arguments) -> _Checked:
    """Return an image, pulled where the arguments say so, that has the expected fingerprint.

    Raises _OtherImageError where there is no such image, or it is another one, which has then lost
    its reference where that was to move; OSError where the engine refuses.
    """
    reference, expected = image["image"] or image["name"], image["fingerprint"]
    moves = arguments["move"] == "always"
    description = described(docker, reference)
    if description is None and arguments["pull"]:
        pull(docker, reference)
        description = described(docker, reference)
        moves = arguments["move"] != "never"
    if description is None:
        raise _OtherImageError(f"there is no image {reference}")
    actual = fingerprint(description)
    if expected not in ("", actual):
        if moves:
            take_name(docker, reference)
        raise _OtherImageError(
            f"{reference} is not the image that was built (fingerprint {actual[:12]}, "
            f"and not {expected[:12]})"
        )
    return _Checked(description["Id"], actual, reference if moves else "")


def _ensure_name(docker: DockerConnection, image_id: str, name: str) -> bool:
    """Name an image, by its ID, and return whether it did not have that name. Raises OSError."""
    bearer = described(docker, name)
    if bearer is not None and bearer["Id"] == image_id:
        return False
    give_name(docker, image_id, name)
    return True


def _name_images(docker: DockerConnection, arguments: _Arguments) -> bool:
    """Do as asked, and return whether that changed anything. Raises OSError and ValueError."""
    images = {image["name"]: _checked(docker, image, arguments) for image in arguments["images"]}
    fingerprints = {name: image.fingerprint for name, image in images.items()}
    with remembered(fingerprints, arguments["bases"]) as is_new:
        names = {name: name for name in images} | arguments["names"]
        renamed = [_ensure_name(docker, images[image].id, name) for name, image in names.items()]
        moved = [image.goes for image in images.values() if image.goes]
        for reference in moved:
            take_name(docker, reference)
    is_gone = bool(arguments["forget"]) and forget(docker, arguments["forget"])
    served = arguments["served"]
    serves = bool(served) and update(lambda state: state.serve(served))
    return is_new or any(renamed) or bool(moved) or is_gone or serves


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
            "move": {"type": "str", "choices": ["never", "pulled", "always"], "default": "never"},
            "forget": {"type": "str", "default": ""},
            "bases": {"type": "dict", "default": {}},
            "served": {"type": "str", "default": ""},
            **ARGUMENTS,
        }
    )
    try:
        with closing(DockerConnection(module.params["docker_socket"], 120)) as docker:
            changed = _name_images(docker, module.params)
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(changed=True, msg=str(error))
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
