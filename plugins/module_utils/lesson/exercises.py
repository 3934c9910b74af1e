# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Load the exercises and judge them: each is a folder, NN-name, with its text and its check.

    fr.md, en.md   a title, a first paragraph with the goal and the minutes, then the text; another
                   language may have its own
    check.py       WANTS, NEEDS and check(seat), see judged()
    solution.sh    shell commands that solve it
    setup.sh       optional: shell commands that prepare it; a file that a student may have changed
                   since is written by `put FILE`, see PUT

On a seat, a folder is in an archive.
"""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.languages import in_language, ordered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import fields, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import (
    SHORT_ID,
    Answer,
    Container,
    Seat,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults

# The languages of the texts in a check, in the order of its pairs; each exercise has pages in both.
PAIR = ordered(("fr", "en"))
_FOLDER = re.compile(r"(\d\d)-([a-z0-9][a-z0-9-]*)")
# What an exercise may need: a field of the snapshot's engine, or of what is around the seat.
NEEDS = ("compose", "neighbour", "registry")
# Those of them that a seat has not by itself.
OF_ROOM = ("neighbour", "registry")
# The files of a folder beside its texts; the last is optional.
FILES = ("check.py", "solution.sh", "setup.sh")
# The shell function of setup.sh: `put FILE` writes its input to a file. A file that was there with
# another content is kept beside it, and a line in the words of LABO_KEPT says so.
PUT = """\
put() {
    cat > "$1.labo"
    if { [ -e "$1" ] || [ -L "$1" ]; } && ! cmp -s "$1" "$1.labo"; then
        mv --backup=numbered --no-target-directory -- "$1" "$1.avant"
        printf "${LABO_KEPT:-%s}\\n" "$1.avant"
    fi
    mv --no-target-directory -- "$1.labo" "$1"
}
"""
# The hint to an open step, in the languages of PAIR, where a container that the check has asked for
# is paused: other hints are about containers that run or have ended.
_PAUSED = (
    "« {name} » est en pause : ses processus sont gelés, et il n’est pas arrêté. "
    "docker unpause {name}",
    "“{name}” is paused: its processes are frozen, and it has not stopped. docker unpause {name}",
)
# What a check yields: the step's ID, its titles, its conditions, and for a step that rests on the
# neighbour what that has to have; see judged().
_Text = str | tuple[str, ...]
_Condition = tuple[object, _Text, _Text]
_CheckedStep = tuple[str, tuple[str, str], list[_Condition]]
_RestingStep = tuple[str, tuple[str, str], list[_Condition], str]


@dataclass(frozen=True)
class Step:
    """A step of an exercise. title: by language. hint: what helps next, by language, empty if done.

    id: unique in its exercise. hints: the parts of the hint, from mild to plain, each by language.
    condition: the step's ID and the place of the condition that the hint is to. said: the answer by
    which a student has predicted what the step shows, empty where there was none to be given.
    elsewhere: what the seat's neighbour has to have for it, one of those that held() returns, empty
    where the seat alone shows whether it is done.
    """

    id: str
    title: dict[str, str]
    done: bool
    hint: dict[str, str]
    hints: list[dict[str, str]] = field(default_factory=list)
    condition: str = ""
    said: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Exercise:
    """An exercise. texts: its Markdown by language. minutes: as the text says, else 0."""

    number: int
    name: str
    texts: dict[str, str]
    minutes: int
    solution: str
    setup: str
    wants: fields.Asked
    needs: list[str]
    check: Callable[[Seat], Iterable[_CheckedStep | _RestingStep]] = field(repr=False)

    def title(self, language: str) -> str:
        """Return the title in a language, or else in English."""
        return in_language(self.texts, language).partition("\n")[0].removeprefix("# ").strip()

    def goal(self, language: str) -> str:
        """Return the first paragraph, in one line, in a language, or else in English."""
        paragraphs = in_language(self.texts, language).split("\n\n")
        return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""


class ExerciseError(Exception):
    """An exercise's folder is wrong; the text says in what."""


def _text_of(folder: Path | zipfile.Path, name: str, *, needed: bool = True) -> str:
    """Return the text of an exercise's file. Raises ExerciseError where a needed one is missing."""
    file = folder.joinpath(name)
    if file.is_file():
        return file.read_text(encoding="utf-8")
    if needed:
        raise ExerciseError(f"app/exercises/{folder.name} has no {name}")
    return ""


def languages(folder: Path | zipfile.Path) -> tuple[str, ...]:
    """Return the languages in which a folder has an exercise's text."""
    names = (file.name for file in folder.iterdir())
    return ordered(name.removesuffix(".md") for name in names if name.endswith(".md"))


