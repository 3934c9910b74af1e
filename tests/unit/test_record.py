"""The records of a seat: whole or absent, never half."""

import os
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import record
from ansible_collections.labocloud.room.plugins.modules import seat_record


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the module keeps the records, for a test."""
    for function in (record.read_record, record.write_record):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "labocloud",))
    return tmp_path / "labocloud"


def test_what_is_written_is_read(directory: Path) -> None:
    assert record.read_record("built") is None
    assert stand_in.run(seat_record.main, name="built", value={"a": "b"})["changed"]
    assert record.read_record("built") == {"a": "b"}
    assert not stand_in.run(seat_record.main, name="built", value={"a": "b"})["changed"]
    [file] = directory.iterdir()
    assert (file.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_check_writes_nothing(directory: Path) -> None:
    assert stand_in.run(seat_record.main, name="built", value={}, _ansible_check_mode=True)[
        "changed"
    ]
    assert not directory.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"{}"', "\xff"])
def test_a_torn_record_is_told_and_not_written_over(directory: Path, text: str) -> None:
    directory.mkdir()
    (directory / "before.json").write_bytes(text.encode("latin-1"))
    said = stand_in.run(seat_record.main, name="before", value={"packages": []})
    assert said["failed"]
    assert str(directory / "before.json") in said["msg"]
    assert (directory / "before.json").read_bytes() == text.encode("latin-1")


def test_a_copy_of_a_file_is_kept_before_the_record_is_there(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its mode; a record without the copy that it tells of would be worse than none."""
    monkeypatch.setattr(record.keep_file, "__defaults__", (directory,))
    file = tmp_path / "daemon.json"
    file.write_bytes(b"\xff{}")
    file.chmod(0o640)
    asked = {"name": "before", "value": {"packages": []}, "keep": [str(file)]}
    assert stand_in.run(seat_record.main, _ansible_check_mode=True, **asked)["changed"]
    assert not directory.exists()

    def power_cut(name: str, _value: object) -> None:
        raise OSError(f"power cut at {name}, with {os.listdir(directory)}")

    with monkeypatch.context() as cut:
        cut.setattr(seat_record, "write_record", power_cut)
        said = stand_in.run(seat_record.main, **asked)["msg"]
        assert "power cut at before, with ['daemon.json']" in said
    # What a run before this one kept is not what is there now.
    (directory / "daemon.json").write_bytes(b"of another day")
    assert stand_in.run(seat_record.main, **asked)["changed"]
    assert (directory / "daemon.json").read_bytes() == b"\xff{}"
    assert (directory / "daemon.json").stat().st_mode & 0o777 == 0o640
    # Once there is a record, its copy stays.
    file.write_bytes(b"the toolkit's")
    assert not stand_in.run(seat_record.main, **asked)["changed"]
    assert (directory / "daemon.json").read_bytes() == b"\xff{}"


def test_a_pipe_in_its_place_is_not_waited_for(directory: Path) -> None:
    directory.mkdir()
    os.mkfifo(directory / "built.json")
    with pytest.raises(record.TornError, match="no regular file"):
        record.read_record("built")


def test_a_write_that_ends_in_the_middle_leaves_the_old_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.write_record("built", {"old": "1"})

    def power_cut(_descriptor: int) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr(os, "fsync", power_cut)
        with pytest.raises(OSError, match="power cut"):
            record.write_record("built", {"new": "2"})
    assert record.read_record("built") == {"old": "1"}
    record.write_record("built", {"new": "2"})
    assert [path.name for path in directory.iterdir()] == ["built.json"]


def test_the_directory_is_written_after_the_name_has_changed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in its place: the bytes before they get the name, the name at the end."""
    order = []
    rename = Path.replace

    def fsync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)

    def replace(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    record.write_record("built", {})
    assert order == [".built.json.part", "rename", "labocloud"]


def test_the_directory_is_made_with_those_that_it_is_in(tmp_path: Path) -> None:
    directory = tmp_path / "lib/labocloud"
    record.write_record("built", {}, directory)
    assert record.read_record("built", directory) == {}
    file = tmp_path / "daemon.json"
    file.touch()
    record.keep_file(file, tmp_path / "other/labocloud")
    assert (tmp_path / "other/labocloud/daemon.json").exists()
