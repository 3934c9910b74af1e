# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat remembers of the practical: one file an account, in a directory that all write to.

Students of one seat share its Docker, so what any of them has done or answered counts for the seat:
the files of all accounts are read, each only where it is its account's own. What is in them is what
students have written: it is of limited size, printable, and nothing of it is a path.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted

# Where it is; another one only for tests.
DIRECTORY, ANOTHER = "/var/lib/labo", "LABO_MEMORY"
VERSION = 1
# An account has one name, so it has one file.
NAME = re.compile(r"(0|[1-9][0-9]{0,9})\.json")
# Accounts, bytes of a file, things of one kind in it, characters of a text.
MOST_FILES, LARGEST, MOST, LONGEST = 50, 2**18, 500, 300
# Entries of the directory, which anybody can fill, that are looked at.
MOST_ENTRIES = 2000
# Seconds by which what was remembered may be ahead of the clock.
AHEAD = 60

# A time is in seconds since 1970; an exercise is told by its name, a step by its ID.
KEPT: Mapping[str, Shape] = {
    "version": int,
    "answers": {str: {"text": str, "time": float}},
    # When each step was first seen done.
    "done": {str: {str: float}},
    # What was last saved to be taken home: IDs of images and names of volumes.
    "saved": ({"time": float, "images": [str], "volumes": [str]}, None),
}


class Saved(NamedTuple):
    """What accounts have saved: the last time, IDs of images, names of volumes."""

    time: float = 0.0
    images: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()


class Memory(NamedTuple):
    """What a seat remembers.

    answers: exercise to the latest answer of each account, the latest of all first. done: exercise
    to step to the first time that it was seen done. saved: by all accounts. odd: names of files
    that are none of these. crowded: whether there is more than is looked at.
    """

    answers: dict[str, list[str]]
    done: dict[str, dict[str, float]]
    saved: Saved
    odd: list[str]
    crowded: bool


def directory() -> Path:
    """Give where it is."""
    return Path(os.environ.get(ANOTHER) or DIRECTORY)


def printable(text: str) -> str:
    """Give a text in one line, without what moves a cursor, and no longer than any has to be."""
    words = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(words.split())[:LONGEST]


def read_bytes(path: Path, owner: int) -> bytes:
    """Give the bytes of a file of an account's own. Raises OSError where it is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode) or told.st_uid != owner:
            raise OSError(f"{path.name} is not account {owner}'s")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise OSError(f"{path.name} is larger than any")
    return data


def can_be(moment: float) -> bool:
    """Tell whether something can have been at that time, by this machine's clock."""
    return 0 < moment <= time.time() + AHEAD


def kept(path: Path, owner: int) -> dict[str, Any]:
    """Give what an account's file holds, but for what was at no time that can be.

    Raises OSError, or ValueError where it is no such file.
    """
    try:
        told = json.loads(read_bytes(path, owner))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deep") from error
    if not isinstance(told, dict) or told.get("version") != VERSION:
        raise ValueError(f"{path.name} holds no such record")
    wrong: list[str] = []
    held: dict[str, Any] = fitted(told, KEPT, "it", wrong)
    if wrong:
        raise ValueError(f"{path.name}: {wrong[0]}")
    answers, done, saved = held["answers"], held["done"], held["saved"]
    return {
        **held,
        "answers": {name: told for name, told in answers.items() if can_be(told["time"])},
        "done": {
            name: {step: moment for step, moment in steps.items() if can_be(moment)}
            for name, steps in done.items()
        },
        "saved": saved if saved and can_be(saved["time"]) else None,
    }


def nothing() -> dict[str, Any]:
    """Give what an account has that nothing is remembered of."""
    return {"version": VERSION, "answers": {}, "done": {}, "saved": None}


def names(place: Path) -> tuple[list[str], bool]:
    """Give the names in the directory, and whether there are more than are looked at.

    The name of who runs this is among them, whatever else is there. Raises OSError.
    """
    with os.scandir(place) as entries:
        found = [one.name for one in islice(entries, MOST_ENTRIES + 1)]
    return [mine(), *found[:MOST_ENTRIES]], len(found) > MOST_ENTRIES


def mine() -> str:
    """Give the name of the file of the account that runs this."""
    return f"{os.geteuid()}.json"


def files(place: Path) -> tuple[list[tuple[Path, int]], list[str], bool]:
    """Give the accounts' files with these accounts' numbers, and names that others have taken.

    All may write to the directory: only files that are their accounts' count against the limit,
    and the one of who runs this comes first. Gives, too, whether there is more than is looked at.
    """
    own, others, crowded = [], [], False
    with suppress(OSError):
        listed, crowded = names(place)
        told = {int(found[1]): one for one in listed if (found := NAME.fullmatch(one))}
        for uid, name in sorted(told.items(), key=lambda one: (one[0] != os.geteuid(), one[0])):
            path = place / name
            with suppress(FileNotFoundError):
                if path.lstat().st_uid == uid:
                    own.append((path, uid))
                else:
                    others.append(name)
    return own[:MOST_FILES], others[:MOST_FILES], crowded


def read(place: Path) -> Memory:
    """Give what all accounts together have done, answered and saved."""
    answers: dict[str, list[tuple[float, str]]] = {}
    done: dict[str, dict[str, float]] = {}
    saved = Saved()
    own, odd, crowded = files(place)
    for path, owner in own:
        try:
            held = kept(path, owner)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            odd.append(path.name)
            continue
        for name, answer in list(held["answers"].items())[:MOST]:
            told = (answer["time"], printable(answer["text"]))
            answers.setdefault(name, []).append(told)
        for name, steps in list(held["done"].items())[:MOST]:
            known = done.setdefault(name, {})
            for step, moment in list(steps.items())[:MOST]:
                known[step] = min(known.get(step, moment), moment)
        if one := held["saved"]:
            saved = Saved(
                max(saved.time, one["time"]),
                saved.images | {printable(image) for image in one["images"][:MOST]},
                saved.volumes | {printable(volume) for volume in one["volumes"][:MOST]},
            )
    latest = {name: sorted(told, reverse=True) for name, told in answers.items()}
    return Memory(
        {name: [text for _, text in told] for name, told in latest.items()},
        done,
        saved,
        odd,
        crowded,
    )


class Mine:
    """What is remembered of the account that runs this, to be changed and written."""

    def __init__(self, place: Path) -> None:
        """Read it; what is there and is no such file counts for nothing."""
        self.path = place / mine()
        try:
            self.held = kept(self.path, os.geteuid())
        except (OSError, ValueError):
            self.held = nothing()

    def answer(self, exercise: str, text: str) -> None:
        """Remember an answer, in place of the last one."""
        self.held["answers"][exercise] = {"text": printable(text), "time": time.time()}

    def see(self, seen: Iterable[tuple[str, str, float]]) -> None:
        """Remember steps that were seen done: exercise, step, and when."""
        for exercise, step, moment in seen:
            self.held["done"].setdefault(exercise, {}).setdefault(step, moment)

    def save(self, images: list[str], volumes: list[str]) -> None:
        """Remember what was saved."""
        told = {"images": images[:MOST], "volumes": volumes[:MOST]}
        self.held["saved"] = {"time": time.time(), **told}

    def write(self) -> None:
        """Write it whole, or not at all. Raises OSError."""
        # Others of this seat read it.
        write_whole(self.path, json.dumps(self.held).encode(), 0o644)
