"""Show what a run prints and writes at its end, by the state of its seats."""

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.utils.context_objects import CLIArgs
from ansible_collections.labocloud.room.plugins.action import seat as asking
from ansible_collections.labocloud.room.plugins.plugin_utils import page
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from ansible_collections.labocloud.room.plugins.plugin_utils.run.record import JUDGING
from summary_run import LOCK, SEAT, Run, judged, tried


def test_it_learns_from_all_actions_that_give_a_verdict_and_from_no_others() -> None:
    judging = {
        f"labocloud.room.{path.stem}"
        for path in Path(asking.__file__).parent.glob("*.py")
        if hasattr(import_module(asking.__name__.replace(".seat", f".{path.stem}")), "SeatAction")
    }
    assert set(JUDGING) == judging


def test_seats_that_are_as_they_should_be_are_ready(up: Run) -> None:
    up.begin("pc1", "pc2", "pc3")
    up.judge("pc1", delegate_to="pc2")
    up.judge("pc1")
    up.judge("pc3", "clock_off")
    first, look = up.end("pc1", "pc2", "pc3", "registry")
    assert first == "3 seats ready."
    assert look.startswith("To look at, pc3: its clock is off")
    assert up.color == "green"
    assert up.missing() == []
    assert up.page() == {"pc1": "ready", "pc2": "ready", "pc3": "warning"}


def test_seats_that_failed_are_named_and_the_next_run_can_be_limited_to_them(up: Run) -> None:
    up.begin("pc1", "pc2", "pc3")
    for seat in ("pc1", "pc2", "pc3"):
        up.judge(seat)
    up.tell("runner_on_failed", "pc2", result={"msg": "no space"})
    up.tell("runner_on_unreachable", "pc3", result={"msg": "timed out"})
    assert up.end("pc1", pc2="failures", pc3="unreachable") == [
        "1 seat ready, 2 need you:",
        "  pc2: no space",
        "  pc3: unreachable: timed out. Fix: switch it on, plug it in, then:"
        " ./lab ansible pc3 -m ping",
    ]
    assert up.color == "red"
    assert up.missing() == ["pc2", "pc3"]
    assert up.page() == {"pc1": "ready", "pc2": "error", "pc3": "error"}
    # The first seat is ready now; no run has looked at the second one.
    up.again()
    up.begin("pc2")
    up.judge("pc2")
    assert up.end("pc2") == ["1 seat ready."]
    assert up.missing() == ["pc3"]
    assert up.page()["pc2"] == "ready"


