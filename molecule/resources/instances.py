"""Ask the instances of a scenario, and do to them what befalls machines of a room."""

import difflib
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import docker
import pytest
import testinfra
from testinfra.backend.base import CommandResult
from testinfra.backend.docker import DockerBackend
from testinfra.host import Host


class InstanceBackend(DockerBackend):
    """Commands by docker exec. Where runc could not start one, it is given again.

    On a busy machine runc 1.1 loses its own child once in some thousand times ("waiting for init
    preliminary setup"): nothing of the command has run then.
    """

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:  # noqa: ANN401
        """Give what the command said, and its exit code."""
        for _ in range(3):
            result = super().run(command, *args, **kwargs)
            if "waiting for init preliminary setup" not in result.stdout + result.stderr:
                break
        return result


def machine(name: str) -> Host:
    """Give an instance by its name."""
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
    """Give the seats that are tested, and for a while no network: their one interface is down."""
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


def as_student(seat: Host, command: str) -> CommandResult:
    """Type a command as the student."""
    return seat.run("su - student -c %s", command)


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
            for _ in range(100):
                if instance.exec_run(["systemctl", "is-active", "ssh", "docker"]).exit_code == 0:
                    break
                time.sleep(0.2)


@contextmanager
def meanwhile(name: str, script: str) -> Iterator[None]:
    """Have a shell script run on a machine for a while."""
    instance = docker.from_env().containers.get(name)
    instance.exec_run(["sh", "-c", f"echo $$ > /run/meanwhile.pid; {script}"], detach=True)
    try:
        yield
    finally:
        instance.exec_run(["sh", "-c", "kill $(cat /run/meanwhile.pid)"])


def left_behind(seat: Host) -> list[str]:
    """Give how a seat differs from what it was like when /root/before was taken down: a diff.

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
    told = (text.splitlines() for text in (before, after))
    assert len(before.splitlines()) > 100
    return list(difflib.unified_diff(*told, "before", "after", lineterm="", n=0))
