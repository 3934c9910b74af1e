"""Test a snapshot of an engine that is late, tells too much, or tells nonsense."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    convert,
    fields,
    pages,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults
from hypothesis import given
from hypothesis import strategies as st
from mutated import ODD, answers, bounded, json_of
from sample_snapshot import HISTORY, NOTHING, SOON, container, event, image, stand, take, there
from stand_in import DROP, HANG, Engine, Raw, Refuse, Stream

pytestmark = pytest.mark.usefixtures("small_seat")


CONTAINERS = f"/containers/json?all=true&limit={snapshot.MOST}"
OBJECTS = ("/info", "/volumes")


@pytest.mark.parametrize(
    "answer", [HANG, Stream(b"["), DROP, Refuse(500), Raw(b"no JSON"), Raw(b"[" * 100_000), None]
)
@pytest.mark.parametrize("path", ["/containers/json.*", "/images/json", "/networks", "/volumes"])
def test_an_engine_that_does_not_answer_is_an_error_soon(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str, answer: object
) -> None:
    monkeypatch.setattr(snapshot, "ONE_ANSWER", 0.3)
    engine.on("GET", path, answer)
    begun = time.monotonic()
    with pytest.raises(OSError, match=r"."):
        snapshot.take(NOTHING, engine.path)
    assert time.monotonic() - begun < SOON


def test_an_answer_that_has_no_end_is_given_up(engine: Engine) -> None:
    engine.on("GET", "/networks", Raw(b" " * (snapshot.LARGEST + 1) + b"[]"))
    with pytest.raises(OSError, match="too long"):
        snapshot.take(NOTHING, engine.path)


@contextmanager
def dripping(path: Path) -> Iterator[str]:
    """Yield the socket of an engine whose answers come a byte at a time and have no end."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(1000)
                        connection.sendall(
                            b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0"
                        )
                        for _ in range(2000):
                            connection.sendall(b"0")
                            time.sleep(0.02)
                    except OSError:
                        continue

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield str(path)
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_engine_that_drips_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "ONE_ANSWER", 0.3)
    with dripping(tmp_path / "dripping.sock") as path:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            snapshot.take(NOTHING, path)
        assert time.monotonic() - begun < SOON


