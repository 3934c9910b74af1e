"""Test that of what a machine has fetched, only what its archive has signed is believed."""

import lzma
from collections.abc import Callable
from datetime import timedelta

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import openpgp
from ansible_collections.labocloud.room.plugins.plugin_utils.store import archive as store_archive
from ansible_collections.labocloud.room.plugins.plugin_utils.store.archive import (
    ArchiveError,
    Source,
    Stanza,
    stanzas,
)
from sample_archive import ACL, ARCHITECTURE, CONTENT, NOW, SUITE, ZSTD, Archive, date


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return an archive whose key is believed."""
    sample = Archive()
    monkeypatch.setattr(store_archive, "KEYS", {sample.fingerprint})
    return sample


def read(
    *archives: Archive, names: tuple[str, ...] = (ACL, ZSTD), **source: object
) -> dict[str, Stanza]:
    """Return what archives say of packages. source: in the place of the first one's own."""
    sources = [Source(one.release(), [one.packed()]) for one in archives]
    sources[0] = Source(**{**vars(sources[0]), **source})  # type: ignore[arg-type]
    keyrings = [archives[0].keyring]
    return stanzas(sources, keyrings, SUITE, ARCHITECTURE, names, now=NOW)


def test_what_an_archive_has_signed_is_told(archive: Archive) -> None:
    found = read(archive)
    assert found.keys() == CONTENT.keys()
    zstd = found[ZSTD]
    assert (zstd.package, zstd.version, zstd.source) == ("zstd", "1:1.5.7", "zstd-source (1.0)")
    assert zstd.size == len(CONTENT[ZSTD])
    # Its place is that in the store, and not that in the archive.
    assert [line for line in zstd.text.splitlines() if line.startswith("Filename")] == [
        f"Filename: ./{ZSTD}"
    ]


def test_a_package_is_found_in_whichever_suite_has_it(archive: Archive) -> None:
    security = archive.having(content={ZSTD: b"newer"}).with_fields(Codename=f"{SUITE}-security")
    rest = archive.having(content={ACL: CONTENT[ACL]})
    assert read(rest, security)[ZSTD].size == len(b"newer")


Lie = Callable[[Archive], object]


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (lambda a: read(a, release=a.unsigned()), "not signed by Debian"),
        (lambda a: read(a, release=b""), "not signed by Debian"),
        (lambda a: read(a, release=a.release().replace(b"Debian", b"Debain")), "not signed"),
        (lambda a: read(a, release=Archive().release()), "not signed by Debian"),
        (lambda a: read(a.having(key=Archive().key)), "not signed by Debian"),
        (lambda a: read(a.with_fields(Origin="Ubuntu")), "is of trixie, and not of trixie"),
        (lambda a: read(a.with_fields(Codename="bookworm")), "is of bookworm, and not of trixie"),
        (lambda a: read(a.with_fields(Codename="")), "is of no release"),
        (lambda a: read(a.with_fields(Date=date(NOW + timedelta(hours=1)))), "set it right"),
        (lambda a: read(a.with_fields(Date="yesterday")), "a list's date is 'yesterday'"),
        (lambda a: read(a.with_fields(Date="")), "a list's date is ''"),
        (
            lambda a: read(a.with_fields(Valid_Until=date(NOW - timedelta(seconds=1)))),
            "out of date since",
        ),
        (lambda a: read(a, lists=[lzma.compress(b"Package: acl\n")]), "not the one that Debian"),
        (lambda a: read(a.having(path="main/binary-arm64/Packages")), "not the one that Debian"),
        (lambda a: read(a.having(path="main/source/Sources")), "not the one that Debian"),
        (lambda a: read(a.having(size=10**9)), "not the one that Debian"),
        (lambda a: read(a, lists=[]), "does not know acl_.*, zstd_"),
        (lambda a: read(a, names=("evil_1_amd64.deb",)), "does not know evil_1_amd64.deb"),
        (lambda a: read(a, names=("acl_9_amd64.deb",)), "does not know acl_9_amd64.deb"),
        (
            lambda a: read(a.having(content={"acl_1_arm64.deb": b""}), names=("acl_1_arm64.deb",)),
            "does not know acl_1_arm64.deb",
        ),
    ],
)
def test_who_lies_is_not_believed(archive: Archive, lie: Lie, why: str) -> None:
    with pytest.raises(ArchiveError, match=why):
        lie(archive)


def test_a_list_in_force_until_later_is_believed(archive: Archive) -> None:
    assert read(archive.with_fields(Valid_Until=date(NOW + timedelta(days=7))))


def test_a_list_is_not_unpacked_beyond_its_size(archive: Archive) -> None:
    """Show that few bytes that become many fill no memory."""
    short = archive.having(size=archive.packages().index(b"\n\nPackage: zstd"))
    assert read(short, names=(ACL,))
    with pytest.raises(ArchiveError, match=f"does not know {ZSTD}"):
        read(short)


def test_what_is_no_list_at_all_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archive, "packed", lambda _: b"no xz")
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(archive)


def test_what_is_around_a_signature_is_not_of_it(archive: Archive) -> None:
    assert (
        openpgp.verified(
            b"Origin: Evil\n\n" + archive.release(), openpgp.certificates([archive.keyring])
        )
        == archive.unsigned()
    )


def test_keys_that_are_none_are_told(archive: Archive) -> None:
    source = Source(archive.release(), [archive.packed()])
    with pytest.raises(openpgp.OpenpgpError, match="no OpenPGP key"):
        stanzas([source], [b"no key"], SUITE, ARCHITECTURE, [ACL], now=NOW)


def test_a_key_beside_the_archives_own_does_not_count(archive: Archive) -> None:
    """Show that a machine's keyring with a key of its own makes it no archive."""
    other = Archive()
    source = Source(other.release(), [other.packed()])
    with pytest.raises(ArchiveError, match="not signed by Debian"):
        stanzas([source], [archive.keyring, other.keyring], SUITE, ARCHITECTURE, [ACL], now=NOW)
