"""Test that an archive is checked before it is loaded, and that wrong images are put back."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import stand_in
from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.action import image_load as loading
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import Places
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered, names, zstd
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.modules import image_load
from image_tar import index, tar
from sample_action import Action

BASE, COURSE = "room:base", "room:python-0123456789ab"
LIST = json.dumps([{"RepoTags": [BASE, COURSE]}]).encode()


def make_image(name: str, command: str) -> dict[str, Any]:
    return {
        "Id": f"sha256:{hashlib.sha256((name + command).encode()).hexdigest()}",
        "RepoTags": [name],
        "Config": {"Cmd": [command]},
        "RootFS": {"Layers": ["sha256:1"]},
        "Architecture": "amd64",
    }


class Seat:
    """A stand-in for an engine that has images, and loads others."""

    def __init__(self, engine: stand_in.Engine, directory: Path) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.loaded = directory / "loaded"
        self.full = False
        self.socket = engine.path
        self.coming: list[dict[str, Any]] = []
        self.untouched: set[str] = set()
        engine.on("GET", r"/images/([^?]+)/json", self.describe)
        engine.on("GET", r"/images/[^?]+/history", [{"CreatedBy": "a"}, {"CreatedBy": "b"}])
        engine.on("POST", r"/images/load\?quiet=1", self.load)
        engine.on("POST", r"/images/([^?]+)/tag\?repo=room&tag=(.*)", self.tag)
        engine.on("DELETE", r"/images/([^?]+)(?:\?.*)?", self.remove)

    def have(self, *images: dict[str, Any]) -> None:
        """Add images to the engine."""
        self.images |= {image["Id"]: image for image in images}

    def named(self) -> dict[str, str]:
        """Return each name with the ID of its image."""
        return {name: image["Id"] for image in self.images.values() for name in image["RepoTags"]}

    def find(self, wanted: str) -> dict[str, Any] | None:
        """Return an image by name or ID, None where there is none."""
        if self.coming and self.loaded.exists():
            for image in self.coming:
                self.take(image["RepoTags"])
            self.have(*self.coming)
            self.coming = []
        return self.images.get(self.named().get(wanted, wanted))

    def load(self, question: stand_in.Question) -> object:
        """Answer docker load."""
        if self.full:
            return {"error": "no space left on device"}
        self.loaded.write_bytes(question.body)
        return {"stream": "Loaded image"}

    def take(self, names: list[str]) -> None:
        """Take names from whichever images have them."""
        for image in self.images.values():
            image["RepoTags"] = [name for name in image["RepoTags"] if name not in names]

    def describe(self, _: stand_in.Question, wanted: str) -> object:
        """Answer an inspection."""
        return self.find(wanted) or stand_in.Refuse(404)

    def tag(self, _: stand_in.Question, key: str, tag: str) -> object:
        """Answer docker tag."""
        self.take([f"room:{tag}"])
        self.images[key]["RepoTags"].append(f"room:{tag}")
        return None

    def remove(self, _: stand_in.Question, wanted: str) -> object:
        """Answer docker image rm."""
        image = self.find(wanted)
        if image is None:
            return stand_in.Refuse(404)
        if image["Id"] in self.untouched:
            return stand_in.Refuse(409)
        self.take([wanted])
        if not image["RepoTags"]:
            del self.images[image["Id"]]
        return []


@pytest.fixture
def seat(
    engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembers: Path
) -> Seat:
    # As zstd is not everywhere where the tests are.
    stand_in.program(tmp_path / "bin/zstd", 'exec cat "$2"')
    monkeypatch.setitem(ENVIRONMENT, "PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    seat = Seat(engine, tmp_path)
    monkeypatch.setattr(image_load, "answer", lambda _: seat.named())
    return seat


@pytest.fixture
def src(tmp_path: Path) -> Iterator[Path]:
    """Yield the path of an archive that has arrived, and check that it is removed in any case."""
    place = tmp_path / "passing"
    place.mkdir()
    yield place / "labocloud-images-0a1b"
    assert list(place.glob("labocloud-images-*")) == list(place.glob("labocloud-images-t*"))


def load(seat: Seat, src: Path, packed: bytes, **others: object) -> dict[str, Any]:
    """Run the module for a base and a revision of the course image."""
    src.write_bytes(packed)
    wanted = {
        BASE: fingerprint(make_image(BASE, "b")),
        COURSE: fingerprint(make_image(COURSE, "c")),
    }
    request = {"sha256": hashlib.sha256(packed).hexdigest(), "images": wanted} | others
    answer = stand_in.run(image_load.main, src=str(src), docker_socket=seat.socket, **request)
    names = None if answer.get("failed") else seat.named()
    assert answer.pop("seat", None) == names
    return answer


def test_a_zstd_that_a_user_put_first_on_the_path_is_not_meant(
    seat: Seat, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    stand_in.program(tmp_path / "zstd", f"touch {tmp_path}/meant")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert load(seat, src, tar(("manifest.json", LIST))) == {"changed": True}
    assert not (tmp_path / "meant").exists()


def test_what_was_asked_for_is_loaded_and_the_base_it_replaces_goes(seat: Seat, src: Path) -> None:
    old = make_image(BASE, "old")
    seat.have(old)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    packed = tar(("manifest.json", LIST))
    assert load(seat, src, packed, forget=old["Id"]) == {"changed": True}
    assert seat.loaded.read_bytes() == packed
    assert set(seat.named()) == {BASE, COURSE}
    assert old["Id"] not in seat.images


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the command `labo`, beside which accounts are told what was delivered."""
    places = Places(folder=tmp_path / "share/labocloud")
    monkeypatch.setattr(names, "PLACES", places)
    folder = places.folder.with_name(f"labocloud-{'0' * 16}")
    folder.mkdir(parents=True)
    places.folder.symlink_to(folder.name)
    return places.program


