"""Test which layers an archive leaves out; molecule/archive saves and loads real ones."""

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.action import image_archive as image_archive_action
from ansible_collections.labocloud.room.plugins.module_utils import commands
from ansible_collections.labocloud.room.plugins.modules import image_archive

BASE = {"Config": "b", "Layers": ["one", "two"]}
COURSE = {"Config": "c", "Layers": ["one", "two", "three", "four"]}


def test_nothing_is_left_out_for_a_seat_that_has_nothing() -> None:
    assert image_archive.omitted([BASE, COURSE], 0) == set()


def test_the_lowest_layers_are_left_out_of_every_image() -> None:
    assert image_archive.omitted([BASE, COURSE], 3) == {"one", "two", "three"}


def test_a_file_that_is_a_higher_layer_too_stays() -> None:
    """Show it for the empty layer, which each instruction that changes nothing makes again."""
    again = {"Config": "c", "Layers": ["empty", "two", "empty"]}
    assert image_archive.omitted([again], 1) == set()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of archives; the engine saves an image with two layers."""
    layers = [(name, name.encode()) for name in ("low", "high")]
    manifest = [{"Config": "config", "Layers": ["low", "high"], "RepoTags": ["a:1"]}]
    whole = image_tar.tar(
        *layers, ("link", "high"), ("manifest.json", json.dumps(manifest).encode())
    )
    (tmp_path / "whole.tar").write_bytes(whole)
    command(tmp_path, "docker", f'test "$*" = "save --output $3 a:1" && cp {tmp_path}/whole.tar $3')
    path = commands.ENVIRONMENT["PATH"]
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", f"{tmp_path}/bin:{path}")
    monkeypatch.setattr(image_archive, "PLACE", tmp_path / "passing")
    (tmp_path / "passing").mkdir()
    return tmp_path / "passing"


def command(directory: Path, name: str, script: str) -> None:
    """Add a command to the directory's programs."""
    stand_in.program(directory / "bin" / name, script)


def members(archive: Path) -> dict[str, bytes | None]:
    """Return the members of an archive: files with their bytes, and None for other kinds."""
    data = subprocess.run(["zstd", "-dcq", archive], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {
            member.name: tar.extractfile(member).read() if member.isreg() else None
            for member in tar
        }


@pytest.mark.parametrize("skip", [None, 1])
def test_the_archive_holds_all_but_what_is_skipped(place: Path, skip: int | None) -> None:
    arguments = {} if skip is None else {"skip_layers": skip}
    answer = stand_in.run(image_archive.main, images=["a:1"], **arguments)
    assert answer["changed"]
    archive = Path(answer["path"])
    assert answer["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert answer["size"] == archive.stat().st_size
    # Who connects fetches it, and need not be root; nobody finds it who does not know its name.
    assert (archive.stat().st_mode & 0o777, archive.parent.stat().st_mode & 0o777) == (0o644, 0o711)
    content = members(archive)
    assert set(content) == {"high", "link", "manifest.json"} | ({"low"} if skip is None else set())
    assert (content["high"], content["link"]) == (b"high", None)
    # What it was made from is gone.
    assert list(place.rglob("*")) == [archive.parent, archive]
    assert image_archive_action.PATH.fullmatch(f"/var/tmp/{archive.relative_to(place)}")


@pytest.mark.usefixtures("place")
def test_the_engine_at_the_socket_is_the_one_that_saves(tmp_path: Path) -> None:
    command(tmp_path, "docker", 'echo "asked $DOCKER_HOST" >&2; exit 1')
    arguments = {"images": ["a:1"]}
    answer = stand_in.run(image_archive.main, docker_socket="/run/other.sock", **arguments)
    assert "asked unix:///run/other.sock" in answer["msg"]
    assert (
        "asked unix:///var/run/docker.sock" in stand_in.run(image_archive.main, **arguments)["msg"]
    )


@pytest.mark.parametrize("name", ["docker", "zstd"])
def test_where_a_command_fails_nothing_is_left(place: Path, tmp_path: Path, name: str) -> None:
    command(tmp_path, name, "cat > /dev/null; echo no space >&2; exit 1")
    answer = stand_in.run(image_archive.main, images=["a:1"])
    assert "the images cannot be saved" in answer["msg"]
    assert list(place.iterdir()) == []


def test_a_zstd_that_ends_early_says_itself_why(place: Path, tmp_path: Path) -> None:
    """Show that zstd's own error is told, and not that of the pipe to it, which breaks then."""
    command(tmp_path, "zstd", "echo no space >&2; exit 1")
    answer = stand_in.run(image_archive.main, images=["a:1"])
    assert answer["msg"] == "the images cannot be saved: no space"


def test_a_command_that_is_lacking_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.ENVIRONMENT, "PATH", "/nowhere")
    answer = stand_in.run(image_archive.main, images=["a:1"])
    assert answer["msg"] == "there is no command docker here"
    assert list(place.iterdir()) == []


def test_a_command_that_does_not_end_is_ended(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show that a hanging engine is given up, as the one at the socket may be anybody's."""
    command(tmp_path, "docker", "exec sleep 3")
    monkeypatch.setattr(commands, "STREAM_SECONDS", 0.2)
    answer = stand_in.run(image_archive.main, images=["a:1"])
    assert "docker save has not ended after" in answer["msg"]
    assert list(place.iterdir()) == []
