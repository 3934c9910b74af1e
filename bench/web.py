"""Measure how many requests a second the course's server answers: `./lab python -m bench.web`.

Two servers of the same app, in the same image, with the flags of the deployed container, one after
the other in turns: waitress, as the image runs it; and Flask's development server, as the course's
original ran. wrk (`./lab ansible-playbook tests/tools.yml`) sends requests over loopback, on
connections that stay open. Writes reports/bench/web.json, and prints the table for docs/.
"""

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bench.instances import REPORTS, machine
from tests.course_container import HARDENED, Load, address, engine, load, memory, running

SERVERS = {
    "waitress": None,
    "flask run": ["-m", "flask", "--app", "labocloud", "run", "--host=0.0.0.0", "--port=8888"],
}
PATHS = ("/fr/cheat-sheet", "/fr/container", "/healthz")
TURNS = 3


@dataclass(frozen=True)
class Row:
    """A server's answers to requests for one page, as medians of all turns.

    rate: requests a second. half, most: milliseconds that half and 99 % of them took at most.
    errors: the sum of all turns. memory: the largest number of bytes in use after a turn.
    """

    server: str
    path: str
    rate: float
    half: float
    most: float
    errors: int
    memory: int


def measure(path: str, seconds: int, connections: int) -> list[Row]:
    """Measure both servers with one page, in turns, each time in a new container.

    seconds: of each load. connections: the number of them at once.
    """
    loads: dict[str, list[Load]] = {server: [] for server in SERVERS}
    memory_used = dict.fromkeys(SERVERS, 0)
    with engine() as client:
        for _ in range(TURNS):
            for server, command in SERVERS.items():
                with running(client, command=command, **HARDENED) as container:
                    loads[server].append(load(address(container) + path, seconds, connections))
                    memory_used[server] = max(memory_used[server], memory(container))
    return [
        Row(
            server=server,
            path=path,
            rate=round(statistics.median(turn.rate for turn in turns)),
            half=round(statistics.median(turn.half for turn in turns), 1),
            most=round(statistics.median(turn.most for turn in turns), 1),
            errors=sum(turn.errors for turn in turns),
            memory=memory_used[server],
        )
        for server, turns in loads.items()
    ]


def table(rows: list[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = ["| page | server | requests a second | half in | 99 % in | errors | memory |"]
    lines.append("| --- |" + " --- |" * 6)
    lines += [
        f"| `{row.path}` | {row.server} | **{row.rate}** | {row.half} ms | {row.most} ms"
        f" | {row.errors} | {row.memory / 2**20:.0f} MiB |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, write the report and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.web", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each load (default: 10)")
    parser.add_argument("--connections", type=int, default=32, help="at once (default: 32)")
    arguments = parser.parse_args()
    rows = []
    for path in PATHS:
        rows += measure(path, arguments.seconds, arguments.connections)
        print(f"{path}: measured", file=sys.stderr, flush=True)
    caption = f"{machine()}, {datetime.now(UTC):%Y-%m-%d}, {arguments.connections} connections"
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = {"measured_on": caption, "rows": [asdict(row) for row in rows]}
    (REPORTS / "web.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"{caption}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
