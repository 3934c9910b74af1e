# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The types that the judge, the roles and the pages agree on.

What a seat says of itself (facts), what it is to be like (settings), and what the judge says of it
(verdicts). All are JSON: Ansible hands them on, and templates read their keys.
"""
