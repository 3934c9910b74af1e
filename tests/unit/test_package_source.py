"""Test how a machine is offered the room's store, and sent what it lacks of it."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import stand_in
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.labocloud.room.plugins.action import package_source as action_plugin
from ansible_collections.labocloud.room.plugins.module_utils import package_source
from ansible_collections.labocloud.room.plugins.modules import package_source as module
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import PARTS
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest, sending
from sample_action import Action
from sample_seat import NAME, seat

PART = "debian-13-amd64"
ACL, ZSTD = "acl_2.3.2-2+b1_amd64.deb", "zstd_1%3a1.5.7_amd64.deb"
INDEX = {"InRelease": "signed", "Packages": "Package: acl"}
PLAN = {"files": [ACL], "problem": ""}


def filled(store: Path) -> manifest.Release:
    """Fill a store with two packages, and return what its manifest has of them."""
    place = manifest.folder(store, PART)
    place.mkdir(parents=True)
    content = {ACL: b"acl's", ZSTD: b"zstd's"}
    for name, text in INDEX.items():
        (place / name).write_text(text)
    for name, data in content.items():
        (place / name).write_bytes(data)
    release: manifest.Release = {
        "suite": "trixie",
        "architecture": "amd64",
        "filled": 1_795_500_000,
        "wanted": [["acl", "zstd"]],
        "key": "the key",
        "index": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in INDEX.items()},
        "files": {
            name: {
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
                "version": "1",
                "source": "acl",
            }
            for name, data in content.items()
        },
    }
    manifest.write(store, {PART: release})
    return release


class Offer:
    """A machine that is offered a store by the action, and what it answers, call by call."""

    def __init__(
        self, store: Path, *answers: object, part: str = PART, check: bool = False
    ) -> None:
        self.sent: list[dict[str, bytes]] = []
        connection = mock.Mock()
        connection.put_file = self._receive
        arguments = {"packages": ["acl"], "going": ["docker-ce"]}
        self.action = Action(action_plugin, None, connection, check=check, **arguments)
        self.answers = list(answers)
        self.action.action._execute_module = self._answer
        verdict = {"packages": {"store": part, "own": ["tini"]}}
        facts = {"seat": seat(), "verdict": {**dict.fromkeys(PARTS), **verdict}}
        self.result = self.action.run(NAME, facts, room_store_directory=str(store))

    def _answer(self, module_args: dict[str, Any], **_: object) -> Mapping[str, object]:
        self.action.questions.append(module_args)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _receive(self, path: str, _: str) -> None:
        with tarfile.open(path) as tar:
            self.sent.append({file.name: tar.extractfile(file).read() for file in tar})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    filled(tmp_path / "store")
    return tmp_path / "store"


def test_a_machine_is_sent_what_it_lacks_and_nothing_else(store: Path) -> None:
    offer = Offer(store, PLAN, {"changed": True})
    plan, take = offer.action.questions
    assert (plan["packages"], plan["going"], plan["own"]) == (["acl"], ["docker-ce"], ["tini"])
    assert plan["index"] == INDEX
    assert "URIs: file:/var/lib/labocloud/packages" in plan["source"]
    assert "the key" in plan["source"]
    assert offer.sent == [{ACL: b"acl's"}]
    assert set(take) == {"src", "sha256"}
    assert offer.result["environment"] == {"APT_CONFIG": "/run/labocloud/apt/apt.conf"}
    assert offer.result["changed"]


def test_a_machine_that_lacks_nothing_is_sent_nothing(store: Path) -> None:
    offer = Offer(store, {"files": [], "problem": ""})
    assert (offer.sent, offer.result["changed"]) == ([], False)
    assert offer.result["environment"]


def test_where_the_store_is_not_used_the_machine_is_not_asked(store: Path) -> None:
    for offer in (Offer(store, part=""), Offer(store, check=True)):
        assert offer.result == {"changed": False, "environment": {}}


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([{"files": [], "problem": "apt would remove foreign"}], "apt would remove foreign"),
        ([{"failed": True, "msg": "apt refuses it."}], "apt refuses it"),
        ([AnsibleError("it hangs")], "it hangs"),
        ([{"files": ["/etc/shadow"], "problem": ""}], "packages that are not in the store"),
        ([{"files": "acl", "problem": ""}], "packages that are not in the store"),
        ([{"files": [[]], "problem": ""}], "packages that are not in the store"),
        ([{}], "packages that are not in the store"),
        ([PLAN, {"failed": True, "msg": "No space left"}], "No space left"),
        ([PLAN, AnsibleError("late")], "late"),
    ],
)
def test_a_machine_that_cannot_have_it_is_told_of_and_has_its_own_sources(
    store: Path, answers: list[object], why: str
) -> None:
    result = Offer(store, *answers).result
    assert (result["changed"], result["environment"]) == (False, {})
    [warning] = result["warnings"]
    assert warning.startswith(f"{NAME} fetches its packages by itself, not from the store: ")
    assert why in warning


def test_a_connection_that_breaks_is_no_matter_of_the_store(store: Path) -> None:
    with pytest.raises(AnsibleConnectionFailure):
        Offer(store, AnsibleConnectionFailure("broken"))


def test_a_store_without_the_release_is_told_of(store: Path) -> None:
    [warning] = Offer(store, part="debian-12-amd64").result["warnings"]
    assert "has no packages for debian-12-amd64" in warning


def test_a_package_that_was_changed_since_is_not_sent(store: Path) -> None:
    (manifest.folder(store, PART) / ACL).write_bytes(b"other")
    offer = Offer(store, PLAN)
    assert offer.sent == []
    assert f"{ACL} was changed in the store since it was fetched" in offer.result["warnings"][0]


def test_what_several_machines_lack_is_packed_once(store: Path) -> None:
    release = manifest.read(store)[PART]
    first = sending.archive_of(store, PART, release, [ACL, ZSTD])
    written = first[0].stat().st_mtime_ns
    assert sending.archive_of(store, PART, release, [ACL, ZSTD]) == first
    assert first[0].stat().st_mtime_ns == written
    other, _ = sending.archive_of(store, PART, release, [ACL])
    assert {*first[0].parent.iterdir()} == {first[0], other}
    # One that was torn is packed anew, and so are a killed run's remains.
    first[0].write_bytes(b"torn")
    (other.parent / "part").touch()
    assert sending.archive_of(store, PART, release, [ACL, ZSTD]) == first
    assert {*first[0].parent.iterdir()} == {first[0], other}
    sending.forget(store)
    assert not other.parent.exists()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the module write below a directory of the test's, and return that."""
    monkeypatch.setattr(package_source, "PLACE", tmp_path / "run")
    monkeypatch.setattr(package_source, "PACKAGES", tmp_path / "packages")
    (tmp_path / "packages").mkdir()
    return tmp_path


