"""Test how an engine is asked, also one that hangs, breaks off or is another."""

import http.client
import io
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.engine import client
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
    Patience,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.limited_http import TooMuchError
from stand_in import FEW, PLENTY


@pytest.fixture
def docker(engine: stand_in.Engine) -> Iterator[DockerConnection]:
    with closing(DockerConnection(engine.path, PLENTY)) as connection:
        yield connection


@pytest.mark.parametrize(
    ("speaks", "version"), [("1.41", "1.41"), ("1.51", "1.51"), ("1.52", "1.51")]
)
def test_it_asks_in_a_version_that_both_know(tmp_path: Path, speaks: str, version: str) -> None:
    with (
        stand_in.engine(tmp_path / "docker.sock", speaks) as engine,
        closing(DockerConnection(engine.path)) as docker,
    ):
        engine.on("GET", "/info", {"ID": "a"})
        assert docker.ask("/info") == {"ID": "a"}
        assert docker.ask("/info") == {"ID": "a"}
    assert [(question.path, question.version) for question in engine.questions] == [
        ("/_ping", ""),
        ("/info", version),
        ("/info", version),
    ]


def test_what_is_no_engine_is_told(engine: stand_in.Engine, docker: DockerConnection) -> None:
    engine.api = "none"
    with pytest.raises(OSError, match="no Docker Engine"):
        docker.ask("/info")


def test_what_is_not_there_is_none_and_what_fails_is_an_error(docker: DockerConnection) -> None:
    assert docker.ask("/containers/a/json") is None
    assert docker.ask("/containers/a", "DELETE") is None
    with pytest.raises(EngineError, match="POST /containers/a/start: 404"):
        docker.ask("/containers/a/start", "POST")


def test_an_error_tells_its_status(engine: stand_in.Engine, docker: DockerConnection) -> None:
    engine.on("DELETE", "/volumes/a", stand_in.Refuse(409, "volume is in use"))
    with pytest.raises(EngineError, match="volume is in use") as raised:
        docker.ask("/volumes/a", "DELETE")
    assert raised.value.status == http.client.CONFLICT


@pytest.mark.parametrize("bad", [stand_in.HANG, stand_in.DROP])
def test_after_an_answer_that_does_not_come_the_next_question_is_answered(
    engine: stand_in.Engine, docker: DockerConnection, bad: object
) -> None:
    engine.on("POST", "/commit", bad)
    engine.on("POST", "/containers/a/unpause", None)
    docker.seconds = FEW
    with pytest.raises((OSError, http.client.HTTPException)):
        docker.ask("/commit", "POST")
    docker.seconds = PLENTY
    assert docker.ask("/containers/a/unpause", "POST") == {}


def patiently(path: str) -> DockerConnection:
    """Return a connection that waits patiently, as for a slow disk."""
    return DockerConnection(path, patience=Patience(FEW))


@pytest.mark.parametrize("connect", [lambda path: DockerConnection(path, FEW), patiently])
def test_an_answer_that_drips_is_given_up(
    engine: stand_in.Engine, connect: Callable[[str], DockerConnection]
) -> None:
    """Show that the next question is answered again."""
    engine.on("GET", "/volumes", stand_in.Drip(b"{"))
    engine.on("GET", "/networks", [])
    with closing(connect(engine.path)) as docker:
        with pytest.raises(TimeoutError):
            docker.ask("/volumes")
        docker.seconds = PLENTY
        assert docker.ask("/networks") == []


def test_there_is_a_time_for_all_answers_together(engine: stand_in.Engine) -> None:
    engine.on("GET", "/networks", [])
    with closing(DockerConnection(engine.path, total_seconds=3600)) as docker:
        assert docker.ask("/networks") == []
        docker.last_moment -= 3600
        with pytest.raises(TimeoutError, match="all the time that there was"):
            docker.ask("/networks")


def test_no_more_of_an_answer_is_read_than_anybody_wants(engine: stand_in.Engine) -> None:
    """Show it also for a refusal, as a stream may be large."""
    engine.on("GET", "/volumes", stand_in.Raw(b" " * 10**5))
    engine.on("GET", "/images/get", stand_in.Refuse(500, " " * 10**5))
    engine.on("GET", "/networks", [])
    with closing(DockerConnection(engine.path, answer_bytes=1000)) as docker:
        with pytest.raises(TooMuchError, match="larger than 1000 bytes"):
            docker.ask("/volumes")
        with pytest.raises(TooMuchError, match="larger than 1000 bytes"):
            docker.stream("/images/get")
        assert docker.ask("/networks") == []


