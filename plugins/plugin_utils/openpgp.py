# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make and check OpenPGP signatures, by pysequoia."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal

# The package may be missing where only the collection was installed.
if HAS_PYSEQUOIA := importlib.util.find_spec("pysequoia") is not None:
    from pysequoia import Cert, SignatureMode, Tsk, sign, verify


class OpenpgpError(ValueError):
    """No key, or no signature of a known one; the text says why, in a clause."""


def _reason(error: Exception) -> str:
    """Return why the library has failed: its bare RuntimeErrors have a stack trace as text."""
    return str(error).splitlines()[0].rstrip(".")


def _need_library() -> None:
    """Raise OpenpgpError where the library is not installed."""
    if not HAS_PYSEQUOIA:
        raise OpenpgpError(
            Refusal(
                "pysequoia is not installed",
                "install pysequoia in the Python that Ansible runs with",
            )
        )


def certificates(keyrings: Iterable[bytes]) -> list[Cert]:
    """Return the certificates in keyrings, armored or not. Raises OpenpgpError."""
    _need_library()
    try:
        return [key for keyring in keyrings for key in Cert.split_bytes(keyring)]
    except Exception as error:
        raise OpenpgpError(f"this is no OpenPGP key ({_reason(error)})") from error


def verified(text: bytes, keys: list[Cert]) -> bytes:
    """Return what is signed of a text with a signature around it, and nothing else of it.

    keys: one of which has to have signed it. Raises OpenpgpError.
    """
    _need_library()
    try:
        content = verify(text, store=lambda _: keys).bytes
    except Exception as error:
        raise OpenpgpError(_reason(error)) from error
    if content is None:
        raise OpenpgpError("nothing is signed")
    return content


class Signer:
    """A new key, whose secret part is nowhere but in this object."""

    def __init__(self) -> None:
        """Make the key. Raises OpenpgpError where the library is not installed."""
        _need_library()
        self._key = Tsk.generate("labocloud: packages for one room")
        # The certificate in ASCII armor.
        self.certificate = str(self._key.extract_certificate())

    def sign(self, text: bytes) -> bytes:
        """Return a text with its signature around it."""
        return sign(self._key.signer(), text, mode=SignatureMode.CLEAR)
