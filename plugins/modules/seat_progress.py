#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take a snapshot of a seat's Docker, as far as exercises want it, and read the answers."""

DOCUMENTATION = r"""
module: seat_progress
short_description: Tell what a lab machine's Docker has, as exercises are judged by it
description:
  - Asks the engine for what it has, and opens the pages that exercises name, on the machine itself.
    Nothing else is looked at, neither screens nor keystrokes nor the history of a shell. Changes
    nothing, and judges nothing. The action of this name does, on the control machine, by the checks
    that are there.
  - What was answered by the command C(labo) is what accounts of the machine have written.
options:
  wants:
    description:
      - What is to be told beside the lists, namely logs, lines, files, texts, commands, pages,
        variables, events and name.
    type: dict
    default: {}
  exercises:
    description: Names of the exercises of which the answers and the hints are told.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: See how far the seat is
  labocloud.room.seat_progress:
"""

RETURN = r"""
practical:
  description: What the machine tells.
  returned: always
  type: dict
  contains:
    snapshot:
      description: >-
        What Docker has, in the shape that plugins/module_utils/lesson/fields.py documents; none
        where it does not answer.
      type: dict
    why:
      description: Why Docker does not answer.
      type: str
    answers:
      description: >-
        Exercise to the last answers of each account, the latest of all first, each with its text,
        its time in seconds since 1970, and seen, the IDs in it that the engine told of then.
      type: dict
    hints:
      description: >-
        Exercise to condition, as a step's ID and a place, to how many of its hints were asked for
        beyond the first.
      type: dict
"""

import os
from contextlib import suppress

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import SOCKET, reason
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory, snapshot

# Characters of the reason why the engine does not answer.
LONGEST = 600


def _delivered() -> list[Delivered]:
    """Return the images that were delivered here, none where the record cannot be read."""
    with suppress(state.TornError):
        return state.read().delivered()
    return []


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "wants": {"type": "dict", "default": {}},
            "exercises": {"type": "list", "elements": "str", "default": []},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
        supports_check_mode=True,
    )
    options = module.params
    taken, why = None, ""
    try:
        taken = snapshot.take(
            snapshot.wanted([options["wants"]]), options["docker_socket"], _delivered()
        )
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else reason(error)[:LONGEST]
    remembered = memory.read(memory.directory())
    names = options["exercises"]
    module.exit_json(
        changed=False,
        practical={
            "snapshot": taken,
            "why": why,
            "answers": {
                name: [
                    {"text": str(answer), "time": answer.time, "seen": answer.seen}
                    for answer in answers
                ]
                for name, answers in remembered.answers.items()
                if name in names
            },
            "hints": {name: hints for name, hints in remembered.hints.items() if name in names},
        },
    )


if __name__ == "__main__":
    main()
