"""Test what `labo` remembers on a seat, and which files of its directory it leaves aside."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted
from sample_labo import FRENCH, Labo


def write_record(directory: Path, uid: int, **fields: object) -> None:
    """Write the record of an account, as the account would."""
    path = directory / f"{uid}.json"
    path.write_text(json.dumps({**memory.nothing(), **fields}))
    os.chown(path, uid, uid)


def test_it_works_where_nothing_can_be_remembered_and_says_so_once(labo: Labo) -> None:
    labo.has("one")
    shutil.rmtree(labo.memory)
    code, output, errors = labo.run("check", "1")
    assert (code, "[x] “one” is there" in output) == (1, True)
    assert errors == f"Nothing will be remembered on this seat: {labo.memory} is not there.\n"
    code, _, errors = labo.run("answer", "1", "42")
    assert (code, errors.count("Nothing will be remembered")) == (2, 1)
    labo.memory.write_text("")
    assert "Nothing will be remembered" in labo.run("check", "1")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"version": 2}',
        '{"version": 1, "answers": {"01-first": "x"}, "done": {}, "saved": null}',
        '{"version": 1, "answers": {}, "done": {"01-first": {"one": "x"}}, "saved": null}',
        '{"version": 1, "answers": {}, "done": {"01-first": {"one": NaN}}, "saved": null}',
        json.dumps({**memory.nothing(), "earlier": {"01-first": [{"text": "x"}]}}),
        json.dumps({**memory.nothing(), "hints": {"01-first": {"one/0": 1.5}}}),
        json.dumps(memory.nothing()) + " " * memory.LARGEST,
    ],
)
def test_a_file_that_is_torn_is_left_aside_and_told(labo: Labo, text: str) -> None:
    own = labo.memory / f"{os.geteuid()}.json"
    own.write_text(text)
    code, output, errors = labo.run("check", "1")
    assert (code, "[ ] “one” is there" in output) == (1, True)
    assert errors == f"Files left aside in {labo.memory}, which are not labo’s: {own.name}\n"
    # The account may write over its own file.
    labo.run("answer", "1", "42")
    assert labo.run("check", "1")[2] == ""


def test_a_file_of_another_account_counts_only_if_it_is_its_own(labo: Labo, tmp_path: Path) -> None:
    other = os.geteuid() + 1
    done = {"01-first": {"one": 1.0, "two": 1.0}}
    answers = {"01-first": {"text": "42", "time": 1.0}}
    record = json.dumps({**memory.nothing(), "answers": answers, "done": done})
    path = labo.memory / f"{other}.json"
    path.write_text(record)
    code, output, errors = labo.run("check", "1")
    assert (code, output.count("[ ]")) == (1, 3)
    assert path.name in errors
    if os.geteuid() == 0:
        os.chown(path, other, other)
        output = labo.run("check", "1")[1]
        assert (output.count("[~]"), output.count("[x]")) == (2, 1)
    # A file that a link leads to does not count either.
    own = labo.memory / f"{os.geteuid()}.json"
    (tmp_path / "elsewhere").write_text(record)
    own.unlink(missing_ok=True)
    own.symlink_to(tmp_path / "elsewhere")
    assert own.name in labo.run("check", "1")[2]
    labo.run("answer", "1", "mine")
    assert not own.is_symlink()
    assert "42" in (tmp_path / "elsewhere").read_text()


def test_the_answers_of_all_accounts_count_and_the_earliest_time(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for uid, moment in ((1001, 5.0), (1002, 9.0), (1003, 7.0)):
        answers = {"e": {"text": f"of\x1b {uid}", "time": moment}}
        saved = {"time": moment, "images": [f"i{uid}"], "volumes": ["v"]}
        write_record(tmp_path, uid, answers=answers, done={"e": {"s": moment}}, saved=saved)
    remembered = memory.read(tmp_path)
    assert remembered.answers == {"e": ["of 1002", "of 1003", "of 1001"]}
    assert remembered.done == {"e": {"s": 5.0}}
    assert remembered.saved == (9.0, {"i1001", "i1002", "i1003"}, {"v"})
    assert remembered.odd == []


def test_an_account_keeps_its_last_ten_answers_with_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in range(1, 14):
        monkeypatch.setattr(time, "time", lambda moment=moment: float(moment))
        mine = memory.Mine(tmp_path)
        mine.answer("e", f"at {moment}", ["0123456789ab"] if moment == 12 else None)
        mine.write()
    monkeypatch.undo()
    kept = memory.read(tmp_path).answers["e"]
    assert kept == [f"at {moment}" for moment in range(13, 3, -1)]
    assert [answer.time for answer in kept] == [float(moment) for moment in range(13, 3, -1)]
    assert [answer.seen for answer in kept[:3]] == [None, ["0123456789ab"], None]


# What an older `labo` writes, and by what it reads what others have written.
OLD = {
    "version": 1,
    "answers": {"e": {"text": "42", "time": 5.0}},
    "done": {"e": {"s": 5.0}},
    "saved": {"time": 5.0, "images": ["i"], "volumes": ["v"]},
}
OLD_SHAPE = {
    "version": int,
    "answers": {str: {"text": str, "time": float}},
    "done": {str: {str: float}},
    "saved": ({"time": float, "images": [str], "volumes": [str]}, None),
}


def test_what_an_older_labo_has_written_is_read_and_the_other_way_round(tmp_path: Path) -> None:
    path = tmp_path / f"{os.geteuid()}.json"
    path.write_text(json.dumps(OLD))
    remembered = memory.read(tmp_path)
    assert remembered == ({"e": ["42"]}, {"e": {"s": 5.0}}, (5.0, {"i"}, {"v"}), [], False, {})
    assert (remembered.answers["e"][0].time, remembered.answers["e"][0].seen) == (5.0, None)
    mine = memory.Mine(tmp_path)
    mine.answer("e", "43", ["0123456789ab"])
    mine.ask("e", "s/0", 1)
    mine.write()
    assert memory.read(tmp_path).answers == {"e": ["43", "42"]}
    wrong: list[str] = []
    read = fitted(json.loads(path.read_text()), OLD_SHAPE, "it", wrong)
    assert wrong == []
    assert read["answers"]["e"]["text"] == "43"
    assert {key: read[key] for key in ("version", "done", "saved")} == {
        key: OLD[key] for key in ("version", "done", "saved")
    }


def test_a_record_that_would_be_too_large_loses_the_earlier_answers(tmp_path: Path) -> None:
    mine = memory.Mine(tmp_path)
    for exercise in range(15):
        for _ in range(10):
            mine.answer(f"{exercise:02}-exercise", "é" * memory.LONGEST)
    mine.write()
    remembered = memory.read(tmp_path)
    assert (len(remembered.answers), remembered.odd) == (15, [])
    assert {len(answers) for answers in remembered.answers.values()} == {1}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_of_very_many_answers_the_last_of_each_account_is_there(tmp_path: Path) -> None:
    for uid in range(1000, 1000 + memory.MOST_FILES):
        answers = {"e": {"text": f"last of {uid}", "time": 1.0 + uid}}
        earlier = {"e": [{"text": f"of {uid}", "time": 9000.0 - number} for number in range(9)]}
        write_record(tmp_path, uid, answers=answers, earlier=earlier)
    kept = memory.read(tmp_path).answers["e"]
    assert len(kept) == 60
    assert {f"last of {uid}" for uid in range(1000, 1050)} < set(kept)
    assert [answer.time for answer in kept] == sorted((a.time for a in kept), reverse=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_the_hints_that_any_account_has_asked_for_are_open(tmp_path: Path) -> None:
    for uid, hints in ((1001, {"s/0": 1, "s/1": -3}), (1002, {"s/0": 2}), (1003, {"s/0": 1})):
        write_record(tmp_path, uid, hints={"e": hints})
    assert memory.read(tmp_path).hints == {"e": {"s/0": 2, "s/1": 0}}


def test_of_two_that_look_at_once_the_first_counts(tmp_path: Path) -> None:
    mine = memory.Mine(tmp_path)
    mine.see([("e", "s", 1.0)])
    mine.see([("e", "s", 2.0)])
    mine.write()
    assert memory.read(tmp_path).done == {"e": {"s": 1.0}}


def test_of_many_taken_names_some_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_FILES", 2)
    for uid in range(90_000, 90_005):
        (tmp_path / f"{uid}.json").write_text("{}")
    assert len(memory.read(tmp_path).odd) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
@pytest.mark.parametrize("name", ["junk-{}", "{}.json"])
def test_of_very_many_files_a_part_is_looked_at_and_ones_own_in_any_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Show it for a directory that others have filled, where the account's own file is the last."""
    monkeypatch.setattr(memory, "MOST_ENTRIES", 20)
    for number in range(70_000, 70_100):
        (tmp_path / name.format(number)).touch()
        os.chown(tmp_path / name.format(number), 5000, 5000)
    write_record(tmp_path, 4000, done={"e": {"s": 5.0}})
    listed, examined = [], []
    scan, lstat = os.scandir, Path.lstat

    @contextmanager
    def scandir(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scan(path) as entries:
            own_last = sorted(entries, key=lambda entry: entry.name == "4000.json")
            yield (listed.append(entry.name) or entry for entry in own_last)  # type: ignore[func-returns-value]

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "lstat", lambda path: examined.append(path) or lstat(path))
    monkeypatch.setattr(os, "geteuid", lambda: 4000)
    remembered = memory.read(tmp_path)
    assert (remembered.done, remembered.crowded) == ({"e": {"s": 5.0}}, True)
    assert (len(listed), len(examined) <= 21) == (21, True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert memory.read(tmp_path).done == {}


def test_it_says_where_there_is_more_than_it_looks_at(labo: Labo) -> None:
    for number in range(memory.MOST_ENTRIES + 1):
        (labo.memory / str(number)).touch()
    assert "There are more than 2000 files in" in labo.run("check", "1")[2]
    assert "Il y a plus de 2000 fichiers" in labo.run(**FRENCH)[2]
    (labo.memory / "0").unlink()
    assert labo.run("check", "1")[2] == ""


# The last of these times is in the year 2096.
NO_TIMES = [0.0, -1e300, 1e300, 9e18, 4e9]


@pytest.mark.parametrize("moment", NO_TIMES)
def test_a_time_that_cannot_be_counts_for_nothing(labo: Labo, moment: float) -> None:
    answers = {"01-first": {"text": "42", "time": moment}}
    earlier = {"01-first": [{"text": "42", "time": moment}]}
    saved = {"time": moment, "images": ["i"], "volumes": ["v"]}
    done = {"01-first": {"one": moment}, "04-last": {"there": moment}}
    given = {"answers": answers, "earlier": earlier}
    write_record(labo.memory, os.geteuid(), **given, done=done, saved=saved)
    assert labo.run("check", "1")[1].count("[ ]") == 3
    assert "1. First contact, 10\u00a0min (0/3) ← you are here" in labo.run()[1]
    assert not any(memory.read(labo.memory).answers.values())
    assert memory.read(labo.memory)[1:3] == ({"01-first": {}, "04-last": {}}, memory.Saved())
    # What is seen from now on is remembered nevertheless.
    labo.has("one")
    labo.run("check", "1")
    labo.has()
    assert "[~] “one” is there" in labo.run("check", "1")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_no_account_takes_the_place_of_anothers_answer(labo: Labo) -> None:
    labo.run("answer", "1", "42")
    later = {"01-first": {"text": "zzz", "time": time.time() + 30}}
    write_record(labo.memory, 1001, answers=later)
    assert "Given: ['zzz', '42']" in labo.run("check", "1")[1] + labo.run("check", "--json")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_files_that_are_not_their_accounts_hide_no_record(tmp_path: Path) -> None:
    for number in range(1, 2 * memory.MOST_FILES):
        (tmp_path / f"{number}.json").touch()
        os.chown(tmp_path / f"{number}.json", 5000, 5000)
    (tmp_path / "٣.json").touch()
    (tmp_path / "05000.json").touch()
    write_record(tmp_path, 4000, done={"e": {"s": 5.0}})
    remembered = memory.read(tmp_path)
    assert remembered.done == {"e": {"s": 5.0}}
    assert len(remembered.odd) == memory.MOST_FILES
    assert "05000.json" not in remembered.odd


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_of_many_accounts_ones_own_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_FILES", 2)
    for uid in range(1000, 1005):
        write_record(tmp_path, uid, done={f"e{uid}": {"s": 5.0}})
    assert list(memory.read(tmp_path).done) == ["e1000", "e1001"]
    monkeypatch.setattr(os, "geteuid", lambda: 1004)
    assert list(memory.read(tmp_path).done) == ["e1004", "e1000"]


def test_what_is_no_file_keeps_nothing_open(tmp_path: Path) -> None:
    (tmp_path / f"{os.geteuid()}.json").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        assert memory.read(tmp_path).odd == [f"{os.geteuid()}.json"]
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_not_written_whole_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = memory.Mine(tmp_path)
    mine.answer("e", "first")
    mine.write()
    mine.answer("e", "second")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        mine.write()
    assert memory.read(tmp_path).answers == {"e": ["first"]}
    assert len(list(tmp_path.iterdir())) == 1
