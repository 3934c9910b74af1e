#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List, or remove, what students made in a seat's Docker."""

DOCUMENTATION = r"""
module: seat_students
short_description: List, or remove, what students made in the Docker of a lab machine
description:
  - Whatever neither the toolkit made nor was there before it came, as the machine has it remembered
    (C(seat_state)), nor is asked to stay, is the students'; containers, images, names of images,
    volumes, networks, plugins, the build cache and the membership of a swarm, with the services,
    secrets and configs of that. So is what the command labo remembers on the machine, of which it
    is also told what of this work nobody has saved by it.
  - The toolkit's are the images whose fingerprint it has recorded, under the names that it gave
    them, and the containers whose IDs it has recorded. Labels prove nothing, for images inherit
    them, and anybody can copy them.
  - A name that was moved from such an image to another is given back, where the image is there.
  - Where one thing cannot be removed, the others are; the module then fails, and tells it with the
    engine's reason. A volume in which something is mounted by hand is one of these, for the engine
    would empty what is mounted.
options:
  state:
    description: Whether to list, or to remove what a listing of before tells in O(things).
    type: str
    choices: [listed, absent]
    default: listed
  host:
    description: Name of the machine in the inventory, for what is told.
    type: str
    required: true
  confirmed:
    description: Whether what is listed is to go, for what is told.
    type: bool
    default: false
  close:
    description: >-
      Whether the engine is closed to all but root before it is looked at, for
      M(labocloud.room.seat_save), so that what is listed is all that there is. Where nothing of it
      can be saved it is open afterwards.
    type: bool
    default: false
  keep:
    description:
      - Names of other containers, images, volumes, networks and plugins that stay; a name means
        whatever bears it now. Of all but volumes also IDs, whole or their first 12 digits or more,
        and digests of images, C(name@sha256:…) or C(name:tag@sha256:…); these mean nothing else.
      - A container that stays so keeps its image, its volumes and its networks, and a volume or a
        network the plugin that it is made with.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as RV(things) told it.
    type: dict
  saved:
    description:
      - What was saved of it, as M(labocloud.room.seat_save) told it. Then a container that has run
        since, a container or a volume that something was written to, and an image that has got
        another name are not removed, nor is what such a container needs; the module fails, and
        names them. So it is with what has only the name of what was saved.
      - The engine is closed to all but root meanwhile, and open afterwards.
    type: dict
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: RV(lines) tells it.
  idempotent:
    support: full
    details: What is gone already is no error, and is not in the next listing.
"""

EXAMPLES = r"""
- name: List what students made
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    keep: ["postgres:17"]
  register: students

- name: Remove it
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    state: absent
    things: "{{ students.things }}"

- name: Remove what was saved, and nothing that has changed since
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    state: absent
    things: "{{ students.things }}"
    saved: "{{ files.saved }}"
"""

