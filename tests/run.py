"""Run every check of the project: `./lab test`.

Each check is a command of its own; this only runs them, those that are named ALONE one after the
other and then the rest, some at a time, shows which are under way and what a failed one said, and
ends with the line `N passed, N failed`. What they printed in full is in reports/tests/.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
REPORTS = PROJECT / "reports/tests"
# By the path that goes with the names by which they import each other.
PLUGINS = ".collections/ansible_collections/labocloud/room/plugins"
TAIL = 60
# The first make what others need: a Docker, the course image, a browser. The last makes a load.
ALONE = ("docker", "seat", "tools", "image")
JOBS = 3


@dataclass(frozen=True)
class Check:
    """A command to run."""

    name: str
    command: tuple[str, ...]


def git_files(*patterns: str) -> tuple[str, ...]:
    """Give the project's files that match patterns, whether git knows them yet or not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (PROJECT / name).exists())


def tests_of(scenario: Path) -> int:
    """Give the number of characters of a scenario's tests, which goes with how long they take."""
    return sum(len(path.read_text()) for path in scenario.glob("tests/test_*.py"))


def checks() -> Iterator[Check]:
    """Give all checks, in their order."""
    # With the Docker that the project itself installs.
    yield Check("docker", ("ansible-playbook", "playbooks/docker.yml"))
    yield Check("seat", ("ansible-playbook", "site.yml"))
    yield Check("tools", ("ansible-playbook", "tests/tools.yml"))
    yield Check("image", ("pytest", "tests/image"))
    # From here on, some at a time. The quick ones first.
    yield Check("lint:yaml", ("yamllint", "--strict", "."))
    yield Check("lint:ansible", ("ansible-lint", "--offline", "--strict"))
    yield Check("lint:python", ("ruff", "check"))
    yield Check("lint:python-format", ("ruff", "format", "--check"))
    # What runs on a seat runs with the seat's own Python.
    on_seats = (f"{PLUGINS}/modules", f"{PLUGINS}/module_utils")
    yield Check("lint:types-seat", ("mypy", "--python-version", "3.10", *on_seats))
    # An exercise's check is a teacher's plain Python, and each has the same name.
    apart = "|".join([*on_seats, "app/exercises"])
    others = ("--exclude", f"^({apart})/", PLUGINS, "app", "bench")
    yield Check("lint:types", ("mypy", *others))
    yield Check("lint:shell", ("shellcheck", "lab", ".ci/run", *git_files("*.sh")))
    yield Check("lint:dockerfile", ("hadolint", *git_files("*Dockerfile")))
    yield Check("conventions", ("pytest", "tests/test_conventions.py"))
    yield Check("unit", ("pytest", "tests/unit"))
    yield Check("app", ("pytest", "app/tests"))
    yield Check("collection", ("pytest", "tests/collection"))
    yield Check("sanity", ("pytest", "tests/sanity"))
    # Those with the most tests first: what is left for the end is short.
    for scenario in sorted(
        PROJECT.glob("molecule/*/molecule.yml"), key=lambda path: -tests_of(path.parent)
    ):
        name = scenario.parent.name
        yield Check(f"molecule:{name}", ("molecule", "test", "--no-command-borders", "-s", name))
    yield Check("browser", ("pytest", "tests/browser"))
    yield Check("live", ("pytest", "tests/live"))


def counts(report: Path) -> tuple[int, int]:
    """Give how many tests of a JUnit report passed, and how many did not."""
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  # pytest wrote it
    passed = failed = 0
    for suite in suites:
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += bad
        passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return passed, failed


def run(check: Check) -> tuple[int, int]:
    """Run a check and give how many tests passed and failed. A command without tests is one."""
    print(f"{check.name:22}is under way", flush=True)
    start = time.monotonic()
    log = REPORTS / f"{check.name.replace(':', '-')}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    # Molecule's verifier is pytest too, and hears this variable.
    environment = os.environ | {"PYTEST_ADDOPTS": f"--junitxml={report}", "ANSIBLE_NOCOLOR": "1"}
    with log.open("wb") as output:
        code = subprocess.run(
            check.command,
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
    passed, failed = counts(report) if report.exists() else (0, 0)
    if code == 0 and passed == 0:
        passed = 1
    if code != 0 and failed == 0:
        failed = 1
    verdict = "ok" if code == 0 else "FAILED"
    lines = [
        f"{check.name:22}{verdict:8}{passed:4} passed {failed:3} failed"
        f" {time.monotonic() - start:7.1f} s"
    ]
    if code != 0:
        told = log.read_text(errors="replace").splitlines()
        lines += [f"    {line}" for line in told[-TAIL:]]
        lines.append(f"    (the whole of it: {log.relative_to(PROJECT)})")
    # In one piece: another check may print at the same time.
    print("\n".join(lines), flush=True)
    return passed, failed


def main() -> int:
    """Run the checks that the command line asks for, and give the exit code."""
    parser = argparse.ArgumentParser(
        prog="./lab test", description="Run every check of the project."
    )
    parser.add_argument(
        "names", nargs="*", help="checks, or the first part of a name: lint, molecule"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=JOBS,
        help="how many checks run at once (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="list the checks and run none")
    arguments = parser.parse_args()
    chosen = [
        check
        for check in checks()
        if not arguments.names
        or any(check.name == name or check.name.startswith(f"{name}:") for name in arguments.names)
    ]
    if not chosen:
        parser.error(f"no check is called {' or '.join(arguments.names)}; --list names them")
    if arguments.list:
        print("\n".join(check.name for check in chosen))
        return 0
    # A shell has what it starts in the background ignore Ctrl+C's signal, and each check, with all
    # that its tests start, would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    REPORTS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    results = [run(check) for check in chosen if check.name in ALONE]
    with ThreadPoolExecutor(max_workers=arguments.jobs) as workers:
        results += workers.map(run, [check for check in chosen if check.name not in ALONE])
    passed, failed = (sum(column) for column in zip(*results, strict=True))
    print(f"{len(chosen)} checks in {(time.monotonic() - start) / 60:.1f} min")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
