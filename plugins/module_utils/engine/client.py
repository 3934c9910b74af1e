# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Talk to a Docker Engine with nothing but Python's own library."""

from __future__ import annotations

import fcntl
import http.client
import json
import math
import os
import pwd
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import IO, Any, NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.engine.limited_http import (
    LimitedConnection,
    LimitedSocket,
    TooMuchError,
)

SOCKET = "/var/run/docker.sock"
# As whom an engine without root runs, and what the socket's path is a link to then; and what the
# kernel tells of who answers, see unix(7): process, account and group.
ACCOUNT = "labocloud-engine"
LINK = f"{ACCOUNT}/docker.sock"
PEER = struct.Struct("3i")
# ioctl_ns(2) tells by this request which account owns a namespace of accounts.
_NS_GET_OWNER_UID, _UID = 0xB704, struct.Struct("I")
# One answer has so many seconds until the whole of it is there, and so many bytes, which are in
# memory. Where there are a hundred thousand volumes, it has 30 MB.
ANSWER_SECONDS, ANSWER_BYTES = 20.0, 64 * 2**20
# What streams, such as an archive of images, may be silent for so many seconds, and take so many in
# all; a line that reports progress has so many bytes.
SILENCE_SECONDS, STREAM_SECONDS = 300.0, 4 * 3600.0
_LONGEST_LINE = 2**16
# The newest version of the engine's interface that the toolkit was tried with (Docker 28).
NEWEST_API = (1, 51)


class EngineError(OSError):
    """An error of the engine's own: its status, as http.HTTPStatus counts, and its message."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class BadAnswerError(OSError):
    """What answers does not speak as an engine does: it is no HTTP, no JSON, or nested too deep.

    reason: what is wrong, without the question, where that is another error's text.
    """

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason or text


class Patience(NamedTuple):
    """How to wait for an answer while the engine answers others: a commit waits for a disk.

    seconds: for an answer that has begun, and for the engine's sign that it answers others.
    pause: seconds between two such signs. longest: seconds after which waiting ends, since whoever
    waits for ever keeps all others waiting.
    """

    seconds: float = SILENCE_SECONDS
    pause: float = SILENCE_SECONDS
    longest: float = STREAM_SECONDS


PATIENT = Patience()


def uid_of(account: str) -> int | None:
    """Return an account's number, None where there is no such account."""
    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        return None


def reason(error: Exception) -> str:
    """Return the text of an error, without the question that it is about, if any.

    Of an error of the engine's own it is the engine's message.
    """
    if isinstance(error, BadAnswerError):
        return error.reason
    if isinstance(error, EngineError):
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(str(error).partition(f": {error.status} ")[2])["message"])
    return str(error)


