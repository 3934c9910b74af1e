# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save what a student has made in one file that any Docker can load at home."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import stat
import tarfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader, UnclearError
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    Copied,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import BASE

# An image whose fingerprint can be found out.
_FINGERPRINTED = answers.needing(answers.IMAGE, "Architecture", "RootFS")
# Beside the command: the fingerprints of the images that the toolkit has brought to this seat.
DELIVERED = "delivered.json"
# A volume that nobody has named, and names that are one word in a shell of any system.
ANONYMOUS, NAME = re.compile("[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,400}")
# Of the containers that are made to read volumes, by whose they are.
LABEL = "labo.save"
PIECE, SECONDS = 2**20, 300
# How often a thing is read that changes meanwhile; and what becomes of an answer that ends early.
ATTEMPTS = 4
TORN = (tarfile.TarError, ValueError, http.client.IncompleteRead)
# What a save is called, that is not given another name; the folder's earlier ones are left out.
PREFIX, SUFFIX, PART = "labo-save-", ".tar", ".part"
FOLDER = "labocloud"


class Work(NamedTuple):
    """What of a seat's Docker is a student's: image IDs to names, and names of volumes.

    base: whether the base is there, which goes with it. reader: the ID of an image, the base's
    where that is there, empty where there is none.
    """

    images: dict[str, list[str]]
    volumes: list[str]
    base: bool
    reader: str

    @property
    def names(self) -> list[str]:
        """The names of the images that are saved: the student's, and with them the base."""
        own = {name for every in self.images.values() for name in every}
        return sorted(own | ({BASE} if self.base and (own or self.volumes) else set()))


def bare(identity: str) -> str:
    """Give an ID without the name of its algorithm."""
    return identity.removeprefix("sha256:")


def told_of(prints: Collection[str]) -> bytes:
    """Give what the file DELIVERED holds of these fingerprints."""
    return json.dumps(sorted(set(prints))).encode() + b"\n"


