"""The machines that are measured: instances as in molecule/, empty at first, reached over SSH."""

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker

PROJECT = Path(__file__).parents[1]
BENCH = PROJECT / "bench"
REPORTS = PROJECT / "reports/bench"
# The name of a road ends with this where the seats' engines run without root.
WITHOUT_ROOT = " rootless"
COURSE = "labocloud20202021:python"
# A line of the registry's access log: a blob, and its bytes.
BLOB_SENT = re.compile(r'"GET /v2/\S+/blobs/\S+ HTTP/[\d.]+" 200 (\d+)')
# This machine's control groups (version 1, for the share of a core).
CGROUPS = Path("/sys/fs/cgroup")
# From prctl(2).
PR_SET_CHILD_SUBREAPER = 36


class Room:
    """The instances of one measurement, and the ways to run something on them.

    name: the beginning of the names of its instances and of their network. first_port: the port of
    this machine that leads to the first seat's SSH; the next seats have the next ports. Two
    measurements that differ in both can share a machine.
    """

    name = "bench"
    first_port = 2301

    def __init__(self, work: Path, seats: int, share: float = 0) -> None:
        """Write the inventories and the configurations that the commands need.

        work: an empty directory. seats: the number of machines. share: the part of one core that
        all seats have together once limit() was called; 0 is no limit.
        """
        self.work = work
        self.share = share
        self.seats = [f"{self.name}-pc{number}" for number in range(1, seats + 1)]
        self.project = work / "project"
        self.variables = {
            "ansible_host": "127.0.0.1",
            "ansible_user": "teacher",
            "instance_release": "trixie",
            # All ways get the same instances, on which an engine without root can run.
            "instance_without_root": True,
            # These addresses are of no network that the instances are in.
            "docker_engine_daemon_options": {
                "default-address-pools": [{"base": "198.19.0.0/16", "size": 24}]
            },
            "room_registry_address": self.seats[0],
            "course_image_project": str(self.project),
            "course_image_cache": str(work / "cache"),
            "instance_cgroup": f"/labocloud-{self.name}",
            # One way must not pull where another one could not.
            "course_image_base_source": "bootstrap",
        }
        ports = {
            name: {"ansible_port": self.first_port + index} for index, name in enumerate(self.seats)
        }
        # The inventories lie apart from the project's, whose group_vars may hold a user's settings.
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

    def inventory(self, name: str, **groups: Mapping[str, object]) -> None:
        """Write an inventory, in JSON, which is YAML too."""
        (self.work / f"{name}.yml").write_text(json.dumps(groups))

    def copy_project(self) -> None:
        """Copy what the image is built from, so that a line of it can be changed."""
        for name in ("Dockerfile", ".dockerignore"):
            shutil.copy(PROJECT / name, self.project)
        for name in ("app", "roles/course_build/files"):
            shutil.copytree(PROJECT / name, self.project / name)

    def environment(self) -> dict[str, str]:
        """Return the environment of every command, which keeps all files in the work directory."""
        ssh = (
            f"-i {self.work}/id -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
            f" -o UserKnownHostsFile={self.work}/known_hosts"
        )
        return os.environ | {
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.work / "cp"),
            "ANSIBLE_SSH_COMMON_ARGS": ssh,
            "ANSIBLE_NOCOLOR": "1",
            "LABOCLOUD_REPORTS": str(self.work / "reports"),
            "LABOCLOUD_STORE": str(self.work / "store"),
            "MOLECULE_SCENARIO_NAME": self.name,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(self.work),
        }

    def command(self, way: str) -> list[str]:
        """Return the command that makes the room ready in one of the ways."""
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
        """Run a command and return its output. Raises SystemExit with the output where it fails."""
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
        """Run a command of this machine in a seat's network, and return its output."""
        pid = self.run(["docker", "inspect", "--format={{.State.Pid}}", seat]).strip()
        return self.run(["nsenter", f"--target={pid}", "--net", *command])

    def limit(self) -> None:
        """Limit all seats together to their share of one core."""
        if not self.share:
            return
        group = CGROUPS / "cpu" / f"labocloud-{self.name}"
        period = int((group / "cpu.cfs_period_us").read_text())
        (group / "cpu.cfs_quota_us").write_text(str(int(self.share * period)))

    def remove_groups(self) -> None:
        """Remove the control groups above the seats, which Docker leaves."""
        for group in CGROUPS.glob(f"*/labocloud-{self.name}"):
            group.rmdir()

    def seat_time(self) -> float:
        """Return the seconds of CPU that all seats together have used so far."""
        client = docker.from_env()
        containers = [client.containers.get(name) for name in self.seats]
        stats = [container.stats(stream=False, one_shot=True) for container in containers]
        nanoseconds: int = sum(each["cpu_stats"]["cpu_usage"]["total_usage"] for each in stats)
        return nanoseconds / 1e9

    def start_counting(self) -> None:
        """Let each seat's kernel count the bytes from the room and those from elsewhere."""
        [network] = json.loads(self.run(["docker", "network", "inspect", f"labocloud-{self.name}"]))
        subnet = network["IPAM"]["Config"][0]["Subnet"]
        for seat in self.seats:
            for source in ([], ["!"]):
                rule = ["INPUT", "-i", "eth0", *source, "-s", subnet]
                self.in_network_of(seat, "iptables", "-w", "-A", *rule)

    def received(self) -> tuple[int, int]:
        """Return the bytes that have arrived so far, from the room and from elsewhere."""
        sums = [0, 0]
        for seat in self.seats:
            table = self.in_network_of(seat, "iptables", "-w", "-nvxL", "INPUT")
            rules = [line.split() for line in table.splitlines() if " eth0 " in line]
            for index, fields in enumerate(rules[:2]):
                sums[index] += int(fields[1])
        return sums[0], sums[1]

    def images_since(self, start: float, way: str) -> int:
        """Return the bytes of images that a seat was sent since a time of the system's clock."""
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

    def layers(self) -> set[str]:
        """Return the digests of the layers of the builder's course image, none without it."""
        layers = "--format={{json .RootFS.Layers}}"
        command = ["docker", "exec", self.seats[0], "docker", "image", "inspect", layers, COURSE]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        return set(json.loads(answer.stdout)) if answer.returncode == 0 else set()

    def packed_size(self, layers: set[str]) -> int:
        """Return the bytes of layers of the course image, each packed alone as it travels."""
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
                    content = layer.read()
                    packed = subprocess.run(packing, input=content, capture_output=True, check=True)
                    size += len(packed.stdout)
        return size

    def change_a_line(self) -> None:
        """Change one line of the app."""
        app = self.project / "app/app.py"
        app.write_text(f"{app.read_text()}# {time.time()}\n")


