"""Keep what the mirror of Docker Hub stores below a limit: what was asked for longest ago goes.

Usage: mirror_limit.py STORAGE GIGABYTES. The mirror fetches anew what it does not find.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

GIGABYTE = 10**9
# What the mirror leaves free on its disk, whatever its limit is.
SPARE = 2 * GIGABYTE
# Room is made for a while, or each layer that comes would cost a look at all of them.
FILL = 0.9
PAUSE_SECONDS = 10


def files(storage: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Give each file of the storage with what the file system tells of it."""
    for directory, _, names in os.walk(storage):
        for name in names:
            path = Path(directory) / name
            try:
                yield path, path.lstat()
            except FileNotFoundError:
                continue  # the mirror is at work


def prune(storage: Path, limit: int, free: int) -> list[Path]:
    """Remove layers, and uploads that have come to nothing, where the files take too much.

    limit: bytes that they may take on the disk. free: bytes that are free there. Gives what was
    removed. A file system notes the last use of a file at least once a day, so this is the order of
    days. Raises OSError.
    """
    taken, data = 0, []
    for path, told in files(storage):
        size = told.st_blocks * 512
        taken += size
        if path.name == "data":
            data.append((max(told.st_atime, told.st_mtime), path, size))
    allowed = min(limit, taken + free - SPARE)
    removed: list[Path] = []
    if taken <= allowed:
        return removed
    for _, path, size in sorted(data):
        if taken <= allowed * FILL:
            break
        path.unlink(missing_ok=True)
        removed.append(path)
        taken -= size
    return removed


def main() -> None:
    """Look at the storage for ever."""
    storage, limit = Path(sys.argv[1]), int(sys.argv[2]) * GIGABYTE
    while True:
        disk = os.statvfs(storage)
        removed = prune(storage, limit, disk.f_bavail * disk.f_frsize)
        if removed:
            print(f"removed {len(removed)} layers that were not asked for lately", flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
