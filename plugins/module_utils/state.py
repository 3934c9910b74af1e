# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Keep what a machine remembers of the toolkit: one file, which is written whole.

C(before) is what the machine was like before the toolkit first changed it; C(files), the text of
those of its files that are to be given back; C(brought), packages, accounts and containers;
C(built), images and bases, and all images that were ever delivered; C(served), where images are
built, the revisions that the room had. The file holds secrets that were in C(files): nobody but
root reads it, and facts() leaves them out.
"""

from __future__ import annotations

import copy
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional, TypedDict, cast

from ansible_collections.labocloud.room.plugins.module_utils.files import (
    NoFileError,
    content,
    partial_of,
    write_whole,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.limits import LONGEST_SENTENCE
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults, shape_of

DIRECTORY = Path("/var/lib/labocloud")
NAME = "state.json"
DAEMON_JSON = "/etc/docker/daemon.json"
VERSION = 3
# Bytes. A file with thousands of packages and images has half of it.
LARGEST = 2 * 2**20
# Seconds that a writer waits for another: nobody has anything to write for as long.
PATIENCE = 60

# Images that were delivered, of which the latest are remembered: more than a course has revisions.
MOST_DELIVERED = 50

# What stands in brought while packages come: the names of the new ones, and whether the toolkit
# keeps services from starting.
UNDER_WAY: tuple[Literal["coming", "policy_rc_d"], ...] = ("coming", "policy_rc_d")


class TornError(ValueError):
    """What is remembered is there and cannot be read; the text names the file and says why."""


class _WithPlugins(TypedDict, total=False):
    """What is not there where Docker did not run."""

    plugins: list[str]


class Identities(_WithPlugins):
    """What tells the things of an engine from others of their names: IDs, images ID to names."""

    containers: list[str]
    images: dict[str, list[str]]
    networks: list[str]
    cache: list[str]
    swarm: str


class _WithRoots(TypedDict, total=False):
    """The directories of an engine that the toolkit has installed: absent, empty or in use."""

    roots: dict[str, str]


class Before(_WithRoots):
    """What the machine was like before the toolkit first changed it."""

    packages: list[str]
    files: list[str]
    held: list[str]
    docker_group: Optional[list[str]]
    docker_data: bool
    docker_running: bool
    images: list[str]
    containers: list[str]
    networks: list[str]
    volumes: list[str]
    ids: Identities


class Moving(TypedDict):
    """The images that go over to an engine of the other kind, and what that one leaves."""

    path: str
    sha256: str
    images: dict[str, str]
    left: list[str]


class _BroughtLater(TypedDict, total=False):
    """What is there only once there is something to say."""

    taken: list[str]
    moving: Moving
    containers: list[str]
    making: Optional[str]


class Brought(_BroughtLater, total=False):
    """What the toolkit has brought, or is about to bring."""

    packages: list[str]
    users: list[str]
    coming: list[str]
    policy_rc_d: bool


class BroughtFacts(_BroughtLater):
    """What the toolkit has brought, as the module seat documents it."""

    packages: list[str]
    users: list[str]


class KeptFile(TypedDict):
    """The content and the mode of a file."""

    text: str
    mode: int


class _BuiltLater(TypedDict, total=False):
    """What is there only once there is something to say."""

    delivered: list[Delivered]


class Built(_BuiltLater):
    """Images, tag to fingerprint(), and bases, name to the digest that its registry told.

    delivered: all images that there ever were, the latest last, whatever has become of them.
    """

    images: dict[str, str]
    bases: dict[str, str]


class _Record(TypedDict):
    """What the file holds."""

    version: int
    before: Optional[Before]
    files: dict[str, KeptFile]
    brought: Brought
    built: Built
    served: list[str]


# Keys that another release has put beside these are kept.
STATE: dict[Any, Shape] = shape_of(_Record, lambda _: True)


class Facts(TypedDict):
    """What is remembered, as the module seat documents it."""

    before: Optional[Before]
    brought: BroughtFacts
    built: dict[str, str]
    delivered: list[Delivered]
    bases: dict[str, str]
    served: list[str]


@dataclass
class State:
    """What a machine remembers, as JSON has it.

    before: None where the toolkit has changed nothing yet. files: by their paths. served:
    revisions, the one that the room has last. others: what another release has put beside these.
    """

    before: Optional[Before] = None
    files: dict[str, KeptFile] = field(default_factory=dict)
    brought: Brought = field(default_factory=Brought)
    built: Built = field(default_factory=lambda: Built(images={}, bases={}))
    served: list[str] = field(default_factory=list)
    others: dict[str, object] = field(default_factory=dict)

    def delivered(self) -> list[Delivered]:
        """Return the images that the toolkit has built or brought, the latest last.

        A release before this one remembered those alone that still had their names.
        """
        delivered = self.built.get("delivered", [])
        listed = {image["fingerprint"] for image in delivered}
        named = {print_: name for name, print_ in self.built["images"].items()}
        unlisted: list[Delivered] = [
            {"fingerprint": print_, "name": name, "layers": [], "rows": 0}
            for print_, name in named.items()
            if print_ not in listed
        ]
        return [*unlisted, *delivered][-MOST_DELIVERED:]

    def name_image(self, tag: str, fingerprint: str) -> None:
        """Remember that the toolkit built or brought an image: the latest one of its name."""
        image: Delivered = {"fingerprint": fingerprint, "name": tag, "layers": [], "rows": 0}
        delivered = self.delivered()
        known = next((one for one in delivered if one["fingerprint"] == fingerprint), image)
        # One that only gets a second name stays where it is, by its first one.
        if known["name"] == tag:
            delivered = [*(one for one in delivered if one is not known), known]
        self.built["delivered"] = delivered[-MOST_DELIVERED:]
        self.built["images"][tag] = fingerprint

    def forget_image(self, tag: str) -> None:
        """Remember no image of that name any more, but that it was delivered."""
        if tag in self.built["images"]:
            self.built["delivered"] = self.delivered()
            del self.built["images"][tag]

    def describe_delivered(self, fingerprint: str, layers: list[str], rows: int) -> None:
        """Remember what an image is made of, as class Delivered has it, if it was delivered."""
        self.built["delivered"] = [
            {**image, "layers": layers, "rows": rows}
            if image["fingerprint"] == fingerprint
            else image
            for image in self.delivered()
        ]

    def serve(self, revision: str) -> None:
        """Remember the revision that the room has from now on."""
        if self.served[-1:] != [revision]:
            others = [other for other in self.served if other != revision]
            self.served = [*others, revision]

    def packages(self, present: set[str]) -> list[str]:
        """Return the names of the packages that the toolkit brought.

        present: names of those that are installed, or half so. An installation that was interrupted
        has left the names of what was coming: what is present of these came.
        """
        came = present.intersection(self.brought.get("coming", []))
        return sorted({*self.brought.get("packages", []), *came})

    def facts(self, present: set[str]) -> Facts:
        """Return what of it is facts. Nothing of files is one: they may hold passwords.

        present: as packages() takes it.
        """
        brought = {key: value for key, value in self.brought.items() if key not in UNDER_WAY}
        whole = {"users": [], **brought, "packages": self.packages(present)}
        return {
            "before": self.before,
            "brought": cast("BroughtFacts", whole),
            "built": self.built["images"],
            "delivered": self.delivered(),
            "bases": self.built["bases"],
            "served": self.served,
        }


Change = Callable[[State], object]


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object. Raises ValueError where a key is in it twice: either may be meant."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is in it twice")
    return value


def _refuse_constant(text: str) -> float:
    """Raise ValueError: NaN and Infinity are Python's, and no JSON."""
    raise ValueError(f"{text} is no number")


