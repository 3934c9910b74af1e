# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The lesson: take a snapshot of a seat's Docker, and judge the exercises by it.

Only the standard library is used: this runs on a seat, in the command labo, and on the control
machine.
"""
