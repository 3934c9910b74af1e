"""Measure what one look at a class costs: `./lab python -m bench.board`, `… --seats 60`.

One machine (bench/instances.py) is made ready, and its student does the first exercises. Then so
many seats, all of them that machine under other names, are looked at by playbooks/progress.yml,
five times. Printed are medians: how long a look takes; the CPU that it costs for each seat, on the
control machine, with Ansible's own start in it, and on the seat; and how long after the seat's
answer a step stands on the board, for the seat that waited longest. The last is rounded up, since
the report has whole seconds.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

from bench.instances import (
    PROJECT,
    Room,
    adopt_orphans,
    end_children,
    log,
    machine,
    processor_time,
)

LOOKS = 5
# Seconds between two readings of the report.
PAUSE = 0.05
SOLVED = ("01-first-contact", "02-run-again", "05-volumes")


class Class(Room):
    """One seat, under many names."""

    name = "board"
    first_port = 2451

    def __init__(self, work: Path, seats: int) -> None:
        """Write the inventory of the class too. work: an empty directory. seats: of names."""
        super().__init__(work, 1)
        port = {"ansible_port": self.first_port}
        names = {f"pc{number:02}": port for number in range(1, seats + 1)}
        self.inventory("class", lab={"hosts": names}, all={"vars": self.variables})
        self.report = work / "reports/progress.json"

    def solve(self) -> None:
        """Solve some exercises as a student."""
        seat = ["docker", "exec", self.seats[0]]
        self.run([*seat, "useradd", "--create-home", "--groups=docker", "student"])
        for name in SOLVED:
            solution = (PROJECT / "app/exercises" / name / "solution.sh").read_text()
            self.run([*seat, "su", "--login", "student", "--command", f"set -e\n{solution}"])

    def look(self) -> tuple[float, float, float, float]:
        """Look once; return seconds: in all, CPU here, CPU there, until the last was on the board.

        The board shows a seat when its row is in the report.
        """
        self.report.unlink(missing_ok=True)
        delays: dict[str, float] = {}
        is_over = threading.Event()
        reader = threading.Thread(target=self.read, args=(delays, is_over))
        reader.start()
        play = ["ansible-playbook", "-i", str(self.work / "class.yml")]
        cpu, there, start = processor_time(), self.seat_time(), time.monotonic()
        self.run([*play, str(PROJECT / "playbooks/progress.yml")])
        wall, there = time.monotonic() - start, self.seat_time() - there
        end_children()
        is_over.set()
        reader.join()
        return wall, processor_time() - cpu, there, max(delays.values())

    def read(self, delays: dict[str, float], is_over: threading.Event) -> None:
        """Record for each seat how long after its answer the report has it, until it is over."""
        while not is_over.wait(PAUSE):
            now = time.time()
            for name, answered in answer_times(self.report).items():
                delays.setdefault(name, now - answered)


def answer_times(report: Path) -> dict[str, float]:
    """Return when the seats in a report answered, in seconds since 1970, by their names.

    A seat that has not answered is left out, as are all where there is no report yet.
    """
    if not report.exists():
        return {}
    return {
        row["name"]: datetime.fromisoformat(row["time"]).timestamp()
        for row in json.loads(report.read_text())["seats"]
        if row["time"]
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--seats", type=int, default=30, help="how many (default: %(default)s)")
    seats = parser.parse_args().seats
    adopt_orphans()
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
                log(f"look {number + 1}: {rows[-1]}")
        finally:
            room.playbook("destroy.yml")
    wall, here, there, delay = (statistics.median(column) for column in zip(*rows, strict=True))
    print(machine())
    print(f"| a look at {seats} seats | CPU a seat, here | there | on the board after |")
    print("| --- | --- | --- | --- |")
    print(f"| {wall:.1f} s | {here / seats:.2f} s | {there / seats:.2f} s | {delay:.1f} s |")


if __name__ == "__main__":
    main()
