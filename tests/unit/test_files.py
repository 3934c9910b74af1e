"""Test that a file is written whole, with the name and the mode that it has to have."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils import files


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """Set a umask that lets nobody else read new files."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_file_has_its_mode_whatever_the_mask_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for mode, data in ((0o644, b"old"), (0o600, b"new")):
        files.write_whole(path, data, mode)
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (data, mode)
    assert list(tmp_path.iterdir()) == [path]


def test_no_link_that_somebody_has_laid_is_followed(tmp_path: Path) -> None:
    path, theirs = tmp_path / "file", tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    for link in (path, files.partial_of(path)):
        link.symlink_to(theirs)
    files.write_whole(path, b"mine")
    assert (path.read_bytes(), path.is_symlink(), theirs.read_bytes()) == (
        b"mine",
        False,
        b"theirs",
    )
    assert sorted(tmp_path.iterdir()) == [path, theirs]


def test_where_it_cannot_be_written_nothing_is_left_of_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        files.write_whole(path, b"mine")
    assert list(tmp_path.iterdir()) == [path]
