#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Remove names of images that are the toolkit's, and answer with the facts of the machine."""

DOCUMENTATION = r"""
module: image_remove
short_description: Take away names of Docker images, where they are for the images that are meant
description:
  - Takes a name away where it is still for the image of that ID, and the image too where it has no
    other name, and remembers neither any more as the toolkit's.
  - Without force, so that an image that a container runs stays; the module fails then, once it has
    done the rest.
options:
  images:
    description: The names, each with the ID of the image that it is for.
    type: dict
    default: {}
  forget:
    description: Names of images that are not remembered any more, whatever they are for.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  idempotent:
    support: full
    details: What is gone is left alone.
"""

EXAMPLES = r"""
- name: Remove a revision
  labocloud.room.image_remove:
    images:
      labocloud20202021:python-c1c0fda7ae53: "{{ id }}"
"""

RETURN = r"""
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
"""

from contextlib import closing
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.names import described
from ansible_collections.labocloud.room.plugins.module_utils.state import State, update


def _remove(docker: DockerConnection, images: dict[str, str]) -> tuple[list[str], list[str]]:
    """Remove names, and return those that are gone, and the reasons of the engine's refusals.

    images: name to ID. Raises OSError where no engine answers.
    """
    gone, refused = [], []
    for name, image_id in images.items():
        image = described(docker, name)
        if image is None or image["Id"] != image_id:
            continue
        try:
            docker.ask(f"/images/{quote(name, safe='/:')}", "DELETE")
            gone.append(name)
        except EngineError as error:
            refused.append(str(error))
    return gone, refused


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "dict", "default": {}},
            "forget": {"type": "list", "elements": "str", "default": []},
            **ARGUMENTS,
        },
    )
    arguments = module.params
    gone: list[str] = []
    refused: list[str] = []
    try:
        if arguments["images"]:
            with closing(DockerConnection(arguments["docker_socket"], 120)) as docker:
                gone, refused = _remove(docker, arguments["images"])

        def forget(state: State) -> None:
            for name in (*gone, *arguments["forget"]):
                state.forget_image(name)

        changed = update(forget) or bool(gone)
        if refused:
            module.fail_json(msg="; ".join(refused), changed=changed)
        seat = answer(arguments)
    except (OSError, ValueError, LateError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, seat=seat)


if __name__ == "__main__":
    main()
