# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat remembers of the practical: a file for each account, in a directory open to all.

Students of one seat share its Docker, so what any of them has done or answered counts for the seat:
the files of all accounts are read, each only where its account owns it. Students have written what
is in them: it is limited in size, made printable, and never used as a path.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Optional, TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted, shape_of

# The directory, and the environment variable by which tests choose another one.
_DIRECTORY, _VARIABLE = "/var/lib/labo", "LABO_MEMORY"
_VERSION = 1
# The number in a file's name has no leading zero, so that an account has one file.
_NAME = re.compile(r"(0|[1-9][0-9]{0,9})\.json")
# Accounts, bytes of a file, items of one kind in a file, characters of a text.
MOST_FILES, LARGEST, _MOST_ITEMS, LONGEST = 50, 2**18, 500, 300
# Answers to an exercise: those of an account before its latest, and of all accounts together.
_EARLIER, _MOST_ANSWERS = 9, 60
# Entries of the directory that are looked at, since any account can fill it.
MOST_ENTRIES = 2000
# Seconds by which a remembered time may be ahead of the clock.
_AHEAD = 60


class _Seen(TypedDict, total=False):
    """What an answer has where the engine was asked about it: see queries.Answer."""

    seen: list[str]


class _Answer(_Seen):
    """An answer to an exercise."""

    text: str
    time: float


class _OwnSave(TypedDict):
    """What was last saved to be taken home: IDs of images and names of volumes."""

    time: float
    images: list[str]
    volumes: list[str]


class _Later(TypedDict, total=False):
    """What the records of an older `labo` lack, which leaves it out of those that it writes.

    earlier: the answers before the latest, the last one first. hints: exercise to a condition, as
    exercises.Step has it, to how many of its hints were asked for beyond the first.
    """

    earlier: dict[str, list[_Answer]]
    hints: dict[str, dict[str, int]]


class _Record(_Later):
    """An account's record, as its file has it; exercises are by their names, steps by their IDs.

    done: when each step was first seen done. Times are in seconds since 1970.
    """

    version: int
    answers: dict[str, _Answer]
    done: dict[str, dict[str, float]]
    saved: Optional[_OwnSave]


_SHAPE = shape_of(_Record)


class Saved(NamedTuple):
    """What accounts have saved: the last time, IDs of images, names of volumes."""

    time: float = 0.0
    images: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()


class Memory(NamedTuple):
    """What a seat remembers.

    answers: exercise to the last answers of each account, the latest of all first. done: exercise
    to step to the first time that it was seen done. saved: by all accounts. odd: names of files
    that are no account's record. crowded: whether the directory has more than MOST_ENTRIES. hints:
    exercise to condition to how many of its hints were asked for beyond the first.
    """

    answers: dict[str, list[Answer]]
    done: dict[str, dict[str, float]]
    saved: Saved
    odd: list[str]
    crowded: bool
    hints: dict[str, dict[str, int]]


def directory() -> Path:
    """Return the directory of the accounts' files."""
    return Path(os.environ.get(_VARIABLE) or _DIRECTORY)


def printable(text: str) -> str:
    """Return a text in one line of at most LONGEST characters, without control characters."""
    words = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(words.split())[:LONGEST]


def _read_bytes(path: Path, owner: int) -> bytes:
    """Return the content of a file that an account owns, by its number. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise OSError(f"{path.name} is not account {owner}'s")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise OSError(f"{path.name} is larger than any")
    return data


def _is_past(moment: float) -> bool:
    """Return whether a time is after 1970 and not ahead of this machine's clock."""
    return 0 < moment <= time.time() + _AHEAD


def _record(path: Path, owner: int) -> _Record:
    """Return an account's record without impossible times. Raises OSError and ValueError."""
    try:
        data = json.loads(_read_bytes(path, owner))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deep") from error
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        raise ValueError(f"{path.name} holds no such record")
    wrong: list[str] = []
    record: _Record = fitted(data, _SHAPE, "it", wrong)
    if wrong:
        raise ValueError(f"{path.name}: {wrong[0]}")
    answers, done, saved = record["answers"], record["done"], record["saved"]
    return {
        **record,
        "answers": {name: answer for name, answer in answers.items() if _is_past(answer["time"])},
        "earlier": {
            name: [answer for answer in before if _is_past(answer["time"])]
            for name, before in record.get("earlier", {}).items()
        },
        "hints": record.get("hints", {}),
        "done": {
            name: {step: moment for step, moment in steps.items() if _is_past(moment)}
            for name, steps in done.items()
        },
        "saved": saved if saved and _is_past(saved["time"]) else None,
    }


def nothing() -> _Record:
    """Return the record of an account of which nothing is remembered."""
    return {
        "version": _VERSION,
        "answers": {},
        "earlier": {},
        "done": {},
        "hints": {},
        "saved": None,
    }


def _entries(place: Path) -> tuple[list[str], bool]:
    """Return names in the directory, and whether it has more than MOST_ENTRIES.

    The name of this account's file is always the first. Raises OSError.
    """
    with os.scandir(place) as entries:
        names = [entry.name for entry in islice(entries, MOST_ENTRIES + 1)]
    return [_own_name(), *names[:MOST_ENTRIES]], len(names) > MOST_ENTRIES


def _own_name() -> str:
    """Return the name of the file of the account that runs this."""
    return f"{os.geteuid()}.json"


