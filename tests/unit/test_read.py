"""Show what a reader returns for an engine whose answers lack fields, or have other types."""

from collections.abc import Callable
from contextlib import closing

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    BadAnswerError,
    DockerConnection,
    EngineError,
    reason,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.limited_http import TooMuchError
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader, UnclearError
from stand_in import FEW, PLENTY

LISTS: list[Callable[[Reader], object]] = [
    Reader.images,
    Reader.containers,
    Reader.networks,
    Reader.volumes,
]
BAD = {
    "refused": (stand_in.Refuse(500, "ill"), EngineError),
    "no JSON": (stand_in.Raw(b"{"), BadAnswerError),
    "nothing": (stand_in.Raw(b""), BadAnswerError),
    "no text": (stand_in.Raw(b"\xff\xff"), BadAnswerError),
    "too deep": (stand_in.Raw(b"[" * 200_000), BadAnswerError),
    "broken off": (stand_in.DROP, BadAnswerError),
    "too long": (stand_in.Raw(b" " * 400_000), TooMuchError),
    "late": (stand_in.HANG, TimeoutError),
    "no list": ({"Volumes": 5}, UnclearError),
}


def seconds_for(bad: str) -> float:
    """Return the seconds to wait for an answer of BAD: few only for the one that never comes."""
    return FEW if bad == "late" else PLENTY


@pytest.mark.parametrize("read", LISTS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("bad", BAD)
def test_a_list_that_does_not_come_is_an_error_unless_lists_are_not_required(
    engine: stand_in.Engine, read: Callable[[Reader], object], bad: str
) -> None:
    answer, error = BAD[bad]
    engine.on("GET", "/(images|containers|networks|volumes).*", answer)
    left_out: list[str] = []
    with closing(DockerConnection(engine.path, seconds_for(bad), answer_bytes=300_000)) as docker:
        for reader in (Reader(docker), Reader(docker, left_out.append)):
            with pytest.raises(error):
                read(reader)
        assert left_out == []
        assert read(Reader(docker, left_out.append, lists_required=False)) == []
    assert len(left_out) == 1


@pytest.mark.parametrize("read", [Reader.image, Reader.container, Reader.network, Reader.volume])
@pytest.mark.parametrize("bad", BAD)
def test_one_thing_that_is_not_described_is_left_out_where_anything_is(
    engine: stand_in.Engine, read: Callable[[Reader, str], object], bad: str
) -> None:
    """Where an answer is required, the reader passes over only what concerns that one object."""
    answer, error = BAD[bad]
    path = "/(images/a/json|containers/a/json|networks/a|volumes/a)"
    engine.on("GET", path, 5 if bad == "no list" else answer)
    with closing(DockerConnection(engine.path, seconds_for(bad), answer_bytes=300_000)) as docker:
        with pytest.raises(error):
            read(Reader(docker), "a")
        if error in (EngineError, BadAnswerError, TooMuchError, UnclearError):
            assert read(Reader(docker, [].append), "a") is None
        else:
            with pytest.raises(error):
                read(Reader(docker, [].append), "a")
        left_out: list[str] = []
        assert read(Reader(docker, left_out.append, lists_required=False), "a") is None
        # It disappears just now, or is broken, as each engine has some.
        assert len(left_out) == (error is not EngineError)
        docker.seconds = PLENTY
        assert read(Reader(docker), "gone") is None


def test_what_is_not_understood_of_a_list_is_an_error_or_left_out(engine: stand_in.Engine) -> None:
    networks = [{"Name": "a"}, {"Name": 5}, {"Name": "b", "Driver": "bridge"}]
    engine.on("GET", "/networks", networks)
    left_out: list[str] = []
    needed = answers.needing(answers.NETWORK, "Driver")
    with closing(DockerConnection(engine.path)) as docker:
        with pytest.raises(UnclearError, match=r"not understood: networks\[1\].Name is not a text"):
            Reader(docker).networks()
        reader = Reader(docker, left_out.append)
        assert reader.networks() == [networks[0], networks[2]]
        assert reader.networks(needed) == [networks[2]]
        assert "networks[0].Driver lacks" in left_out[1]
        left_out.clear()
        assert reader.networks(most=1) == networks[:1]
        assert left_out == ["of 3 networks, the engine's first 1 are told"]
        with pytest.raises(TooMuchError):
            Reader(docker).networks(most=1)


def test_an_engine_that_does_not_describe_itself_is_none(engine: stand_in.Engine) -> None:
    with closing(DockerConnection(engine.path)) as docker:
        reader = Reader(docker, [].append, lists_required=False)
        with pytest.raises(UnclearError, match="info is not an object"):
            reader.info()
        engine.on("GET", "/info", {"ServerVersion": 5})
        with pytest.raises(UnclearError, match="ServerVersion"):
            reader.info()


def test_what_a_swarm_has_lost_its_managers_for_is_not_there(engine: stand_in.Engine) -> None:
    engine.on("GET", "/services", stand_in.Refuse(503, "no leader"))
    engine.on("GET", "/secrets", [{"ID": "s", "Spec": {"Name": "n"}}])
    with closing(DockerConnection(engine.path)) as docker:
        reader = Reader(docker)
        assert reader.in_swarm("services") == reader.plugins() == reader.history("a") == []
        assert reader.usage() == {}
        assert [row["ID"] for row in reader.in_swarm("secrets")] == ["s"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (stand_in.DROP, "Remote end closed connection without response"),
        (stand_in.Raw(b"{"), "the engine's answer to /info is no JSON"),
        (stand_in.Refuse(500, "ill"), "ill"),
    ],
)
def test_the_reason_of_an_error_is_told_without_the_question(
    engine: stand_in.Engine, answer: object, words: str
) -> None:
    engine.on("GET", "/info", answer)
    with (
        closing(DockerConnection(engine.path)) as docker,
        pytest.raises(OSError, match=r".") as raised,
    ):
        docker.ask("/info")
    assert reason(raised.value) == words


@pytest.mark.parametrize("line", [b"[" * 60_000, b"9" * 5000])
def test_a_line_that_no_engine_writes_is_an_error(engine: stand_in.Engine, line: bytes) -> None:
    engine.on("POST", "/images/load", stand_in.Raw(line))
    with closing(DockerConnection(engine.path)) as docker, pytest.raises(BadAnswerError):
        docker.work("/images/load")
