"""How an engine is asked, and what becomes of one that hangs, breaks off or is another."""

import http.client
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    DockerConnection,
    EngineError,
)


@pytest.fixture
def docker(engine: stand_in.Engine) -> Iterator[DockerConnection]:
    with closing(DockerConnection(engine.path, 0.5)) as connection:
        yield connection


@pytest.mark.parametrize(
    ("speaks", "asked"), [("1.41", "1.41"), ("1.51", "1.51"), ("1.52", "1.51")]
)
def test_it_asks_in_a_version_that_both_know(tmp_path: Path, speaks: str, asked: str) -> None:
    with (
        stand_in.engine(tmp_path / "docker.sock", speaks) as engine,
        closing(DockerConnection(engine.path)) as docker,
    ):
        engine.on("GET", "/info", {"ID": "a"})
        assert docker.ask("/info") == {"ID": "a"}
        assert docker.ask("/info") == {"ID": "a"}
    assert [(one.path, one.version) for one in engine.questions] == [
        ("/_ping", ""),
        ("/info", asked),
        ("/info", asked),
    ]


def test_what_is_no_engine_is_told(engine: stand_in.Engine, docker: DockerConnection) -> None:
    engine.api = "none"
    with pytest.raises(OSError, match="no Docker Engine"):
        docker.ask("/info")


def test_what_is_not_there_is_none_and_what_cannot_be_done_is_an_error(
    docker: DockerConnection,
) -> None:
    assert docker.ask("/containers/a/json") is None
    assert docker.ask("/containers/a", "DELETE") is None
    with pytest.raises(EngineError, match="POST /containers/a/start: 404"):
        docker.ask("/containers/a/start", "POST")


def test_an_error_tells_its_status(engine: stand_in.Engine, docker: DockerConnection) -> None:
    engine.on("DELETE", "/volumes/a", stand_in.Refuse(409, "volume is in use"))
    with pytest.raises(EngineError, match="volume is in use") as told:
        docker.ask("/volumes/a", "DELETE")
    assert told.value.status == http.client.CONFLICT


@pytest.mark.parametrize("bad", [stand_in.HANG, stand_in.DROP])
def test_after_an_answer_that_does_not_come_the_next_question_is_answered(
    engine: stand_in.Engine, docker: DockerConnection, bad: object
) -> None:
    engine.on("POST", "/commit", bad)
    engine.on("POST", "/containers/a/unpause", None)
    with pytest.raises((OSError, http.client.HTTPException)):
        docker.ask("/commit", "POST")
    assert docker.ask("/containers/a/unpause", "POST") == {}


def test_files_are_got_at_with_the_rights_of_the_engine_that_answers(
    engine: stand_in.Engine, docker: DockerConnection
) -> None:
    """Root's may do what root does; of another's, root would follow a path anywhere."""
    engine.on("GET", "/info", {"ID": "a"})
    docker.ask("/info")
    assert (docker.uid, docker.pid) == (os.geteuid(), os.getpid())
    assert docker.with_its_rights(["tar", "-x"]) == ["tar", "-x"]
    docker.uid = 995
    with pytest.raises(OSError, match="is in a namespace of account 0"):
        docker.with_its_rights(["tar", "-x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="another account's process takes root")
def test_what_was_looked_at_is_entered(docker: DockerConnection) -> None:
    """And no more: not who has the number of a process that has ended."""
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
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["0", "65534", "1"]
    docker.uid = 995
    with pytest.raises(OSError, match="is in a namespace of account 65534"):
        docker.with_its_rights(["true"])
    docker.close()
