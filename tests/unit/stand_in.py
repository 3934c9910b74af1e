"""A stand-in for a Docker Engine on a unix socket, which can also hang, refuse and lie."""

import http.server
import json
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

# The recorded answers of real engines, by version; record.py in this folder makes them.
RECORDED = Path(__file__).parent / "recorded"
# The oldest and the newest version of the API that an engine 29 speaks. From 1.52 on, its answers
# leave out empty fields of images, and have other fields for disk usage. All of this is from the
# changelog of Docker's API; no engine 29 was recorded.
API_29 = ("1.44", "1.53")
EMPTY_LEFT_OUT = {"Parent", "Comment", "DockerVersion", "Author"}
EMPTY_LEFT_OUT_OF_CONFIG = {
    *("Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir")
}
OLD_USAGE = {
    "Images": "ImageUsage",
    "Containers": "ContainerUsage",
    "Volumes": "VolumeUsage",
    "BuildCache": "BuildCacheUsage",
}


class Refuse(NamedTuple):
    """An error that the engine reports."""

    status: int
    message: str = "no such thing"


class Raw(NamedTuple):
    """An answer of raw bytes with a status, and further headers."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Stream(NamedTuple):
    """An answer that begins with these bytes, and does not end as long as the stand-in runs."""

    body: bytes


class Drip(NamedTuple):
    """An answer that begins with these bytes and goes on byte by byte; no single read is late."""

    body: bytes


# The number of bytes that follow, and the seconds before each of them.
DRIPS, BETWEEN = 200, 0.02
# Seconds to wait for an answer that comes, on a slow machine too; and for one that never does.
PLENTY, FEW = 60.0, 0.3
# The stand-in does not answer as long as it runs.
HANG = object()
# The stand-in closes the connection instead of an answer.
DROP = object()


class Question(NamedTuple):
    """A request: the path with its query but without the version, and the body as it came."""

    method: str
    path: str
    body: bytes
    version: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON
        """The body parsed as JSON, None where it is empty."""
        return json.loads(self.body) if self.body else None


Answer = Callable[..., object] | object


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare by size."""
    return tuple(map(int, version.split(".")))


