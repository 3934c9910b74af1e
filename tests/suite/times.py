"""What the checks take of the machine: seconds, CPU, how long its cores waited, commands.

`Machine` looks at the cores all the time, `Meter` at one check, whose output tells where a phase
begins. `report()` is what reports/tests/times.json holds, `table()` what people read of it.
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
# How often the cores are looked at, in seconds.
BETWEEN_LOOKS = 0.25
# "INFO     default ➜ converge: Executing"; for the files of its tests molecule/conftest.py says it.
PHASE = re.compile(r"➜ ([\w.]+): Executing$")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Machine:
    """Looks at the machine's cores until it is closed: how long all of them waited at once.

    A look sees how long each core was idle, or waited for a disk, since the look before; all of
    them together waited no longer than the one that waited least.
    """

    def __init__(self) -> None:
        self._looks: list[tuple[float, float]] = [(time.monotonic(), 0.0)]
        self._last = self._idle()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @staticmethod
    def _idle() -> list[float]:
        cores = psutil.cpu_times(percpu=True)
        return [core.idle + getattr(core, "iowait", 0.0) for core in cores]

    def _look(self) -> None:
        while not self._closed.wait(BETWEEN_LOOKS):
            now = self._idle()
            began, waited = self._looks[-1]
            at = time.monotonic()
            least = min(new - old for new, old in zip(now, self._last, strict=True))
            self._looks.append((at, waited + min(max(least, 0.0), at - began)))
            self._last = now

    def waited(self, since: float) -> float:
        """Give for how many seconds all cores waited since then, a time of time.monotonic()."""
        _, now = self._looks[-1]
        before = next((waited for at, waited in reversed(self._looks) if at <= since), 0.0)
        return now - before

    def waited_lately(self, seconds: float) -> float:
        """Give the share of the last seconds in which all cores waited; at first, nothing."""
        since = time.monotonic() - seconds
        return self.waited(since) / seconds if since > self._looks[0][0] else 0.0

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._thread.join()


@dataclass
class Taken:
    """What a check, or a phase of one, has taken.

    seconds: from its beginning to its end. cpu: seconds of CPU of its processes on this machine.
    on_seats: those of its instances; what one took between its last look and its end is lost.
    waited: seconds in which all cores of the machine waited at once, whoever else was at work.
    """

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    on_seats: float = 0.0
    waited: float = 0.0


@dataclass
class Measured(Taken):
    """What a whole check has taken.

    phases: of a scenario, in their order; one that comes again is added up. playbooks: how often
    ansible-playbook ran. commands: how many commands `docker exec` brought to its instances.
    """

    phases: list[Taken] = field(default_factory=list)
    playbooks: int = 0
    commands: int = 0
    passed: int = 0
    failed: int = 0


class Meter:
    """Measures a check, from when it is made until it has ended.

    scenario: whose instances are its own; empty: it has none. pid: of the check's process.
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
        """Count the commands that the instances are given, until the engine is left."""
        asked = {"label": f"{LABEL}={self._scenario}", "event": "exec_start"}
        # It ends by what is closed under it.
        with suppress(Exception):
            for _ in engine.events(filters=asked):
                self.measured.commands += 1

    def _cpu(self) -> float:
        """Give the seconds of CPU of the check's processes, those that have ended too."""
        seconds = 0.0
        with suppress(psutil.NoSuchProcess):
            for process in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    seconds += sum(process.cpu_times()[:4])
        return seconds

    def _cpu_of_seats(self) -> float:
        """Give the seconds of CPU of the check's instances, those that are gone too."""
        if not self._engine:
            return 0.0
        with suppress(docker.errors.DockerException, OSError):
            for seat in self._engine.containers.list(
                filters={"label": f"{LABEL}={self._scenario}"}
            ):
                # One that goes meanwhile, or is off, tells nothing.
                with suppress(docker.errors.APIError, KeyError):
                    stats = seat.stats(stream=False, one_shot=True)
                    now = stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
                    before = self._seats.get(seat.id, 0.0)
                    # It begins at nothing again where an instance was off.
                    self._on_seats += now - before if now >= before else now
                    self._seats[seat.id] = now
        return self._on_seats

    def hear(self, lines: Iterable[str]) -> None:
        """Take lines of the check's output, of which some begin a phase."""
        for line in lines:
            plain = COLOUR.sub("", line.rstrip())
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
        """Give what the check has taken. It has ended, but nobody has taken its exit code yet."""
        self._end_phase()
        self.measured.seconds = self._since[0] - self._began
        self.measured.cpu, self.measured.on_seats = self._since[1:]
        self.measured.waited = self._machine.waited(self._began)
        if self._engine:
            self._engine.close()
        return self.measured


def playbooks(log: Path) -> int:
    """Give how many runs of ansible-playbook have written to a log of Ansible's."""
    if not log.exists():
        return 0
    return len(set(re.findall(r" p=(\d+) ", log.read_text(errors="replace"))))


def slowest(reports: Iterable[Path]) -> list[dict[str, Any]]:
    """Give the tests of JUnit reports that took longest: test, and seconds."""
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
    """Give what reports/tests/times.json holds: seconds, each with two digits."""

    def rounded(value: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        if isinstance(value, list):
            return [rounded(each) for each in value]
        return round(value, 2) if isinstance(value, float) else value

    longest = sorted(checks, key=lambda check: -check.seconds)
    told: dict[str, Any] = rounded(
        {
            "whole": asdict(whole),
            "checks": [asdict(check) for check in longest],
            "slowest": tests,
        }
    )
    return told


def table(told: dict[str, Any]) -> str:
    """Give what people read of report(): in Markdown, minutes of each check and of its phases."""
    lines = [
        "| check | minutes | CPU | on seats | cores waited | playbooks | commands |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for check in told["checks"]:
        lines.append(_row(check["name"], check, check["playbooks"], check["commands"]))
        lines += [_row(f"· {phase['name']}", phase) for phase in check["phases"]]
    lines.append(_row("the whole", told["whole"]))
    return "\n".join(lines)


def _row(name: str, taken: dict[str, Any], *counts: int) -> str:
    minutes = [f"{taken[key] / 60:.1f}" for key in ("seconds", "cpu", "on_seats")]
    share = f"{100 * taken['waited'] / max(taken['seconds'], 0.01):.0f} %"
    cells = [name, *minutes, share, *(str(count or "") for count in counts or ("", ""))]
    return f"| {' | '.join(cells)} |"
