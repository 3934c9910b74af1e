# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Look at the directories that Docker keeps its data in."""

from __future__ import annotations

import os

# The name of what a file system puts into each directory that is a disk of its own.
NOBODYS = "lost+found"


def state_of(path: str) -> str:
    """Return whether a directory is "absent", "empty" or "in use".

    What is no directory is in use. Raises OSError where it cannot be listed.
    """
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return "absent"
    except NotADirectoryError:
        return "in use"
    return "in use" if set(names) - {NOBODYS} else "empty"