def without_empty(answer: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    """Return an answer without those of these fields that are empty."""
    return {key: value for key, value in answer.items() if value or key not in fields}


def as_29(path: str, answer: Any, question: "Question") -> Any:  # noqa: ANN401  # JSON
    """Return an engine 28's answer to a path as an engine 29 gives it, in the question's version.

    It is that of an upgraded engine: a fresh one has containerd's image store, whose answers were
    not recorded.
    """
    version = number(question.version or API_29[1])
    if path == "/info":
        return {**answer, "ServerVersion": "29.2.0"}
    if version < (1, 52):
        return answer
    if path == "/system/df":
        usage = {new: {"TotalCount": len(answer[old])} for old, new in OLD_USAGE.items()}
        return usage | (answer if version < (1, 53) else {})
    if re.fullmatch("/images/sha256:[0-9a-f]+/json", path):
        config = without_empty(answer["Config"], EMPTY_LEFT_OUT_OF_CONFIG)
        return without_empty(answer, EMPTY_LEFT_OUT) | {"Config": config}
    return answer


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests by the rules of its engine."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """Answer by the newest rule that matches the request."""
        engine = self.server.engine
        version, path = re.fullmatch(r"(?:/v([\d.]+))?(/.*)", self.path).groups()
        question = Question(self.command, path, self.read_body(), version or "")
        with engine.lock:
            engine.questions.append(question)
            answer = engine.answer(question)
        if answer is HANG:
            engine.ended.wait()
        if answer in (HANG, DROP):
            self.close_connection = True
            return
        if isinstance(answer, Stream):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.body)
            engine.ended.wait()
            self.close_connection = True
        elif isinstance(answer, Drip):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.body)
            for _ in range(DRIPS):
                if engine.ended.wait(BETWEEN):
                    break
                self.wfile.write(b" ")
            self.close_connection = True
        elif isinstance(answer, Raw):
            self.send(answer.status, answer.body, answer.headers)
        elif isinstance(answer, Refuse):
            self.send(answer.status, json.dumps({"message": answer.message}).encode())
        else:
            self.send(200, b"" if answer is None else json.dumps(answer).encode())

    do_POST = do_DELETE = do_PUT = do_HEAD = do_GET  # noqa: N815  # http.server's names

    def read_body(self) -> bytes:
        """Return the body of the request, which may be chunked."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while length := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def send(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Api-Version", self.server.engine.api)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def address_string(self) -> str:
        """Return a fixed text, since a client of a unix socket has no address."""
        return "somebody"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The server on the socket."""

    daemon_threads = True
    engine: "Engine"

    def handle_error(self, *_: object) -> None:
        """Write no traceback, as the client may have closed the connection."""


class Engine:
    """The stand-in. `on` adds a rule for its answers; `questions` has the requests so far.

    An answer is a value that is sent as JSON, or Refuse, Raw, Stream, Drip, HANG or DROP, or a
    function that returns one of these from the Question and the groups of the rule's pattern.
    """

    def __init__(self, path: Path, api: str = "1.45") -> None:
        self.path = str(path)
        self.api = api
        self.oldest = "1.12"
        self.rules: list[tuple[str, re.Pattern[str], Answer]] = []
        self.questions: list[Question] = []
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.on("GET", "/_ping", Raw(b"OK"))

    def on(self, method: str, pattern: str, answer: Answer) -> None:
        """Answer the requests whose whole path, with its query, matches the pattern.

        Of two rules that match a request, the newer one holds.
        """
        self.rules.insert(0, (method, re.compile(pattern), answer))

    def become(self, name: str) -> None:
        """Answer as an engine 20.10, 26.1 or 28.5 did, or as 29 does by its documentation.

        Each has the course's container and a student's objects: an image by BuildKit and an image
        by the classic builder, a container, two volumes and a network.
        """
        source = "28.5" if name == "29" else name
        recording = json.loads((RECORDED / f"{source}.json").read_text())
        self.oldest, self.api = recording["oldest"], recording["api"]
        for path, recorded in recording["answers"].items():
            refused = isinstance(recorded, dict) and recorded.get("refused")
            answer = Refuse(*refused) if refused else recorded
            if name == "29" and not refused:
                answer = partial(as_29, path, recorded)
            # A request may ask for a part of the usage, by a query.
            self.on("GET", re.escape(path) + (r"(?:\?.*)?" if path == "/system/df" else ""), answer)
        # A list of the containers with their sizes is the same as in the usage.
        sized = recording["answers"]["/system/df"]["Containers"]
        self.on("GET", re.escape("/containers/json?all=true&size=true"), sized)
        if name == "29":
            self.oldest, self.api = API_29

    def answer(self, question: Question) -> object:
        """Return the newest matching rule's answer, or Refuse for a version that is not spoken."""
        if question.version and number(question.version) > number(self.api):
            return Refuse(400, f"client version {question.version} is too new")
        if question.version and number(question.version) < number(self.oldest):
            return Refuse(400, f"client version {question.version} is too old")
        for method, pattern, answer in self.rules:
            match = pattern.fullmatch(question.path)
            if method == question.method and match:
                return answer(question, *match.groups()) if callable(answer) else answer
        return Refuse(404)

    def asked(self, method: str) -> list[str]:
        """Return the paths of the requests with a method, in their order."""
        return [question.path for question in self.questions if question.method == method]


@contextmanager
def engine(path: Path, api: str = "1.45") -> Iterator[Engine]:
    """Run a stand-in at a socket, and yield it. api: the newest version that it speaks."""
    stand_in = Engine(path, api)
    with Server(stand_in.path, Handler) as server:
        server.engine = stand_in
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stand_in
        finally:
            stand_in.ended.set()
            server.shutdown()
            thread.join()


@contextmanager
def serving(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None], host: str = "127.0.0.1"
) -> Iterator[int]:
    """Serve a page, and yield its port. answer: what a handler does for a GET."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Page) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def program(path: Path, script: str) -> None:
    """Write an executable shell script, and its directory."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition holds, for two minutes at most."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


class Ended(Exception):  # noqa: N818  # a module's end is no error
    """Raised when a module ends. It has the module's result."""


def run(main: Callable[[], None], **arguments: object) -> dict[str, Any]:
    """Run a module with arguments, and return its result, with `failed` where it failed."""

    def leave(_module: AnsibleModule, **result: object) -> None:
        raise Ended(result)

    def fail(_module: AnsibleModule, msg: str, **result: object) -> None:
        raise Ended({"failed": True, "msg": msg, **result})

    with (
        patch_module_args(arguments),
        mock.patch.multiple(AnsibleModule, exit_json=leave, fail_json=fail),
    ):
        try:
            main()
        except Ended as end:
            return end.args[0]
    raise AssertionError("the module ended without a word")
