"""Run every check of the project: `./lab test`.

Each check is a command of its own. Some run at a time, each as soon as its needs are fulfilled, the
long ones first. It shows which are under way and the end of a failed check's output, then where the
time went, and ends with the line `N passed, N failed`. The whole output of each check is in
reports/tests/, and its times are in times.json there.
"""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from suite import changed, lanes
from suite.checks import PROJECT, Check, checks
from suite.times import Machine, Measured, Meter, Taken, playbooks, report, slowest, table

REPORTS = PROJECT / "reports/tests"
TIMES = REPORTS / "times.json"
LOCK = Path("/run/lock/labocloud-test")
TAIL = 60


def counts(check: Check) -> tuple[int, int]:
    """Return how many tests of a check's JUnit report passed, and how many failed."""
    passed = failed = 0
    path = REPORTS / f"{check.file}.xml"
    if path.exists():
        for suite in ET.parse(path).getroot().iter("testsuite"):  # noqa: S314  # pytest wrote it
            unsuccessful = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += unsuccessful
            passed += int(suite.get("tests", 0)) - unsuccessful - int(suite.get("skipped", 0))
    return passed, failed


def run(check: Check, machine: Machine) -> Measured:
    """Run a check and return what it took, and how many tests passed and failed.

    A command without tests counts as one test.
    """
    print(f"{check.name:22}is under way", flush=True)
    log, junit, ansible = (REPORTS / f"{check.file}{end}" for end in (".log", ".xml", ".ansible"))
    for path in (junit, ansible):
        path.unlink(missing_ok=True)
    # Molecule's verifier is pytest too, and reads this variable.
    environment = os.environ | {"PYTEST_ADDOPTS": f"--junitxml={junit}", "ANSIBLE_NOCOLOR": "1"}
    if check.scenario:
        # The phases are read from the lines as they come, and the playbooks from Ansible's log.
        environment |= {"PYTHONUNBUFFERED": "1", "ANSIBLE_LOG_PATH": str(ansible)}
    with log.open("wb") as output, log.open(errors="replace") as written:
        process = subprocess.Popen(
            check.command,
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        meter = Meter(check.name, check.scenario, process.pid, machine)
        # As long as its exit code is not read, its times can be.
        options = os.WEXITED | os.WNOWAIT | os.WNOHANG
        while not os.waitid(os.P_PID, process.pid, options):
            meter.read(written)
            time.sleep(0.2)
        meter.read(written)
        measured = meter.end()
        code = process.wait()
    measured.playbooks = playbooks(ansible)
    measured.passed, measured.failed = counts(check)
    if code == 0 and measured.passed == 0:
        measured.passed = 1
    if code != 0 and measured.failed == 0:
        measured.failed = 1
    lines = [result_line(measured)]
    if code != 0:
        lines += [f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL:]]
        lines.append(f"    (the whole of it: {log.relative_to(PROJECT)})")
    # They are printed in one piece, since another check may print at the same time.
    print("\n".join(lines), flush=True)
    return measured


