"""Test how much the mirror of Docker Hub may keep."""

import importlib.util
import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location(
    "mirror_limit", PROJECT / "roles/room_registry/files/mirror_limit.py"
)
mirror_limit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mirror_limit)
PLENTY = 10**12
LAYER = 1 << 20


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Return a directory with ten layers of a MiB, read in this order, and links to them."""
    for number in range(10):
        path = tmp_path / f"docker/registry/v2/blobs/sha256/0{number}/0{number}ab/data"
        path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(LAYER))
        os.utime(path, (1000 + number, 500))
        link = tmp_path / f"docker/registry/v2/repositories/a/_layers/sha256/0{number}ab/link"
        link.parent.mkdir(parents=True)
        link.write_text(f"sha256:0{number}ab")
    return tmp_path


def layers(paths: list[Path]) -> list[str]:
    return [path.parent.name for path in paths]


def test_nothing_goes_below_the_limit(storage: Path) -> None:
    assert mirror_limit.prune(storage, 11 * LAYER, PLENTY) == []


def test_what_was_asked_for_longest_ago_goes_and_a_tenth_is_free_again(storage: Path) -> None:
    removed = mirror_limit.prune(storage, 9 * LAYER, PLENTY)
    assert layers(removed) == ["00ab", "01ab"]
    assert not any(path.exists() for path in removed)
    taken = sum(status.st_blocks * 512 for _, status in mirror_limit.files(storage))
    assert 7 * LAYER < taken <= 9 * LAYER * 0.9
    assert len(list(storage.rglob("link"))) == 10
    assert mirror_limit.prune(storage, 9 * LAYER, PLENTY) == []


def test_an_upload_that_came_to_nothing_counts_and_goes(storage: Path) -> None:
    upload = storage / "docker/registry/v2/repositories/a/_uploads/half/data"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(os.urandom(LAYER))
    os.utime(upload, (1, 1))
    assert mirror_limit.prune(storage, 10 * LAYER, PLENTY)[0] == upload


def test_the_last_of_the_disk_is_left_to_others(storage: Path) -> None:
    """Show it for any limit."""
    spare = mirror_limit.SPARE
    assert mirror_limit.prune(storage, PLENTY, spare) == []
    assert layers(mirror_limit.prune(storage, PLENTY, spare - LAYER)) == ["00ab", "01ab"]
    assert len(mirror_limit.prune(storage, PLENTY, 0)) == 8


def test_a_file_that_goes_meanwhile_is_no_reason_to_stop(
    storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list(mirror_limit.files(storage))
    for path, _ in seen:
        if path.name == "data":
            path.unlink()
    monkeypatch.setattr(mirror_limit, "files", lambda _: iter(seen))
    assert len(mirror_limit.prune(storage, 0, PLENTY)) == 10
