#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Document the action of this name, which works on the control machine alone."""

DOCUMENTATION = r"""
module: seat_fetch
short_description: Fetch what was saved of a seat
description:
  - Fetches the files that M(labocloud.room.seat_save) has made, and not a byte more than it has
    announced. Where not all arrives as it was announced, nothing stays.
options:
  src:
    description: The directory on the seat.
    type: path
    required: true
  files:
    description: The files, name to SHA-256, as M(labocloud.room.seat_save) tells them.
    type: dict
    required: true
  sizes:
    description: The same files, name to bytes.
    type: dict
    required: true
  dest:
    description: A directory on the control machine. It is made, for its owner alone to enter.
    type: path
    required: true
  max_mb:
    description: The most that the seat may send, in MB of 10^6 bytes.
    type: int
    required: true
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  idempotent:
    support: none
    details: Fetches into a new directory each time.
"""

EXAMPLES = r"""
- name: Fetch what was saved
  labocloud.room.seat_fetch:
    src: /var/tmp/saved
    files: "{{ saved.files }}"
    sizes: "{{ saved.sizes }}"
    dest: reports/saved/pc07/20261124T165431Z
    max_mb: 20000
"""

RETURN = r""" # """
