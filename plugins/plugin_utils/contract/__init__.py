# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The types that the judge, the roles and the pages agree on.

What a seat is to be like (settings), and what the judge says of it (verdicts); what it says of
itself is in module_utils/facts/seat.py. All are JSON: Ansible hands them on, and templates read
their keys.
"""
