# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Word what `labo` shows of exercises, of their steps and of what a preparation has created."""

from __future__ import annotations

import re
import time

from ansible_collections.labocloud.room.plugins.module_utils.languages import in_language
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import Snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    DONE,
    UNFIT,
    UNJUDGED,
    WAS,
    Progress,
    Seen,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import SHORT_ID, Seat
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import ANONYMOUS
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import (
    Terminal,
    language,
    markdown,
    say,
)

# What stands before the first of the lines below a step.
_BELOW = " " * 6
# The beginnings of lines that Markdown does not join.
_LINES = re.compile(r"^(?:[-*|]|\d+\.|    )", re.MULTILINE)
# The texts on what has no name, by kind.
_NAMELESS = {"images": "nameless_images", "volumes": "nameless_volumes"}


def needs(names: list[str]) -> str:
    """Return in words what an exercise needs and the seat lacks. names: of exercises.NEEDS."""
    return ", ".join(say(f"need_{name}") for name in names)


def missing(taken: Snapshot) -> list[str]:
    """Return in words which of the course's images are missing, each with what to type."""
    seat, texts = Seat(taken), []
    gone = seat.gone
    for name, image in seat.missing.items():
        if name in gone:
            texts.append(say("image_gone", image=name, command="./lab up"))
        elif image:
            source = next(iter(image.tags), image.id[:SHORT_ID])
            texts.append(say("image_renamed", image=name, source=memory.printable(source)))
    return texts


def heading(exercise: Exercise) -> str:
    """Return the number, the title and the minutes of an exercise."""
    return say(
        "row" if exercise.minutes else "row_plain",
        number=exercise.number,
        title=exercise.title(language()),
        minutes=exercise.minutes,
    )


def row(progress: Progress) -> str:
    """Return the line of an exercise in the list of all, without its mark."""
    text = heading(progress.exercise)
    if progress.state == UNFIT:
        return f"{text} ({say('unfit', what=needs(progress.lacks))})"
    if progress.state == UNJUDGED:
        return f"{text} ({say('unjudged')})"
    count = {
        "done": progress.count(DONE),
        "all": len(progress.steps),
        "was": progress.count(WAS),
    }
    return text + say("row_was" if count["was"] else "row_steps", **count)


def step_lines(progress: Progress, terminal: Terminal) -> list[str]:
    """Return the lines on an exercise: its title, each step, the first open step's hints."""
    lines = _head_lines(progress, terminal)
    if progress.state in (UNFIT, UNJUDGED):
        return lines
    for seen in progress.steps:
        lines.append(_step_line(seen, terminal))
        if seen is progress.first_open:
            lines += _hint_lines(progress, seen, terminal)
        if seen.state == DONE and seen.step.said:
            lines.append(terminal.lines(say("said", answer=seen.step.said), _BELOW))
    if progress.state == DONE:
        lines.append(terminal.lines(say("exercise_done", number=progress.exercise.number)))
        lines += _remember_lines(progress.exercise, terminal)
    else:
        count = say("steps", done=progress.count(DONE), all=len(progress.steps))
        lines.append(terminal.lines(count))
    return lines


def hint_lines(progress: Progress, seen: Seen | None, terminal: Terminal) -> list[str]:
    """Return the lines on an exercise's first open step and its open hints. seen: that step."""
    lines = _head_lines(progress, terminal)
    if progress.state in (UNFIT, UNJUDGED):
        return lines
    if seen is None:
        return [*lines, terminal.lines(say("exercise_done", number=progress.exercise.number))]
    return [*lines, _step_line(seen, terminal), *_hint_lines(progress, seen, terminal)]


def _head_lines(progress: Progress, terminal: Terminal) -> list[str]:
    """Return the title of an exercise, and why it cannot be judged where that is so."""
    exercise = progress.exercise
    lines = [terminal.lines(f"{exercise.number}. {exercise.title(language())}")]
    if progress.state == UNFIT:
        lines.append(terminal.marked(UNFIT, say("unfit", what=needs(progress.lacks)), "  "))
    if progress.state == UNJUDGED:
        lines.append(terminal.marked(UNJUDGED, say("unjudged"), "  "))
    return lines


def _step_line(seen: Seen, terminal: Terminal) -> str:
    """Return the line of a step, behind its mark."""
    text = in_language(seen.step.title, language())
    if seen.state == WAS:
        text = say("was_at", title=text, when=_moment(seen.since))
    return terminal.marked(seen.state, text, "  ")


def _hint_lines(progress: Progress, seen: Seen, terminal: Terminal) -> list[str]:
    """Return the lines of a step's open hints, and how to get one more where there is one."""
    count, texts = len(seen.step.hints), []
    for place, hint in enumerate(seen.opened, 1):
        text = in_language(hint, language())
        one = say("hint", hint=text)
        texts.append(one if count == 1 else say("hint_of", place=place, count=count, hint=text))
    if len(seen.opened) < count:
        texts.append(say("more_hints", number=progress.exercise.number))
    return [terminal.lines(text, _BELOW) for text in texts]


def _remember_lines(exercise: Exercise, terminal: Terminal) -> list[str]:
    """Return the lines of an exercise's chapter on what to remember, none where it has none."""
    title = say("remember")
    text = in_language(exercise.texts, language()).partition(f"\n## {title}\n")[2]
    chapter = markdown(text.partition("\n## ")[0])
    if not chapter:
        return []
    paragraphs = (
        # Lists and blocks keep their lines.
        part if _LINES.search(part) else terminal.lines(part.replace("\n", " "))
        for part in chapter.split("\n\n")
    )
    return ["", title, *paragraphs, ""]


def _moment(seconds: float) -> str:
    """Return a time, in seconds since 1970, in words: without the date where that is today's."""
    moment = time.localtime(seconds)
    is_today = time.localtime()[:3] == moment[:3]
    pattern = "%H:%M" if is_today else "%Y-%m-%d %H:%M"
    return say("at" if is_today else "on", when=time.strftime(pattern, moment))


def names(taken: Snapshot) -> dict[str, dict[str, str]]:
    """Return the names of what a preparation may create, by kind, and by ID where it has one.

    What Docker alone has named has the name ""; a container without a name has its ID's beginning.
    """
    return {
        "containers": {
            item["id"]: item["name"] or item["id"][:SHORT_ID] for item in taken["containers"]
        },
        "images": {item["id"]: (item["tags"] or [""])[0] for item in taken["images"]},
        "volumes": {
            item["name"]: "" if ANONYMOUS.fullmatch(item["name"]) else item["name"]
            for item in taken["volumes"]
        },
        "networks": {item["name"]: item["name"] for item in taken["networks"]},
    }


def created(before: Snapshot, after: Snapshot) -> list[str]:
    """Return in words what the second of two snapshots has and the first has not."""
    previous, texts = names(before), []
    for kind, by_id in names(after).items():
        fresh = sorted(name for key, name in by_id.items() if key not in previous[kind])
        texts += [say(f"kind_{kind}", name=name) for name in fresh if name]
        if count := fresh.count(""):
            texts.append(say(_NAMELESS[kind], count=count))
    return texts


def as_json(progresses: list[Progress]) -> dict[str, list[dict[str, object]]]:
    """Return what `labo check --json` prints: exercise to its steps, with state and time."""
    return {
        progress.exercise.name: [
            {
                **{key: getattr(seen.step, key) for key in ("id", "title", "done", "hint")},
                "state": seen.state,
                "since": seen.since or None,
            }
            for seen in progress.steps
        ]
        for progress in progresses
    }
