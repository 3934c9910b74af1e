"""A class in the middle of a lesson: seats at different steps, some of which need help."""

import json
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.action.seat_progress import look
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from ansible_collections.labocloud.room.plugins.plugin_utils import board
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding

PROJECT = Path(__file__).parents[1]
LESSON = exercises.load(PROJECT / "app/exercises")
# The snapshot of a real seat on which all exercises but the last are solved.
SOLVED = json.loads((PROJECT / "tests/unit/solved_seats.json").read_text())["26.1.5+dfsg1"]
ANSWERS = {LESSON[0].name: ["0123456789ab"]}
NOW = 1_795_500_000.0
MINUTE = 60
# The number of exercises done, of steps of the next one, and the minutes since the last step.
SEATS = {
    "pc01": (3, 1, 4),
    "pc02": (4, 0, 2),
    "pc03": (2, 3, 12),
    "pc04": (3, 1, 9),
    "pc05": (4, 1, 3),
    "pc06": (3, 1, 6),
    "pc08": (3, 0, 1),
    "pc09": (3, 1, 8),
    "pc11": (5, 0, 2),
    "pc12": (0, 0, 25),
}
SILENT = {
    "pc07": finding("unreachable", "pc07", why="connection timed out"),
    "pc10": finding("engine_stopped", "pc10", why="connection refused"),
}
PEOPLE = {**{f"pc{number:02}": "" for number in range(1, 13)}, "pc03": "Ana"}


def judged(seat: dict[str, Any], answers: dict[str, list[str]]) -> dict[str, Any]:
    """Return the judged exercises of a seat with a snapshot and answers."""
    answer = {"practical": {"snapshot": seat, "why": "", "answers": answers}}
    results: dict[str, Any] = look("pc", answer, LESSON)["exercises"]
    return results


def seen(exercises_done: int, steps: int, time: float) -> dict[str, Any]:
    """Return a look at a seat that has so many exercises done, and steps of the next one."""
    done, nothing = judged(SOLVED, ANSWERS), judged(snapshot.shaped({}), {})
    results = {}
    for number, exercise in enumerate(LESSON):
        name = exercise.name
        count = len(done[name]["steps"]) if number < exercises_done else 0
        count = steps if number == exercises_done else count
        mixed = done[name]["steps"][:count] + nothing[name]["steps"][count:]
        results[name] = {**done[name], "lacks": [], "steps": mixed}
    return {"silent": None, "missing": None, "exercises": results, "time": time}


def sample() -> dict[str, Any]:
    """Return the report of the class after a look at each minute of half an hour."""
    report: dict[str, Any] = {}
    for minutes in range(30, -1, -1):
        now = NOW - minutes * MINUTE
        looks = {
            name: seen(done, steps, now) if since >= minutes else seen(0, 0, now)
            for name, (done, steps, since) in SEATS.items()
        }
        silent = {
            name: {"silent": why, "missing": None, "exercises": {}, "time": now}
            for name, why in SILENT.items()
        }
        report = board.board({**looks, **silent}, PEOPLE, LESSON, report, now)
    # The student at pc11 has removed what an exercise had made.
    looks["pc11"]["exercises"][LESSON[1].name] = judged(snapshot.shaped({}), {})[LESSON[1].name]
    return board.board({**looks, **silent}, PEOPLE, LESSON, report, NOW)