def _files(place: Path) -> tuple[list[tuple[Path, int]], list[str], bool]:
    """Return the accounts' files with their numbers, the taken names, and whether it is crowded.

    A name is taken where another account owns the file. All accounts may write to the directory, so
    only files that their accounts own count against MOST_FILES, and this account's comes first.
    """
    own, taken, crowded = [], [], False
    with suppress(OSError):
        names, crowded = _entries(place)
        accounts = {int(match[1]): name for name in names if (match := _NAME.fullmatch(name))}
        in_order = sorted(accounts.items(), key=lambda item: (item[0] != os.geteuid(), item[0]))
        for uid, name in in_order:
            path = place / name
            with suppress(FileNotFoundError):
                if path.lstat().st_uid == uid:
                    own.append((path, uid))
                else:
                    taken.append(name)
    return own[:MOST_FILES], taken[:MOST_FILES], crowded


def _answers(record: _Record) -> Iterator[tuple[str, list[Answer]]]:
    """Yield each exercise of a record with the answers to it, the latest first."""
    latest, earlier = record["answers"], record["earlier"]
    for name in list(dict.fromkeys([*latest, *earlier]))[:_MOST_ITEMS]:
        given = [latest[name]] if name in latest else []
        given += earlier.get(name, [])[:_EARLIER]
        yield (
            name,
            [
                Answer(
                    printable(answer["text"]),
                    answer["time"],
                    [printable(word) for word in answer["seen"][:LONGEST]]
                    if "seen" in answer
                    else None,
                )
                for answer in given
            ],
        )


def _by_time(accounts: list[list[Answer]]) -> list[Answer]:
    """Return answers, the latest first. accounts: those of each; no account's last one is cut."""
    places = ((place, answer) for answers in accounts for place, answer in enumerate(answers))
    kept = sorted(places, key=lambda pair: (pair[0], -pair[1].time))[:_MOST_ANSWERS]
    return sorted((answer for _, answer in kept), key=lambda answer: -answer.time)


def read(place: Path) -> Memory:
    """Return what all accounts together have done, answered, asked for and saved."""
    answers: dict[str, list[list[Answer]]] = {}
    done: dict[str, dict[str, float]] = {}
    hints: dict[str, dict[str, int]] = {}
    saved = Saved()
    own, odd, crowded = _files(place)
    for path, owner in own:
        try:
            record = _record(path, owner)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            odd.append(path.name)
            continue
        for name, given in _answers(record):
            answers.setdefault(name, []).append(given)
        for name, steps in list(record["done"].items())[:_MOST_ITEMS]:
            earliest = done.setdefault(name, {})
            for step, moment in list(steps.items())[:_MOST_ITEMS]:
                earliest[step] = min(earliest.get(step, moment), moment)
        for name, conditions in list(record["hints"].items())[:_MOST_ITEMS]:
            most = hints.setdefault(name, {})
            for condition, count in list(conditions.items())[:_MOST_ITEMS]:
                most[condition] = max(most.get(condition, 0), count)
        if own_save := record["saved"]:
            saved = Saved(
                max(saved.time, own_save["time"]),
                saved.images | {printable(image) for image in own_save["images"][:_MOST_ITEMS]},
                saved.volumes | {printable(name) for name in own_save["volumes"][:_MOST_ITEMS]},
            )
    by_time = {name: _by_time(accounts) for name, accounts in answers.items()}
    return Memory(by_time, done, saved, odd, crowded, hints)


class Mine:
    """The record of the account that runs this, to be changed and written."""

    def __init__(self, place: Path) -> None:
        """Read the record; a file that holds none counts as an empty one."""
        self._path = place / _own_name()
        try:
            self._record = _record(self._path, os.geteuid())
        except (OSError, ValueError):
            self._record = nothing()

    def answer(self, exercise: str, text: str, seen: list[str] | None = None) -> None:
        """Add an answer to an exercise; of those before it, the last ones are kept.

        seen: the IDs in the text that the engine tells of now, None where it was not asked.
        """
        answers, earlier = self._record["answers"], self._record["earlier"]
        if exercise in answers:
            before = [answers[exercise], *earlier.get(exercise, [])]
            earlier[exercise] = before[:_EARLIER]
        answers[exercise] = {"text": printable(text), "time": time.time()}
        if seen is not None:
            answers[exercise]["seen"] = seen

    def ask(self, exercise: str, condition: str, count: int) -> None:
        """Set how many hints to a condition, as exercises.Step has it, are asked for after one."""
        self._record["hints"].setdefault(exercise, {})[condition] = count

    def see(self, seen: Iterable[tuple[str, str, float]]) -> None:
        """Add steps that were seen done, unless they are there: exercise, step, and when."""
        for exercise, step, moment in seen:
            self._record["done"].setdefault(exercise, {}).setdefault(step, moment)

    def save(self, images: list[str], volumes: list[str]) -> None:
        """Set what was saved: IDs of images and names of volumes."""
        self._record["saved"] = {
            "time": time.time(),
            "images": images[:_MOST_ITEMS],
            "volumes": volumes[:_MOST_ITEMS],
        }

    def write(self) -> None:
        """Write the record whole, or not at all. Raises OSError."""
        data = json.dumps(self._record).encode()
        if len(data) > LARGEST:
            # A file that is larger counts for nothing.
            data = json.dumps({**self._record, "earlier": {}}).encode()
        # The other accounts of the seat read it.
        write_whole(self._path, data, 0o644)