def adopt_orphans() -> None:
    """Become the parent of what ended children leave behind, so that SSH's masters count too."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def processor_time() -> float:
    """Return the seconds of CPU that all ended children have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def end_children() -> None:
    """End the SSH masters that a run has left behind, so that their time counts.

    The process that gives the room's lock back ends by itself. It ignores signals, and would open a
    connection of its own in place of one that was ended, so it is waited for first.
    """
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    masters = [pid for pid in children if Path(f"/proc/{pid}/comm").read_text() == "ssh\n"]
    for pid in set(children) - set(masters):
        os.waitpid(int(pid), 0)
    for pid in masters:
        os.kill(int(pid), signal.SIGTERM)
        os.waitpid(int(pid), 0)


@contextmanager
def running_room(seats: int, share: float = 0) -> Iterator[Room]:
    """Create a room of empty machines and remove it afterwards. share: as Room has it."""
    with tempfile.TemporaryDirectory(prefix="labocloud-bench-") as directory:
        room = Room(Path(directory), seats, share)
        for name in ("project", "bare", "ordinary"):
            (room.work / name).mkdir()
        room.copy_project()
        try:
            room.playbook("create.yml")
            room.start_counting()
            yield room
        finally:
            room.playbook("destroy.yml")
            room.remove_groups()


def log(text: str) -> None:
    """Print how far the measurement is, beside its results."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Return a few words on the machine that measures."""
    release = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{release}, kernel {platform.release()}, {os.cpu_count()} cores"
