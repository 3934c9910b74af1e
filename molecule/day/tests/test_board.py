"""Show the progress of the class on the board, and a seat that catches up with the others."""

import csv
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import jsonschema
import playbook
import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from instances import as_student, machine, off, on_each
from playbook import PROJECT, reports, said

ONE, TWO, THREE = playbook.seats()
SCHEMA = json.loads((PROJECT / "docs/progress.schema.json").read_text())
EXERCISES = exercises.load(PROJECT / "app/exercises")
FIRST, SECOND = EXERCISES[0].name, EXERCISES[1].name
CATCH_UP, RESET, RESTORE = (f"playbooks/{name}.yml" for name in ("catchup", "reset", "restore"))
STUDENT = {"exercises_account": "student"}
WORK = """
docker rm --force mien
mkdir -p ~/labocloud/ex3
echo mine > ~/labocloud/ex3/app.py
docker volume create cahier
docker run --rm --volume cahier:/data labocloud20202021:base sh -c 'echo mine > /data/mine'
docker run --detach --name mien labocloud20202021:base sleep 1d
"""


@pytest.fixture(scope="module", autouse=True)
def students() -> Iterator[None]:
    """A student on each seat; afterwards the seats are as they were."""
    seats = [machine(name) for name in (ONE, TWO, THREE)]
    assert playbook.run("all").returncode == 0
    for seat in seats:
        seat.check_output("useradd --create-home --shell /bin/bash --groups docker student")
    yield
    assert playbook.run("all", playbook=RESET, confirm="yes").returncode == 0
    for seat in seats:
        seat.check_output("userdel --remove student")
    assert playbook.run("all").returncode == 0
    (reports() / "progress.json").unlink()


def typed(name: str, script: str) -> str:
    """Type commands as the student of a seat, and return their output."""
    done = as_student(machine(name), f"sh -ec {shlex.quote(script)}")
    assert done.rc == 0, done.stdout + done.stderr
    return str(done.stdout)


def look(limit: str = "all") -> dict[str, dict[str, Any]]:
    """Run progress.yml, which changes nothing, and return the board's rows by seat."""
    result = playbook.run(limit, playbook="playbooks/progress.yml")
    assert playbook.changed(result) == 0
    return board_rows()


def board_rows() -> dict[str, dict[str, Any]]:
    """Return the board's row of each seat, by name."""
    report = json.loads((reports() / "progress.json").read_text())
    jsonschema.validate(report, SCHEMA)
    return {row["name"]: row for row in report["seats"]}


def done(row: dict[str, Any]) -> list[str]:
    """Return the exercises of a seat that are done."""
    return [exercise["name"] for exercise in row["exercises"] if exercise["state"] == "done"]


def test_each_seat_stands_where_its_student_is() -> None:
    for exercise in EXERCISES[:2]:
        typed(ONE, exercise.solution)
    typed(TWO, "docker run --name premier labocloud20202021:base echo mot")
    seats = look()
    assert done(seats[ONE]) == [FIRST, SECOND]
    assert seats[ONE]["at"]["number"] == 3
    assert (seats[TWO]["at"]["exercise"], seats[TWO]["at"]["position"]) == (FIRST, 2)
    assert [seats[name]["state"] for name in (ONE, TWO, THREE)] == ["working", "working", "new"]
    # Debian 12 has no Compose.
    states = {
        exercise_row["name"]: exercise_row["state"] for exercise_row in seats[THREE]["exercises"]
    }
    assert [name for name, state in states.items() if state == "unfit"] == ["10-compose"]
    with (reports() / "progress.csv").open(newline="") as file:
        rows = {row["seat"]: row for row in csv.DictReader(file)}
    assert (rows[ONE][FIRST], rows[TWO][FIRST], rows[THREE][FIRST]) == ("100", "20", "0")
    page = (reports() / "board.html").read_text()
    assert all(name in page for name in (ONE, TWO, THREE))


