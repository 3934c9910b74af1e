"""How an engine is asked, and what becomes of one that hangs, breaks off or is another."""

import http.client
import os
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
    assert docker.with_its_rights(["tar", "-x"]) == [
        *("nsenter", f"--target={os.getpid()}", "--user", "--", "tar", "-x")
    ]