@contextmanager
def instances_for(chosen: Sequence[Check]) -> Iterator[None]:
    """Hold the lock of the machine's instances where a check has any, since their names are fixed.

    Waits for another run that holds it, of this checkout or of another one.
    """
    if not any(check.scenario for check in chosen):
        yield
        return
    with LOCK.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            print(f"waiting for the run that has the instances: {file.read().strip()}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        print(f"process {os.getpid()}, in {PROJECT}", file=file, flush=True)
        yield
        file.truncate(0)


def result_line(measured: Measured) -> str:
    """Return the line that is printed when a check has ended."""
    verdict = "FAILED" if measured.failed else "ok"
    return (
        f"{measured.name:22}{verdict:8}{measured.passed:4} passed {measured.failed:3} failed"
        f" {measured.seconds / 60:6.1f} min"
    )


def run_all(chosen: Sequence[Check], jobs: int | None, previous: dict[str, Any]) -> list[Measured]:
    """Run checks and return what each took; after Ctrl+C, of those that had begun.

    jobs: how many run at once, None to decide by how busy the machine is. previous: the result of
    previous_times().
    """
    machine = Machine()
    start = time.monotonic()
    line = lanes.Line(chosen, {name: took["seconds"] for name, took in previous.items()})
    done: list[Measured] = []
    under_way: set[Future[Measured]] = set()
    with ThreadPoolExecutor(max_workers=max(len(chosen), 1)) as workers:
        while not line.ended:
            room = (jobs or lanes.wanted(machine)) - len(under_way)
            under_way |= {workers.submit(run, check, machine) for check in line.take(room)}
            try:
                ended, under_way = wait(under_way, timeout=5, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                # The checks that are under way get the signal from the terminal, too.
                print("Ctrl+C: what has not begun is not run", flush=True)
                line.close()
                continue
            for future in ended:
                done.append(future.result())
                for check, need in line.end(done[-1].name, bool(done[-1].failed)):
                    # A check that could not be tried has not passed.
                    done.append(Measured(check.name, failed=1))
                    print(f"{result_line(done[-1])}: {need} failed, which it needs", flush=True)
    machine.close()
    waited = machine.waited(start)
    cpu, on_seats = (
        sum(getattr(measured, key) for measured in done) for key in ("cpu", "on_seats")
    )
    whole = Taken("the whole", time.monotonic() - start, cpu, on_seats, waited)
    reports = [REPORTS / f"{check.file}.xml" for check in chosen]
    times = report(whole, done, slowest(path for path in reports if path.exists()))
    # The checks that did not run this time keep their times of last time.
    ran = {took["name"] for took in times["checks"]}
    kept = [took for name, took in previous.items() if name not in ran]
    TIMES.write_text(json.dumps(times | {"checks": times["checks"] + kept}, indent=1) + "\n")
    print(table(times))
    return done


def previous_times() -> dict[str, Any]:
    """Return what each check took when it ran last, by its name; nothing if that cannot be read."""
    try:
        return {took["name"]: took for took in json.loads(TIMES.read_text())["checks"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def differing(candidates: Sequence[Check]) -> list[Check]:
    """Return the checks that can see what differs from main, and print which, and why.

    Raises ValueError where there is no branch main.
    """
    names = changed.differing("main")
    seeing = changed.seeing(names, candidates)
    print(f"{len(names)} files differ from main. These checks can see it:")
    for check, files in seeing:
        if files:
            some = [Path(word).name for word in check.command if fnmatch(word, changed.UNIT_TESTS)]
            tests = f" (of it {shortened(some)})" if some else ""
            print(f"  {check.name:22}{shortened(files)}{tests}")
    left = ", ".join(check.name for check, files in seeing if not files)
    print(f"Left out, since none of it is in what they try: {left or 'none'}.", flush=True)
    return [check for check, files in seeing if files]


def shortened(names: Sequence[str]) -> str:
    """Return the first three names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def parse_arguments() -> tuple[argparse.Namespace, list[Check]]:
    """Return what the command line asks for, and the checks that it chooses."""
    parser = argparse.ArgumentParser(
        prog="./lab test", description="Run every check of the project."
    )
    parser.add_argument(
        "names", nargs="*", help="checks, or the first part of a name: lint, molecule"
    )
    parser.add_argument(
        "--changed",
        action="store_true",
        help="only those that can see what differs from main (tests/suite/changed.py)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="first those that failed last time; the others once these pass",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        help=f"how many checks run at once (default: {lanes.LANES}, and more while all cores wait)",
    )
    parser.add_argument("--list", action="store_true", help="list the checks and run none")
    arguments = parser.parse_args()
    if arguments.jobs is not None and arguments.jobs < 1:
        parser.error(f"--jobs {arguments.jobs}: at least one check has to run")
    chosen = [
        check
        for check in checks()
        if not arguments.names or any(check.is_named(name) for name in arguments.names)
    ]
    if not chosen:
        parser.error(f"no check is called {' or '.join(arguments.names)}; --list names them")
    if arguments.changed:
        try:
            chosen = differing(chosen)
        except ValueError as error:
            parser.error(str(error))
    return arguments, chosen


def main() -> int:
    """Run the checks that the command line asks for, and return the exit code."""
    arguments, chosen = parse_arguments()
    if arguments.list:
        print("\n".join(check.name for check in chosen))
        return 0
    # A process that a shell has started in the background ignores Ctrl+C's signal, and each check,
    # with all that its tests start, would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    REPORTS.mkdir(parents=True, exist_ok=True)
    previous = previous_times()
    turns = [chosen]
    if arguments.again:
        first = [check for check in chosen if previous.get(check.name, {}).get("failed")]
        turns = [first, [check for check in chosen if check not in first]]
    done: list[Measured] = []
    with instances_for(chosen):
        for turn in turns:
            if turn and not any(measured.failed for measured in done):
                done += run_all(turn, arguments.jobs, previous_times())
    passed = sum(measured.passed for measured in done)
    failed = sum(measured.failed for measured in done)
    if left := len(chosen) - len(done):
        print(f"{left} checks were not run")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
