"""Show that the record of a machine is whole or unchanged, and has one writer at a time."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.state import State
from sample_seat import SEAT

BEFORE = SEAT["before"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the directory of the record, which does not exist yet."""
    return tmp_path / "lib/labocloud"


def bring(*packages: str) -> state.Change:
    """Return a change that remembers packages."""

    def change(remembered: State) -> None:
        remembered.brought["packages"] = list(packages)

    return change


def test_nothing_is_remembered_of_a_machine_that_was_never_touched(directory: Path) -> None:
    assert state.read(directory) == State()
    assert not directory.exists()


def test_what_is_written_is_read(directory: Path) -> None:
    def change(remembered: State) -> None:
        remembered.before = BEFORE
        remembered.files["/etc/docker/daemon.json"] = {"text": "{}", "mode": 0o640}
        remembered.brought |= {"packages": ["zstd"], "users": ["alice"], "coming": ["dpkg"]}
        remembered.name_image("room:base", "print")
        remembered.built["bases"]["python:3"] = "sha256:1"
        remembered.served.append("r1")

    wanted = State()
    change(wanted)
    assert state.update(change, directory)
    assert state.read(directory) == wanted
    [file] = directory.iterdir()
    assert (file.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (0o600, 0o700)


def prints(remembered: State) -> list[str]:
    """Return the fingerprints of the images that were delivered."""
    return [image["fingerprint"] for image in remembered.delivered()]


def test_an_image_that_lost_its_name_to_another_was_delivered_all_the_same(directory: Path) -> None:
    def change(remembered: State) -> None:
        remembered.name_image("room:python", "first")
        remembered.name_image("room:python-1", "first")
        remembered.name_image("room:python", "second")
        remembered.name_image("room:python", "first")
        remembered.forget_image("room:python-1")

    assert state.update(change, directory)
    remembered = state.read(directory)
    assert remembered.built["images"] == {"room:python": "first"}
    # What came back is the latest again.
    assert prints(remembered) == ["second", "first"]
    assert remembered.facts(set())["delivered"] == remembered.delivered()


def test_a_revision_that_comes_back_under_the_name_it_kept_is_the_latest_again() -> None:
    remembered = State()
    remembered.name_image("room:base", "base")
    remembered.name_image("room:python-1", "first")
    remembered.name_image("room:python-2", "second")
    remembered.name_image("room:python-1", "first")
    assert prints(remembered) == ["base", "second", "first"]
    remembered.name_image("room:python-1", "first")
    assert prints(remembered) == ["base", "second", "first"]


def test_what_an_earlier_release_brought_was_delivered_whatever_comes() -> None:
    for change in (
        lambda remembered: remembered.name_image("room:base", "new"),
        lambda remembered: remembered.forget_image("room:base"),
        lambda remembered: remembered.describe_delivered("old", ["sha256:1"], 2),
    ):
        remembered = State(built={"images": {"room:base": "old"}, "bases": {}})
        assert prints(remembered) == ["old"]
        change(remembered)
        assert prints(remembered)[0] == "old"
    assert remembered.delivered() == [
        {"fingerprint": "old", "name": "room:base", "layers": ["sha256:1"], "rows": 2}
    ]


def test_a_second_name_makes_no_image_the_latest() -> None:
    remembered = State()
    for name, fingerprint in (("python", "first"), ("python", "second"), ("python-1", "first")):
        remembered.name_image(f"room:{name}", fingerprint)
    assert prints(remembered) == ["first", "second"]


def test_of_very_many_that_were_delivered_the_latest_are_remembered() -> None:
    remembered = State()
    for number in range(state.MOST_DELIVERED + 3):
        remembered.name_image("room:base", f"print {number}")
    remembered.describe_delivered("of a student's", ["sha256:1"], 2)
    assert prints(remembered) == [f"print {n}" for n in range(3, state.MOST_DELIVERED + 3)]


def test_what_is_remembered_already_is_not_written(directory: Path) -> None:
    assert state.update(bring("zstd"), directory)
    then = (directory / "state.json").stat().st_ino
    assert not state.update(bring("zstd"), directory)
    assert (directory / "state.json").stat().st_ino == then


def test_a_check_writes_nothing(directory: Path) -> None:
    assert state.update(bring("zstd"), directory, check=True)
    assert not directory.exists()


def test_a_change_that_fails_leaves_what_was_there(directory: Path) -> None:
    state.update(bring("zstd"), directory)

    def change(remembered: State) -> None:
        remembered.brought["packages"].append("half")
        raise KeyError("what it needs")

    with pytest.raises(KeyError):
        state.update(change, directory)
    assert state.read(directory).brought == {"packages": ["zstd"]}
    assert state.update(bring(), directory)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"{}"',
        b"\xff",
        b'{"version": 3}',
        b'{"version": 3, "version": 3}',
        b'{"version": NaN}',
        b'{"version": true}',
        b"[" * 100_000,
        b'{"version": 3, "before": {"packages": 5, "docker_data": false}, "files": {},'
        b' "brought": {}, "built": {"images": {}, "bases": {}}, "served": []}',
        b'{"version": 4}',
    ],
)
def test_what_is_torn_is_told_and_not_written_over(directory: Path, text: bytes) -> None:
    directory.mkdir(parents=True)
    (directory / "state.json").write_bytes(text)
    for check in (True, False):
        with pytest.raises(state.TornError, match=r"state\.json (cannot be read|holds no)"):
            state.update(bring("zstd"), directory, check=check)
    assert (directory / "state.json").read_bytes() == text