def test_an_engine_that_is_slow_with_each_of_many_is_given_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_question: object) -> object:
        time.sleep(0.4)
        return container(1)

    monkeypatch.setattr(snapshot, "ALL", 0.4)
    stand(engine, [container(number) for number in range(100)], [])
    engine.on("GET", "/containers/[0-9a-f]{64}/json", slowly)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        snapshot.take(NOTHING, engine.path)
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("answer", [HANG, DROP])
def test_an_engine_that_does_not_say_which_one_it_is_is_an_error_soon(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr(snapshot, "ONE_ANSWER", 0.3)
    engine.on("GET", "/_ping", answer)
    begun = time.monotonic()
    with pytest.raises(OSError, match=r"."):
        snapshot.take(NOTHING, engine.path)
    assert time.monotonic() - begun < SOON


def test_no_engine_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        snapshot.take(NOTHING, str(tmp_path / "absent.sock"))


def test_of_one_thing_that_cannot_be_told_the_others_are(engine: Engine) -> None:
    odd = [
        Refuse(500, "dead"),
        Refuse(404, "gone by now"),
        Raw(b" " * snapshot.LARGEST + b"{}"),
        {"Name": 1},
        container(7, Created="2026-99-99T10:00:00Z", Name="/seven"),
        container(8, Name="/\ud800"),
        container(9, State={"Status": "running", "ExitCode": "none"}),
    ]
    stand(engine, [container(number) for number in range(len(odd) + 1)], [image(0)])
    for number, answer in enumerate(odd):
        engine.on("GET", f"/containers/{number:064x}/json", answer)
    result = take(engine)
    assert [row["name"] for row in result["containers"]] == ["seven", "?", "exercise-7"]
    assert result["containers"][0]["created"] == 0
    json.dumps(result, ensure_ascii=False).encode()


def test_what_an_engine_cannot_say_of_one_container_is_left_out(engine: Engine) -> None:
    for method, question in (("HEAD", "archive"), ("GET", "logs")):
        why = "RWLayer of container /exercise-1 is unexpectedly nil"
        engine.on(method, rf"/containers/exercise-1/{question}\?.*", Refuse(500, why))
    result = take(engine, logs=["exercise-1"], files=[["exercise-1", "/a"]])
    assert (result["logs"], result["files"]) == ({"exercise-1": ""}, {})
    assert len(result["images"]) == 2
    engine.on("GET", "/images/.*/history", Refuse(500, "no such layer"))
    assert [row["history"] for row in take(engine)["images"]] == [[], []]


def test_a_lot_of_one_kind_does_not_make_a_snapshot_large(engine: Engine) -> None:
    long = {f"labo.{number}": "x" * 400 for number in range(40)}
    mounts = [{"Type": "bind", "Source": "/s" * 200, "Destination": "/d" * 200}] * 30
    ports = {f"{n}/tcp": [{"HostPort": str(n + host)} for host in range(9)] for n in range(1, 40)}
    many = [
        container(
            number,
            Config={"Labels": long},
            Mounts=mounts,
            NetworkSettings={"Ports": ports, "Networks": dict.fromkeys(long)},
        )
        for number in range(120)
    ]
    stand(engine, many, [image(number) for number in range(120)])
    engine.on("GET", "/images/.*/history", [{"CreatedBy": "x" * 1000}] * 50)
    engine.on("GET", "/networks", [{"Name": "n" * 1000}] * 1000)
    engine.on(
        "GET", "/volumes", {"Volumes": [{"Name": "v" * 900, "Labels": {"labo.a": "b"}}] * 1000}
    )
    result = take(engine)
    for kind in ("containers", "images", "networks", "volumes"):
        assert 0 < len(result[kind]) <= snapshot.MOST
    assert len(json.dumps(result)) < 100_000
    first = result["containers"][0]
    assert (len(first["labels"]), len(first["mounts"]), len(first["ports"])) == (10, 20, 20)
    assert [len(numbers) for numbers in first["ports"].values()] == [5] * 20
    assert len(first["networks"]) == 10


def test_a_snapshot_is_small_whatever_is_called_what(engine: Engine) -> None:
    odd = "\U0001f40b" * 400
    labels = {f"labo.{number}.{odd}": odd for number in range(60)}
    many = [container(n, Name=f"/{n}{odd}", Config={"Labels": labels}) for n in range(60)]
    names = [f"exercise-{number}" for number in range(12)]
    few = [container(number) for number in range(12)]
    stand(engine, few + many[12:], [image(number) for number in range(60)])
    engine.on("GET", r"/containers/exercise-\d+/logs.*", Raw(b"\1" * 9000))
    result = take(engine, logs=names)
    assert snapshot.SMALL / 2 < len(json.dumps(result)) < 100_000
    assert [row["name"] for row in result["containers"]][:12] == names
    assert all(result[kind] for kind in ("images", "networks"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/d\033]0;title\007\033[31mRED", "/d?]0;title??[31mRED"),
        ("\u202e\u200b\x9b\x7f\ud800", "?????"),
        ("a\tb\r\nc", "a b  c"),
        ("été « là »\u00a0!", "été « là » !"),
        (None, ""),
    ],
)
def test_a_text_moves_no_cursor(text: object, expected: str) -> None:
    assert convert.short(text) == expected


def test_no_id_moves_a_cursor(engine: Engine) -> None:
    stand(engine, [container(1, Image="sha256:\033[31m")], [])
    assert take(engine)["containers"][0]["image_id"] == "?[31m"


EVENTS = [event("kill", signal="15"), event("stop"), event("exec_create: sh", execID="1")]
STATS = [there().headers[0][1], there(mode=1 << 31).headers[0][1], "", "e30="]


def answered(path: str) -> list[Any]:
    """Return the answers of real engines to a request of the snapshot, or a plausible one."""
    plausible: dict[str, list[Any]] = {
        CONTAINERS: [[{"Id": "1" * 64}, {"Id": "2" * 64}]],
        "/services": [[{"ID": "s", "Spec": {"Name": "n"}, "Endpoint": {"Ports": [{}]}}]],
        "/tasks": [[{"ServiceID": "s", "Status": {"State": "running"}}]],
    }
    if path in plausible:
        return plausible[path]
    if path.endswith("/history"):
        return [HISTORY]
    one_of_a_kind = path.endswith("/json") and path != "/images/json"
    recorded = answers(f"/{path.split('/')[1]}/" if one_of_a_kind else path)
    return [
        answer
        for answer in recorded
        if isinstance(answer, dict) == (path in OBJECTS or one_of_a_kind)
    ]


@bounded
@given(st.data())
def test_any_answers_make_a_snapshot_or_an_error(data: st.DataObject) -> None:
    """Each answer is a real one with something odd in it, or wholly odd, or an error."""

    def ask(_engine: object, path: str, _method: str = "GET") -> object:
        if data.draw(st.integers(0, 19)) == 0:
            return data.draw(st.one_of(st.none(), ODD))
        if data.draw(st.integers(0, 19)) == 0:
            raise EngineError(500, "no")
        return data.draw(json_of(answered(path)))

    def text(_engine: object, _path: str, _size: int) -> bytes:
        if data.draw(st.booleans()):
            return data.draw(st.binary(max_size=50))
        lines = data.draw(st.lists(json_of(EVENTS), max_size=3))
        return b"\n".join(json.dumps(line).encode() for line in lines)

    def head(_engine: object, path: str) -> Message:
        answer = Message()
        answer["X-Docker-Container-Path-Stat"] = data.draw(st.sampled_from(STATS))
        return answer

    with (
        mock.patch.object(DockerConnection, "ask", ask),
        mock.patch.object(DockerConnection, "read_beginning", text),
        mock.patch.object(DockerConnection, "head", head),
        mock.patch.object(pages, "fetch", return_value=None),
    ):
        names = ["flask", "student"]
        files = [[name, "/a"] for name in names]
        wants = {
            **dict.fromkeys(("logs", "lines", "commands"), names),
            **dict.fromkeys(("files", "texts"), files),
            "variables": ["A"],
            "events": True,
        }
        try:
            result = snapshot.take(snapshot.wanted([wants]), "/nowhere")
        except OSError:
            return
    assert list(faults(result, fields.SNAPSHOT, "snapshot")) == []
    json.dumps(result, ensure_ascii=False).encode()
    assert len(json.dumps(result)) < 100_000
