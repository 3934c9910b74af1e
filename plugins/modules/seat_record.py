#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write one of the records that the toolkit keeps on a seat."""

DOCUMENTATION = r"""
module: seat_record
short_description: Write a record that the toolkit keeps on a lab machine
description:
  - Writes C(/var/lib/labocloud/NAME.json), readable by root alone, which C(seat_facts) reads.
  - A power cut leaves the old record or the new one. A record that is there and cannot be read is
    not written over.
options:
  name:
    description: Name of the record.
    type: str
    choices: [before, brought, built, served]
    required: true
  value:
    description: What it holds from now on.
    type: dict
    required: true
  keep:
    description:
      - Files of which copies are kept beside the record, written before it. A copy that is there
        already is written over, since there is no record yet that tells of it.
    type: list
    elements: path
    default: []
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Can run in check_mode and tell whether it would write.
    support: full
  diff_mode:
    description: Shows no diff.
    support: none
  idempotent:
    description: A record that holds this already is left alone.
    support: full
"""

EXAMPLES = r"""
- name: Record what was built
  labocloud.room.seat_record:
    name: built
    value: {"labocloud20202021:base": 5f0c…}
"""

RETURN = r""" # """

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.record import (
    NAMES,
    TornError,
    keep_file,
    read_record,
    write_record,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "choices": list(NAMES), "required": True},
            "value": {"type": "dict", "required": True},
            "keep": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    name, value = module.params["name"], module.params["value"]
    try:
        changed = read_record(name) != value
        if changed and not module.check_mode:
            for path in module.params["keep"]:
                keep_file(Path(path))
            write_record(name, value)
    except (OSError, TornError) as error:
        module.fail_json(msg=f"the record cannot be written: {error}")
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
