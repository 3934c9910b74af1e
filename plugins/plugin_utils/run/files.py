# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write the files that a run leaves: the room page, and the names of the seats not ready."""

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from ansible_collections.labocloud.room.plugins.plugin_utils import page
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.report import Judged, report
from ansible_collections.labocloud.room.plugins.plugin_utils.run.room import RoomSettings

MISSING = "missing"


def write_page(
    answers: Mapping[str, Judged], settings: RoomSettings, lost: Collection[str], seconds: float
) -> list[str]:
    """Write the room page where any machine was judged; return the lines on the room as a whole.

    settings: of a seat. lost: the machines at which a task has failed. seconds: since the run
    began. A page that cannot be written is one of the lines.
    """
    if not answers:
        return []
    directory = Path(settings["room_page_directory"])
    previous = page.last(directory)
    found = report(answers, settings["room"], previous, time.time(), lost, seconds=seconds)
    lines = [f"The room: {in_words([finding])}" for finding in found["findings"]]
    try:
        page.keep(found, directory, settings["room_page_language"])
    except OSError as error:  # the lines say what it would
        lines.append(f"The page cannot be written: {one_line(str(error))}")
    return lines


def write_missing(
    directory: Path, room: list[str], failed: Collection[str], ready: Collection[str]
) -> None:
    """Write, or remove, the file for `--limit` of the next run, by missing(). Raises OSError."""
    path = directory / MISSING
    previous = path.read_text(encoding="utf-8").split() if path.exists() else []
    names = missing(previous, room, failed, ready)
    if names:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def missing(
    previous: Collection[str], room: list[str], failed: Collection[str], ready: Collection[str]
) -> list[str]:
    """Return the seats that are not ready, in the order of the room.

    previous: those that were not after the run before. room: all seats of the inventory. failed,
    ready: those of this run. A name that the inventory no longer has is forgotten.
    """
    return [seat for seat in room if seat in failed or (seat in previous and seat not in ready)]
