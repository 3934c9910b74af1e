# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Believe what Debian has signed of the packages that a machine has fetched, and nothing else.

The machine hands over the archive's own signed lists with the packages. Whoever is root there may
have changed any of it.
"""

import lzma
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256

from ansible_collections.labocloud.room.plugins.plugin_utils.openpgp import certificates
from ansible_collections.labocloud.room.plugins.plugin_utils.openpgp import (
    verified as verified_by,
)

# The primary keys of Debian's archive, by their fingerprints, as in the package
# debian-archive-keyring: of the archive, of its security archive and of the release itself.
KEYS = {
    # Debian 11
    "1f89983e0081fde018f3cc9673a4f27b8dd47936",
    "ac530d520f2f3269f5e98313a48449044aad5c5d",
    "a4285295fc7b1a81600062a9605c66f00d6c9793",
    # Debian 12
    "b8b80b5b623eab6ad8775c45b7c5d7d6350947f8",
    "05ab90340c0c5e797f44a8c8254cf3b5aec0a8f0",
    "4d64fec119c2029067d6e791f8d2585b8783d481",
    # Debian 13
    "04b54c3cdca79751b16bc6b5225629df75b188bd",
    "5e04a1e3223a19a20706e20f9904613d4cce68c6",
    "41587f7db8c774bccf131416762f67a0b2c39de4",
}
# Bytes of a list of packages, unpacked. That of Debian 13 has some 55 MB.
_LARGEST_LIST = 400 * 10**6
_FIELD = re.compile(r"^([A-Za-z0-9-]+): *(.*)$", re.MULTILINE)
# A file's checksum, its size and its path, in a list of an archive's files.
_ENTRY = re.compile(r"^ ([0-9a-f]{64}) +(\d{1,12}) (\S+)$", re.MULTILINE | re.ASCII)
_SHA256 = re.compile("[0-9a-f]{64}", re.ASCII)
_SIZE = re.compile(r"\d{1,12}", re.ASCII)


class ArchiveError(ValueError):
    """What a machine has fetched is not what the archive has signed; the text says what of it."""


@dataclass(frozen=True)
class Stanza:
    """What an archive says of a package.

    name: of its file, as apt names it. size: in bytes. text: all that it says, without the file's
    place in the archive.
    """

    name: str
    package: str
    version: str
    source: str
    size: int
    sha256: str
    text: str


@dataclass(frozen=True)
class Source:
    """A suite of an archive: its signed InRelease, and its lists of packages, packed by xz."""

    release: bytes
    lists: list[bytes]


def stanzas(
    sources: Iterable[Source],
    keyrings: Iterable[bytes],
    suite: str,
    architecture: str,
    names: Iterable[str],
    *,
    now: datetime,
) -> dict[str, Stanza]:
    """Return what the archive says of some packages, by the names of their files.

    keyrings: OpenPGP certificates; those that are not Debian's do not count. suite: the release's
    name. names: of the files. now: the control machine's time. Raises ArchiveError.
    """
    wanted = {*names}
    known = [key for key in certificates(keyrings) if key.fingerprint in KEYS]
    found: dict[str, Stanza] = {}
    for source in sources:
        try:
            release = verified_by(source.release, known).decode()
        except ValueError as error:
            raise ArchiveError(
                f"a list of its archive is not signed by Debian ({error})"
            ) from error
        sizes = _listed(release, suite, architecture, now)
        for packed in source.lists:
            text = _unpacked(packed, sizes, suite)
            found.update((stanza.name, stanza) for stanza in _stanzas(text, architecture, wanted))
    if missing := sorted(wanted - found.keys()):
        raise ArchiveError(f"its archive does not know {', '.join(missing[:5])}")
    return found


def _listed(release: str, suite: str, architecture: str, now: datetime) -> dict[str, int]:
    """Return the SHA-256 of a suite's packed lists of packages, each with its size unpacked.

    release: the text of its Release. Raises ArchiveError where that is not of the suite, or not in
    force now.
    """
    fields = dict(_FIELD.findall(release.partition("\nSHA256:")[0]))
    codename = fields.get("Codename", "")
    if (
        fields.get("Origin") != "Debian"
        or codename.removesuffix("-security").removesuffix("-updates") != suite
    ):
        raise ArchiveError(f"a list is of {codename or 'no release'}, and not of {suite}")
    if _time(fields.get("Date", "")) > now:
        raise ArchiveError(
            f"the list of {codename} is of {fields.get('Date')}, and this machine's clock says"
            f" {now:%a, %d %b %Y %H:%M:%S} UTC: set it right"
        )
    if "Valid-Until" in fields and _time(fields["Valid-Until"]) < now:
        raise ArchiveError(f"the list of {codename} is out of date since {fields['Valid-Until']}")
    entries = {path: (digest, int(size)) for digest, size, path in _ENTRY.findall(release)}
    end = f"/binary-{architecture}/Packages"
    return {
        digest: entries[path.removesuffix(".xz")][1]
        for path, (digest, _) in entries.items()
        if path.endswith(f"{end}.xz") and path.removesuffix(".xz") in entries
    }


def _time(text: str) -> datetime:
    """Return a time of a Release. Raises ArchiveError where it is none."""
    try:
        # What Debian's tools write as UTC, Python takes for a time without a zone.
        return parsedate_to_datetime(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ArchiveError(f"a list's date is {text[:40]!r}") from error


def _unpacked(packed: bytes, sizes: Mapping[str, int], suite: str) -> str:
    """Return the text of a list of packages. Raises ArchiveError.

    sizes: as _listed() returns them.
    """
    size = sizes.get(sha256(packed).hexdigest())
    if size is None or size > _LARGEST_LIST:
        raise ArchiveError(f"a list of packages is not the one that Debian has signed for {suite}")
    try:
        return lzma.LZMADecompressor().decompress(packed, size).decode()
    except (lzma.LZMAError, ValueError) as error:
        raise ArchiveError(f"a list of packages cannot be read ({error})") from error


def _stanzas(text: str, architecture: str, names: set[str]) -> Iterator[Stanza]:
    """Yield what a list says of some packages, by the names of their files."""
    packages = {name.partition("_")[0] for name in names}
    for block in text.split("\n\n"):
        # There are some 70,000, of which some 200 are wanted.
        first = block.partition("\n")[0].removeprefix("Package: ")
        if first not in packages:
            continue
        fields = dict(_FIELD.findall(block))
        version, of_kind = fields.get("Version", ""), fields.get("Architecture", "")
        name = f"{first}_{version.replace(':', '%3a')}_{of_kind}.deb"
        digest, size = fields.get("SHA256", ""), fields.get("Size", "")
        is_whole = _SHA256.fullmatch(digest) and _SIZE.fullmatch(size)
        if name in names and of_kind in (architecture, "all") and is_whole:
            lines = (line for line in block.splitlines() if not line.startswith("Filename:"))
            kept = "\n".join((*lines, f"Filename: ./{name}"))
            yield Stanza(name, first, version, fields.get("Source", first), int(size), digest, kept)
