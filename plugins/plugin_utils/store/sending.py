# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack what a machine lacks of the store, once for all machines that lack the same."""

import fcntl
import re
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest
from ansible_collections.labocloud.room.plugins.plugin_utils.store.manifest import Release, folder

# A file that is sent: the digest of the names in it, and its own.
_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{64})\.tar", re.ASCII)
_DIGITS = 16
# Seconds, after which one is removed that may be another run's.
_OLD = 24 * 60 * 60


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Keep other processes from changing the store. Raises OSError."""
    store.mkdir(parents=True, exist_ok=True)
    with (store / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def archive_of(store: Path, name: str, release: Release, files: list[str]) -> tuple[Path, str]:
    """Return the path and the SHA-256 of a tar file with some of a release's packages.

    files: their names. Raises OSError, and ValueError where one is not what the manifest says.
    """
    content = "".join(f"{file}{release['files'][file]['sha256']}" for file in files)
    digits = sha256(content.encode()).hexdigest()[:_DIGITS]
    place = store / "sending"
    with locked(store):
        place.mkdir(exist_ok=True)
        for path in place.glob("*"):
            match = _NAME.fullmatch(path.name)
            if match and match[1] == digits and digest(path) == match[2]:
                return path, match[2]
            if not match or match[1] == digits or path.stat().st_mtime < time.time() - _OLD:
                path.unlink()
        partial = place / "part"
        try:
            _pack(partial, folder(store, name), release, files)
        except ValueError:
            # It is fetched anew by the next run that installs something.
            manifest.write(store, {**manifest.read(store), name: {**release, "filled": 0}})
            raise
        whole = digest(partial)
        return partial.rename(place / f"{digits}-{whole}.tar"), whole


def _pack(archive: Path, packages: Path, release: Release, files: Iterable[str]) -> None:
    """Write packages to a tar file, and check each.

    Raises OSError, and ValueError where one has changed, which is removed then.
    """
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            path = packages / file
            if not path.is_file() or digest(path) != release["files"][file]["sha256"]:
                path.unlink(missing_ok=True)
                raise ValueError(f"{file} was changed in the store since it was fetched")
            info = tarfile.TarInfo(file)
            info.size = path.stat().st_size
            with path.open("rb") as package:
                tar.addfile(info, package)


def forget(store: Path) -> None:
    """Remove what was packed of packages that the store had."""
    shutil.rmtree(store / "sending", ignore_errors=True)