class DockerConnection(LimitedConnection):
    """HTTP over the engine's socket, each answer limited as a whole.

    It asks in the lower of NEWEST_API and what the engine speaks: an older engine refuses a newer
    version, and a newer one answers an unversioned question with fields that are not known here.

    Whatever goes wrong is an OSError: EngineError where the engine refuses, BadAnswerError where
    what answers is no engine, TooMuchError where it does not end, TimeoutError where it is late.
    """

    def __init__(
        self,
        path: str,
        seconds: float = ANSWER_SECONDS,
        *,
        total_seconds: float = math.inf,
        answer_bytes: int = ANSWER_BYTES,
        patience: Patience | None = None,
    ) -> None:
        """Prepare a connection to the socket at a path.

        seconds: for one answer. total_seconds: for all answers, from now on. answer_bytes: of one.
        patience: how to wait for answers that take long; its seconds replace the others.
        """
        self.seconds = patience.seconds if patience else seconds
        # The block size is that of a body that is a file.
        super().__init__("localhost", timeout=self.seconds, blocksize=2**20)
        self.path = path
        self.answer_bytes = answer_bytes
        self.last_moment = time.monotonic() + total_seconds
        self.patience = patience
        self.api = ""
        # The account and the process of the engine that answers, as the kernel tells.
        self.uid: int | None = None
        self.pid = 0
        self._namespace: IO[bytes] | None = None

    def connect(self) -> None:
        """Connect to the socket instead of a port. Raises OSError.

        Who may use an engine without root can put another socket in the place of its own, so that
        root asks a service of root's own for what the toolkit wants of Docker.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock = connection
        # Where others keep the engine busy, it accepts nobody.
        connection.settimeout(min(self.seconds, max(self.deadline - time.monotonic(), 0.001)))
        connection.connect(self.path)
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
        self.pid, self.uid, _ = PEER.unpack(peer)
        link = os.readlink(self.path) if os.path.islink(self.path) else ""
        if link == LINK and self.uid != uid_of(ACCOUNT):
            connection.close()
            raise OSError(f"account {self.uid} answers at {self.path}, where {ACCOUNT} has to")
        self.sock = LimitedSocket(connection, self)

    def close(self) -> None:
        """Close the connection, and forget who had answered."""
        super().close()
        if self._namespace:
            self._namespace.close()
            self._namespace = None

    def with_its_rights(self, command: list[str]) -> list[str]:
        """Return a command changed so that it reaches only files that the engine reaches.

        A path that an engine without root tells is its users' word, and so is what lies there, and
        root would follow it anywhere. In the namespace of that process, IDs are a container's. The
        command can be run until the next question. Raises OSError.
        """
        if self.uid in (0, os.geteuid()):
            return command
        # The process may have ended, and its number be another's: the file that was checked is the
        # one that is entered.
        path = f"/proc/{self.pid}/ns/user"
        self._namespace = self._namespace or open(path, "rb")  # noqa: SIM115
        number = self._namespace.fileno()
        [owner] = _UID.unpack(fcntl.ioctl(number, _NS_GET_OWNER_UID, _UID.pack(0)))
        if owner != self.uid:
            raise OSError(f"who answers at {self.path} is in a namespace of account {owner}")
        return ["nsenter", f"--user=/proc/{os.getpid()}/fd/{number}", "--", *command]

    def negotiate(self) -> str:
        """Return the version to ask in, from the newest that the engine's ping reports.

        Raises OSError where no engine answers.
        """
        with self._answer_to("/_ping"):
            return self._version()

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401  # JSON
        """Return the engine's answer, None where what is to be described or removed is not there.

        body: what to send, as JSON. Where a POST meets nothing, nothing has been done: that is an
        error. Raises EngineError where the engine refuses, and OSError where no engine answers.
        """
        sent = None if body is None else json.dumps(body).encode()
        with self._answer_to(path):
            answer = self._send(path, method, sent, "application/json")
            text = answer.read()
            if answer.status == http.client.NOT_FOUND and method in ("GET", "DELETE"):
                return None
            if answer.status >= http.client.MULTIPLE_CHOICES:
                raise _refusal(answer.status, method, path, text)
            return json.loads(text) if text or method == "GET" else {}

    def stream(
        self, path: str, method: str = "GET", body: IO[bytes] | None = None, *, large: bool = True
    ) -> http.client.HTTPResponse:
        """Return the engine's answer unread. body: a tar.

        large: whether the answer, or body, may be larger than memory.

        Raises as ask does, and EngineError where there is no such thing. To read the answer may
        raise http.client.HTTPException too; whoever stops reading it closes the connection.
        """
        with self._answer_to(path):
            answer = self._send(path, method, body, "application/x-tar", large=large)
            if answer.status >= http.client.MULTIPLE_CHOICES:
                self._limit(large=False)
                raise _refusal(answer.status, method, path, answer.read())
            return answer

    def read_beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes, at most size, of an answer that is no JSON. Raises as stream."""
        answer = self.stream(path, large=False)
        with self._answer_to(path):
            text = answer.read(size)
        if not answer.isclosed():
            self.close()
        return text

    def head(self, path: str) -> http.client.HTTPMessage:
        """Return the headers of the engine's answer to a HEAD. Raises as stream does."""
        answer = self.stream(path, "HEAD", large=False)
        with self._answer_to(path):
            answer.read()
        return answer.headers

    def work(self, path: str, body: IO[bytes] | None = None) -> None:
        """Have the engine do what it reports line by line, such as a pull. Raises as stream does.

        What fails once the answer has begun is reported in it, and raised as an OSError too.
        """
        answer = self.stream(path, "POST", body)
        try:
            while line := answer.readline(_LONGEST_LINE + 1):
                if len(line) > _LONGEST_LINE:
                    raise TooMuchError("a line of the answer is too long")
                if line.strip() and (failure := json.loads(line).get("error")):
                    raise OSError(failure)
        except (AttributeError, ValueError, RecursionError, http.client.HTTPException) as error:
            text = f"what the engine says of {path} is not understood: {error}"
            raise BadAnswerError(text) from error
        finally:
            if not answer.isclosed():
                self.close()

    def getresponse(self) -> http.client.HTTPResponse:
        """Return an answer that has begun, waiting for it with the patience that there is.

        Raises OSError where the engine answers nobody, and http.client.HTTPException.
        """
        if self.patience:
            self._wait(self.patience)
        return super().getresponse()

    def _wait(self, patience: Patience) -> None:
        """Wait until an answer begins. Raises OSError where the engine answers nobody."""
        begun = time.monotonic()
        while not select.select([self.sock], [], [], patience.pause)[0]:
            if time.monotonic() - begun > patience.longest:
                raise TimeoutError(f"the engine has not answered for {patience.longest:.0f} s")
            with closing(DockerConnection(self.path, self.seconds)) as other:
                other.negotiate()
        # The time limit is that of an answer that has begun.
        self.deadline += time.monotonic() - begun

    @contextmanager
    def _answer_to(self, path: str) -> Iterator[None]:
        """Raise whatever goes wrong with an answer to a question as an OSError.

        The connection is closed where no engine answers: an answer that comes too late is nobody's,
        and the next question has a new one.
        """
        try:
            yield
        except EngineError:
            raise
        except json.JSONDecodeError as error:
            raise BadAnswerError(f"the engine's answer to {path} is no JSON") from error
        except (http.client.HTTPException, ValueError, RecursionError) as error:
            self.close()
            text = str(error) or type(error).__name__
            whole = f"the engine's answer to {path} is none ({text})"
            raise BadAnswerError(whole, text) from error
        except OSError:
            self.close()
            raise

    def _version(self) -> str:
        """Return the version to ask in. Raises OSError or http.client.HTTPException."""
        answer = self._request("/_ping", "GET", None, {})
        answer.read()
        newest = re.fullmatch(r"(\d+)\.(\d+)", answer.headers.get("Api-Version", ""))
        if newest is None:
            raise OSError("what answers at the socket is no Docker Engine")
        major, minor = min((int(newest[1]), int(newest[2])), NEWEST_API)
        return f"{major}.{minor}"

    def _send(
        self,
        path: str,
        method: str,
        body: bytes | IO[bytes] | None,
        content_type: str,
        *,
        large: bool = False,
    ) -> http.client.HTTPResponse:
        """Ask in the version that both sides know, and return the answer, unread.

        Raises OSError or http.client.HTTPException where no engine answers.
        """
        self.api = self.api or self._version()
        headers = {} if body is None else {"Content-Type": content_type}
        return self._request(f"/v{self.api}{path}", method, body, headers, large=large)

    def _request(
        self,
        path: str,
        method: str,
        body: bytes | IO[bytes] | None,
        headers: dict[str, str],
        *,
        large: bool = False,
    ) -> http.client.HTTPResponse:
        """Send a request within its limits, and return the answer, unread. Raises as _send does."""
        self._limit(large=large)
        # The engine may have said why, and gone, before it had read all.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.request(method, path, body, headers)
        return self.getresponse()

    def _limit(self, *, large: bool) -> None:
        """Limit the next question and its answer. Raises TimeoutError.

        large: whether one of them may be larger than memory.
        """
        remaining = self.last_moment - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the engine has taken all the time that there was for its answers")
        if large:
            max_silence = max(SILENCE_SECONDS, self.seconds)
            self.allow(min(STREAM_SECONDS, remaining), math.inf, max_silence)
        else:
            self.allow(min(self.seconds, remaining), self.answer_bytes)


def _refusal(status: int, method: str, path: str, text: bytes) -> EngineError:
    """Return the error that the engine has answered with."""
    message = text.decode(errors="replace").strip()
    return EngineError(status, f"{method} {path}: {status} {message}")
