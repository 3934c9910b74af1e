# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The attacks that are tried as a student, from a container, and what each of them proves.

attempts.py lists the attacks with their goals, accounts.py runs commands as the student, and
attacker.py is what runs in the container: it imports nothing of the others.
"""
