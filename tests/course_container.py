"""The course's container on this machine, for its tests and for bench/web.py."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker
import requests
from docker.models.containers import Container

IMAGE = "labocloud20202021:python"
PORT = "8888/tcp"
# Seconds for what comes at once, on a slow machine too.
PLENTY = 120
# The flags with which roles/flask_container runs it.
HARDENED: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "128m",
    "memswap_limit": "128m",
    "pids_limit": 64,
}


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """Connect to the Docker that the environment names, and close the client afterwards."""
    client = docker.from_env()
    try:
        yield client
    finally:
        client.close()


@contextmanager
def running(
    client: docker.DockerClient,
    image: str = IMAGE,
    command: list[str] | None = None,
    **flags: object,
) -> Iterator[Container]:
    """Run a container whose page answers on a port of 127.0.0.1 that the kernel chooses.

    command: arguments of the image's program, in place of its own. flags: those of
    containers.run(). The container is removed afterwards. Raises AssertionError, with its log,
    where it does not answer.
    """
    flags = {"ports": {PORT: ("127.0.0.1", None)}} | flags
    started = client.containers.run(image, command, detach=True, **flags)
    try:
        wait_for_answer(started)
        yield started
    finally:
        with suppress(docker.errors.APIError):  # with --rm it may be gone already
            started.remove(force=True)


def address(container: Container) -> str:
    """Return the address of a container's page."""
    container.reload()
    return f"http://127.0.0.1:{container.ports[PORT][0]['HostPort']}"


def wait_for_answer(container: Container) -> None:
    """Wait until a container answers. Raises AssertionError, with its log, where it does not."""
    for _ in range(1200):
        with suppress(requests.RequestException, KeyError):
            requests.get(f"{address(container)}/", timeout=60)
            return
        time.sleep(0.1)
    raise AssertionError(container.logs().decode())


@dataclass(frozen=True)
class Load:
    """What wrk measured.

    rate: requests a second. half, most: milliseconds that half and 99 % of them took at most.
    errors: requests that were not answered, or not with a page.
    """

    rate: float
    half: float
    most: float
    errors: int


def load(url: str, seconds: int, connections: int) -> Load:
    """Request a page as fast as it is answered, on connections that stay open."""
    options = [f"--duration={seconds}s", f"--connections={connections}", "--threads=1"]
    output = subprocess.run(
        ["wrk", "--latency", *options, url], capture_output=True, text=True, check=True
    ).stdout
    socket_errors = re.search(r"Socket errors: \D+(\d+)\D+(\d+)\D+(\d+)\D+(\d+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Load(
        rate=float(re.search(r"Requests/sec: +([\d.]+)", output)[1]),
        half=milliseconds(re.search(r"50% +(\S+)", output)[1]),
        most=milliseconds(re.search(r"99% +(\S+)", output)[1]),
        errors=sum(
            int(count) for match in (socket_errors, refused) if match for count in match.groups()
        ),
    )


def milliseconds(text: str) -> float:
    """Return a time as wrk writes it, such as 1.50ms, as a number of milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def memory(container: Container) -> int:
    """Return the bytes of memory that a container's page shows, as `docker stats` counts them."""
    return requests.get(f"{address(container)}/api/container", timeout=5).json()["memory"]
