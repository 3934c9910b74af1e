# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What of a machine's Docker is whose, what of it goes, and what is saved before it does.

C(ownership) decides what stays, C(plan) what goes, and both are pure. C(listing) asks the machine
for what they need, C(words) says it, and C(removal) carries a plan out, less the C(changes) since
it was saved. C(saving) and C(restoring) write and read the files of a save, which C(saved) names.
Nothing is removed here that was not listed before.
"""