def load_exercise(folder: Path | zipfile.Path) -> Exercise:
    """Return the exercise in a folder. Raises ExerciseError."""
    match = _FOLDER.fullmatch(folder.name)
    if match is None:
        raise ExerciseError(
            f"app/exercises/{folder.name} is no NN-name: two digits, a hyphen, a-z0-9-"
        )
    code = _text_of(folder, "check.py")
    names: dict[str, Any] = {}
    try:
        # The check is the project's own code; from an archive on a seat, it cannot be imported.
        exec(compile(code, f"{folder.name}/check.py", "exec"), names)  # noqa: S102
    except Exception as error:
        raise ExerciseError(f"app/exercises/{folder.name}/check.py: {error!r}") from error
    wants, needs = names.get("WANTS", {}), names.get("NEEDS", [])
    wrong = list(faults(wants, fields.WANTS, "WANTS"))
    wrong += [
        f"NEEDS has {need!r}, which is none of {NEEDS}" for need in needs if need not in NEEDS
    ]
    wrong += ["it has no check(seat)"] if not callable(names.get("check")) else []
    if wrong:
        raise ExerciseError(f"app/exercises/{folder.name}/check.py: {'; '.join(wrong)}")
    all_languages = ordered({*PAIR, *languages(folder)})
    texts = {language: _text_of(folder, f"{language}.md") for language in all_languages}
    setup = _text_of(folder, "setup.sh", needed=False)
    minutes = re.search(r"(\d+)[ \u00a0\u202f]min", texts[PAIR[0]])
    return Exercise(
        number=int(match[1]),
        name=folder.name,
        texts=texts,
        minutes=int(minutes[1]) if minutes else 0,
        solution=_text_of(folder, "solution.sh"),
        setup=setup and PUT + setup,
        wants=wants,
        needs=needs,
        check=names["check"],
    )


def folders(folder: Path | zipfile.Path) -> list[Path | zipfile.Path]:
    """Return the folders of the exercises, by name, without hidden ones and __pycache__."""
    paths = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
    return sorted(paths, key=lambda path: path.name)


def load(folder: Path | zipfile.Path) -> list[Exercise]:
    """Return the exercises of a folder in their order. Raises ExerciseError."""
    lesson = [load_exercise(path) for path in folders(folder)]
    for exercise, following in itertools.pairwise(lesson):
        if exercise.number == following.number:
            raise ExerciseError(
                f"app/exercises has {exercise.name} and {following.name}: one number"
            )
    return lesson


def wanted(exercises: Iterable[Exercise]) -> fields.Wants:
    """Return what a snapshot must have for these exercises."""
    return snapshot.wanted([exercise.wants for exercise in exercises])


def lacks(exercise: Exercise, taken: fields.Snapshot) -> list[str]:
    """Return what the exercise needs and the seat of a snapshot lacks, names of NEEDS."""
    has: Mapping[str, object] = {**taken["engine"], **taken["around"]}
    return [need for need in exercise.needs if not has[need]]


def held(taken: fields.Snapshot) -> list[str]:
    """Return what a seat has that steps of its neighbour may rest on.

    These are the first 12 digits of the IDs of the containers that run and publish a port, and the
    highest layers of the images: the neighbour has seen the former, or carried the latter home.
    """
    containers = (Container(fields) for fields in taken["containers"])
    published = [item.id[:SHORT_ID] for item in containers if item.running and item.ports]
    return published + [image["layers"][-1] for image in taken["images"] if image["layers"]]


def _hints(missing: Iterable[_Text]) -> list[dict[str, str]]:
    """Return hints, from mild to plain. missing: the texts of a condition, in those of PAIR."""
    texts = ((text,) if isinstance(text, str) else text for text in missing)
    return [dict(zip(PAIR, hint, strict=True)) for hint in zip(*texts, strict=True)]


def judged(exercise: Exercise, taken: fields.Snapshot, answers: Iterable[str] = ()) -> list[Step]:
    """Return the steps of an exercise, as a snapshot shows them.

    answers: those that were given on the seat. The check yields each step as (id, (title in French,
    in English), conditions), a condition as (whether it holds, hint in French, in English), in the
    order of causes; Step.elsewhere may come fourth. A hint is a text, or several, from mild to
    plain. A step is done where all conditions hold; else its hint is that of the first that does
    not, or that a container is paused, of those that the check has asked for. Raises whatever the
    check raises.
    """
    steps, seat = [], Seat(taken, answers)
    for name, titles, conditions, *others in exercise.check(seat):
        place, missing = next(
            ((place, texts) for place, (holds, *texts) in enumerate(conditions) if not holds),
            (0, None),
        )
        paused = next((container.name for container in seat.asked if container.paused), None)
        if missing and paused:
            missing = [text.format(name=paused) for text in _PAUSED]
        hints = _hints(missing) if missing else []
        said = (holds for holds, *_ in conditions if isinstance(holds, Answer))
        steps.append(
            Step(
                id=name,
                title=dict(zip(PAIR, titles, strict=True)),
                done=missing is None and bool(conditions),
                hint={key: " ".join(hint[key] for hint in hints) for key in PAIR if hints},
                hints=hints,
                condition=f"{name}/{place}" if missing else "",
                said=next(said, ""),
                elsewhere=others[0] if others else "",
            )
        )
    return steps
