# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put together how far each seat of a room is: what the board shows.

docs/progress.schema.json describes it. What a seat has was judged by itself, by the action
seat_progress; here it is remembered when each step was first seen done, and found where each seat
is, for how long, and which seats need somebody.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise, Step
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
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults
from ansible_collections.labocloud.room.plugins.plugin_utils.report import iso

VERSION = 1
# Of a seat, in the order in which a teacher looks at them: it has been on one step for long; its
# Docker does not answer, or cannot be asked; it cannot be reached; it goes on; nothing is done yet;
# all is done; no look was about it so far.
STUCK, MUTE, OFF, WORKING, NEW, THROUGH, UNKNOWN = (
    *("stuck", "mute", "off", "working", "new", "done", "unknown"),
)
STATES = (STUCK, MUTE, OFF, WORKING, NEW, THROUGH, UNKNOWN)
NEED_YOU = (STUCK, MUTE, OFF)
# Seconds: half of what an exercise is meant to take, and this at least.
SHORTEST = 5 * 60
# The room has begun where one in so many of its seats has.
SHARE = 3
# One hint is for all where so many seats have had it for so long.
MANY, A_WHILE = 3, 2 * 60
# Seconds: where nobody has looked at a seat for longer, that was another lesson.
LESSON = 60 * 60
# What every clock can show, in seconds since 1970: the year 3000.
LATEST = 32_503_680_000
MARKS = {DONE: "x", WAS: "~", OPEN: ".", UNFIT: "-", UNJUDGED: "?"}

TEXTS: Shape = {SOURCE: str, str: str}
# What of a seat's last row is gone on from.
ROW: Shape = {
    "name": str,
    "state": str,
    "time": (str, None),
    "finding": ({"cause": TEXTS, "advice": (TEXTS, None), "command": str, ...: object}, None),
    "at": (
        {
            "exercise": str,
            "number": int,
            "step": str,
            "position": int,
            "of": int,
            "title": TEXTS,
            "hint": TEXTS,
            "since": str,
        },
        None,
    ),
    "exercises": [
        {
            "name": str,
            "state": str,
            "done": int,
            "was": int,
            "of": int,
            "steps": [{"id": str, "state": str, "since": (str, None)}],
        }
    ],
    ...: object,
}
REPORT: Shape = {"version": int, "seats": [ROW], ...: object}


def known(told: object) -> dict[str, Any]:
    """Give the last report, empty where it is none that can be gone on from."""
    if next(faults(told, REPORT, "it"), None) or not isinstance(told, dict):
        return {}
    fits = told["version"] == VERSION and all(can_be(row) for row in told["seats"])
    return told if fits else {}


def can_be(row: Mapping[str, Any]) -> bool:
    """Tell whether a row of the last report's shape is one that can be gone on from."""
    cells = row["exercises"]
    try:
        moments = [
            seconds(one)
            for one in (row["time"], (row["at"] or {}).get("since"), *times(row).values())
        ]
    except (OverflowError, ValueError):
        return False
    return (
        row["state"] in STATES
        and bool(row["at"] or row["state"] not in (STUCK, WORKING, NEW))
        and all(one["state"] in MARKS for one in (*cells, *(s for c in cells for s in c["steps"])))
        and all(0 <= one < LATEST for one in moments)
    )


