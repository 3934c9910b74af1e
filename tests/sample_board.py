"""A class in the middle of a lesson: seats at different steps, some of which need help."""

import functools
import itertools
import json
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.action.seat_progress import look
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from ansible_collections.labocloud.room.plugins.plugin_utils import board
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding

PROJECT = Path(__file__).parents[1]
# Of a room without pairs and without a registry.
LESSON = [
    exercise
    for exercise in exercises.load(PROJECT / "app/exercises")
    if not set(exercise.needs) & set(exercises.OF_ROOM)
]
# The snapshot of a real seat on which all exercises but the last are solved.
SOLVED = json.loads((PROJECT / "tests/unit/solved_seats.json").read_text())["26.1.5+dfsg1"]
# The answers there, by exercise: an ID, and what was said before it was so.
TEXTS = {
    "01-first-contact": ["0123456789ab", "oui"],
    "04-build-cache": ["lent"],
    "05-volumes": ["2 1"],
    "09-signals": ["10"],
}
ANSWERS = {
    name: [{"text": text, "time": 1.0, "seen": None} for text in texts]
    for name, texts in TEXTS.items()
}
NOW = 1_795_500_000.0
MINUTE = 60
# Of each seat the number of exercises done, of steps of the next one, and the minutes since the
# last step; or why it is silent. Those of which the board says most come first.
CLASS: dict[str, tuple[int, int, int] | dict[str, Any]] = {
    "pc03": (2, 3, 12),
    "pc12": (0, 0, 25),
    "pc10": finding("engine_stopped", "pc10", why="connection refused"),
    "pc07": finding("unreachable", "pc07", why="connection timed out"),
    "pc04": (3, 2, 12),
    "pc09": (3, 2, 11),
    "pc01": (3, 2, 4),
    "pc02": (4, 0, 2),
    "pc05": (4, 1, 3),
    "pc06": (3, 2, 6),
    "pc08": (3, 0, 1),
    "pc11": (5, 0, 2),
}


def judged(seat: dict[str, Any], answers: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the judged exercises of a seat with a snapshot and answers."""
    answer = {"practical": {"snapshot": seat, "why": "", "answers": answers}}
    results: dict[str, Any] = look("pc", answer, LESSON)["exercises"]
    return results


@functools.cache
def judged_with(*, all_done: bool) -> dict[str, Any]:
    """Return the judged exercises of a seat where all are done, or none."""
    return judged(SOLVED, ANSWERS) if all_done else judged(snapshot.shaped({}), {})


def seen(exercises_done: int, steps: int, time: float) -> dict[str, Any]:
    """Return a look at a seat that has so many exercises done, and steps of the next one."""
    done, nothing = judged_with(all_done=True), judged_with(all_done=False)
    results = {}
    for number, exercise in enumerate(LESSON):
        name = exercise.name
        count = len(done[name]["steps"]) if number < exercises_done else 0
        count = steps if number == exercises_done else count
        mixed = done[name]["steps"][:count] + nothing[name]["steps"][count:]
        results[name] = {**done[name], "lacks": [], "steps": mixed}
    return {"silent": None, "missing": None, "exercises": results, "held": [], "time": time}


def sample(seats: int = len(CLASS)) -> dict[str, Any]:
    """Return the report of a class after a look at each minute of half an hour.

    seats: how many there are. Those after the twelfth are as far as those from the first on.
    """
    names = [*CLASS, *(f"pc{number:02}" for number in range(len(CLASS) + 1, seats + 1))][:seats]
    people = {name: "Ana" if name == "pc03" else "" for name in sorted(names)}
    report: dict[str, Any] = {}
    for minutes in range(30, -1, -1):
        now = NOW - minutes * MINUTE
        looks: dict[str, dict[str, Any]] = {}
        for name, so_far in zip(names, itertools.cycle(CLASS.values()), strict=False):
            if isinstance(so_far, dict):
                looks[name] = {
                    "silent": so_far,
                    "missing": None,
                    "exercises": {},
                    "held": [],
                    "time": now,
                }
            else:
                done, steps, since = so_far
                looks[name] = seen(done, steps, now) if since >= minutes else seen(0, 0, now)
        report = board.board(looks, people, LESSON, report, now, neighbours={})
    if "pc11" in looks:
        # The student there has removed what an exercise had made.
        undone = judged_with(all_done=False)[LESSON[1].name]
        looks["pc11"]["exercises"][LESSON[1].name] = undone
    return board.board(looks, people, LESSON, report, NOW, neighbours={})
