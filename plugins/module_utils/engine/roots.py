# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Look at the directories that Docker keeps its data in."""

from __future__ import annotations

import os

# ext4 puts a directory of this name at the top of each disk.
NOBODYS = "lost+found"


def state_of(path: str) -> str:
    """Return whether a directory is "absent", "empty" or "in use".

    A path that is no directory counts as in use. Raises OSError where it cannot be listed.
    """
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return "absent"
    except NotADirectoryError:
        return "in use"
    return "in use" if set(names) - {NOBODYS} else "empty"