def test_accounts_are_told_of_an_image_before_it_comes_and_what_the_last_base_was_made_of(
    seat: Seat, src: Path, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show it where the base goes, and where it stays for the time being under another name."""
    old, first, second = (make_image(BASE, command) for command in ("old", "b", "b2"))
    state.update(lambda record: record.name_image(BASE, fingerprint(old)))
    seat.have(old)
    before = []

    def load_image(docker: object, path: Path) -> None:
        before.append(names_in(delivered.read(told)))
        seat.load(mock.Mock(body=path.read_bytes()))

    def names_in(images: list[delivered.Delivered]) -> dict[str, int]:
        return {image["fingerprint"]: image["rows"] for image in images}

    monkeypatch.setattr(image_load, "load", load_image)
    prints = [fingerprint(image) for image in (old, first, second, make_image(COURSE, "c"))]
    packed = tar(("manifest.json", LIST))
    seat.coming = [first, make_image(COURSE, "c")]
    assert load(seat, src, packed, forget=old["Id"])["changed"]
    first["RepoTags"].append("mine:1")
    seat.coming = [second, make_image(COURSE, "c")]
    wanted = {BASE: prints[2], COURSE: prints[3]}
    assert load(seat, src, packed, images=wanted, forget=first["Id"])["changed"]
    assert before == [
        {prints[0]: 0, prints[1]: 0, prints[3]: 0},
        {prints[0]: 2, prints[1]: 0, prints[3]: 0, prints[2]: 0},
    ]
    assert names_in(delivered.read(told)) == {
        prints[0]: 2,
        prints[1]: 2,
        prints[3]: 0,
        prints[2]: 0,
    }
    assert [image["layers"] for image in delivered.read(told)[:2]] == [["sha256:1"]] * 2
    assert delivered.read(told) == state.read().delivered()
    assert (told.with_name(delivered.FILE).stat().st_mode & 0o777) == 0o644


def test_accounts_are_told_no_more_of_what_did_not_come(seat: Seat, src: Path, told: Path) -> None:
    seat.full = True
    assert load(seat, src, tar(("manifest.json", LIST)))["failed"]
    assert told.with_name(delivered.FILE).read_bytes() == delivered.content([])


def test_a_base_that_a_container_runs_or_that_has_another_name_stays(seat: Seat, src: Path) -> None:
    old = make_image(BASE, "old")
    seat.have(old)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    seat.untouched = {old["Id"]}
    assert load(seat, src, tar(("manifest.json", LIST)), forget=old["Id"]) == {"changed": True}
    assert old["Id"] in seat.images
    old["RepoTags"] = ["mine:1"]
    seat.untouched = set()
    assert load(seat, src, tar(("manifest.json", LIST)), forget=old["Id"]) == {"changed": True}
    assert old["Id"] in seat.images


@pytest.mark.parametrize(
    "packed",
    [
        tar(("manifest.json", LIST.replace(COURSE.encode(), b"room:python"))),
        tar(("manifest.json", LIST), ("index.json", index("debian:12"))),
    ],
)
def test_names_nobody_asked_for_are_refused_first(seat: Seat, src: Path, packed: bytes) -> None:
    answer = load(seat, src, packed)
    assert answer["failed"]
    assert "which nobody asked for" in answer["msg"]
    assert not seat.loaded.exists()


def test_a_torn_archive_is_refused_before_the_load(seat: Seat, src: Path) -> None:
    answer = load(seat, src, tar(("manifest.json", LIST)), sha256="0" * 64)
    assert "torn or altered" in answer["msg"]
    assert not seat.loaded.exists()


def test_what_came_as_another_image_leaves_the_names_as_they_were(seat: Seat, src: Path) -> None:
    """Show that the base's name goes back, and the revision, which had none, is gone again."""
    old = make_image(BASE, "old")
    seat.have(old)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "evil")]
    answer = load(seat, src, tar(("manifest.json", LIST)))
    assert f"{COURSE} came as another image" in answer["msg"]
    assert seat.named() == {BASE: old["Id"]}
    assert set(seat.images) == {old["Id"]}


