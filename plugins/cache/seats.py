# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Keep what seats have told, for the next run."""

DOCUMENTATION = r"""
name: seats
short_description: Keep the facts of seats in files that are their owner's alone
description:
  - As C(jsonfile), but that other accounts of the control machine cannot read the files, and that
    a name which is too long for a file's does not end the run.
author:
  - labocloud contributors (!UNKNOWN)
options:
  _uri:
    description: The directory.
    required: true
    type: path
    env:
      - name: ANSIBLE_CACHE_PLUGIN_CONNECTION
    ini:
      - section: defaults
        key: fact_caching_connection
  _prefix:
    description: What the files' names begin with.
    type: string
    env:
      - name: ANSIBLE_CACHE_PLUGIN_PREFIX
    ini:
      - section: defaults
        key: fact_caching_prefix
  _timeout:
    description: Seconds that they are kept; 0, for ever.
    default: 86400
    type: integer
    env:
      - name: ANSIBLE_CACHE_PLUGIN_TIMEOUT
    ini:
      - section: defaults
        key: fact_caching_timeout
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ansible.plugins.cache.jsonfile import CacheModule as JsonFile

# Bytes. Ansible puts a few more before it.
LONGEST_NAME = 200


class CacheModule(JsonFile):
    """The cache, as Ansible looks for it."""

    def validate_cache_connection(self) -> None:
        """Have the directory, and keep others out of it."""
        super().validate_cache_connection()
        with suppress(PermissionError):  # it is somebody else's, who lets this account in
            Path(self._cache_dir).chmod(0o700)

    def _sanitize_key(self, key: str) -> str:
        """Give the name of a seat's file."""
        if len(os.fsencode(key)) > LONGEST_NAME:
            return hashlib.sha256(os.fsencode(key)).hexdigest()
        name: str = super()._sanitize_key(key)
        return name
