"""The course's container on this machine, through the Docker SDK: what its tests and bench share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import docker
import requests
from docker.models.containers import Container

IMAGE = "labocloud20202021:python"
PORT = "8888/tcp"
# As roles/flask_container runs it.
HARDENED = {
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
    """Have Docker, as the environment names it."""
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
    """Have a container whose page answers, on a port of 127.0.0.1 that the kernel chose.

    command: arguments of the image's program, in place of its own. flags: those of
    containers.run(). The container is removed afterwards. Raises AssertionError, with its log,
    where it does not answer in ten seconds.
    """
    flags = {"ports": {PORT: ("127.0.0.1", None)}} | flags
    started = client.containers.run(image, command, detach=True, **flags)
    try:
        answer(started)
        yield started
    finally:
        with suppress(docker.errors.APIError):  # it may be gone, by itself
            started.remove(force=True)


def address(container: Container) -> str:
    """Give the address of a container's page."""
    container.reload()
    return f"http://127.0.0.1:{container.ports[PORT][0]['HostPort']}"


def answer(container: Container) -> None:
    """Wait until a container answers."""
    for _ in range(100):
        with suppress(requests.ConnectionError, KeyError):
            requests.get(f"{address(container)}/", timeout=5)
            return
        time.sleep(0.1)
    raise AssertionError(container.logs().decode())
