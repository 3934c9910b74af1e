# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take into the store what a machine has fetched, once all of it is what the archive has signed.

The machine hands over one tar file, with nothing packed: `names`, the names of all files that its
lists of packages come to; `debs/NAME`, those that the store lacks; `lists/N.InRelease` and
`lists/N/COMPONENT.Packages.xz`, the archive's lists; and `keys/NAME`, keyrings.
"""

import os
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.package_source import FILE_NAME
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest
from ansible_collections.labocloud.room.plugins.plugin_utils.store.archive import (
    ArchiveError,
    Source,
    Stanza,
    stanzas,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.store.index import write_index

_RELEASE = re.compile(r"lists/(\d{1,2})\.InRelease", re.ASCII)
_LIST = re.compile(r"lists/(\d{1,2})/[a-z-]+\.Packages\.xz", re.ASCII)
_KEYRING = re.compile(r"keys/[A-Za-z0-9.-]+", re.ASCII)
_PACKAGE = re.compile(rf"debs/({FILE_NAME.pattern})", re.ASCII)
# Members, and bytes of all that are read into memory, which packages are not.
_MOST_MEMBERS, _MOST_BYTES = 3000, 64 * 2**20
_PIECE = 2**20


class _Member(NamedTuple):
    """Where the bytes of a member are in the file, and how many."""

    start: int
    size: int


def _members(file: IO[bytes]) -> Iterator[tuple[str, _Member]]:
    """Yield the name and the place of each member of a tar file.

    Of the headers, those of plain files alone are known: others would be read into memory however
    large they are, or have a few bytes stand for many. Raises ArchiveError.
    """
    end = file.seek(0, os.SEEK_END)
    start = file.seek(0)
    while (block := file.read(tarfile.BLOCKSIZE)).strip(tarfile.NUL):
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.HeaderError as error:
            raise ArchiveError(f"what it has fetched cannot be read ({error})") from error
        start += tarfile.BLOCKSIZE
        if header.type != tarfile.REGTYPE or not 0 <= header.size <= end - start:
            raise ArchiveError(f"{header.name[:80]!r} is no file in what it has fetched")
        yield header.name, _Member(start, header.size)
        start += -(-header.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        file.seek(start)
    if len(block) != tarfile.BLOCKSIZE:
        raise ArchiveError("what it has fetched has no end")


class Brought:
    """What a machine has brought, read once, and not believed yet."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read all but the packages, and find these. Raises ArchiveError and OSError."""
        self._file = file
        self.names: set[str] = set()
        self.keyrings: list[bytes] = []
        self.packages: dict[str, _Member] = {}
        releases: dict[str, bytes] = {}
        lists: dict[str, list[bytes]] = {}
        members: dict[str, _Member] = {}
        for name, member in _members(file):
            if name in members or len(members) == _MOST_MEMBERS:
                raise ArchiveError(f"{name[:80]!r} is not expected in what it has fetched")
            members[name] = member
        left = _MOST_BYTES
        for name, member in members.items():
            if match := _PACKAGE.fullmatch(name):
                self.packages[match[1]] = member
                continue
            if (left := left - member.size) < 0:
                raise ArchiveError(f"its lists have more than {_MOST_BYTES // 10**6} MB")
            data = b"".join(self.pieces(member))
            if match := _RELEASE.fullmatch(name):
                releases[match[1]] = data
            elif match := _LIST.fullmatch(name):
                lists.setdefault(match[1], []).append(data)
            elif _KEYRING.fullmatch(name):
                self.keyrings.append(data)
            elif name == "names":
                self.names = {*data.decode(errors="replace").split()}
            else:
                raise ArchiveError(f"{name[:80]!r} is not expected in what it has fetched")
        if not self.names:
            raise ArchiveError("it names no package")
        if odd := sorted(name for name in self.names if not FILE_NAME.fullmatch(name)):
            raise ArchiveError(f"{odd[0][:80]!r} is no package's file")
        self.sources = [Source(release, lists.get(key, [])) for key, release in releases.items()]

    def pieces(self, member: _Member) -> Iterator[bytes]:
        """Yield the bytes of a member."""
        self._file.seek(member.start)
        left = member.size
        while left and (piece := self._file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


def held(store: Path, part: str) -> list[str]:
    """Return the names of the packages that lie in a part of the store, whole or not."""
    packages = manifest.folder(store, part).glob("*.deb")
    return sorted(path.name for path in packages if FILE_NAME.fullmatch(path.name))


def take(
    store: Path,
    part: str,
    archive: Path,
    *,
    suite: str,
    architecture: str,
    wanted: list[list[str]],
    filled: float,
    now: float,
) -> int:
    """Take what a machine has brought for a part of the store, and return how many packages it has.

    wanted: what it was asked for. filled: since when the part is filled for that, and now: both in
    seconds since 1970. What was there and is still wanted
    stays; where it is not what the archive has signed it goes, and the machine has to bring it
    the next time. Raises ArchiveError, OpenpgpError and OSError; the manifest names nothing then
    that is not there.
    """
    at = datetime.fromtimestamp(now, UTC)
    place = manifest.folder(store, part)
    place.mkdir(parents=True, exist_ok=True)
    with archive.open("rb") as file:
        brought = Brought(file)
        signed = stanzas(
            brought.sources, brought.keyrings, suite, architecture, brought.names, now=at
        )
        # From here on files change: who is killed leaves a part that has to be filled.
        others = {name: has for name, has in manifest.read(store).items() if name != part}
        manifest.write(store, others)
        for stanza in signed.values():
            _keep(place / stanza.name, stanza, brought)
    key, index = write_index(place, signed.values(), suite, architecture, at)
    files: dict[str, manifest.File] = {
        stanza.name: {
            "sha256": stanza.sha256,
            "size": stanza.size,
            "version": stanza.version,
            "source": stanza.source.partition(" ")[0],
        }
        for stanza in signed.values()
    }
    release: manifest.Release = {
        "suite": suite,
        "architecture": architecture,
        "filled": int(filled),
        "wanted": wanted,
        "key": key,
        "index": index,
        "files": files,
    }
    manifest.write(store, {**others, part: release})
    for name in {*held(store, part)} - files.keys():
        (place / name).unlink()
    return len(files)


def _keep(path: Path, stanza: Stanza, brought: Brought) -> None:
    """Keep a package: the one that is there, or else the one that was brought.

    Raises ArchiveError where neither is what the archive has signed, and OSError.
    """
    if path.is_file() and digest(path) == stanza.sha256:
        return
    path.unlink(missing_ok=True)
    member = brought.packages.get(stanza.name)
    if member is None:
        raise ArchiveError(f"{stanza.name} was changed here since it was fetched, and is removed")
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.writelines(brought.pieces(member))
        if digest(partial) != stanza.sha256:
            raise ArchiveError(f"{stanza.name} is not the one that Debian has signed")
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
