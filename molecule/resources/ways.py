"""Do the exercises in ways that are right, wrong or lazy, and show which `labo` accepts.

    python3 ways.py          all exercises, without the ways that are marked as extra
    python3 ways.py 07 09    these exercises, with all their ways
    python3 ways.py all      all exercises, with all their ways

This runs on a seat, as an account that may use Docker there: this file and the folder `ways` beside
it, which has a file for each exercise. It needs nothing but Python 3.9. It refuses a seat that has
things of the names that it uses, and afterwards removes whatever it has made. The exit code is 1 if
a way was not judged as its file says.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

from ways_cases import HELPERS, Case, Steps, Ways, judged, line_of, load, result
from ways_engine import PLENTY, Engine, is_own

PROGRAM = Path("/usr/local/share/labocloud/labo")
# Seconds that one script may take.
SCRIPT = 600.0
# Lanes at once: on two cores, some of them always wait for a container that stops.
AT_ONCE = 6


class Judge:
    """`labo check`, in this process: it would start a Python for each look."""

    def __init__(self, program: Path, number: str) -> None:
        """Load the command's own code. program: its zip file."""
        sys.path.insert(0, str(program))
        from ansible_collections.labocloud.room.plugins.module_utils.lesson.command import (  # noqa: PLC0415  # it is on the seat
            Labo,
        )

        self._labo, self._number = Labo(program), str(int(number))

    def __call__(self) -> Steps:
        """Return the steps as they are. Raises whatever the command raises."""
        with redirect_stdout(StringIO()) as printed:
            self._labo.run(["check", self._number, "--json"])
        [steps] = json.loads(printed.getvalue()).values()
        return {
            step["id"]: (step["done"], step["hint"].get("en", "") if step["hint"] else "")
            for step in steps
        }


