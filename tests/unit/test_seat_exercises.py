"""The practical's files come whole or not at all, and what is somebody's own stays."""

import base64
import io
import os
import shutil
import stat
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sample_seat
import stand_in
from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.action import seat_exercises as action
from ansible_collections.labocloud.room.plugins.module_utils.facts import exercises as facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import Entry, Places
from ansible_collections.labocloud.room.plugins.module_utils.images import delivered
from ansible_collections.labocloud.room.plugins.module_utils.lesson import around
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import NOTHING_AROUND
from ansible_collections.labocloud.room.plugins.modules import seat_exercises as module
from ansible_collections.labocloud.room.plugins.plugin_utils import course, lesson_files
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack
from namespaces import mounting, with_mounts
from sample_action import Action

PROJECT = Path(__file__).parents[2]
FILE = stat.S_IFREG
# Of a seat that was brought no images.
OWN = {
    delivered.FILE: Entry(FILE | 0o644, delivered.content([])),
    around.FILE: Entry(FILE | 0o644, around.content(NOTHING_AROUND)),
}
OLD = {
    "labo": Entry(FILE | 0o755, b"old"),
    "course/app/app.py": Entry(FILE | 0o644, b"1"),
    **OWN,
}
NEW = {
    **OWN,
    "labo": Entry(FILE | 0o755, b"new"),
    "course/app/app.py": Entry(FILE | 0o644, b"2"),
    "course/a": Entry(stat.S_IFLNK | 0o777, b"app"),
    "mistakes.fr.md": Entry(FILE | 0o644, b"m"),
}
ALL_THERE = {"folder": "ours", "command": "ours", "memory": "ours", "open": True, "left": 0}
NOTHING = {"folder": "absent", "command": "absent", "memory": "absent", "open": False, "left": 0}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Return the places of the practical's files for a test, where nothing is yet."""
    paths = Places(tmp_path / "share/labocloud", tmp_path / "bin/labo", tmp_path / "var/labo")
    monkeypatch.setattr(module, "PLACES", paths)
    monkeypatch.setattr(module, "answer", lambda _: {"is": "asked"})
    return paths


def packed(entries: dict[str, Entry]) -> str:
    return base64.b64encode(lesson_files.archive(entries)).decode()


def run(entries: dict[str, Entry] | None = None, *, check: bool = False) -> dict[str, Any]:
    """Run the module: it delivers these entries, or removes everything."""
    arguments = {"archive": packed(entries)} if entries else {"state": "absent"}
    return stand_in.run(module.main, **arguments, _ansible_check_mode=check)


def facts_of(places: Places) -> dict[str, Any]:
    """Return the facts, without the digest."""
    result = facts.exercise_facts(places)
    result.pop("digest")
    return result


def holds(places: Places, entries: dict[str, Entry]) -> bool:
    return facts.exercise_facts(places)["digest"] == facts.digest(facts.wanted(entries))


def test_all_of_it_comes_at_once_and_a_second_time_nothing(places: Places) -> None:
    assert facts_of(places) == NOTHING
    result = run(OLD)
    assert (result["changed"], result["seat"]) == (True, {"is": "asked"})
    assert facts_of(places) == ALL_THERE
    assert holds(places, OLD)
    assert places.command.resolve().read_bytes() == b"old"
    assert os.access(places.command, os.X_OK)
    assert stat.S_IMODE(places.memory.stat().st_mode) == 0o1777
    before = os.readlink(places.folder)
    assert not run(OLD)["changed"]
    assert os.readlink(places.folder) == before


def test_a_course_with_a_large_file_is_told_to_be_there(places: Places) -> None:
    large = {**OLD, "course/data": Entry(FILE | 0o644, bytes(100_000_000))}
    run(large)
    assert holds(places, large)
    assert not run(large)["changed"]


