"""A stand-in for a Docker Engine, on a unix socket: it answers as told, hangs, refuses and lies."""

import http.server
import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

# What real engines have answered, by their version; record.py there tells how.
RECORDED = Path(__file__).parent / "recorded"
# What an engine 29 speaks, and from 1.52 on leaves out of an image where it is empty, and of the
# space that is used; the changelog of Docker's API has it so, no engine 29 could be asked.
API_29 = ("1.44", "1.53")
EMPTY_LEFT_OUT = {"Parent", "Comment", "DockerVersion", "Author"}
EMPTY_LEFT_OUT_OF_CONFIG = {
    *("Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir"),
}
OLD_USAGE = {
    "Images": "ImageUsage",
    "Containers": "ContainerUsage",
    "Volumes": "VolumeUsage",
    "BuildCache": "BuildCacheUsage",
}


class Refuse(NamedTuple):
    """An error of the engine's own."""

    status: int
    message: str = "no such thing"


class Raw(NamedTuple):
    """An answer that is no JSON: bytes, with a status."""

    body: bytes
    status: int = 200


class Stream(NamedTuple):
    """An answer that begins with these bytes, and has no end while the stand-in is there."""

    body: bytes


class Drip(NamedTuple):
    """An answer that begins with these bytes, and comes a byte at a time: none of them is late."""

    body: bytes


# How many bytes follow, and the seconds before each.
DRIPS, BETWEEN = 200, 0.02
# No answer at all, for as long as the stand-in is there.
HANG = object()
# The connection is closed in place of an answer.
DROP = object()


class Question(NamedTuple):
    """What somebody asked: the path without the version, and the body as it came."""

    method: str
    path: str
    body: bytes
    version: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON
        """The body as JSON, None where there is none."""
        return json.loads(self.body) if self.body else None


Answer = Callable[..., object] | object


def number(version: str) -> tuple[int, ...]:
    """Give a version as numbers, to compare it by."""
    return tuple(map(int, version.split(".")))


def less(told: dict[str, Any], empty: set[str]) -> dict[str, Any]:
    """Give an answer without those of its fields that are named and empty."""
    return {key: value for key, value in told.items() if value or key not in empty}


def as_29(path: str, told: Any, question: "Question") -> Any:  # noqa: ANN401  # JSON
    """Give what an engine 28 has told of a path as 29 does, by the version that it is asked in.

    As one does that was upgraded: a new one has containerd's image store, whose answers are not
    known here.
    """
    asked = number(question.version or API_29[1])
    if path == "/info":
        return {**told, "ServerVersion": "29.2.0"}
    if asked < (1, 52):
        return told
    if path == "/system/df":
        usage = {new: {"TotalCount": len(told[old])} for old, new in OLD_USAGE.items()}
        return usage | (told if asked < (1, 53) else {})
    if re.fullmatch("/images/sha256:[0-9a-f]+/json", path):
        config = less(told["Config"], EMPTY_LEFT_OUT_OF_CONFIG)
        return less(told, EMPTY_LEFT_OUT) | {"Config": config}
    return told


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the rules of the engine that it belongs to."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """Answer, by the newest rule that is for the question."""
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
            self.send(answer.status, answer.body)
        elif isinstance(answer, Refuse):
            self.send(answer.status, json.dumps({"message": answer.message}).encode())
        else:
            self.send(200, b"" if answer is None else json.dumps(answer).encode())

    do_POST = do_DELETE = do_PUT = do_HEAD = do_GET  # noqa: N815  # http.server's names

    def read_body(self) -> bytes:
        """Give what came with the question, in pieces or in one."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while length := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def send(self, status: int, body: bytes) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Api-Version", self.server.engine.api)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def address_string(self) -> str:
        """Tell whose question it is; a unix socket has no address."""
        return "somebody"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The socket."""

    daemon_threads = True
    engine: "Engine"

    def handle_error(self, *_: object) -> None:
        """Be quiet: who asked may have gone."""


class Engine:
    """The stand-in. `on` tells it how to answer; `questions` are those that it was asked.

    An answer is what becomes of JSON, or Refuse, Raw, Stream, Drip, HANG or DROP, or a function
    that gives one of these from the Question and the groups of the rule's pattern.
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
        """Have questions answered whose whole path, with its query, matches pattern.

        Of two rules for one question, the one that was given later holds.
        """
        self.rules.insert(0, (method, re.compile(pattern), answer))

    def become(self, name: str) -> None:
        """Answer as an engine 20.10, 26.1 or 28.5 did, or as 29 does by its papers.

        In each there are the course's container, and what a student made: an image of BuildKit's
        and one of the classic builder's, a container, two volumes and a network.
        """
        source = "28.5" if name == "29" else name
        recording = json.loads((RECORDED / f"{source}.json").read_text())
        self.oldest, self.api = recording["oldest"], recording["api"]
        for path, told in recording["answers"].items():
            refused = isinstance(told, dict) and told.get("refused")
            answer = Refuse(*refused) if refused else told
            if name == "29" and not refused:
                answer = partial(as_29, path, told)
            # The usage may be asked for in part.
            self.on("GET", re.escape(path) + (r"(?:\?.*)?" if path == "/system/df" else ""), answer)
        # With sizes, the containers are those of the usage.
        sized = recording["answers"]["/system/df"]["Containers"]
        self.on("GET", re.escape("/containers/json?all=true&size=true"), sized)
        if name == "29":
            self.oldest, self.api = API_29

    def answer(self, question: Question) -> object:
        """Give what the rules say."""
        if question.version and number(question.version) > number(self.api):
            return Refuse(400, f"client version {question.version} is too new")
        if question.version and number(question.version) < number(self.oldest):
            return Refuse(400, f"client version {question.version} is too old")
        for method, pattern, answer in self.rules:
            found = pattern.fullmatch(question.path)
            if method == question.method and found:
                return answer(question, *found.groups()) if callable(answer) else answer
        return Refuse(404)

    def asked(self, method: str) -> list[str]:
        """Give the paths that were asked with a method, in their order."""
        return [one.path for one in self.questions if one.method == method]


@contextmanager
def engine(path: Path, api: str = "1.45") -> Iterator[Engine]:
    """Have a stand-in at a socket for a while. api: the newest version that it speaks."""
    standing = Engine(path, api)
    with Server(standing.path, Handler) as server:
        server.engine = standing
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield standing
        finally:
            standing.ended.set()
            server.shutdown()
            thread.join()


class Ended(Exception):  # noqa: N818  # a module's end is no error
    """A module has ended, and said this."""


def run(main: Callable[[], None], **arguments: object) -> dict[str, Any]:
    """Run a module with arguments and give what it said; `failed` is in it where it failed."""

    def leave(_module: AnsibleModule, **said: object) -> None:
        raise Ended(said)

    def fail(_module: AnsibleModule, msg: str, **said: object) -> None:
        raise Ended({"failed": True, "msg": msg, **said})

    with (
        patch_module_args(arguments),
        mock.patch.multiple(AnsibleModule, exit_json=leave, fail_json=fail),
    ):
        try:
            main()
        except Ended as end:
            return end.args[0]
    raise AssertionError("the module ended without a word")