def tar_of(path: Path, *members: tuple[str, bytes | None]) -> dict[str, str]:
    """Write a tar file, and return the module's arguments for it. Members without bytes: links."""
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/shadow"
            info.size = len(data or b"")
            tar.addfile(info, io.BytesIO(data or b""))
    return {"src": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_the_machine_takes_what_arrived(places: Path) -> None:
    arguments = tar_of(places / "sent", (ACL, b"acl's"), (ZSTD, b"zstd's"))
    assert stand_in.run(module.main, **arguments)["changed"]
    there = {path.name: path.read_bytes() for path in (places / "packages").iterdir()}
    assert there == {ACL: b"acl's", ZSTD: b"zstd's"}
    assert not (places / "sent").exists()


def test_what_arrived_torn_is_refused(places: Path) -> None:
    arguments = tar_of(places / "sent", (ACL, b"acl's"))
    (places / "sent").write_bytes(b"torn")
    assert "torn or altered" in stand_in.run(module.main, **arguments)["msg"]
    arguments = tar_of(places / "sent", (ACL, b"acl's"))
    data = (places / "sent").read_bytes()[:600]
    (places / "sent").write_bytes(data)
    arguments["sha256"] = hashlib.sha256(data).hexdigest()
    assert "cannot be unpacked" in stand_in.run(module.main, **arguments)["msg"]


@pytest.mark.parametrize("member", [("../x.deb", b"x"), ("x", b"x"), (ACL, None)])
def test_nothing_but_packages_is_taken(places: Path, member: tuple[str, bytes | None]) -> None:
    answer = stand_in.run(module.main, **tar_of(places / "sent", member))
    assert "is no package" in answer["msg"]
    assert not list((places / "packages").iterdir())


def test_what_was_sent_goes(places: Path) -> None:
    (places / "run").mkdir()
    package_source.close_source()
    assert not list(places.iterdir())
    package_source.close_source()
