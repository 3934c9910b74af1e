"""Ask the instances of a scenario, and do to them what befalls machines of a room."""

import difflib
import json
import re
import shlex
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import docker
import pytest
import testinfra
from testinfra.backend.base import CommandResult
from testinfra.backend.docker import DockerBackend
from testinfra.host import Host

# The agent on an instance runs a command for each line of JSON, until there are no more. It
# acknowledges a line before it begins. It keeps the output in no file of the seat.
AGENT = """
import json, os, subprocess, sys
# Python's own, which no command is to have.
os.environ.pop("LC_CTYPE", None)
for line in sys.stdin:
    print(flush=True)
    with open(os.memfd_create("out"), "w+b") as out, open(os.memfd_create("err"), "w+b") as err:
        shell = ["/bin/sh", "-c", json.loads(line)]
        code = subprocess.run(
            shell, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        ).returncode
        out.seek(0), err.seek(0)
        output = [text.decode("latin-1") for text in (out.read(), err.read())]
    print(json.dumps([code if code >= 0 else 128 - code, *output]), flush=True)
"""
# The agent uses Python's full name: /usr/bin/python3 may be a stand-in of a test.
START = f"exec /usr/bin/python3.[1-9][0-9] -ISu -c {shlex.quote(AGENT)}"

# Succeeds where the course's container answers.
ANSWERS = "docker exec flask python healthcheck.py"

# That of an instance, on a busy machine.
SLOW_ENGINE_SECONDS = 600


class InstanceBackend(DockerBackend):
    """Commands of a shell, as `docker exec` runs them, and without one for each.

    To start a process, runc takes some hundred times what a shell takes, and on a busy machine
    loses it now and then. So one `docker exec` is kept for each instance, and starts the others.
    """

    # Those that wait for a command, of each instance: as many as there are threads that ask.
    _waiting: ClassVar[dict[str, list[subprocess.Popen[bytes]]]] = defaultdict(list)

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:  # noqa: ANN401  # testinfra's
        """Return the command's output and its exit code; 137 where its instance went off."""
        text = self.get_command(command, *args)
        answer = self._answer(json.dumps(text).encode() + b"\n") or b'[137, "", ""]'
        code, *output = json.loads(answer)
        return self.result(code, self.encode(text), *(part.encode("latin-1") for part in output))

    def _answer(self, line: bytes) -> bytes:
        """Return the answer to a line, from a new agent where a waiting one does not hear it.

        A waiting agent does not hear a line if its instance was off in the meantime.
        """
        waiting = self._waiting[self.name]
        while True:
            agent, fresh = (waiting.pop(), False) if waiting else (self._started(), True)
            with suppress(BrokenPipeError):
                agent.stdin.write(line)
                agent.stdin.flush()
                if agent.stdout.readline():
                    if answer := agent.stdout.readline():
                        waiting.append(agent)
                    return answer
            errors = agent.communicate()[1].decode("latin-1")
            if fresh:
                return json.dumps([agent.returncode, "", errors]).encode()

    def _started(self) -> subprocess.Popen[bytes]:
        command = ["docker", "exec", "--interactive", self.name, "sh", "-c", START]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def machine(name: str) -> Host:
    """Return an instance by its name."""
    return Host(InstanceBackend(name))


def on_each(seats: list[Host], do: Callable[[Host], None]) -> None:
    """Do something on all seats at once, which for the most part is to wait there.

    Raises what is raised on one of them, which is named.
    """

    def on_one(seat: Host) -> None:
        try:
            do(seat)
        except BaseException as error:
            error.add_note(f"on {seat.backend.hostname}")
            raise

    with ThreadPoolExecutor() as workers:
        list(workers.map(on_one, seats))


@contextmanager
def offline(config: pytest.Config) -> Iterator[list[Host]]:
    """Yield the tested seats, which have no network meanwhile: their one interface is down."""
    option = config.option
    seats = testinfra.get_hosts([option.hosts], ansible_inventory=option.ansible_inventory)
    routes = [seat.check_output("ip route show default") for seat in seats]
    for seat in seats:
        seat.check_output("ip link set eth0 down")
    try:
        yield seats
    finally:
        for seat, route in zip(seats, routes, strict=True):
            seat.check_output("ip link set eth0 up")
            seat.check_output(f"ip route replace {route}")


def engine(seat: Host) -> docker.APIClient:
    """Return a client of a seat's own engine, which works from here and starts no program there."""
    process = docker.from_env().containers.get(seat.backend.hostname).attrs["State"]["Pid"]
    socket = f"unix:///proc/{process}/root/run/docker.sock"
    return docker.APIClient(socket, timeout=SLOW_ENGINE_SECONDS)


def as_student(seat: Host, command: str) -> CommandResult:
    """Type a command as the student."""
    return seat.run("su - student -c %s", command)


def wait(seat: Host, sign: str) -> None:
    """Wait on a machine until a command succeeds there, which is asked again and again."""
    seat.check_output("timeout 300 sh -c %s", f"until {sign}; do sleep 0.2; done")


@contextmanager
def off(*names: str) -> Iterator[None]:
    """Switch machines off for a while, without a warning; afterwards wait until they are up."""
    client = docker.from_env()
    instances = [client.containers.get(name) for name in names]
    for instance in instances:
        instance.kill()
    try:
        yield
    finally:
        for instance in instances:
            instance.start()
            for _ in range(1500):
                if instance.exec_run(["systemctl", "is-active", "ssh", "docker"]).exit_code == 0:
                    break
                time.sleep(0.2)
            else:
                raise TimeoutError(f"{instance.name} does not come up")


@contextmanager
def meanwhile(name: str, script: str) -> Iterator[None]:
    """Run a shell script on a machine for as long as the context lasts."""
    instance = docker.from_env().containers.get(name)
    instance.exec_run(["sh", "-c", f"echo $$ > /run/meanwhile.pid; {script}"], detach=True)
    try:
        yield
    finally:
        instance.exec_run(["sh", "-c", "kill $(cat /run/meanwhile.pid)"])


def left_behind(seat: Host) -> list[str]:
    """Return the diff between a seat and its state when /root/before was written.

    A package that was there and that an installation took along in a newer version, since what it
    installed needs that one, stays newer: nobody goes back behind an update of the release.
    """
    before = seat.file("/root/before").content_string
    # A paragraph for each run of apt; "Upgrade: libc6:amd64 (2.41-12, 2.41-12+deb13u1), …".
    for run in seat.file("/var/log/apt/history.log").content_string.split("\n\n"):
        if re.search(r"^Commandline: .* install ", run, re.MULTILINE):
            upgrades = "".join(re.findall(r"^Upgrade: .*", run, re.MULTILINE))
            for name, old, new in re.findall(r"(\S+):\w+ \((\S+), (\S+)\)", upgrades):
                before = before.replace(f" {name} {old}\n", f" {name} {new}\n")
    after = seat.check_output("/root/seat_state.sh")
    states = (text.splitlines() for text in (before, after))
    assert len(before.splitlines()) > 100
    return list(difflib.unified_diff(*states, "before", "after", lineterm="", n=0))
