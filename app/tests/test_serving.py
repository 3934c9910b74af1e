"""Tests of the app as the image runs it, with clients that misbehave."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

# The limit counts the listening socket and the server's own trigger too: three clients are left.
FEW = "connection_limit=5, channel_timeout=1, cleanup_interval=1"
PROGRAM = f"""
from labocloud import create_app, server
server.LIMITS.update({FEW})
server.serve(create_app())
"""
CONNECTIONS = 3


@pytest.fixture
def port() -> Iterator[int]:
    """Yield the port of an app that accepts few connections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    environment = {"FLASK_RUN_HOST": "127.0.0.1", "FLASK_RUN_PORT": str(number)}
    serving = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[1],
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(1200):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", number)).close()
                break
            time.sleep(0.1)
        yield number
    finally:
        serving.kill()
        serving.wait()


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET / HTTP/1.1\r\n", b"GET /fr/cheat-sheet HTTP/1.1\r\nHost: x\r\n\r\n" * 2000],
)
def test_a_client_who_stops_in_the_middle_is_sent_away(port: int, request_bytes: bytes) -> None:
    """So is a client that sends many requests and reads no answer, which blocks writing to it."""
    with ExitStack() as clients:
        for _ in range(CONNECTIONS):
            client = clients.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.send(request_bytes)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=120) as answer:
            assert answer.status == 200
