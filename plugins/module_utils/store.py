# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Fetch packages from Debian's archive for other machines, by an apt with a state of its own.

That apt knows no package as installed, so that the barest machine is served, too. Nothing of the
machine's own apt changes.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.package_source import FILE_NAME
from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
)
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

# What was fetched stays here until it is handed over: an interrupted fetch goes on.
PLACE = Path("/var/lib/labocloud/store")
# Debian's keys, by which apt checks the lists; the control machine knows which of them to believe.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
# Bytes that stay free on each disk, and those that an archive's lists take.
_RESERVE, _LISTS = 200 * 10**6, 150 * 10**6
# The last lines of an error that are shown.
_LAST_LINES = 3
_CONFIGURATION = """\
Dir::State "{place}/state";
Dir::State::status "{place}/status";
Dir::Cache::archives "{place}/archives/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{place}/archive.sources";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::PDiffs "false";
"""
# The machine's own configuration is read after that one, but before these. The archive has signed
# its lists as they are packed, by xz; so they are kept.
_OPTIONS = (
    *("--quiet", "--option=APT::Install-Recommends=false", "--option=APT::Default-Release="),
    *("--option=Acquire::GzipIndexes=true", "--option=Acquire::CompressionTypes::Order::=xz"),
    "--option=Acquire::IndexTargets::deb::Packages::KeepCompressedAs=xz",
)
# What is to be fetched: the address in quotes, the file's name, its size and a checksum.
_URI = re.compile(r"^'[^']*' (\S+) (\d+) ?\S*$", re.MULTILINE)
_FIELD = re.compile(r"^(Package|Version|Architecture|SHA256): (.*)$", re.MULTILINE)


class FetchError(Exception):
    """The packages cannot be fetched; the text says why, and what to do."""


class Wanted(NamedTuple):
    """A package's file: its name, and its size in bytes."""

    name: str
    size: int


