# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Talk to a Docker Engine with nothing but Python's own library."""

from __future__ import annotations

import fcntl
import hashlib
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
from contextlib import closing, suppress
from typing import IO, Any

SOCKET = "/var/run/docker.sock"
# As whom an engine without root runs, and what the socket's path is a link to then; and what the
# kernel tells of who answers, see unix(7): process, account and group.
ACCOUNT = "labocloud-engine"
LINK = f"{ACCOUNT}/docker.sock"
# Of a namespace of accounts: whose it is; see ioctl_ns(2).
NS_GET_OWNER_UID, UID = 0xB704, struct.Struct("I")
PEER = struct.Struct("3i")
# Of one answer: seconds until the whole of it is there, and its bytes, which are in memory. Where
# there are a hundred thousand volumes, it has 30 MB.
ANSWER_SECONDS, ANSWER_BYTES = 20.0, 64 * 2**20
# Of what streams, such as an archive of images: seconds in which nothing comes or is taken, and for
# the whole of it; bytes of one line that tells how far it is.
SILENCE_SECONDS, STREAM_SECONDS = 300.0, 4 * 3600.0
LONGEST_LINE = 2**16
# The newest version of the engine's interface that the toolkit was tried with (Docker 28).
NEWEST_API = (1, 51)
# What makes two images the same: the configuration that OCI's image specification has, and what
# Docker adds to it. Docker's own fields of a container that stand beside them, Hostname, Tty or
# Image, decide nothing, and newer versions of it leave them out; ArgsEscaped is Windows' alone.
IMAGE_CONFIG = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
# Of its health check, what all versions tell: StartInterval is unknown to Docker 20.10.
HEALTHCHECK = ("Test", "Interval", "Timeout", "StartPeriod", "Retries")


class EngineError(OSError):
    """The engine's own error: its status, as http.HTTPStatus counts, and what it says."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class TooMuchError(OSError):
    """There would be more of an answer than anybody wants to hold."""


class Limited(http.client.HTTPConnection):
    """HTTP of which a question and its answer are limited in time and in bytes.

    However slowly they go: Python's own time limit is for each piece of them.
    """

    end = most = left = silence = math.inf

    def allow(self, seconds: float, most: float, silence: float = math.inf) -> None:
        """Limit what is sent and read from now on: seconds for all of it, and without a byte."""
        self.end = time.monotonic() + seconds
        self.most = self.left = most
        self.silence = silence

    def connect(self) -> None:
        """Connect. Raises OSError."""
        super().connect()
        self.sock = LimitedSocket(self.sock, self)


class LimitedSocket(socket.socket):
    """A socket that takes no longer, and reads no more, than its connection allows."""

    def __init__(self, sock: socket.socket, connection: Limited) -> None:
        super().__init__(fileno=sock.detach())
        self.connection = connection

    def begin(self) -> None:
        """Limit the time of one piece. Raises TimeoutError where there is none left."""
        seconds = min(self.connection.end - time.monotonic(), self.connection.silence)
        if seconds <= 0:
            raise TimeoutError("the answer takes too long")
        self.settimeout(None if math.isinf(seconds) else seconds)

    def sendall(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as socket's own
        """Send a piece. Raises OSError."""
        self.begin()
        super().sendall(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401  # as socket's own
        """Read a piece, as http.client does. Raises OSError, TooMuchError where it is too many."""
        self.begin()
        count = super().recv_into(*args, **kwargs)
        self.connection.left -= count
        if self.connection.left < 0:
            most = self.connection.most
            raise TooMuchError(f"the answer is too long: it is larger than {most} bytes")
        return count


def uid_of(account: str) -> int | None:
    """Give an account's number, None where there is no such account."""
    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        return None


def reason(error: Exception) -> str:
    """Give what an error says; of one of the engine's, its own words alone."""
    if isinstance(error, EngineError):
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(str(error).partition(f": {error.status} ")[2])["message"])
    return str(error)