def _read_bytes(path: Path) -> bytes | None:
    """Return a file's bytes, None where there is no file.

    Raises TornError where what is there cannot be read.
    """
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


def _read_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object that a file holds, None where there is no file.

    Raises TornError where what is there is none: to take it for nothing would be to forget what was
    there before.
    """
    data = _read_bytes(path)
    if data is None:
        return None
    try:
        value = json.loads(data, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except RecursionError:
        raise TornError(f"{path} cannot be read (it is nested too deep)") from None
    except ValueError as error:
        raise TornError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise TornError(f"{path} holds no record, but {data[:40].decode(errors='replace')!r}")
    return value


def _check_shape(path: Path, value: object, shape: Shape) -> None:
    """Raise TornError where what a file holds is not of a shape."""
    if fault := next(faults(value, shape, path.stem), ""):
        raise TornError(f"{path} holds no such record: {fault[:LONGEST_SENTENCE]}")


def bytes_of(file: KeptFile) -> bytes:
    """Return the bytes of a file that is remembered."""
    return file["text"].encode(errors="surrogateescape")


def keep_file(state: State, path: str) -> None:
    """Remember the text and the mode of a file; nothing where there is none.

    Its text may be of any bytes: those that are no UTF-8 come out as they went in. Raises TornError
    where what is there cannot be read.
    """
    data = _read_bytes(Path(path))
    if data is not None:
        text = data.decode(errors="surrogateescape")
        state.files[path] = {"text": text, "mode": stat.S_IMODE(os.stat(path).st_mode)}


def read(directory: Path = DIRECTORY) -> State:
    """Return what is remembered, an empty State where nothing is.

    Raises TornError where what is there cannot be read, or is of another version.
    """
    path = directory / NAME
    value = _read_object(path)
    if value is None:
        return State()
    _check_shape(path, value, {"version": int, ...: object})
    if value["version"] != VERSION:
        raise TornError(
            f"{path} cannot be read (it is of version {value['version']}, and this release of the"
            f" toolkit writes {VERSION}: use the release that has written it)"
        )
    _check_shape(path, value, STATE)
    del value["version"]
    documented = {key: value.pop(key) for key in STATE if key in value}
    return State(**documented, others=value)


def _write(state: State, directory: Path) -> None:
    """Write what is remembered. Raises OSError."""
    documented = asdict(state)
    value = {**documented.pop("others"), **documented, "version": VERSION}
    write_whole(directory / NAME, json.dumps(value, sort_keys=True).encode() + b"\n")


def _is_at(directory: Path, descriptor: int) -> bool:
    """Return whether an open directory is the one of that name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(directory.stat(), os.fstat(descriptor))
    return False