def seconds(moment: str | None) -> float:
    """Give a time, as ISO 8601 has it, in seconds since 1970; 0 where there is none."""
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def times(row: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Give when each step was first seen done: exercise and step to a time."""
    return {
        (exercise["name"], step["id"]): step["since"]
        for exercise in row.get("exercises", [])
        for step in exercise["steps"]
        if step["since"]
    }


def progress(
    lesson: Iterable[Exercise], look: Mapping[str, Any], before: Mapping[str, Any]
) -> list[Progress]:
    """Give how far the exercises of a seat are. look: as the action seat_progress gives it."""
    since = times(before)
    found = []
    for one in lesson:
        told = look["exercises"].get(one.name, {"steps": [], "lacks": []})
        seen = []
        for step in (Step(**step) for step in told["steps"]):
            first = seconds(since.get((one.name, step.id)))
            seen.append(Seen(step, first or (look["time"] if step.done else 0.0)))
        found.append(Progress(one, seen, told["lacks"]))
    return found


def cell(one: Progress) -> dict[str, Any]:
    """Give what the report says of an exercise at a seat."""
    return {
        "name": one.exercise.name,
        "state": one.state,
        "done": one.count(DONE),
        "was": one.count(WAS),
        "of": len(one.steps),
        "steps": [
            {
                "id": seen.step.id,
                "state": seen.state,
                "since": iso(seen.since) if seen.since else None,
            }
            for seen in one.steps
        ],
    }


def lately(told: Mapping[str, Any], now: float) -> bool:
    """Tell whether a seat was judged in this lesson."""
    return now - seconds(told["time"]) <= LESSON


def place(found: list[Progress], before: Mapping[str, Any], now: float) -> dict[str, Any] | None:
    """Give where a seat is: the first step to do, and since when; none where all is done."""
    one = here(found)
    seen = one.first_open if one else None
    if one is None or seen is None:
        return None
    last = before.get("at") or {}
    same = (last.get("exercise"), last.get("step")) == (one.exercise.name, seen.step.id)
    same = same and lately(before, now)
    return {
        "exercise": one.exercise.name,
        "number": one.exercise.number,
        "step": seen.step.id,
        "position": one.steps.index(seen) + 1,
        "of": len(one.steps),
        "title": seen.step.title,
        # None, where a check gives a step no condition.
        "hint": seen.step.hint or dict.fromkeys(seen.step.title, ""),
        "since": last["since"] if same else iso(now),
    }


def row(
    name: str,
    look: Mapping[str, Any] | None,
    before: Mapping[str, Any],
    lesson: list[Exercise],
) -> dict[str, Any]:
    """Give what is said of a seat, before it is known how the others are.

    look: none where this run was not about it; then, and where it could not be judged, the steps
    are those of the last time that it was.
    """
    cells = {one["name"]: one for one in before.get("exercises", [])}
    told = {
        "name": name,
        "state": before.get("state", UNKNOWN),
        "asked": look is not None,
        "time": before.get("time"),
        "finding": before.get("finding"),
        "at": before.get("at"),
        # An exercise may be new.
        "exercises": [cells.get(one.name) or cell(Progress(one, [], [])) for one in lesson],
    }
    if look is None:
        return told
    if look["silent"]:
        state = OFF if look["silent"]["id"] == "unreachable" else MUTE
        return {**told, "state": state, "finding": look["silent"]}
    found = progress(lesson, look, before)
    at = place(found, before, look["time"])
    begun = any(seen.since for one in found for seen in one.steps)
    return {
        **told,
        "state": (WORKING if begun else NEW) if at else THROUGH,
        "time": iso(look["time"]),
        "finding": None,
        "at": at,
        "exercises": [cell(one) for one in found],
    }


def first_step(told: Mapping[str, Any]) -> float:
    """Return when a seat was first seen to have done a step, 0 where it has not."""
    return min(map(seconds, times(told).values()), default=0.0)


def room_begun(rows: Iterable[Mapping[str, Any]]) -> float:
    """Return when the room began, 0 where it has not: one seat alone is ahead, or forges it.

    That is when a third of the seats that are on had done a step.
    """
    firsts = [first_step(told) for told in rows if told["state"] not in (OFF, UNKNOWN)]
    needed = math.ceil(len(firsts) / SHARE)
    done = sorted(filter(None, firsts))
    return done[needed - 1] if 0 < needed <= len(done) else 0.0


def stuck(told: Mapping[str, Any], minutes: Mapping[str, int], begun: float, now: float) -> bool:
    """Tell whether a seat has been on one step for too long.

    minutes: that each exercise is meant to take. begun: as room_begun() gives it. Before that, and
    before it has done a step itself, a seat is not late.
    """
    starts = [moment for moment in (first_step(told), begun) if moment]
    if told["state"] not in (WORKING, NEW) or not told["asked"] or not starts:
        return False
    since = max(seconds(told["at"]["since"]), min(starts))
    return now - since >= max(SHORTEST, minutes[told["at"]["exercise"]] * 60 / 2)


def shared(rows: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
    """Give the hints that many seats have had for a while, the most frequent first."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for told in rows:
        at = told["at"]
        if told["state"] not in (STUCK, WORKING) or not lately(told, now):
            continue
        if now - seconds(at["since"]) >= A_WHILE:
            key = (at["exercise"], at["step"], at["hint"]["en"])
            groups.setdefault(key, []).append(told)
    many = [held for held in groups.values() if len(held) >= MANY]
    return [
        {
            **{key: held[0]["at"][key] for key in ("exercise", "number", "step", "title", "hint")},
            "seats": [told["name"] for told in held],
        }
        for held in sorted(many, key=len, reverse=True)
    ]


def turn(told: Mapping[str, Any]) -> tuple[int, float]:
    """Give by what the seats are sorted: their state, then who has been on a step for longest."""
    return STATES.index(told["state"]), seconds((told["at"] or {}).get("since"))


def board(
    looks: Mapping[str, Mapping[str, Any]],
    people: Mapping[str, str],
    lesson: list[Exercise],
    before: Mapping[str, Any],
    now: float,
) -> dict[str, Any]:
    """Give the report of how far the seats of a room are, those that need somebody first.

    looks: of each seat that this run has looked at. people: each seat of the room, in its order, to
    who sits there, empty where that is not to be shown. before: the last report, or nothing. now:
    in seconds since 1970.
    """
    last = {told["name"]: told for told in before.get("seats", [])}
    rows = [row(name, looks.get(name), last.get(name, {}), lesson) for name in people]
    minutes = {one.name: one.minutes for one in lesson}
    begun = room_begun(rows)
    for told in rows:
        told["person"] = people[told["name"]] or None
        if stuck(told, minutes, begun, now):
            told["state"] = STUCK
    counted = Counter(told["state"] for told in rows)
    return {
        "version": VERSION,
        "time": iso(now),
        "exercises": [
            {
                "name": one.name,
                "number": one.number,
                "minutes": one.minutes,
                "title": {language: one.title(language) for language in one.texts},
            }
            for one in lesson
        ],
        "totals": {"seats": len(rows), **{state: counted[state] for state in STATES}},
        "shared": shared(rows, now),
        "seats": sorted(rows, key=turn),
    }


def safe(text: str) -> str:
    """Give a text for a spreadsheet, which takes one that begins so for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(report: Mapping[str, Any]) -> str:
    """Give the report as CSV: a line a seat; of each exercise how much was done, in percent.

    Empty where it was not judged, or is not for that seat.
    """
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    names = [one["name"] for one in report["exercises"]]
    lines.writerow(["seat", "person", "state", "time", "exercise", "step", "since", *names])
    for told in sorted(report["seats"], key=lambda told: told["name"]):
        at = told["at"] or {"exercise": "", "step": "", "since": ""}
        lines.writerow(
            [
                *(safe(text or "") for text in (told["name"], told["person"], told["state"])),
                *(told["time"] or "", at["exercise"], safe(at["step"]), at["since"]),
                *(percent(one) for one in told["exercises"]),
            ]
        )
    return out.getvalue()


def percent(one: Mapping[str, Any]) -> str:
    """Give how much of an exercise was done at some time, in percent."""
    if not one["of"] or one["state"] in (UNFIT, UNJUDGED):
        return ""
    return str(round(100 * (one["done"] + one["was"]) / one["of"]))


def minutes_since(moment: str, now: str) -> int:
    """Give how many minutes there are between two times of a report."""
    return max(0, int(seconds(now) - seconds(moment)) // 60)


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Give what is said in a terminal: a line a seat, then what is to be done."""
    totals = report["totals"]
    wide = max((len(told["name"]) for told in report["seats"]), default=0)
    for told in report["seats"]:
        marks = "".join(f" {mark(one):3}" for one in told["exercises"])
        yield f"{told['name']:{wide}} {marks} {words(told, report['time'])}".rstrip()
    yield "(x done, ~ was done, . open, - not for this seat, ? not judged)"
    for one in report["shared"]:
        who = ", ".join(one["seats"])
        yield f"Explain to all, exercise {one['number']}: {one['hint']['en']} ({who})"
    need = sum(totals[state] for state in NEED_YOU)
    seats = f"{totals['seats']} seat{'' if totals['seats'] == 1 else 's'}"
    counts = [f"{totals[state]} {state}" for state in STATES if totals[state]]
    yield f"{seats}, {need} need{'s' if need == 1 else ''} you: {', '.join(counts)}."


def mark(one: Mapping[str, Any]) -> str:
    """Give an exercise's mark in a terminal: how many steps are done, where not all are."""
    if one["state"] == OPEN and one["done"] + one["was"]:
        return f"{one['done'] + one['was']}/{one['of']}"
    return MARKS.get(one["state"], "?")


def words(told: Mapping[str, Any], now: str) -> str:
    """Say in a terminal how a seat is."""
    if told["finding"]:
        return str(told["finding"]["cause"]["en"])
    at = told["at"]
    if told["state"] in (UNKNOWN, THROUGH, NEW) or at is None:
        return {UNKNOWN: "no look so far", THROUGH: "all done", NEW: "not begun"}[told["state"]]
    where = f"{at['number']}, step {at['position']} of {at['of']}"
    text = f"{where}, since {minutes_since(at['since'], now)} min"
    return f"{text}: STUCK, {at['hint']['en']}" if told["state"] == STUCK else text
