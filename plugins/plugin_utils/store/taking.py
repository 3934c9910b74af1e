# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Take into the store what a machine has fetched, once all of it is what the archive has signed.

The machine hands over one tar file, with nothing packed: `names`, the names of all files that its
lists of packages come to; `debs/NAME`, those that the store lacks; `lists/N.InRelease` and
`lists/N/COMPONENT.Packages.xz`, the archive's lists; and `keys/NAME`, keyrings.
"""

import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

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
# Members, and bytes of those that are read into memory; those of packages are as many as announced.
_MOST_MEMBERS, _LARGEST = 3000, 64 * 2**20


class Brought:
    """What a machine has brought, read once, and not believed yet. Raises ArchiveError, OSError."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Read all but the packages, and find these."""
        self._tar = tar
        self.names: set[str] = set()
        self.keyrings: list[bytes] = []
        self.packages: dict[str, tarfile.TarInfo] = {}
        releases: dict[str, bytes] = {}
        lists: dict[str, list[bytes]] = {}
        seen: set[str] = set()
        for member in tar:
            name = member.name
            if name in seen or len(seen) == _MOST_MEMBERS or not member.isreg():
                raise ArchiveError(f"{name[:80]!r} is not expected in what it has fetched")
            seen.add(name)
            if match := _PACKAGE.fullmatch(name):
                self.packages[match[1]] = member
            elif match := _RELEASE.fullmatch(name):
                releases[match[1]] = self._read(member)
            elif match := _LIST.fullmatch(name):
                lists.setdefault(match[1], []).append(self._read(member))
            elif _KEYRING.fullmatch(name):
                self.keyrings.append(self._read(member))
            elif name == "names":
                self.names = {*self._read(member).decode(errors="replace").split()}
            else:
                raise ArchiveError(f"{name[:80]!r} is not expected in what it has fetched")
        for name in self.names:
            if not FILE_NAME.fullmatch(name):
                raise ArchiveError(f"{name[:80]!r} is no package's file")
        self.sources = [Source(release, lists.get(key, [])) for key, release in releases.items()]

    def _read(self, member: tarfile.TarInfo) -> bytes:
        """Return the bytes of a small member."""
        if member.size > _LARGEST:
            raise ArchiveError(f"{member.name} has {member.size // 10**6} MB")
        return self.open(member).read()

    def open(self, member: tarfile.TarInfo) -> IO[bytes]:
        """Return a member as a file."""
        file = self._tar.extractfile(member)
        if file is None:
            raise ArchiveError(f"{member.name} is no file")
        return file


@contextmanager
def _brought(archive: Path) -> Iterator[Brought]:
    """Open what a machine has brought. Raises ArchiveError and OSError."""
    try:
        with tarfile.open(archive, "r:") as tar:
            yield Brought(tar)
    except tarfile.TarError as error:
        raise ArchiveError(f"what it has fetched cannot be read ({error})") from error


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
    now: float,
) -> int:
    """Take what a machine has brought for a part of the store, and return how many packages it has.

    wanted: what it was asked for. now: in seconds since 1970. What was there and is still wanted
    stays; where it is not what the archive has signed it goes, and the machine has to bring it
    the next time. Raises ArchiveError, OpenpgpError and OSError; the manifest names nothing then
    that is not there.
    """
    at = datetime.fromtimestamp(now, UTC)
    place = manifest.folder(store, part)
    place.mkdir(parents=True, exist_ok=True)
    with _brought(archive) as brought:
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
        "filled": int(now),
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
        with brought.open(member) as source, partial.open("wb") as file:
            shutil.copyfileobj(source, file)
        if digest(partial) != stanza.sha256:
            raise ArchiveError(f"{stanza.name} is not the one that Debian has signed")
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