def test_other_files_take_the_place_of_those_that_were_there(places: Places) -> None:
    run(OLD)
    (places.memory / "1000.json").write_text("{}")
    diff = run(NEW)["diff"]
    assert "old" not in diff["before"]
    assert len(set(diff["after"].splitlines()) - set(diff["before"].splitlines())) == 4
    assert holds(places, NEW)
    assert (places.folder / "course/a/app.py").read_bytes() == b"2"
    assert [path.name for path in places.folder.parent.iterdir() if path != places.folder] == [
        os.readlink(places.folder)
    ]
    assert (places.memory / "1000.json").exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda places: (places.folder / "labo").write_bytes(b"other"),
        lambda places: (places.folder / "labo").chmod(0o777),
        lambda places: (places.folder / "more").write_bytes(b""),
        lambda places: (places.folder / "course").chmod(0o700),
        lambda places: shutil.rmtree(places.folder / "course"),
        lambda places: os.mkfifo(places.folder / "course/pipe"),
        lambda places: places.memory.chmod(0o755),
        lambda places: places.memory.rmdir(),
        lambda places: places.command.unlink(),
        lambda places: places.folder.unlink(),
        lambda places: shutil.copytree(
            places.folder, places.folder.with_name("labocloud-" + "0" * 16)
        ),
    ],
)
def test_what_somebody_changed_is_mended(places: Places, harm: Callable[[Places], object]) -> None:
    run(OLD)
    harm(places)
    assert not (holds(places, OLD) and facts_of(places) == ALL_THERE)
    assert run(OLD)["changed"]
    assert facts_of(places) == ALL_THERE
    assert holds(places, OLD)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_file_that_an_account_may_write_to_is_not_the_toolkits(places: Places) -> None:
    run(OLD)
    os.chown(places.folder / "labo", 1000, 1000)
    assert not holds(places, OLD)


@pytest.mark.parametrize("thing", ["folder", "command", "memory"])
@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_what_is_somebodys_own_is_refused_and_stays(places: Places, thing: str, kind: str) -> None:
    path: Path = getattr(places, thing)
    path.parent.mkdir(parents=True)
    if kind == "directory":
        path.mkdir()
        (path / "mine").write_text("kept")
    elif kind == "file":
        path.write_text("kept")
    else:
        path.symlink_to("/etc/hostname")
    assert facts_of(places) == NOTHING | {thing: "other"}
    result = run(OLD)
    assert result["failed"]
    assert f"{path} is not the toolkit's" in result["msg"]
    assert not run()["changed"]
    assert facts_of(places) == NOTHING | {thing: "other"}


class KilledError(BaseException):
    """The module ends here."""


