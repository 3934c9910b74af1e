"""The course image by itself, through the Docker SDK, run as the course and as the toolkit do."""

import socket
import threading
import time
from collections.abc import Iterator

import docker
import pytest
import requests
from course_container import HARDENED, IMAGE, PLENTY, address, engine, running
from docker.models.containers import Container
from docker.models.images import Image

# The app with a page more, which takes its time.
SLOW = """
import time
from labocloud import create_app
from labocloud.server import serve
app = create_app()
app.add_url_rule("/slow", view_func=lambda: (time.sleep(1), "whole")[1])
serve(app)
"""


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    with engine() as connected:
        yield connected


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> Image:
    """The image; it has to be there (./lab up)."""
    return client.images.get(IMAGE)


@pytest.fixture(params=[{}, HARDENED], ids=["plain", "hardened"])
def container(client: docker.DockerClient, request: pytest.FixtureRequest) -> Iterator[Container]:
    """A container of it that answers."""
    with running(client, auto_remove=True, **request.param) as started:
        yield started


def get(container: Container, path: str) -> requests.Response:
    return requests.get(address(container) + path, timeout=PLENTY)


def test_it_is_small(image: Image) -> None:
    assert image.attrs["Size"] <= 90_000_000


def test_it_runs_as_nobody_in_particular(image: Image) -> None:
    assert image.attrs["Config"]["User"] == "10001:10001"


def printed(client: docker.DockerClient, image: Image, program: str) -> str:
    """Return the output of a Python program in a container of the image."""
    container = client.containers.run(image, ["-c", program], detach=True)
    container.wait()
    output = container.logs().decode()
    container.remove()
    return output


def test_it_holds_no_tests_no_cache_and_no_bytecode_of_the_app(
    client: docker.DockerClient, image: Image
) -> None:
    program = "import os; print(*(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs))"
    listing = printed(client, image, program)
    assert "./app.py" in listing
    assert "./content/fr/cheat-sheet.md" in listing
    assert "test" not in listing
    assert ".pyc" not in listing


def test_its_python_has_its_modules_as_bytecode(client: docker.DockerClient, image: Image) -> None:
    """Otherwise each start and each health check would compile them again."""
    program = "import http.client as it, os; print(os.path.exists(it.__cached__))"
    assert printed(client, image, program) == "True\n"


def test_it_answers(container: Container) -> None:
    page = get(container, "/")
    assert page.status_code == 200
    assert container.id[:12] in page.text
    assert get(container, "/healthz").json()["container"] == container.id[:12]


def test_it_knows_what_it_is(container: Container) -> None:
    """As Docker tells it from outside: the id, the limit, and how much of it is in use."""
    limited = container.attrs["HostConfig"]["Memory"]
    facts = get(container, "/api/container").json()
    assert facts["id"] == container.id
    assert facts["hostname"] == container.id[:12]
    assert facts["user"] == "10001:10001"
    assert facts["memory_limit"] == (limited or None)
    assert 0 <= facts["uptime"] < 60
    stats = container.stats(stream=False)["memory_stats"]
    dropped = stats["stats"].get("inactive_file", stats["stats"].get("total_inactive_file"))
    assert facts["memory"] == pytest.approx(stats["usage"] - dropped, rel=0.2)


def test_its_log_tells_what_was_asked(container: Container) -> None:
    get(container, "/fr/definitions")
    # The engine takes a moment to write down what a container says.
    for _ in range(1000):
        last = container.logs().decode().splitlines()[-1]
        if last.startswith("GET /fr/definitions 200 from "):
            return
        time.sleep(0.1)
    pytest.fail(f"its last line is {last}")


def test_its_health_check_tells_good_from_bad(container: Container) -> None:
    assert container.exec_run(["python", "healthcheck.py"]).exit_code == 0
    ill = container.exec_run(["python", "healthcheck.py"], environment={"FLASK_RUN_PORT": "1"})
    assert ill.exit_code == 1
    assert b"refused" in ill.output


def test_it_stops_at_once_and_removes_itself(
    client: docker.DockerClient, container: Container
) -> None:
    """Asked, not killed: after ten seconds, one that does not listen would end with 137."""
    began = int(time.time())
    container.stop(timeout=10)
    filters = {"container": container.id, "event": "die"}
    died = client.events(since=began, until=int(time.time()) + 1, filters=filters, decode=True)
    assert [event["Actor"]["Attributes"]["exitCode"] for event in died] == ["0"]
    for _ in range(1000):
        if not client.containers.list(all=True, filters={"id": container.id}, ignore_removed=True):
            return
        time.sleep(0.1)
    pytest.fail("the container is still there")


def test_it_ends_in_good_order_although_a_client_hangs(client: docker.DockerClient) -> None:
    """With half a request on the line it stops, and says that nothing went wrong."""
    with running(client, **HARDENED) as container:
        port = int(address(container).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PLENTY) as half:
            half.sendall(b"GET / HTTP/1.1\r\n")
            container.stop(timeout=10)
        assert container.wait()["StatusCode"] == 0


def test_a_request_under_way_is_answered_before_it_stops(client: docker.DockerClient) -> None:
    with running(client, command=["-c", SLOW], **HARDENED) as container:
        answers: list[str] = []
        asking = threading.Thread(target=lambda: answers.append(get(container, "/slow").text))
        asking.start()
        time.sleep(0.3)
        container.stop(timeout=10)
        asking.join()
        assert answers == ["whole"]
        assert container.wait()["StatusCode"] == 0


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
        for _ in range(1000):
            if container.exec_run(["python", "healthcheck.py"]).exit_code == 0:
                return
            time.sleep(0.1)
        pytest.fail(container.logs().decode())
    finally:
        container.remove(force=True)
