"""How long a new container is waited for, and why it is given up."""

import http.server
import json
import os
import threading
from collections.abc import Iterator

import container_switch
import pytest


class Page(http.server.BaseHTTPRequestHandler):
    """A page that is well, and a health page that tells a revision, or is not there."""

    def do_GET(self) -> None:
        """Answer."""
        health = self.server.health if self.path == "/healthz" else {}
        self.send_response(http.HTTPStatus.OK if health is not None else http.HTTPStatus.NOT_FOUND)
        self.end_headers()
        self.wfile.write(json.dumps(health).encode())

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as page:
        threading.Thread(target=page.serve_forever).start()
        page.url = f"http://127.0.0.1:{page.server_port}"
        yield page
        page.shutdown()


def test_a_page_of_the_revision(server: http.server.HTTPServer) -> None:
    server.health = {"revision": "abc"}
    container_switch.wait(
        lambda: container_switch.page_revision(server.url), "abc", 0, lambda: True
    )


@pytest.mark.parametrize(
    ("health", "why"),
    [
        (None, "after 0 s: HTTP Error 404"),
        ({"revision": "old"}, "the revision old"),
        ({"revision": ""}, "the revision .none."),
        ({}, "revision"),
    ],
)
def test_a_page_that_is_not_right(
    server: http.server.HTTPServer, health: dict | None, why: str
) -> None:
    server.health = health
    with pytest.raises(container_switch.NoAnswerError, match=why):
        container_switch.wait(
            lambda: container_switch.page_revision(server.url), "abc", 0, lambda: True
        )


def test_a_page_that_comes_late_is_waited_for() -> None:
    answers = iter(["", "old", "abc"])
    container_switch.wait(lambda: next(answers), "abc", 5, lambda: True)
    assert list(answers) == []


def test_a_program_that_ended_is_not_waited_for() -> None:
    def refused() -> str:
        raise ConnectionRefusedError("refused")

    with pytest.raises(container_switch.NoAnswerError, match="its program ended"):
        container_switch.wait(refused, "abc", 60, lambda: False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter a network namespace")
def test_there_is_no_network_of_a_process_that_is_gone() -> None:
    with pytest.raises(OSError, match="No such file"), container_switch.network_of(2**22 + 1):
        pass


@pytest.mark.parametrize(
    ("status", "networks"), [("running", ["bridge"]), ("created", ["bridge"]), ("exited", [])]
)
def test_a_stopped_container_is_on_no_network(status: str, networks: list[str]) -> None:
    told = {"State": {"Status": status}, "NetworkSettings": {"Networks": {"bridge": {}}}}
    assert container_switch.networks_of(told) == networks
    assert container_switch.networks_of(None) == []
