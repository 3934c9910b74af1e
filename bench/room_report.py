"""The rows of bench/room.py, and the tables and the picture that docs/ have of them."""

from dataclasses import dataclass
from pathlib import Path

import jinja2

from bench.instances import WITHOUT_ROOT

TEMPLATE = Path(__file__).with_name("room.svg.j2")
WAYS = ("bare", "ordinary", "archive", "registry")
ROADS = ("archive", "registry")
RUNS = ("first", "again", "changed")


@dataclass(frozen=True)
class Row:
    """One run of one way.

    wall, cpu, there: seconds; cpu is that of the control machine's processes, there that of all
    that ran on a seat, on average. share: the part of one core that all seats had together after
    the first run, 0 where it was not limited. room, outside: bytes that arrived at the seats from
    inside and outside the room, all seats together. images: bytes of images, packed as they travel,
    that a seat other than the builder was sent. layers: bytes of the layers that the run gave the
    course image, packed alone. changed: tasks that said so, None where the way has no tasks.
    """

    seats: int
    way: str
    run: str
    wall: float
    cpu: float
    there: float
    share: float
    room: int
    outside: int
    images: int
    layers: int
    changed: int | None

    @property
    def key(self) -> tuple[int, str, str, float]:
        """What was measured: two rows with the same key measure the same."""
        return self.seats, self.way, self.run, self.share


def tables(rows: list[Row]) -> str:
    """Return the rows as Markdown, one table a kind of run; - where nothing was measured."""
    by_place = {(row.run, row.seats, row.share, row.way): row for row in rows}
    measured = {row.way for row in rows}
    ways = [*WAYS, *(way for road in ROADS if (way := road + WITHOUT_ROOT) in measured)]
    lines = []
    for run in RUNS:
        lines += [f"| {run} | {' | '.join(ways)} |", f"| --- |{' --- |' * len(ways)}"]
        for seats, share in sorted({(row.seats, row.share) for row in rows}):
            cells = [_cell(by_place.get((run, seats, share, way))) for way in ways]
            limited = f", {share} of a core" if share else ""
            head = f"{seats} seat{'s' if seats > 1 else ''}{limited}"
            lines.append(f"| {head} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(row: Row | None) -> str:
    """Return a row as a cell of the tables, with the bytes of each seat in MB."""
    if row is None:
        return "-"
    numbers = [
        f"**{row.wall:.1f} s**",
        f"{row.cpu:.1f} s",
        f"{row.there:.1f} s",
        *(f"{count / row.seats / 1e6:.2f}" for count in (row.outside, row.room)),
        f"{row.images / 1e6:.3f}",
    ]
    return ", ".join(numbers) + ("" if row.changed is None else f", {row.changed}")


def picture(rows: list[Row], caption: str) -> str:
    """Draw the seconds against the number of seats, one panel a kind of run, as SVG."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    series = {
        run: {
            way: sorted(
                (row.seats, row.wall)
                for row in rows
                if (row.run, row.way) == (run, way) and not row.share
            )
            for way in WAYS
        }
        for run in RUNS
    }
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(series=series, caption=caption)
