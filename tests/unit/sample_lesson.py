"""A lesson of three small exercises, and how seats stand in it."""

from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.action.seat_progress import look
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise

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
    """Write the exercises into a project's folder, and give the project."""
    for name, (names, needs) in STEPS.items():
        place = folder / "app/exercises" / name
        place.mkdir(parents=True)
        text = f"# {name}\n\nUn but. 10 minutes.\n\nTexte.\n"
        (place / "fr.md").write_text(text)
        (place / "en.md").write_text(text)
        (place / "solution.sh").write_text(f"echo {name}\n")
        (place / "check.py").write_text(CHECK.format(names=names, needs=needs))
    (folder / "app/exercises/02-second/setup.sh").write_text("echo prepared\n")
    return folder


def lesson(folder: Path) -> list[Exercise]:
    """Give the exercises."""
    return exercises.load(make(folder) / "app/exercises")


def taken(*running: str, stopped: tuple[str, ...] = (), compose: bool = True) -> dict[str, Any]:
    """Give a snapshot with containers of these names."""
    told = snapshot.empty()
    container = snapshot.nothing(snapshot.SNAPSHOT["containers"][0])
    told["taken"] = NOW
    told["engine"]["compose"] = compose
    told["containers"] = [
        {**container, "name": name, "status": "exited" if name in stopped else "running"}
        for name in (*running, *stopped)
    ]
    return told


def seen(known: list[Exercise], told: dict[str, Any], time: float = NOW) -> dict[str, Any]:
    """Give a look at a seat that has a snapshot."""
    answer = {"practical": {"snapshot": told, "why": "", "answers": {}}}
    return {**look("pc", answer, known), "time": time}
