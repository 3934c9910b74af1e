# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save a student's work in one file that any Docker can load at home."""

from __future__ import annotations

import gzip
import http.client
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

# What an image must have for its fingerprint to be found.
_FINGERPRINTED = answers.needing(answers.IMAGE, "Architecture", "RootFS")
# The name that Docker gives to a volume without one.
ANONYMOUS = re.compile("[0-9a-f]{64}")
# Names of volumes and images that need no quotes in any shell.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")
_IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,400}")
# The label of the containers that volumes are read through; its value is the account's number.
_LABEL = "labo.save"
# Bytes that are copied at once; seconds for one answer of the engine's.
_PIECE, SECONDS = 2**20, 300
# How often an image or a volume is read where its content changes meanwhile.
_ATTEMPTS = 4
# The errors of an answer that ends early.
_TORN = (tarfile.TarError, ValueError, http.client.IncompleteRead)
# How the name of a save begins and ends; earlier saves in the student's folder are left out.
PREFIX, SUFFIX, _PARTIAL = "labo-save-", ".tar", ".part"
# The student's folder, in their home directory and in the save.
FOLDER = "labocloud"


class Work(NamedTuple):
    """A student's work in a seat's Docker: image IDs to names, and names of volumes.

    base: whether the seat has the base, which is saved with the work. reader: the ID of the image
    that volumes are read through, the base's where the seat has it, empty where it has no image.
    """

    images: dict[str, list[str]]
    volumes: list[str]
    base: bool
    reader: str

    @property
    def names(self) -> list[str]:
        """The names of the images that are saved: the student's, and with them the base."""
        own = {name for names in self.images.values() for name in names}
        return sorted(own | ({BASE} if self.base and (own or self.volumes) else set()))


def bare(identity: str) -> str:
    """Return an ID without the name of its algorithm."""
    return identity.removeprefix("sha256:")


def _is_delivered(reader: Reader, key: str, prints: Collection[str]) -> bool:
    """Return whether an image is one that the toolkit has delivered, by its ID.

    An image that is removed meanwhile, or whose description has another shape, is not. Raises
    OSError.
    """
    try:
        image = reader.image(f"sha256:{key}", _FINGERPRINTED)
    except UnclearError:
        return False
    return image is not None and fingerprint(image) in prints


def own_work(docker: DockerConnection, prints: Collection[str]) -> Work:
    """Return the student's work. Raises OSError.

    prints: fingerprints of the images that were delivered. The toolkit's images are recognized by
    these: they may have been given other names, and what was built on one of them has inherited its
    label.
    """
    reader = Reader(docker)
    tags = {
        bare(image["Id"]): [
            tag for tag in image.get("RepoTags") or [] if _IMAGE_NAME.fullmatch(tag)
        ]
        for image in reader.images()
    }
    bases = [key for key, names in tags.items() if BASE in names]
    toolkit = {key for key, names in tags.items() if names and _is_delivered(reader, key, prints)}
    used = {
        mount.get("Name")
        for container in reader.containers()
        for mount in container.get("Mounts") or []
        if mount.get("Type") == "volume"
    }
    volumes = [volume["Name"] for volume in reader.volumes()]
    return Work(
        {key: names for key, names in tags.items() if names and key not in toolkit},
        sorted(
            name
            for name in volumes
            if _NAME.fullmatch(name) and (name in used or not ANONYMOUS.fullmatch(name))
        ),
        bool(bases),
        next(iter([*bases, *tags]), ""),
    )


