"""The exercises of the practical, by a student, on a seat without a network.

The tests of a scenario are in its folder: those that are to have these have a link there.
"""

import json
import shlex
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from instances import as_student, offline, on_each
from playbook import PROJECT
from testinfra.host import Host

EXERCISES = exercises.load(PROJECT / "app/exercises")
STATES = PROJECT / "molecule/resources/states"
# How often a check is asked for again, a second apart.
PATIENCE = 15
# Of an exercise's states, how many a seat without root is brought into. The same check looks at the
# same things there: these show that its engine tells them alike.
WITHOUT_ROOT = 3
# What there is: its kind, what names it for good, and what it is called. Docker's own networks,
# and images that have no name, are left out.
LISTED = """
listed() {
    docker container ls --all --no-trunc --format 'container {{.ID}} {{.Names}}'
    docker image ls --no-trunc -f dangling=false --format 'image {{.Repository}}:{{.Tag}} {{.ID}}'
    docker volume ls --format 'volume {{.Name}}'
    docker network ls --filter type=custom --format 'network {{.Name}}'
}
"""
# Put down what there is before the first exercise; the images too, for the last is about removing.
# The course's container is there in a lesson; a test before may have ended it.
LOOK = """
mkdir -p /root/exercises
cd /root/exercises
if ! docker container inspect flask > flask; then
    docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python
    touch started
fi
listed | sort > before
cut -d ' ' -f 2 before > names
docker save --output images.tar $(sed -n 's/^image //p' before | cut -d ' ' -f 1)
"""
# Have it so again. What removes itself cannot be had again: a state that misses it renames it. What
# was built stays in the cache, or each state would build it from the beginning.
CLEAN = """
cd /root/exercises
if docker network ls --filter driver=overlay -q | grep -q .; then docker swarm leave --force; fi
rm -rf ~student/labocloud/ex[0-9]* /var/lib/labo/*
listed | sort > now
others() {
    sed -n "s/^$1 //p" now | cut -d ' ' -f 1 | grep -vxF -f names | grep -vx ingress |
        xargs --no-run-if-empty docker "$@"
}
others container rm --force --volumes
others image rm --force --no-prune
others volume rm --force
others network rm
if comm -23 before now | grep -q .; then
    docker load --input images.tar
    sed -n 's/^container //p' before |
        while read -r id name; do docker rename "$id" "$name" 2>/dev/null || true; done
    listed | sort | diff before -
fi
"""
LEAVE = """
if test -e started; then docker rm --force flask; fi
rm -r /root/exercises
docker image prune --force
docker builder prune --force
"""


@pytest.fixture(scope="module")
def seats(request: pytest.FixtureRequest) -> Iterator[list[Host]]:
    """The seats that are tested, without a network; afterwards they have what they had before."""
    with offline(request.config) as found:
        on_each(found, lambda seat: done(seat, LOOK))
        yield found
        on_each(found, lambda seat: done(seat, CLEAN + LEAVE))


def done(seat: Host, script: str) -> None:
    """Have a script of the above done, by root."""
    result = seat.run("sh -ec %s", LISTED + script)
    assert result.rc == 0, result.stdout + result.stderr


def typed(seat: Host, script: str) -> str:
    """Have the student run a script in a fresh directory; give what it printed."""
    command = f'cd "$(mktemp -d)" && exec sh -ec {shlex.quote(script)} < /dev/null'
    result = as_student(seat, command)
    assert result.rc == 0, f"{script}{result.stdout}{result.stderr}"
    return str(result.stdout)


def checked(seat: Host, number: str, script: str = "") -> dict[str, dict[str, dict[str, Any]]]:
    """Give the steps as `labo check` has them, after a script: by exercise and by ID.

    number: of an exercise; empty: of all.
    """
    printed = typed(seat, f"{script}\necho\nlabo check {number} --json")
    told = json.loads(printed[printed.rindex("\n{") :])
    return {name: {step["id"]: step for step in steps} for name, steps in told.items()}


def checked_until(
    seat: Host, exercise: exercises.Exercise, script: str, right: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Give the steps of an exercise, after a script, as soon as they are right, or at last.

    A person would ask again: on a busy machine what was begun takes longer than the script waits.
    """
    steps = checked(seat, str(exercise.number), script)[exercise.name]
    for _ in range(PATIENCE):
        if right(steps):
            break
        time.sleep(1)
        steps = checked(seat, str(exercise.number))[exercise.name]
    return steps


def open_steps(steps: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Give the steps that are not done, and the French hint to each."""
    return {name: step["hint"]["fr"] for name, step in steps.items() if not step["done"]}


def has(seat: Host) -> set[str]:
    """Give what not every seat has.

    compose; memory, the means to limit that of a container; root, an engine that is root's.
    """
    asked = {
        "compose": "docker compose version",
        "memory": "docker info --format '{{.MemoryLimit}}' | grep true",
        "root": "! docker info --format '{{.SecurityOptions}}' | grep rootless",
    }
    return {name for name, command in asked.items() if as_student(seat, command).rc == 0}


def look_at_untouched(seat: Host) -> None:
    done(seat, CLEAN)
    told = checked(seat, "")
    assert set(told) == {exercise.name for exercise in EXERCISES}
    assert [name for name, steps in told.items() if len(open_steps(steps)) < len(steps)] == []


def do_states(seat: Host, exercise: exercises.Exercise) -> None:
    """Have the seat in each of the states that are written down, and look what is said of it."""
    there = has(seat)
    wrong = []
    states = states_of(exercise.name)
    for state in states if "root" in there else states[:WITHOUT_ROOT]:
        if not {*exercise.needs, *state.get("needs", [])} <= there:
            continue
        done(seat, CLEAN)
        script = f"solution() {{\n{exercise.solution}\n}}\n{state['do']}"
        right = partial(is_as_told, state)
        steps = checked_until(seat, exercise, script, right)
        if not right(steps):
            wrong.append((state["state"], steps[state["step"]]))
    assert wrong == []


def is_as_told(state: dict[str, Any], steps: dict[str, Any]) -> bool:
    """Tell whether a state's step is open, or done, and what is said of it is what was written."""
    step = steps[state["step"]]
    said = plain(step["hint"].get("fr", ""))
    return step["done"] == state.get("done", False) and plain(state.get("hint", "")) in said


def states_of(name: str) -> list[dict[str, Any]]:
    """Give the wrong and half-done states of an exercise, and the other roads that count.

    Each is: state, what it is; do, by which commands, of which `solution` is one; step, which is
    not done then, and hint, a part of what is said of it in French; or done: true. needs: what it
    takes, as has() names it.
    """
    file = STATES / f"{name}.yml"
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text()) if file.exists() else []
    return found


def plain(text: str) -> str:
    """Give a text with blanks at which a line may break."""
    return text.replace("\u00a0", " ")


def test_an_untouched_seat_has_no_step_done(seats: list[Host]) -> None:
    on_each(seats, look_at_untouched)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_what_is_wrong_or_half_done_is_told(
    seats: list[Host], exercise: exercises.Exercise
) -> None:
    on_each(seats, lambda seat: do_states(seat, exercise))
