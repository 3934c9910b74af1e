"""A small archive of packages, signed as Debian's is, and what a machine brings of it."""

import io
import lzma
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pysequoia import SignatureMode, Tsk, sign

SUITE, ARCHITECTURE = "trixie", "amd64"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ACL, ZSTD = "acl_2.3.2-2+b1_amd64.deb", "zstd_1%3a1.5.7_amd64.deb"
CONTENT = {ACL: b"acl's", ZSTD: b"zstd's"}


def date(at: datetime) -> str:
    """Return a time as Debian's tools write it."""
    return f"{at:%a, %d %b %Y %H:%M:%S} UTC"


FIELDS = {"Origin": "Debian", "Codename": SUITE, "Date": date(NOW - timedelta(days=1))}


@dataclass(frozen=True)
class Archive:
    """A suite with its key. content: its packages, by the names of their files.

    fields: of its Release. listed: what its Release says of the list of packages, where that is not
    what it has: its path, its bytes unpacked and packed.
    """

    key: Any = field(default_factory=lambda: Tsk.generate("an archive"))
    content: Mapping[str, bytes] = field(default_factory=lambda: CONTENT)
    fields: Mapping[str, str] = field(default_factory=lambda: FIELDS)
    path: str = f"main/binary-{ARCHITECTURE}/Packages"
    size: int | None = None

    def having(self, **changes: object) -> "Archive":
        """Return the archive with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_fields(self, **fields: str) -> "Archive":
        """Return the archive with other fields of its Release, by - for _; empty ones go."""
        given = {name.replace("_", "-"): value for name, value in fields.items()}
        merged = {**self.fields, **given}
        return self.having(fields={name: value for name, value in merged.items() if value})

    @property
    def keyring(self) -> bytes:
        """Return the certificate, in ASCII armor."""
        return str(self.key.extract_certificate()).encode()

    @property
    def fingerprint(self) -> str:
        """Return the key's fingerprint."""
        return self.key.extract_certificate().fingerprint

    def packages(self) -> bytes:
        """Return the list of packages."""
        return "\n".join(_stanza(name, data) for name, data in self.content.items()).encode()

    def packed(self) -> bytes:
        """Return the list of packages, packed by xz."""
        return lzma.compress(self.packages())

    def unsigned(self) -> bytes:
        """Return the Release."""
        lines = [f"{name}: {value}" for name, value in self.fields.items()]
        packages, packed = self.packages(), self.packed()
        size = len(packages) if self.size is None else self.size
        lines += [
            "SHA256:",
            f" {sha256(packages).hexdigest()} {size:8} {self.path}",
            f" {sha256(packed).hexdigest()} {len(packed):8} {self.path}.xz",
        ]
        return "".join(f"{line}\n" for line in lines).encode()

    def release(self) -> bytes:
        """Return the InRelease."""
        return sign(self.key.signer(), self.unsigned(), mode=SignatureMode.CLEAR)

    def brought(self, **others: bytes | None) -> dict[str, bytes]:
        """Return the members of the file that a machine brings, in the place of those of others.

        others: by name, with __ for /; one without bytes is absent.
        """
        members = {
            "names": "".join(f"{name}\n" for name in self.content).encode(),
            "keys/debian.pgp": self.keyring,
            "lists/0.InRelease": self.release(),
            "lists/0/main.Packages.xz": self.packed(),
            **{f"debs/{name}": data for name, data in self.content.items()},
        }
        given = {name.replace("__", "/"): data for name, data in others.items()}
        merged = {**members, **given}
        return {name: data for name, data in merged.items() if data is not None}

    def publish(self, folder: Path) -> None:
        """Write the archive as a mirror serves it, with the suite of its updates, still empty."""
        for suite, archive in (
            (SUITE, self),
            (f"{SUITE}-updates", self.having(content={}).with_fields(Codename=f"{SUITE}-updates")),
        ):
            place = folder / "dists" / suite
            listed = place / f"{self.path}.xz"
            listed.parent.mkdir(parents=True, exist_ok=True)
            listed.write_bytes(archive.packed())
            (place / "InRelease").write_bytes(archive.release())
        (folder / "pool").mkdir(exist_ok=True)
        for name, data in self.content.items():
            (folder / in_pool(name)).write_bytes(data)


def in_pool(name: str) -> str:
    """Return a package's path in an archive, where its file's name has no epoch."""
    return f"pool/{re.sub('_.*%3a', '_', name)}"


def _stanza(name: str, data: bytes) -> str:
    """Return what the list of packages says of one."""
    package, version, architecture = name.removesuffix(".deb").split("_")
    return (
        f"Package: {package}\nSource: {package}-source (1.0)\n"
        f"Version: {version.replace('%3a', ':')}\nArchitecture: {architecture}\n"
        f"Maintainer: a maintainer <maintainer@example.org>\nDescription: a sample\n"
        f"Filename: {in_pool(name)}\nSize: {len(data)}\nSHA256: {sha256(data).hexdigest()}\n"
    )


def tar_of(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar file as a machine brings it, and return its path."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
