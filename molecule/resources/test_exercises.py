"""The exercises of the practical, by a student, on a seat without a network.

The tests of a scenario are in its folder: those that are to have these have a link there.
"""

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from docker.errors import NotFound
from instances import as_student, engine, offline, on_each
from playbook import PROJECT
from testinfra.host import Host

# Of an exercise: see states_of().
State = dict[str, Any]

EXERCISES = exercises.load(PROJECT / "app/exercises")
STATES = PROJECT / "molecule/resources/states"
# How often a check is asked for again, a second apart.
PATIENCE = 120
# Of an exercise's states, how many each seat is brought into: they show that all engines tell alike
# what the same check looks at. The others are for one seat with root each, in turn.
ON_EACH = 3
# On a seat: all images that have a name, since the last exercise is about removing them.
IMAGES = "/root/images.tar"
LEAVE = f"""
rm {IMAGES}
docker image prune --force
docker builder prune --force
"""


class Practice:
    """A seat on which students practise, and what it had before the first exercise.

    What Docker has is asked for and removed by a client from here: between two states the seat
    starts hardly a program.
    """

    def __init__(self, seat: Host) -> None:
        self.seat = seat
        self._engine = engine(seat)
        # The course's container is there in a lesson; a test before may have ended it.
        self._started = not self._engine.containers(all=True, filters={"name": "^/flask$"})
        if self._started:
            done(seat, "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python")
        self._before = self._listed()
        images = [name for kind, name, _ in self._before if kind == "image"]
        done(seat, f"docker save --output {IMAGES} {' '.join(images)}")
        self.has = self._can()

    def _listed(self) -> set[tuple[str, str, str]]:
        """Return the seat's objects: kind, lasting identity and current name.

        Docker's own networks, and images that have no name, are left out.
        """
        ask = self._engine
        objects = {
            ("container", container["Id"], container["Names"][0])
            for container in ask.containers(all=True)
        }
        named = [(tag, image["Id"]) for image in ask.images() for tag in image["RepoTags"] or ()]
        objects |= {
            ("image", *name_and_id) for name_and_id in named if name_and_id[0] != "<none>:<none>"
        }
        objects |= {("volume", volume["Name"], "") for volume in ask.volumes()["Volumes"] or ()}
        networks = ask.networks(filters={"type": "custom"})
        return objects | {("network", network["Name"], "") for network in networks}

    def _can(self) -> set[str]:
        """Return the features that not every seat has.

        compose; memory, the means to limit that of a container; root, an engine that is root's.
        """
        info = self._engine.info()
        compose = as_student(self.seat, "docker compose version").rc == 0
        features = {
            "compose": compose,
            "memory": info["MemoryLimit"],
            "root": "name=rootless" not in info["SecurityOptions"],
        }
        return {name for name, is_there in features.items() if is_there}

    def tidy(self) -> None:
        """Restore the seat to its state before the first exercise.

        What removes itself cannot be had again: a state that misses it renames it. What was built
        stays in the cache, or each state would build it from the beginning.
        """
        ask = self._engine
        if ask.networks(filters={"driver": "overlay"}):
            ask.leave_swarm(force=True)
        done(self.seat, "rm -rf ~student/labocloud/ex[0-9]* /var/lib/labo/*")
        previous = {(kind, name) for kind, name, _ in self._before}
        now = self._listed()
        remove: dict[str, Callable[[str], None]] = {
            "container": partial(ask.remove_container, force=True, v=True),
            "image": partial(ask.remove_image, force=True, noprune=True),
            "volume": partial(ask.remove_volume, force=True),
            "network": ask.remove_network,
        }
        for kind, do in remove.items():
            for kind_of_object, name, _ in now:
                if kind_of_object == kind and (kind, name) not in previous and name != "ingress":
                    # What a container has for itself goes with it.
                    with suppress(NotFound):
                        do(name)
        if missing := self._before - now:
            if any(kind == "image" for kind, _, _ in missing):
                done(self.seat, f"docker load --input {IMAGES}")
            for kind, name, called in missing:
                if kind == "container":
                    ask.rename(name, called.removeprefix("/"))
            assert self._listed() == self._before

    def leave(self) -> None:
        """Restore the seat to its state before the tests."""
        self.tidy()
        if self._started:
            self._engine.remove_container("flask", force=True)
        done(self.seat, LEAVE)