def delivered(program: Path) -> frozenset[str]:
    """Give the fingerprints of the images that the toolkit has brought here.

    Where that is not known, all images count as a student's: none is left out. program: the
    archive that runs.
    """
    try:
        told = json.loads(program.resolve().with_name(DELIVERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(str, told)) if isinstance(told, list) else frozenset()


def is_brought(reader: Reader, key: str, prints: Collection[str]) -> bool:
    """Return whether an image is one that the toolkit has brought, by its ID.

    One that goes meanwhile, or that the engine describes in another shape, is not. Raises OSError.
    """
    try:
        image = reader.image(f"sha256:{key}", _FINGERPRINTED)
    except UnclearError:
        return False
    return image is not None and fingerprint(image) in prints


def own_work(docker: DockerConnection, prints: Collection[str]) -> Work:
    """Return what is a student's. Raises OSError.

    prints: as delivered() gives them. The toolkit's images are told by these, whatever other names
    they have been given; what was built on one of them has inherited its label.
    """
    reader = Reader(docker)
    tags = {
        bare(image["Id"]): [tag for tag in image.get("RepoTags") or [] if IMAGE_NAME.fullmatch(tag)]
        for image in reader.images()
    }
    bases = [key for key, names in tags.items() if BASE in names]
    brought = {key for key, names in tags.items() if names and is_brought(reader, key, prints)}
    mounts = [
        mount
        for container in reader.containers()
        for mount in container.get("Mounts") or []
        if mount.get("Type") == "volume"
    ]
    used = {mount.get("Name") for mount in mounts}
    volumes = [volume["Name"] for volume in reader.volumes()]
    return Work(
        {key: names for key, names in tags.items() if names and key not in brought},
        sorted(
            one
            for one in volumes
            if NAME.fullmatch(one) and (one in used or not ANONYMOUS.fullmatch(one))
        ),
        bool(bases),
        next(iter([*bases, *tags]), ""),
    )


class Archive:
    """A tar archive that is written to a file, of members whose size is known when they end."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin it. file: can be written, and sought in."""
        self.file = file

    def header(self, member: tarfile.TarInfo) -> None:
        """Write what tells of a member."""
        self.file.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))

    @contextmanager
    def member(
        self, name: str, mode: int = 0o644, moment: float | None = None
    ) -> Iterator[IO[bytes]]:
        """Give what the content of a file of the archive is written to."""
        told = tarfile.TarInfo(name)
        told.mode, told.mtime = mode, int(time.time() if moment is None else moment)
        begin = self.file.tell()
        self.header(told)
        start = self.file.tell()
        yield self.file
        end = self.file.tell()
        told.size = end - start
        self.file.write(b"\0" * (-told.size % tarfile.BLOCKSIZE))
        after = self.file.tell()
        self.file.seek(begin)
        self.header(told)
        self.file.seek(after)

    def other(self, path: Path, name: str) -> None:
        """Have a directory or a link in it. Raises OSError."""
        found = path.lstat()
        told = tarfile.TarInfo(name)
        told.mode, told.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
        if stat.S_ISLNK(found.st_mode):
            told.type, told.linkname = tarfile.SYMTYPE, os.readlink(path)
        else:
            told.type = tarfile.DIRTYPE
        self.header(told)

    def close(self) -> None:
        """End it, and have it on the disk."""
        self.file.write(b"\0" * 2 * tarfile.BLOCKSIZE)
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def packing(target: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give what packs all that is written to it."""
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


class Counted(Copied):
    """A source that is copied: how much was read of it, and up to where that was not zeros."""

    count = content = 0

    def read(self, size: int, /) -> bytes:
        """Read."""
        block = super().read(size)
        if told := block.rstrip(b"\0"):
            self.content = self.count + len(told)
        self.count += len(block)
        return block


def copy_archive(source: http.client.HTTPResponse, sink: IO[bytes]) -> None:
    """Copy an archive to its end. Raises one of TORN where it has none.

    An engine that fails half-way, as where a file shrinks while it is read, ends its answer as if
    that were all. What a whole archive ends with are two blocks of zeros behind its last member.
    """
    copied, end = Counted(source, sink), 0
    # What is read as a stream is asked for nothing but read().
    with tarfile.open(fileobj=cast("IO[bytes]", copied), mode="r|") as members:
        while (member := members.next()) is not None:
            end = member.offset_data
            if content := members.extractfile(member) if member.isreg() else None:
                end += -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                while content.read(PIECE):
                    pass
            # Of a volume with very many files, not all are kept in memory.
            members.members.clear()  # type: ignore[attr-defined]  # it is in all versions
    while copied.read(PIECE):
        pass
    if copied.content > end or copied.count < end + 2 * tarfile.BLOCKSIZE:
        raise tarfile.ReadError("it ends before its end")


def clear(docker: DockerConnection) -> None:
    """Remove the containers that an earlier save of this account's has left. Raises OSError."""
    label = f"{LABEL}={os.geteuid()}"
    for container in Reader(docker).containers(answers.IDENTIFIED, label=label):
        docker.ask(f"/containers/{container['Id']}?force=true", "DELETE")


def save_volume(docker: DockerConnection, image: str, name: str, target: IO[bytes]) -> None:
    """Write a volume's content, a packed tar.

    It is read through a container of any image, which never runs: so no root is needed. Raises
    OSError and http.client.HTTPException, and one of TORN.
    """
    asked = {
        "Image": image,
        "Cmd": ["true"],
        "Labels": {LABEL: str(os.geteuid())},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [
                {"Type": "volume", "Source": name, "Target": "/from", "ReadOnly": True},
            ],
        },
    }
    made = docker.ask("/containers/create", "POST", asked)["Id"]
    try:
        asked_for = f"/containers/{made}/archive?path=/from/."
        with closing(docker.stream(asked_for)) as told, packing(target) as packed:
            copy_archive(told, packed)
    finally:
        # An answer that was not read to its end is nobody's.
        docker.close()
        docker.ask(f"/containers/{made}?force=true", "DELETE")


def save_images(docker: DockerConnection, names: list[str], target: IO[bytes]) -> None:
    """Write images, a packed tar for `docker load`. Raises as save_volume() does."""
    query = "&".join(f"names={quote(name, safe='')}" for name in names)
    try:
        with closing(docker.stream(f"/images/get?{query}")) as told, packing(target) as packed:
            copied = Copied(told, packed)
            if lacking := set(names) - names_in(copied, whole=True):
                raise ValueError(f"the engine has not given {min(lacking)}")
            while copied.read(PIECE):
                pass
    finally:
        docker.close()


