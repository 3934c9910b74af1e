# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Write an index of packages, as apt reads it, and sign it with a key that is made for it."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.files import write_whole
from ansible_collections.labocloud.room.plugins.module_utils.package_source import ORIGIN
from ansible_collections.labocloud.room.plugins.plugin_utils.openpgp import Signer
from ansible_collections.labocloud.room.plugins.plugin_utils.store.archive import Stanza

_RELEASE = """\
Origin: {origin}
Label: {origin}
Suite: {suite}
Codename: {suite}
Date: {date}
Architectures: {architecture} all
SHA256:
 {sha256} {size} Packages
"""


def write_index(
    folder: Path, stanzas: Iterable[Stanza], suite: str, architecture: str, now: datetime
) -> tuple[str, dict[str, str]]:
    """Write Packages and InRelease beside packages, and return their key and each one's SHA-256.

    The key is a certificate in ASCII armor. The checksums of the packages are those of their own
    archive. Raises OSError, and OpenpgpError where nothing can be signed.
    """
    ordered = sorted(stanzas, key=lambda stanza: stanza.name)
    packages = "".join(f"{stanza.text}\n\n" for stanza in ordered).encode()
    release = _RELEASE.format(
        origin=ORIGIN,
        suite=suite,
        architecture=architecture,
        date=f"{now:%a, %d %b %Y %H:%M:%S} UTC",
        sha256=sha256(packages).hexdigest(),
        size=len(packages),
    )
    signer = Signer()
    files = {"Packages": packages, "InRelease": signer.sign(release.encode())}
    for name, data in files.items():
        write_whole(folder / name, data, 0o644)
    return signer.certificate, {name: sha256(data).hexdigest() for name, data in files.items()}


def source(uri: str, key: str) -> str:
    """Return apt's entry for such an index, in the format deb822, with the key in it.

    uri: of the folder. key: the certificate in ASCII armor.
    """
    lines = "".join(f" {line or '.'}\n" for line in key.splitlines())
    return f"Types: deb\nURIs: {uri}\nSuites: ./\nSigned-By:\n{lines}"
