# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Images on their way to a machine and on it: their archives, their names, their fingerprints.

Change here what an archive may hold before it is loaded, and what tells one image from another.
"""
