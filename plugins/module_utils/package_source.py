# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have this machine's apt install from the room's store, as long as that is wanted.

apt gets the configuration by the variable APT_CONFIG. Its own sources, lists and archives stay as
they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.apt import UPDATE
from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT

# The configuration and apt's lists; a reboot removes them.
PLACE = Path("/run/labocloud/apt")
# The store's index, and the packages of it that the machine installs.
PACKAGES = Path("/var/lib/labocloud/packages")
# The origin that the store's index names.
ORIGIN = "labocloud"
INDEX = ("InRelease", "Packages")
# The name of a package's file, as apt names it.
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*_[A-Za-z0-9.+~%-]+_[a-z0-9]+[.]deb", re.ASCII)
# The machine's own configuration is read after this one, and may have other preferences; these
# names are apt's own, and nobody has a reason to set them there.
_CONFIGURATION = """\
Dir::Etc::sourcelist "{place}/room.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "{place}/lists/";
Dir::Cache::archives "{place}/archives/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
APT::Sandbox::User "root";
"""


def configuration(place: Path = PLACE) -> Path:
    """Return the path of the configuration, for APT_CONFIG."""
    return place / "apt.conf"


def open_source(index: Mapping[str, str], source: str) -> None:
    """Have apt read the store's index, and nothing else.

    index: the texts of the files that INDEX names. source: apt's entry for it, with the key by
    which apt checks it. Raises OSError, and ValueError where apt refuses the index.
    """
    close_source()
    for directory in (PACKAGES, PLACE / "lists/partial", PLACE / "archives/partial"):
        directory.mkdir(mode=0o700, parents=True)
    for name in INDEX:
        (PACKAGES / name).write_text(index[name], encoding="utf-8")
    (PLACE / "room.sources").write_text(source, encoding="utf-8")
    configuration(PLACE).write_text(_CONFIGURATION.format(place=PLACE), encoding="utf-8")
    update = subprocess.run(  # noqa: S603  # no shell, and a path of our own
        UPDATE,
        env=ENVIRONMENT | {"APT_CONFIG": str(configuration(PLACE))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if update.returncode:
        why = "; ".join(update.stderr.strip().splitlines()[-3:])
        raise ValueError(f"apt refuses the store's index ({why})")


def take(archive: Path) -> None:
    """Put the packages that have arrived where apt finds them.

    archive: a tar file that holds them and nothing else. apt itself compares each with the index
    before it installs it. Raises OSError, and ValueError where something else is in it.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None or not FILE_NAME.fullmatch(member.name):
                    raise ValueError(f"{member.name!r} is no package")
                with (PACKAGES / member.name).open("wb") as package:
                    shutil.copyfileobj(file, package)
    except tarfile.TarError as error:
        raise ValueError(f"it cannot be unpacked ({error})") from error


def close_source() -> None:
    """Remove the configuration and the packages, where there are any."""
    for directory in (PLACE, PACKAGES):
        shutil.rmtree(directory, ignore_errors=True)
