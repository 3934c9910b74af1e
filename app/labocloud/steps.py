"""The steps of the exercises, as the command `labo` has found them on the seat.

`labo` runs outside the container. It writes a file for each exercise into the container's /tmp,
where whoever may use Docker on the seat can write too, and every program of the container.
"""

import json
import os
from pathlib import Path
from typing import Any

# The command `labo` has the path, the size and the states too: lesson/course_page.py.
FOLDER = Path("/tmp")  # noqa: S108  # in a container, it is nobody else's
LARGEST = 4000


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the steps of an exercise: each its title, by language, and its state.

    The state is done, was (done, and no longer so) or open. There are none where the folder has no
    file that says so in at most LARGEST bytes.
    """
    try:
        with open(folder / f"labo-{name}.json", "rb", opener=opened) as file:
            text = file.read(LARGEST + 1)
        steps = json.loads(text)["steps"]
        # A half of a character, which JSON can write, would break the page that it is on.
        json.dumps(steps, ensure_ascii=False).encode()
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return []
    is_told = len(text) <= LARGEST and isinstance(steps, list) and all(map(is_step, steps))
    return steps if is_told else []


def opened(path: str, flags: int) -> int:
    """Open a file that is no link, and wait for none that is a pipe. Raises OSError."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def is_step(value: object) -> bool:
    """Return whether a value of a file is a step, which has a title in English at least."""
    match value:
        case {"title": {"en": str(), **others}, "state": "done" | "was" | "open"}:
            return all(isinstance(title, str) for title in others.values())
    return False
