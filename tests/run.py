"""Run every check of the project: `./lab test`.

Each check is a command of its own. This runs some at a time, each as soon as what it needs is
there, the long ones first; shows which are under way and what a failed one said; tells where the
time went, and ends with the line `N passed, N failed`. What they printed in full is in
reports/tests/, and what they took in times.json there.
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
    """Give how many tests of a check's JUnit report passed, and how many did not."""
    passed = failed = 0
    path = REPORTS / f"{check.file}.xml"
    if path.exists():
        for suite in ET.parse(path).getroot().iter("testsuite"):  # noqa: S314  # pytest wrote it
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += bad
            passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return passed, failed


def run(check: Check, machine: Machine) -> Measured:
    """Run a check and give what it took, and how many tests passed and failed.

    A command without tests counts as one.
    """
    print(f"{check.name:22}is under way", flush=True)
    log, junit, ansible = (REPORTS / f"{check.file}{end}" for end in (".log", ".xml", ".ansible"))
    for old in (junit, ansible):
        old.unlink(missing_ok=True)
    # Molecule's verifier is pytest too, and hears this variable.
    environment = os.environ | {"PYTEST_ADDOPTS": f"--junitxml={junit}", "ANSIBLE_NOCOLOR": "1"}
    if check.scenario:
        # Its lines tell its phases as they come; Ansible's log, how often a playbook ran.
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
        # Until it is waited for, what it took can be read.
        ended = os.WEXITED | os.WNOWAIT | os.WNOHANG
        while not os.waitid(os.P_PID, process.pid, ended):
            meter.hear(written)
            time.sleep(0.2)
        meter.hear(written)
        measured = meter.end()
        code = process.wait()
    measured.playbooks = playbooks(ansible)
    measured.passed, measured.failed = counts(check)
    if code == 0 and measured.passed == 0:
        measured.passed = 1
    if code != 0 and measured.failed == 0:
        measured.failed = 1
    lines = [told(measured)]
    if code != 0:
        lines += [f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL:]]
        lines.append(f"    (the whole of it: {log.relative_to(PROJECT)})")
    # In one piece: another check may print at the same time.
    print("\n".join(lines), flush=True)
    return measured


@contextmanager
def instances_for(chosen: Sequence[Check]) -> Iterator[None]:
    """Have the machine's instances, where a check has any, to oneself: their names are the same.

    Another run, of this checkout or of another one, is waited for.
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


def told(measured: Measured) -> str:
    """Give the line that says how a check ended."""
    verdict = "FAILED" if measured.failed else "ok"
    return (
        f"{measured.name:22}{verdict:8}{measured.passed:4} passed {measured.failed:3} failed"
        f" {measured.seconds / 60:6.1f} min"
    )


def run_all(chosen: Sequence[Check], jobs: int | None, known: dict[str, Any]) -> list[Measured]:
    """Run checks and give what each took; those that had begun, where Ctrl+C ends it."""
    machine = Machine()
    start = time.monotonic()
    line = lanes.Line(chosen, {name: took["seconds"] for name, took in known.items()})
    done: list[Measured] = []
    under_way: set[Future[Measured]] = set()
    with ThreadPoolExecutor(max_workers=max(len(chosen), 1)) as workers:
        while not line.ended:
            room = (jobs or lanes.wanted(machine)) - len(under_way)
            under_way |= {workers.submit(run, check, machine) for check in line.take(room)}
            try:
                ended, under_way = wait(under_way, timeout=5, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                # What is under way has heard it from the terminal, too.
                print("Ctrl+C: what has not begun is not run", flush=True)
                line.close()
                continue
            for one in ended:
                done.append(one.result())
                for check, need in line.end(done[-1].name, bool(done[-1].failed)):
                    # What could not be tried has not passed.
                    done.append(Measured(check.name, failed=1))
                    print(f"{told(done[-1])}: {need} failed, which it needs", flush=True)
    machine.close()
    waited = machine.waited(start)
    cpu, on_seats = (sum(getattr(one, key) for one in done) for key in ("cpu", "on_seats"))
    whole = Taken("the whole", time.monotonic() - start, cpu, on_seats, waited)
    reports = [REPORTS / f"{check.file}.xml" for check in chosen]
    this = report(whole, done, slowest(path for path in reports if path.exists()))
    # Of the checks that did not run this time, what they took last time stays.
    ran = {one["name"] for one in this["checks"]}
    kept = [took for name, took in known.items() if name not in ran]
    TIMES.write_text(json.dumps(this | {"checks": this["checks"] + kept}, indent=1) + "\n")
    print(table(this))
    return done


def last_time() -> dict[str, Any]:
    """Give what each check took when it ran last, by its name; nothing where that is not known."""
    try:
        return {took["name"]: took for took in json.loads(TIMES.read_text())["checks"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def differing(every: Sequence[Check]) -> list[Check]:
    """Give the checks that can see what differs from main, and say which, and why.

    Raises ValueError where there is no main.
    """
    names = changed.differing("main")
    seeing = changed.seeing(names, every)
    print(f"{len(names)} files differ from main. These checks can see it:")
    for check, files in seeing:
        if files:
            only = [Path(word).name for word in check.command if fnmatch(word, changed.UNIT_TESTS)]
            tests = f" (of it {shortly(only)})" if only else ""
            print(f"  {check.name:22}{shortly(files)}{tests}")
    left = ", ".join(check.name for check, files in seeing if not files)
    print(f"Left out, since none of it is in what they try: {left or 'none'}.", flush=True)
    return [check for check, files in seeing if files]


def shortly(names: Sequence[str]) -> str:
    """Give some of many names."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def main() -> int:
    """Run the checks that the command line asks for, and give the exit code."""
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
    if arguments.list:
        print("\n".join(check.name for check in chosen))
        return 0
    # A shell has what it starts in the background ignore Ctrl+C's signal, and each check, with all
    # that its tests start, would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    REPORTS.mkdir(parents=True, exist_ok=True)
    known = last_time()
    turns = [chosen]
    if arguments.again:
        first = [check for check in chosen if known.get(check.name, {}).get("failed")]
        turns = [first, [check for check in chosen if check not in first]]
    done: list[Measured] = []
    with instances_for(chosen):
        for turn in turns:
            if turn and not any(one.failed for one in done):
                done += run_all(turn, arguments.jobs, last_time())
    passed, failed = sum(one.passed for one in done), sum(one.failed for one in done)
    if left := len(chosen) - len(done):
        print(f"{left} checks were not run")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
