"""Test what the store keeps of what a machine has brought, and that nothing half done is in it."""

import io
import itertools
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils import package_source
from ansible_collections.labocloud.room.plugins.plugin_utils.store import (
    archive as store_archive,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.store import (
    index,
    manifest,
    sending,
    taking,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.store.archive import ArchiveError
from sample_archive import ACL, ARCHITECTURE, CONTENT, NOW, SUITE, ZSTD, Archive, tar_of

PART = "debian-13-amd64"
WANTED = [["acl", "zstd"], ["mmdebstrap"]]
FILLED = int(NOW.timestamp()) - 60


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return an archive whose key is believed."""
    sample = Archive()
    monkeypatch.setattr(store_archive, "KEYS", {sample.fingerprint})
    return sample


def take(store: Path, brought: Path | Mapping[str, bytes]) -> int:
    """Take into a store what a machine has brought: a file, or its members."""
    path = brought if isinstance(brought, Path) else tar_of(store.parent / "fetched", brought)
    return taking.take(
        store,
        PART,
        path,
        suite=SUITE,
        architecture=ARCHITECTURE,
        wanted=WANTED,
        filled=FILLED,
        now=NOW.timestamp(),
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def packages(store: Path) -> dict[str, bytes]:
    """Return the packages that lie in a store, by name, and what else is there but the index."""
    place = manifest.folder(store, PART)
    return {p.name: p.read_bytes() for p in place.iterdir() if p.name not in package_source.INDEX}


def test_a_store_is_filled(archive: Archive, store: Path) -> None:
    assert take(store, archive.brought()) == len(CONTENT)
    assert packages(store) == CONTENT
    release = manifest.read(store)[PART]
    assert (release["wanted"], release["filled"]) == (WANTED, FILLED)
    assert (release["suite"], release["architecture"]) == (SUITE, ARCHITECTURE)
    assert release["files"][ZSTD]["version"] == "1:1.5.7"
    assert release["files"][ZSTD]["source"] == "zstd-source"
    # What it says of its files is what they are.
    sending.archive_of(store, PART, release, sorted(CONTENT))


def test_another_part_of_the_store_stays(archive: Archive, store: Path) -> None:
    take(store, archive.brought())
    other = {"debian-12-amd64": manifest.read(store)[PART]}
    manifest.write(store, other)
    take(store, archive.brought())
    assert manifest.read(store).keys() == {PART, *other}


def test_what_is_there_is_not_brought_again_and_what_is_not_wanted_goes(
    archive: Archive, store: Path
) -> None:
    take(store, archive.brought())
    newer = archive.having(content={ACL: CONTENT[ACL], "zstd_2_amd64.deb": b"newer"})
    take(store, newer.brought(**{f"debs__{ACL}": None}))
    assert packages(store) == newer.content
    assert manifest.read(store)[PART]["files"].keys() == newer.content.keys()


def test_what_was_altered_here_is_removed_and_brought_the_next_time(
    archive: Archive, store: Path
) -> None:
    take(store, archive.brought())
    (manifest.folder(store, PART) / ACL).write_bytes(b"other")
    assert ACL in taking.held(store, PART)
    with pytest.raises(ArchiveError, match=f"{ACL.replace('+', '.')} was changed here"):
        take(store, archive.brought(**{f"debs__{ACL}": None}))
    assert manifest.read(store) == {}
    assert taking.held(store, PART) == [ZSTD]
    take(store, archive.brought(**{f"debs__{ZSTD}": None}))
    assert packages(store) == CONTENT


def test_a_package_that_is_another_is_not_kept(archive: Archive, store: Path) -> None:
    with pytest.raises(ArchiveError, match="is not the one that Debian has signed"):
        take(store, archive.brought(**{f"debs__{ZSTD}": b"evil"}))
    assert packages(store).items() <= {ACL: CONTENT[ACL]}.items()
    assert manifest.read(store) == {}


def test_a_package_of_which_nothing_is_signed_is_not_kept(archive: Archive, store: Path) -> None:
    take(store, archive.brought() | {"debs/evil_1_all.deb": b"x"})
    assert packages(store) == CONTENT


def is_refused(archive: Archive, store: Path, brought: Path | Mapping[str, bytes]) -> str:
    """Return why what a machine has brought is not taken; the store stays as it was."""
    take(store, archive.brought())
    before = manifest.read(store)
    with pytest.raises(ArchiveError) as refused:
        take(store, brought)
    assert packages(store) == CONTENT
    assert manifest.read(store) == before
    return str(refused.value)


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"lists__0.InRelease": b"evil"}, "not signed by Debian"),
        ({"lists__0.InRelease": None}, "does not know"),
        ({"keys__debian.pgp": None}, "not signed by Debian"),
        ({"names": b"../../etc/passwd"}, "'../../etc/passwd' is no package's file"),
        ({"names": b"\xff\xfe"}, "is no package's file"),
        ({"..__x": b""}, "'../x' is not expected"),
        ({"debs__..__x.deb": b""}, "is not expected"),
        ({"lists__0__..Packages.xz": b""}, "is not expected"),
        ({"keys__a__b": b""}, "is not expected"),
    ],
)
def test_what_a_machine_makes_up_is_refused(
    archive: Archive, store: Path, others: dict[str, bytes | None], why: str
) -> None:
    assert why in is_refused(archive, store, archive.brought(**others))


def test_a_machine_that_names_nothing_is_not_believed(archive: Archive, store: Path) -> None:
    assert "names no" in is_refused(archive, store, archive.brought(names=b""))
    assert "names no" in is_refused(archive, store, archive.brought(names=None))


def with_header(path: Path, change: Callable[[tarfile.TarInfo], None], tar_format: int) -> Path:
    """Write a tar file with a member whose header is changed, and return its path."""
    info = tarfile.TarInfo("names")
    change(info)
    header = info.tobuf(tar_format)
    path.write_bytes(header + bytes(2 * tarfile.RECORDSIZE))
    return path


def _kind(kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    return lambda info: setattr(info, "type", kind)


@pytest.mark.parametrize(
    ("change", "tar_format"),
    [
        (_kind(tarfile.SYMTYPE), tarfile.USTAR_FORMAT),
        (_kind(tarfile.LNKTYPE), tarfile.USTAR_FORMAT),
        (_kind(tarfile.DIRTYPE), tarfile.USTAR_FORMAT),
        (_kind(tarfile.CHRTYPE), tarfile.USTAR_FORMAT),
        (_kind(tarfile.GNUTYPE_SPARSE), tarfile.GNU_FORMAT),
        # A header of its own for a long name, whose length the header tells.
        (lambda info: setattr(info, "name", "n" * 300), tarfile.GNU_FORMAT),
        (lambda info: setattr(info, "name", "n" * 300), tarfile.PAX_FORMAT),
        # More than there is.
        (lambda info: setattr(info, "size", 10**9), tarfile.USTAR_FORMAT),
        (lambda info: setattr(info, "size", 2**60), tarfile.GNU_FORMAT),
    ],
)
def test_what_is_no_plain_file_is_refused(
    archive: Archive,
    store: Path,
    change: Callable[[tarfile.TarInfo], None],
    tar_format: int,
) -> None:
    path = with_header(store.parent / "odd", change, tar_format)
    assert "is no file in what it has fetched" in is_refused(archive, store, path)


def test_a_file_that_was_torn_is_refused_wherever_it_was(archive: Archive, store: Path) -> None:
    whole = tar_of(store.parent / "whole", archive.brought()).read_bytes().rstrip(b"\0")
    torn = store.parent / "torn"
    for size in (0, 100, 512, 700, len(whole) // 2, len(whole) - 1):
        torn.write_bytes(whole[:size])
        assert is_refused(archive, store, torn)
    torn.write_bytes(whole + bytes(-len(whole) % tarfile.BLOCKSIZE))
    assert "has no end" in is_refused(archive, store, torn)
    torn.write_bytes(b"no tar file" * 100)
    assert "cannot be read" in is_refused(archive, store, torn)


def test_more_than_a_release_can_have_is_refused(
    archive: Archive, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = archive.brought()
    monkeypatch.setattr(taking, "_MOST_MEMBERS", len(members) - 1)
    assert "is not expected" in is_refused_first(store, members)
    monkeypatch.setattr(taking, "_MOST_MEMBERS", len(members))
    in_memory = sum(len(data) for name, data in members.items() if not name.startswith("debs/"))
    monkeypatch.setattr(taking, "_MOST_BYTES", in_memory - 1)
    assert "its lists have more than" in is_refused_first(store, members)
    monkeypatch.setattr(taking, "_MOST_BYTES", in_memory)
    take(store, members)


def is_refused_first(store: Path, brought: Mapping[str, bytes]) -> str:
    """Return why an empty store does not take what a machine has brought."""
    with pytest.raises(ArchiveError) as refused:
        take(store, brought)
    assert manifest.read(store) == {}
    return str(refused.value)


def test_a_member_that_comes_twice_is_refused(archive: Archive, store: Path) -> None:
    path = store.parent / "twice"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("names"), io.BytesIO())
    assert "'names' is not expected" in is_refused(archive, store, path)


class Killed(BaseException):
    """A process that ends."""


def test_who_is_killed_leaves_nothing_that_passes_for_whole(
    archive: Archive, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """End the process before each write of a file, one after the other, and fill once more."""
    take(store, archive.brought())
    newer = archive.having(content={name: data + b"2" for name, data in CONTENT.items()})
    write, steps = manifest.write_whole, 0
    for last in itertools.count():
        left = iter(range(last))

        def write_or_die(*arguments: object, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise Killed
            write(*arguments)  # type: ignore[arg-type]

        for place in (manifest, index):
            monkeypatch.setattr(place, "write_whole", write_or_die)
        try:
            take(store, newer.brought())
        except Killed:
            steps += 1
        else:
            break
        has = manifest.read(store).get(PART)
        if has:
            sending.archive_of(store, PART, has, sorted(has["files"]))
    # Before the manifest forgets the part, each file of the index, and the manifest at the end.
    assert steps == len(("manifest", *package_source.INDEX, "manifest"))
    assert packages(store) == newer.content


NONSENSE: list[Callable[[dict[str, object], dict[str, object]], object]] = [
    lambda whole, _: whole.update(version=2),
    lambda whole, _: whole.pop("version"),
    lambda whole, _: whole.update(releases=[]),
    lambda whole, part: whole.update(releases={"../etc": part}),
    lambda whole, part: whole.update(releases={"debian": part}),
    lambda _, part: part.pop("key"),
    lambda _, part: part.update(filled="now"),
    lambda _, part: part.update(wanted=["acl"]),
    lambda _, part: part.update(index={"InRelease": "0"}),
    lambda _, part: part.update(index={"InRelease": "0", "Packages": "0", "../x": "0"}),
    lambda _, part: part.update(files={"../acl_1_amd64.deb": part["files"][ACL]}),  # type: ignore[index]
    lambda _, part: part.update(files={ACL: {}}),
]


@pytest.mark.parametrize("spoil", NONSENSE)
def test_a_manifest_that_says_nonsense_is_none(
    archive: Archive,
    store: Path,
    spoil: Callable[[dict[str, object], dict[str, object]], object],
) -> None:
    take(store, archive.brought())
    path = store / "manifest.json"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps(whole))
    assert manifest.read(store).keys() == {PART}
    spoil(whole, whole["releases"][PART])
    path.write_text(json.dumps(whole))
    assert manifest.read(store) == {}
    # Another fill mends it.
    take(store, archive.brought())
    assert manifest.read(store).keys() == {PART}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '"' + "x" * 17 * 2**20 + '"'])
def test_a_manifest_that_cannot_be_read_is_none(store: Path, text: str) -> None:
    store.mkdir()
    (store / "manifest.json").write_text(text)
    assert manifest.read(store) == {}


def test_a_package_that_was_changed_is_removed_and_the_part_is_filled_anew(
    archive: Archive, store: Path
) -> None:
    take(store, archive.brought())
    release = manifest.read(store)[PART]
    (manifest.folder(store, PART) / ZSTD).write_bytes(b"other")
    with pytest.raises(ValueError, match="was changed in the store"):
        sending.archive_of(store, PART, release, [ACL, ZSTD])
    assert packages(store) == {ACL: CONTENT[ACL]}
    assert manifest.read(store)[PART]["filled"] == 0


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the machine's apt keep what it needs below a directory of the test's."""
    monkeypatch.setattr(package_source, "PLACE", tmp_path / "run")
    monkeypatch.setattr(package_source, "PACKAGES", tmp_path / "packages")


def index_of(store: Path) -> tuple[dict[str, str], str]:
    """Return the store's index, and apt's entry for it."""
    place = manifest.folder(store, PART)
    texts = {name: (place / name).read_text() for name in package_source.INDEX}
    key = manifest.read(store)[PART]["key"]
    return texts, index.source(f"file:{package_source.PACKAGES}", key)


@pytest.mark.usefixtures("places")
def test_apt_itself_reads_the_index(archive: Archive, store: Path) -> None:
    take(store, archive.brought())
    package_source.open_source(*index_of(store))
    lists = [path.name for path in (package_source.PLACE / "lists").iterdir() if path.is_file()]
    assert any(name.endswith("InRelease") for name in lists)
    package_source.close_source()


@pytest.mark.usefixtures("places")
def test_apt_itself_refuses_an_index_that_was_altered_or_has_another_key(
    archive: Archive, store: Path
) -> None:
    take(store, archive.brought())
    texts, source = index_of(store)
    for name, old in (("InRelease", "Origin: labocloud"), ("Packages", "Version: 1:1.5.7")):
        altered = {**texts, name: texts[name].replace(old, f"{old}x")}
        assert altered != texts
        with pytest.raises(ValueError, match="apt refuses the store's index"):
            package_source.open_source(altered, source)
    take(store, archive.brought())
    with pytest.raises(ValueError, match="apt refuses the store's index"):
        package_source.open_source(texts, index_of(store)[1])
