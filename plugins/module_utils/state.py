# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a machine remembers of the toolkit: one file, read by whoever asks, written whole.

C(before) is what the machine was like before the toolkit first changed it; C(files), the text of
what of it was to be given back; C(brought), packages, accounts and containers; C(built), images and
bases; C(served), where images are built, the revisions that the room had. The file holds secrets
that were in C(files): nobody but root reads it, and nothing of those is told as a fact.
"""

from __future__ import annotations

import copy
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.files import (
    LONGEST_SENTENCE,
    NoFileError,
    content,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import (
    fingerprint,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults

DIRECTORY = Path("/var/lib/labocloud")
NAME = "state.json"
DAEMON_JSON = "/etc/docker/daemon.json"
# Before there were versions of the one file, there were two of one of the four.
VERSION = 3
# Bytes. One with thousands of packages and images has half of it.
LARGEST = 2 * 2**20
# Seconds that a writer waits for another: nobody has anything to write for as long.
PATIENCE = 60

# A key with ? is not in what all releases have written. What another release has put beside the
# others is kept.
BEFORE: Shape = {
    "packages": [str],
    "docker_data": bool,
    "files?": [str],
    "held?": [str],
    "docker_group?": ([str], None),
    "docker_running?": bool,
    "images?": [str],
    "containers?": [str],
    "networks?": [str],
    "volumes?": [str],
    "ids?": {
        "containers?": [str],
        "images?": {str: [str]},
        "networks?": [str],
        "plugins?": [str],
        "cache?": [str],
        "swarm?": str,
        ...: object,
    },
    # Docker's directories: absent, empty or in use.
    "roots?": {str: str},
    ...: object,
}
# What stands in brought while packages come: the names of the new ones, and whether the toolkit
# keeps services from starting.
UNDER_WAY = ("coming", "policy_rc_d")
BROUGHT: Shape = {
    "packages?": [str],
    "users?": [str],
    "taken?": [str],
    # The archive of the images that go over to an engine of the other kind, and where that one that
    # goes has its data.
    "moving?": {"path": str, "sha256": str, "images": {str: str}, "left": [str]},
    "coming?": [str],
    "policy_rc_d?": bool,
    "containers?": [str],
    "making?": (str, None),
    ...: object,
}
PRINTS: Shape = {str: str}
STATE: Shape = {
    "version": int,
    "before": (BEFORE, None),
    "files": {str: {"text": str, "mode": int}},
    "brought": BROUGHT,
    # Tag to fingerprint; those of earlier are as records without a version have them.
    "built": {"images": PRINTS, "bases": PRINTS, "earlier": PRINTS, ...: object},
    "served": [str],
    ...: object,
}
# The records that there were before, each a file of its own.
RECORDS: dict[str, Shape] = {
    "before": BEFORE,
    "brought": BROUGHT,
    "built": (
        {"version": int, "images?": PRINTS, "bases?": PRINTS, ...: object},
        PRINTS,
    ),
    "served": {"revisions": [str], ...: object},
}
OLD_FILES = (*(f"{name}.json" for name in RECORDS), "daemon.json")


class TornError(ValueError):
    """What is remembered is there and cannot be read; the text names the file and says why."""


@dataclass
class State:
    """What is remembered. Who changes it changes these, as JSON has them.

    before is None where nothing was changed yet. Of built, say it by name_image and forget_image.
    """

    before: dict[str, Any] | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    brought: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(
        default_factory=lambda: {"images": {}, "bases": {}, "earlier": {}}
    )
    served: list[str] = field(default_factory=list)
    # What another release has put beside these.
    others: dict[str, Any] = field(default_factory=dict)

    def name_image(self, tag: str, mark: str) -> None:
        """Remember that the toolkit built or brought an image. mark: its fingerprint()."""
        self.built["images"][tag] = mark

    def forget_image(self, tag: str) -> None:
        """Remember no image of that name any more."""
        self.built["images"].pop(tag, None)
        self.built["earlier"].pop(tag, None)

    def serve(self, revision: str) -> None:
        """Write down the revision that the room has from now on: the last one is the last."""
        if self.served[-1:] != [revision]:
            self.served = [*(one for one in self.served if one != revision), revision]

    def images(self, inspected: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Give the images that the toolkit built or brought here, tag to fingerprint.

        inspected: the engine's description of those that are there, by tag. Of one that has its
        earlier fingerprint still, today's is told; others with such a one are not the toolkit's.
        """
        earlier = {
            tag: fingerprint(inspected[tag])
            for tag, mark in self.built["earlier"].items()
            if tag in inspected and fingerprint_1(inspected[tag]) == mark
        }
        return {**earlier, **self.built["images"]}

    def packages(self, there: set[str]) -> list[str]:
        """Give the names of the packages that the toolkit brought.

        there: names of those that are installed, or half so. An installation that was interrupted
        has left the names of what was coming; what is there of these came.
        """
        came = there.intersection(self.brought.get("coming", []))
        return sorted({*self.brought.get("packages", []), *came})

    def facts(self, inspected: dict[str, dict[str, Any]], there: set[str]) -> dict[str, Any]:
        """Give what the machine tells of it: before, brought, built, bases, served.

        inspected: as images() takes it; there: as packages() does. Nothing of files is told, which
        may hold passwords.
        """
        kept = {key: value for key, value in self.brought.items() if key not in UNDER_WAY}
        return {
            # The first releases did not record all of it.
            "before": self.before and {"files": [], "held": [], **self.before},
            "brought": {"users": [], **kept, "packages": self.packages(there)},
            "built": self.images(inspected),
            "bases": self.built["bases"],
            "served": self.served,
        }


