"""Show that only announced files are fetched from a seat, and only to the chosen place."""

import hashlib
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.action import seat_fetch

Fetch = Callable[[str, str], None]
GB = 10**9
SOURCE = "/var/tmp/labocloud-saved-x1"


def announced(**content: bytes) -> dict[str, Any]:
    """Return the action's arguments for files of content, whose names have _ for a dot."""
    files = {name.replace("_", "."): data for name, data in content.items()}
    return {
        "src": SOURCE,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "sizes": {name: len(data) for name, data in files.items()},
        "max_mb": 10,
    }


def sends(**content: bytes) -> Fetch:
    """Return a connection that sends content in a process of its own, as ssh does."""

    def fetch(src: str, dest: str) -> None:
        data = content[Path(src).name.replace(".", "_")]
        assert src == f"{SOURCE}/{Path(dest).name}"
        with open(dest, "wb") as file:
            subprocess.run(["cat"], input=data, stdout=file, check=False)

    return fetch


def test_what_was_announced_arrives(tmp_path: Path) -> None:
    content = {"volumes_tar_zst": b"data" * 1000, "manifest_json": b"{}"}
    dest = tmp_path / "saved/pc/now"
    seat_fetch.fetch_save(sends(**content), announced(**content) | {"dest": str(dest)})
    assert {path.name: path.read_bytes() for path in dest.iterdir()} == {
        "volumes.tar.zst": b"data" * 1000,
        "manifest.json": b"{}",
    }
    assert {path.stat().st_mode & 0o777 for path in dest.iterdir()} == {0o600}
    assert dest.stat().st_mode & 0o777 == 0o700
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("sent", [b"x" * 4001, b"x" * 10**7, b"x" * 4000, b"data" * 999], ids=len)
def test_what_was_not_announced_does_not(tmp_path: Path, sent: bytes) -> None:
    content = {"images_tar_zst": b"data" * 1000, "manifest_json": b"{}"}
    written = []

    def fetch(src: str, dest: str) -> None:
        sends(**content | {"images_tar_zst": sent})(src, dest)
        written.append(Path(dest).stat().st_size)

    arguments = announced(**content) | {"dest": str(tmp_path / "pc/now")}
    with pytest.raises(seat_fetch.NotFetchedError, match=r"images.tar.zst does not arrive"):
        seat_fetch.fetch_save(fetch, arguments)
    assert written == [min(len(sent), 4000)]
    assert not (tmp_path / "pc/now").exists()


def test_a_link_that_a_connection_copies_leads_nowhere(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"{}")
    other.chmod(0o644)

    def fetch(_: str, dest: str) -> None:
        os.symlink(other, dest)

    arguments = announced(manifest_json=b"{}") | {"dest": str(tmp_path / "pc")}
    with pytest.raises(seat_fetch.NotFetchedError, match="is no file"):
        seat_fetch.fetch_save(fetch, arguments)
    assert other.stat().st_mode & 0o777 == 0o644


def test_a_name_that_is_none_of_three_is_refused(tmp_path: Path) -> None:
    """Such a name would be a path on the control machine."""
    arguments = announced(manifest_json=b"{}") | {"dest": str(tmp_path / "pc")}
    for name in ("../../x", "images.tar", "/etc/passwd", 3):
        bad = arguments | {"files": arguments["files"] | {name: "0" * 64}, "sizes": {name: 1}}
        with pytest.raises(seat_fetch.NotFetchedError, match="names other files"):
            seat_fetch.fetch_save(pytest.fail, bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "sizes", "why"),
    [
        (None, {}, "no files"),
        ({"manifest.json": "0" * 64}, [], "no files"),
        ({"volumes.tar.zst": "0" * 64}, {"volumes.tar.zst": 1}, "names other files"),
        ({"manifest.json": "0"}, {"manifest.json": 1}, "no SHA-256"),
        ({"manifest.json": 5}, {"manifest.json": 1}, "no SHA-256"),
        ({"manifest.json": "0" * 64}, {}, "no size"),
        ({"manifest.json": "0" * 64}, {"manifest.json": -1}, "no size"),
        ({"manifest.json": "0" * 64}, {"manifest.json": "1"}, "no size"),
        ({"manifest.json": "0" * 64}, {"manifest.json": 0}, ""),
        ({"manifest.json": "0" * 64}, {"manifest.json": 3 * GB + 1}, "more than 3000 MB"),
        ({"manifest.json": "0" * 64}, {"manifest.json": 2 * GB - GB // 2 + 1}, "are free here"),
        ({"manifest.json": "0" * 64}, {"manifest.json": 2 * GB - GB // 2}, ""),
    ],
)
def test_what_a_seat_announces(files: object, sizes: object, why: str) -> None:
    refusal = seat_fetch.refusal(files, sizes, free=2 * GB, most=3 * GB)
    assert why in refusal
    assert bool(why) is bool(refusal)


def test_nothing_is_written_where_too_much_is_announced(tmp_path: Path) -> None:
    arguments = announced(manifest_json=b"x" * 10**7 + b"x") | {"dest": str(tmp_path / "pc")}
    with pytest.raises(seat_fetch.NotFetchedError, match="Fix: seat_reset_max_mb"):
        seat_fetch.fetch_save(pytest.fail, arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("src", ["/seat", f"{SOURCE}/..", f"{SOURCE}\n!touch x", f"{SOURCE}\n", ""])
def test_of_a_place_that_the_role_has_not_made_nothing_is_fetched(tmp_path: Path, src: str) -> None:
    """Some connections run what follows a newline in a path as a command on this machine."""
    arguments = announced(manifest_json=b"{}") | {"dest": str(tmp_path / "pc"), "src": src}
    with pytest.raises(seat_fetch.NotFetchedError, match="the seat has its files in"):
        seat_fetch.fetch_save(lambda *_: pytest.fail("it is fetched"), arguments)
    assert list(tmp_path.iterdir()) == []
