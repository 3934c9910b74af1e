"""How often a run asks a seat: `./lab python -m bench.calls`, `… --tree PATH` for another checkout.

Two machines that start empty, as in bench/room.py: the builder and a second seat, by the road
archive. Four runs: first, again with nothing to do, after a change of one line of the app, and
playbooks/verify.yml. A call is what `-vvv` shows as `SSH: EXEC`: one command of ssh or sftp. What
is delegated counts for the machine that does it. One call to the builder is not among them: the
process that gives the room's lock back says nothing, since its run has ended by then.

The tree is copied as it stands, with what is not committed, and run by its own ansible.cfg, but
with the Ansible, the instances and the inventory of the tree that measures. So an older checkout
can be measured too, as long as the settings in Room.variables are known there: one that is not has
its default. Seconds, and those of CPU, are a little more than without `-vvv`, and more than on a
control machine that has no seats on it: compare them only with others of this table.
"""

import argparse
import ctypes
import re
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from bench.room import (
    PR_SET_CHILD_SUBREAPER,
    PROJECT,
    Room,
    end_children,
    machine,
    processor_time,
    say,
)

SEATS = 2
RUNS = {
    "first": "site.yml",
    "again, nothing to do": "site.yml",
    "after one changed line": "site.yml",
    "verify": "playbooks/verify.yml",
}
# Both machines have one address and differ in the port, which stands before the remote command.
CALL = re.compile(r"^<[^>]*> SSH: EXEC .*?\bPort=(\d+)", re.MULTILINE)
# In the recap, one line a host.
CHANGED = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+)", re.MULTILINE)
# What a checkout has got beside what is in it: another's environment, what runs have left.
NOT_OURS = shutil.ignore_patterns(".git", ".venv", ".cache", ".ansible", "reports", "__pycache__")


class CalledRoom(Room):
    """A room that is made ready by a copy of a tree; the line is changed in that copy."""

    name = "calls"
    first_port = 2401

    def __init__(self, work: Path, tree: Path) -> None:
        """Work: an empty directory. tree: a checkout of the project."""
        super().__init__(work, SEATS)
        # A link that finds the collection, in .collections, is relative and leads to the copy.
        shutil.copytree(tree, self.project, symlinks=True, ignore=NOT_OURS)

    def environment(self) -> dict[str, str]:
        """Give the environment of every command: with the tree's own configuration, all of it."""
        environment = super().environment()
        # Its name is another one in an older tree; each has it in its ansible.cfg.
        del environment["ANSIBLE_CALLBACKS_ENABLED"]
        return environment | {"ANSIBLE_CONFIG": str(self.project / "ansible.cfg")}

    def row(self, run: str) -> str:
        """Run a playbook, and give the run's line of the table. Raises SystemExit if it fails."""
        # In the tree, as a person does: what a run keeps may go below the current directory.
        play = ["env", f"--chdir={self.project}", "ansible-playbook", "-vvv", RUNS[run]]
        cpu, start = processor_time(), time.monotonic()
        printed = self.run([*play, "-i", str(self.work / "archive.yml")])
        wall = time.monotonic() - start
        end_children()
        numbers = calls(printed, range(self.first_port, self.first_port + SEATS))
        changed = sum(int(count) for count in CHANGED.findall(printed))
        used = (processor_time() - cpu) / SEATS
        return row(run, *numbers, changed, f"{wall:.1f} s", f"{used:.2f} s")


def calls(printed: str, ports: Collection[int]) -> list[int]:
    """Count the calls to each port in what a run with `-vvv` has printed.

    Raises ValueError where there is none at all: then they are told in another way than is known.
    """
    found = [int(port) for port in CALL.findall(printed)]
    if not found:
        raise ValueError("no call was seen: does -vvv still say SSH: EXEC and the port?")
    return [found.count(port) for port in ports]


def row(*cells: object) -> str:
    """Give a line of a table in Markdown."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def measure(tree: Path) -> list[str]:
    """Make the machines, measure every run, remove the machines, and give the lines."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="labocloud-bench-") as directory:
        room = CalledRoom(Path(directory), tree)
        try:
            room.playbook("create.yml")
            for run in RUNS:
                if run == "after one changed line":
                    room.change_a_line()
                lines.append(room.row(run))
                say(lines[-1])
        finally:
            room.playbook("destroy.yml")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--tree", type=Path, default=PROJECT, help="the checkout to measure")
    tree = parser.parse_args().tree.resolve()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    lines = measure(tree)
    head = ("run", "builder", "second seat", "changed", "time", "CPU a seat")
    print("\n".join([f"{machine()}\n", row(*head), row(*["---"] * len(head)), *lines]))


if __name__ == "__main__":
    main()
