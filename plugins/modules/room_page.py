#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Documents the action of this name, which works on the control machine alone."""

DOCUMENTATION = r"""
module: room_page
short_description: Write the room page
description:
  - Writes C(room.html) and C(room.json) on the control machine, each whole or not at all.
options:
  report:
    description: >-
      The state of every seat, as the filter P(labocloud.room.room_report#filter) gives it.
    type: dict
    required: true
  template:
    description: Name of the page's template, in the role's C(templates).
    type: str
    required: true
  language:
    description: The language that the page shows first.
    type: str
    choices: [en, fr]
    required: true
  directory:
    description: Where the files are written, on the control machine.
    type: path
    required: true
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  check_mode:
    support: none
    details: Writes in check mode too. It changes no seat.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Never counts as a change.
"""

EXAMPLES = r"""
- name: Write the room page
  labocloud.room.room_page:
    report: "{{ report }}"
    template: room.html.j2
    language: fr
    directory: reports
"""

RETURN = r"""
report:
  description: The report that was written.
  returned: success
  type: dict
"""
