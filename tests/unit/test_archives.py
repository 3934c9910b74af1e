"""Test that an archive is fetched once, kept whole or not at all, and sent as it is kept."""

import hashlib
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible_collections.labocloud.room.plugins.action import image_archive, image_load
from ansible_collections.labocloud.room.plugins.plugin_utils import archives, transfer
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from ansible_collections.labocloud.room.plugins.plugin_utils.published import VERDICTS
from sample_action import Action
from sample_seat import NAME, SEAT

PACKED = b"packed images"
SHA256 = hashlib.sha256(PACKED).hexdigest()
THERE = "/var/tmp/labocloud-images-x1/images.tar.zst"


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    """Return the beginning of an archive's path, in a directory that is not there yet."""
    return tmp_path / "cache/images/0123456789abcdef-3"


def have(stem: Path, content: bytes = PACKED, sha256: str = SHA256) -> Path:
    """Write an archive to its place, and return its path."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    path = stem.with_name(f"{stem.name}-{sha256}.tar.zst")
    path.write_bytes(content)
    return path


def test_what_is_kept_whole_is_found_with_its_checksum(stem: Path) -> None:
    assert archives.kept(stem) is None
    path = have(stem)
    have(stem.with_name("0123456789abcdef-31"))  # another kind of seat
    assert archives.kept(stem) == (path, SHA256)


def test_what_was_altered_is_removed_and_what_is_no_archive_stays(stem: Path) -> None:
    path = have(stem, b"altered")
    other = stem.with_name(f"{stem.name}-notes.tar.zst")
    other.write_text("somebody's own")
    assert archives.kept(stem) is None
    assert not path.exists()
    assert other.exists()


def test_what_arrives_has_its_name_and_other_images_go(stem: Path) -> None:
    other = have(stem.with_name("fedcba9876543210-0"))
    foreign = [stem.with_name(name) for name in ("notes", "fedcba9876543210-0-x.tar.zst", "id")]
    for path in foreign:
        path.write_text("somebody's own")
    mine = have(stem.with_name("0123456789abcdef-0"))
    arrived = stem.with_name("arrived")
    arrived.write_bytes(PACKED)
    archives.keep(arrived, stem, SHA256)
    assert archives.kept(stem) is not None
    assert mine.exists()
    assert not other.exists()
    assert all(path.exists() for path in foreign)
    arrived.write_bytes(b"torn")
    with pytest.raises(ValueError, match="torn or altered"):
        archives.keep(arrived, stem, SHA256)


@pytest.mark.parametrize(
    "path", ["images/../0123456789abcdef-3", "home/0123456789abcdef-3", "images/id", "images/x-3"]
)
def test_what_is_no_archives_path_is_neither_read_nor_emptied(tmp_path: Path, path: str) -> None:
    stem = tmp_path / path
    for place in ("images", "home"):
        have(tmp_path / place / "0123456789abcdef-3")
    arrived = tmp_path / "arrived"
    arrived.write_bytes(PACKED)
    with pytest.raises(ValueError, match="no place for an archive"):
        archives.kept(stem)
    with pytest.raises(ValueError, match="no place for an archive"):
        archives.keep(arrived, stem, SHA256)
    assert arrived.exists()


class Connection:
    """A stand-in for a connection, with the files of the other machine."""

    def __init__(self) -> None:
        self.files = {THERE: PACKED}
        self.fails: BaseException | None = None
        self._shell = mock.Mock(tmpdir=None)
        self._shell.remove = lambda path, *, recurse=False: f"rm {path} {recurse}"

    def fetch_file(self, path: str, dest: str) -> None:
        """Copy a file from there."""
        if self.fails:
            raise self.fails
        Path(dest).write_bytes(self.files[path])

    def put_file(self, src: str, path: str) -> None:
        """Copy a file to there."""
        if self.fails:
            raise self.fails
        self.files[path] = Path(src).read_bytes()


def lacks(stem: Path, *lacking: str) -> dict[str, Any]:
    """Return the facts of a seat that lacks images and is sent the archive named `stem`."""
    archive = {"archive": str(stem), "images": ["a:1"], "skip_layers": 3}
    images = {"lacking": list(lacking), "archive": archive}
    return {"verdict": {**dict.fromkeys(VERDICTS), "images": images}}


class Fetching(Action):
    """The action that fetches an archive, for two seats that lack images and one with all."""

    def __init__(self, stem: Path, answer: object | None = None) -> None:
        module_answer = answer or {
            "changed": True,
            "path": THERE,
            "sha256": SHA256,
            "size": len(PACKED),
        }
        super().__init__(image_archive, module_answer, Connection(), seats=["pc03", "pc04", "pc05"])
        other = stem.with_name("another kind")
        self.facts = {"pc03": lacks(stem, "a:1"), "pc04": lacks(stem, "a:1"), "pc05": lacks(other)}

    def run(self, **others: dict[str, Any]) -> dict[str, Any]:
        """Run the action for them, and for others."""
        return super().run(hosts=self.facts | others)


def test_the_images_are_saved_fetched_and_removed_there(stem: Path) -> None:
    task = Fetching(stem)
    assert task.run()["changed"]
    assert task.questions == [{"images": ["a:1"], "skip_layers": 3}]
    assert archives.kept(stem) is not None
    assert task.commands == ["rm /var/tmp/labocloud-images-x1 True"]
    again = Fetching(stem)
    assert not again.run()["changed"]
    assert again.questions == again.commands == []


def test_nothing_is_saved_for_what_can_be_no_archives_path(tmp_path: Path) -> None:
    task = Fetching(tmp_path / "home/0123456789abcdef-3")
    assert "no place for an archive" in task.run()["msg"]
    assert task.questions == []
    assert list(tmp_path.iterdir()) == []


def test_each_kind_of_seat_has_an_archive_of_its_own(stem: Path) -> None:
    task = Fetching(stem)
    other = stem.with_name("0123456789abcdef-0")
    task.action._task.args["seats"].append("pc06")
    assert task.run(pc06=lacks(other, "a:1"))["changed"]
    assert len(task.questions) == len(task.commands) == 2
    assert archives.kept(stem)
    assert archives.kept(other)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"failed": True, "msg": "the images cannot be saved: no space"}, "no space"),
        ({"path": THERE, "sha256": "0" * 64, "size": len(PACKED)}, "torn or altered"),
        ({"path": THERE, "sha256": SHA256}, "not told how large"),
        ({"path": THERE, "sha256": SHA256, "size": -1}, "not told how large"),
        ({"path": THERE, "sha256": SHA256, "size": "6"}, "not told how large"),
        ({"path": THERE, "sha256": SHA256, "size": 10**11}, "100000 MB, more than 20000 MB"),
        ({"path": THERE, "sha256": SHA256, "size": len(PACKED) - 1}, "File too large"),
        ({"path": "/etc", "sha256": SHA256}, "the archive is at '/etc'"),
        ({"path": "/var/tmp/labocloud-images-x/../../images.tar.zst"}, "the archive is at"),
        ({}, "the archive is at 'None'"),
    ],
)
def test_what_is_not_saved_or_not_whole_is_not_kept(stem: Path, said: object, words: str) -> None:
    task = Fetching(stem, said or {"changed": True})
    result = task.run()
    assert result["failed"]
    assert words in result["msg"]
    assert list(stem.parent.iterdir()) == []
    assert all(command.startswith("rm /var/tmp/labocloud-images-x1 ") for command in task.commands)


def test_a_builder_that_sends_without_an_end_leaves_room_on_the_disk(
    stem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = transfer.RESERVE + len(PACKED) - 1
    monkeypatch.setattr(image_archive.shutil, "disk_usage", lambda _: mock.Mock(free=free))
    result = Fetching(stem).run()
    assert "the images cannot be fetched" in result["msg"]
    assert list(stem.parent.iterdir()) == []


def test_a_link_that_is_copied_is_no_archive(stem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show that no file of this machine whose SHA-256 is known can be sent to all seats."""
    other = stem.parents[2] / "other"
    other.write_bytes(PACKED)
    monkeypatch.setattr(
        Connection, "fetch_file", lambda _, path, dest: Path(dest).symlink_to(other)
    )
    result = Fetching(stem).run()
    assert "is no file" in result["msg"]
    assert list(stem.parent.iterdir()) == []
    assert other.read_bytes() == PACKED


