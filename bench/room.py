"""What it costs to make a room ready, against the number of seats: `./lab python -m bench.room`.

Four ways do the same work on machines that start empty (instances as in molecule/, reached over
SSH), one after the other for each number of seats:

- bare: a shell loop with nothing but the needed commands (bench/bare.sh), seats in parallel: the
  limit;
- ordinary: a playbook of the kind that tutorials show (bench/ordinary.yml);
- archive, registry: this project, by each of its two roads; with registry, the first seat is also
  the registry's host, so that no way has a machine more than another.

With --students, the project's two roads by each kind of seat that it names (docs/rooms.md).

With --share, all seats together have no more than that part of one core after the first run: a room
of slow machines, and the same on every machine that measures.

Three runs of each: first, again with nothing to do, and after a change of one line of the app.
Writes reports/bench/room.json and room.svg, and prints the tables for docs/. More than some twenty
machines need `sysctl fs.inotify.max_user_instances=4096 fs.inotify.max_user_watches=1048576`.
"""

import argparse
import ctypes
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import jinja2

PROJECT = Path(__file__).parents[1]
BENCH = PROJECT / "bench"
REPORTS = PROJECT / "reports/bench"
WAYS = ("bare", "ordinary", "archive", "registry")
ROADS = ("archive", "registry")
# What the name of a road ends with where the seats' engines run without root.
WITHOUT_ROOT = " rootless"
RUNS = ("first", "again", "changed")
COURSE = "labocloud20202021:python"
# A line of the registry's access log: a blob, and its bytes.
BLOB_SENT = re.compile(r'"GET /v2/\S+/blobs/\S+ HTTP/[\d.]+" 200 (\d+)')
# Where this machine's kernel has its control groups (version 1, for the share of a core).
CGROUPS = Path("/sys/fs/cgroup")
# prctl(2): what an ended child leaves behind becomes ours, so that SSH's masters are counted too.
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Row:
    """One run of one way.

    wall, cpu, there: seconds; cpu is that of the control machine's processes, there that of all
    that ran on a seat, on average. share: the part of one core that all seats had together after
    the first run, 0 where it was not limited. room, outside: bytes that arrived at the seats from
    inside and outside the room, all seats together. images: bytes of images, packed as they travel,
    that a seat other than the builder was sent. layers: bytes of the layers that the run gave the
    course image, packed alone. changed: tasks that said so, none where the way has no tasks.
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
    def place(self) -> tuple[int, str, str, float]:
        """What was measured."""
        return self.seats, self.way, self.run, self.share


class Room:
    """The instances of one measurement, and the ways to run something on them.

    name: what the names of its instances and of their network begin with. first_port: of this
    machine's ports, that of the first seat's SSH. Two measurements that differ in both can share a
    machine.
    """

    name = "bench"
    first_port = 2301

    def __init__(self, work: Path, seats: int, share: float = 0) -> None:
        """Work: an empty directory. seats: how many machines. share: as Row has it."""
        self.work = work
        self.share = share
        self.seats = [f"{self.name}-pc{number}" for number in range(1, seats + 1)]
        self.project = work / "project"
        self.variables = {
            "ansible_host": "127.0.0.1",
            "ansible_user": "teacher",
            "instance_release": "trixie",
            # For all ways alike: instances that an engine without root can run on.
            "instance_without_root": True,
            # Of no network that the instances are in.
            "docker_engine_daemon_options": {
                "default-address-pools": [{"base": "198.19.0.0/16", "size": 24}]
            },
            "room_registry_address": self.seats[0],
            "course_image_project": str(self.project),
            "course_image_cache": str(work / "cache"),
            "instance_cgroup": f"/labocloud-{self.name}",
            # The one way must not pull where the other could not.
            "course_image_base_source": "bootstrap",
        }
        ports = {
            name: {"ansible_port": self.first_port + index} for index, name in enumerate(self.seats)
        }
        # Beside the files of the inventory, so that no settings of the user's own count.
        self.inventory("archive", lab={"hosts": ports}, all={"vars": self.variables})
        self.inventory(
            "registry",
            lab={"hosts": ports},
            registry={"hosts": {self.seats[0]: {}}},
            all={"vars": self.variables},
        )
        hosts = (f"Host {name}\n  Port {port['ansible_port']}\n" for name, port in ports.items())
        common = (
            f"Host *\n  HostName 127.0.0.1\n  User teacher\n  IdentityFile {work}/id\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {work}/known_hosts\n  LogLevel ERROR\n"
            f"  ControlMaster auto\n  ControlPath {work}/%n\n  ControlPersist 120\n"
        )
        (work / "empty.cfg").touch()
        (work / "ssh_config").write_text("".join(hosts) + common)

    def inventory(self, name: str, **groups: dict[str, Any]) -> None:
        """Write an inventory. JSON is YAML."""
        (self.work / f"{name}.yml").write_text(json.dumps(groups))

    def copy_project(self) -> None:
        """Have a copy of what the image is built from, to change a line in."""
        for name in ("Dockerfile", ".dockerignore"):
            shutil.copy(PROJECT / name, self.project)
        for name in ("app", "roles/course_build/files"):
            shutil.copytree(PROJECT / name, self.project / name)

    def environment(self) -> dict[str, str]:
        """Give the environment of every command: all that they keep is in our directory."""
        ssh = (
            f"-i {self.work}/id -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
            f" -o UserKnownHostsFile={self.work}/known_hosts"
        )
        return os.environ | {
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.work / "cp"),
            "ANSIBLE_SSH_COMMON_ARGS": ssh,
            "ANSIBLE_CALLBACKS_ENABLED": "labocloud.room.room_summary",
            "ANSIBLE_NOCOLOR": "1",
            "LABOCLOUD_REPORTS": str(self.work / "reports"),
            "MOLECULE_SCENARIO_NAME": self.name,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(self.work),
        }

    def command(self, way: str) -> list[str]:
        """Give the command that makes the room ready in one of the ways."""
        if way == "bare":
            config = str(self.work / "ssh_config")
            work = str(self.work / "bare")
            return ["bash", str(BENCH / "bare.sh"), config, str(self.project), work, *self.seats]
        if way == "ordinary":
            paths = {"bench_work": f"{self.work}/ordinary", "bench_project": str(self.project)}
            inventory = str(self.work / "archive.yml")
            play = str(BENCH / "ordinary.yml")
            return ["ansible-playbook", "-i", inventory, "-e", json.dumps(paths), play]
        road = way.removesuffix(WITHOUT_ROOT)
        kind = {"docker_engine_students": "group" if road == way else "rootless"}
        inventory, play = str(self.work / f"{road}.yml"), str(PROJECT / "site.yml")
        return ["ansible-playbook", "-i", inventory, "-e", json.dumps(kind), play]

    def playbook(self, name: str) -> None:
        """Run a playbook of molecule/resources."""
        play = str(PROJECT / "molecule/resources" / name)
        self.run(["ansible-playbook", "-i", str(self.work / "archive.yml"), play])

    def run(self, command: list[str], environment: dict[str, str] | None = None) -> str:
        """Run a command and give what it printed. Raises SystemExit, with that, where it fails."""
        done = subprocess.run(
            command,
            env=environment or self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{done.stdout}\n{command} ended with {done.returncode}")
        return done.stdout

    def in_network_of(self, seat: str, *command: str) -> str:
        """Run a command of this machine in a seat's network, and give what it printed."""
        pid = self.run(["docker", "inspect", "--format={{.State.Pid}}", seat]).strip()
        return self.run(["nsenter", f"--target={pid}", "--net", *command])

    def limit(self) -> None:
        """Let all seats together have no more than their share of one core."""
        if not self.share:
            return
        group = CGROUPS / "cpu" / f"labocloud-{self.name}"
        period = int((group / "cpu.cfs_period_us").read_text())
        (group / "cpu.cfs_quota_us").write_text(str(int(self.share * period)))

    def forget_group(self) -> None:
        """Remove the control groups above the seats, which Docker leaves."""
        for group in CGROUPS.glob(f"*/labocloud-{self.name}"):
            group.rmdir()

    def used(self) -> float:
        """Return the seconds of CPU that all that runs on the seats has used so far."""
        client = docker.from_env()
        told = [client.containers.get(one).stats(stream=False, one_shot=True) for one in self.seats]
        nanoseconds: int = sum(one["cpu_stats"]["cpu_usage"]["total_usage"] for one in told)
        return nanoseconds / 1e9

    def count(self) -> None:
        """Have each seat's kernel count what arrives from the room and what from elsewhere."""
        [told] = json.loads(self.run(["docker", "network", "inspect", f"labocloud-{self.name}"]))
        subnet = told["IPAM"]["Config"][0]["Subnet"]
        for seat in self.seats:
            for source in ([], ["!"]):
                rule = ["INPUT", "-i", "eth0", *source, "-s", subnet]
                self.in_network_of(seat, "iptables", "-w", "-A", *rule)

    def counted(self) -> tuple[int, int]:
        """Give the bytes that have arrived so far, from the room and from elsewhere."""
        sums = [0, 0]
        for seat in self.seats:
            table = self.in_network_of(seat, "iptables", "-w", "-nvxL", "INPUT")
            rules = [line.split() for line in table.splitlines() if " eth0 " in line]
            for index, fields in enumerate(rules[:2]):
                sums[index] += int(fields[1])
        return sums[0], sums[1]

    def images_since(self, start: float, way: str) -> int:
        """Give the bytes of images that a seat was sent since a time of the system's clock."""
        if way.startswith("registry"):
            journal = ["journalctl", "--unit=docker-registry", "--output=cat", "--no-pager"]
            log = self.run(["docker", "exec", self.seats[0], *journal, f"--since=@{start:.0f}"])
            others = max(len(self.seats) - 1, 1)
            return sum(int(size) for size in BLOB_SENT.findall(log)) // others
        archives = self.work.glob(
            "cache/images/*" if way.startswith("archive") else f"{way}/*.tar*"
        )
        new = [stat for stat in map(Path.stat, archives) if stat.st_mtime >= start]
        return max((stat.st_size for stat in new), default=0) if len(self.seats) > 1 else 0

    def layers(self) -> list[str]:
        """Give the layers of the course image on the builder, by their digests, none without it."""
        form = "--format={{json .RootFS.Layers}}"
        asked = ["docker", "exec", self.seats[0], "docker", "image", "inspect", form, COURSE]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        return json.loads(told.stdout) if told.returncode == 0 else []

    def packed(self, layers: set[str]) -> int:
        """Give the bytes of layers of the course image, each packed by itself as they travel."""
        if not layers:
            return 0
        saving = ["docker", "exec", self.seats[0], "docker", "save", COURSE]
        names = {f"blobs/sha256/{layer.removeprefix('sha256:')}" for layer in layers}
        size = 0
        with (
            subprocess.Popen(saving, stdout=subprocess.PIPE) as save,
            tarfile.open(fileobj=save.stdout, mode="r|") as archive,
        ):
            for member in archive:
                if member.name in names and (layer := archive.extractfile(member)):
                    packing = ["zstd", "-q", "-3", "-c"]
                    told = layer.read()
                    packed = subprocess.run(packing, input=told, capture_output=True, check=True)
                    size += len(packed.stdout)
        return size

    def change_a_line(self) -> None:
        """Change one line of the app."""
        app = self.project / "app/app.py"
        app.write_text(f"{app.read_text()}# {time.time()}\n")

    def measure(self, way: str, run: str) -> Row:
        """Run one of the ways and measure it."""
        environment = self.environment()
        if way == "ordinary":
            # As Ansible is without a configuration.
            environment |= {"ANSIBLE_CONFIG": str(self.work / "empty.cfg")}
        layers = set(self.layers())
        now = time.time()
        there = self.used()
        before, cpu, start = self.counted(), processor_time(), time.monotonic()
        printed = self.run(self.command(way), environment)
        wall = time.monotonic() - start
        end_children()
        after = self.counted()
        changed = [int(count) for count in re.findall(r"changed=(\d+)", printed)]
        return Row(
            seats=len(self.seats),
            way=way,
            run=run,
            wall=round(wall, 2),
            cpu=round(processor_time() - cpu, 2),
            there=round((self.used() - there) / len(self.seats), 2),
            share=self.share,
            room=after[0] - before[0],
            outside=after[1] - before[1],
            images=self.images_since(now, way),
            layers=self.packed(set(self.layers()) - layers),
            changed=sum(changed) if way != "bare" else None,
        )


