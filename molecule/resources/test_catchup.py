"""The exercises one after the other, each begun where a seat that has caught up is, offline.

The tests of a scenario are in its folder: those that are to have this have a link there.
"""

import json
import shlex
from collections.abc import Iterator

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from instances import as_student, offline, on_each
from playbook import PROJECT, reports, run, said
from testinfra.host import Host

# Those that a seat can do alone; the last one removes what the others made.
EXERCISES = [
    exercise
    for exercise in exercises.load(PROJECT / "app/exercises")
    if not set(exercise.needs) & set(exercises.OF_ROOM)
]
*BEFORE, LAST = EXERCISES


@pytest.fixture(scope="module")
def seats(request: pytest.FixtureRequest) -> Iterator[list[Host]]:
    """The seats that are tested, without a network; afterwards they have nothing of a student's."""
    with offline(request.config) as hosts:
        yield hosts
        result = run(limit(hosts), playbook="playbooks/reset.yml", confirm="yes")
        assert result.returncode == 0, said(result)
    (reports() / "progress.json").unlink()


def limit(seats: list[Host]) -> str:
    """Return the --limit that limits a run to these seats."""
    return ",".join(seat.backend.hostname for seat in seats)


def states(seat: Host) -> dict[str, str]:
    """Return the state of each exercise at a seat, as the board has it."""
    report = json.loads((reports() / "progress.json").read_text())
    [row] = [row for row in report["seats"] if row["name"] == seat.backend.hostname]
    return {
        exercise["name"]: exercise["state"]
        for exercise in row["exercises"]
        if exercise["state"] != "unfit"
    }


def do_the_last(seat: Host) -> None:
    """Solve the last exercise as the student."""
    script = f"labo start {LAST.number}\n{LAST.solution}"
    done = as_student(seat, f"sh -ec {shlex.quote(script)}")
    assert done.rc == 0, done.stdout + done.stderr


def test_each_exercise_is_done_by_its_solution_after_those_before_it(seats: list[Host]) -> None:
    result = run(limit(seats), playbook="playbooks/catchup.yml", exercise=LAST.number)
    assert result.returncode == 0, said(result)
    assert run(limit(seats), playbook="playbooks/progress.yml").returncode == 0
    for seat in seats:
        *before, last = states(seat).values()
        # All of them at once, so that none takes away what another needs.
        assert (set(before), last) == ({"done"}, "open")
        assert len(before) in (len(BEFORE), len(BEFORE) - 1)
    on_each(seats, do_the_last)
    assert run(limit(seats), playbook="playbooks/progress.yml").returncode == 0
    for seat in seats:
        *before, last = states(seat).values()
        # It has tidied up after them.
        assert (set(before), last) == ({"was"}, "done")
