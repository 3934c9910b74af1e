"""Test that a machine fetches packages for others, by the real apt from a real server."""

import http.server
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import store as fetching
from ansible_collections.labocloud.room.plugins.module_utils.images import passing
from ansible_collections.labocloud.room.plugins.modules import store_fill
from ansible_collections.labocloud.room.plugins.plugin_utils.store import archive as store_archive
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest, taking
from sample_archive import ACL, ARCHITECTURE, CONTENT, NOW, SUITE, ZSTD, Archive, in_pool

PACKAGES = [["acl"], ["acl", "zstd=1:1.5.7"]]
# A process that fetches. Its arguments: where to, the archive's keyring and its address.
_FETCH = """
import conftest, sys
from pathlib import Path
from ansible_collections.labocloud.room.plugins.module_utils import store
store.PLACE, store.KEYRINGS = Path(sys.argv[1]), (Path(sys.argv[2]),)
fetcher = store.Fetcher("trixie", "amd64", [sys.argv[3]])
fetcher.fetch(fetcher.wanted([["acl", "zstd"]]))
"""
Usage = namedtuple("Usage", "free")


class Filler:
    """A machine that fetches from an archive, which a real server has.

    asked: the paths that were asked of the server, in order. is_away: whether it answers nothing.
    is_halfway: set when a package is waited for, which is not sent before goes_on.
    """

    def __init__(self, path: Path, archive: Archive) -> None:
        self.path, self.archive = path, archive
        self.asked: list[str] = []
        self.address = ""
        self.is_away = False
        self.is_halfway, self.goes_on = Event(), Event()
        self.goes_on.set()

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Serve a file of the archive."""
        self.asked.append(handler.path)
        file = self.path / "mirror" / unquote(handler.path).lstrip("/")
        if self.is_away or not file.is_file():
            handler.send_error(503 if self.is_away else 404)
            return
        data = file.read_bytes()
        if not self.goes_on.is_set() and in_pool(ZSTD) in unquote(handler.path):
            self.is_halfway.set()
            self.goes_on.wait()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def fetched(self) -> list[str]:
        """Return the names of the packages that the server was asked for, and forget the rest."""
        paths = {unquote(path) for path in self.asked}
        self.asked.clear()
        return sorted(name for name in CONTENT if f"/{in_pool(name)}" in paths)

    def fill(self, **others: object) -> dict[str, Any]:
        """Return what the module answers. others: arguments in the place of the usual ones."""
        arguments: dict[str, object] = {
            "suite": SUITE,
            "architecture": ARCHITECTURE,
            "packages": PACKAGES,
            "sources": [self.address],
        }
        return stand_in.run(store_fill.main, **{**arguments, **others})

    def members(self, answer: dict[str, Any]) -> dict[str, bytes]:
        """Return what the module has packed, and remove that."""
        path = Path(answer["path"])
        assert path.stat().st_size == answer["size"]
        with tarfile.open(path) as tar:
            members = {file.name: tar.extractfile(file).read() for file in tar}  # type: ignore[union-attr]
        shutil.rmtree(path.parent)
        return members


@pytest.fixture
def filler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filler]:
    machine = Filler(tmp_path, Archive())
    (tmp_path / "mirror").mkdir()
    (tmp_path / "passing").mkdir()
    (tmp_path / "debian.asc").write_bytes(machine.archive.keyring)
    machine.archive.publish(tmp_path / "mirror")
    monkeypatch.setattr(fetching, "PLACE", tmp_path / "labocloud/store")
    monkeypatch.setattr(fetching, "KEYRINGS", (tmp_path / "none.pgp", tmp_path / "debian.asc"))
    monkeypatch.setattr(store_fill, "PLACE", tmp_path / "passing")
    monkeypatch.setattr(store_archive, "KEYS", {machine.archive.fingerprint})
    with stand_in.serving(machine.answer) as port:
        machine.address = f"http://127.0.0.1:{port}"
        yield machine


def test_what_lists_of_packages_come_to_is_fetched_and_nothing_stays(filler: Filler) -> None:
    answer = filler.fill()
    assert (answer["changed"], answer["fetched"]) == (True, 2)
    assert filler.fetched() == sorted(CONTENT)
    members = filler.members(answer)
    assert {*members["names"].decode().split()} == CONTENT.keys()
    assert {name: members[f"debs/{name}"] for name in CONTENT} == CONTENT
    assert members["keys/debian.asc"] == filler.archive.keyring
    assert filler.archive.packed() in (data for name, data in members.items() if "xz" in name)
    assert not (filler.path / "labocloud").exists()
    assert not [*(filler.path / "passing").iterdir()]


def test_the_store_takes_what_was_fetched(filler: Filler) -> None:
    path, store = Path(filler.fill()["path"]), filler.path / "kept"
    what: dict[str, Any] = {"suite": SUITE, "architecture": ARCHITECTURE, "wanted": PACKAGES}
    times = {"filled": NOW.timestamp(), "now": NOW.timestamp()}
    assert taking.take(store, "debian-13-amd64", path, **what, **times) == 2
    place = manifest.folder(store, "debian-13-amd64")
    assert {name: (place / name).read_bytes() for name in CONTENT} == CONTENT


def test_what_the_control_machine_has_is_named_and_not_fetched(filler: Filler) -> None:
    answer = filler.fill(held=[ACL])
    assert filler.fetched() == [ZSTD]
    members = filler.members(answer)
    assert {*members["names"].decode().split()} == CONTENT.keys()
    assert [name for name in members if name.startswith("debs/")] == [f"debs/{ZSTD}"]


def test_an_interrupted_fetch_goes_on(filler: Filler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that what it has left whole is not fetched again, and what is not whole is."""
    with monkeypatch.context() as patched:
        patched.setattr(fetching.Fetcher, "pack", lambda *_: (_ for _ in ()).throw(OSError("full")))
        assert filler.fill()["msg"] == "full"
    assert not [*(filler.path / "passing").iterdir()]
    assert filler.fetched() == sorted(CONTENT)
    archives = fetching.PLACE / f"{SUITE}-{ARCHITECTURE}/archives"
    (archives / ACL).write_bytes(CONTENT[ACL][::-1])
    (archives / "partial/left").write_bytes(b"half")
    answer = filler.fill()
    assert (filler.fetched(), answer["fetched"]) == ([ACL], 1)
    assert filler.members(answer)[f"debs/{ACL}"] == CONTENT[ACL]