def _lock(descriptor: int, directory: Path, until: float) -> None:
    """Lock an open directory.

    until: by time.monotonic(), when to give up. Raises TimeoutError where another process still has
    the lock then.
    """
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > until:
            raise TimeoutError(f"another process has kept {directory} for {PATIENCE} s")
        time.sleep(0.05)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep other writers out of a directory.

    It is made, and goes at the end where it is empty. The lock is the directory's: it leaves no
    file, and goes with its process. Raises OSError.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, FileExistsError):
            if os.path.lexists(directory) and not directory.is_dir():
                raise
            continue  # the writer before has removed it just now
        try:
            _lock(descriptor, directory, until)
            # The writer before may have removed this directory: others do not look at it then.
            if _is_at(directory, descriptor):
                try:
                    yield
                finally:
                    if _is_at(directory, descriptor):
                        with suppress(OSError):  # something is in it
                            directory.rmdir()
                return
        finally:
            os.close(descriptor)


def update(change: Change, directory: Path = DIRECTORY, *, check: bool = False) -> bool:
    """Change what is remembered, and return whether there was anything to change.

    change: is given what is remembered by now, and changes that in place. check: whether nothing is
    written. Raises TornError, which leaves what is there, and OSError.
    """
    with nullcontext() if check else _locked(directory):
        previous = read(directory)
        state = copy.deepcopy(previous)
        change(state)
        if state != previous and not check:
            _write(state, directory)
    return state != previous


def forget(directory: Path = DIRECTORY, *, check: bool = False) -> bool:
    """Forget everything, and return whether there was anything.

    What a killed writer has left goes too, and the directory where nothing else is in it. Raises
    OSError.
    """
    if not os.path.lexists(directory):
        return False
    if check:
        return True
    with _locked(directory):
        path = directory / NAME
        for file in (path, partial_of(path)):
            with suppress(FileNotFoundError):
                file.unlink()
    return True
