"""Show the board during a run that looks at the progress of seats, and the run's last lines."""

import json
import time
from pathlib import Path

import pytest
from ansible import context
from ansible.template import trust_as_template
from ansible.utils.context_objects import CLIArgs
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_lesson import make, seen, taken
from summary_run import LOOK, Run


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a run that looks at the progress of the seats."""
    make(tmp_path / "course")
    return Run(monkeypatch, tmp_path, "progress.yml")


def look(run: Run, seat: str, *containers: str) -> None:
    """Report to the run a look at a seat with containers of these names."""
    lesson = exercises.load(run.directory / "course/app/exercises")
    facts = {UNSHOWN: {"look": seen(lesson, taken(*containers), time.time())}}
    run.tell("runner_on_ok", seat, action=LOOK, result=facts)


def test_each_look_is_on_the_board_at_once(looking: Run) -> None:
    looking.begin("pc1", "pc2", "pc3")
    look(looking, "pc1", "one")
    assert looking.progress()["pc1"] == ("working", None)
    assert looking.progress()["pc2"] == ("unknown", "Ana")
    look(looking, "pc2")
    assert looking.progress()["pc2"] == ("new", "Ana")
    assert (looking.directory / "board.html").exists()
    assert (looking.directory / "progress.csv").exists()
    lines = looking.end("pc1", "pc2", "pc3")
    assert lines[-2] == "3 seats, 0 need you: 1 working, 1 new, 1 unknown."
    assert lines[-1] == f"The board: {looking.directory}/board.html"
    assert looking.color == "green"
    assert not (looking.directory / "room.json").exists()


def test_what_rests_on_the_neighbour_counts_once_both_have_answered(looking: Run) -> None:
    """Show that the board takes neighbours from the inventory."""
    lesson = exercises.load(looking.directory / "course/app/exercises")
    mine = seen(lesson, taken("one"), time.time())
    mine["exercises"]["01-first"]["steps"][0]["elsewhere"] = "0123456789ab"
    beside = seen(lesson, taken(), time.time()) | {"held": ["0123456789ab"]}
    looking.begin("pc1", "pc2", "pc3")
    for seat, look, state in (("pc2", mine, "new"), ("pc1", beside, "working")):
        looking.tell("runner_on_ok", seat, action=LOOK, result={UNSHOWN: {"look": look}})
        assert looking.progress()["pc2"][0] == state


def test_a_seat_whose_look_took_too_long_needs_somebody(looking: Run) -> None:
    looking.begin("pc1")
    timed_out = {"msg": "Timed out after 60 second(s).", "timedout": {"period": 60}}
    looking.tell("runner_on_failed", "pc1", action=LOOK, result=timed_out)
    assert looking.progress()["pc1"] == ("mute", None)
    lines = looking.end("pc1")
    assert "it did not answer in time: Do it, within 60 s." in lines[0]
    assert looking.color == "yellow"


def test_exercises_that_cannot_be_read_fail_the_look(looking: Run) -> None:
    looking.begin("pc1")
    looking.tell("runner_on_failed", "pc1", action=LOOK, result={"msg": "no fr.md"})
    assert looking.end(pc1="failures") == ["0 seats done, 1 needs you:", "  pc1: no fr.md"]
    # The same holds where the run looked at another seat.
    look(looking, "pc2", "one")
    assert looking.end("pc2", pc1="failures")[-1] == "  pc1: no fr.md"


def test_a_look_that_fails_says_nothing_of_the_machines(up: Run, looking: Run) -> None:
    up.begin("pc1")
    up.judge("pc1")
    up.end("pc1")
    assert up.page()["pc1"] == "ready"
    looking.begin("pc1")
    looking.tell("runner_on_failed", "pc1", action=LOOK, result={"msg": "no fr.md"})
    looking.end(pc1="failures")
    assert up.page()["pc1"] == "ready"


def test_a_board_that_cannot_be_written_is_not_told_to_be_there(looking: Run) -> None:
    looking.begin("pc1", "pc2")
    (looking.directory / "board.html").mkdir()
    look(looking, "pc1", "one")
    [line] = looking.end("pc1", "pc2")
    assert line.startswith("The board cannot be written: ")
    assert looking.color == "red"
    (looking.directory / "board.html").rmdir()
    look(looking, "pc2", "one")
    assert looking.end("pc1", "pc2")[-1] == f"The board: {looking.directory}/board.html"
    assert looking.progress()["pc1"] == ("working", None)


def test_a_person_whose_name_cannot_be_told_does_not_have_all_be_well(looking: Run) -> None:
    looking.person = trust_as_template("{{ nobody }}")
    looking.begin("pc1", "pc2")
    look(looking, "pc1", "one")
    assert looking.end("pc1", "pc2") == ["The board cannot be written: 'nobody' is undefined"]
    assert looking.color == "red"


def test_another_run_in_the_meantime_is_not_lost(looking: Run, tmp_path: Path) -> None:
    looking.begin("pc1", "pc2", "pc3")
    look(looking, "pc1", "one")
    other = json.loads((tmp_path / "progress.json").read_text())
    looking.again()
    looking.begin("pc2")
    look(looking, "pc2", "one", "two")
    assert looking.progress()["pc1"] == ("working", None)
    assert other["seats"][0]["exercises"] == next(
        row["exercises"]
        for row in json.loads((tmp_path / "progress.json").read_text())["seats"]
        if row["name"] == "pc1"
    )


def test_a_reset_forgets_how_far_a_seat_was(looking: Run) -> None:
    looking.begin("pc1", "pc2")
    students = {"action": "labocloud.room.seat_students", "args": {"state": "absent"}}
    looking.tell("runner_on_ok", "pc1", **students)
    assert not (looking.directory / "progress.json").exists()
    look(looking, "pc1", "one")
    look(looking, "pc2", "one")
    looking.tell("runner_on_ok", "pc1", action="labocloud.room.seat_students")
    assert looking.progress()["pc1"] == ("working", None)
    looking.tell("runner_on_ok", "pc1", action="file", args={"state": "absent"})
    assert looking.progress()["pc1"] == ("working", None)
    looking.tell("runner_on_ok", "pc1", **students)
    assert looking.progress() == {
        "pc1": ("unknown", None),
        "pc2": ("working", "Ana"),
        "pc3": ("unknown", None),
    }


def test_a_checked_reset_forgets_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make(tmp_path / "course")
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"check": True}))
    run = Run(monkeypatch, tmp_path, "reset.yml")
    run.begin("pc1")
    look(run, "pc1", "one")
    students = {"action": "labocloud.room.seat_students", "args": {"state": "absent"}}
    run.tell("runner_on_ok", "pc1", **students)
    assert run.progress()["pc1"] == ("working", None)


def test_another_task_that_took_too_long_says_nothing_of_the_students(up: Run) -> None:
    up.begin("pc1")
    timed_out = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc1", result=timed_out)
    assert not (up.directory / "progress.json").exists()
    line = up.end(pc1="failures")[1]
    assert line.startswith("  pc1: it did not answer in time: Do it, within 180 s. Fix: it is on")
    assert up.page()["pc1"] == "error"


def test_a_run_that_looks_ends_as_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make(tmp_path / "course")
    run = Run(monkeypatch, tmp_path, "catchup.yml")
    run.begin("pc1")
    look(run, "pc1", "one")
    assert run.progress()["pc1"] == ("working", None)
    assert run.end("pc1") == ["1 seat done."]
