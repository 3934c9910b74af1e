# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine tells of itself: each fact is found out here, and nothing is decided.

Change here how something is found out. Each answer has a limit of time and size; what cannot be
understood is left out and told as odd. What a fact means is decided by the judge.
"""