Change = Callable[[State], object]


def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give a JSON object. Raises ValueError where a key is in it twice, of which one is meant."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is in it twice")
    return value


def no_number(text: str) -> float:
    """Raise ValueError: NaN and Infinity are Python's, and no JSON."""
    raise ValueError(f"{text} is no number")


def read_bytes(path: Path) -> bytes | None:
    """Give a file's bytes, None where there is none. Raises TornError where it cannot be read."""
    try:
        return content(path, LARGEST)
    except FileNotFoundError:
        if path.is_symlink():
            raise TornError(f"{path} is a link to nothing") from None
        return None
    except NoFileError as error:
        raise TornError(str(error.strerror)) from error
    except OSError as error:
        raise TornError(f"{path} cannot be read ({error.strerror})") from error


def read_object(path: Path, shape: Shape) -> dict[str, Any] | None:
    """Give the object of a shape that a file holds, None where there is no file.

    Raises TornError where what is there is no such object: to take it for none would be to forget
    what was there before.
    """
    data = read_bytes(path)
    if data is None:
        return None
    try:
        value = json.loads(data, object_pairs_hook=one_of_each, parse_constant=no_number)
    except RecursionError:
        raise TornError(f"{path} cannot be read (it is nested too deep)") from None
    except ValueError as error:
        raise TornError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise TornError(f"{path} holds no record, but {data[:40].decode(errors='replace')!r}")
    if wrong := next(faults(value, shape, path.stem), ""):
        raise TornError(f"{path} holds no such record: {wrong[:LONGEST_SENTENCE]}")
    return value


def file_of(path: Path) -> dict[str, Any] | None:
    """Give a file as it is kept, None where there is none. Raises TornError, as read_bytes does.

    Its text may be of any bytes: those that are no UTF-8 come out as they went in.
    """
    data = read_bytes(path)
    if data is None:
        return None
    text = data.decode(errors="surrogateescape")
    return {"text": text, "mode": stat.S_IMODE(path.stat().st_mode)}


def bytes_of(file: dict[str, Any]) -> bytes:
    """Give the bytes of a file that is kept."""
    return str(file["text"]).encode(errors="surrogateescape")


def read_records(directory: Path) -> State:
    """Give what the records tell that there were before, each a file. Raises TornError."""
    wrong = []

    def record_of(name: str) -> dict[str, Any] | None:
        try:
            return read_object(directory / f"{name}.json", RECORDS[name])
        except TornError as error:
            wrong.append(str(error))
            return None

    told = {name: record_of(name) for name in RECORDS}
    if wrong:
        raise TornError("; ".join(wrong))
    state = State(before=told["before"], brought=told["brought"] or {})
    # Without the record that tells of it, a copy is of a run that ended before it had changed
    # anything.
    if state.before and (file := file_of(directory / "daemon.json")):
        state.files[DAEMON_JSON] = file
    built = told["built"] or {}
    if "version" in built:
        state.built |= {"images": built.get("images", {}), "bases": built.get("bases", {})}
    else:
        state.built["earlier"] = built
    state.served = (told["served"] or {"revisions": []})["revisions"]
    return state


