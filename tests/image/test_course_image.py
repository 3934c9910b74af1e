"""The course image by itself, through the Docker SDK, run as the course and as the toolkit do."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import docker
import pytest
import requests
from docker.models.containers import Container
from docker.models.images import Image

TAG = "labocloud20202021:python"
# As roles/flask_container runs it.
HARDENED = {
    "read_only": True,
    "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "128m",
    "pids_limit": 64,
}


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    """Docker, as the environment names it."""
    connected = docker.from_env()
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> Image:
    """The image; it has to be there (./lab up)."""
    return client.images.get(TAG)


@pytest.fixture(params=[{}, HARDENED], ids=["plain", "hardened"])
def container(
    client: docker.DockerClient, image: Image, request: pytest.FixtureRequest
) -> Iterator[Container]:
    """A container of it that answers, on a port that the kernel chose."""
    started = client.containers.run(
        image,
        detach=True,
        auto_remove=True,
        ports={"8888/tcp": ("127.0.0.1", None)},
        **request.param,
    )
    try:
        get(started, "/healthz")
        yield started
    finally:
        with suppress(docker.errors.APIError):  # it is gone where the test stopped it
            started.remove(force=True)


def address(container: Container) -> str:
    container.reload()
    return f"http://127.0.0.1:{container.ports['8888/tcp'][0]['HostPort']}"


def get(container: Container, path: str) -> requests.Response:
    """Ask for a page, for as long as the app may take to start."""
    url = address(container) + path
    for _ in range(100):
        try:
            return requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(container.logs().decode())


def test_it_is_small(image: Image) -> None:
    assert image.attrs["Size"] <= 90_000_000


def test_it_runs_as_nobody_in_particular(image: Image) -> None:
    assert image.attrs["Config"]["User"] == "10001:10001"


def test_it_holds_no_tests_no_cache_and_no_bytecode_of_the_app(
    client: docker.DockerClient, image: Image
) -> None:
    container = client.containers.run(
        image,
        ["-c", "import os; print(*(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs))"],
        detach=True,
    )
    container.wait()
    listing = container.logs().decode()
    container.remove()
    assert "./app.py" in listing
    assert "test" not in listing
    assert ".pyc" not in listing


def test_it_answers(container: Container) -> None:
    page = get(container, "/")
    assert page.status_code == 200
    assert container.id[:12] in page.text
    assert get(container, "/healthz").json()["container"] == container.id[:12]


def test_its_health_check_tells_good_from_bad(container: Container) -> None:
    assert container.exec_run(["python", "healthcheck.py"]).exit_code == 0
    ill = container.exec_run(["python", "healthcheck.py"], environment={"FLASK_RUN_PORT": "1"})
    assert ill.exit_code == 1
    assert b"refused" in ill.output


def test_it_stops_at_once_and_removes_itself(
    client: docker.DockerClient, container: Container
) -> None:
    """Asked, not killed: Docker would wait ten seconds for a process that does not listen."""
    start = time.monotonic()
    container.stop(timeout=10)
    assert time.monotonic() - start < 2
    for _ in range(50):
        if not client.containers.list(all=True, filters={"id": container.id}):
            return
        time.sleep(0.1)
    pytest.fail("the container is still there")


def test_it_ends_in_good_order_although_a_client_hangs(
    client: docker.DockerClient, image: Image
) -> None:
    """With half a request on the line it stops, and says that nothing went wrong."""
    container = client.containers.run(
        image, detach=True, ports={"8888/tcp": ("127.0.0.1", None)}, **HARDENED
    )
    try:
        get(container, "/healthz")
        port = int(address(container).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as half:
            half.sendall(b"GET / HTTP/1.1\r\n")
            container.stop(timeout=10)
        assert container.wait()["StatusCode"] == 0
    finally:
        container.remove(force=True)


def test_its_address_and_port_come_from_the_environment(
    client: docker.DockerClient, image: Image
) -> None:
    container = client.containers.run(
        image,
        detach=True,
        auto_remove=True,
        environment={"FLASK_RUN_HOST": "127.0.0.1", "FLASK_RUN_PORT": "9999"},
    )
    try:
        for _ in range(100):
            if container.exec_run(["python", "healthcheck.py"]).exit_code == 0:
                return
            time.sleep(0.1)
        pytest.fail(container.logs().decode())
    finally:
        container.remove(force=True)