RETURN = r"""
things:
  description: >-
    What is the students', each kind a list of things with C(id), C(name) and C(bytes), and images
    also C(names), all names that they bear; and C(names), the names of images that change, name to
    ID of the image that it is given back to, empty for a name that goes. And C(memory), one thing
    where labo remembers anything. Where there are more than some thousands, C(more) is how many are
    left out: they are in the next listing, and removing these fails at the end, and says so.
  returned: always
  type: dict
refused:
  description: >-
    Why it cannot be told what is the students', as a sentence, and then nothing is listed; empty
    where it can.
  returned: when O(state=listed)
  type: str
save:
  description: >-
    What of it can be saved, as M(labocloud.room.seat_save) takes it, C(containers), C(images),
    C(volumes), C(networks) and C(bytes); V(none) where there is nothing to save. An image that has
    a name is somebody's work, one without is a step on the way to another.
  returned: when O(state=listed)
  type: dict
unsaved:
  description: >-
    What of it nobody has taken home by C(labo save), in words; images that have a name, and
    volumes. What was made anew under a name that was saved is among them, if it is an image.
  returned: when O(state=listed)
  type: list
  elements: str
told:
  description: The same as RV(lines), with the machine's name, how much it is, and what to do next.
  returned: when O(state=listed)
  type: list
  elements: str
lines:
  description: The same, as lines for people.
  returned: always
  type: list
  elements: str
bytes:
  description: What goes with it from the disk, as far as the engine can tell.
  returned: always
  type: int
size:
  description: The same, for people.
  returned: always
  type: str
left:
  description: What could not be removed, each with the reason.
  returned: when something could not be removed
  type: list
  elements: str
"""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
)
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset import memory
from ansible_collections.labocloud.room.plugins.module_utils.reset.listing import list_things
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import alone
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import Plan, to_save, total
from ansible_collections.labocloud.room.plugins.module_utils.reset.removal import remove
from ansible_collections.labocloud.room.plugins.module_utils.reset.words import (
    STILL,
    lines,
    report,
    size,
    unsaved,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import TornError

# Seconds. Removing a container waits for its processes, measuring a volume for its disk.
TIMEOUT = 300


def _listed(docker: DockerConnection, arguments: dict[str, Any], *, close: bool) -> dict[str, Any]:
    """Return C(things), C(refused), C(told), C(save) and C(unsaved), as RETURN has them.

    arguments: the module's. close: whether the engine is closed to students first, which it stays
    where something can be saved. Raises as list_things() does.
    """
    save, host = None, arguments["host"]
    try:
        plan, refused = list_things(docker, host, arguments["keep"], close=close)
        save = to_save(plan)
    finally:
        if close and save is None:
            access.open_again(docker.path)
    lost = unsaved(plan, memory.work_taken_home())
    text = report(host, plan, lost, confirmed=arguments["confirmed"])
    return {"things": plan, "refused": refused, "told": text, "save": save, "unsaved": lost}


@contextmanager
def _closed(arguments: dict[str, Any]) -> Iterator[None]:
    """Close the engine to students for a while, where what is removed was saved. Raises OSError.

    arguments: the module's.
    """
    if arguments["saved"] is None:
        yield
        return
    try:
        access.close(arguments["docker_socket"])
        yield
    finally:
        access.open_again(arguments["docker_socket"])


def _remove_all(docker: DockerConnection, arguments: dict[str, Any], left: list[str]) -> None:
    """Remove what was listed. Raises as remove() does, and OSError.

    arguments: the module's. left: what cannot be removed is added to it, each with the reason.
    """
    plan: Plan = arguments["things"]
    with alone(), _closed(arguments):
        remove(docker, plan, left, arguments["saved"])
        if plan.get("memory"):
            memory.forget(left)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["listed", "absent"], "default": "listed"},
            "host": {"type": "str", "required": True},
            "confirmed": {"type": "bool", "default": False},
            "close": {"type": "bool", "default": False},
            "keep": {"type": "list", "elements": "str", "default": []},
            "things": {"type": "dict"},
            "saved": {"type": "dict"},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
        required_if=[("state", "absent", ["things"])],
        supports_check_mode=True,
    )
    arguments = module.params
    host = arguments["host"]
    left: list[str] = []
    try:
        with closing(DockerConnection(arguments["docker_socket"], TIMEOUT)) as docker:
            if arguments["state"] == "listed":
                close = arguments["close"] and not module.check_mode
                answer = _listed(docker, arguments, close=close)
            else:
                answer = {"things": arguments["things"]}
                if not module.check_mode:
                    _remove_all(docker, arguments, left)
    except TornError as error:
        module.fail_json(msg=f"{host}: {error}.", left=few(left))
    except (OSError, http.client.HTTPException) as error:
        why = "; ".join([f"Docker refuses: {error}", *few(left)])
        module.fail_json(msg=str(Refusal(f"{host}: {why}", STILL)), left=few(left))
    if left:
        why = f"cannot be removed: {'; '.join(few(left))}"
        module.fail_json(msg=str(Refusal(f"{host}: {why}", STILL)), left=few(left), changed=True)
    listing, freed = lines(answer["things"]), total(answer["things"])
    changed = arguments["state"] == "absent" and bool(listing)
    answer |= {"lines": few(listing), "bytes": freed, "size": size(freed)}
    module.exit_json(changed=changed, **answer)


if __name__ == "__main__":
    main()
