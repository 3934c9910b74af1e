"""The server: it ends in good order, and the file that the image runs starts it."""

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
# The app with two pages more, which take their time: the second one as long as nobody types a line.
# It says of each request that it has come.
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
    """The app as its container runs it, with slow pages: the process and its port.

    Its parameter: the seconds for answers under way; without one, more than a slow machine takes.
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
    """Send a request, whose answer is not waited for yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    return connection


def refused(port: int) -> bool:
    """Tell whether nobody is let in any more; else let a moment pass."""
    try:
        ask(port, "/healthz").close()
    except ConnectionRefusedError:
        return True
    time.sleep(0.05)
    return False


def have_come(process: subprocess.Popen[str], count: int) -> None:
    """Wait until so many requests more have come."""
    assert process.stderr
    assert [process.stderr.readline() for _ in range(count)] == ["received\n"] * count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_asked_is_answered_whole_before_the_end(
    server: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    """More at once than there are threads: what waits in the queue is answered too."""
    process, port = server
    asked = [ask(port, "/slow") for _ in range(6)]
    have_come(process, 6)
    process.send_signal(number)
    for connection in asked:
        assert len(connection.getresponse().read()) == 5_000_000
        connection.close()
    assert process.wait(timeout=30) == 0


def test_who_comes_after_the_signal_is_refused(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    asked = ask(port, "/held")
    have_come(process, 1)
    process.terminate()
    assert any(refused(port) for _ in range(1200))
    assert process.poll() is None
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    assert asked.getresponse().status == 200
    asked.close()


@pytest.mark.parametrize("server", [GRACE], indirect=True)
def test_a_page_that_hangs_does_not_hold_the_end_up(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    hung = ask(port, "/held")
    have_come(process, 1)
    start = time.monotonic()
    process.terminate()
    assert process.wait(timeout=30) == 0
    # Docker waits for ten seconds.
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
