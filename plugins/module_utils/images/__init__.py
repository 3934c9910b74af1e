# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Images on their way to a machine and on it: their archives, their names, their fingerprints."""
