"""Show that seat_save loses nothing with an engine that hangs, refuses, dies or lies."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.module_utils.engine import access, client
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.reset import halting, lock, stamps
from ansible_collections.labocloud.room.plugins.modules import seat_save

A, B = "a" * 64, "b" * 64
IMAGE = "sha256:" + "c" * 64
TAG = {key: f"labocloud-saved:{key.removeprefix('sha256:')[:12]}" for key in (A, B, IMAGE)}


class Seat:
    """An engine with containers, a volume and an image, and a directory to save in."""

    def __init__(self, engine: stand_in.Engine, directory: Path) -> None:
        self.engine = engine
        self.dest = directory / "labocloud-saved-mine"
        self.dest.mkdir()
        self.containers: dict[str, dict[str, Any]] = {}
        self.tags = {IMAGE: ["tp3:1", "other:2"]}
        self.layer: Path | None = None
        self.volumes = directory / "volumes"
        for path in ("data", "size"):
            (self.volumes / path / "_data").mkdir(parents=True)
            (self.volumes / path / "_data/file").write_text("precious")
        engine.on("GET", "/containers/(.*)/json", lambda _, key: self.container(key))
        engine.on("POST", r"/containers/(.*)/(pause|unpause|stop|start)(?:\?t=0)?", self.turn)
        engine.on("POST", "/commit.*", {"Id": "sha256:1"})
        engine.on("POST", f"/images/{IMAGE}/tag.*", self.tag)
        engine.on("GET", f"/images/{IMAGE}/json", {"Id": IMAGE})
        engine.on("GET", "/images/(labocloud-saved.*)/json", self.image)
        engine.on("DELETE", "/images/.*", [])
        engine.on("GET", "/images/get.*", self.archive)
        engine.on("GET", "/volumes/(.*)", self.volume)

    def add(self, key: str, status: str = "running") -> None:
        """Add a container, in a state as docker ps calls it."""
        self.containers[key] = {
            "Running": status in ("running", "paused", "restarting"),
            "Paused": status == "paused",
            "Restarting": status == "restarting",
            "StartedAt": "then",
        }

    def container(self, key: str) -> object:
        """Describe a container."""
        if key not in self.containers:
            return stand_in.Refuse(404)
        layer = {"GraphDriver": {"Data": {"UpperDir": str(self.layer)}}} if self.layer else {}
        state = dict(self.containers[key])
        made = {
            "Image": IMAGE,
            "Config": {"Hostname": "", "Labels": None},
            "HostConfig": {"NetworkMode": "bridge"},
            "Mounts": [],
        }
        return {"Id": key, "Name": f"/{key[0]}-name", "State": state, **made, **layer}

    def turn(self, _: stand_in.Question, key: str, verb: str) -> object:
        """Pause a container, and the like, as an engine would, or refuse."""
        state = self.containers[key]
        if verb == "pause" and (state["Paused"] or state["Restarting"] or not state["Running"]):
            return stand_in.Refuse(409, "it is not running")
        if verb == "unpause" and not state["Paused"]:
            return stand_in.Refuse(409, "it is not paused")
        if verb in ("pause", "unpause"):
            state["Paused"] = verb == "pause"
        else:
            state |= {"Running": verb == "start", "Restarting": False}
        return None

    def tag(self, question: stand_in.Question) -> object:
        """Add a name to the image."""
        self.tags[IMAGE].append(":".join(re.findall(r"(?:repo|tag)=([^&]+)", question.path)))
        return None

    def image(self, _: stand_in.Question, name: str) -> object:
        """Describe the image of a name: the students', or a commit."""
        for key, tags in self.tags.items():
            if name in tags:
                return {"Id": key, "RepoTags": tags}
        return {"Id": "sha256:1", "RepoTags": [name]}

    @staticmethod
    def archive(question: stand_in.Question) -> object:
        """Return an archive of the requested names."""
        names = re.findall("names=([^&]+)", question.path)
        return stand_in.Raw(image_tar.images(*names))

    def volume(self, _: stand_in.Question, name: str) -> object:
        """Describe a volume."""
        options = {
            "data": None,
            "size": {"size": "1G"},
            "bind": {"type": "none", "o": "bind", "device": "/home"},
            "memory": {"type": "tmpfs", "device": "tmpfs"},
        }.get(name)
        driver = "rexray" if name == "elsewhere" else "local"
        place = str(self.volumes / name / "_data")
        return {"Name": name, "Driver": driver, "Options": options, "Mountpoint": place}

    def save(self, **arguments: object) -> dict[str, Any]:
        """Save what is asked, by default all containers."""
        arguments = {"containers": list(self.containers), "dest": str(self.dest)} | arguments
        return stand_in.run(seat_save.main, docker_socket=self.engine.path, **arguments)

    def mode(self) -> int:
        """Return the permission bits of the engine's socket."""
        return os.stat(self.engine.path).st_mode & 0o777

    def paused(self) -> list[str]:
        """Return the containers that are paused."""
        return [key for key, state in self.containers.items() if state["Paused"]]

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of what was saved."""
        return json.loads((self.dest / "manifest.json").read_text())


@pytest.fixture
def seat(
    engine: stand_in.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seat]:
    monkeypatch.setattr(lock, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(halting, "HALTED", tmp_path / "halted.json")
    monkeypatch.setattr(halting, "RETURNS", 60)
    monkeypatch.setattr(halting, "BETWEEN", 0.01)
    monkeypatch.setattr(access, "SYSTEMD", "/nonexistent")
    os.chmod(engine.path, 0o660)
    return Seat(engine, tmp_path)


def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, script: str) -> None:
    """Put a command first on the path of those that the module runs."""
    stand_in.program(tmp_path / "bin" / name, script)
    path = commands.ENVIRONMENT["PATH"]
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", f"{tmp_path}/bin:{path}")


def unpacked(path: Path, *words: str) -> str:
    command = ["tar", "--zstd", *words, "-f", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_all_is_saved_and_stays_halted(seat: Seat) -> None:
    seat.add(A)
    seat.add(B, "exited")
    result = seat.save(volumes=["data"], images=[{"id": IMAGE, "names": ["tp3:1", TAG[A]]}])
    assert not result.get("failed"), result
    assert result["changed"] is True
    assert list(result["files"]) == ["images.tar.zst", "volumes.tar.zst", "manifest.json"]
    assert result["sizes"] == {path.name: path.stat().st_size for path in seat.dest.iterdir()}
    assert result["files"] == {path.name: digest(path) for path in seat.dest.iterdir()}
    assert {path.stat().st_mode & 0o777 for path in seat.dest.iterdir()} == {0o600}
    assert seat.paused() == [A]
    # The name that a restore gave the image is nobody's work.
    assert seat.manifest()["images"] == [{"tag": TAG[IMAGE], "id": IMAGE, "names": ["tp3:1"]}]
    assert seat.engine.asked("GET").count(
        f"/images/get?names={TAG[A]}&names={TAG[B]}&names={TAG[IMAGE]}"
    )
    # The images of the archive are removed, the image of the students never.
    assert seat.engine.asked("DELETE") == [
        f"/images/{TAG[key]}?noprune=true" for key in (A, B, IMAGE)
    ]
    assert "data/_data/file" in unpacked(seat.dest / "volumes.tar.zst", "-t")


def test_a_name_of_its_own_stays_where_it_is_the_last_of_an_image(seat: Seat) -> None:
    seat.tags[IMAGE] = []
    assert not seat.save(images=[{"id": IMAGE, "names": ["tp3:1"]}]).get("failed")
    assert seat.engine.asked("DELETE") == []


def test_an_image_without_names_is_not_saved(seat: Seat) -> None:
    result = seat.save(images=[{"id": IMAGE, "names": []}, {"id": "sha256:gone", "names": ["a:1"]}])
    assert list(result["files"]) == ["manifest.json"]


def test_nothing_is_given_to_a_docker_or_a_tar_of_a_users(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("docker", "tar", "zstd"):
        stand_in.program(tmp_path / name, "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    seat.add(A)
    assert not seat.save(volumes=["data"]).get("failed")


@pytest.mark.parametrize("bad", [stand_in.HANG, stand_in.DROP, stand_in.Refuse(500, "disk full")])
def test_containers_go_on_after_a_commit_that_does_not_come(
    seat: Seat, monkeypatch: pytest.MonkeyPatch, bad: object
) -> None:
    """The engine hangs altogether, or breaks off; it answers the next request again."""
    monkeypatch.setattr(seat_save, "PATIENT", client.Patience(0.1, pause=0.1))

    def commit(_: stand_in.Question) -> object:
        # The first ping gets no answer, the second one does.
        pings = iter([bad])
        seat.engine.on("GET", "/_ping", lambda _: next(pings, stand_in.Raw(b"OK")))
        return bad

    seat.engine.on("POST", "/commit.*", commit)
    for key in (A, B):
        seat.add(key)
    result = seat.save()
    assert result["failed"]
    assert "cannot save" in result["msg"]
    assert "docker unpause" not in result["msg"]
    assert seat.paused() == []


def test_a_commit_is_waited_for_as_long_as_the_engine_answers(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_save, "PATIENT", client.Patience(pause=0.05))
    handle = stand_in.Handler.send

    def slow(handler: stand_in.Handler, *answer: object) -> None:
        # Even on a slow machine, the module has looked several times before the commit exists.
        until = time.monotonic() + 30
        while handler.path.endswith("pause=false") and looks() < 5 and time.monotonic() < until:
            time.sleep(0.01)
        handle(handler, *answer)

    def looks() -> int:
        return seat.engine.asked("GET").count("/_ping")

    monkeypatch.setattr(stand_in.Handler, "send", slow)
    seat.add(A)
    assert not seat.save().get("failed")
    assert looks() >= 5


def test_nobody_is_waited_for_for_ever(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat_save, "PATIENT", client.Patience(pause=0.05, longest=0.2))
    seat.engine.on("POST", "/commit.*", stand_in.HANG)
    seat.add(A)
    assert "has not answered for" in seat.save()["msg"]
    assert seat.paused() == []


def test_an_engine_that_comes_back_is_asked_again(seat: Seat) -> None:
    seat.engine.on("POST", "/commit.*", stand_in.DROP)
    answers = iter([stand_in.DROP, stand_in.Refuse(500)])
    turn = seat.turn
    seat.engine.on(
        "POST",
        "/containers/(.*)/(unpause)",
        lambda question, *words: next(answers, None) or turn(question, *words),
    )
    seat.add(A)
    assert "docker unpause" not in seat.save()["msg"]
    assert seat.paused() == []


def test_those_that_cannot_go_on_are_named(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halting, "RETURNS", 0)
    seat.engine.on("POST", "/commit.*", stand_in.Refuse(500))
    seat.engine.on("POST", f"/containers/{B}/unpause", stand_in.Refuse(500))
    for key in (A, B):
        seat.add(key)
    assert f"Fix: docker unpause {B[:12]}" in seat.save()["msg"]
    assert seat.paused() == [B]
    # The record of the halted containers stays.
    seat.engine.on("POST", f"/containers/({B})/(unpause)", seat.turn)
    assert not seat.save(state="absent").get("failed")
    assert seat.paused() == []


def test_one_that_is_described_by_half_is_asked_again_and_named(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halting, "RETURNS", 0)

    def break_off(_: stand_in.Question) -> object:
        seat.engine.on("GET", f"/containers/{A}/json", {})
        return stand_in.Refuse(500)

    seat.engine.on("POST", "/commit.*", break_off)
    seat.add(A)
    assert f"Fix: docker unpause {A[:12]}" in seat.save()["msg"]


def test_the_name_of_a_containers_files_goes_however_their_image_is_described(seat: Seat) -> None:
    seat.engine.on("GET", f"/images/{TAG[A]}/json", {"RepoTags": "odd"})
    seat.add(A)
    assert not seat.save().get("failed")
    assert f"/images/{TAG[A]}?noprune=true" in seat.engine.asked("DELETE")


def test_what_a_student_has_paused_stays_so(seat: Seat) -> None:
    seat.engine.on("POST", "/commit.*", stand_in.Refuse(500))
    seat.add(A, "paused")
    seat.add(B)
    assert seat.save()["failed"]
    assert seat.paused() == [A]


def test_a_container_that_runs_and_cannot_be_paused_is_not_saved(seat: Seat) -> None:
    seat.engine.on("POST", f"/containers/{B}/pause", stand_in.Refuse(500, "no freezer"))
    for key in (A, B):
        seat.add(key)
    result = seat.save()
    assert result["failed"]
    assert "b-name runs, and cannot be paused" in result["msg"]
    assert "no freezer" in result["msg"]
    assert seat.paused() == []


@pytest.mark.parametrize("ends", ["exited", "gone"])
def test_a_container_that_ends_just_now_needs_no_pause(seat: Seat, ends: str) -> None:
    def pause(_: stand_in.Question) -> object:
        if ends == "gone":
            del seat.containers[A]
            return stand_in.Refuse(404)
        seat.containers[A]["Running"] = False
        return stand_in.Refuse(409, "is not running")

    seat.add(A)
    seat.engine.on("POST", f"/containers/{A}/pause", pause)
    result = seat.save(containers=[A])
    assert not result.get("failed"), result
    assert len(seat.manifest()["containers"]) == (ends == "exited")
    seat.save(state="absent")
    assert f"/containers/{A}/start" not in seat.engine.asked("POST")


@pytest.mark.parametrize("fails", [True, False])
def test_a_container_between_two_starts_is_stopped(seat: Seat, fails: bool) -> None:
    seat.add(A, "restarting")
    if fails:
        seat.engine.on("POST", "/commit.*", stand_in.Refuse(500))
    assert seat.save().get("failed", False) is fails
    assert seat.containers[A]["Running"] is fails


@pytest.mark.parametrize("does", ["starts", "is unpaused", "has run"])
def test_what_ran_while_it_was_saved_is_not_saved(seat: Seat, does: str) -> None:
    change = {
        "starts": {"Running": True, "Paused": False},
        "is unpaused": {"Paused": False},
        "has run": {"StartedAt": "now"},
    }[does]

    def archive(question: stand_in.Question) -> object:
        """Return an archive of the requested names."""
        seat.containers[A] |= change
        return seat.archive(question)

    seat.add(A, "running" if does == "is unpaused" else "exited")
    seat.engine.on("GET", "/images/get.*", archive)
    assert "a-name ran while it was saved" in seat.save()["msg"]


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("tar", "echo data; echo tar is broken >&2; exit 1"),
        ("zstd", "cat > /dev/null; for last; do :; done; echo x > $last; exit 1"),
        ("zstd", "echo no space left >&2; exit 1"),
    ],
)
def test_a_command_that_fails_alone_is_never_followed_by_a_removal(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str
) -> None:
    command(monkeypatch, tmp_path, name, script)
    seat.add(A)
    for arguments in ({"volumes": ["data"]}, {"containers": [], "volumes": ["data"]}):
        result = seat.save(**arguments)
        assert result["failed"]
        assert "files" not in result
        assert seat.paused() == []
    for reason in re.findall("echo ([a-z ]{5,}) >", script):
        assert reason in result["msg"]


@pytest.mark.parametrize(
    "bad",
    [
        image_tar.images(TAG[A])[:9000],
        image_tar.images(TAG[A])[:20000] + b'{"error": "disk"}',
        image_tar.images(),
        image_tar.images(TAG[A], TAG[B]),
        image_tar.tar((image_tar.LAYER, b"a"), ("manifest.json", image_tar.manifest(TAG[A]))),
        b"",
    ],
    ids=["cut off", "an error for the rest", "no name", "another name", "no config", "nothing"],
)
def test_images_that_are_not_given_whole_are_not_saved(seat: Seat, bad: bytes) -> None:
    """An engine that fails half-way ends its answer as if it were complete."""
    seat.add(A)
    seat.engine.on("GET", "/images/get.*", stand_in.Raw(bad))
    assert seat.save()["failed"]
    assert seat.paused() == []


@pytest.mark.parametrize("lost", ["Driver", "Mountpoint"])
def test_a_volume_that_is_described_by_half_is_not_saved(seat: Seat, lost: str) -> None:
    whole = {"Name": "data", "Driver": "local", "Mountpoint": str(seat.volumes / "data/_data")}
    del whole[lost]
    seat.engine.on("GET", "/volumes/(.*)", whole)
    assert f"volumes.data.{lost} lacks" in seat.save(volumes=["data"])["msg"]


def test_a_volume_of_another_driver_is_named(seat: Seat) -> None:
    result = seat.save(volumes=["elsewhere"])
    assert "the volume elsewhere is kept by the driver rexray" in result["msg"]


def test_the_data_of_a_volume_are_saved_unless_they_are_on_a_device_of_its_own(seat: Seat) -> None:
    result = seat.save(volumes=["size", "bind", "memory"])
    assert not result.get("failed"), result
    names = unpacked(seat.dest / "volumes.tar.zst", "-t").split()
    assert names == ["size/_data/", "size/_data/file"]
    assert [volume["Name"] for volume in seat.manifest()["volumes"]] == ["size", "bind", "memory"]


def test_a_socket_in_a_volume_is_told(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.chdir(seat.volumes / "data/_data")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("été.sock")
        result = seat.save(volumes=["data"])
    assert result["left_out"] == ["data/_data/été.sock"]
    assert seat.manifest()["left_out"] == result["left_out"]
    assert "data/_data/pipe" in unpacked(seat.dest / "volumes.tar.zst", "-t")


def test_nothing_is_begun_where_too_little_is_free(seat: Seat) -> None:
    left = seat.dest.with_name("labocloud-saved-other")
    left.mkdir()
    seat.add(A)
    result = seat.save(bytes=10**15)
    assert "1000000000 MB are to be saved" in result["msg"]
    assert f"Fix: rm -r {left}," in result["msg"]
    # Any account can make a directory there, with any name.
    seat.dest.with_name("labocloud-saved-x;sh $HOME").mkdir()
    result = seat.save(bytes=10**15)
    assert f"Fix: rm -r {left} '{left.with_name('labocloud-saved-x;sh $HOME')}'," in result["msg"]
    assert seat.engine.asked("POST") == []


@pytest.mark.parametrize(
    ("unfinished", "hours", "stays"),
    [(False, 1, True), (False, 13, False), (True, 0, False), (False, -13, False)],
)
def test_another_runs_files_stay_as_long_as_it_may_fetch_them(
    seat: Seat, unfinished: bool, hours: int, stays: bool
) -> None:
    other = seat.dest.with_name("labocloud-saved-other")
    other.mkdir()
    (other / "manifest.json").touch()
    if unfinished:
        (other / lock.UNFINISHED).touch()
    modified = time.time() - hours * 3600
    for path in (*other.iterdir(), other):
        os.utime(path, (modified, modified))
    os.utime(seat.dest, (0, 0))
    file = seat.dest.with_name("labocloud-saved-a-file")
    file.touch()
    assert not seat.save(volumes=["data"]).get("failed")
    assert other.exists() is stays
    assert file.exists()
    assert seat.dest.exists()
    assert not (seat.dest / lock.UNFINISHED).exists()


def test_a_run_does_not_let_go_on_what_another_saves(seat: Seat, tmp_path: Path) -> None:
    """Otherwise a container would write on between its copy and its removal."""
    seat.add(A)
    second = tmp_path / "labocloud-saved-second"
    second.mkdir()
    assert not seat.save().get("failed")
    assert not seat.save(dest=str(second)).get("failed")
    assert not seat.save(state="absent").get("failed")
    assert seat.paused() == [A]
    assert not seat.save(state="absent", dest=str(second)).get("failed")
    assert seat.paused() == []


def test_what_a_run_that_was_killed_has_paused_goes_on_with_the_next_that_fails(
    seat: Seat, tmp_path: Path
) -> None:
    seat.add(A)
    assert not seat.save().get("failed")
    # The run was killed before its end: its directory goes with the next run.
    (seat.dest / lock.UNFINISHED).touch()
    second = tmp_path / "labocloud-saved-second"
    second.mkdir()
    seat.engine.on("POST", "/commit.*", stand_in.Refuse(500))
    assert seat.save(dest=str(second))["failed"]
    assert seat.paused() == []


def test_what_goes_on_already_or_is_gone_is_not_asked_to(seat: Seat) -> None:
    for key, status in ((A, "running"), (B, "running"), ("d" * 64, "restarting")):
        seat.add(key, status)
    assert not seat.save().get("failed")
    del seat.containers[A]
    seat.containers[B]["Paused"] = False
    seat.containers["d" * 64]["Running"] = True
    before = len(seat.engine.asked("POST"))
    assert not seat.save(state="absent").get("failed")
    assert len(seat.engine.asked("POST")) == before


def test_volumes_are_read_with_the_rights_of_their_engine_alone(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.DockerConnection, "with_its_rights", lambda *_: ["false"])
    assert seat.save(volumes=["data"])["failed"] is True


@pytest.mark.parametrize("ends", ["saved", "given up", "failed"])
def test_students_are_kept_out_from_before_anything_is_read(seat: Seat, ends: str) -> None:
    modes = []

    def note(question: stand_in.Question, *words: str) -> object:
        modes.append(seat.mode())
        return seat.turn(question, *words)

    seat.engine.on("POST", "/containers/(.*)/(pause)", note)
    if ends == "failed":
        seat.engine.on("POST", "/commit.*", stand_in.Refuse(500))
    seat.add(A)
    seat.save()
    # They stay out until another module has removed what was saved.
    assert modes == [0o600]
    assert seat.mode() == (0o660 if ends == "failed" else 0o600)
    if ends == "given up":
        seat.save(state="absent")
        assert seat.mode() == 0o660


def test_the_time_until_systemd_opens_it_begins_anew_when_all_is_saved(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching it may take as long as saving it."""
    calls: list[tuple[str, bool]] = []
    manifest = seat.dest / "manifest.json"
    monkeypatch.setattr(access, "close", lambda path: calls.append((path, manifest.exists())))
    monkeypatch.setattr(access, "open_later", lambda path: calls.append((path, manifest.exists())))
    assert not seat.save(volumes=["data"]).get("failed")
    assert calls == [(seat.engine.path, False), (seat.engine.path, True)]


