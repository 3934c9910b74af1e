#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the course's container run, a new one beside the old one until its page answers."""

DOCUMENTATION = r"""
module: flask_container
short_description: Have a new container take over from another one, or leave everything as it was
description:
  - Makes a successor, and records that first, and then its ID, so that the next run knows it
    whatever ends this one. Starts it without a network, while the old container serves on, and asks
    it for its page from within. Only then takes the old one off its network and puts the successor
    there, with the same port; when the page answers from outside too, removes the old one and gives
    the name to the successor.
  - Where the successor's page does not answer, removes the successor, puts the old container back
    on its network, and gives its image back its name.
  - Touches no container but these, by their IDs. Where another one has a name by now, fails before
    anything is changed.
  - Goes on by itself where the machine that called it goes away. Where it is ended itself in the
    middle, the same call sets right what is left.
options:
  state:
    description: Whether a new container takes over, or those in O(own) are removed.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name that the container is to have.
    type: str
  successor:
    description: Name that it has until it takes over.
    type: str
  container:
    description:
      - What it has to be, as C(POST /containers/create) of Docker's API takes it. It publishes one
        port, at which its page answers.
    type: dict
  own:
    description: IDs of the containers that the toolkit has made.
    type: list
    elements: str
    default: []
  left:
    description:
      - ID of a successor that an interrupted run has left; it is not known to be right, and is
        removed. Empty, there is none.
    type: str
    default: ""
  replaces:
    description: ID of the container that goes, whatever its name; empty, there is none.
    type: str
    default: ""
  differs:
    description:
      - Fields, by Docker's names, in which the container that goes is not what it has to be. They
        are shown as the difference.
    type: list
    elements: str
    default: []
  timeout:
    description: >-
      Seconds until the page has to answer, as long as the program runs. That it has ended is told
      at once.
    type: int
    default: 120
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: full
    details: Tells what it would change, and answers with what the machine has.
  diff_mode:
    support: full
    details: Shows O(differs) of the container that is replaced; where there is none, all.
  idempotent:
    support: none
    details: Makes a new container each time it is called with O(state=present).
"""

EXAMPLES = r"""
- name: Have a new container take over
  labocloud.room.flask_container:
    name: flask
    successor: flask-next
    container:
      Image: labocloud20202021:python
      HostConfig:
        PortBindings: {8888/tcp: [{HostIp: 127.0.0.1, HostPort: "8080"}]}
    own: [3c755c00…]
    replaces: 3c755c00…
"""

RETURN = r"""
seat: {description: As of M(labocloud.room.seat)., returned: success, type: dict}
made:
  description: Whether the successor was made.
  returned: failure with O(state=present)
  type: bool
revision:
  description: >-
    The revision that serves now, where the switch failed that of the old container; V(none) where
    no page answers.
  returned: where it can be told
  type: str
log:
  description: The last lines of the successor's log.
  returned: failure
  type: str
"""

import http.client
from contextlib import closing, suppress
from typing import TypedDict
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.takeover import (
    ContainerRequest,
    NoAnswerError,
    inspect,
    remove,
    switch,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.names import described
from ansible_collections.labocloud.room.plugins.module_utils.state import TornError, update

# A busy machine may keep an engine from making a container for long.
_ENGINE_SECONDS = 300


class Arguments(TypedDict):
    """The module's arguments, as DOCUMENTATION has them, where a container takes over."""

    name: str
    successor: str
    container: ContainerRequest
    own: list[str]
    left: str
    replaces: str
    differs: list[str]
    timeout: int


def _remember(containers: list[str], making: str) -> None:
    """Record the IDs of the toolkit's containers, and the name of one that is about to be made."""
    update(lambda state: state.brought.update({"containers": containers, "making": making}))


def _make(docker: DockerConnection, arguments: Arguments) -> str:
    """Make the successor, which no run can lose, and return its ID.

    Raises NoAnswerError where its name is somebody else's, TornError where nothing can be recorded,
    and OSError where the engine does not do its part.
    """
    name, left = arguments["successor"], arguments["left"]
    if left:
        remove(docker, left)
    others = [container_id for container_id in arguments["own"] if container_id != left]
    _remember(others, name)
    try:
        path = f"/containers/create?name={quote(name)}"
        reply = docker.ask(path, "POST", arguments["container"])
    except EngineError as error:
        if error.status == http.client.CONFLICT:
            raise NoAnswerError(f"{name} is somebody else's by now") from error
        raise
    new_id = str(reply["Id"])
    _remember([*others, new_id], "")
    return new_id


def _difference(docker: DockerConnection, arguments: Arguments) -> dict[str, object]:
    """Return what Ansible shows as the difference, images by their IDs.

    Where there is no container to replace, or no engine yet, all is new.
    """
    container, replaces = arguments["container"], arguments["replaces"]
    with suppress(OSError):
        old = inspect(docker, replaces) if replaces else None
        if old is not None:
            image = described(docker, container["Image"]) or {"Id": ""}
            user = old["Config"].get("User")
            was: dict[str, object] = {**old["HostConfig"], "User": user, "Image": old["Image"]}
            will: dict[str, object] = {
                **container["HostConfig"],
                "User": container["User"],
                "Image": image["Id"],
            }
            return {
                "before": {field: was.get(field) for field in arguments["differs"]},
                "after": {field: will.get(field) for field in arguments["differs"]},
            }
    return {"before": {}, "after": {**container}}


def _remove_own(docker: DockerConnection, own: list[str], *, check: bool) -> bool:
    """Remove the containers of these IDs, and return whether any was there.

    check: whether nothing is removed. Raises NoAnswerError where one stays, and OSError.
    """
    present = [container_id for container_id in own if inspect(docker, container_id) is not None]
    if not check:
        for container_id in present:
            remove(docker, container_id)
    return bool(present)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "successor": {"type": "str"},
            "container": {"type": "dict"},
            "own": {"type": "list", "elements": "str", "default": []},
            "left": {"type": "str", "default": ""},
            "replaces": {"type": "str", "default": ""},
            "differs": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 120},
            **ARGUMENTS,
        },
        required_if=[("state", "present", ("name", "successor", "container"))],
        supports_check_mode=True,
    )
    arguments: Arguments = module.params
    is_wanted = module.params["state"] == "present"
    successor = ""
    result: dict[str, object] = {}
    try:
        with closing(DockerConnection(module.params["docker_socket"], _ENGINE_SECONDS)) as docker:
            if is_wanted:
                result = {"changed": True, "diff": _difference(docker, arguments)}
            else:
                is_gone = _remove_own(docker, arguments["own"], check=module.check_mode)
                result = {"changed": is_gone}
            if is_wanted and not module.check_mode:
                successor = _make(docker, arguments)
                outcome = switch(
                    docker,
                    arguments["name"],
                    successor,
                    arguments["replaces"],
                    arguments["container"],
                    timeout=arguments["timeout"],
                )
                if outcome.why:
                    module.fail_json(
                        msg=outcome.why, made=True, revision=outcome.revision, log=outcome.log
                    )
                result["revision"] = outcome.revision
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(msg=str(error), **result)
    except (NoAnswerError, TornError, OSError) as error:
        module.fail_json(msg=reason(error), made=bool(successor), log="")
    module.exit_json(**result, seat=seat)


if __name__ == "__main__":
    main()
