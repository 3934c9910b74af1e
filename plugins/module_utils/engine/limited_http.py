# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""HTTP whose questions and answers are limited in time and in bytes."""

from __future__ import annotations

import http.client
import math
import socket
import time
from typing import Any


class TooMuchError(OSError):
    """The answer is longer than what may be held in memory."""


class LimitedConnection(http.client.HTTPConnection):
    """An HTTP connection that limits each question together with its answer.

    Python's own timeout is for each piece of an answer, so that one that drips never ends.
    """

    deadline = max_bytes = bytes_left = max_silence = math.inf

    def allow(self, seconds: float, max_bytes: float, max_silence: float = math.inf) -> None:
        """Limit what is sent and read from now on.

        seconds: for all of it. max_bytes: of what is read. max_silence: seconds without a byte.
        """
        self.deadline = time.monotonic() + seconds
        self.max_bytes = self.bytes_left = max_bytes
        self.max_silence = max_silence

    def connect(self) -> None:
        """Connect. Raises OSError."""
        super().connect()
        self.sock = LimitedSocket(self.sock, self)


class LimitedSocket(socket.socket):
    """A socket that takes no longer, and reads no more, than its connection allows."""

    def __init__(self, sock: socket.socket, connection: LimitedConnection) -> None:
        super().__init__(fileno=sock.detach())
        self.connection = connection

    def limit_piece(self) -> None:
        """Limit the time of one piece. Raises TimeoutError where there is none left."""
        remaining = self.connection.deadline - time.monotonic()
        seconds = min(remaining, self.connection.max_silence)
        if seconds <= 0:
            raise TimeoutError("the answer takes too long")
        self.settimeout(None if math.isinf(seconds) else seconds)

    def sendall(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as socket's own
        """Send a piece. Raises OSError."""
        self.limit_piece()
        super().sendall(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401  # as socket's own
        """Read a piece, as http.client does. Raises OSError, and TooMuchError past the limit."""
        self.limit_piece()
        count = super().recv_into(*args, **kwargs)
        self.connection.bytes_left -= count
        if self.connection.bytes_left < 0:
            max_bytes = self.connection.max_bytes
            raise TooMuchError(f"the answer is too long: it is larger than {max_bytes} bytes")
        return count