def test_nothing_is_paused_where_students_cannot_be_kept_out(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise OSError("the engine cannot be closed to students: find fails")

    monkeypatch.setattr(access, "close", refuse)
    seat.add(A)
    assert "cannot save: the engine cannot be closed" in seat.save()["msg"]
    assert seat.engine.asked("POST") == []


def test_what_is_written_while_it_is_saved_is_not_taken_for_what_was_saved(seat: Seat) -> None:
    def archive(question: stand_in.Question) -> object:
        """Return an archive of the requested names, while somebody writes to a volume."""
        (seat.volumes / "data/_data/file").write_text("more")
        return seat.archive(question)

    seat.add(A)
    arguments = {"volumes": ["data", "size", "bind"]}
    first, second = (seat.save(**arguments)["saved"] for _ in range(2))
    assert first == second
    assert first["volumes"].keys() == {"data", "size", "bind"}
    # The data of a bind stay when its volume is removed.
    assert first["volumes"]["bind"] == ""
    seat.engine.on("GET", "/images/get.*", archive)
    assert seat.save(**arguments)["saved"] == first
    assert seat.save(**arguments)["saved"]["volumes"]["data"] != first["volumes"]["data"]
    assert seat.save(**arguments)["saved"]["volumes"]["size"] == first["volumes"]["size"]


def test_a_container_is_told_from_one_that_has_run_or_was_written_to(seat: Seat) -> None:
    def stamp() -> str:
        return seat.save(containers=[A])["saved"]["containers"][A]

    seat.add(A, "exited")
    # Engines with the image store of containerd name no directory.
    bare = stamp()
    seat.layer = seat.volumes
    before = stamp()
    assert (stamp(), before) != (before, bare)
    (seat.volumes / "copied").touch()
    assert stamp() != before
    before = stamp()
    seat.containers[A]["StartedAt"] = "now"
    assert stamp() != before


@pytest.mark.parametrize(
    "change",
    [
        "echo PRECIOUS > _data/file; touch -d @1 _data/file",
        "touch _data/new",
        "mkdir -p _data/in; touch _data/in/new; rm -r _data/in",
        "chmod 600 _data/file",
        "rm _data/file",
        "mv _data old; mkdir _data; cp -p old/file _data/",
        "rm -r _data; ln -s /etc _data",
    ],
)
def test_whatever_changes_a_directory_is_seen(seat: Seat, change: str) -> None:
    """A change is seen even where the bytes and times are as before."""
    place = seat.volumes / "data"
    subprocess.run(["touch", "-d", "@1", place / "_data/file"], check=True)
    docker = client.DockerConnection(seat.engine.path)
    docker.uid = os.geteuid()
    before = stamps.directory_stamp(docker, str(place / "_data"))
    (place / "_data/file").read_text()
    assert stamps.directory_stamp(docker, str(place / "_data")) == before
    # Older kernels round the times of files to a tick of their clock.
    beside, changed = seat.volumes / "beside", (place / "_data/file").stat().st_ctime_ns
    beside.touch()
    while beside.stat().st_ctime_ns == changed:
        beside.touch()
    subprocess.run(["sh", "-ec", change], cwd=place, check=True)
    assert stamps.directory_stamp(docker, str(place / "_data")) != before


def test_a_directory_that_cannot_be_read_is_not_saved(seat: Seat) -> None:
    result = seat.save(volumes=["gone"])
    assert "gone/_data cannot be read to its end" in result["msg"]
