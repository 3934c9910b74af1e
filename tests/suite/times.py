"""Measure what the checks take of the machine: seconds, CPU, idle cores, commands.

`Machine` samples the cores all the time, `Meter` one check, whose output shows where a phase
begins. `report()` makes the content of reports/tests/times.json, `table()` a table of it.
"""

import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import docker
import psutil

SLOWEST = 20
LABEL = "labocloud.instance"
# Seconds between two samples of the cores.
SAMPLE_SECONDS = 0.25
# "INFO     default ➜ converge: Executing"; molecule/conftest.py prints it for each file of tests.
PHASE = re.compile(r"➜ ([\w.]+): Executing$")
COLOR = re.compile(r"\x1b\[[\d;]*m")


class Machine:
    """Samples the machine's cores until it is closed, for how long all of them waited at once.

    A sample has how long each core was idle, or waited for a disk, since the sample before; all of
    them together waited no longer than the core that waited least.
    """

    def __init__(self) -> None:
        self._samples: list[tuple[float, float]] = [(time.monotonic(), 0.0)]
        self._last = self._idle()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    @staticmethod
    def _idle() -> list[float]:
        cores = psutil.cpu_times(percpu=True)
        return [core.idle + getattr(core, "iowait", 0.0) for core in cores]

    def _sample(self) -> None:
        while not self._closed.wait(SAMPLE_SECONDS):
            now = self._idle()
            previous, waited = self._samples[-1]
            clock = time.monotonic()
            least = min(new - old for new, old in zip(now, self._last, strict=True))
            self._samples.append((clock, waited + min(max(least, 0.0), clock - previous)))
            self._last = now

    def waited(self, since: float) -> float:
        """Return the seconds that all cores waited since then, a time of time.monotonic()."""
        _, now = self._samples[-1]
        before = next((waited for clock, waited in reversed(self._samples) if clock <= since), 0.0)
        return now - before

    def waited_lately(self, seconds: float) -> float:
        """Return the share of the last seconds in which all cores waited, 0 at the beginning."""
        since = time.monotonic() - seconds
        return self.waited(since) / seconds if since > self._samples[0][0] else 0.0

    def close(self) -> None:
        """Take no more samples."""
        self._closed.set()
        self._thread.join()


@dataclass
class Taken:
    """What a check, or a phase of one, has taken.

    seconds: from its beginning to its end. cpu: seconds of CPU of its processes on this machine.
    on_seats: those of its instances; what one used between its last sample and its end is lost.
    waited: seconds in which all cores of the machine waited at once, whatever else was running.
    """

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    on_seats: float = 0.0
    waited: float = 0.0


@dataclass
class Measured(Taken):
    """What a whole check has taken.

    phases: of a scenario, in their order; a phase that comes again is added to the first one.
    playbooks: runs of ansible-playbook. commands: commands that its instances got by `docker exec`.
    passed, failed: numbers of tests.
    """

    phases: list[Taken] = field(default_factory=list)
    playbooks: int = 0
    commands: int = 0
    passed: int = 0
    failed: int = 0