def test_a_builder_that_is_lost_on_the_way_leaves_no_half_archive(stem: Path) -> None:
    task = Fetching(stem)
    task.connection.fails = AnsibleConnectionFailure("lost")
    with pytest.raises(AnsibleConnectionFailure):
        task.run()
    assert list(stem.parent.iterdir()) == []


class OverError(BaseException):
    """The task's time is over, as Ansible says it."""


def test_a_builder_that_hangs_is_not_asked_to_tidy_up(stem: Path) -> None:
    """Show that no command is sent to it, which nothing would end."""
    task = Fetching(stem)
    task.connection.fails = OverError()
    with pytest.raises(OverError):
        task.run()
    assert task.commands == list(stem.parent.iterdir()) == []


ANSWER = {"changed": True, "seat": SEAT}


def sending(stem: Path, answer: object) -> Action:
    images = {"images": {"a:1": "print"}, "names": {}, "forget": ""}
    return Action(image_load, answer, Connection(), archive=str(stem), **images)


def test_the_archive_is_sent_under_a_name_of_chance_with_its_checksum(stem: Path) -> None:
    have(stem)
    tasks = [sending(stem, ANSWER) for _ in range(2)]
    for task in tasks:
        result = task.run()
        assert result["changed"]
        assert result[UNSHOWN]["verdict"]["images"]["settled"]
    sent = [task.questions[0]["src"] for task in tasks]
    assert sent[0] != sent[1]
    for task, src in zip(tasks, sent, strict=True):
        assert src.startswith("/var/tmp/labocloud-images-")
        assert task.connection.files[src] == PACKED
        [question] = task.questions
        own = {"src": src, "sha256": SHA256, "images": {"a:1": "print"}, "names": {}, "forget": ""}
        assert question | own == question
        assert "archive" not in question
        # What the seat is asked then.
        assert question["page_container"] == "flask"
        # The module has removed it.
        assert task.commands == []


