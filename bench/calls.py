"""Count the calls of a run to a seat: `./lab python -m bench.calls`, `… --tree PATH`.

Two machines that start empty (bench/instances.py), the builder and a second seat, are made ready by
the road archive. Four runs are counted: first, again with nothing to do, after a change of one line
of the app, and playbooks/verify.yml. A call is what `-vvv` shows as `SSH: EXEC`: one command of ssh
or sftp. A delegated task counts for the machine that does it. One call to the builder is not
counted: the process that gives the room's lock back prints nothing, since its run has ended by
then.

The tree is copied as it stands, with what is not committed, and run by its own ansible.cfg, but
with the Ansible, the instances and the inventory of the tree that measures. So an older checkout
can be measured too, as long as it has the settings in Room.variables: one that it has not keeps its
default. Seconds, and those of CPU, are a little more than without `-vvv`, and more than on a
control machine that has no seats on it: compare them only with others of this table.
"""

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Collection
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

SEATS = 2
RUNS = {
    "first": "site.yml",
    "again, nothing to do": "site.yml",
    "after one changed line": "site.yml",
    "verify": "playbooks/verify.yml",
}
# Both machines have one address and differ in the port, which stands before the remote command.
CALL = re.compile(r"^<[^>]*> SSH: EXEC .*?\bPort=(\d+)", re.MULTILINE)
# The recap has one line a host.
CHANGED = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+)", re.MULTILINE)
# A checkout may hold what is no part of it: an environment, caches and reports of earlier runs.
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".cache", ".ansible", "reports", "__pycache__")


class CountedRoom(Room):
    """A room that is made ready by a copy of a tree; the line is changed in that copy."""

    name = "calls"
    first_port = 2401

    def __init__(self, work: Path, tree: Path) -> None:
        """Copy the tree. work: an empty directory. tree: a checkout of the project."""
        super().__init__(work, SEATS)
        # The link in .collections, by which Ansible finds the collection, is relative, and so
        # leads to the copy.
        shutil.copytree(tree, self.project, symlinks=True, ignore=NOT_COPIED)

    def environment(self) -> dict[str, str]:
        """Return the environment of every command, with all of the tree's own configuration."""
        return super().environment() | {"ANSIBLE_CONFIG": str(self.project / "ansible.cfg")}

    def row(self, run: str) -> str:
        """Run a playbook and return the run's line of the table. Raises SystemExit if it fails."""
        # It runs in the tree, as a person does: a run may keep files below the current directory.
        play = ["env", f"--chdir={self.project}", "ansible-playbook", "-vvv", RUNS[run]]
        cpu, start = processor_time(), time.monotonic()
        output = self.run([*play, "-i", str(self.work / "archive.yml")])
        wall = time.monotonic() - start
        end_children()
        numbers = calls(output, range(self.first_port, self.first_port + SEATS))
        changed = sum(int(count) for count in CHANGED.findall(output))
        cpu_per_seat = (processor_time() - cpu) / SEATS
        return table_row(run, *numbers, changed, f"{wall:.1f} s", f"{cpu_per_seat:.2f} s")


def calls(output: str, ports: Collection[int]) -> list[int]:
    """Count the calls to each port in the output of a run with `-vvv`.

    Raises ValueError where there is none at all: then Ansible shows them in another form.
    """
    called_ports = [int(port) for port in CALL.findall(output)]
    if not called_ports:
        raise ValueError("no call was seen: does -vvv still say SSH: EXEC and the port?")
    return [called_ports.count(port) for port in ports]


def table_row(*cells: object) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def measure(tree: Path) -> list[str]:
    """Create the machines, measure every run, remove the machines, and return the lines."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="labocloud-bench-") as directory:
        room = CountedRoom(Path(directory), tree)
        try:
            room.playbook("create.yml")
            for run in RUNS:
                if run == "after one changed line":
                    room.change_a_line()
                lines.append(room.row(run))
                log(lines[-1])
        finally:
            room.playbook("destroy.yml")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--tree", type=Path, default=PROJECT, help="the checkout to measure")
    tree = parser.parse_args().tree.resolve()
    adopt_orphans()
    lines = measure(tree)
    head = ("run", "builder", "second seat", "changed", "time", "CPU a seat")
    print("\n".join([f"{machine()}\n", table_row(*head), table_row(*["---"] * len(head)), *lines]))


if __name__ == "__main__":
    main()
