"""Show how checks run: in which order, beside which others, and with which output."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import run
from suite.checks import Check
from suite.lanes import Line


def names(checks: list[Check]) -> list[str]:
    return [check.name for check in checks]


def test_who_keeps_most_others_waiting_goes_first_and_then_the_longest() -> None:
    checks = [
        Check("short", (), seconds=1),
        Check("docker", (), seconds=2),
        Check("room", (), ("docker",), 100),
        Check("long", (), seconds=50),
    ]
    line = Line(checks, {})
    assert names(line.take(2)) == ["docker", "long"]
    assert names(line.take(3)) == ["short"]
    assert list(line.end("docker", failed=False)) == []
    assert names(line.take(0)) == []
    assert names(line.take(1)) == ["room"]
    assert not line.ended
    for name in ("room", "long", "short"):
        list(line.end(name, failed=False))
    assert line.ended


def test_what_was_measured_here_goes_before_what_is_written_down() -> None:
    line = Line([Check("a", (), seconds=9), Check("b", (), seconds=1)], {"b": 20.0})
    assert names(line.take(1)) == ["b"]


def test_what_measures_runs_at_the_end_with_nothing_beside_it() -> None:
    load, rate = (Check(name, (), seconds=99, alone=True) for name in ("load", "rate"))
    line = Line([load, Check("unit", ()), rate], {})
    assert names(line.take(3)) == ["unit"]
    assert line.take(3) == []
    list(line.end("unit", failed=False))
    assert names(line.take(3)) == ["load"]
    assert line.take(3) == []
    list(line.end("load", failed=False))
    assert names(line.take(3)) == ["rate"]


def test_a_need_that_is_not_among_the_checks_is_there_already() -> None:
    assert names(Line([Check("room", (), ("docker",))], {}).take(1)) == ["room"]


def test_what_needs_one_that_failed_never_begins() -> None:
    checks = [
        Check("docker", ()),
        Check("seat", (), ("docker",)),
        Check("room", (), ("docker", "seat")),
        Check("unit", ()),
    ]
    line = Line(checks, {})
    line.take(2)
    dropped = [(check.name, need) for check, need in line.end("docker", failed=True)]
    assert dropped == [("seat", "docker"), ("room", "seat")]
    assert not line.ended
    list(line.end("unit", failed=True))
    assert line.ended


def shell(name: str, script: str, needs: tuple[str, ...] = ()) -> Check:
    return Check(name, ("sh", "-c", script), needs)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of three, whose `broken` fails as long as there is a file of that name."""
    checks = [
        shell("fine", f"echo fine >> {tmp_path}/order"),
        shell("broken", f"echo broken >> {tmp_path}/order; echo why; test ! -e {tmp_path}/broken"),
        shell("after", "true", ("broken",)),
    ]
    monkeypatch.setattr(run, "checks", lambda: checks)
    monkeypatch.setattr(run, "PROJECT", tmp_path)
    monkeypatch.setattr(run, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(run, "TIMES", tmp_path / "reports/times.json")
    (tmp_path / "broken").touch()
    return tmp_path


def main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["test", *words])
    return run.main()


def test_a_check_that_fails_says_why_and_what_needs_it_is_not_tried(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch) == 1
    output = capfd.readouterr().out
    assert "    why\n    (the whole of it: reports/broken.log)" in output
    assert "broken failed, which it needs" in output
    assert output.endswith("1 passed, 2 failed\n")
    times = json.loads((suite / "reports/times.json").read_text())
    assert {check["name"]: check["failed"] for check in times["checks"]} == {
        "fine": 0,
        "broken": 1,
        "after": 1,
    }
    assert times["whole"]["seconds"] > 0


def test_again_begins_with_what_failed_and_goes_on_once_that_passes(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    main(monkeypatch)
    (suite / "order").unlink()
    assert main(monkeypatch, "--again") == 1
    assert (suite / "order").read_text() == "broken\n"
    assert capfd.readouterr().out.endswith("1 checks were not run\n0 passed, 2 failed\n")
    (suite / "broken").unlink()
    (suite / "order").unlink()
    assert main(monkeypatch, "--again") == 0
    assert (suite / "order").read_text() == "broken\nfine\n"
    assert capfd.readouterr().out.endswith("3 passed, 0 failed\n")


def test_of_a_check_that_did_not_run_the_last_times_stay(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(monkeypatch)
    assert main(monkeypatch, "fine") == 0
    times = json.loads((suite / "reports/times.json").read_text())
    assert {check["name"] for check in times["checks"]} == {"fine", "broken", "after"}


def test_times_that_cannot_be_read_are_none(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (suite / "reports").mkdir()
    for text in ("", "[]", '{"checks": [1]}'):
        (suite / "reports/times.json").write_text(text)
        assert main(monkeypatch, "fine") == 0


def test_ctrl_c_ends_what_is_under_way_and_begins_nothing(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    slow = shell("slow", f"touch {suite}/began; exec sleep 20")
    monkeypatch.setattr(run, "checks", lambda: [slow, shell("after", "true", ("slow",))])

    def interrupt() -> None:
        while not (suite / "began").exists():
            time.sleep(0.05)
        # The signal goes to the whole process group, as from a terminal.
        for process in psutil.Process().children(recursive=True):
            process.send_signal(signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert main(monkeypatch) == 1
    assert capfd.readouterr().out.endswith("1 checks were not run\n0 passed, 1 failed\n")


@pytest.mark.parametrize("words", [["nonsense"], ["--jobs", "0"], ["--jobs", "x"]])
def test_nonsense_is_told_in_words(
    suite: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(monkeypatch, *words)
    assert ended.value.code == 2
    assert words[-1] in capsys.readouterr().err
    assert not (suite / "order").exists()


def test_two_runs_do_not_have_the_instances_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "LOCK", tmp_path / "lock")
    room, began = [Check("molecule:room", ())], threading.Event()

    def second() -> None:
        with run.instances_for(room):
            began.set()

    other = threading.Thread(target=second)
    with run.instances_for(room):
        # A check without instances waits for nobody.
        with run.instances_for([Check("unit", ())]):
            other.start()
        assert not began.wait(0.3)
    other.join(120)
    assert began.is_set()
    output = capsys.readouterr().out
    assert f"waiting for the run that has the instances: process {os.getpid()}, in " in output
