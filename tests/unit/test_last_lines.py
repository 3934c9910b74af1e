"""Test the last lines of a run."""

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.run import last_lines
from summary_run import tried


def test_all_is_well() -> None:
    assert last_lines.summary(1, {}, "ready") == ["1 seat ready."]
    assert last_lines.summary(2, {}, "done") == ["2 seats done."]


def test_a_room_without_seats_is_not_called_ready() -> None:
    assert last_lines.summary(0, {}, "ready") == [
        "No seat was touched: is the inventory's group lab empty?"
    ]


def test_each_seat_that_needs_somebody_has_its_line() -> None:
    failed = {"pc07": "pc07: port 8080 is held by tomcat9 (pid 812).", "pc02": "unreachable: off"}
    assert last_lines.summary(1, failed, "ready") == [
        "1 seat ready, 2 need you:",
        "  pc02: unreachable: off",
        "  pc07: port 8080 is held by tomcat9 (pid 812).",
    ]


def test_no_seats_line_can_be_taken_for_anothers() -> None:
    failed = {"pc1": "pc10: unreachable: off", "pc2": "pc2 keeps the images that it had"}
    assert last_lines.summary(1, failed, "ready")[1:] == [
        "  pc1: pc10: unreachable: off",
        "  pc2 keeps the images that it had",
    ]


def test_what_is_only_to_be_looked_at_comes_last() -> None:
    for failed in ({}, {"pc02": "off"}):
        *_, last = last_lines.summary(1, failed, "ready", ["The room: a"])
        assert last == "The room: a"


def test_a_warning_of_many_seats_is_one_line() -> None:
    low = finding("clock_off", "pc1", seconds="+40")
    off = finding("clock_off", "pc2", seconds="+90")
    broken = finding("unfinished", "pc1")
    lines = last_lines.warnings(
        {
            "pc1": {"machine": verdict([low, broken])},
            "pc2": {"machine": verdict([off])},
            "pc3": {"machine": verdict([low])},
        }
    )
    assert lines == [
        "To look at, pc1, pc3: its clock is off by +40 s. Fix: ./lab ansible pc1,pc3 -ba"
        " 'timedatectl set-ntp true'",
        "To look at, pc2: its clock is off by +90 s. Fix: ./lab ansible pc2 -ba"
        " 'timedatectl set-ntp true'",
    ]


def test_a_warning_that_seats_share_names_them_as_the_inventory_does_or_all() -> None:
    """Show that the order of the answers does not matter, and that the command is for all."""
    room = [f"pc{number}" for number in range(1, 13)]
    verdicts = {
        name: {"machine": verdict([finding("clock_off", name, seconds="+40")])}
        for name in ("pc10", "pc2", *sorted(set(room) - {"pc10", "pc2"}))
    }
    assert last_lines.warnings(verdicts, room) == [
        "To look at, all 12 seats: its clock is off by +40 s. Fix: ./lab ansible lab -ba"
        " 'timedatectl set-ntp true'"
    ]
    some = {name: verdicts[name] for name in ("pc10", "pc2", "pc1")}
    [line] = last_lines.warnings(some, room)
    assert line.startswith("To look at, pc1, pc2, pc10: its clock is off by +40 s.")
    assert line.endswith("Fix: ./lab ansible pc1,pc2,pc10 -ba 'timedatectl set-ntp true'")
    # One that is all of the room keeps its name.
    [line] = last_lines.warnings({"pc10": verdicts["pc10"]}, ["pc10"])
    assert line.startswith("To look at, pc10: ")
    attacks = dict.fromkeys(verdicts, tried(withstood=1))
    [line] = last_lines.attacked(attacks, room)
    assert line.startswith("Attacks, all 12 seats: ")


def test_what_came_of_attacks_is_told_for_all_seats_alike() -> None:
    safe, rooted = tried(withstood=3, untried=1), tried(withstood=1, succeeded=2)
    lines = last_lines.attacked({"pc1": safe, "pc2": rooted, "pc3": safe, "pc4": tried()})
    assert lines == [
        "Attacks, pc1, pc3: as student 3 tried, 0 succeeded.",
        "Attacks, pc2: as student 3 tried, 2 succeeded.",
    ]
    assert last_lines.attacked({"pc1": tried(untried=9)}) == []


def test_the_reason_is_the_message_and_what_the_command_said_in_one_line() -> None:
    answer = {"msg": "non-zero return code", "stderr": "no\n  space left", "stdout": "x"}
    assert last_lines.reason(answer) == "non-zero return code no space left"


def test_a_reason_moves_no_cursor() -> None:
    answer = {"msg": "port 8080 is held by x\x1b[31mred\x07", "stderr": "\x1b]0;title\x9c"}
    assert last_lines.reason(answer) == "port 8080 is held by x [31mred ]0;title"


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    text = last_lines.reason({"msg": "begin " + "x" * 5000 + " end"})
    assert text.startswith("begin")
    assert text.endswith("end")
    assert len(text) < last_lines.LONGEST_REASON + 10


def test_that_it_took_too_long_is_said_in_the_same_words() -> None:
    """Show it for an item of a loop, too, and for a module that reports odd limits."""
    timed_out = {"msg": "Timed out after 600 second(s).", "timedout": {"period": 600}}
    assert last_lines.reason(timed_out) == "it did not answer in time, within 600 s"
    for odd in (True, {"period": "x" * 10**6}, {}):
        assert last_lines.reason({"msg": "it", "timedout": odd}) == "it"


def test_no_reason_at_all() -> None:
    assert last_lines.reason({}) == "no reason given"


def test_where_a_module_dies_what_its_interpreter_said_is_told() -> None:
    assert last_lines.reason({"msg": "failed", "module_stderr": "Traceback"}) == (
        "failed Traceback"
    )
    whole = "x" * last_lines.LONGEST_REASON
    assert last_lines.reason({"msg": whole}) == whole
