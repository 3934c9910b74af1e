"""The ways to do an exercise that are right are accepted, and those that are wrong are not.

WAYS chooses them as the words of ways.py do: `WAYS=07,09` these exercises, `WAYS=all` also the ways
that are marked as extra. The tests of a scenario are in its folder: those that are to have this
have a link there.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from instances import as_student, offline
from test_exercises import Practice, done
from testinfra.host import Host
from ways_cases import Ways, line_of, load

RESOURCES = Path(__file__).resolve().parent
# Where a seat has the program and the files of the ways.
PLACE = "/opt/ways"
CHOSEN = os.environ.get("WAYS", "").replace(",", " ").split()
WAYS = [
    ways for ways in load(RESOURCES / "ways") if set(CHOSEN) <= {"all"} or ways.number in CHOSEN
]


def copy_to(seat: Host) -> None:
    """Write the program and the ways to a seat."""
    done(seat, f"mkdir -p {PLACE}/ways")
    for file in [*RESOURCES.glob("ways*.py"), *(RESOURCES / "ways").glob("*.txt")]:
        path = f"{PLACE}/{file.relative_to(RESOURCES)}"
        seat.check_output("printf %%s %s > %s", file.read_text(), path)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The results of the chosen ways by exercise, on one seat without a network.

    It is one that has Compose, where there is one: no way is skipped there. Afterwards the seat has
    what it had before.
    """
    with offline(request.config) as seats:
        with_compose = [
            seat for seat in seats if as_student(seat, "docker compose version").rc == 0
        ]
        practice = Practice([*with_compose, *seats][0])
        try:
            practice.tidy()
            copy_to(practice.seat)
            command = f"/usr/bin/python3 {PLACE}/ways.py --json {' '.join(CHOSEN)}"
            ran = as_student(practice.seat, command)
            by_exercise: dict[str, list[dict[str, Any]]] = {ways.name: [] for ways in WAYS}
            for line in ran.stdout.splitlines():
                result = json.loads(line)
                by_exercise[result["exercise"]].append(result)
            # 1: a way was not judged as its file says. What failed outside has a traceback.
            assert ran.rc in (0, 1), ran.stderr
            assert "Traceback" not in ran.stderr, ran.stderr
            yield by_exercise
        finally:
            done(practice.seat, f"rm -rf {PLACE} ~student/labocloud/ways")
            practice.leave()


@pytest.mark.parametrize("ways", WAYS, ids=lambda ways: ways.name)
def test_right_ways_are_accepted_and_wrong_ones_are_not(
    results: dict[str, list[dict[str, Any]]], ways: Ways
) -> None:
    own = results[ways.name]
    print(f"{ways.name}: {len(own)} ways, {sum(result['seconds'] for result in own):.0f} s")
    assert own
    wrong = [line_of(result) for result in own if result["verdict"] not in ("right", "skipped")]
    # Each in lines of its own, and whole.
    assert not wrong, "\n".join(wrong)