@pytest.mark.parametrize(
    ("limit", "answer"),
    [("STREAM_SECONDS", stand_in.Drip(b"tar")), ("SILENCE_SECONDS", stand_in.Stream(b"tar"))],
)
def test_what_streams_has_its_own_limits(
    engine: stand_in.Engine, monkeypatch: pytest.MonkeyPatch, limit: str, answer: object
) -> None:
    """Show that a stream may be large and slow, but neither endless nor silent for long."""
    engine.on("GET", "/large", stand_in.Raw(b" " * 10_000))
    engine.on("GET", "/images/get", answer)
    with closing(DockerConnection(engine.path, 20, answer_bytes=1000)) as docker:
        assert len(docker.stream("/large").read()) == 10_000
        monkeypatch.setattr(client, limit, FEW)
        # The answer to a question may take longer than a stream may say nothing.
        docker.seconds = FEW
        with pytest.raises(TimeoutError):
            docker.stream("/images/get").read()


def test_what_is_sent_is_limited_too(
    engine: stand_in.Engine, docker: DockerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show it for an engine that takes a small piece now and then, none of them late."""

    class Slow(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            time.sleep(0.01)
            return super().read(10)

    docker.negotiate()
    monkeypatch.setattr(client, "STREAM_SECONDS", FEW)
    with pytest.raises(TimeoutError):
        docker.stream("/images/load", "POST", Slow(b" " * 2000))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (stand_in.Raw(b'{"status": "a"}\n\n{"error": "disk full"}\n'), "disk full"),
        (stand_in.Raw(b"{"), "not understood"),
        (stand_in.Raw(b"[]"), "not understood"),
        (stand_in.Raw(b" " * 10**5), "too long"),
        (stand_in.Refuse(500, "disk full"), "disk full"),
    ],
)
def test_what_goes_wrong_while_the_engine_works_is_told(
    engine: stand_in.Engine, docker: DockerConnection, answer: object, words: str
) -> None:
    engine.on("POST", "/images/load", answer)
    engine.on("POST", "/images/create", stand_in.Raw(b'{"status": "a"}\r\n{"status": "b"}\r\n'))
    with pytest.raises(OSError, match=words):
        docker.work("/images/load", io.BytesIO(b"tar"))
    docker.work("/images/create")


def test_an_engine_that_has_not_read_all_says_why(
    engine: stand_in.Engine, docker: DockerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show it for an engine whose disk is full."""
    engine.on("POST", "/images/load", stand_in.Refuse(500, "disk full"))
    read = stand_in.Handler.read_body

    def leave(handler: stand_in.Handler) -> bytes:
        handler.close_connection = handler.command == "POST"
        return b"" if handler.close_connection else read(handler)

    monkeypatch.setattr(stand_in.Handler, "read_body", leave)
    with pytest.raises(EngineError, match="disk full"):
        docker.stream("/images/load", "POST", io.BytesIO(b" " * 2**24))


def test_files_are_got_at_with_the_rights_of_the_engine_that_answers(
    engine: stand_in.Engine, docker: DockerConnection
) -> None:
    """Show that another account's engine gets its own rights, as root follows any path."""
    engine.on("GET", "/info", {"ID": "a"})
    docker.ask("/info")
    assert (docker.uid, docker.pid) == (os.geteuid(), os.getpid())
    assert docker.with_its_rights(["tar", "-x"]) == ["tar", "-x"]
    docker.uid = 995
    with pytest.raises(OSError, match="is in a namespace of account 0"):
        docker.with_its_rights(["tar", "-x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="another account's process takes root")
def test_what_was_looked_at_is_entered(docker: DockerConnection) -> None:
    """Show also that no later process with the same number is entered."""
    with subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "sh", "-c", "echo; read -r _"],
        user=65534,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        other.stdout.readline()
        docker.uid, docker.pid = 65534, other.pid
        command = docker.with_its_rights(["cat", "/proc/self/uid_map"])
        other.kill()
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["0", "65534", "1"]
    docker.uid = 995
    with pytest.raises(OSError, match="is in a namespace of account 65534"):
        docker.with_its_rights(["true"])
    docker.close()