def test_a_fetch_that_was_killed_goes_on(filler: Filler) -> None:
    """Kill the module, and the apt that it has started, while a package is on its way."""
    filler.goes_on.clear()
    archives = fetching.PLACE / f"{SUITE}-{ARCHITECTURE}/archives"
    command = [sys.executable, "-c", _FETCH, fetching.PLACE, fetching.KEYRINGS[-1], filler.address]
    process = subprocess.Popen(command, cwd=Path(__file__).parent, start_new_session=True)
    try:
        assert filler.is_halfway.wait(120)
        stand_in.wait_until(lambda: (archives / ACL).read_bytes() == CONTENT[ACL])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        filler.goes_on.set()
    assert filler.fetched() == sorted(CONTENT)
    answer = filler.fill()
    assert (filler.fetched(), answer["fetched"]) == ([ZSTD], 1)
    members = filler.members(answer)
    assert {name: members[f"debs/{name}"] for name in CONTENT} == CONTENT


def test_packages_that_the_archive_does_not_have_are_named(filler: Filler) -> None:
    msg = filler.fill(packages=[["acl", "evil"]])["msg"]
    assert "E: Unable to locate package evil" in msg
    assert "Fix: " in msg


def test_an_archive_with_another_key_is_refused(filler: Filler) -> None:
    filler.archive.having(key=Archive().key).publish(filler.path / "mirror")
    msg = filler.fill()["msg"]
    assert "apt cannot fetch the packages" in msg
    assert "room_store_sources" in msg
    assert filler.fetched() == []


def test_a_package_that_is_not_the_signed_one_is_not_handed_over(filler: Filler) -> None:
    (filler.path / "mirror" / in_pool(ACL)).write_bytes(CONTENT[ACL][::-1])
    assert filler.fill()["failed"]
    assert not [*(filler.path / "passing").iterdir()]


def test_an_archive_that_is_away_is_told(filler: Filler) -> None:
    assert "room_store_sources" in filler.fill(sources=["http://127.0.0.1:9"])["msg"]


def test_lists_of_an_earlier_fetch_do_not_stand_for_those_of_an_archive_that_is_away(
    filler: Filler,
) -> None:
    assert "Unable to locate" in filler.fill(packages=[["acl", "evil"]])["msg"]
    filler.is_away = True
    assert "503" in filler.fill()["msg"]
    assert filler.fetched() == []


def test_a_password_in_an_address_is_not_shown(
    filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = filler.path / "programs"
    script = 'echo "E: Failed to fetch http://me:secret@mirror/x" >&2\nexit 100'
    stand_in.program(programs / "apt-get", script)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    msg = filler.fill()["msg"]
    assert "Failed to fetch" in msg
    assert "secret" not in msg


def test_a_machine_without_debians_keys_is_told_what_to_install(filler: Filler) -> None:
    (filler.path / "debian.asc").unlink()
    assert "Fix: install debian-archive-keyring." in filler.fill()["msg"]


def test_a_machine_without_an_archive_is_told(
    filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "own_addresses", list)
    assert "no source of Debian's archive" in filler.fill(sources=[])["msg"]


def test_its_own_archive_is_asked_where_no_other_is_given(
    filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "own_addresses", lambda: [filler.address])
    assert filler.fill(sources=[])["changed"]


@pytest.mark.parametrize("free", [0, 199 * 10**6])
def test_a_disk_that_is_too_full_is_not_filled(
    filler: Filler, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    msg = filler.fill()["msg"]
    assert f"where {free // 10**6} MB are free" in msg
    assert "Fix: make room there." in msg
    assert filler.asked == []


def test_what_a_killed_run_has_left_for_a_day_goes(
    filler: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = passing.make_directory(filler.path / "passing")
    monkeypatch.setattr(passing, "_OLD_SECONDS", -1)
    filler.fill(packages=[["evil"]])
    assert not left.exists()


def test_debians_archives_have_their_suites() -> None:
    text = fetching.sources(["http://m/debian", "http://m/debian-security/"], SUITE, Path("/k"))
    first, second = text.split("\n\n")
    assert "Suites: trixie trixie-updates\n" in first
    assert "Suites: trixie-security\n" in second