def test_a_later_release_is_named_as_what_it_is(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "state.json").write_text('{"version": 4, "before": 5}')
    with pytest.raises(state.TornError, match=r"version 4.*writes 3.*use the release"):
        state.read(directory)


def test_what_another_release_has_put_beside_it_stays(directory: Path) -> None:
    state.update(bring("zstd"), directory)
    record = json.loads((directory / "state.json").read_text())
    record |= {"later": {"of": "it"}, "brought": {**record["brought"], "more": 1}}
    (directory / "state.json").write_text(json.dumps(record))

    def serve(remembered: State) -> None:
        remembered.served.append("r1")

    assert state.update(serve, directory)
    again = json.loads((directory / "state.json").read_text())
    assert (again["later"], again["brought"]["more"]) == ({"of": "it"}, 1)


def test_what_is_no_file_is_not_waited_for(directory: Path) -> None:
    name = "state.json"
    directory.mkdir(parents=True)
    os.mkfifo(directory / name)
    with pytest.raises(state.TornError, match=f"{name} is no regular file"):
        state.read(directory)
    (directory / name).unlink()
    (directory / name).mkdir()
    with pytest.raises(state.TornError, match=f"{name} is no regular file"):
        state.read(directory)
    (directory / name).rmdir()
    (directory / name).symlink_to("nothing")
    with pytest.raises(state.TornError, match=f"{name} is a link to nothing"):
        state.read(directory)


def test_a_write_that_ends_in_the_middle_leaves_the_old_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.update(bring("old"), directory)

    def power_cut(_descriptor: int) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr(os, "fsync", power_cut)
        with pytest.raises(OSError, match="power cut"):
            state.update(bring("new"), directory)
    assert state.read(directory).brought == {"packages": ["old"]}
    assert [path.name for path in directory.iterdir()] == ["state.json"]
    assert state.update(bring("new"), directory)
    assert [path.name for path in directory.iterdir()] == ["state.json"]


def test_the_directory_is_written_after_the_name_has_changed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes reach the disk before they get the name, and the name at the end."""
    directory.mkdir(parents=True)
    order = []
    rename = Path.replace

    def fsync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)

    def replace(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    state.update(bring("zstd"), directory)
    assert order == [".state.json.part", "rename", "labocloud"]


def test_a_file_is_remembered_as_it_is(directory: Path, tmp_path: Path) -> None:
    """A file of any bytes keeps its mode; a missing file and a pipe are not recorded."""
    file = tmp_path / "daemon.json"
    state.update(lambda remembered: state.keep_file(remembered, str(file)), directory)
    assert state.read(directory).files == {}
    file.write_bytes(b"\xff{}")
    file.chmod(0o640)
    state.update(lambda remembered: state.keep_file(remembered, str(file)), directory)
    kept = state.read(directory).files[str(file)]
    assert (state.bytes_of(kept), kept["mode"]) == (b"\xff{}", 0o640)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(state.TornError, match="no regular file"):
        state.keep_file(State(), str(file))


def test_two_writers_lose_nothing_of_each_other(directory: Path) -> None:
    met = threading.Barrier(2, timeout=0.3)

    def add(name: str) -> None:
        def change(remembered: State) -> None:
            # Two writers in here at once would read the same, and the second would win.
            try:
                met.wait()
            except threading.BrokenBarrierError:
                pass
            else:
                raise AssertionError("both read before one of them wrote")
            remembered.built["images"][name] = name

        state.update(change, directory)

    writers = [threading.Thread(target=add, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert state.read(directory).built["images"] == {"a": "a", "b": "b"}


def test_a_writer_gives_up_in_the_end(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "PATIENCE", 0)
    with (
        state._locked(directory),
        pytest.raises(TimeoutError, match="another process has kept"),
        state._locked(directory),
    ):
        pass


def test_who_waited_for_a_directory_that_is_gone_takes_the_new_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, wait_for = threading.Event(), state._lock

    def waiting(*arguments: Any) -> None:  # noqa: ANN401
        if threading.current_thread() is not threading.main_thread():
            waits.set()
        wait_for(*arguments)

    monkeypatch.setattr(state, "_lock", waiting)
    with state._locked(directory):
        writer = threading.Thread(target=state.update, args=(bring("zstd"), directory))
        writer.start()
        assert waits.wait(120)
        directory.rename(directory.with_name("gone"))
    writer.join()
    assert state.read(directory).brought == {"packages": ["zstd"]}
    assert not list(directory.with_name("gone").iterdir())


def test_what_is_no_directory_is_not_waited_for(directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    directory.touch()
    with pytest.raises(FileExistsError):
        state.update(bring("zstd"), directory)
    assert directory.is_file()


def test_forgetting_leaves_nothing(directory: Path) -> None:
    assert not state.forget(directory)
    state.update(bring("zstd"), directory)
    (directory / ".state.json.part").touch()
    assert state.forget(directory, check=True)
    assert (directory / "state.json").exists()
    assert state.forget(directory)
    assert not directory.exists()


def test_what_is_not_the_toolkits_stays_when_all_is_forgotten(directory: Path) -> None:
    state.update(bring("zstd"), directory)
    (directory / "notes").touch()
    assert state.forget(directory)
    assert [path.name for path in directory.iterdir()] == ["notes"]
