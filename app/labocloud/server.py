"""The HTTP server: it answers many clients at once, and finishes its answers before it stops.

The address and the port come from Flask's own variables, FLASK_RUN_HOST and FLASK_RUN_PORT.
"""

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType

from flask import Flask
from waitress import create_server, wasyncore
from waitress.server import TcpWSGIServer

# Limits on clients. All of them together fit the container's 128 MiB of memory and need nothing of
# its 16 MiB of /tmp, and clients that send nothing do not keep the others out for long.
LIMITS = {
    "connection_limit": 250,
    # The server answers all requests in the bytes of one read before it reads again. A client that
    # asks for the longest page again and again, and does not read, then holds some 200 kB.
    "recv_bytes": 512,
    # No request has a body; one of up to this size would be held in memory.
    "max_request_header_size": 16_384,
    "max_request_body_size": 16_384,
    # Seconds without a byte in either direction, and seconds between two checks for that.
    "channel_timeout": 10,
    "cleanup_interval": 2,
}
# Seconds after which a thread that waits for Python's global lock asks its holder to release it.
# With Python's own 5 ms the thread that reads takes the lock back again and again before those that
# answer have woken up on the other core: many clients at once then get a quarter of the answers.
SWITCH_INTERVAL = 0.00001
# Seconds that answers under way may still take after the signal to stop.
GRACE = 1.5


def busy(server: TcpWSGIServer) -> bool:
    """Return whether a request is being answered, or an answer sent."""
    return any(
        channel.requests or channel.total_outbufs_len
        for channel in list(server.active_channels.values())
    )


def close_silent(server: TcpWSGIServer) -> None:
    """Close the connections that have timed out.

    waitress closes a connection only when it can be written to, which never happens where the
    client does not read.
    """
    for channel in list(server.active_channels.values()):
        if channel.will_close:
            channel.handle_close()


def serve(app: Flask) -> None:
    """Serve the app until SIGTERM or SIGINT; then finish the answers under way, and return."""
    # `docker logs` shows these messages. waitress's warnings of a short queue help nobody there.
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sys.setswitchinterval(SWITCH_INTERVAL)
    sockets: dict[int, wasyncore.dispatcher] = {}
    server = create_server(
        app,
        map=sockets,
        host=os.environ.get("FLASK_RUN_HOST", "0.0.0.0"),
        port=int(os.environ.get("FLASK_RUN_PORT", "8888")),
        ident=None,
        **LIMITS,
    )
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()
        server.pull_trigger()

    # The first process of a container gets no default signal handlers: without this one,
    # `docker stop` would wait ten seconds and then kill the app.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.print_listen("Listening on {}:{}")
    while not stopping.is_set():
        wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)
        close_silent(server)

    # New clients are refused from here on, rather than accepted and dropped.
    wasyncore.dispatcher.close(server)
    end = time.monotonic() + GRACE
    while busy(server) and time.monotonic() < end:
        wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)
