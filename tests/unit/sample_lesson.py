"""A lesson of three small exercises, and seats that are at some point of it."""

from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.action.seat_progress import look
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    fields,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing

NOW = 1_795_000_000.0
CHECK = """
NEEDS = {needs!r}

def check(seat):
    for name in {names!r}:
        container = seat.container(name)
        yield (name, (f"« {{name}} »", f"“{{name}}”"), [
            (container, f"Aucun {{name}}.", f"No {{name}}."),
            (container.running, f"{{name}} est arrêté.", f"{{name}} has stopped."),
        ])
"""
STEPS = {
    "01-first": (["one", "two"], []),
    "02-second": (["three"], []),
    "03-third": (["four"], ["compose"]),
}


def make(folder: Path) -> Path:
    """Write the exercises into a project's folder, and return that folder."""
    for name, (names, needs) in STEPS.items():
        exercise = folder / "app/exercises" / name
        exercise.mkdir(parents=True)
        text = f"# {name}\n\nUn but. 10 minutes.\n\nTexte.\n"
        (exercise / "fr.md").write_text(text)
        (exercise / "en.md").write_text(text)
        (exercise / "solution.sh").write_text(f"echo {name}\n")
        (exercise / "check.py").write_text(CHECK.format(names=names, needs=needs))
    (folder / "app/exercises/02-second/setup.sh").write_text("echo prepared\n")
    return folder


def lesson(folder: Path) -> list[Exercise]:
    """Write the exercises into an empty folder, and return them as loaded from there."""
    return exercises.load(make(folder) / "app/exercises")


def taken(*running: str, stopped: tuple[str, ...] = (), compose: bool = True) -> dict[str, Any]:
    """Return a snapshot with containers of these names."""
    seat = snapshot.shaped({})
    container = nothing(fields.SNAPSHOT["containers"][0])
    seat["taken"] = NOW
    seat["engine"]["compose"] = compose
    seat["containers"] = [
        {**container, "name": name, "status": "exited" if name in stopped else "running"}
        for name in (*running, *stopped)
    ]
    return seat


def seen(practice: list[Exercise], seat: dict[str, Any], time: float = NOW) -> dict[str, Any]:
    """Return the progress at a seat, judged from its snapshot. time: in seconds since the epoch."""
    answer = {"practical": {"snapshot": seat, "why": "", "answers": {}}}
    return {**look("pc", answer, practice), "time": time}
