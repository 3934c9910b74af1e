# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""A run as a person sees it: what it is for, what became of each machine, its rows and last lines.

Change here what the callbacks collect, print and write. They only translate Ansible's events; what
is right and what is wrong with a machine is decided by the judge.
"""