def test_what_is_undone_was_done() -> None:
    since = board_rows()[ONE]["exercises"][1]["steps"][0]["since"]
    typed(ONE, "docker rm --force relance")
    second = look(ONE)[ONE]["exercises"][1]
    assert (second["state"], second["was"]) == ("was", second["of"])
    assert second["steps"][0]["since"] == since
    assert not board_rows()[TWO]["asked"]


def test_a_seat_that_is_stuck_one_without_docker_and_one_that_is_off() -> None:
    path = reports() / "progress.json"
    # As if the looks before had been an hour ago.
    hour = re.compile(r'(?<="since": ")(\d{4}-\d\d-\d\dT\d\d)')
    path.write_text(hour.sub("2026-01-01T00", path.read_text()))
    docker = machine(TWO)
    docker.check_output("systemctl stop docker.socket docker.service")
    try:
        with off(THREE):
            seats = look()
    finally:
        docker.check_output("systemctl start docker.socket docker.service")
    assert [seats[name]["state"] for name in (ONE, TWO, THREE)] == ["stuck", "mute", "off"]
    assert list(seats) == [ONE, TWO, THREE]
    assert seats[TWO]["exercises"][0]["done"] == 1
    page = (reports() / "board.html").read_text()
    assert "3 postes ont besoin de vous" in page
    # The container is not there any more; nobody but the course needs it.
    assert playbook.run("all").returncode == 0
    assert look()[THREE]["state"] != "off"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "exercise is ''; the course has 1, 2, 3"),
        ({"exercise": 99}, "exercise is '99'"),
        ({"exercise": 4, "exercises_account": "nobody-here"}, "no account 'nobody-here'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    variables: dict[str, Any], why: str
) -> None:
    typed(ONE, "docker rm --force mine; docker create --name mine labocloud20202021:base")
    result = playbook.run(ONE, playbook=CATCH_UP, **(STUDENT | variables))
    assert result.returncode != 0
    assert why in said(result)
    typed(ONE, "docker inspect mine")


@pytest.mark.parametrize("limit", [[], ["--limit", ""], ["--limit", ","]])
def test_a_room_that_nobody_has_named_is_left_alone(limit: list[str]) -> None:
    """An unset variable does not name it either: Ansible takes that for the whole room."""
    words = playbook.command("all", playbook=CATCH_UP, exercise=4, **STUDENT)
    at = words.index("--limit")
    words[at : at + 2] = limit
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "--limit pc07" in said(result)
    typed(ONE, "docker inspect mine")


def test_where_work_cannot_be_saved_nothing_is_solved() -> None:
    typed(ONE, WORK)
    result = playbook.run(
        ONE, playbook=CATCH_UP, exercise=4, seat_reset_saved="/proc/nowhere", **STUDENT
    )
    assert result.returncode != 0
    assert "nothing is removed" in said(result)
    assert typed(ONE, "docker inspect --format '{{.State.Status}}' mien") == "running\n"
    assert typed(ONE, "cat ~/labocloud/ex3/app.py") == "mine\n"