def test_what_the_engine_says_of_a_full_disk_is_told(seat: Seat, src: Path) -> None:
    seat.full = True
    answer = load(seat, src, tar(("manifest.json", LIST)))
    assert answer["msg"] == "no space left on device"


def test_what_a_killed_run_left_is_removed_a_day_later(seat: Seat, src: Path) -> None:
    """Show it for the archives, and for the directories that they were moved to."""
    yesterday = time.time() - 25 * 60 * 60
    place = src.parent
    for name in ("labocloud-images-old", "labocloud-images-today", "labocloud-saved-x", "mine"):
        (place / name).mkdir()
        (place / name / "images.tar.zst").touch()
        if "today" not in name:
            os.utime(place / name, (yesterday, yesterday))
    (place / "labocloud-images-sent").touch()
    os.utime(place / "labocloud-images-sent", (yesterday, yesterday))
    theirs = place / "labocloud-images-theirs"
    theirs.mkdir()
    os.utime(theirs, (yesterday, yesterday))
    shutil.chown(theirs, 12345) if os.geteuid() == 0 else theirs.rmdir()
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    assert load(seat, src, tar(("manifest.json", LIST))) == {"changed": True}
    left = {path.name for path in place.iterdir()} - {theirs.name}
    assert left == {"labocloud-images-today", "labocloud-saved-x", "mine"}
    assert theirs.exists() == (os.geteuid() == 0)


def test_where_only_the_question_after_it_was_late_the_images_are_not_said_to_be_lacking(
    seat: Seat, src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: object) -> None:
        raise image_load.LateError("no answer within 120 s")

    monkeypatch.setattr(image_load, "answer", late)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    answer = load(seat, src, tar(("manifest.json", LIST)))
    assert (answer["failed"], answer["changed"], answer["msg"]) == (
        True,
        True,
        "no answer within 120 s",
    )
    with pytest.raises(AnsibleActionFail) as failed:
        Action(loading, answer).run("pc07")
    assert str(failed.value) == "pc07: no answer within 120 s"
    with pytest.raises(AnsibleActionFail, match="pc07 keeps the images"):
        Action(loading, {"failed": True, "msg": "x"}).run("pc07")


