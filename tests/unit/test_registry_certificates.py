"""Show which keys and certificates a registry gets, and which stay; OpenSSL is asked about them."""

import grp
import os
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.modules import registry_certificates
from cryptography import x509

FILES = ["labocloud-ca.key", "labocloud-ca.crt", "labocloud.key", "labocloud.crt"]


def run(directory: Path, **options: object) -> dict[str, Any]:
    """Run the module."""
    group = grp.getgrgid(os.getgid()).gr_name
    arguments = {"directory": str(directory), "host": "pc01", "subject": "server", "group": group}
    return stand_in.run(registry_certificates.main, **arguments | options)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def openssl(*words: str | Path) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True).stdout


def test_they_are_made_once(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result["changed"], result["written"]) == (True, FILES)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(path.name for path in before) == sorted(FILES)
    result = run(tmp_path)
    assert (result["changed"], result["written"]) == (False, [])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("subject", ["server", "192.0.2.1", "2001:db8::1", f"{'a' * 63}.lab"])
def test_the_registrys_is_for_its_address_and_signed_by_the_authority(
    subject: str, tmp_path: Path
) -> None:
    run(tmp_path, subject=subject)
    is_name = subject.isascii() and subject[0] not in "12"
    check = ["-verify_hostname" if is_name else "-verify_ip", subject]
    ca, own = tmp_path / "labocloud-ca.crt", tmp_path / "labocloud.crt"
    words = ("-x509_strict", "-purpose", "sslserver", *check)
    assert "OK" in openssl("verify", "-CAfile", ca, *words, own)
    # The authority's own key signs nothing but this one's certificate.
    assert "CA:TRUE, pathlen:0" in openssl("x509", "-in", ca, "-noout", "-text")
    # Python, and with it Ansible, loads the two as a server does.
    ssl.create_default_context().load_cert_chain(own, tmp_path / "labocloud.key")


def test_how_long_they_are_valid(tmp_path: Path) -> None:
    run(tmp_path)
    now = datetime.now(UTC)
    for name, days in (("labocloud-ca.crt", 3650), ("labocloud.crt", 825)):
        certificate = read(tmp_path / name)
        assert abs(certificate.not_valid_before_utc - (now - timedelta(days=7))) < timedelta(1)
        assert abs(certificate.not_valid_after_utc - (now + timedelta(days=days))) < timedelta(1)


def test_who_may_read_the_keys(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        run(tmp_path)
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in FILES}
    assert list(modes.values()) == [0o600, 0o644, 0o640, 0o644]
    (tmp_path / "labocloud.key").chmod(0o644)
    result = run(tmp_path)
    assert (result["changed"], result["written"]) == (True, [])
    assert stat.S_IMODE((tmp_path / "labocloud.key").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({"renew": True}, ["labocloud.crt"]),
        ({"renew_ca": True}, ["labocloud-ca.crt", "labocloud.crt"]),
    ],
)
def test_a_certificate_is_renewed_for_the_key_that_is_there(
    options: dict[str, bool], written: list[str], tmp_path: Path
) -> None:
    run(tmp_path)
    before = read(tmp_path / "labocloud.crt")
    result = run(tmp_path, **options)
    assert (result["changed"], result["written"]) == (True, written)
    after = read(tmp_path / "labocloud.crt")
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()


@pytest.mark.parametrize(
    ("name", "content", "written"),
    [
        ("labocloud-ca.key", None, ["labocloud-ca.key", "labocloud-ca.crt", "labocloud.crt"]),
        ("labocloud-ca.crt", b"", ["labocloud-ca.crt", "labocloud.crt"]),
        ("labocloud.key", b"no key\n", ["labocloud.key", "labocloud.crt"]),
        ("labocloud.crt", b"-----BEGIN CERTIFICATE-----\n", ["labocloud.crt"]),
    ],
)
def test_what_is_gone_or_broken_is_made_with_what_rests_on_it(
    name: str, content: bytes | None, written: list[str], tmp_path: Path
) -> None:
    run(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    assert run(tmp_path)["written"] == written
    verified = openssl(
        "verify", "-CAfile", tmp_path / "labocloud-ca.crt", tmp_path / "labocloud.crt"
    )
    assert "OK" in verified
    assert run(tmp_path)["written"] == []


def test_a_key_of_a_kind_that_nobody_knows_is_replaced(tmp_path: Path) -> None:
    key, certificate = tmp_path / "labocloud.key", tmp_path / "labocloud.crt"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", key)
    openssl("req", "-x509", "-key", key, "-subj", "/CN=server", "-out", certificate)
    assert run(tmp_path)["written"] == FILES
    assert run(tmp_path)["written"] == []


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run(tmp_path / "none")
    assert result["failed"]
    assert str(tmp_path / "none") in result["msg"]


def test_without_its_library_it_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_certificates, "HAS_CRYPTOGRAPHY", False)
    result = run(tmp_path)
    assert result["failed"]
    assert "cryptography" in result["msg"]
    assert list(tmp_path.iterdir()) == []