def _run(
    program: str, *arguments: str, config: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of apt, with messages in English. config: of its own, or the machine's."""
    chosen = {"APT_CONFIG": str(config)} if config else {}
    return subprocess.run(  # noqa: S603  # no shell
        [program, *_OPTIONS, *arguments],
        env={**os.environ, "LC_ALL": "C.UTF-8", **chosen},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def own_addresses() -> list[str]:
    """Return the addresses of Debian's archive that the machine has, by the lists that it read."""
    form = "$(ORIGIN) $(REPO_URI)"
    targets = _run("apt-get", "indextargets", "--format", form, "Created-By: Packages").stdout
    return list(dict.fromkeys(re.findall(r"^Debian (https?://\S+)$", targets, re.MULTILINE)))


def sources(addresses: Iterable[str], suite: str, keyring: Path) -> str:
    """Return apt's entries for a release, in the format deb822.

    addresses: of Debian's archive and of its security archive. keyring: with Debian's keys.
    """
    entries = []
    for address in addresses:
        is_security = address.rstrip("/").endswith("-security")
        suites = f"{suite}-security" if is_security else f"{suite} {suite}-updates"
        entries.append(
            f"Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: main\n"
            f"Signed-By: {keyring}\n"
        )
    return "\n".join(entries)


class Fetcher:
    """The state of a fetch for a release and an architecture, in a directory that stays."""

    def __init__(self, suite: str, architecture: str, addresses: list[str]) -> None:
        """Write the configuration. addresses: empty for the machine's own. Raises FetchError."""
        self.place = PLACE / f"{suite}-{architecture}"
        self.archives = self.place / "archives"
        self._config = self.place / "apt.conf"
        self.keyring = next((path for path in KEYRINGS if path.is_file()), KEYRINGS[0])
        if not self.keyring.is_file():
            raise FetchError(
                Refusal("it has no keys of Debian's archive", "install debian-archive-keyring.")
            )
        chosen = addresses or own_addresses()
        if not chosen:
            raise FetchError(
                Refusal(
                    "it has no source of Debian's archive whose lists it has read",
                    "`apt-get update` there, or give the archive's address in room_store_sources.",
                )
            )
        for name in ("state/lists/partial", "archives/partial"):
            (self.place / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.place / "status").write_text("")
        (self.place / "archive.sources").write_text(sources(chosen, suite, self.keyring))
        text = _CONFIGURATION.format(place=self.place, architecture=architecture)
        self._config.write_text(text)

    def _apt(self, *command: str) -> str:
        """Return what apt prints. Raises FetchError where it fails."""
        result = _run("apt-get", *command, config=self._config)
        if result.returncode == 0:
            return result.stdout
        lines = [line for line in result.stderr.splitlines() if line.startswith("E:")]
        why = "; ".join((lines or result.stderr.splitlines())[-_LAST_LINES:])
        raise FetchError(
            Refusal(
                f"apt cannot fetch the packages ({sentence_without_passwords(why)})",
                "see to it that it reaches the archive, or give the address of a mirror in"
                " room_store_sources.",
            )
        )

    def wanted(self, packages: list[list[str]]) -> list[Wanted]:
        """Return the files that lists of packages come to, by fresh lists of the archive.

        packages: what apt is asked for, each list by itself. Raises FetchError and OSError.
        """
        self._need(self.place, _LISTS)
        self._apt("--option=APT::Update::Error-Mode=any", "update")
        files: dict[str, int] = {}
        # What lies there already is not listed: it is moved out of apt's sight for the question.
        elsewhere = f"--option=Dir::Cache::archives={self.place}/none/"
        (self.place / "none/partial").mkdir(parents=True, exist_ok=True)
        for kind in packages:
            text = self._apt("--yes", "--print-uris", elsewhere, "install", *kind)
            files.update((name, int(size)) for name, size in _URI.findall(text))
        return [Wanted(name, size) for name, size in sorted(files.items())]

    def fetch(self, wanted: list[Wanted]) -> int:
        """Fetch files that are not there whole, and return how many were not.

        Raises FetchError and OSError.
        """
        signed = self._signed({file.name for file in wanted})
        lacking = [file for file in wanted if not self._is_whole(file.name, signed)]
        size = sum(file.size for file in wanted)
        self._need(self.place, sum(file.size for file in lacking))
        # The tar file with all of them is made there.
        self._need(Path("/var/tmp"), size)  # noqa: S108
        if lacking:
            for file in lacking:
                (self.archives / file.name).unlink(missing_ok=True)
            # apt downloads to the current directory, and goes on with what it has there in part.
            names = [self._asked(file.name) for file in lacking]
            previous = os.getcwd()
            os.chdir(self.archives)
            try:
                self._apt("download", *names)
            finally:
                os.chdir(previous)
        for file in wanted:
            if not self._is_whole(file.name, signed):
                raise FetchError(
                    Refusal(
                        f"{file.name} is not the one that its archive has signed",
                        "the same command again; where it stays so, give the address of another"
                        " mirror in room_store_sources.",
                    )
                )
        return len(lacking)

    def pack(self, dest: Path, wanted: list[Wanted], names: Iterable[str]) -> None:
        """Write a tar file with packages, and with the lists and the keys that vouch for them.

        wanted: the packages. names: those of all files, of which the control machine has some.
        Raises OSError.
        """
        with tarfile.open(dest, "w", format=tarfile.USTAR_FORMAT) as tar:
            listing = self.place / "names"
            listing.write_text("".join(f"{name}\n" for name in names))
            tar.add(listing, "names")
            tar.add(self.keyring, f"keys/{self.keyring.name}")
            for number, (release, lists) in enumerate(self._lists()):
                tar.add(release, f"lists/{number}.InRelease")
                for path in lists:
                    tar.add(path, f"lists/{number}/main.Packages.xz")
            for file in wanted:
                tar.add(self.archives / file.name, f"debs/{file.name}")

    def clear(self) -> None:
        """Remove all that was fetched."""
        shutil.rmtree(self.place)
        # Where something else is in them, they stay.
        with suppress(OSError):
            PLACE.rmdir()
            PLACE.parent.rmdir()

    def _lists(self) -> Iterator[tuple[Path, list[Path]]]:
        """Yield the archive's signed lists, each with its lists of packages."""
        lists = self.place / "state/lists"
        for release in sorted(lists.glob("*_InRelease")):
            stem = release.name[: -len("InRelease")]
            yield release, sorted(lists.glob(f"{glob.escape(stem)}main_binary-*_Packages.xz"))

    def _signed(self, names: set[str]) -> dict[str, str]:
        """Return the SHA-256 of packages, by the names of their files, as the archive has it."""
        packages = sorted({name.partition("_")[0] for name in names})
        digests = {}
        shown = _run("apt-cache", "show", *packages, config=self._config).stdout
        for block in shown.split("\n\n"):
            fields = dict(_FIELD.findall(block))
            if len(fields) == len(("Package", "Version", "Architecture", "SHA256")):
                version = fields["Version"].replace(":", "%3a")
                name = f"{fields['Package']}_{version}_{fields['Architecture']}.deb"
                digests[name] = fields["SHA256"]
        return digests

    def _is_whole(self, name: str, signed: dict[str, str]) -> bool:
        """Return whether a package lies there as its archive has signed it.

        apt itself compares nothing but the size of what it finds there.
        """
        path = self.archives / name
        return path.is_file() and digest(path) == signed.get(name)

    @staticmethod
    def _asked(name: str) -> str:
        """Return how apt is asked for the package of a file."""
        if not FILE_NAME.fullmatch(name):
            raise FetchError(f"{name[:80]!r} is no package's file")
        package, version, _ = name.split("_")
        return f"{package}={version.replace('%3a', ':')}"

    @staticmethod
    def _need(place: Path, size: int) -> None:
        """Raise FetchError where a disk has no room for so many bytes."""
        free = shutil.disk_usage(place).free
        if free < size + _RESERVE:
            wanted, mb = (size + _RESERVE) // 10**6, free // 10**6
            raise FetchError(
                Refusal(
                    f"what is to be fetched takes {wanted} MB at {place}, where {mb} MB are free",
                    "make room there.",
                )
            )
