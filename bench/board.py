"""What a look at how far a class is costs: `./lab python -m bench.board`, `… --seats 60`.

One machine, as in bench/room.py, is made ready; its student does the first exercises. Then so many
seats, all of them that machine under other names, are looked at by playbooks/progress.yml, five
times. Told are, as medians: how long a look takes; the CPU that it costs for each seat, on the
control machine, with Ansible's own start in it, and on the seat; and how long after the seat's
answer a step stands on the board, for the seat that waited longest. The last is rounded up: the
report tells whole seconds.
"""

import argparse
import ctypes
import json
import statistics
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import docker

from bench.room import (
    PR_SET_CHILD_SUBREAPER,
    PROJECT,
    Room,
    end_children,
    machine,
    processor_time,
    say,
)

LOOKS = 5
# Between two readings of the report, in seconds.
PAUSE = 0.05
SOLVED = ("01-first-contact", "02-run-again", "05-volumes")


class Class(Room):
    """One seat, under many names."""

    name = "board"
    first_port = 2451

    def __init__(self, work: Path, seats: int) -> None:
        """Work: an empty directory. seats: how many names."""
        super().__init__(work, 1)
        port = {"ansible_port": self.first_port}
        names = {f"pc{number:02}": port for number in range(1, seats + 1)}
        self.inventory("class", lab={"hosts": names}, all={"vars": self.variables})
        self.report = work / "reports/progress.json"

    def solve(self) -> None:
        """Have a student do some exercises."""
        seat = ["docker", "exec", self.seats[0]]
        self.run([*seat, "useradd", "--create-home", "--groups=docker", "student"])
        for name in SOLVED:
            solution = (PROJECT / "app/exercises" / name / "solution.sh").read_text()
            self.run([*seat, "su", "--login", "student", "--command", f"set -e\n{solution}"])

    def seat_time(self) -> float:
        """Give the seconds of CPU that the machine has used."""
        told = docker.from_env().containers.get(self.seats[0]).stats(stream=False, one_shot=True)
        return float(told["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def look(self) -> tuple[float, float, float, float]:
        """Look once; give seconds: in all, CPU here and there, until the last was on the board."""
        self.report.unlink(missing_ok=True)
        delays: dict[str, float] = {}
        over = threading.Event()
        reader = threading.Thread(target=self.read, args=(delays, over))
        reader.start()
        play = ["ansible-playbook", "-i", str(self.work / "class.yml")]
        cpu, there, start = processor_time(), self.seat_time(), time.monotonic()
        self.run([*play, str(PROJECT / "playbooks/progress.yml")])
        wall, there = time.monotonic() - start, self.seat_time() - there
        end_children()
        over.set()
        reader.join()
        return wall, processor_time() - cpu, there, max(delays.values())

    def read(self, delays: dict[str, float], over: threading.Event) -> None:
        """Put down how long after its answer each seat is seen in the report."""
        while not over.wait(PAUSE):
            now = time.time()
            for row in seats_of(self.report):
                if row["time"] and row["name"] not in delays:
                    answered = datetime.fromisoformat(row["time"]).timestamp()
                    delays[row["name"]] = now - answered


def seats_of(report: Path) -> list[dict[str, Any]]:
    """Give what a report says of the seats, nothing where there is none yet."""
    if not report.exists():
        return []
    told: list[dict[str, Any]] = json.loads(report.read_text())["seats"]
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--seats", type=int, default=30, help="how many (default: %(default)s)")
    seats = parser.parse_args().seats
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory(prefix="labocloud-bench-") as directory:
        room = Class(Path(directory), seats)
        room.project.mkdir()
        room.copy_project()
        try:
            room.playbook("create.yml")
            room.run(room.command("archive"))
            room.solve()
            rows = []
            for number in range(LOOKS):
                rows.append(room.look())
                say(f"look {number + 1}: {rows[-1]}")
        finally:
            room.playbook("destroy.yml")
    wall, here, there, delay = (statistics.median(column) for column in zip(*rows, strict=True))
    print(machine())
    print(f"| a look at {seats} seats | CPU a seat, here | there | on the board after |")
    print("| --- | --- | --- | --- |")
    print(f"| {wall:.1f} s | {here / seats:.2f} s | {there / seats:.2f} s | {delay:.1f} s |")


if __name__ == "__main__":
    main()
