"""Show what is measured of a check."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from suite.times import Machine, Measured, Meter, Taken, playbooks, report, slowest, table


@pytest.fixture
def machine() -> Iterator[Machine]:
    looking = Machine()
    yield looking
    looking.close()


def test_a_machine_waits_no_longer_than_time_passes(machine: Machine) -> None:
    since = time.monotonic()
    time.sleep(0.6)
    assert 0 <= machine.waited(since) <= time.monotonic() - since
    assert machine.waited(time.monotonic() + 1) == 0
    # Before it has looked that long, nothing is known.
    assert machine.waited_lately(60) == 0


def test_the_cpu_of_what_a_check_starts_is_its_own_when_it_has_ended_too(machine: Machine) -> None:
    busy = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"
    process = subprocess.Popen(
        ["sh", "-c", f"sh -c '{busy}'; sh -c '{busy}'; echo done; read wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    meter = Meter("unit", "", process.pid, machine)
    time.sleep(2)
    assert process.stdout
    assert process.stdout.readline() == b"done\n"
    measured = meter.end()
    process.communicate(b"\n")
    assert measured.cpu > 0.05
    assert measured.seconds >= 2
    assert measured.on_seats == 0
    assert measured.phases == []


def test_the_lines_of_a_scenario_tell_its_phases(machine: Machine) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        # A scenario that there is not has no instances.
        meter = Meter("molecule:none", "none", process.pid, machine)
        meter.read(
            [
                "\x1b[34mINFO    \x1b[0m none ➜ \x1b[32mdestroy\x1b[0m: Executing\n",
                "INFO     none ➜ destroy: Executed: Successful\n",
                "INFO     none ➜ verify: Executing\n",
                "➜ test_one.py: Executing\n",
                "tests/test_one.py::test_a[x::y] PASSED    [ 50%]\n",
                "➜ test_two.py: Executing\n",
                "INFO     none ➜ destroy: Executing\n",
            ]
        )
        names = [phase.name for phase in meter.end().phases]
    finally:
        process.kill()
        process.wait()
    # The last one is the first again, and added to it.
    assert names == ["destroy", "verify", "test_one.py", "test_two.py"]


def test_a_playbook_is_counted_by_its_process(tmp_path: Path) -> None:
    assert playbooks(tmp_path / "none") == 0
    log = tmp_path / "log"
    lines = ["2026-12-01 04:00:00,001 p=17 u=root n=ansible INFO| PLAY [a] ***"] * 2
    log.write_text("\n".join([*lines, lines[0].replace("p=17", "p=18"), "p=19"]))
    assert playbooks(log) == 2


def test_the_slowest_tests_are_told_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tests.unit.test_a" name="b" time="1.5"/>'
        '<testcase classname="tests.unit.test_a" name="c" time="2"/>'
        "</testsuite></testsuites>"
    )
    assert slowest([path]) == [
        {"test": "tests.unit.test_a::c", "seconds": 2.0},
        {"test": "tests.unit.test_a::b", "seconds": 1.5},
    ]


def test_the_table_says_where_the_minutes_went() -> None:
    phase = Taken("converge", seconds=60, cpu=30, on_seats=90, waited=6)
    day = Measured("day", 120, 60, 150, 12, phases=[phase], playbooks=7, commands=9)
    times = report(Taken("the whole", 180, 66, 150, 18), [Measured("unit", 6.004, 6), day], [])
    assert times["checks"][1]["seconds"] == 6.0
    assert table(times).splitlines()[2:] == [
        "| day | 2.0 | 1.0 | 2.5 | 10 % | 7 | 9 |",
        "| · converge | 1.0 | 0.5 | 1.5 | 10 % |  |  |",
        "| unit | 0.1 | 0.1 | 0.0 | 0 % |  |  |",
        "| the whole | 3.0 | 1.1 | 2.5 | 10 % |  |  |",
    ]
