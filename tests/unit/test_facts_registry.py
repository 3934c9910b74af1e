"""Test the facts on a registry's answer over TLS, with servers on the loopback interface."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.facts import registry as facts_registry
from certificates import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
NOW = datetime.datetime.now(datetime.UTC)


@contextmanager
def server(
    authority: Authority, directory: Path, answer: bytes = OK, name: str = "localhost"
) -> Iterator[tuple[int, list[bytes]]]:
    """Answer one request over TLS; yield the port, and the list of requests.

    answer: the bytes of it; empty, none until the end.
    """
    file = directory / "server.pem"
    file.write_text("".join(authority.issue(name, until=NOW + datetime.timedelta(days=1))))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    requests: list[bytes] = []
    end = threading.Event()

    def serve() -> None:
        with listening:
            try:
                connection, _ = listening.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    requests.append(secured.recv(10_000))
                    secured.sendall(answer)
                    if not answer:
                        end.wait(120)
            except OSError:
                pass  # the other side does not trust this one

    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(120)
    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1], requests
    end.set()
    thread.join()


def answer_of(address: str, pem: str) -> dict[str, Any]:
    answer = dict(facts_registry.LATE)
    facts_registry.ask(address, answer, pem)
    return answer


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("labocloud, registry server", until=NOW + datetime.timedelta(days=1))


def test_one_that_answers(authority: Authority, tmp_path: Path) -> None:
    with server(authority, tmp_path) as (port, requests):
        result = answer_of(f"localhost:{port}", authority.pem)
    assert result == {"answers": True, "why": ""}
    assert requests[0].startswith(b"GET /v2/ HTTP/1.1\r\n")


def test_no_proxy_is_asked(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with server(authority, tmp_path) as (port, _):
        assert answer_of(f"localhost:{port}", authority.pem)["answers"] is True


@pytest.mark.parametrize(
    ("name", "host", "words"),
    [("other.example", "localhost", "not valid for 'localhost'"), ("localhost", "127.0.0.1", "IP")],
    ids=["of another host", "by its address"],
)
def test_one_with_a_certificate_for_another_name(
    authority: Authority, tmp_path: Path, name: str, host: str, words: str
) -> None:
    with server(authority, tmp_path, name=name) as (port, _):
        result = answer_of(f"{host}:{port}", authority.pem)
    assert result["answers"] is False
    assert words in result["why"]


def test_one_of_another_authority(authority: Authority, tmp_path: Path) -> None:
    other = Authority("labocloud, registry server", until=NOW + datetime.timedelta(days=1))
    with server(other, tmp_path) as (port, _):
        result = answer_of(f"localhost:{port}", authority.pem)
    assert result["answers"] is False
    assert result["why"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "its status is 503"),
        # Nobody is followed elsewhere.
        (b"HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "its status is 302"),
        (b"hello\r\nthere\r\n", "hello"),
        (b"h" * 5000 + b"\r\n", "h" * 200),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000, "got more than 100 headers"),
    ],
    ids=["an error", "another address", "no HTTP", "no HTTP, and much of it", "no end"],
)
def test_one_that_answers_something_else(
    authority: Authority, tmp_path: Path, answer: bytes, why: str
) -> None:
    with server(authority, tmp_path, answer) as (port, _):
        result = answer_of(f"localhost:{port}", authority.pem)
    assert result == {"answers": False, "why": why}


def test_one_that_says_nothing(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_registry, "SECONDS", 0.2)
    with server(authority, tmp_path, b"") as (port, _):
        result = answer_of(f"localhost:{port}", authority.pem)
    assert result["answers"] is False
    assert "timed out" in result["why"]


def test_one_that_does_not_speak_tls(authority: Authority) -> None:
    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        result = answer_of(f"localhost:{listening.getsockname()[1]}", authority.pem)
        thread.join()
    assert result["answers"] is False
    assert result["why"]


@pytest.mark.parametrize(
    ("address", "pem", "why"),
    [
        ("127.0.0.1:9", None, "Connection refused"),
        ("[::1]:9", None, ""),
        ("server", None, ""),
        ("server:port", None, ""),
        ("127.0.0.1:99999", None, ""),
        (":", None, ""),
        (f"{'a' * 70}.example:5000", None, ""),
        ("127.0.0.1:9", "", "it has no certificate"),
        ("127.0.0.1:9", "nonsense", ""),
        ("127.0.0.1:9", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", ""),
    ],
)
def test_whatever_is_asked_is_answered(
    authority: Authority, address: str, pem: str | None, why: str
) -> None:
    result = answer_of(address, authority.pem if pem is None else pem)
    assert result["answers"] is False
    assert result["why"]
    assert why in result["why"]