def test_of_a_run_that_was_broken_off_what_is_known_is_told_and_kept(
    up: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at a seat that does not answer, or an error of Ansible's own, ends a run so."""
    assert up.broken_off(monkeypatch) == []  # it had not begun
    up.begin("pc1", "pc2", "pc3")
    up.judge("pc1")
    up.judge("pc2", "container_missing")
    for name in ("pc1", "pc2", "pc3"):
        up.callback.v2_runner_on_start(SimpleNamespace(get_name=lambda name=name: name), None)
    up.tell("runner_on_failed", "pc3", result={"msg": "no space"})
    up.tell("runner_on_skipped", "pc1")
    assert up.broken_off(monkeypatch) == [
        "1 seat ready, 2 need you:",
        "  pc2: not finished: the run was broken off while it waited for this seat."
        " Fix: the same command again",
        "  pc3: no space",
    ]
    assert up.color == "red"
    assert up.missing() == ["pc2", "pc3"]
    assert up.page() == {"pc1": "ready", "pc2": "error", "pc3": "error"}


def test_of_one_that_proves_nothing_no_seat_is_called_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reset = Run(monkeypatch, tmp_path, "reset.yml")
    reset.begin("pc1", "pc2")
    reset.judge("pc1")
    first, *seats = reset.broken_off(monkeypatch)
    assert first == "0 seats done, 2 need you:"
    assert all("broken off" in seat for seat in seats)


def test_of_a_run_that_was_broken_off_only_those_at_work_were_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reset = Run(monkeypatch, tmp_path, "reset.yml")
    reset.begin("pc1", "pc2", "pc3")
    for name in ("pc1", "pc2", "pc3"):
        reset.callback.v2_runner_on_start(SimpleNamespace(get_name=lambda name=name: name), None)
    reset.judge("pc1")
    reset.tell("runner_on_skipped", "pc2")
    _, *seats = reset.broken_off(monkeypatch)
    assert ["while it waited for this seat" in line for line in seats] == [False, False, True]


def test_a_run_whose_end_was_told_is_told_once(up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    up.begin("pc1")
    up.judge("pc1")
    lines = up.end("pc1")
    assert up.broken_off(monkeypatch) == lines == ["1 seat ready."]


def test_how_long_a_run_took_is_not_what_a_seat_says(up: Run) -> None:
    """A seat whose answer is dated 1970 would make the page show half a century."""
    up.begin("pc1")
    up.judge("pc1")
    assert up.callback.record.answers["pc1"]["seat"]["clock"]["control"] == 1.0
    up.end("pc1")
    assert json.loads((up.directory / "room.json").read_text())["seconds"] < 10**6


def test_where_the_page_cannot_be_written_the_lines_say_so(up: Run) -> None:
    (up.directory / "room.html").mkdir()
    up.begin("pc1")
    up.judge("pc1")
    first, second = up.end("pc1")
    assert first == "1 seat ready."
    assert second.startswith("The page cannot be written: ")


@pytest.mark.parametrize("counted", [None, {"a": None}, [1], 2])
def test_what_seats_count_ends_no_run(up: Run, counted: object) -> None:
    assert up.callback.play is None
    stats = AggregateStats()
    for _ in range(3):
        stats.update_custom_stats("x", counted, "pc1")
        stats.update_custom_stats("y", 2)
    assert stats.custom["_run"] == {"y": 6}


def test_a_keeper_of_the_lock_that_does_not_answer_is_named(up: Run) -> None:
    up.begin("pc1", "pc2")
    late = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc2", action=LOCK, delegate_to="pc1", result=late)
    [line] = up.end(pc1="failures", pc2="failures")
    assert line.startswith("pc1: it did not answer in time: Do it, within 180 s. Fix: ")


def test_a_seat_that_was_judged_not_to_be_ready_is_not_though_no_task_failed(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "container_missing")
    assert up.end("pc1") == [
        "0 seats ready, 1 needs you:",
        "  pc1: the container flask is missing. Fix: ./lab up --limit pc1",
    ]


def test_what_a_proof_that_failed_has_found_is_on_the_page(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1")
    up.judge("pc1", "container_missing", event="runner_on_failed")
    assert up.end(pc1="failures")[1:] == ["  pc1: it"]
    assert up.page()["pc1"] == "error"


def test_the_page_is_written_where_no_seat_is_left(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "unreachable", event="runner_on_unreachable")
    up.end(pc1="unreachable")
    assert up.page() == {"pc1": "unreachable", "pc2": "unknown", "pc3": "unknown"}


def test_a_machine_that_ran_into_its_time_limit_is_on_the_page(up: Run) -> None:
    """The task has returned no verdict."""
    up.begin("pc1")
    timed_out = {"msg": "Timed out after 180 second(s).", "timedout": {"period": 180}}
    up.tell("runner_on_failed", "pc1", result=timed_out)
    up.end(pc1="failures")
    assert up.page()["pc1"] == "error"
    [row] = [seat for seat in page.last(up.directory)["seats"] if seat["name"] == "pc1"]
    why = "it did not answer in time: Do it, within 180 s."
    assert row["findings"][0]["cause"]["en"] == why


def test_a_run_that_has_asked_nobody_leaves_the_page(up: Run) -> None:
    up.begin("pc1")
    up.end()
    assert not (up.directory / "room.json").exists()


def test_a_seat_that_was_mended_is_not_held_to_what_failed(up: Run) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", result={"msg": "the old page answers"})
    up.judge("pc1")
    assert up.end("pc1") == ["1 seat ready."]


def test_the_reason_of_a_loop_is_that_of_its_first_item(up: Run) -> None:
    up.begin("pc1")
    for why in ("first", "second"):
        up.tell("runner_item_on_failed", "pc1", result={"msg": why})
    up.tell("runner_on_failed", "pc1", result={"msg": "One or more items failed"})
    assert up.end(pc1="failures") == ["0 seats ready, 1 needs you:", "  pc1: first"]


def test_where_another_machine_stops_the_run_it_is_named_and_the_seats_wait_for_it(up: Run) -> None:
    up.begin("pc1", "pc2")
    broken = {"delegate_to": "builder", "result": {"msg": "disk full"}}
    up.tell("runner_on_failed", "pc1", **broken)
    lines = up.end("pc2", pc1="failures")
    assert lines[:2] == ["0 seats ready, 3 need you:", "  builder: disk full"]
    for line, seat in zip(lines[2:], ("pc1", "pc2"), strict=True):
        assert line.startswith(f"  {seat}: waits for builder, which works for the room. Fix: ")
    assert up.missing() == ["pc1", "pc2"]


@pytest.mark.parametrize("delegate_to", ["pc1", "localhost"])
def test_what_is_done_for_a_seat_is_the_seats(up: Run, delegate_to: str) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", delegate_to=delegate_to, result={"msg": "no"})
    assert up.end(pc1="failures")[1:] == ["  pc1: no"]


def test_a_seat_that_was_never_judged_is_not_ready(up: Run) -> None:
    up.begin("pc1", "pc2")
    up.judge("pc1")
    assert up.end("pc1", "pc2") == [
        "1 seat ready, 1 needs you:",
        "  pc2: not finished: the run stopped at another machine",
    ]


def test_a_seat_that_takes_too_long_is_not_told_to_be_off(up: Run) -> None:
    up.begin("pc1", "pc2")
    up.judge("pc1")
    why = "Timeout (32s) waiting for privilege escalation prompt: "
    up.tell("runner_on_unreachable", "pc2", result={"msg": why})
    [_, line, *_] = up.end("pc1", pc2="unreachable")
    assert line.startswith("  pc2: it did not answer in time: Timeout (32s)")
    assert "plug it in" not in line


def test_what_was_found_of_the_room_is_told(up: Run) -> None:
    up.begin("pc1")
    facts = judged("pc1", may=["student"])
    up.tell("runner_on_ok", "pc1", action=SEAT, result={UNSHOWN: facts})
    assert up.end("pc1")[-1].startswith("The room: pc1 builds the image")


def test_what_came_of_attacks_is_told_at_the_end_also_where_all_is_well(up: Run) -> None:
    up.begin("pc1")
    facts = judged("pc1") | {"attacks": tried(withstood=2)}
    attack = "labocloud.room.seat_attack"
    up.tell("runner_on_ok", "pc1", action=attack, result={UNSHOWN: facts})
    # The proof that follows has no results of attacks.
    up.tell("runner_on_ok", "pc1", action=SEAT, result={UNSHOWN: judged("pc1")})
    lines = up.end("pc1")
    assert lines[:2] == ["1 seat ready.", "Attacks, pc1: as student 2 tried, 0 succeeded."]


@pytest.mark.parametrize("key", ["attacks", "look", "verdict"])
@pytest.mark.parametrize("event", ["runner_on_ok", "runner_on_failed", "runner_on_unreachable"])
def test_what_any_module_may_answer_is_not_taken_for_what_an_action_has_found_out(
    up: Run, key: str, event: str
) -> None:
    """Each of these answers would have ended the callback, and so the last lines of all seats."""
    up.begin("pc1")
    lie = {key: {"tried": 7, "machine": 7, "exercises": 7}}
    for action in ("ansible.builtin.command", "labocloud.room.seat_students"):
        answer = {"ansible_facts": lie, **lie, UNSHOWN: lie}
        up.tell(event, "pc2", action=action, result=answer)
    # The same holds for data of the toolkit's own actions under another name, or as facts.
    up.tell(event, "pc2", action="labocloud.room.seat_attack", result={"ansible_facts": lie, **lie})
    up.tell(event, "pc2", action=SEAT, result={UNSHOWN: {"attacks": 7, "look": 7}})
    record = up.callback.record
    assert up.callback.board.looks == record.attacks == record.answers == {}
    up.judge("pc1")
    assert "1 seat ready" in up.end("pc1")[0]


def test_the_machine_that_builds_is_named_where_the_others_wait_for_it(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "unreachable", delegate_to="server", is_silent=True)
    up.judge("pc1", "container_missing")
    assert up.end("pc1")[-1].startswith("  server: unreachable: off")


def test_a_seat_that_builds_and_that_a_run_is_not_about_is_not_among_its_seats(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", "unreachable", delegate_to="pc2", is_silent=True)
    up.judge("pc1", "container_missing")
    head, line = up.end("pc1")
    assert head == "0 seats ready, 1 needs you:"
    assert line.startswith("  pc1: ")


def test_where_another_run_has_the_room_nothing_but_that_is_said(up: Run) -> None:
    up.begin("pc1")
    up.tell("runner_on_failed", "pc1", action=LOCK, result={"msg": "prof works on this room"})
    assert up.end(pc1="failures") == ["prof works on this room"]
    assert up.missing() == []


@pytest.mark.parametrize(("check", "word"), [(False, "done"), (True, "checked")])
def test_what_proves_nothing_says_so_and_leaves_the_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: bool, word: str
) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"check": check}))
    run = Run(monkeypatch, tmp_path, "site.yml" if check else "reset.yml")
    run.file.write_text("pc1\npc3\n")
    run.begin("pc1", "pc2")
    # A seat that was not reached is not done.
    assert run.end("pc1") == [f"1 seat {word}."]
    assert run.missing() == ["pc1", "pc3"]


def test_a_room_without_seats_leaves_the_missing(up: Run) -> None:
    up.file.write_text("pc3\n")
    up.begin()
    up.end()
    assert up.missing() == ["pc3"]


def test_the_lines_come_last_and_in_colour(up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    display = SimpleNamespace(
        banner=shown.append, display=lambda line, color: shown.append((line, color))
    )
    monkeypatch.setattr(up.callback, "_display", display)
    up.callback._show(["a", "b"], "red")
    assert shown == ["ROOM", ("a", "red"), ("b", "red")]