def in_folder(folder: Path, but: Path, left: list[Path]) -> Iterator[Path]:
    """Give what is in the folder, but earlier saves, and one that is under way.

    left: is told the directories that cannot be read.
    """

    def closed(error: OSError) -> None:
        left.append(Path(error.filename))

    for directory, names, files in os.walk(folder, onerror=closed):
        names.sort()
        here = Path(directory)
        yield here
        for name in sorted(files):
            saved = name.startswith(PREFIX) and name.endswith((SUFFIX, SUFFIX + PART))
            if not saved and not (name == but.name and but.samefile(here / name)):
                yield here / name
        # Of a link to a directory, os.walk tells as of one, and does not enter it. What only
        # the name of can be read is no link to os.path, and an error to pathlib.
        yield from (here / name for name in names if os.path.islink(here / name))


def save_folder(archive: Archive, folder: Path, but: Path) -> list[Path]:
    """Save the student's folder, and give what could not be read. Raises OSError."""
    left: list[Path] = []
    for path in in_folder(folder, but, left):
        name = str(Path(FOLDER) / path.relative_to(folder))
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                if stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode):
                    archive.other(path, name)
                continue
            source = path.open("rb")
        except OSError:
            left.append(path)
            continue
        with source, archive.member(name, stat.S_IMODE(found.st_mode), found.st_mtime) as target:
            while piece := source.read(PIECE):
                target.write(piece)
    return left


def free_name(path: Path) -> Path:
    """Give a name that nothing has: that one, or one with a number behind it.

    Nor has anything that of the file while it is written: a save that was killed leaves it.
    """
    made, number = path, 1
    while os.path.lexists(made) or os.path.lexists(f"{made}{PART}"):
        number += 1
        made = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return made


def size(count: float) -> str:
    """Give a number of bytes for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


Tell = Callable[[str, int], None]


class Saved(NamedTuple):
    """What came of a save.

    work: what was saved. torn: names of images and volumes that changed each time that they were
    read. closed: names of volumes that Docker cannot mount. unread: what of the folder cannot be
    read.
    """

    work: Work
    torn: list[str]
    closed: list[str]
    unread: list[Path]


def save_whole(archive: Archive, name: str, write: Callable[[IO[bytes]], None]) -> int:
    """Save a thing as a member, and give its size there; nothing of it stays where it is torn.

    write: writes it once. Raises what that raises: one of TORN where it was torn each time.
    """
    begin = archive.file.tell()
    left = ATTEMPTS
    while True:
        left -= 1
        try:
            with archive.member(name) as target:
                start = target.tell()
                write(target)
                return target.tell() - start
        except (EngineError, *TORN) as error:
            archive.file.seek(begin)
            archive.file.truncate()
            if isinstance(error, EngineError) or not left:
                raise


def save(
    docker: DockerConnection,
    work: Work,
    folder: Path,
    path: Path,
    readme: Callable[[Work], str],
    *,
    tell: Tell,
) -> Saved:
    """Save all of it in a file, whole or not at all, and give what was saved.

    A thing that is torn each time that it is read is not, and all else is. readme: gives the text
    that goes with what was saved. tell: is told each thing, its name and its size in the file.
    Raises OSError and http.client.HTTPException.
    """
    part = path.with_name(path.name + PART)
    unread: list[Path] = []
    volumes: list[str] = []
    torn: list[str] = []
    closed: list[str] = []
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            archive = Archive(file)
            saved = work
            if work.names:
                write = partial(save_images, docker, work.names)
                try:
                    tell(", ".join(work.names), save_whole(archive, "images.tar.gz", write))
                except TORN:
                    torn += work.names
                    saved = work._replace(images={}, base=False)
            for name in work.volumes:
                write = partial(save_volume, docker, work.reader, name)
                try:
                    tell(name, save_whole(archive, f"volumes/{name}.tar.gz", write))
                    volumes.append(name)
                except TORN:
                    torn.append(name)
                except EngineError:
                    closed.append(name)
            if folder.is_dir():
                begin = file.tell()
                # A link that the folder is would be one in the archive.
                unread = save_folder(archive, folder.resolve(), part)
                tell(str(folder), file.tell() - begin)
            saved = saved._replace(volumes=volumes)
            with archive.member("README.txt") as target:
                target.write(readme(saved).encode())
            archive.close()
        part.rename(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return Saved(saved, torn, closed, unread)
