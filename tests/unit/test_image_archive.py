"""What an archive leaves out; saving and loading for real: molecule/archive."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.filter.image_layers import image_layers_present
from ansible_collections.labocloud.room.plugins.modules import image_archive

BASE = {"Config": "b", "Layers": ["one", "two"]}
COURSE = {"Config": "c", "Layers": ["one", "two", "three", "four"]}


def test_nothing_is_left_out_for_a_seat_that_has_nothing() -> None:
    assert image_archive.omitted([BASE, COURSE], 0) == set()


def test_the_lowest_layers_are_left_out_of_every_image() -> None:
    assert image_archive.omitted([BASE, COURSE], 3) == {"one", "two", "three"}


def test_a_file_that_is_a_higher_layer_too_stays() -> None:
    """An instruction that changes nothing makes the same empty layer again."""
    again = {"Config": "c", "Layers": ["empty", "two", "empty"]}
    assert image_archive.omitted([again], 1) == set()


def test_layers_count_from_the_lowest_without_a_gap() -> None:
    layers = ["one", "two", "three"]
    images = {
        "other": {"layers": ["two", "three"]},
        "gap": {"layers": ["one", "x", "three"]},
        "older": {"layers": ["one", "two", "y"]},
    }
    assert image_layers_present({}, layers) == 0
    assert image_layers_present({"other": images["other"]}, layers) == 0
    assert image_layers_present({"gap": images["gap"]}, layers) == 1
    assert image_layers_present(images, layers) == 2
    assert image_layers_present({"taller": {"layers": [*layers, "z"]}}, layers) == 3


@pytest.fixture
def dest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an archive goes to; the engine gives one of an image with two layers."""
    layers = [(name, name.encode()) for name in ("low", "high")]
    manifest = [{"Config": "config", "Layers": ["low", "high"], "RepoTags": ["a:1"]}]
    whole = image_tar.tar(
        *layers, ("link", "high"), ("manifest.json", json.dumps(manifest).encode())
    )
    (tmp_path / "whole.tar").write_bytes(whole)
    command(tmp_path, "docker", f'test "$*" = "save --output $3 a:1" && cp {tmp_path}/whole.tar $3')
    path = image_archive.ENVIRONMENT["PATH"]
    monkeypatch.setitem(image_archive.ENVIRONMENT, "PATH", f"{tmp_path}/bin:{path}")
    (tmp_path / "labocloud-images-mine").mkdir()
    return tmp_path / "labocloud-images-mine" / "images.tar.zst"


def command(directory: Path, name: str, script: str) -> None:
    """Have a command."""
    path = directory / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def members(archive: Path) -> dict[str, bytes | None]:
    """Give what an archive holds: the files, and None for what is none."""
    data = subprocess.run(["zstd", "-dcq", archive], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {one.name: tar.extractfile(one).read() if one.isreg() else None for one in tar}


@pytest.mark.parametrize("skip", [None, 1])
def test_the_archive_holds_all_but_what_is_skipped(dest: Path, skip: int | None) -> None:
    asked = {} if skip is None else {"skip_layers": skip}
    said = stand_in.run(image_archive.main, images=["a:1"], dest=str(dest), **asked)
    assert said["changed"]
    assert said["bytes"] == dest.stat().st_size
    assert dest.stat().st_mode & 0o777 == 0o644
    held = members(dest)
    assert set(held) == {"high", "link", "manifest.json"} | ({"low"} if skip is None else set())
    assert (held["high"], held["link"]) == (b"high", None)
    # What it was made from is gone.
    assert list(dest.parent.iterdir()) == [dest]


@pytest.mark.parametrize("name", ["docker", "zstd"])
def test_where_a_command_fails_nothing_is_left(dest: Path, tmp_path: Path, name: str) -> None:
    command(tmp_path, name, "cat > /dev/null; echo no space >&2; exit 1")
    said = stand_in.run(image_archive.main, images=["a:1"], dest=str(dest))
    assert "the images cannot be saved" in said["msg"]
    assert list(dest.parent.iterdir()) == []


def test_a_zstd_that_ends_early_says_itself_why(dest: Path, tmp_path: Path) -> None:
    """And not the pipe to it, which breaks then."""
    command(tmp_path, "zstd", "echo no space >&2; exit 1")
    said = stand_in.run(image_archive.main, images=["a:1"], dest=str(dest))
    assert said["msg"] == "the images cannot be saved: no space"


def test_a_command_that_is_lacking_is_named(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(image_archive.ENVIRONMENT, "PATH", "/nowhere")
    said = stand_in.run(image_archive.main, images=["a:1"], dest=str(dest))
    assert said["msg"] == "there is no command docker here"
