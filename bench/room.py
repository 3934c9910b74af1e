"""Measure what it takes to make a room ready: `./lab python -m bench.room`.

Four ways do the same work on machines that start empty (bench/instances.py), one after the other
for each number of seats:

- bare: a shell loop with nothing but the needed commands (bench/bare.sh), seats in parallel: the
  limit;
- ordinary: a playbook of the kind that tutorials show (bench/ordinary.yml);
- archive, registry: this project, by each of its two roads; with registry, the first seat is also
  the registry's host, so that no way has a machine more than another.

With --students, the project's two roads are measured by each kind of seat that it names
(docs/rooms.md).

With --share, all seats together have no more than that part of one core after the first run: a room
of slow machines, and the same on every machine that measures.

Each way runs three times: first, again with nothing to do, and after a change of one line of the
app. Writes reports/bench/room.json and room.svg, and prints the tables for docs/. More than some
twenty machines need
`sysctl fs.inotify.max_user_instances=4096 fs.inotify.max_user_watches=1048576`.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from bench.instances import (
    REPORTS,
    WITHOUT_ROOT,
    Room,
    adopt_orphans,
    end_children,
    log,
    machine,
    processor_time,
    running_room,
)
from bench.room_report import ROADS, RUNS, WAYS, Row, picture, tables


def measure_run(room: Room, way: str, run: str) -> Row:
    """Make a room ready in one of the ways, and measure it."""
    environment = room.environment()
    if way == "ordinary":
        # The ordinary playbook runs as Ansible is without a configuration.
        environment |= {"ANSIBLE_CONFIG": str(room.work / "empty.cfg")}
    layers = room.layers()
    now = time.time()
    seat_time = room.seat_time()
    before, cpu, start = room.received(), processor_time(), time.monotonic()
    output = room.run(room.command(way), environment)
    wall = time.monotonic() - start
    end_children()
    after = room.received()
    changed = [int(count) for count in re.findall(r"changed=(\d+)", output)]
    return Row(
        seats=len(room.seats),
        way=way,
        run=run,
        wall=round(wall, 2),
        cpu=round(processor_time() - cpu, 2),
        there=round((room.seat_time() - seat_time) / len(room.seats), 2),
        share=room.share,
        room=after[0] - before[0],
        outside=after[1] - before[1],
        images=room.images_since(now, way),
        layers=room.packed_size(room.layers() - layers),
        changed=sum(changed) if way != "bare" else None,
    )


def measure(numbers: list[int], ways: list[str], share: float) -> Iterator[Row]:
    """Yield a row for each run of each way with each number of seats.

    Each number of seats begins with another way, so that no way is always the first.
    """
    for turn, seats in enumerate(numbers):
        first = turn % len(ways)
        for way in ways[first:] + ways[:first]:
            with running_room(seats, share) as room:
                for run in RUNS:
                    if run == "changed":
                        room.change_a_line()
                    row = measure_run(room, way, run)
                    log(
                        f"{seats} seats, {way}, {run}: {row.wall:.1f} s,"
                        f" {(row.room + row.outside) / seats / 1e6:.2f} MB a seat,"
                        f" CPU a seat {row.cpu / seats:.1f} s here, {row.there:.1f} s there"
                    )
                    yield row
                    room.limit()


def previous_rows() -> list[Row]:
    """Return the rows that an earlier measurement has written, none where there was none."""
    path = REPORTS / "room.json"
    return [Row(**row) for row in json.loads(path.read_text())["rows"]] if path.exists() else []


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.room", description=__doc__)
    parser.add_argument(
        "--seats",
        default="1,2,4,8",
        type=lambda text: [int(number) for number in text.split(",")],
        help="numbers of seats to measure with, for example 1,2,4,8",
    )
    parser.add_argument(
        "--ways",
        default=",".join(WAYS),
        type=lambda text: [way for way in WAYS if way in text.split(",")],
        help="which of them, for example bare,registry",
    )
    parser.add_argument(
        "--students",
        default="group",
        type=lambda text: text.split(","),
        help="which kinds of seat, for example group,rootless",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep what room.json has and is not measured anew"
    )
    parser.add_argument(
        "--share",
        default=0,
        type=float,
        help="the part of one core that all seats have together, for example 0.27",
    )
    return parser.parse_args()


def main() -> None:
    """Measure, write the report and print the tables."""
    arguments = parse_arguments()
    adopt_orphans()
    rows = previous_rows() if arguments.keep else []
    ways = [way for way in arguments.ways if way not in ROADS or "group" in arguments.students]
    if "rootless" in arguments.students:
        ways += [road + WITHOUT_ROOT for road in ROADS if road in arguments.ways]
    try:
        for row in measure(arguments.seats, ways, arguments.share):
            rows = [other for other in rows if other.key != row.key] + [row]
    finally:
        if rows:
            caption = f"{machine()}, {datetime.now(UTC):%Y-%m-%d}"
            REPORTS.mkdir(parents=True, exist_ok=True)
            report = {"measured_on": caption, "rows": [asdict(row) for row in rows]}
            (REPORTS / "room.json").write_text(json.dumps(report, indent=1) + "\n")
    # The picture shows no room of slow machines.
    if not all(row.share for row in rows):
        (REPORTS / "room.svg").write_text(picture(rows, caption))
    print(f"{caption}\n\n{tables(rows)}")


if __name__ == "__main__":
    main()
