"""Fingerprints of real keys, as gpg prints them."""

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.labocloud.room.plugins.filter import openpgp
from ansible_collections.labocloud.room.plugins.plugin_utils import openpgp as library

KEY = Path(__file__).parents[2] / "molecule/refusals/files/other.asc"
FINGERPRINT = "ACFD350A5E3E17C33A17E771F2EB87B698EC8B14"


def test_the_fingerprint_of_a_key() -> None:
    assert openpgp.openpgp_fingerprints(KEY.read_text()) == [FINGERPRINT]


def test_a_second_key_is_not_overlooked() -> None:
    """Otherwise a file with the right key and a wrong one would pass."""
    assert openpgp.openpgp_fingerprints(KEY.read_text() * 2) == [FINGERPRINT] * 2


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PGP PUBLIC KEY BLOCK-----"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="no OpenPGP key"):
        openpgp.openpgp_fingerprints(text)


def test_where_the_library_is_lacking_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "HAS_PYSEQUOIA", False)
    with pytest.raises(AnsibleFilterError, match="Fix: install pysequoia"):
        openpgp.openpgp_fingerprints(KEY.read_text())