def run_script(text: str, home: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a script as a student would type it, in a home; return its exit code and its last lines.

    The code is 124 where it did not end. What it has left running is ended.
    """
    place = home / "here"
    place.mkdir(parents=True, exist_ok=True)
    with (home / "output").open("w+b") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-ec", text],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=place,
            env={**environment, "HOME": str(home)},
            start_new_session=True,
        )
        try:
            code = process.wait(SCRIPT)
        except subprocess.TimeoutExpired:
            code = 124
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").splitlines()
    return code, "\n".join(lines[-6:])[-900:]


class Lane:
    """The ways of one exercise, one after the other. Lanes differ in all names and ports."""

    def __init__(self, ways: Ways, engine: Engine, work: Path, patience: float) -> None:
        """Prepare the lane's own memory of what was done and answered."""
        self._ways, self._engine, self._patience = ways, engine, patience
        self._work = work / ways.number
        self.memory = self._work / "memory"
        self.memory.mkdir(parents=True)
        self._environment = {
            **os.environ,
            "LABO_MEMORY": str(self.memory),
            "DOCKER_CONFIG": str(work / "docker"),
            "WAYS": str(Path(__file__).resolve()),
            "PLENTY": str(int(PLENTY)),
        }

    def _clean(self) -> None:
        """Remove what a way has made, and what is remembered of it."""
        self._engine.remove(lambda thing: is_own(self._ways, thing))
        for file in self.memory.iterdir():
            file.unlink()

    def results(
        self, cases: Iterable[Case], judge: Callable[[], Steps], has: Callable[[str], bool]
    ) -> Iterator[dict[str, Any]]:
        """Do the ways and yield the result of each: see result(). Raises OSError."""
        before = self._work / "before"
        before.mkdir()
        code, output = 0, ""
        try:
            if self._ways.before and all(map(has, self._ways.needs)):
                text = f"{HELPERS}{self._ways.functions}{self._ways.before}"
                code, output = run_script(text, before, self._environment)
            for number, case in enumerate(cases):
                start = time.monotonic()
                if code:
                    verdict, why = "failed", f"@before: {code}: {output}"
                elif lacking := [need for need in self._ways.needs + case.needs if not has(need)]:
                    verdict, why = "skipped", ", ".join(lacking)
                else:
                    verdict, why = self._tried(case, judge, before, self._work / str(number))
                yield result(self._ways, case, verdict, why, time.monotonic() - start)
        finally:
            self._clean()

    def _tried(
        self, case: Case, judge: Callable[[], Steps], before: Path, home: Path
    ) -> tuple[str, str]:
        """Do one way, in a home of its own, and return its verdict and what explains it."""
        self._clean()
        shutil.copytree(before, home, symlinks=True)
        code, output = run_script(self._ways.script(case), home, self._environment)
        if code:
            return "failed", f"{code}: {output}"
        verdict, why = judged(case, judge, self._patience)
        return verdict, why if verdict == "right" else f"{why}\n{output}".strip()


def run_lane(ways: Ways, work: Path, extra: bool, patience: float) -> None:
    """Do the ways of one exercise, and print each result as a line of JSON."""
    engine = Engine()
    lane = Lane(ways, engine, work, patience)
    cases = [case for case in ways.cases if extra or not case.extra]
    # The judge remembers where the scripts do.
    os.environ["LABO_MEMORY"] = str(lane.memory)
    judge = Judge(PROGRAM, ways.number)
    for told in lane.results(cases, judge, engine.has()):
        print(json.dumps(told), flush=True)


class Room:
    """The lanes of a seat, each a process of its own, and what the seat had before them."""

    def __init__(self, engine: Engine, work: Path, options: argparse.Namespace) -> None:
        """Remember what the seat has."""
        self._engine, self._work, self._options = engine, work, options
        self._before, self._swarm = engine.things(), engine.swarm()
        self._running: list[subprocess.Popen[str]] = []
        self._told: list[dict[str, Any]] = []

    def objection(self, chosen: list[Ways]) -> str:
        """Return why the lanes must not run on this seat, empty where they may."""
        names = {thing.name for thing in self._before if thing.kind == "containers"}
        if "flask" not in names:
            return "The course's container flask is not here: labo needs it. Run ./lab up."
        taken = {thing.name for thing in self._before for ways in chosen if is_own(ways, thing)}
        if any(ways.alone for ways in chosen):
            # It removes all that it finds.
            kinds = ("services", "containers", "volumes", "networks")
            taken |= {thing.name for thing in self._before if thing.kind in kinds} - {"flask"}
        if taken or self._swarm:
            listed = ", ".join(sorted(taken)) or "swarm mode"
            return f"This seat has {listed}, which would be removed. Take another seat."
        return ""

    def _run(self, ways: Ways) -> None:
        """Run a lane, and print its results as they come."""
        options = self._options
        # All ways of an exercise that was named.
        extra = ["--extra"] if options.lanes else []
        words = [f"--patience={options.patience}", f"--lane={ways.number}", *extra]
        command = [sys.executable, str(Path(__file__).resolve()), *words]
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            self._running.append(process)
            for line in process.stdout or ():
                self._tell(json.loads(line))
            if process.wait():
                errors.seek(0)
                lane = Case("", False, (), (), "the lane itself", "")
                self._tell(result(ways, lane, "failed", errors.read()[-2000:], 0))

    def _tell(self, told: dict[str, Any]) -> None:
        self._told.append(told)
        print(json.dumps(told) if self._options.json else line_of(told), flush=True)

    def run(self, chosen: list[Ways]) -> list[dict[str, Any]]:
        """Run lanes, leave the seat as it was, and return all results."""
        # Those that have most to do first, or the last one would go on with nothing beside it.
        together = sorted(
            (ways for ways in chosen if not ways.alone), key=lambda ways: -len(ways.cases)
        )
        workers = ThreadPoolExecutor(self._options.at_once)
        try:
            list(workers.map(self._run, together))
            for ways in chosen:
                if ways.alone:
                    self._sweep()
                    self._run(ways)
        finally:
            workers.shutdown(wait=False, cancel_futures=True)
            for process in self._running:
                process.terminate()
            workers.shutdown()
            self._sweep()
        return self._told

    def _sweep(self) -> None:
        """Remove all that was not there before."""
        if not self._swarm and self._engine.swarm():
            self._engine.leave_swarm()
        self._engine.remove(lambda thing: thing not in self._before)
        shutil.rmtree(self._work, ignore_errors=True)
        if self._work.exists():
            # A container's root has written there.
            mount = f"type=bind,source={self._work},target=/ways"
            words = ["docker", "run", "--rm", "--mount", mount, "labocloud20202021:base"]
            subprocess.run([*words, "find", "/ways", "-mindepth", "1", "-delete"], check=False)
            shutil.rmtree(self._work, ignore_errors=True)


def wait_for_port(port: str) -> int:
    """Return 0 as soon as a port of the seat answers HTTP, 1 where it does not."""
    end = time.monotonic() + PLENTY
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PLENTY)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            connection.getresponse()
            return 0
        time.sleep(0.1)
    return 1


def stop(_number: int, _frame: object) -> None:
    """End by SystemExit, so that what was begun is removed."""
    raise SystemExit(1)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lanes", nargs="*", help="numbers of exercises, as 07; or all")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many lanes")
    parser.add_argument("--patience", type=float, default=PLENTY, help="seconds for a valid way")
    parser.add_argument("--json", action="store_true", help="print lines of JSON")
    for word in ("--lane", "--up"):
        parser.add_argument(word, default="", help=argparse.SUPPRESS)
    parser.add_argument("--extra", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.up:
        return wait_for_port(options.up)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    ways = load(Path(__file__).resolve().parent / "ways")
    work = Path.home() / "labocloud/ways"
    if options.lane:
        [chosen] = [item for item in ways if item.number == options.lane]
        run_lane(chosen, work, options.extra, options.patience)
        return 0
    everything = set(options.lanes) <= {"all"}
    lanes = [item for item in ways if everything or item.number in options.lanes]
    if unknown := set(options.lanes) - {item.number for item in ways} - {"all"}:
        parser.error(f"no ways for {', '.join(sorted(unknown))}")
    room = Room(Engine(), work, options)
    if objection := room.objection(lanes):
        parser.error(objection)
    told = room.run(lanes)
    return int(any(item["verdict"] not in ("right", "skipped") for item in told))


if __name__ == "__main__":
    raise SystemExit(main())
