# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""How far a seat is, as its look tells, and the board's report, which goes on from the last one.

docs/progress.schema.json describes the report. Texts are by language. Times in a report are in
ISO 8601.
"""

from typing import TypedDict

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding


class OpenedHints(TypedDict):
    """How many of the hints to a step were opened on a seat, and how many there are."""

    opened: int
    of: int


class _Hints(TypedDict, total=False):
    """What a step that is done has not, nor one without a hint, nor one of an older report."""

    hints: OpenedHints


class JudgedStep(_Hints):
    """A step of an exercise: fields of module_utils.lesson.exercises.Step."""

    id: str
    title: dict[str, str]
    done: bool
    hint: dict[str, str]
    elsewhere: str


class JudgedExercise(TypedDict):
    """An exercise at a seat: what it needs and the seat lacks, its steps, and its state."""

    lacks: list[str]
    steps: list[JudgedStep]
    state: str


class Look(TypedDict):
    """How far a seat is.

    silent: why it could not be judged; then it has no exercises, else all, by their names. missing:
    which of the course's images the seat has no more. held: what steps of its neighbour may rest
    on, as exercises.held() returns it.
    """

    silent: Finding | None
    missing: Finding | None
    exercises: dict[str, JudgedExercise]
    held: list[str]


class DatedLook(Look):
    """A look and its time, in seconds since 1970."""

    time: float


class Hint(TypedDict):
    """A step of an exercise by its ID, the exercise by its name and number, and what helps next."""

    exercise: str
    number: int
    step: str
    title: dict[str, str]
    hint: dict[str, str]


class Place(Hint, _Hints):
    """Where a seat is, the position of the step among those of its exercise, and since when."""

    position: int
    of: int
    since: str


class StepCell(TypedDict):
    """A step at a seat, and when it was first seen done."""

    id: str
    state: str
    since: str | None


class Cell(TypedDict):
    """An exercise at a seat, and how many of its steps are done, or were."""

    name: str
    state: str
    done: int
    was: int
    of: int
    steps: list[StepCell]


class KeptRow(TypedDict):
    """What the next report is made from of a seat's row.

    time: of the last judgement. finding: why the last look could not judge it, or which of the
    course's images it has no more.
    """

    name: str
    state: str
    time: str | None
    finding: Finding | None
    at: Place | None
    exercises: list[Cell]


class Row(KeptRow):
    """A seat's row. asked: whether this run has looked at it. person: who sits there."""

    asked: bool
    person: str | None


class Heading(TypedDict):
    """An exercise of the lesson."""

    name: str
    number: int
    minutes: int
    title: dict[str, str]


class SharedHint(Hint):
    """A hint that many seats have had for a while."""

    seats: list[str]


class BoardReport(TypedDict):
    """The board's report. totals: seats, and how many of them are in each state."""

    version: int
    time: str
    exercises: list[Heading]
    totals: dict[str, int]
    shared: list[SharedHint]
    seats: list[Row]


class LastBoard(TypedDict, total=False):
    """The last report, as far as the next one goes on from it: empty where there is none."""

    seats: list[KeptRow]