def test_what_came_is_remembered_and_has_the_courses_name(seat: Seat, src: Path) -> None:
    old = make_image("room:python", "old")
    seat.have(old)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    packed = tar(("manifest.json", LIST))
    assert load(seat, src, packed, names={"room:python": COURSE}) == {"changed": True}
    assert seat.named()["room:python"] == make_image(COURSE, "c")["Id"]
    # The course's name is for another image soon: it is no mark of the toolkit's.
    assert state.read().built["images"] == {
        BASE: fingerprint(make_image(BASE, "b")),
        COURSE: fingerprint(make_image(COURSE, "c")),
    }


def test_what_did_not_come_is_not_remembered(seat: Seat, src: Path) -> None:
    """Show also that the page is not started from such an image."""
    previous = fingerprint(make_image(BASE, "old"))
    state.update(lambda record: record.name_image(BASE, previous))
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "evil")]
    packed = tar(("manifest.json", LIST))
    assert load(seat, src, packed, names={"room:python": COURSE})["failed"]
    assert state.read().built["images"] == {BASE: previous}
    assert "room:python" not in seat.named()


def test_it_is_remembered_before_it_comes(
    seat: Seat, src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show that a run that is killed while it loads leaves a record of its images."""
    recorded = {}

    def loading(*_: object) -> None:
        recorded.update(state.read().built["images"])
        seat.loaded.touch()

    monkeypatch.setattr(image_load, "load", loading)
    seat.coming = [make_image(BASE, "b"), make_image(COURSE, "c")]
    assert load(seat, src, tar(("manifest.json", LIST)))["changed"]
    assert set(recorded) == {BASE, COURSE}


def test_what_cannot_be_remembered_is_not_loaded(seat: Seat, src: Path, remembers: Path) -> None:
    remembers.mkdir()
    (remembers / "state.json").write_text("{")
    answer = load(seat, src, tar(("manifest.json", LIST)))
    assert "cannot be read" in answer["msg"]
    assert not seat.loaded.exists()


def test_what_arrives_is_taken_to_where_nobody_else_comes(
    seat: Seat, src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show that the sender cannot alter the archive between the check and the load."""
    seen = []

    def look(archive: Path, *_: object) -> None:
        seen.extend((archive.parent.stat().st_mode & 0o777, archive.stat().st_mode & 0o777))
        seen.append(src.exists())
        raise image_load.WrongArchiveError("enough")

    monkeypatch.setattr(image_load, "check", look)
    assert load(seat, src, b"x")["msg"] == "enough"
    assert seen == [0o700, 0o600, False]


def test_a_link_that_arrives_is_no_archive(seat: Seat, src: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    src.symlink_to(tmp_path / "secret")
    answer = stand_in.run(
        image_load.main, src=str(src), sha256="0" * 64, images={}, docker_socket=seat.socket
    )
    assert answer["msg"] == "what arrived is no file"
    assert (tmp_path / "secret").exists()


@pytest.mark.parametrize("reads", ["its names", "all"])
def test_a_zstd_that_ends_early_says_why(seat: Seat, src: Path, tmp_path: Path, reads: str) -> None:
    """Show that zstd's reason is kept: who reads its output only sees that something lacks."""
    packed = tar(("manifest.json", LIST))
    limit = "-c 700" if reads == "its names" else "-c 100000"
    script = f'#!/bin/sh\nhead {limit} "$2"; echo "torn: checksum" >&2; exit 1\n'
    (tmp_path / "bin/zstd").write_text(script)
    assert load(seat, src, packed)["msg"] == "torn: checksum"


def test_who_stops_reading_has_the_say(tmp_path: Path) -> None:
    """Show that the reader's error is raised, and not that of zstd, which stops because of it."""
    archive = tmp_path / "archive"
    archive.write_bytes(b"x" * 10**6)
    stand_in.program(tmp_path / "zstd", 'exec cat "$2"')
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    with (
        mock.patch.dict(ENVIRONMENT, path),
        pytest.raises(KeyError),
        zstd.unpacked(archive) as data,
    ):
        raise KeyError(data.read(1))
