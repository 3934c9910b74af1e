# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The exercises: each is a folder, NN-name, with what a student reads and what checks it.

    fr.md, en.md   a title, a first paragraph with the goal and the minutes, then the text; another
                   language may have its own
    check.py       WANTS, NEEDS and check(seat), see judged()
    solution.sh    commands of a shell that solve it
    setup.sh       where there is something to be made before it begins; a file that a student may
                   have changed since is written by `put FILE`, see PUT

A folder is anything that has the methods of a pathlib.Path: on a seat, it is in an archive.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.labocloud.room.plugins.module_utils.languages import in_language, ordered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Seat
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults

# The languages that a check has its texts in, in their order; each exercise has its page in them.
PAIR = ordered(("fr", "en"))
FOLDER = re.compile(r"(\d\d)-([a-z0-9][a-z0-9-]*)")
# What an exercise may need of a seat, each a field of the snapshot's engine.
NEEDS = ("compose",)
# The files of a folder beside its texts; the last may lack.
FILES = ("check.py", "solution.sh", "setup.sh")
# What a setup.sh has: `put FILE` writes what it reads to a file. What was there and is something
# else stays beside it, and labo says so, in the words that it gives.
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


class Folder(Protocol):
    """What is used of a pathlib.Path, and of a zipfile.Path."""

    @property
    def name(self) -> str:
        """Give the last part of its path."""

    def iterdir(self) -> Iterable[Folder]:
        """Give what is in it."""

    def joinpath(self, name: str) -> Folder:
        """Give what has a name in it."""

    def is_file(self) -> bool:
        """Tell whether it is a file."""

    def read_text(self, encoding: str) -> str:
        """Give what it holds. Raises OSError."""


Condition = tuple[object, str, str]
Told = tuple[str, tuple[str, str], list[Condition]]


@dataclass(frozen=True)
class Step:
    """One step of an exercise. title, hint: by language; hint: what helps next, empty when done."""

    id: str
    title: dict[str, str]
    done: bool
    hint: dict[str, str]


@dataclass(frozen=True)
class Exercise:
    """An exercise. texts: its Markdown by language; minutes: as that says, 0 where it does not."""

    number: int
    name: str
    texts: dict[str, str]
    minutes: int
    solution: str
    setup: str
    wants: Mapping[str, Any]
    needs: list[str]
    check: Callable[[Seat], Iterable[Told]] = field(repr=False)

    def title(self, language: str) -> str:
        """Return the title in a language, or else in English."""
        return in_language(self.texts, language).partition("\n")[0].removeprefix("# ").strip()

    def goal(self, language: str) -> str:
        """Return the first paragraph, in one line, in a language, or else in English."""
        paragraphs = in_language(self.texts, language).split("\n\n")
        return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""


class ExerciseError(Exception):
    """What is wrong with an exercise's folder."""


def text_of(folder: Folder, name: str, *, needed: bool = True) -> str:
    """Give the text of one of an exercise's files. Raises ExerciseError."""
    file = folder.joinpath(name)
    if file.is_file():
        return file.read_text(encoding="utf-8")
    if needed:
        raise ExerciseError(f"app/exercises/{folder.name} has no {name}")
    return ""


def languages(folder: Folder) -> tuple[str, ...]:
    """Return the languages in which a folder has an exercise's text."""
    names = (file.name for file in folder.iterdir())
    return ordered(name.removesuffix(".md") for name in names if name.endswith(".md"))


def load_one(folder: Folder) -> Exercise:
    """Give the exercise that a folder is. Raises ExerciseError."""
    found = FOLDER.fullmatch(folder.name)
    if found is None:
        raise ExerciseError(
            f"app/exercises/{folder.name} is no NN-name: two digits, a hyphen, a-z0-9-"
        )
    code = text_of(folder, "check.py")
    names: dict[str, Any] = {}
    try:
        # The project's own code, and in an archive no module.
        exec(compile(code, f"{folder.name}/check.py", "exec"), names)  # noqa: S102
    except Exception as error:
        raise ExerciseError(f"app/exercises/{folder.name}/check.py: {error!r}") from error
    wants, needs = names.get("WANTS", {}), names.get("NEEDS", [])
    wrong = list(faults(wants, snapshot.WANTS, "WANTS"))
    wrong += [f"NEEDS has {one!r}, which is none of {NEEDS}" for one in needs if one not in NEEDS]
    wrong += ["it has no check(seat)"] if not callable(names.get("check")) else []
    if wrong:
        raise ExerciseError(f"app/exercises/{folder.name}/check.py: {'; '.join(wrong)}")
    found_in = ordered({*PAIR, *languages(folder)})
    texts = {language: text_of(folder, f"{language}.md") for language in found_in}
    setup = text_of(folder, "setup.sh", needed=False)
    minutes = re.search(r"(\d+)[ \u00a0\u202f]min", texts[PAIR[0]])
    return Exercise(
        number=int(found[1]),
        name=folder.name,
        texts=texts,
        minutes=int(minutes[1]) if minutes else 0,
        solution=text_of(folder, "solution.sh"),
        setup=setup and PUT + setup,
        wants=wants,
        needs=needs,
        check=names["check"],
    )


def folders(folder: Folder) -> list[Folder]:
    """Give the folders of the exercises in their order, without what programs leave beside them."""
    there = [one for one in folder.iterdir() if not one.name.startswith((".", "__"))]
    return sorted(there, key=lambda one: one.name)


def load(folder: Folder) -> list[Exercise]:
    """Give the exercises of a folder in their order. Raises ExerciseError."""
    known = [load_one(one) for one in folders(folder)]
    for one, following in itertools.pairwise(known):
        if one.number == following.number:
            raise ExerciseError(f"app/exercises has {one.name} and {following.name}: one number")
    return known


def wanted(exercises: Iterable[Exercise]) -> dict[str, Any]:
    """Give all that a snapshot has to have, to judge these exercises by it."""
    return snapshot.wanted([one.wants for one in exercises])


def lacks(exercise: Exercise, taken: Mapping[str, Any]) -> list[str]:
    """Give what the exercise needs and the seat of a snapshot has not."""
    return [need for need in exercise.needs if not taken["engine"][need]]


def judged(exercise: Exercise, taken: Mapping[str, Any], answers: Iterable[str] = ()) -> list[Step]:
    """Return the steps of an exercise, as a snapshot shows them.

    answers: what was answered on the seat. The check gives each step as (id, (title in French, in
    English), conditions), a condition as (whether it holds, what helps where it does not, in
    French, in English), in the order of causes. A step is done where all hold; else its hint is
    that of the first that does not.
    """
    steps = []
    for name, titles, conditions in exercise.check(Seat(taken, answers)):
        missing = next((texts for holds, *texts in conditions if not holds), None)
        steps.append(
            Step(
                id=name,
                title=dict(zip(PAIR, titles, strict=True)),
                done=missing is None and bool(conditions),
                hint=dict(zip(PAIR, missing, strict=True)) if missing else {},
            )
        )
    return steps
