"""Tests of the server: it ends in good order, and the file that the image runs starts it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from labocloud.server import GRACE

APP = Path(__file__).parents[1]
# The app with two more pages: /slow takes 0.4 seconds, /held waits until a line is typed. It prints
# a line for each request that it receives.
SLOW = """
import sys
import time
from waitress.channel import HTTPChannel
from labocloud import create_app, server
class Channel(HTTPChannel):
    def received(self, data):
        super().received(data)
        print("received", file=sys.stderr, flush=True)
server.TcpWSGIServer.channel_class = Channel
server.GRACE = float(sys.argv[1])
app = create_app()
app.add_url_rule("/slow", "slow", lambda: (time.sleep(0.4), "x" * 5_000_000)[1])
app.add_url_rule("/held", "held", lambda: sys.stdin.readline())
server.serve(app)
"""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield the process and the port of the app, run as in its container but with slow pages.

    The parameter is the seconds for answers under way, by default more than a slow machine takes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(getattr(request, "param", 60))],
        cwd=APP,
        env={"FLASK_RUN_HOST": "127.0.0.1", "FLASK_RUN_PORT": str(port)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline() == f"Listening on 127.0.0.1:{port}\n"
    yield process, port
    process.kill()
    process.communicate()


def ask(port: int, path: str) -> HTTPConnection:
    """Send a request without waiting for its answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    return connection


def is_refused(port: int) -> bool:
    """Return whether new connections are refused; if not, first wait 50 ms."""
    try:
        ask(port, "/healthz").close()
    except ConnectionRefusedError:
        return True
    time.sleep(0.05)
    return False


def wait_for_requests(process: subprocess.Popen[str], count: int) -> None:
    """Wait until the app has received so many more requests."""
    assert process.stderr
    assert [process.stderr.readline() for _ in range(count)] == ["received\n"] * count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_asked_is_answered_whole_before_the_end(
    server: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    """There are more requests than threads: those that wait in the queue are answered too."""
    process, port = server
    connections = [ask(port, "/slow") for _ in range(6)]
    wait_for_requests(process, 6)
    process.send_signal(number)
    for connection in connections:
        assert len(connection.getresponse().read()) == 5_000_000
        connection.close()
    assert process.wait(timeout=30) == 0


def test_who_comes_after_the_signal_is_refused(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    connection = ask(port, "/held")
    wait_for_requests(process, 1)
    process.terminate()
    assert any(is_refused(port) for _ in range(1200))
    assert process.poll() is None
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("server", [GRACE], indirect=True)
def test_a_page_that_hangs_does_not_hold_the_end_up(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    hung = ask(port, "/held")
    wait_for_requests(process, 1)
    start = time.monotonic()
    process.terminate()
    assert process.wait(timeout=30) == 0
    # Docker waits ten seconds before it kills a container.
    assert time.monotonic() - start < 8
    hung.close()


def test_what_the_image_runs_is_five_lines_that_a_student_can_read() -> None:
    lines = (APP / "app.py").read_text().splitlines()
    assert len([line for line in lines if line]) == 5
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=APP,
        env={"FLASK_RUN_HOST": "127.0.0.1", "FLASK_RUN_PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline() == f"Listening on 127.0.0.1:{port}\n"
    connection = ask(port, "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    process.terminate()
    process.communicate(timeout=120)
    assert process.returncode == 0