def read(directory: Path = DIRECTORY) -> State:
    """Give what is remembered.

    Raises TornError where what is there cannot be read, or is of a later release. The records that
    there were before count where there is nothing else; where there is, a run was killed before it
    had removed them.
    """
    path = directory / NAME
    value = read_object(path, {"version": int, ...: object})
    if value is None:
        return read_records(directory)
    if value["version"] != VERSION:
        raise TornError(
            f"{path} cannot be read (it is of version {value['version']}, and this release of the"
            f" toolkit writes {VERSION}: use the release that has written it)"
        )
    if wrong := next(faults(value, STATE, path.stem), ""):
        raise TornError(f"{path} holds no such record: {wrong[:LONGEST_SENTENCE]}")
    known = {key: value.pop(key) for key in STATE if key is not ... and key != "version"}
    value.pop("version")
    return State(**known, others=value)


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that a power cut leaves the old one or the new one. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    # The name is the directory's, and is written when that is.
    write_names(path.parent)


def write_names(directory: Path) -> None:
    """Have the names in a directory written. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(state: State, directory: Path = DIRECTORY) -> None:
    """Write what is remembered, and remove the records that there were before. Raises OSError."""
    told = asdict(state)
    value = {**told.pop("others"), **told, "version": VERSION}
    write_whole(directory / NAME, json.dumps(value, sort_keys=True).encode() + b"\n")
    # Only now: until it is written, they are what is remembered.
    remove_records(directory)


def remove_records(directory: Path) -> None:
    """Remove the records that there were before, and what a killed writer has left of one."""
    for name in OLD_FILES:
        for path in (directory / name, directory / f".{name}.part"):
            with suppress(FileNotFoundError):
                path.unlink()


def is_at(directory: Path, descriptor: int) -> bool:
    """Tell whether an open directory is the one of that name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(directory.stat(), os.fstat(descriptor))
    return False


def wait_for(descriptor: int, directory: Path, until: float) -> None:
    """Lock an open directory. Raises TimeoutError where another has it for longer than anybody."""
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > until:
            raise TimeoutError(f"another process has kept {directory} for {PATIENCE} s")
        time.sleep(0.05)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Have nobody else write there. Makes the directory, which goes where it is empty at the end.

    The lock is the directory's: it leaves no file, and goes with its process. Raises OSError.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, FileExistsError):
            if os.path.lexists(directory) and not directory.is_dir():
                raise
            continue  # who had it before has removed it just now
        try:
            wait_for(descriptor, directory, until)
            # Whoever had it before may have removed this one: then others do not look at it.
            if is_at(directory, descriptor):
                try:
                    yield
                finally:
                    if is_at(directory, descriptor):
                        with suppress(OSError):  # something is in it
                            directory.rmdir()
                return
        finally:
            os.close(descriptor)


def update(change: Change, directory: Path = DIRECTORY, *, check: bool = False) -> bool:
    """Change what is remembered, and tell whether there was anything to change.

    change: is given what is remembered by now, and changes that in place. check: whether nothing
    is written. What an earlier release has written is written anew where anything changes. Raises
    TornError, which leaves what is there, and OSError.
    """
    if check:
        return changed(read(directory), change) is not None
    with alone(directory):
        state = changed(read(directory), change)
        if state is not None:
            write(state, directory)
        return state is not None


def changed(state: State, change: Change) -> State | None:
    """Give what is remembered after a change, None where that is what it was."""
    new = copy.deepcopy(state)
    change(new)
    return new if new != state else None


def keep_file(state: State, path: str) -> None:
    """Remember a file that is there, with its text and mode. Raises TornError where it is none."""
    if file := file_of(Path(path)):
        state.files[path] = file


def forget(directory: Path = DIRECTORY, *, check: bool = False) -> bool:
    """Forget everything, what a killed writer has left of it too; tell whether there was anything.

    The directory goes where nothing else is in it. Raises OSError.
    """
    if not os.path.lexists(directory):
        return False
    if check:
        return True
    with alone(directory):
        remove_records(directory)
        for name in (NAME, f".{NAME}.part"):
            with suppress(FileNotFoundError):
                (directory / name).unlink()
    return True
