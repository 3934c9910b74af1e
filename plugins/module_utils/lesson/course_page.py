# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the course's page on the seat, and tell it which steps of an exercise are done."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.lesson import engine_access, pages
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    UNFIT,
    Progress,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import (
    Container,
    Page,
    Seat,
)

# The port that the course's app listens on in its container, and the name of that container.
_PORT, _FLASK = 8888, "flask"
# Seconds until one of the course's pages has answered.
_SECONDS = 2.0
# Where the app reads the steps of an exercise, in its container; app/labocloud/steps.py has the
# path, the size and the states too. /tmp can be written also where the rest is read-only.
_FILE = "/tmp/labo-{}.json"  # noqa: S108  # it is the container's
# The app reads the old file or the new one. What is written is in a variable, since the engine's
# events keep the command.
_WRITE = 'printf %s "$LABO_STEPS" >"$0.part" && mv -f "$0.part" "$0"'


class _Answering(NamedTuple):
    """A container whose app answers: its ID, the port of the seat, and its health."""

    container: str
    port: int
    health: Page


def address(taken: Snapshot, language: str) -> str:
    """Return the address of the course's page, empty where no container answers.

    Only the course's containers are asked, so that nothing is in a student's log; all that run
    where nothing is known of the course's images.
    """
    seat = Seat(taken)
    known = seat.course.known
    found = _answering(item for item in seat.containers if not known or item.of(seat.course))
    return f"http://localhost:{found.port}/{language}/" if found else ""


def tell(taken: Snapshot, progress: Progress) -> None:
    """Tell the course's page which steps of an exercise are done, where it shows others.

    This is a courtesy: whatever fails, the page shows what it has shown. The steps are written by a
    command in the container, with the rights of whoever runs this. A page is asked only where it
    says that it shows steps: one of an older revision would count the question as a visit.
    """
    seat, name = Seat(taken), progress.exercise.name
    found = _answering(item for item in seat.containers if item.of(seat.course))
    if found is None or found.health.json().get("steps") is not True:
        return
    shown = Page(pages.fetch(found.port, f"/api/steps/{name}", _SECONDS))
    steps = _steps_of(progress)
    text = json.dumps({"steps": steps}, separators=(",", ":"))
    if not shown or shown.json() == {"steps": steps} or len(text) > pages.LONGEST_PAGE:
        return
    command = ["sh", "-c", _WRITE, _FILE.format(name)]
    with suppress(OSError, LookupError, TypeError):
        engine_access.run_in_container(found.container, command, [f"LABO_STEPS={text}"])


def _steps_of(progress: Progress) -> list[dict[str, object]]:
    """Return the steps as the page shows them, none where the seat cannot do the exercise."""
    steps = [] if progress.state == UNFIT else progress.steps
    return [{"title": seen.step.title, "state": seen.state} for seen in steps]


def _answering(containers: Iterable[Container]) -> _Answering | None:
    """Return the first of these containers whose app answers, beginning with the course's own."""
    running = (container for container in containers if container.running)
    end = time.monotonic() + _SECONDS
    for container in sorted(running, key=lambda item: bool(item.name != _FLASK)):
        for port in container.published(_PORT):
            seconds = end - time.monotonic()
            page = pages.fetch(port, "/healthz", seconds) if seconds > 0 else None
            if page and page["status"] == http.client.OK:
                return _Answering(container.id, port, Page(page))
    return None
