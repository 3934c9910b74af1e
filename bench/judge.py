"""How long the judge takes for a room of a thousand seats: `./lab python -m bench.judge`.

One process, no network: seats as they are, and seats of which one thing is wrong, by turns. It
prints the seconds for a hundred, a thousand and two thousand: twice the seats, twice the time.
"""

import sys
import time
from itertools import cycle, islice
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / ".collections"), str(PROJECT / "tests/unit")]

from ansible.plugins.loader import init_plugin_loader  # noqa: E402  # the paths come first

init_plugin_loader([str(PROJECT / ".collections")])

from ansible_collections.labocloud.room.plugins.plugin_utils.judge import judge  # noqa: E402
from ansible_collections.labocloud.room.plugins.plugin_utils.report import Judged, report  # noqa: E402
from sample_seat import builder, sample_settings, seat  # noqa: E402

KINDS = (
    seat(),
    seat(("containers", {}), ("listeners", []), ("page", None)),
    seat(("docker/running", False), ("images", {}), ("containers", {}), ("page", None)),
    seat(("docker/free_mb", 1)),
)


def measure(seats: int) -> float:
    """Return the seconds that it takes to judge so many seats and to make the report."""
    names = [f"pc{number}" for number in range(seats)]
    settings, builds = sample_settings({"lab": names}, "pc0"), builder()
    begun = time.perf_counter()
    answers: dict[str, Judged] = {
        name: {"seat": has, "verdict": judge(has, {**settings, "name": name}, builds)}
        for name, has in zip(names, islice(cycle(KINDS), seats), strict=True)
    }
    report(answers, settings["room"], {}, 0.0)
    return time.perf_counter() - begun


def main() -> None:
    """Measure, and print a line for each number of seats."""
    for seats in (100, 1000, 2000):
        print(f"{seats} seats: {measure(seats):.2f} s")


if __name__ == "__main__":
    main()
