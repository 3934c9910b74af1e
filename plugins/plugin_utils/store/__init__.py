# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The packages that a room needs, fetched once, checked and kept on the control machine.

The store is a directory. Its manifest.json says what is in it, and is written last; apt/NAME has
the packages of a part, such as debian-13-amd64: a release and an architecture.
"""
