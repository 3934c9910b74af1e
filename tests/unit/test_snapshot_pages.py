"""Test which pages of containers a snapshot has."""

import http.server
import socket
import time
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson import pages
from sample_snapshot import SOON, container, stand, take
from stand_in import Engine, serving

pytestmark = pytest.mark.usefixtures("small_seat")


def page(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with a page that is served from a file."""
    handler.send_response(200)
    handler.send_header("Last-Modified", "Sun, 01 Mar 2026 10:42:00 GMT")
    handler.end_headers()
    handler.wfile.write(handler.path.encode() + b"x" * 10_000)


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer without an end, a byte at a time; for /head the header itself has no end."""
    if handler.path != "/head":
        handler.send_response(200)
        handler.end_headers()
    for _ in range(800):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def at(port: int, number: int = 1) -> dict[str, Any]:
    """Return a container whose port 8888 is published at a port of this machine."""
    ports = {"8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}
    return container(number, NetworkSettings={"Ports": ports})


def test_a_page_is_fetched_at_whatever_port_it_has(engine: Engine) -> None:
    with serving(page) as port:
        stand(engine, [at(port)], [])
        wanted = [["exercise-1", 8888, "/a"], ["exercise-1", 80, "/"], ["absent", 8888, "/"]]
        result = take(engine, pages=wanted)
    assert result["pages"] == {
        "exercise-1:8888/a": {
            "status": 200,
            "modified": 1772361720.0,
            "size": pages.LONGEST_PAGE,
            "body": ("/a" + "x" * 10_000)[: pages.LONGEST_PAGE],
        }
    }


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("", True),
        ("0.0.0.0", True),
        ("::", True),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("::1", False),
        ("192.0.2.1", False),
        ("localhost", False),
        (7, False),
    ],
)
def test_a_page_is_fetched_at_its_address(engine: Engine, host: object, *, answers: bool) -> None:
    with serving(page) as port:
        bindings = [{}, {"HostIp": host, "HostPort": str(port)}, {"HostIp": "", "HostPort": "1"}]
        stand(engine, [container(1, NetworkSettings={"Ports": {"8888/tcp": bindings}})], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert bool(result["pages"]) == answers


def with_length(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with a page whose length is told."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    handler.wfile.write(b"x" * 10_000)


def test_the_size_of_a_whole_page_is_told(engine: Engine) -> None:
    with serving(with_length) as port:
        stand(engine, [at(port)], [])
        [facts] = take(engine, pages=[["exercise-1", 8888, "/"]])["pages"].values()
    assert (facts["size"], len(facts["body"])) == (10_000, pages.LONGEST_PAGE)


def published(ports: dict[str, int], number: int = 1, **labels: str) -> dict[str, Any]:
    """Return a container with ports at this machine's, and with labels of Compose."""
    bindings = {port: [{"HostPort": str(host)}] for port, host in ports.items()}
    compose = {f"com.docker.compose.{key}": value for key, value in labels.items()}
    return container(number, NetworkSettings={"Ports": bindings}, Config={"Labels": compose})


def silent() -> tuple[socket.socket, int]:
    """Return a socket that accepts, and never answers, and its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, listening.getsockname()[1]


def missing(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer that there is no such page."""
    handler.send_error(404)


def test_a_page_is_fetched_at_the_first_published_port_that_has_it(engine: Engine) -> None:
    with serving(missing) as other, serving(page) as port:
        ports = {"9000/tcp": port, "53/udp": 1, "80/tcp": other, "1/sctp": port}
        stand(engine, [published(ports), published({"80/tcp": other}, 2)], [])
        wanted = [["exercise-1", 0, "/a"], ["exercise-2", 0, "/a"], ["exercise-3", 0, "/a"]]
        result = take(engine, pages=wanted)
    statuses = {name: page["status"] for name, page in result["pages"].items()}
    assert statuses == {"exercise-1:0/a": 200, "exercise-2:0/a": 404}


def test_of_many_ports_three_are_tried_and_all_in_the_time_of_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[tuple[int, float]] = []

    def fetch(port: int, _path: str, seconds: float, _host: str) -> None:
        tries.append((port, seconds))

    monkeypatch.setattr(pages, "fetch", fetch)
    stand(engine, [published({f"{n}/tcp": n for n in (10, 9, 8, 7)})], [])
    assert take(engine, pages=[["exercise-1", 0, "/"]])["pages"] == {}
    assert [port for port, _ in tries] == [7, 8, 9]
    assert sum(seconds for _, seconds in tries) <= pages.ONE_PAGE


def test_ports_that_are_silent_are_given_up_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ONE_PAGE", 0.6)
    sockets = [silent() for _ in range(2)]
    with serving(page) as port:
        ports = {f"{number}/tcp": host for number, (_, host) in enumerate(sockets, start=1)}
        stand(engine, [published({**ports, "3/tcp": port})], [])
        begun = time.monotonic()
        result = take(engine, pages=[["exercise-1", 0, "/"]])
        assert time.monotonic() - begun < SOON
    for listening, _ in sockets:
        listening.close()
    assert result["pages"]["exercise-1:0/"]["status"] == 200


def test_the_pages_of_a_service_of_compose_are_those_of_its_containers(engine: Engine) -> None:
    with serving(page) as port:
        web = {"service": "web", "oneoff": "False"}
        others = [
            published({}, 10, **web),
            published({"80/tcp": port}, 8, service="other"),
            published({"80/tcp": port}, 9, service="web", oneoff="True"),
        ]
        containers = [published({"80/tcp": port}, number, **web) for number in range(1, 8)]
        stand(engine, [*others, *containers], [])
        result = take(engine, pages=[["service:web", 0, "/look"], ["service:none", 80, "/"]])
    assert list(result["pages"]) == [f"exercise-{number}:0/look" for number in range(1, 6)]


def test_a_page_at_another_of_the_seats_addresses_is_fetched_there(engine: Engine) -> None:
    with serving(page, "127.0.0.2") as port:
        bindings = [{"HostIp": "127.0.0.2", "HostPort": str(port)}]
        stand(engine, [container(1, NetworkSettings={"Ports": {"8888/tcp": bindings}})], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert result["pages"]["exercise-1:8888/"]["status"] == 200


def with_host(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with the name by which the server was asked."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(handler.headers["Host"].encode())


def test_whoever_looks_asks_by_the_name_of_the_machine_itself() -> None:
    """Show it at an address that is another one's, so that the course's app logs no look."""
    with serving(with_host, "127.0.0.2") as port:
        page = pages.fetch(port, "/", stand_in.PLENTY, "127.0.0.2")
    assert page
    assert page["body"] == "localhost"


def test_a_page_is_asked_for_at_the_seats_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine could name any address."""
    addresses = []
    monkeypatch.setattr(
        socket.socket, "connect", lambda _socket, address: addresses.append(address)
    )
    assert pages.fetch(80, "/", 0.3, "192.0.2.1") is None
    assert addresses == []


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nless",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nxxxxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
        b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\nLast-Modified: never\r\n\r\n",
    ],
)
def test_a_page_that_is_none_is_no_fault_of_the_engines(engine: Engine, head: bytes) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)

    with serving(answer) as port:
        stand(engine, [at(port)], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert len(result["containers"]) == 1


@pytest.mark.parametrize("port", [0, 1, 2**16, 2**40, -1])
def test_a_port_that_nobody_can_have_is_not_asked(engine: Engine, port: int) -> None:
    stand(engine, [at(port)], [])
    assert take(engine, pages=[["exercise-1", 8888, "/"]])["pages"] == {}


@pytest.mark.parametrize("path", ["/", "/head"])
def test_pages_that_drip_are_given_up_one_by_one_and_all_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(pages, "ONE_PAGE", 0.3)
    monkeypatch.setattr(pages, "ALL_PAGES", 0.5)
    asked = []

    def note_and_drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        drip(handler)

    with serving(note_and_drip) as port:
        stand(engine, [at(port, number) for number in range(90)], [])
        result = take(engine, pages=[[f"exercise-{n}", 8888, path] for n in range(90)])
    assert result["pages"] == {}
    assert len(result["containers"]) == 90
    assert len(asked) < 90