def test_no_archive_is_sent_that_is_not_whole(stem: Path) -> None:
    have(stem, b"altered")
    with pytest.raises(AnsibleActionFail, match="there is no whole archive") as failed:
        sending(stem, ANSWER).run()
    assert f"{NAME} keeps the images that it had" in str(failed.value)


def test_no_file_is_sent_that_is_no_archive_of_images(stem: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="no place for an archive"):
        sending(stem.with_name("id"), ANSWER).run()


@pytest.mark.parametrize("where", ["put", "module"])
def test_what_was_sent_of_it_goes_where_the_module_cannot_run(stem: Path, where: str) -> None:
    have(stem)
    error = AnsibleError("no space")
    task = sending(stem, error)
    task.connection.fails = error if where == "put" else None
    with pytest.raises(AnsibleError):
        task.run()
    [command] = task.commands
    assert command.startswith("rm /var/tmp/labocloud-images-")


def test_what_the_module_says_is_told_with_what_to_do(stem: Path) -> None:
    have(stem)
    answer = {"failed": True, "msg": "no space left\x1b on device"}
    task = sending(stem, answer)
    with pytest.raises(AnsibleActionFail) as failed:
        task.run()
    assert str(failed.value) == (
        "pc02 keeps the images that it had, since the new ones cannot be loaded: no space left  on"
        " device. Fix: where the disk is full, make room at /var/lib/docker or /var/tmp; then the"
        " same command again."
    )
    # The module has removed it.
    assert task.commands == []