class Meter:
    """Measures a check, from when the meter is created until the check has ended.

    scenario: the one whose instances are the check's own; empty where it has none. pid: of the
    check's process.
    """

    def __init__(self, name: str, scenario: str, pid: int, machine: Machine) -> None:
        self.measured = Measured(name)
        self._scenario = scenario
        self._process = psutil.Process(pid)
        self._machine = machine
        self._engine = docker.from_env() if scenario else None
        self._seats: dict[str, float] = {}
        self._on_seats = 0.0
        self._began = time.monotonic()
        self._phase: Taken | None = None
        self._since = (self._began, 0.0, 0.0)
        if self._engine:
            threading.Thread(target=self._count, args=(self._engine,), daemon=True).start()

    def _count(self, engine: docker.DockerClient) -> None:
        """Count the commands that the instances are given, until the engine's client is closed."""
        filters = {"label": f"{LABEL}={self._scenario}", "event": "exec_start"}
        # It ends with an error of some kind, when the connection is closed under it.
        with suppress(Exception):
            for _ in engine.events(filters=filters):
                self.measured.commands += 1

    def _cpu(self) -> float:
        """Return the seconds of CPU of the check's processes, with those that have ended."""
        seconds = 0.0
        with suppress(psutil.NoSuchProcess):
            for process in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    seconds += sum(process.cpu_times()[:4])
        return seconds

    def _cpu_of_seats(self) -> float:
        """Return the seconds of CPU of the check's instances, with those that are gone."""
        if not self._engine:
            return 0.0
        with suppress(docker.errors.DockerException, OSError):
            for seat in self._engine.containers.list(
                filters={"label": f"{LABEL}={self._scenario}"}
            ):
                # An instance that is removed meanwhile, or is off, has no statistics.
                with suppress(docker.errors.APIError, KeyError):
                    stats = seat.stats(stream=False, one_shot=True)
                    now = stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
                    before = self._seats.get(seat.id, 0.0)
                    # The count begins at 0 again after an instance was off.
                    self._on_seats += now - before if now >= before else now
                    self._seats[seat.id] = now
        return self._on_seats

    def read(self, lines: Iterable[str]) -> None:
        """Read lines of the check's output, of which some begin a phase."""
        for line in lines:
            plain = COLOR.sub("", line.rstrip())
            found = self._scenario and PHASE.search(plain)
            if found and (self._phase is None or self._phase.name != found[1]):
                self._end_phase()
                phases = {phase.name: phase for phase in self.measured.phases}
                self._phase = phases.get(found[1]) or Taken(found[1])
                if found[1] not in phases:
                    self.measured.phases.append(self._phase)

    def _end_phase(self) -> None:
        now = (time.monotonic(), self._cpu(), self._cpu_of_seats())
        if self._phase:
            self._phase.seconds += now[0] - self._since[0]
            self._phase.cpu += max(now[1] - self._since[1], 0.0)
            self._phase.on_seats += now[2] - self._since[2]
            self._phase.waited += self._machine.waited(self._since[0])
        self._since = now

    def end(self) -> Measured:
        """Return what the check has taken. It has ended, but nobody has read its exit code yet."""
        self._end_phase()
        self.measured.seconds = self._since[0] - self._began
        self.measured.cpu, self.measured.on_seats = self._since[1:]
        self.measured.waited = self._machine.waited(self._began)
        if self._engine:
            self._engine.close()
        return self.measured


def playbooks(log: Path) -> int:
    """Return how many runs of ansible-playbook have written to one of Ansible's logs."""
    if not log.exists():
        return 0
    return len(set(re.findall(r" p=(\d+) ", log.read_text(errors="replace"))))


def slowest(reports: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the tests of JUnit reports that took longest, with their seconds."""
    tests = [
        (float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}")
        for report in reports
        for case in ET.parse(report).getroot().iter("testcase")  # noqa: S314  # pytest wrote it
    ]
    return [
        {"test": test, "seconds": seconds}
        for seconds, test in sorted(tests, reverse=True)[:SLOWEST]
    ]


def report(whole: Taken, checks: list[Measured], tests: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the content of reports/tests/times.json, with all numbers to two decimals."""

    def rounded(value: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        if isinstance(value, list):
            return [rounded(each) for each in value]
        return round(value, 2) if isinstance(value, float) else value

    longest = sorted(checks, key=lambda check: -check.seconds)
    content: dict[str, Any] = rounded(
        {
            "whole": asdict(whole),
            "checks": [asdict(check) for check in longest],
            "slowest": tests,
        }
    )
    return content


def table(content: dict[str, Any]) -> str:
    """Return the result of report() as a table in Markdown: minutes of checks and their phases."""
    lines = [
        "| check | minutes | CPU | on seats | cores waited | playbooks | commands |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for check in content["checks"]:
        lines.append(_row(check["name"], check, check["playbooks"], check["commands"]))
        lines += [_row(f"· {phase['name']}", phase) for phase in check["phases"]]
    lines.append(_row("the whole", content["whole"]))
    return "\n".join(lines)


def _row(name: str, taken: dict[str, Any], *counts: int) -> str:
    minutes = [f"{taken[key] / 60:.1f}" for key in ("seconds", "cpu", "on_seats")]
    share = f"{100 * taken['waited'] / max(taken['seconds'], 0.01):.0f} %"
    cells = [name, *minutes, share, *(str(count or "") for count in counts or ("", ""))]
    return f"| {' | '.join(cells)} |"
