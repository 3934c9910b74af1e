# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out the facts of a machine. What they mean is decided by the judge.

Each source has a limit of time and size. What cannot be understood is left out, and reported in the
fact C(odd).
"""