@pytest.fixture(scope="module")
def practices(request: pytest.FixtureRequest) -> Iterator[dict[Host, Practice]]:
    """The seats that are tested, without a network; afterwards they have what they had before."""
    with offline(request.config) as seats:
        practices_by_seat: dict[Host, Practice] = {}
        on_each(seats, lambda seat: practices_by_seat.update({seat: Practice(seat)}))
        yield practices_by_seat
        on_each(seats, lambda seat: practices_by_seat[seat].leave())


def done(seat: Host, script: str) -> None:
    """Run a script as root."""
    result = seat.run("sh -ec %s", script)
    assert result.rc == 0, result.stdout + result.stderr


def typed(seat: Host, script: str) -> str:
    """Run a script as the student in a fresh directory, and return its output."""
    command = f'cd "$(mktemp -d)" && exec sh -ec {shlex.quote(script)} < /dev/null'
    result = as_student(seat, command)
    assert result.rc == 0, f"{script}{result.stdout}{result.stderr}"
    return str(result.stdout)


def checked(seat: Host, number: str, script: str = "") -> dict[str, dict[str, dict[str, Any]]]:
    """Return the steps of `labo check` after a script, by exercise and by ID.

    number: of an exercise; empty: of all.
    """
    printed = typed(seat, f"{script}\necho\nlabo check {number} --json")
    results = json.loads(printed[printed.rindex("\n{") :])
    return {name: {step["id"]: step for step in steps} for name, steps in results.items()}


def checked_until(
    seat: Host, exercise: exercises.Exercise, script: str, right: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the steps of an exercise after a script, as soon as they are right, or at last.

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
    """Return the steps that are not done, and the French hint to each."""
    return {name: step["hint"]["fr"] for name, step in steps.items() if not step["done"]}


def look_at_untouched(practice: Practice) -> None:
    """Look whether a seat on which nobody has done anything is told so of each exercise."""
    practice.tidy()
    results = checked(practice.seat, "")
    assert set(results) == {exercise.name for exercise in EXERCISES}
    assert [name for name, steps in results.items() if len(open_steps(steps)) < len(steps)] == []


def shared_out(
    practices: dict[Host, Practice], exercise: exercises.Exercise
) -> dict[Host, list[State]]:
    """Return the written states of an exercise that each seat is to be brought into."""
    shares: dict[Host, list[State]] = {seat: [] for seat in practices}
    for number, state in enumerate(states_of(exercise.name)):
        needs = {*exercise.needs, *state.get("needs", [])}
        if number >= ON_EACH:
            needs.add("root")
        able = [seat for seat, practice in practices.items() if needs <= practice.has]
        if number >= ON_EACH and able:
            able = [able[number % len(able)]]
        for seat in able:
            shares[seat].append(state)
    return shares


def do_states(practice: Practice, exercise: exercises.Exercise, states: list[State]) -> None:
    """Bring the seat into each of the states, and compare the output of the check."""
    wrong = []
    for state in states:
        practice.tidy()
        script = f"solution() {{\n{exercise.solution}\n}}\n{state['do']}"
        right = partial(is_as_told, state)
        steps = checked_until(practice.seat, exercise, script, right)
        if not right(steps):
            wrong.append((state["state"], steps[state["step"]]))
    assert wrong == []


def is_as_told(state: State, steps: dict[str, Any]) -> bool:
    """Return whether a state's step is open, or done, as written, with the hint that is written."""
    step = steps[state["step"]]
    hint = plain(step["hint"].get("fr", ""))
    return step["done"] == state.get("done", False) and plain(state.get("hint", "")) in hint


def states_of(name: str) -> list[State]:
    """Return the wrong and half-done states of an exercise, and the other roads that count.

    Each is: state, what it is; do, by which commands, of which `solution` is one; step, which is
    not done then, and hint, a part of what is said of it in French; or done: true. needs: what it
    takes, as Practice.has names it.
    """
    file = STATES / f"{name}.yml"
    states: list[State] = yaml.safe_load(file.read_text()) if file.exists() else []
    return states


def plain(text: str) -> str:
    """Return a text with plain spaces in place of no-break ones."""
    return text.replace("\u00a0", " ")


def test_an_untouched_seat_has_no_step_done(practices: dict[Host, Practice]) -> None:
    on_each(list(practices), lambda seat: look_at_untouched(practices[seat]))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_what_is_wrong_or_half_done_is_told(
    practices: dict[Host, Practice], exercise: exercises.Exercise
) -> None:
    shares = shared_out(practices, exercise)
    on_each(list(shares), lambda seat: do_states(practices[seat], exercise, shares[seat]))
