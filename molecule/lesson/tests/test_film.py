"""The path of a student that docs/lesson.md shows, typed on a seat without a network."""

import re
import shlex
import time
from collections.abc import Iterator

import pytest
from instances import as_student, offline, on_each
from playbook import PROJECT
from test_exercises import plain
from testinfra.host import Host

FILM = re.compile(r"^### Exercise 2, .*?```console\n(.*?)```$", re.MULTILINE | re.DOTALL)
# What is typed, or done in the browser, and what is printed then.
SCENE = re.compile(r"^(\$|# In the browser:) (.+)\n((?:(?![$#] ).*\n)*)", re.MULTILINE)
ID = r"^[0-9a-f]{64}$"
# How often `labo check` is typed again, a second apart: an app takes its time to start.
PATIENCE = 120
OPEN = "python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1]).read()' "
TIDY = "docker rm --force relance; rm -f /var/lib/labo/*"


@pytest.fixture
def seats(request: pytest.FixtureRequest) -> Iterator[list[Host]]:
    """The seats, without a network, on which nothing of the exercise was done; also afterwards."""
    with offline(request.config) as offline_seats:
        on_each(offline_seats, lambda seat: seat.run(TIDY))
        yield offline_seats
        on_each(offline_seats, lambda seat: seat.run(TIDY))


def play(seat: Host) -> None:
    """Do all that the document shows, and compare what it says that is printed."""
    [film] = FILM.findall((PROJECT / "docs/lesson.md").read_text())
    scenes = SCENE.findall(film)
    assert "".join(f"{start} {line}\n{printed}" for start, line, printed in scenes) == film
    for start, line, printed in scenes:
        command = f"LABO_LANG=en {line}" if start == "$" else OPEN + shlex.quote(line)
        for _ in range(PATIENCE if line.startswith("labo check") else 1):
            # An ID differs each time.
            seen = re.sub(ID, "…", plain(as_student(seat, command).stdout), flags=re.MULTILINE)
            if seen == printed:
                break
            time.sleep(1)
        assert seen == printed, line


def test_a_student_does_fails_asks_and_succeeds_as_the_document_shows(seats: list[Host]) -> None:
    on_each(seats, play)
