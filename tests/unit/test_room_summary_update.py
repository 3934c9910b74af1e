"""Show the last lines of an update, in which seats take turns."""

from pathlib import Path

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from summary_run import Run


@pytest.fixture
def update(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a run that goes from seat to seat."""
    return Run(monkeypatch, tmp_path, "update.yml")


def test_seats_whose_turn_in_an_update_did_not_come_are_told_why(update: Run) -> None:
    update.begin("pc1", "pc2", any_errors_fatal=True)
    update.judge("pc2", "container_old")
    update.tell("runner_on_failed", "pc1", result={"msg": "its page does not answer"})
    report_lines = update.end("pc2", pc1="failures")
    assert report_lines[1] == "  pc1: its page does not answer"
    assert report_lines[2].startswith(
        "  pc2: the update stops before this batch, since pc1 could not"
    )
    assert "-e revision=" in report_lines[2]


def test_an_update_that_stopped_has_served_those_that_it_came_to(update: Run) -> None:
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.judge("pc3", named=False)
    update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    report_lines = update.end("pc1", "pc3", pc2="failures")
    assert report_lines[0] == "1 seat ready, 2 need you:"
    assert report_lines[2].startswith(
        "  pc3: the update stops before this batch, since pc2 could not"
    )


def test_an_update_whose_first_seat_was_lost_before_its_turn_has_stopped(update: Run) -> None:
    update.begin("pc1", "pc2", "pc3")
    for seat in ("pc2", "pc3"):
        update.judge(seat, named=False)
    update.tell("runner_on_unreachable", "pc1", result={"msg": "off"})
    report_lines = update.end("pc2", "pc3", pc1="unreachable")
    assert report_lines[0] == "0 seats ready, 3 need you:"
    for line, seat in zip(report_lines[2:], ("pc2", "pc3"), strict=True):
        assert line.startswith(f"  {seat}: the update stops before this batch, since pc1 could not")


def test_what_the_proof_says_of_a_seat_that_no_update_came_to_is_not_why(update: Run) -> None:
    """Where the builder was updated, such a seat serves another revision than the builder."""
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    update.begin("pc1", "pc2", "pc3")
    update.judge("pc3", "container_old", event="runner_on_failed", named=False)
    report_lines = update.end("pc1", pc2="failures", pc3="failures")
    assert report_lines[0] == "1 seat ready, 2 need you:"
    assert report_lines[2].startswith(
        "  pc3: the update stops before this batch, since pc2 could not"
    )


def test_with_check_no_seat_is_one_that_an_update_did_not_come_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"check": True}))
    update = Run(monkeypatch, tmp_path, "update.yml")
    update.begin("pc1", "pc2", any_errors_fatal=True)
    update.tell("runner_on_failed", "pc1", result={"msg": "no"})
    update.begin("pc1", "pc2")
    update.judge("pc2", "container_old", event="runner_on_failed", named=False)
    lines = update.end(pc1="failures", pc2="failures")
    assert lines == ["0 seats checked, 2 need you:", "  pc1: no", "  pc2: it"]


@pytest.mark.parametrize("proof", [True, False])
def test_a_seat_that_is_off_is_not_told_to_serve_as_before(update: Run, proof: bool) -> None:
    """This holds whether the update had a proof at its end, or stopped before."""
    update.begin("pc1", "pc2", "pc3", any_errors_fatal=True)
    update.judge("pc1")
    update.judge("pc3", refused="unreachable", named=False)
    # Ansible reports a failure twice where a rescue words it.
    for _ in range(2):
        update.tell("runner_on_failed", "pc2", result={"msg": "its page does not answer"})
    if proof:
        update.begin("pc1", "pc2", "pc3")
        update.tell("runner_on_unreachable", "pc3", result={"msg": "off"})
    update.judge("pc1", named=False)
    report_lines = update.end("pc1", pc2="failures", **({"pc3": "unreachable"} if proof else {}))
    assert report_lines[1].startswith(
        "  pc1: the update stops before this batch, since pc2 could not be"
    )
    assert report_lines[3].startswith("  pc3: unreachable: off")


def test_what_is_not_named_yet_is_no_fault_but_in_an_update(up: Run) -> None:
    up.begin("pc1")
    up.judge("pc1", named=False)
    assert up.end("pc1") == ["1 seat ready."]


def test_in_an_update_too_the_seats_wait_for_the_machine_that_builds(update: Run) -> None:
    update.begin("pc1")
    update.judge("pc1", named=False)
    update.tell("runner_on_failed", "pc1", delegate_to="builder", result={"msg": "disk full"})
    *_, last = update.end(pc1="failures")
    assert last.startswith("  pc1: waits for builder, which works for the room. Fix: ")
