# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The practical: what a seat's Docker has, and what of its exercises that does.

Python's own library alone: it runs on a seat, in the command labo, and on the control machine.
"""