class DockerConnection(Limited):
    """HTTP over the engine's socket, each answer limited as a whole.

    It asks with the lower of NEWEST_API and what the engine speaks: an older engine refuses a newer
    version, and a newer one answers an unversioned question with fields that are not known here.
    """

    def __init__(
        self,
        path: str,
        timeout: float = ANSWER_SECONDS,
        *,
        most: int = ANSWER_BYTES,
        together: float = math.inf,
    ) -> None:
        """Make it. timeout: seconds for one answer, together: for all; most: bytes of one."""
        # The block size is that of a body that is a file.
        super().__init__("localhost", timeout=timeout, blocksize=2**20)
        self.path = path
        self.seconds = timeout
        self.largest = most
        self.last = time.monotonic() + together
        self.api = ""
        # Whose the engine is that answers, and which process, as the kernel tells.
        self.uid: int | None = None
        self.pid = 0
        self.namespace: IO[bytes] | None = None

    def connect(self) -> None:
        """Connect to the socket instead of a port. Raises OSError.

        Who may use an engine without root can put another socket in the place of its own, so that
        root asks a service of root's own for what the toolkit wants of Docker.
        """
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock = found
        # Where others keep it busy, it takes nobody.
        found.settimeout(min(self.seconds, max(self.end - time.monotonic(), 0.001)))
        found.connect(self.path)
        peer = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
        self.pid, self.uid, _ = PEER.unpack(peer)
        link = os.readlink(self.path) if os.path.islink(self.path) else ""
        if link == LINK and self.uid != uid_of(ACCOUNT):
            found.close()
            raise OSError(f"account {self.uid} answers at {self.path}, where {ACCOUNT} has to")
        self.sock = LimitedSocket(found, self)

    def close(self) -> None:
        """Close the connection, and forget who had answered."""
        super().close()
        if self.namespace:
            self.namespace.close()
            self.namespace = None

    def with_its_rights(self, command: list[str]) -> list[str]:
        """Give a command so that it gets at no file that the engine, which answered, does not.

        A path that an engine without root tells is its users' word, and so is what lies there, and
        root would follow it anywhere. In the namespace of that process, IDs are a container's. The
        command can be run until the next question. Raises OSError.
        """
        if self.uid in (0, os.geteuid()):
            return command
        # The process may have ended, and its number be another's: what was looked at is entered.
        self.namespace = self.namespace or open(f"/proc/{self.pid}/ns/user", "rb")  # noqa: SIM115
        number = self.namespace.fileno()
        [owner] = UID.unpack(fcntl.ioctl(number, NS_GET_OWNER_UID, UID.pack(0)))
        if owner != self.uid:
            raise OSError(f"who answers at {self.path} is in a namespace of account {owner}")
        return ["nsenter", f"--user=/proc/{os.getpid()}/fd/{number}", "--", *command]

    def send_question(
        self,
        path: str,
        method: str,
        body: bytes | IO[bytes] | None,
        headers: dict[str, str],
        *,
        large: bool = False,
    ) -> http.client.HTTPResponse:
        """Ask, and give the answer, unread. large: whether it, or body, may be larger than memory.

        Raises OSError or http.client.HTTPException where no engine answers. The connection is
        closed then: an answer that comes too late is nobody's, and the next question has a new one.
        """
        try:
            self.limit(large=large)
            # It may have said why, and gone, before it had read all.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.request(method, path, body, headers)
            return self.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def limit(self, *, large: bool) -> None:
        """Limit the question that comes, and its answer. Raises TimeoutError."""
        left = self.last - time.monotonic()
        if left <= 0:
            raise TimeoutError("the engine has taken all the time that there was for its answers")
        if large:
            self.allow(min(STREAM_SECONDS, left), math.inf, max(SILENCE_SECONDS, self.seconds))
        else:
            self.allow(min(self.seconds, left), self.largest)

    def read_answer(self, answer: http.client.HTTPResponse) -> bytes:
        """Read an answer to its end. Raises as send_question does."""
        try:
            return answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def negotiate(self) -> str:
        """Give the version to ask with, as the engine's own answer to a ping tells its newest."""
        answer = self.send_question("/_ping", "GET", None, {})
        self.read_answer(answer)
        told = re.fullmatch(r"(\d+)\.(\d+)", answer.headers.get("Api-Version", ""))
        if told is None:
            raise OSError("what answers at the socket is no Docker Engine")
        major, minor = min((int(told[1]), int(told[2])), NEWEST_API)
        return f"{major}.{minor}"

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401  # JSON
        """Give the engine's answer, None where what was to be told of, or to go, is not there.

        body: what to send, as JSON. Where a POST meets nothing, nothing has been done: that is an
        error. Raises EngineError where the answer is an error of the engine's own, and OSError or
        http.client.HTTPException where no engine answers.
        """
        self.api = self.api or self.negotiate()
        headers = {} if body is None else {"Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        answer = self.send_question(f"/v{self.api}{path}", method, sent, headers)
        text = self.read_answer(answer)
        if answer.status == http.client.NOT_FOUND and method in ("GET", "DELETE"):
            return None
        if answer.status >= http.client.MULTIPLE_CHOICES:
            told = text.decode(errors="replace").strip()
            raise EngineError(answer.status, f"{method} {path}: {answer.status} {told}")
        return json.loads(text) if text else {}

    def stream(
        self,
        path: str,
        method: str = "GET",
        body: IO[bytes] | None = None,
        *,
        large: bool = True,
    ) -> http.client.HTTPResponse:
        """Give the engine's answer unread. body: a tar.

        large: whether the answer, or body, may be larger than memory.

        Raises as ask does, and where there is no such thing EngineError. Who gives up reading
        closes the connection.
        """
        self.api = self.api or self.negotiate()
        headers = {} if body is None else {"Content-Type": "application/x-tar"}
        answer = self.send_question(f"/v{self.api}{path}", method, body, headers, large=large)
        if answer.status >= http.client.MULTIPLE_CHOICES:
            self.limit(large=False)
            told = self.read_answer(answer).decode(errors="replace").strip()
            raise EngineError(answer.status, f"{method} {path}: {answer.status} {told}")
        return answer

    def work(self, path: str, body: IO[bytes] | None = None) -> None:
        """Have the engine do what it tells of line by line, such as a pull. Raises as stream does.

        What fails once the answer has begun is told in it, and an OSError too.
        """
        answer = self.stream(path, "POST", body)
        try:
            while line := answer.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise TooMuchError("a line of the answer is too long")
                if line.strip() and (why := json.loads(line).get("error")):
                    raise OSError(why)
        except (AttributeError, ValueError) as error:
            raise OSError(f"what the engine says of {path} is not understood: {error}") from error
        finally:
            if not answer.isclosed():
                self.close()


class PatientConnection(DockerConnection):
    """Waits for an answer as long as the engine answers others: a commit waits for a disk.

    timeout: seconds for an answer that has begun, and for the engine's sign that it answers others.
    pause: seconds after which it looks for that. longest: seconds after which it gives up, since
    who waits for ever keeps all others waiting.
    """

    def __init__(
        self,
        path: str,
        timeout: float = SILENCE_SECONDS,
        *,
        pause: float = SILENCE_SECONDS,
        longest: float = STREAM_SECONDS,
    ) -> None:
        super().__init__(path, timeout)
        self.pause = pause
        self.longest = longest

    def getresponse(self) -> http.client.HTTPResponse:
        """Wait, and give the answer. Raises OSError where the engine answers nobody."""
        begun = time.monotonic()
        while not select.select([self.sock], [], [], self.pause)[0]:
            if time.monotonic() - begun > self.longest:
                raise TimeoutError(f"the engine has not answered for {self.longest:.0f} s")
            with closing(DockerConnection(self.path, self.seconds)) as other:
                other.negotiate()
        # It has begun: how long it had kept it is not counted.
        self.end += time.monotonic() - begun
        return super().getresponse()


def hash_of(parts: dict[str, Any], image: dict[str, Any]) -> str:
    """Give the SHA-256 of parts of an image's configuration, its layers and its architecture."""
    parts |= {"Layers": image["RootFS"].get("Layers") or [], "Architecture": image["Architecture"]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def fingerprint(image: dict[str, Any]) -> str:
    """Give the SHA-256 of what makes an image what it is, from the engine's description of it.

    What is empty is as what is not there: versions of Docker differ in which of the two they tell.
    """
    config = image.get("Config") or {}
    health = config.get("Healthcheck") or {}
    parts = {key: config.get(key) or None for key in IMAGE_CONFIG}
    parts["Healthcheck"] = {key: health[key] for key in HEALTHCHECK if health.get(key)} or None
    return hash_of(parts, image)
