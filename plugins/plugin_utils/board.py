# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put together the board's report: how far each seat of a room is, and which seats need somebody.

docs/progress.schema.json describes the report. The action seat_progress judges each seat by itself;
here its result is combined with the previous report, which says when each step was first seen done.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import cast

from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    DONE,
    OPEN,
    UNFIT,
    UNJUDGED,
    WAS,
    Progress,
    Seen,
    here,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    Shape,
    faults,
    shape_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.progress import (
    BoardReport,
    Cell,
    DatedLook,
    JudgedExercise,
    KeptRow,
    LastBoard,
    Place,
    Row,
    SharedHint,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.neighbour import as_neighbour_shows
from ansible_collections.labocloud.room.plugins.plugin_utils.report import iso

_VERSION = 1
# The states of a seat, in the order in which a teacher looks at them: it has been on one step for
# too long; one of the course's images is gone; its Docker does not answer, or cannot be asked; it
# cannot be reached; it goes on; nothing is done yet; all is done; it was never asked.
_STUCK, _LACKING, _MUTE, _OFF, WORKING, NEW, _THROUGH, _UNKNOWN = (
    *("stuck", "lacking", "mute", "off", "working", "new", "done", "unknown"),
)
_STATES = (_STUCK, _LACKING, _MUTE, _OFF, WORKING, NEW, _THROUGH, _UNKNOWN)
NEED_YOU = (_STUCK, _LACKING, _MUTE, _OFF)
# The seconds that a seat may be on one step: half of the exercise's time, and at least these.
_SHORTEST = 5 * 60
# The room has begun once one in so many of its seats has.
_SHARE = 3
# A hint is for all if so many seats have had it for so many seconds.
_MANY, _A_WHILE = 3, 2 * 60
# A seat that was not judged for so many seconds was judged in another lesson.
_LESSON = 60 * 60
# The latest time that is believed, in seconds since 1970: the year 3000.
_LATEST = 32_503_680_000
_MARKS = {DONE: "x", WAS: "~", OPEN: ".", UNFIT: "-", UNJUDGED: "?"}

# A text of a report has the language that stands in for others; a finding has what the pages show.
TEXTS: Shape = {SOURCE: str, str: str}
FINDING: Shape = {"cause": TEXTS, "advice": (TEXTS, None), "command": str, ...: object}
_PLACE: Shape = {**shape_of(Place), "title": TEXTS, "hint": TEXTS}
_ROW: Shape = {
    **shape_of(KeptRow),
    "finding": (FINDING, None),
    "at": (_PLACE, None),
    ...: object,
}
_REPORT: Shape = {"version": int, "seats": [_ROW], ...: object}
_NO_STEPS: JudgedExercise = {"lacks": [], "steps": [], "state": UNJUDGED}


def usable_report(report: object) -> LastBoard:
    """Return the last report, or an empty dict if no report can be continued from it."""
    if next(faults(report, _REPORT, "it"), None) or not isinstance(report, dict):
        return {}
    is_usable = report["version"] == _VERSION and all(map(_is_usable_row, report["seats"]))
    return cast("LastBoard", report) if is_usable else {}


def _is_usable_row(row: KeptRow) -> bool:
    """Return whether the next report can be made from a row that has the shape _ROW."""
    cells = row["exercises"]
    steps = [step for cell in cells for step in cell["steps"]]
    times = (row["time"], row["at"] and row["at"]["since"], *_first_times(row).values())
    try:
        moments = [_seconds(time) for time in times]
    except (OverflowError, ValueError):
        return False
    return (
        row["state"] in _STATES
        and bool(row["at"] or row["state"] not in (_STUCK, WORKING, NEW))
        and {judged["state"] for judged in (*cells, *steps)} <= _MARKS.keys()
        and all(0 <= moment < _LATEST for moment in moments)
    )


def _seconds(moment: str | None) -> float:
    """Return a time of ISO 8601 in seconds since 1970, 0 for None.

    Raises ValueError or OverflowError.
    """
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def _first_times(row: KeptRow) -> dict[tuple[str, str], str]:
    """Return when each step was first seen done: exercise and step to a time."""
    return {
        (exercise["name"], step["id"]): step["since"]
        for exercise in row["exercises"]
        for step in exercise["steps"]
        if step["since"]
    }


def _progress_of(
    lesson: Iterable[Exercise], look: DatedLook, neighbour: DatedLook | None, before: KeptRow
) -> list[Progress]:
    """Return how far the exercises of a seat are.

    neighbour: the look at the seat beside it. before: its row in the last report.
    """
    since = _first_times(before)
    exercises = []
    for exercise in lesson:
        judged = look["exercises"].get(exercise.name, _NO_STEPS)
        seen = []
        for shown in judged["steps"]:
            first = _seconds(since.get((exercise.name, shown["id"])))
            step = as_neighbour_shows(shown, first, neighbour)
            seen.append(Seen(step, first or (look["time"] if step.done else 0.0)))
        exercises.append(Progress(exercise, seen, judged["lacks"]))
    return exercises


def _cell_of(progress: Progress) -> Cell:
    """Return the report's entry for an exercise at a seat."""
    return {
        "name": progress.exercise.name,
        "state": progress.state,
        "done": progress.count(DONE),
        "was": progress.count(WAS),
        "of": len(progress.steps),
        "steps": [
            {
                "id": seen.step.id,
                "state": seen.state,
                "since": iso(seen.since) if seen.since else None,
            }
            for seen in progress.steps
        ],
    }


def _is_recent(row: KeptRow, now: float) -> bool:
    """Return whether a seat was judged in this lesson."""
    return now - _seconds(row["time"]) <= _LESSON


def _place_of(exercises: list[Progress], before: KeptRow, look: DatedLook) -> Place | None:
    """Return where a seat is: the first step to do, and since when; None if all is done."""
    now = look["time"]
    current = here(exercises)
    seen = current.first_open if current else None
    if current is None or seen is None:
        return None
    exercise, step = current.exercise, seen.step
    since, last = iso(now), before["at"]
    if last and (last["exercise"], last["step"]) == (exercise.name, step.id):
        since = last["since"] if _is_recent(before, now) else since
    index = current.steps.index(seen)
    place: Place = {
        "exercise": exercise.name,
        "number": exercise.number,
        "step": step.id,
        "position": index + 1,
        "of": len(current.steps),
        "title": step.title,
        # A step to which the check gives no condition has no hint.
        "hint": step.hint or dict.fromkeys(step.title, ""),
        "since": since,
    }
    if hints := look["exercises"][exercise.name]["steps"][index].get("hints"):
        place["hints"] = hints
    return place


def _row_of(
    before: KeptRow,
    look: DatedLook | None,
    neighbour: DatedLook | None,
    lesson: list[Exercise],
    person: str,
) -> Row:
    """Return the row of a seat, which does not depend on the other seats' rows.

    before: the row of the last report. look: None if this run did not ask the seat. If so, or if
    the seat could not be judged, the steps are those of the last report. neighbour: the look at the
    seat beside it.
    """
    cells = {cell["name"]: cell for cell in before["exercises"]}
    row: Row = {
        "name": before["name"],
        "state": before["state"],
        "asked": look is not None,
        "time": before["time"],
        "finding": before["finding"],
        "at": before["at"],
        # The last report may lack an exercise that is new.
        "exercises": [
            cells.get(exercise.name) or _cell_of(Progress(exercise, [], [])) for exercise in lesson
        ],
        "person": person or None,
    }
    if look is None:
        return row
    if look["silent"]:
        state = _OFF if look["silent"]["id"] == "unreachable" else _MUTE
        return {**row, "state": state, "finding": look["silent"]}
    exercises = _progress_of(lesson, look, neighbour, before)
    at = _place_of(exercises, before, look)
    has_begun = any(seen.since for progress in exercises for seen in progress.steps)
    going_on = (WORKING if has_begun else NEW) if at else _THROUGH
    return {
        **row,
        "state": _LACKING if look["missing"] else going_on,
        "time": iso(look["time"]),
        "finding": look["missing"],
        "at": at,
        "exercises": [_cell_of(progress) for progress in exercises],
    }


def _unseen(name: str) -> KeptRow:
    """Return the row of a seat that the last report lacks."""
    return {
        "name": name,
        "state": _UNKNOWN,
        "time": None,
        "finding": None,
        "at": None,
        "exercises": [],
    }


def _first_step(row: Row) -> float:
    """Return when a seat was first seen to have done a step, 0 if it was not."""
    return min(map(_seconds, _first_times(row).values()), default=0.0)


def _room_begun(rows: Iterable[Row]) -> float:
    """Return when the room began, in seconds since 1970; 0 if it has not.

    It begins when a third of the seats that are on have done a step: a single seat may be ahead, or
    forge its progress.
    """
    firsts = [_first_step(row) for row in rows if row["state"] not in (_OFF, _UNKNOWN)]
    needed = math.ceil(len(firsts) / _SHARE)
    done = sorted(filter(None, firsts))
    return done[needed - 1] if 0 < needed <= len(done) else 0.0


def _is_stuck(row: Row, minutes: Mapping[str, int], begun: float, now: float) -> bool:
    """Return whether a seat has been on one step for too long.

    minutes: those that each exercise is meant to take. begun: the time that _room_begun() returns.
    A seat is not late before that time, unless it has done a step itself.
    """
    at, starts = row["at"], [moment for moment in (_first_step(row), begun) if moment]
    if at is None or row["state"] not in (WORKING, NEW) or not row["asked"] or not starts:
        return False
    since = max(_seconds(at["since"]), min(starts))
    return now - since >= max(_SHORTEST, minutes[at["exercise"]] * 60 / 2)


def shared(rows: Iterable[Row], now: float) -> list[SharedHint]:
    """Return the hints that many seats have had for a while, the most frequent first."""
    hints: dict[tuple[str, str, str], SharedHint] = {}
    for row in rows:
        at = row["at"]
        if at is None or row["state"] not in (_STUCK, WORKING) or not _is_recent(row, now):
            continue
        if now - _seconds(at["since"]) >= _A_WHILE:
            hint: SharedHint = {
                "exercise": at["exercise"],
                "number": at["number"],
                "step": at["step"],
                "title": at["title"],
                "hint": at["hint"],
                "seats": [],
            }
            key = (at["exercise"], at["step"], at["hint"]["en"])
            hints.setdefault(key, hint)["seats"].append(row["name"])
    many = [hint for hint in hints.values() if len(hint["seats"]) >= _MANY]
    return sorted(many, key=lambda hint: len(hint["seats"]), reverse=True)


def _sort_key(row: Row) -> tuple[int, float]:
    """Return the key that sorts seats by state, then by how long they have been on a step."""
    return _STATES.index(row["state"]), _seconds(row["at"] and row["at"]["since"])


def _fitting(lesson: Iterable[Exercise], rows: Iterable[Row]) -> list[Exercise]:
    """Return the exercises that a seat can do, or may, as far as the rows tell; the rows have all.

    Left out is what some are known to lack something for, and none has done a step of.
    """
    cells: dict[str, list[Cell]] = {}
    for row in rows:
        for cell in row["exercises"]:
            cells.setdefault(cell["name"], []).append(cell)

    def is_unfit(cell: Cell) -> bool:
        has_begun = any(step["since"] for step in cell["steps"])
        return cell["state"] in (UNFIT, UNJUDGED) and not has_begun

    return [
        exercise
        for exercise in lesson
        if UNFIT not in {cell["state"] for cell in cells.get(exercise.name, [])}
        or not all(map(is_unfit, cells[exercise.name]))
    ]


def board(
    looks: Mapping[str, DatedLook],
    people: Mapping[str, str],
    lesson: list[Exercise],
    before: LastBoard,
    now: float,
    *,
    neighbours: Mapping[str, str],
) -> BoardReport:
    """Return the report of how far the seats of a room are, those that need somebody first.

    looks: of each seat that this run has asked. people: for each seat of the room, in its order,
    who sits there, empty where that is not to be shown. neighbours: seat to the one beside it. now:
    in seconds since 1970.
    """
    last = {row["name"]: row for row in before.get("seats", [])}
    rows = [
        _row_of(
            last.get(name) or _unseen(name),
            looks.get(name),
            looks.get(neighbours.get(name, "")),
            lesson,
            person,
        )
        for name, person in people.items()
    ]
    shown = _fitting(lesson, rows)
    names = {exercise.name for exercise in shown}
    for row in rows:
        row["exercises"] = [cell for cell in row["exercises"] if cell["name"] in names]
    minutes = {exercise.name: exercise.minutes for exercise in lesson}
    begun = _room_begun(rows)
    for row in rows:
        if _is_stuck(row, minutes, begun, now):
            row["state"] = _STUCK
    counted = Counter(row["state"] for row in rows)
    return {
        "version": _VERSION,
        "time": iso(now),
        "exercises": [
            {
                "name": exercise.name,
                "number": exercise.number,
                "minutes": exercise.minutes,
                "title": {language: exercise.title(language) for language in exercise.texts},
            }
            for exercise in shown
        ],
        "totals": {"seats": len(rows), **{state: counted[state] for state in _STATES}},
        "shared": shared(rows, now),
        "seats": sorted(rows, key=_sort_key),
    }


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(report: BoardReport) -> str:
    """Return the report as CSV: a line for each seat, and how much of each exercise was done.

    An exercise's value is in percent, empty where it was not judged or is not for the seat.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [exercise["name"] for exercise in report["exercises"]]
    writer.writerow(["seat", "person", "state", "time", "exercise", "step", "since", *names])
    for row in sorted(report["seats"], key=lambda row: row["name"]):
        at = row["at"]
        writer.writerow(
            [
                *(safe(text or "") for text in (row["name"], row["person"], row["state"])),
                row["time"] or "",
                *((at["exercise"], safe(at["step"]), at["since"]) if at else ("", "", "")),
                *(_percent(cell) for cell in row["exercises"]),
            ]
        )
    return out.getvalue()


def _percent(cell: Cell) -> str:
    """Return how much of an exercise was done at some time, in percent."""
    if not cell["of"] or cell["state"] in (UNFIT, UNJUDGED):
        return ""
    return str(round(100 * (cell["done"] + cell["was"]) / cell["of"]))


def minutes_since(moment: str, now: str) -> int:
    """Return the minutes between two times of a report, at least 0."""
    return max(0, int(_seconds(now) - _seconds(moment)) // 60)


def lines(report: BoardReport) -> Iterator[str]:
    """Yield the lines for a terminal: one for each seat, then what is to be done."""
    totals = report["totals"]
    width = max((len(row["name"]) for row in report["seats"]), default=0)
    for row in report["seats"]:
        marks = "".join(f" {mark(cell):3}" for cell in row["exercises"])
        yield f"{row['name']:{width}} {marks} {_words(row, report['time'])}".rstrip()
    yield "(x done, ~ was done, . open, - not for this seat, ? not judged)"
    for hint in report["shared"]:
        who = ", ".join(hint["seats"])
        yield f"Explain to all, exercise {hint['number']}: {hint['hint']['en']} ({who})"
    need = sum(totals[state] for state in NEED_YOU)
    seats = f"{totals['seats']} seat{'' if totals['seats'] == 1 else 's'}"
    counts = [f"{totals[state]} {state}" for state in _STATES if totals[state]]
    yield f"{seats}, {need} need{'s' if need == 1 else ''} you: {', '.join(counts)}."


def mark(cell: Cell) -> str:
    """Return an exercise's mark in a terminal: how many steps are done, if it is some of them."""
    if cell["state"] == OPEN and cell["done"] + cell["was"]:
        return f"{cell['done'] + cell['was']}/{cell['of']}"
    return _MARKS[cell["state"]]


def _words(row: Row, now: str) -> str:
    """Return a seat's state in the words of a terminal."""
    if row["finding"]:
        cause = str(row["finding"]["cause"]["en"])
        return f"{cause} {row['finding']['command']}" if row["state"] == _LACKING else cause
    at = row["at"]
    if row["state"] in (_UNKNOWN, _THROUGH, NEW) or at is None:
        return {_UNKNOWN: "no look so far", _THROUGH: "all done", NEW: "not begun"}[row["state"]]
    where = f"{at['number']}, step {at['position']} of {at['of']}"
    text = f"{where}, since {minutes_since(at['since'], now)} min"
    if (hints := at.get("hints")) and hints["opened"] > 1:
        text += f", hints {hints['opened']}/{hints['of']}"
    return f"{text}: STUCK, {at['hint']['en']}" if row["state"] == _STUCK else text
