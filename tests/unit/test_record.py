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


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("before", '{"packages": 5, "docker_data": true}', "before.packages is not a list"),
        ("before", '{"docker_data": true}', "before.packages lacks"),
        ("before", '{"packages": ["a", null], "docker_data": true}', "packages[1] is not a text"),
        ("before", '{"packages": [], "docker_data": true, "ids": []}', "before.ids is not an obj"),
        ("before", '{"packages": [], "packages": [], "docker_data": true}', "a key is in it twice"),
        ("brought", '{"packages": 5, "docker": null}', "brought.packages is not a list"),
        ("brought", '{"policy_rc_d": "yes"}', "policy_rc_d is not true or false"),
        ("brought", '{"other": NaN}', "NaN is no number"),
        ("built", '{"version": "2", "images": {}}', "built.version is not a whole number"),
        ("built", '{"version": 2, "images": []}', "built.images is not an object"),
        ("built", '{"room:base": 5}', "holds no such record"),
        ("served", '{"revisions": "abc"}', "served.revisions is not a list"),
        ("served", "{}", "served.revisions lacks"),
        ("brought", '{"a":' * 40 + "1" + "}" * 40, "is not JSON of at most 30 levels"),
        ("brought", '{"a":' * 100_000, "nested too deep"),
        ("brought", '{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ("brought", '{"a": "' + "x" * record.LARGEST + '"}', "larger than"),
    ],
)
def test_a_record_of_another_shape_is_torn(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    """And told in a sentence that can be read, with the file's name."""
    (tmp_path / f"{name}.json").write_text(text)
    with pytest.raises(record.TornError) as torn:
        record.read_record(name, tmp_path)
    assert str(torn.value).startswith(f"{tmp_path}/{name}.json ")
    assert words in str(torn.value)
    assert len(str(torn.value)) < 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("before", {"packages": [], "docker_data": False}),
        ("before", {"packages": ["a"], "docker_data": True, "docker_group": None, "new": {"a": 1}}),
        ("brought", {}),
        ("brought", {"packages": ["a"], "making": "", "containers": ["id"]}),
        ("built", {"room:base": "mark"}),
        ("built", {}),
        ("built", {"version": 2, "images": {"room:base": "mark"}, "bases": {}}),
        ("served", {"revisions": []}),
        ("daemon", {"data-root": "/srv", "log-opts": {"max-size": "1m"}}),
    ],
)
def test_records_of_all_releases_are_read(tmp_path: Path, name: str, value: dict) -> None:
    record.write_record(name, value, tmp_path)
    assert record.read_record(name, tmp_path) == value


def test_what_is_no_file_is_not_kept(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "daemon.json")
    with pytest.raises(OSError, match="no regular file"):
        record.keep_file(tmp_path / "daemon.json", tmp_path / "labocloud")


def test_a_copy_of_a_file_is_kept_before_the_record_is_there(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its mode; a record without the copy that it tells of would be worse than none."""
    monkeypatch.setattr(record.keep_file, "__defaults__", (directory,))
    file = tmp_path / "daemon.json"
    file.write_bytes(b"\xff{}")
    file.chmod(0o640)
    value = {"packages": [], "docker_data": False}
    asked = {"name": "before", "value": value, "keep": [str(file)]}
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
