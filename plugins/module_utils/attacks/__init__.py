# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What is tried as a student, from a container, and what that proves.

Change here an attack and its goal. What runs in the container imports nothing of the rest.
"""
