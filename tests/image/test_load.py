"""The container under more load than a room makes, within the limits that it is deployed with."""

import socket
from contextlib import ExitStack

import pytest
import requests
from course_container import HARDENED, PLENTY, address, engine, load, memory, running

HALF_ITS_LIMIT = 64 * 2**20
# The health check is a process of some 11 MiB, which would be counted whenever it happens to run.
FLAGS = HARDENED | {"healthcheck": {"test": ["NONE"]}}


@pytest.mark.parametrize("path", ["/fr/cheat-sheet", "/fr/container", "/healthz"])
def test_it_answers_every_request_and_its_memory_stays_bounded(path: str) -> None:
    """After a first load it has taken what it needs: a second one, as long, takes no more."""
    with engine() as client, running(client, **FLAGS) as container:
        loads, used = [], []
        for _ in range(2):
            loads.append(load(address(container) + path, seconds=3, connections=64))
            used.append(memory(container))
        assert [measured.errors for measured in loads] == [0, 0]
        assert min(measured.rate for measured in loads) > 100
        assert max(used) < HALF_ITS_LIMIT
        assert used[1] < 1.1 * used[0]
        container.reload()
        assert container.status == "running"
        assert not container.attrs["State"]["OOMKilled"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 15_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n" + b"x" * 15_900,
        b"GET /fr/cheat-sheet HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
    ],
    ids=["nothing", "half a header", "half a body", "and reads nothing"],
)
def test_clients_who_stop_in_the_middle_leave_room_for_the_others(payload: bytes) -> None:
    with engine() as client, running(client, **FLAGS) as container, ExitStack() as connections:
        url = address(container)
        for _ in range(150):
            server = ("127.0.0.1", int(url.rpartition(":")[2]))
            connection = socket.create_connection(server, timeout=PLENTY)
            connections.enter_context(connection).sendall(payload)
        for _ in range(3):
            assert requests.get(f"{url}/healthz", timeout=PLENTY).ok
        assert memory(container) < HALF_ITS_LIMIT


def test_a_request_that_is_larger_than_any_of_the_page_is_refused() -> None:
    with engine() as client, running(client, **FLAGS) as container:
        url = f"{address(container)}/healthz"
        assert requests.post(url, data=b"x" * 20_000, timeout=PLENTY).status_code == 413
        assert requests.get(url, headers={"X": "x" * 20_000}, timeout=PLENTY).status_code == 431