def test_a_seat_that_is_only_to_be_told_what_would_be_done_is_left_as_it_is() -> None:
    typed(ONE, WORK)
    words = [*playbook.command(ONE, playbook=CATCH_UP, exercise=3, **STUDENT), "--check"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, said(result)
    assert "is where exercise 3 begins" not in result.stdout
    assert typed(ONE, "docker inspect --format '{{.State.Status}}' mien") == "running\n"
    assert typed(ONE, "cat ~/labocloud/ex3/app.py") == "mine\n"
    typed(ONE, "test ! -e ~/labocloud/avant-*")


def test_a_seat_catches_up_and_gets_its_work_back() -> None:
    typed(TWO, WORK)
    # Docker makes the folder of a mount, as root, and the student's own docker asks another engine.
    typed(TWO, "docker run --rm --volume ~/labocloud/ex6:/data labocloud20202021:base true")
    typed(TWO, "docker context create nowhere --docker host=tcp://127.0.0.1:1")
    # As a student finds out what it removes. The seat that builds would build anew.
    typed(TWO, "docker rm --force flask; docker image prune --all --force")
    assert "labocloud20202021:python" not in typed(TWO, "docker image ls")
    assert look(TWO)[TWO]["state"] == "lacking"
    assert "docker image prune -a" in typed(TWO, "labo")
    typed(TWO, "docker context use nowhere")
    result = playbook.run(TWO, playbook=CATCH_UP, exercise=4, **STUDENT)
    typed(TWO, "docker context use default; docker context rm nowhere")
    assert result.returncode == 0, said(result)
    typed(TWO, "test ! -e ~/labocloud/ex6")
    row = look(TWO)[TWO]
    assert done(row) == [exercise.name for exercise in EXERCISES[:3]]
    assert (row["at"]["number"], row["at"]["position"]) == (4, 1)
    assert typed(TWO, "docker ps --filter name=flask --format '{{.Names}}'") == "flask\n"
    assert typed(TWO, "cat ~/labocloud/avant-*/ex3/app.py") == "mine\n"
    # What came of the solutions goes, and the work comes back.
    assert playbook.run(TWO, playbook=RESET, confirm="yes").returncode == 0
    [source] = set(re.findall(r"-e from=(\S+)", result.stdout))
    result = playbook.run(TWO, playbook=RESTORE, **{"from": source})
    assert result.returncode == 0, said(result)
    read = "docker run --rm --volume cahier:/data labocloud20202021:base cat /data/mine"
    assert typed(TWO, read) == "mine\n"
    typed(TWO, "docker inspect mien")


def test_two_seats_serve_each_other_and_the_board_compares_them() -> None:
    """Show that a page asked, and an image carried, count where the other seat has them."""
    [pairs] = (one for one in EXERCISES if "neighbour" in one.needs)
    address = "ip -4 -brief address show dev eth0"
    inside = {
        name: machine(name).check_output(address).split()[2].partition("/")[0]
        for name in (ONE, TWO)
    }
    room = {
        "beside": {ONE: TWO, TWO: ONE},
        "inside": inside,
        "seat_neighbour": "{{ beside[inventory_hostname] | default('') }}",
        "seat_address": "{{ inside[inventory_hostname] | default(inventory_hostname) }}",
    }

    def looked() -> dict[str, dict[str, str]]:
        result = playbook.run("all", playbook="playbooks/progress.yml", **room)
        assert playbook.changed(result) == 0
        return {
            name: {step["id"]: step["state"] for step in exercise["steps"]}
            for name, row in board_rows().items()
            for exercise in row["exercises"]
            if exercise["name"] == pairs.name
        }

    # Without pairs nobody can do it, and it has no column.
    rows = look().values()
    assert pairs.name not in {one["name"] for row in rows for one in row["exercises"]}
    assert playbook.run("all", **room).returncode == 0
    # Each waits for the other's page.
    script = f"labo start {pairs.number}\nexec timeout 300 sh -ec {shlex.quote(pairs.solution)}"
    on_each([machine(ONE), machine(TWO)], lambda seat: typed(seat.backend.hostname, script))
    states = looked()
    assert set(states[ONE].values()) == set(states[TWO].values()) == {"done"}
    typed(TWO, "docker rm --force accueil")
    assert looked()[ONE] == {**states[ONE], "asked": "was"}
    # A container that nobody has, as a student may have made it up: only `labo` believes it.
    answer = """'{"container":"0123456789ab"}'"""
    script = f"""docker rm --force visiteur >/dev/null
docker run --name visiteur labocloud20202021:base echo {answer} >/dev/null
labo check {pairs.number} --json"""
    [steps] = json.loads(typed(ONE, script)).values()
    assert all(step["done"] for step in steps)
    assert looked()[ONE]["asked"] == "was"
    # The seats are as the tests after this one expect them, without pairs.
    assert playbook.run("all").returncode == 0