class Archive:
    """A tar archive that is written to a file; a member's size is filled in when it ends."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin the archive. file: can be written, and sought in."""
        self.file = file

    def _write_header(self, member: tarfile.TarInfo) -> None:
        """Write the header of a member."""
        self.file.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))

    @contextmanager
    def member(
        self, name: str, mode: int = 0o644, moment: float | None = None
    ) -> Iterator[IO[bytes]]:
        """Yield the file to which the content of a regular file of the archive is written.

        moment: when that was modified, in seconds since 1970, now by default.
        """
        header = tarfile.TarInfo(name)
        header.mode, header.mtime = mode, int(time.time() if moment is None else moment)
        begin = self.file.tell()
        self._write_header(header)
        start = self.file.tell()
        yield self.file
        end = self.file.tell()
        header.size = end - start
        self.file.write(b"\0" * (-header.size % tarfile.BLOCKSIZE))
        after = self.file.tell()
        self.file.seek(begin)
        self._write_header(header)
        self.file.seek(after)

    def add_other(self, path: Path, name: str) -> None:
        """Add a directory or a symbolic link. Raises OSError."""
        status = path.lstat()
        header = tarfile.TarInfo(name)
        header.mode, header.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
        if stat.S_ISLNK(status.st_mode):
            header.type, header.linkname = tarfile.SYMTYPE, os.readlink(path)
        else:
            header.type = tarfile.DIRTYPE
        self._write_header(header)

    def close(self) -> None:
        """End the archive, and have it written to the disk."""
        self.file.write(b"\0" * 2 * tarfile.BLOCKSIZE)
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def _compressed(target: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield a file that compresses to another one what is written to it."""
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as compressing:
        yield cast("IO[bytes]", compressing)


class _Counted(Copied):
    """A source that is copied and counted.

    count: bytes that were read. content: the position behind the last byte that was not zero.
    """

    count = content = 0

    def read(self, size: int, /) -> bytes:
        """Return at most this many bytes of the source."""
        block = super().read(size)
        if stripped := block.rstrip(b"\0"):
            self.content = self.count + len(stripped)
        self.count += len(block)
        return block


def _copy_archive(source: http.client.HTTPResponse, sink: IO[bytes]) -> None:
    """Copy a tar archive to its end. Raises an error of _TORN where its end is missing.

    An engine that fails half-way, as where a file shrinks while it is read, ends its answer as if
    that were all. A whole archive ends with two blocks of zeros behind its last member.
    """
    copied, end = _Counted(source, sink), 0
    # In stream mode, tarfile calls no other method than read().
    with tarfile.open(fileobj=cast("IO[bytes]", copied), mode="r|") as members:
        while (member := members.next()) is not None:
            end = member.offset_data
            if content := members.extractfile(member) if member.isreg() else None:
                end += -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
                while content.read(_PIECE):
                    pass
            # tarfile keeps each member, which for a volume of very many files is much memory.
            members.members.clear()  # type: ignore[attr-defined]  # it is in all versions
    while copied.read(_PIECE):
        pass
    if copied.content > end or copied.count < end + 2 * tarfile.BLOCKSIZE:
        raise tarfile.ReadError("it ends before its end")


def clear(docker: DockerConnection) -> None:
    """Remove the containers that an earlier save of this account's has left. Raises OSError."""
    label = f"{_LABEL}={os.geteuid()}"
    for container in Reader(docker).containers(answers.IDENTIFIED, label=label):
        docker.ask(f"/containers/{container['Id']}?force=true", "DELETE")


def _save_volume(docker: DockerConnection, image: str, name: str, target: IO[bytes]) -> None:
    """Write the content of a volume as a compressed tar.

    It is read through a container of any image, which never runs: so no root is needed. Raises
    OSError and http.client.HTTPException, and an error of _TORN.
    """
    settings = {
        "Image": image,
        "Cmd": ["true"],
        "Labels": {_LABEL: str(os.geteuid())},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [
                {"Type": "volume", "Source": name, "Target": "/from", "ReadOnly": True},
            ],
        },
    }
    container = docker.ask("/containers/create", "POST", settings)["Id"]
    try:
        path = f"/containers/{container}/archive?path=/from/."
        with closing(docker.stream(path)) as answer, _compressed(target) as compressing:
            _copy_archive(answer, compressing)
    finally:
        # The rest of an answer that was not read to its end must not answer the next question.
        docker.close()
        docker.ask(f"/containers/{container}?force=true", "DELETE")


def _save_images(docker: DockerConnection, names: list[str], target: IO[bytes]) -> None:
    """Write images as a compressed tar for `docker load`. Raises as _save_volume() does."""
    query = "&".join(f"names={quote(name, safe='')}" for name in names)
    try:
        path = f"/images/get?{query}"
        with closing(docker.stream(path)) as answer, _compressed(target) as compressing:
            copied = Copied(answer, compressing)
            if lacking := set(names) - names_in(copied, whole=True):
                raise ValueError(f"the engine has not given {min(lacking)}")
            while copied.read(_PIECE):
                pass
    finally:
        docker.close()


def _paths_in(folder: Path, partial_path: Path, unread: list[Path]) -> Iterator[Path]:
    """Yield the paths in the folder, except earlier saves and the one that is being written.

    partial_path: the file that is being written. unread: directories that cannot be read are
    appended.
    """

    def append(error: OSError) -> None:
        unread.append(Path(error.filename))

    for directory, names, files in os.walk(folder, onerror=append):
        names.sort()
        parent = Path(directory)
        yield parent
        for name in sorted(files):
            is_save = name.startswith(PREFIX) and name.endswith((SUFFIX, SUFFIX + _PARTIAL))
            if not is_save and not (
                name == partial_path.name and partial_path.samefile(parent / name)
            ):
                yield parent / name
        # os.walk lists a link to a directory as a directory, and does not enter it. os.path returns
        # False for a link in a directory of which only names can be read; pathlib raises.
        yield from (parent / name for name in names if os.path.islink(parent / name))


