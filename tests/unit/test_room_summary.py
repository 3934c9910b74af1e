"""The words at the end of a run."""

from pathlib import Path

import room_report
import room_summary
import yaml

PROJECT = Path(__file__).parents[2]


def test_all_is_well() -> None:
    assert room_summary.summary(1, {}, "ready") == ["1 seat ready."]
    assert room_summary.summary(2, {}, "done") == ["2 seats done."]


def test_a_room_without_seats_is_not_called_ready() -> None:
    assert room_summary.summary(0, {}, "ready") == [
        "No seat was touched: is the inventory's group lab empty?"
    ]


def test_each_seat_that_needs_somebody_has_its_line() -> None:
    failed = {"pc07": "pc07: port 8080 is held by tomcat9 (pid 812).", "pc02": "unreachable: off"}
    assert room_summary.summary(1, failed, "ready") == [
        "1 seat ready, 2 need you:",
        "  pc02: unreachable: off",
        "  pc07: port 8080 is held by tomcat9 (pid 812).",
    ]


def test_what_was_found_of_the_room_comes_last() -> None:
    found = room_report.finding("builder_is_seat", "pc1", builder="pc1", users="student")
    for failed in ({}, {"pc02": "off"}):
        *_, last = room_summary.summary(1, failed, "ready", [found])
        assert last.startswith("The room: pc1 builds the image that all seats run")
        assert "Fix: name a machine of your own" in last


def test_the_reason_is_the_message_and_what_the_command_said_in_one_line() -> None:
    answer = {"msg": "non-zero return code", "stderr": "no\n  space left", "stdout": "x"}
    assert room_summary.reason(answer) == "non-zero return code no space left"


def test_a_reason_moves_no_cursor() -> None:
    answer = {"msg": "port 8080 is held by x\x1b[31mred\x07", "stderr": "\x1b]0;title\x9c"}
    assert room_summary.reason(answer) == "port 8080 is held by x [31mred ]0;title"


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    told = room_summary.reason({"msg": "begin " + "x" * 5000 + " end"})
    assert told.startswith("begin")
    assert told.endswith("end")
    assert len(told) < room_summary.LONGEST_REASON + 10


def test_no_reason_at_all() -> None:
    assert room_summary.reason({}) == "no reason given"


def test_the_last_proof_is_the_last_task_of_the_last_play_about_seats() -> None:
    """The summary knows a seat that is ready by that task's name."""
    plays = yaml.safe_load((PROJECT / "playbooks/verify.yml").read_text())
    [*_, last] = [play for play in plays if play["hosts"].startswith("lab")]
    tasks = yaml.safe_load((PROJECT / f"roles/{last['roles'][-1]}/tasks/main.yml").read_text())
    assert tasks[-1]["name"] == room_summary.LAST_PROOFS[0]


def test_the_missing_are_those_that_failed_and_those_that_nobody_looked_at() -> None:
    room = ["pc1", "pc2", "pc3"]
    assert room_summary.missing([], room, {"pc2"}, {"pc1", "pc3"}) == ["pc2"]
    assert room_summary.missing(["pc2", "pc3"], room, set(), {"pc2"}) == ["pc3"]
    assert room_summary.missing(["pc2", "other"], room, {"pc1"}, set()) == ["pc1", "pc2"]
    assert room_summary.missing(["pc2"], room, set(), {"pc2"}) == []
