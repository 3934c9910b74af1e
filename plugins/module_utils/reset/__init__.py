# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What of a machine's Docker is whose, what of it goes, and what is saved before it does.

Change here what belongs to students. Nothing is removed here that was not listed before.
"""