def save_folder(archive: Archive, folder: Path, partial_path: Path) -> list[Path]:
    """Save the student's folder and return the paths that cannot be read. Raises OSError.

    partial_path: the file that is being written.
    """
    unread: list[Path] = []
    for path in _paths_in(folder, partial_path, unread):
        name = str(Path(FOLDER) / path.relative_to(folder))
        try:
            status = path.lstat()
            mode = status.st_mode
            if not stat.S_ISREG(mode):
                if stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
                    archive.add_other(path, name)
                continue
            source = path.open("rb")
        except OSError:
            unread.append(path)
            continue
        with source, archive.member(name, stat.S_IMODE(mode), status.st_mtime) as target:
            while piece := source.read(_PIECE):
                target.write(piece)
    return unread


def free_name(path: Path) -> Path:
    """Return a path that does not exist: this one, or this with a number behind its name.

    The file while it is written does not exist either: a save that was killed leaves that.
    """
    free, number = path, 1
    while os.path.lexists(free) or os.path.lexists(f"{free}{_PARTIAL}"):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def size(count: float) -> str:
    """Return a number of bytes with a unit, for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


Report = Callable[[str, int], None]


class Saved(NamedTuple):
    """The result of a save.

    work: what was saved. torn: names of images and volumes whose content changed each time that
    they were read. closed: names of volumes that Docker cannot mount. unread: paths in the folder
    that cannot be read.
    """

    work: Work
    torn: list[str]
    closed: list[str]
    unread: list[Path]


def _save_whole(archive: Archive, name: str, write: Callable[[IO[bytes]], None]) -> int:
    """Save a member whole and return its size in bytes; a torn attempt is removed and repeated.

    write: writes the content once. Raises what that raises: an error of _TORN where each attempt
    was torn.
    """
    begin = archive.file.tell()
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            with archive.member(name) as target:
                start = target.tell()
                write(target)
                return target.tell() - start
        except (EngineError, *_TORN) as error:
            archive.file.seek(begin)
            archive.file.truncate()
            if isinstance(error, EngineError) or not attempts:
                raise


def _save_docker(
    docker: DockerConnection, work: Work, archive: Archive, report: Report
) -> tuple[Work, list[str], list[str]]:
    """Save images and volumes and return what was saved, names torn, and volumes closed."""
    saved = work
    volumes: list[str] = []
    torn: list[str] = []
    closed: list[str] = []
    if work.names:
        write = partial(_save_images, docker, work.names)
        try:
            report(", ".join(work.names), _save_whole(archive, "images.tar.gz", write))
        except _TORN:
            torn += work.names
            saved = work._replace(images={}, base=False)
    for name in work.volumes:
        write = partial(_save_volume, docker, work.reader, name)
        try:
            report(name, _save_whole(archive, f"volumes/{name}.tar.gz", write))
            volumes.append(name)
        except _TORN:
            torn.append(name)
        except EngineError:
            closed.append(name)
    return saved._replace(volumes=volumes), torn, closed


def save(
    docker: DockerConnection,
    work: Work,
    folder: Path,
    path: Path,
    readme: Callable[[Work], str],
    *,
    report: Report,
) -> Saved:
    """Save the work and the folder in a file, whole or not at all, and return the result.

    An image or a volume that is torn each time that it is read is left out. readme: returns the
    text that goes with what was saved. report: is called with the name of each part and its size in
    the file in bytes. Raises OSError and http.client.HTTPException.
    """
    partial_path = path.with_name(path.name + _PARTIAL)
    unread: list[Path] = []
    descriptor = os.open(partial_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            archive = Archive(file)
            saved, torn, closed = _save_docker(docker, work, archive, report)
            if folder.is_dir():
                begin = file.tell()
                # A folder that is a symbolic link is saved as a directory, not as a link.
                unread = save_folder(archive, folder.resolve(), partial_path)
                report(str(folder), file.tell() - begin)
            with archive.member("README.txt") as target:
                target.write(readme(saved).encode())
            archive.close()
        partial_path.rename(path)
    except BaseException:
        with suppress(OSError):
            partial_path.unlink()
        raise
    return Saved(saved, torn, closed, unread)