def killed(monkeypatch: pytest.MonkeyPatch, after: int, work: Callable[[], object]) -> bool:
    """Do something, and end it after so many changes of the disk; tell whether it was ended."""
    left = [after]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return real(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in (
            "mkdir",
            "chmod",
            "symlink_to",
            "rename",
            "replace",
            "unlink",
            "rmdir",
            "open",
        ):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        for name in ("fsync", "fchmod", "unlink", "rmdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        except KilledError:
            return True
    return False


def test_a_kill_at_any_moment_leaves_the_old_files_or_the_new(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(OLD)
    seen = set()
    for after in range(200):
        run(OLD)
        ended = killed(monkeypatch, after, lambda: module.put(NEW, places, check=False))
        seen.add(holds(places, NEW))
        assert holds(places, OLD) or holds(places, NEW)
        assert (places.command.read_bytes()) in (b"old", b"new")
        run(NEW)
        assert facts_of(places) == ALL_THERE
        assert holds(places, NEW)
        if not ended:
            break
    assert (ended, seen) == (False, {True, False})


def test_a_kill_of_the_first_run_or_of_a_removal_is_mended_by_the_next(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    for work in (
        lambda: module.put(NEW, places, check=False),
        lambda: module.remove_all(places, check=False),
    ):
        for after in range(200):
            ended = killed(monkeypatch, after, work)
            assert "other" not in facts_of(places).values()
            run(NEW)
            assert (facts_of(places), holds(places, NEW)) == (ALL_THERE, True)
            killed(monkeypatch, after, work)
            run()
            assert facts_of(places) == NOTHING
            if not ended:
                break
            if "remove_all" in work.__code__.co_names:
                run(NEW)
        assert not ended


def test_it_goes_with_all_that_was_remembered_and_nothing_that_a_link_leads_to(
    places: Places, tmp_path: Path
) -> None:
    run(OLD)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("kept")
    (places.memory / "1000.json").write_text("{}")
    (places.memory / "junk/deep").mkdir(parents=True)
    (places.memory / "out").symlink_to(tmp_path / "kept")
    assert run(check=True)["changed"]
    assert facts_of(places) == ALL_THERE
    assert run()["changed"]
    assert facts_of(places) == NOTHING
    assert list(places.folder.parent.iterdir()) == []
    assert (tmp_path / "kept/file").exists()
    assert not run()["changed"]


@pytest.mark.parametrize("name", ["lost+found", "lost+found/lost+found"])
def test_a_directory_that_only_has_a_file_systems_name_goes(places: Places, name: str) -> None:
    """Any account can make such a directory."""
    run(OLD)
    (places.memory / name).mkdir(parents=True)
    (places.memory / name / "file").write_text("x")
    result = run()
    assert (result["changed"], result["stays"]) == (True, [])
    assert not places.memory.exists()


# A disk of its own for what is remembered, as ext4 makes it, with what fsck has found.
DISK = """
mount -t tmpfs -o mode=755 none .
cd "$PWD"
mkdir -m 700 lost+found
"""


@mounting
def test_a_disk_of_its_own_is_used_emptied_and_stays(places: Places) -> None:
    def work() -> dict[str, Any]:
        first = [
            facts_of(places)["memory"],
            run(OLD)["changed"],
            run(OLD)["changed"],
            facts_of(places),
        ]
        (places.memory / "lost+found/found").write_text("fsck's")
        (places.memory / "1000.json").write_text("{}")
        (places.memory / "junk/lost+found").mkdir(parents=True)
        removal = run()
        last = [facts_of(places), run()["changed"], places.memory.stat().st_mode & 0o7777]
        return {
            "first": first,
            "removal": [removal.get("msg"), removal["changed"], removal["stays"]],
            "last": last,
            "left": [str(path) for path in places.memory.rglob("*")],
            "again": [run(OLD)["changed"], facts_of(places)],
        }

    places.memory.mkdir(parents=True)
    seen = with_mounts(DISK, places.memory, work)
    own = str(places.memory / "lost+found")
    assert seen["first"] == ["absent", True, False, ALL_THERE]
    assert seen["removal"] == [None, True, [str(places.memory), own]]
    assert seen["last"] == [NOTHING, False, 0o755]
    assert seen["left"] == [own, f"{own}/found"]
    assert seen["again"] == [True, ALL_THERE]


@mounting
@pytest.mark.parametrize(
    "script",
    [
        "mkdir -p deep/in; mount --bind {kept} deep/in",
        "mkdir -p deep/in; mount -t tmpfs none deep/in; mkdir deep/in/more",
        "mkdir -p deep; touch deep/in; mount --bind {kept}/file deep/in",
    ],
)
def test_a_mount_stays_and_all_else_goes(places: Places, tmp_path: Path, script: str) -> None:
    (tmp_path / "kept/more").mkdir(parents=True)
    (tmp_path / "kept/file").write_text("kept")

    def work() -> dict[str, Any]:
        for name in ("a", "deep/a", "deep/z", "z"):
            (places.memory / name).mkdir()
        removal = run()
        left = sorted(str(path) for path in places.memory.iterdir())
        left += sorted(str(path) for path in (places.memory / "deep").iterdir())
        again = run()
        return {"removal": removal, "left": left, "again": [again.get("msg"), again["changed"]]}

    run(OLD)
    seen = with_mounts(script.format(kept=tmp_path / "kept"), places.memory, work)
    deep = str(places.memory / "deep")
    assert seen["removal"].get("msg") is None
    assert seen["removal"]["stays"] == [str(places.memory), f"{deep}/in"]
    assert seen["left"] == [deep, f"{deep}/in"]
    assert seen["again"] == [None, False]
    assert (tmp_path / "kept/file").read_text() == "kept"
    assert (tmp_path / "kept/more").is_dir()


def test_of_a_directory_with_very_many_entries_only_the_first_are_looked_at(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the toolkit uses is found by its name."""
    run(OLD)
    above = places.folder.parent
    for number in range(50):
        (above / f"other-{number}").touch()
        (places.memory / f"{number}.json").touch()
    monkeypatch.setattr(facts, "MOST_ENTRIES", 10)
    read = counted(monkeypatch)
    assert facts_of(places) | {"left": 0} == ALL_THERE
    assert holds(places, OLD)
    assert 0 < read[str(above)] <= 2 * 11
    # Where it is open to all, it need not be looked at.
    assert read[str(places.memory)] == 0
    places.memory.chmod(0o755)
    assert facts_of(places)["memory"] == "ours"
    assert read[str(places.memory)] <= 11


def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a counter of the entries that are read of each directory from now on."""
    read: Counter[str] = Counter()
    whole = os.scandir

    class Counting:
        """The result of os.scandir, which counts the entries that are read."""

        def __init__(self, path: Any) -> None:  # noqa: ANN401
            self.path, self.entries = str(path), whole(path)

        def __enter__(self) -> Iterator[Any]:
            return iter(self)

        def __exit__(self, *_: object) -> None:
            self.entries.close()

        def __iter__(self) -> Iterator[Any]:
            for entry in self.entries:
                read[self.path] += 1
                yield entry

    monkeypatch.setattr(os, "scandir", Counting)
    monkeypatch.setattr(os, "listdir", lambda path: [entry.name for entry in Counting(path)])
    return read


def test_a_check_changes_nothing_and_shows_it(places: Places) -> None:
    result = run(OLD, check=True)
    assert result["changed"]
    assert str(places.command) in result["diff"]["after"]
    assert facts_of(places) == NOTHING


@pytest.mark.parametrize(
    "archive", ["", "!", base64.b64encode(b"no").decode(), packed({"../x": OLD["labo"]})]
)
def test_an_archive_that_is_none_changes_nothing(places: Places, archive: str) -> None:
    result = stand_in.run(module.main, archive=archive)
    assert result["failed"]
    assert facts_of(places) == NOTHING


def test_an_endless_folder_is_not_read(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    run(OLD)
    monkeypatch.setattr(facts, "MOST", 3)
    assert not holds(places, OLD)


def test_a_seat_is_given_what_the_image_is_built_from_and_the_command(tmp_path: Path) -> None:
    entries = lesson_files.entries(PROJECT, pack(PROJECT, []))
    assert {"labo", "course/Dockerfile", "course/.dockerignore", "course/app/app.py"} <= set(
        entries
    )
    assert not [
        name for name in entries if name.startswith("course/") and name.endswith("/check.py")
    ]
    assert "course/app/exercises/02-run-again/fr.md" in entries
    with tarfile.open(
        fileobj=io.BytesIO(zlib.decompress(lesson_files.archive(entries)))
    ) as archive:
        assert sorted(archive.getnames()) == sorted(entries)
    assert lesson_files.entries(tmp_path, b"") == {}


def test_the_page_of_mistakes_is_given_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "app/exercises").mkdir(parents=True)
    (tmp_path / "app/content/fr").mkdir(parents=True)
    (tmp_path / "app/content/fr/mistakes.md").write_text("# Erreurs\n")
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    entries = lesson_files.entries(tmp_path, pack(tmp_path, []))
    assert entries["mistakes.fr.md"].data == b"# Erreurs\n"
    assert "mistakes.en.md" not in entries


def test_what_is_wrong_with_an_exercise_is_a_reason_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "app/exercises/01-a").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    why = course.exercises(tmp_path, pack(tmp_path, []))["why"]
    assert why == "app/exercises/01-a has no check.py"


def test_the_action_packs_what_the_judge_compares_with(tmp_path: Path, places: Places) -> None:
    answer = {"changed": True, "seat": sample_seat.seat(), "stays": ["work"]}
    images = sample_seat.seat()["delivered"]
    packing = Action(action, answer, delivered=images)
    assert packing.run(course_image_project=str(PROJECT))["stays"] == ["work"]
    [question] = packing.questions
    arguments = {key: question[key] for key in ("delivered", "archive", "around")}
    files = course.exercises(PROJECT, pack(PROJECT, []))["files"]
    assert facts.wanted(module.unpacked(arguments["archive"])) == files
    # The result on the seat is what the judge compares with.
    assert stand_in.run(module.main, **arguments)["changed"]
    right = facts.digest(lesson_files.listing(files, images, NOTHING_AROUND))
    assert facts.exercise_facts(places)["digest"] == right
    assert delivered.read(places.program) == images
    assert not stand_in.run(module.main, **arguments)["changed"]
    assert stand_in.run(module.main, **{**arguments, "delivered": images[1:]})["changed"]
    beside = {**NOTHING_AROUND, "neighbour": "pc03"}
    assert stand_in.run(module.main, **{**arguments, "around": beside})["changed"]
    assert around.read(places.program) == beside
    removing = Action(action, answer, state="absent")
    removing.run(course_image_project=str(tmp_path))
    [question] = removing.questions
    assert (question["state"], question["archive"]) == ("absent", "")
    with pytest.raises(AnsibleActionFail, match="pc02: the exercises cannot be packed"):
        Action(action, answer).run(course_image_project=str(tmp_path))