def processor_time() -> float:
    """Give the seconds of CPU that all ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def end_children() -> None:
    """End SSH's masters that a run has left behind, and count their time.

    What gives the room's lock back ends by itself. It heeds no signal, and would open a connection
    of its own in place of one that was ended: so it comes first.
    """
    left = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    masters = [pid for pid in left if Path(f"/proc/{pid}/comm").read_text() == "ssh\n"]
    for pid in set(left) - set(masters):
        os.waitpid(int(pid), 0)
    for pid in masters:
        os.kill(int(pid), signal.SIGTERM)
        os.waitpid(int(pid), 0)


@contextmanager
def room(seats: int, share: float = 0) -> Iterator[Room]:
    """Have a room of empty machines, which is gone afterwards. share: as Row has it."""
    with tempfile.TemporaryDirectory(prefix="labocloud-bench-") as directory:
        made = Room(Path(directory), seats, share)
        for name in ("project", "bare", "ordinary"):
            (made.work / name).mkdir()
        made.copy_project()
        try:
            made.playbook("create.yml")
            made.count()
            yield made
        finally:
            made.playbook("destroy.yml")
            made.forget_group()


def say(text: str) -> None:
    """Tell how far the measurement is."""
    print(text, file=sys.stderr, flush=True)


def measure(numbers: list[int], ways: list[str], share: float) -> Iterator[Row]:
    """Measure ways with every number of seats, the ways in turn."""
    for turn, seats in enumerate(numbers):
        first = turn % len(ways)
        for way in ways[first:] + ways[:first]:
            with room(seats, share) as made:
                for run in RUNS:
                    if run == "changed":
                        made.change_a_line()
                    row = made.measure(way, run)
                    say(
                        f"{seats} seats, {way}, {run}: {row.wall:.1f} s,"
                        f" {(row.room + row.outside) / seats / 1e6:.2f} MB a seat,"
                        f" CPU a seat {row.cpu / seats:.1f} s here, {row.there:.1f} s there"
                    )
                    yield row
                    made.limit()


def kept() -> list[Row]:
    """Give the rows that an earlier measurement has written, none where there was none."""
    path = REPORTS / "room.json"
    return [Row(**row) for row in json.loads(path.read_text())["rows"]] if path.exists() else []


def machine() -> str:
    """Say in a few words what was measured on."""
    release = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{release}, kernel {platform.release()}, {os.cpu_count()} cores"


def tables(rows: list[Row]) -> str:
    """Give the rows as Markdown, one table a kind of run; - where nothing was measured."""
    found = {(row.run, row.seats, row.share, row.way): row for row in rows}
    measured = {row.way for row in rows}
    ways = [*WAYS, *(way for road in ROADS if (way := road + WITHOUT_ROOT) in measured)]
    lines = []
    for run in RUNS:
        lines += [f"| {run} | {' | '.join(ways)} |", f"| --- |{' --- |' * len(ways)}"]
        for seats, share in sorted({(row.seats, row.share) for row in rows}):
            cells = [cell(found.get((run, seats, share, way))) for way in ways]
            limited = f", {share} of a core" if share else ""
            head = f"{seats} seat{'s' if seats > 1 else ''}{limited}"
            lines.append(f"| {head} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def cell(row: Row | None) -> str:
    """Give a row in the form that the tables have it, numbers of bytes for each seat in MB."""
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
    template = (BENCH / "room.svg.j2").read_text(encoding="utf-8")
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
    return environment.from_string(template).render(series=series, caption=caption)


def main() -> None:
    """Measure, write, print."""
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
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    rows = kept() if asked.keep else []
    ways = [way for way in asked.ways if way not in ROADS or "group" in asked.students]
    if "rootless" in asked.students:
        ways += [road + WITHOUT_ROOT for road in ROADS if road in asked.ways]
    try:
        for row in measure(asked.seats, ways, asked.share):
            rows = [one for one in rows if one.place != row.place] + [row]
    finally:
        if rows:
            caption = f"{machine()}, {datetime.now(UTC):%Y-%m-%d}"
            REPORTS.mkdir(parents=True, exist_ok=True)
            told = {"measured_on": caption, "rows": [asdict(row) for row in rows]}
            (REPORTS / "room.json").write_text(json.dumps(told, indent=1) + "\n")
    # It shows no room of slow machines.
    if not all(row.share for row in rows):
        (REPORTS / "room.svg").write_text(picture(rows, caption))
    print(f"{caption}\n\n{tables(rows)}")


if __name__ == "__main__":
    main()
