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

APP = Path(__file__).parents[1]
# The app with two pages more, which take their time.
SLOW = """
import time
from labocloud import create_app
from labocloud.server import serve
app = create_app()
app.add_url_rule("/slow", "slow", lambda: (time.sleep(0.4), "x" * 5_000_000)[1])
app.add_url_rule("/hangs", "hangs", lambda: time.sleep(60))
serve(app)
"""


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The app as its container runs it, with slow pages: the process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        cwd=APP,
        env={"FLASK_RUN_HOST": "127.0.0.1", "FLASK_RUN_PORT": str(port)},
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
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_asked_is_answered_whole_before_the_end(
    server: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    """More at once than there are threads: what waits in the queue is answered too."""
    process, port = server
    asked = [ask(port, "/slow") for _ in range(6)]
    time.sleep(0.2)
    process.send_signal(number)
    start = time.monotonic()
    for connection in asked:
        assert len(connection.getresponse().read()) == 5_000_000
        connection.close()
    # `docker stop` waits for ten seconds.
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - start < 10


def test_who_comes_after_the_signal_is_refused(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    asked = ask(port, "/slow")
    time.sleep(0.2)
    process.terminate()
    time.sleep(0.2)
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")
    assert asked.getresponse().status == 200
    asked.close()


def test_a_page_that_hangs_does_not_hold_the_end_up(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    hung = ask(port, "/hangs")
    time.sleep(0.2)
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
    process.communicate(timeout=5)
    assert process.returncode == 0
