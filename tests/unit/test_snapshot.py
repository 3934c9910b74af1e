"""Show that a snapshot of a seat's Docker is true, quick and small, whatever the engine answers."""

import base64
import http.server
import io
import json
import re
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    convert,
    fields,
    pages,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Seat
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults, nothing
from hypothesis import given
from hypothesis import strategies as st
from mutated import ODD, answers, bounded, json_of
from stand_in import DROP, HANG, Engine, Raw, Refuse, Stream, serving

NOTHING = snapshot.wanted([])
# Seconds: more than a slow machine takes, less than without the limit that a test is about.
SOON = 15
CONTAINERS = f"/containers/json?all=true&limit={snapshot.MOST}"
OBJECTS = ("/info", "/volumes")
INFO = {
    "ServerVersion": "26.1.5",
    "MemoryLimit": True,
    "SecurityOptions": ["name=rootless"],
    "Swarm": {"ControlAvailable": False},
}


def container(number: int, **fields: object) -> dict[str, Any]:
    """Return a container as the engine describes it, as long as for one with the usual options."""
    return {
        "Id": f"{number:064x}",
        "Name": f"/exercise-{number}",
        "Created": "2026-03-01T10:42:00.123456789Z",
        "Image": f"sha256:{number % 7:064x}",
        "RestartCount": 2,
        "Path": "python",
        "Args": ["app.py", "--token", "of-nobody-else"],
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "StartedAt": "2026-03-01T10:42:01.5Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Config": {
            "Hostname": f"{number:012x}",
            "Image": "labocloud20202021:python",
            "Env": ["PASSWORD=of-nobody-else"],
            "Labels": {"labo.setup": "8", "owner": "of-nobody-else"},
        },
        "HostConfig": {
            "Memory": 2**26,
            "NetworkMode": "default",
            "AutoRemove": True,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        },
        "NetworkSettings": {
            "Ports": {
                "8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8090"}],
                "53/udp": None,
                "1/tcp": [{}],
            },
            "Networks": {
                "bridge": {"Aliases": ["exercise"], "IPAddress": "172.17.0.2"},
                "none": None,
            },
        },
        "Mounts": [{"Type": "volume", "Name": "v", "Source": "/v", "Destination": "/data"}],
        **fields,
    }


def image(number: int) -> dict[str, Any]:
    """Return an image as the engine describes it."""
    return {
        "Id": f"sha256:{number:064x}",
        "RepoTags": [f"exercise:{number}"],
        "Created": "2026-03-01T10:40:00Z",
        "Size": 80_000_000,
        "Config": {"Cmd": ["app.py"], "Labels": {"labocloud.image": "course"}},
        "RootFS": {"Layers": [f"sha256:{layer:064x}" for layer in range(8)]},
    }


HISTORY = [
    {"Created": 1772361600, "CreatedBy": "CMD [app.py]", "Size": 0, "Comment": "buildkit"},
    {"Created": 1772361600, "CreatedBy": "ENV TOKEN=of-nobody-else", "Size": 0},
    {"Created": 1772361600, "CreatedBy": "/bin/sh -c #(nop)  ARG K=of-nobody-else", "Size": 0},
    {
        "Created": 1772361600,
        "CreatedBy": "RUN |1 K=of-nobody-else a /bin/sh -c pip install flask # buildkit",
        "Size": 9,
    },
    *[
        {"Created": 1772361600, "CreatedBy": f"COPY {n} /srv # buildkit", "Size": 5}
        for n in "abcde"
    ],
]


def stand(engine: Engine, containers: list[dict[str, Any]], images: list[dict[str, Any]]) -> None:
    """Let the engine answer with these containers and images."""
    listed = [{"Id": description["Id"]} for description in containers]
    engine.on("GET", r"/containers/json\?all=true&limit=100", listed)
    for description in containers:
        engine.on("GET", f"/containers/{description['Id']}/json", description)
    engine.on("GET", "/images/json", [{"Id": i["Id"], "RepoTags": i["RepoTags"]} for i in images])
    for description in images:
        engine.on("GET", f"/images/{description['Id']}/json", description)
        engine.on("GET", f"/images/{description['Id']}/history", HISTORY)
    engine.on("GET", "/info", INFO)
    engine.on("GET", "/networks", [{"Name": "bridge", "Driver": "bridge", "Internal": False}])
    engine.on("GET", "/volumes", {"Volumes": None, "Warnings": None})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with stand_in.engine(tmp_path / "docker.sock") as engine:
        stand(engine, [container(1)], [image(0), image(1)])
        yield engine


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a slow machine the time for all answers, where a test is not about it."""
    monkeypatch.setattr(snapshot, "ALL", 120)


def take(engine: Engine, **wants: list[Any]) -> dict[str, Any]:
    """Return a snapshot, after a check of its shape."""
    result = snapshot.take(snapshot.wanted([wants]), engine.path)
    assert list(faults(result, fields.SNAPSHOT, "snapshot")) == []
    return result


def page(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with a page that is served from a file."""
    handler.send_response(200)
    handler.send_header("Last-Modified", "Sun, 01 Mar 2026 10:42:00 GMT")
    handler.end_headers()
    handler.wfile.write(handler.path.encode() + b"x" * 10_000)


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer without an end, a byte at a time; for /head the header itself has no end."""
    if handler.path != "/head":
        handler.send_response(200)
        handler.end_headers()
    for _ in range(800):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def at(port: int, number: int = 1) -> dict[str, Any]:
    """Return a container whose port 8888 is published at a port of this machine."""
    ports = {"8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}
    return container(number, NetworkSettings={"Ports": ports})


@pytest.mark.parametrize("name", ["20.10", "26.1", "28.5", "29"])
def test_what_real_engines_have_answered_is_understood(tmp_path: Path, name: str) -> None:
    with stand_in.engine(tmp_path / "docker.sock") as engine:
        engine.become(name)
        recording = json.loads(
            (stand_in.RECORDED / f"{'28.5' if name == '29' else name}.json").read_text()
        )
        answers = recording["answers"]
        engine.on(
            "GET", r"/containers/json\?all=true&limit=100", answers["/containers/json?all=true"]
        )
        result = take(engine)
    assert result["engine"]["version"].startswith(name)
    listed = answers["/containers/json?all=true"]
    assert [row["id"] for row in result["containers"]] == [row["Id"] for row in listed]
    assert len(result["images"]) == len(answers["/images/json"])
    assert all(row["layers"] and row["created"] and row["size"] for row in result["images"])
    seat = Seat(result)
    assert seat.course.command == ["app.py"]
    assert seat.container("flask").of(seat.course)
    assert {"bridge", "host", "none"} < {row["name"] for row in result["networks"]}
    assert {row["name"] for row in result["volumes"]} == {"data", "options"}


def test_fifty_containers_are_told_soon_and_in_few_bytes_on_one_connection(engine: Engine) -> None:
    stand(engine, [container(n) for n in range(50)], [image(n) for n in range(25)])
    connections = []

    def count(_server: object, request: object, _client: object) -> bool:
        connections.append(request)
        return True

    with mock.patch.object(stand_in.Server, "verify_request", count):
        result = take(engine)
    assert (len(result["containers"]), len(result["images"])) == (50, 25)
    assert len(json.dumps(result)) < 100_000
    assert len(connections) == 1
    # Each container, each image and its history, four lists, the engine itself, and its version.
    assert len(engine.asked("GET")) == 50 + 2 * 25 + 4 + 2


def test_a_container_is_told(engine: Engine) -> None:
    [facts] = take(engine, commands=["exercise-1"])["containers"]
    assert facts == {
        "id": f"{1:064x}",
        "name": "exercise-1",
        "image": "labocloud20202021:python",
        "image_id": f"{1:064x}",
        "created": pytest.approx(1772361720.123457),
        "status": "running",
        "exit": 0,
        "error": "",
        "oom": False,
        "started": 1772361721.5,
        "finished": 0.0,
        "health": "",
        "command": ["python", "app.py", "--token", "of-nobody-else"],
        "hostname": f"{1:012x}",
        "labels": {"labo.setup": "8"},
        "init": False,
        "rm": True,
        "restart": "on-failure",
        "restarts": 2,
        "memory": 2**26,
        "network": "default",
        "read_only": False,
        "ports": {"8888/tcp": [8090], "1/tcp": []},
        "mounts": [{"type": "volume", "name": "v", "from": "/v", "to": "/data", "rw": False}],
        "networks": {"bridge": ["exercise"], "none": []},
        "addresses": {"bridge": "172.17.0.2", "none": ""},
    }


def test_nothing_is_told_that_may_be_a_secret(engine: Engine) -> None:
    result = take(engine, commands=["another"])
    assert "of-nobody-else" not in json.dumps(result)
    assert [row["by"] for row in result["images"][0]["history"]][-4:] == [
        "RUN /bin/sh -c pip install flask # buildkit",
        "/bin/sh -c #(nop)  ARG",
        "ENV",
        "CMD [app.py]",
    ]


def test_images_that_have_a_name_come_first(engine: Engine) -> None:
    nameless = [{**image(n), "RepoTags": tags} for n, tags in enumerate([None, ["<none>:<none>"]])]
    stand(engine, [], [*nameless, image(2), image(3)])
    assert [row["tags"] for row in take(engine)["images"]][:2] == [["exercise:2"], ["exercise:3"]]


def delivered(name: str, print_: str, *layers: str, rows: int = 0) -> Delivered:
    """Return what a machine remembers of an image that it was given."""
    return {"fingerprint": print_, "name": name, "layers": [*layers], "rows": rows}


def test_images_that_were_delivered_are_told_by_their_fingerprints(engine: Engine) -> None:
    """Show it for a base without a name, for the course's of both names, and for what is gone."""
    of_an_exercise, base, course, older = (
        {**image(n), "Architecture": "amd64", "Config": {"Cmd": [str(n)]}} for n in range(4)
    )
    base["RepoTags"] = None
    stand(engine, [], [of_an_exercise, base, course, older, image(4)])
    remembered = [
        delivered("labocloud20202021:base", "of one that is gone", f"sha256:{7:064x}", rows=5),
        delivered("labocloud20202021:base", fingerprint(base)),
        delivered("labocloud20202021:python-0123456789ab", fingerprint(older)),
        delivered("labocloud20202021:python", fingerprint(course)),
        delivered("labocloud20202021:pythons", fingerprint(of_an_exercise)),
    ]
    result = snapshot.take(NOTHING, engine.path, remembered)
    assert list(faults(result, fields.SNAPSHOT, "snapshot")) == []
    assert {row["id"][-1]: row["delivered"] for row in result["images"]} == {
        "0": "",
        "1": "base",
        "2": "course",
        "3": "course",
        # Of this one, the engine does not tell the architecture.
        "4": "",
    }
    assert result["gone"] == [{"delivered": "base", "layers": ["0" * 16], "rows": 5}]


def test_many_images_without_a_name_leave_room_for_one_that_a_container_is_of(
    engine: Engine,
) -> None:
    nameless = [{**image(n), "RepoTags": None} for n in range(snapshot.MOST + 1)]
    last = nameless[-1]["Id"]
    stand(engine, [container(1, Image=last)], nameless)
    assert take(engine)["images"][0]["id"] == last.removeprefix("sha256:")


def test_of_a_long_history_the_beginning_is_told_and_of_many_names_all(engine: Engine) -> None:
    rows = [{"CreatedBy": f"LABEL {number}"} for number in range(200)]
    engine.on("GET", "/images/.*/history", rows[::-1])
    names = [*(f"aaa:{number}" for number in range(50)), "labocloud20202021:base"]
    engine.on("GET", "/images/sha256:0*1/json", {**image(1), "RepoTags": names})
    facts = take(engine)["images"][1]
    assert [row["by"] for row in facts["history"]] == [f"LABEL {n}" for n in range(130)]
    assert facts["tags"] == names


def test_a_swarm_is_told(engine: Engine) -> None:
    service = {
        "ID": "s1",
        "Spec": {
            "Name": "equipe",
            "Mode": {"Replicated": {"Replicas": 3}},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "labocloud20202021:python",
                    "Env": ["TOKEN=of-nobody-else", "COLOUR=of-nobody-else"],
                }
            },
            "EndpointSpec": {
                "Ports": [{"TargetPort": 8888, "Protocol": "tcp", "PublishMode": "host"}]
            },
        },
        # An engine has been seen to keep one here that was taken back.
        "Endpoint": {"Ports": [{"TargetPort": 80, "Protocol": "tcp", "PublishMode": "host"}]},
        "UpdateStatus": {"State": "rollback_completed"},
    }
    task = {
        "ServiceID": "s1",
        "Spec": {
            "ContainerSpec": {
                "Image": "labocloud20202021:python",
                "Env": ["TOKEN=of-nobody-else", "SIZE=of-nobody-else", "COLOUR"],
            }
        },
        "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"}, "Err": "why"},
    }
    engine.on("GET", "/info", {**INFO, "Swarm": {"ControlAvailable": True}})
    engine.on("GET", "/services", [service])
    engine.on("GET", "/tasks", [task, {"ServiceID": "gone"}])
    result = take(engine, variables=["SIZE", "COLOUR", "SHAPE"])
    assert "of-nobody-else" not in json.dumps(result)
    assert "TOKEN" not in json.dumps(result)
    assert result["services"] == [
        {
            "id": "s1",
            "name": "equipe",
            "image": "labocloud20202021:python",
            "replicas": 3,
            "update": "rollback_completed",
            "ports": {"8888/tcp": "host"},
            "set": ["COLOUR"],
        }
    ]
    assert result["tasks"] == [
        {
            "service": "equipe",
            "container": "c1",
            "image": "labocloud20202021:python",
            "state": "running",
            "error": "why",
            "set": ["COLOUR", "SIZE"],
        },
        {"service": "gone", "container": "", "image": "", "state": "", "error": "", "set": []},
    ]
    assert result["engine"]["swarm"]
    engine.on("GET", "/services", Refuse(503, "the swarm has lost its manager"))
    assert take(engine)["services"] == []


@pytest.mark.parametrize(
    ("written", "log"),
    [
        (b"\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\1!", "hello!"),
        (b"as a terminal\r\nhas it", "as a terminal\nhas it"),
        (b"\1\0\0\0\0\0\0\xffcut", "cut"),
        (b"\1\0\0\0\0\0", ""),
        (b"\1\0\0\0\0\0\0\2\xff\xfe", "��"),
        (b"\1\0\0\0\0\0\x27\x10" + b"x" * 9_999 + b"y", "x" * 3_999 + "y"),
        (b"\1\1\1\1 is no piece", "\1\1\1\1 is no piece"),
        (b"", ""),
    ],
)
def test_the_end_of_a_log_is_told(engine: Engine, written: bytes, log: str) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*tail=60", Raw(written))
    assert take(engine, logs=["exercise-1", "absent"])["logs"] == {"exercise-1": log}


def test_the_end_is_told_of_a_log_that_has_long_lines(engine: Engine) -> None:
    line = b"\1\0\0\0\0\0\x0b\xb8" + b"x" * 2999 + b"\n"
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(line * 59 + b"\1\0\0\0\0\0\0\3end"))
    assert take(engine, logs=["exercise-1"])["logs"]["exercise-1"].endswith("x\nend")


def test_a_log_without_an_end_is_not_read_to_it(engine: Engine) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(b"x" * 2 * snapshot.LARGEST))
    result = take(engine, logs=["exercise-1"])
    assert len(result["logs"]["exercise-1"]) == convert.LONGEST_LOG


def test_after_a_long_log_the_rest_is_told(engine: Engine) -> None:
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw(b"x" * 100_000))
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=%2Fa", there())
    result = take(engine, logs=["exercise-1"], files=[["exercise-1", "/a"]])
    assert result["logs"] == {"exercise-1": "x" * convert.LONGEST_LOG}
    assert list(result["files"]) == ["exercise-1:/a"]


def framed(*lines: str) -> bytes:
    """Return lines as an engine has them in a log."""
    return b"".join(
        b"\1\0\0\0" + len(line.encode()).to_bytes(4, "big") + line.encode() for line in lines
    )


def test_the_lines_of_a_log_are_told_with_their_times(engine: Engine) -> None:
    log = framed(
        "of a line that is cut\n",
        "2026-03-01T10:42:00.123456789Z one  two\n",
        "2026-03-01T10:42:01Z \n",
        "2026-03-01T10:42:02.5Z \033[31mred",
    )
    engine.on("GET", r"/containers/exercise-1/logs\?.*timestamps=true&tail=200", Raw(log))
    assert take(engine, lines=["exercise-1", "absent"])["lines"] == {
        "exercise-1": [
            {"time": pytest.approx(1772361720.123457), "text": "one  two"},
            {"time": 1772361721.0, "text": ""},
            {"time": 1772361722.5, "text": "?[31mred"},
        ]
    }


def test_of_long_lines_the_latest_are_told(engine: Engine) -> None:
    lines = [f"2026-03-01T10:42:{n % 60:02}Z {n} {'x' * 1000}\r\n" for n in range(200)]
    engine.on("GET", r"/containers/exercise-1/logs\?.*", Raw("".join(lines).encode()))
    result = take(engine, lines=["exercise-1"])["lines"]
    assert len(json.dumps(result)) < convert.LONGEST_LINES + 100
    texts = [line["text"] for line in result["exercise-1"]]
    assert len(texts) > 10
    assert [text.split()[0] for text in texts] == [str(n) for n in range(200 - len(texts), 200)]


def archive(content: bytes = b"a b\n", **fields: object) -> bytes:
    """Return a tar with a file. fields: of its header, which may say anything."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("passages")
        member.size = len(content)
        for field, value in fields.items():
            setattr(member, field, value)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Raw(archive()), "a b\n"),
        (Raw(archive("é".encode() * 5000)), "é" * (convert.LONGEST_TEXT // 2)),
        (Raw(archive(b"\xff", pax_headers={"SCHILY.xattr.a": "b" * 900})), "\ufffd"),
        (Raw(archive(type=tarfile.DIRTYPE, size=0)), ""),
        (Raw(archive(b"", type=tarfile.SYMTYPE, linkname="/etc/shadow")), ""),
        (Raw(archive(b"no file", type=tarfile.CHRTYPE)), ""),
        (Stream(archive(b"x" * 100_000)), "x" * convert.LONGEST_TEXT),
        (Raw(archive()[:512]), ""),
        (Raw(archive()[:500]), ""),
        (Raw(b"no tar" * 200), ""),
        (Raw(b""), ""),
        (Refuse(500), ""),
        (Refuse(404), ""),
    ],
)
def test_the_beginning_of_a_file_is_told(engine: Engine, answer: object, text: str) -> None:
    """Show it for a directory, a link, and a file that has no end, too."""
    engine.on("GET", r"/containers/exercise-1/archive\?path=%2Fa", answer)
    wanted = [["exercise-1", "/a"], ["absent", "/a"]]
    assert take(engine, texts=wanted)["texts"] == {"exercise-1:/a": text}


@pytest.mark.parametrize(
    ("status", "log", "is_read"),
    [
        ("running", b"a", True),
        ("running", b"", True),
        ("paused", b"a", True),
        ("exited", b"", True),
        ("exited", b"a", False),
    ],
)
def test_a_file_is_read_only_where_no_log_can_tell(
    engine: Engine, status: str, log: bytes, *, is_read: bool
) -> None:
    stand(engine, [container(1, State={"Status": status})], [])
    engine.on("GET", "/containers/exercise-1/archive.*", Raw(archive()))
    engine.on("GET", "/containers/exercise-1/logs.*", Raw(log))
    wants = {"logs": ["exercise-1"], "texts": [["exercise-1", "/a"]]}
    assert bool(take(engine, **wants)["texts"]) == is_read
    assert any("archive" in path for path in engine.asked("GET")) == is_read


ID = "0123456789ab" * 5 + "cdef"


def event(action: str, seconds: float = 1.5, **attributes: str) -> dict[str, Any]:
    """Return an event of a container as engines write it."""
    return {
        "status": action,
        "Type": "container",
        "Action": action,
        "Actor": {"ID": ID, "Attributes": {"image": "of-nobody-else", **attributes}},
        "scope": "local",
        "time": int(seconds),
        "timeNano": int(seconds * 1e9),
    }


def written(*events: object) -> Raw:
    """Return how an engine answers with events: one a line."""
    return Raw(b"".join(json.dumps(event).encode() + b"\n" for event in events))


def test_what_the_engine_remembers_is_told(engine: Engine) -> None:
    image = {**event("pull", 0.5), "Type": "image"}
    other = event("create", 5.0)
    other["Actor"]["ID"] = "f" * 64
    happened = [
        image,
        event("start", 1.0),
        event("exec_create: sh -c of-nobody-else", 2.0, execID="of-nobody-else"),
        event("kill", 3.0, signal="15"),
        event("kill", 3.5, signal="9"),
        event("die", 3.5, exitCode="137"),
        event("stop", 4.0),
        other,
    ]
    engine.on("GET", "/events.*", written(*happened))
    result = take(engine, events=True)
    assert result["events"] == {
        "since": 0.5,
        "named": ["f" * 12, ID[:12]],
        "ended": {
            ID[:12]: [
                {"time": 3.0, "signal": 15},
                {"time": 3.5, "signal": 9},
                {"time": 4.0, "signal": 0},
            ]
        },
    }
    assert "of-nobody-else" not in json.dumps(result)


def test_the_engine_is_asked_only_for_what_has_happened(engine: Engine) -> None:
    """Without an end, or with one that is to come, its answer would last until then."""
    before = time.time()
    take(engine, events=False)
    take(engine, events=True)
    [path] = [path for path in engine.asked("GET") if path.startswith("/events")]
    until = re.fullmatch(r"/events\?since=1&until=(\d+\.\d{6})", path)
    assert until
    assert before - 1 < float(until[1]) < time.time() + 1


NO_EVENTS = {"since": 0.0, "named": [], "ended": {}}


@pytest.mark.parametrize(
    "answer",
    [
        Refuse(400),
        Refuse(500),
        Raw(b""),
        Raw(b"no JSON\n\xff\n[1, 2]\n{}\n"),
        Raw(b"[" * 100_000),
        written({**event("stop"), "timeNano": "1"}, {**event("stop"), "Actor": None}),
        # As many that some may be missing.
        Raw(b" " * 2_000_000 + json.dumps(event("stop")).encode()),
        Raw(json.dumps(event("stop")).encode() + b"\n" + b" " * 2_000_000),
    ],
)
def test_events_that_are_not_told_prove_nothing(engine: Engine, answer: object) -> None:
    engine.on("GET", "/events.*", answer)
    assert take(engine, events=True)["events"] == NO_EVENTS


@pytest.mark.parametrize(
    "odd",
    [
        {**event("kill"), "Actor": {"Attributes": {"signal": "9"}}},
        {**event("kill"), "Actor": {"ID": "\033[31mno digits", "Attributes": None}},
        {**event("stop"), "Type": "network"},
    ],
)
def test_of_an_odd_event_only_the_time_counts(engine: Engine, odd: object) -> None:
    engine.on("GET", "/events.*", written(odd, event("kill", 2.0, signal="SIGNAL")))
    expected = {"since": 1.5, "named": [ID[:12]], "ended": {}}
    assert take(engine, events=True)["events"] == expected


def test_many_events_leave_a_snapshot_small_and_stay(engine: Engine) -> None:
    happened = []
    for number in range(256):
        happened.append(event("kill", number + 0.123456, signal="15"))
        happened[-1]["Actor"] = {**happened[-1]["Actor"], "ID": f"{number:012d}" + "0" * 52}
    engine.on("GET", "/events.*", written(*happened))
    engine.on("GET", r"/containers/exercise-\d+/logs.*", Raw(b"\1" * 9000))
    stand(engine, [container(number) for number in range(40)], [image(n) for n in range(60)])
    result = take(engine, events=True, logs=[f"exercise-{number}" for number in range(40)])
    assert len(json.dumps(result)) < 100_000
    assert len(result["events"]["named"]) == 200
    assert len(result["events"]["ended"]) == 256


def test_events_stay_where_they_are_the_largest_part() -> None:
    events = {"since": 1.5, "named": ["n" * 12] * 200, "ended": {"e": [{"time": 1.5}] * 2000}}
    kinds = ("containers", "images", "networks", "volumes", "tasks")
    taken: Any = {**snapshot.shaped({}), "events": dict(events)}
    taken |= {kind: [{"name": "n" * 1000} for _ in range(16)] for kind in kinds}
    assert len(json.dumps(taken)) > 100_000
    result = snapshot.small(taken)
    assert len(json.dumps(result)) < 100_000
    assert result["events"] == events


def test_what_compose_calls_a_volume_is_told(engine: Engine) -> None:
    labels = {"com.docker.compose.volume": "visites", "com.docker.compose.version": "2"}
    engine.on("GET", "/volumes", {"Volumes": [{"Name": "ex10_visites", "Labels": labels}]})
    [volume] = take(engine)["volumes"]
    assert volume["labels"] == {"com.docker.compose.volume": "visites"}


def test_an_engine_is_told(engine: Engine) -> None:
    facts = take(engine)["engine"]
    assert {**facts, "compose": None} == {
        "version": "26.1.5",
        "rootless": True,
        "memory": True,
        "compose": None,
        "swarm": False,
    }
    engine.on("GET", "/info", {})
    assert not take(engine)["engine"]["rootless"]


def test_of_an_image_less_can_be_told(engine: Engine) -> None:
    engine.on("GET", "/images/.*/history", [{}])
    engine.on("GET", "/images/sha256:0*1/json", {"Id": "sha256:1"})
    assert take(engine)["images"][1] == {
        **nothing(fields.SNAPSHOT["images"][0]),
        "id": "1",
        "history": [{"by": "", "size": 0, "created": 0.0}],
    }


def there(**stat: object) -> Raw:
    """Return how an engine answers, by a header, what is at a path: a file, if nothing else."""
    whole = {"name": "a", "size": 13, "mode": 0o644, "mtime": "2026-03-01T10:42:00.5Z", **stat}
    text = base64.b64encode(json.dumps(whole).encode()).decode()
    return Raw(b"", headers=(("X-Docker-Container-Path-Stat", text),))


def test_what_file_a_container_has_is_told(engine: Engine) -> None:
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=.*", Refuse(404))
    engine.on("HEAD", r"/containers/exercise-1/archive\?path=%2Fa%20b%3F%26", there())
    wanted = [["exercise-1", "/a b?&"], ["exercise-1", "/other"], ["absent", "/a"]]
    result = take(engine, files=wanted)
    file = {"kind": "file", "size": 13, "modified": 1772361720.5}
    assert result["files"] == {"exercise-1:/a b?&": file}
    paths = [question.path for question in engine.questions if question.method == "HEAD"]
    assert paths == [
        "/containers/exercise-1/archive?path=%2Fa%20b%3F%26",
        "/containers/exercise-1/archive?path=%2Fother",
    ]


@pytest.mark.parametrize(
    ("bit", "kind"),
    [
        (None, "file"),
        (31, "directory"),
        (27, "link"),
        (26, "other"),
        (25, "other"),
        (24, "other"),
        (21, "other"),
        (19, "other"),
        # Only rights: that a program runs as its owner.
        (23, "file"),
    ],
)
def test_what_a_file_is_is_told(engine: Engine, bit: int | None, kind: str) -> None:
    mode = 0o777 | (1 << bit if bit else 0)
    engine.on("HEAD", "/containers/exercise-1/archive.*", there(mode=mode))
    [file] = take(engine, files=[["exercise-1", "/a"]])["files"].values()
    assert file["kind"] == kind


@pytest.mark.parametrize(
    "answer",
    [
        Raw(b""),
        there(size="13"),
        there(mtime=None),
        *(
            Raw(b"", headers=(("X-Docker-Container-Path-Stat", text),))
            for text in ("no base64", "e30", "bm8gSlNPTg==", "é", "W1tb")
        ),
    ],
)
def test_a_file_that_is_not_understood_is_left_out(engine: Engine, answer: Raw) -> None:
    engine.on("HEAD", "/containers/exercise-1/archive.*", answer)
    assert take(engine, files=[["exercise-1", "/a"]])["files"] == {}


def test_a_page_is_fetched_at_whatever_port_it_has(engine: Engine) -> None:
    with serving(page) as port:
        stand(engine, [at(port)], [])
        wanted = [["exercise-1", 8888, "/a"], ["exercise-1", 80, "/"], ["absent", 8888, "/"]]
        result = take(engine, pages=wanted)
    assert result["pages"] == {
        "exercise-1:8888/a": {
            "status": 200,
            "modified": 1772361720.0,
            "size": pages.LONGEST_PAGE,
            "body": ("/a" + "x" * 10_000)[: pages.LONGEST_PAGE],
        }
    }


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("", True),
        ("0.0.0.0", True),
        ("::", True),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("::1", False),
        ("192.0.2.1", False),
        ("localhost", False),
        (7, False),
    ],
)
def test_a_page_is_fetched_at_its_address(engine: Engine, host: object, *, answers: bool) -> None:
    with serving(page) as port:
        bindings = [{}, {"HostIp": host, "HostPort": str(port)}, {"HostIp": "", "HostPort": "1"}]
        stand(engine, [container(1, NetworkSettings={"Ports": {"8888/tcp": bindings}})], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert bool(result["pages"]) == answers


def with_length(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with a page whose length is told."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    handler.wfile.write(b"x" * 10_000)


def test_the_size_of_a_whole_page_is_told(engine: Engine) -> None:
    with serving(with_length) as port:
        stand(engine, [at(port)], [])
        [facts] = take(engine, pages=[["exercise-1", 8888, "/"]])["pages"].values()
    assert (facts["size"], len(facts["body"])) == (10_000, pages.LONGEST_PAGE)


def published(ports: dict[str, int], number: int = 1, **labels: str) -> dict[str, Any]:
    """Return a container with ports at this machine's, and with labels of Compose."""
    bindings = {port: [{"HostPort": str(host)}] for port, host in ports.items()}
    compose = {f"com.docker.compose.{key}": value for key, value in labels.items()}
    return container(number, NetworkSettings={"Ports": bindings}, Config={"Labels": compose})


def silent() -> tuple[socket.socket, int]:
    """Return a socket that accepts, and never answers, and its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, listening.getsockname()[1]


def missing(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer that there is no such page."""
    handler.send_error(404)


def test_a_page_is_fetched_at_the_first_published_port_that_has_it(engine: Engine) -> None:
    with serving(missing) as other, serving(page) as port:
        ports = {"9000/tcp": port, "53/udp": 1, "80/tcp": other, "1/sctp": port}
        stand(engine, [published(ports), published({"80/tcp": other}, 2)], [])
        wanted = [["exercise-1", 0, "/a"], ["exercise-2", 0, "/a"], ["exercise-3", 0, "/a"]]
        result = take(engine, pages=wanted)
    statuses = {name: page["status"] for name, page in result["pages"].items()}
    assert statuses == {"exercise-1:0/a": 200, "exercise-2:0/a": 404}


def test_of_many_ports_three_are_tried_and_all_in_the_time_of_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[tuple[int, float]] = []

    def fetch(port: int, _path: str, seconds: float, _host: str) -> None:
        tries.append((port, seconds))

    monkeypatch.setattr(pages, "fetch", fetch)
    stand(engine, [published({f"{n}/tcp": n for n in (10, 9, 8, 7)})], [])
    assert take(engine, pages=[["exercise-1", 0, "/"]])["pages"] == {}
    assert [port for port, _ in tries] == [7, 8, 9]
    assert sum(seconds for _, seconds in tries) <= pages.ONE_PAGE


def test_ports_that_are_silent_are_given_up_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ONE_PAGE", 0.6)
    sockets = [silent() for _ in range(2)]
    with serving(page) as port:
        ports = {f"{number}/tcp": host for number, (_, host) in enumerate(sockets, start=1)}
        stand(engine, [published({**ports, "3/tcp": port})], [])
        begun = time.monotonic()
        result = take(engine, pages=[["exercise-1", 0, "/"]])
        assert time.monotonic() - begun < SOON
    for listening, _ in sockets:
        listening.close()
    assert result["pages"]["exercise-1:0/"]["status"] == 200


def test_the_pages_of_a_service_of_compose_are_those_of_its_containers(engine: Engine) -> None:
    with serving(page) as port:
        web = {"service": "web", "oneoff": "False"}
        others = [
            published({}, 10, **web),
            published({"80/tcp": port}, 8, service="other"),
            published({"80/tcp": port}, 9, service="web", oneoff="True"),
        ]
        containers = [published({"80/tcp": port}, number, **web) for number in range(1, 8)]
        stand(engine, [*others, *containers], [])
        result = take(engine, pages=[["service:web", 0, "/look"], ["service:none", 80, "/"]])
    assert list(result["pages"]) == [f"exercise-{number}:0/look" for number in range(1, 6)]


def test_a_page_at_another_of_the_seats_addresses_is_fetched_there(engine: Engine) -> None:
    with serving(page, "127.0.0.2") as port:
        bindings = [{"HostIp": "127.0.0.2", "HostPort": str(port)}]
        stand(engine, [container(1, NetworkSettings={"Ports": {"8888/tcp": bindings}})], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert result["pages"]["exercise-1:8888/"]["status"] == 200


def with_host(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with the name by which the server was asked."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(handler.headers["Host"].encode())


def test_whoever_looks_asks_by_the_name_of_the_machine_itself() -> None:
    """Show it at an address that is another one's, so that the course's app logs no look."""
    with serving(with_host, "127.0.0.2") as port:
        page = pages.fetch(port, "/", stand_in.PLENTY, "127.0.0.2")
    assert page
    assert page["body"] == "localhost"


def test_a_page_is_asked_for_at_the_seats_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine could name any address."""
    addresses = []
    monkeypatch.setattr(
        socket.socket, "connect", lambda _socket, address: addresses.append(address)
    )
    assert pages.fetch(80, "/", 0.3, "192.0.2.1") is None
    assert addresses == []


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nless",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nxxxxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
        b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\nLast-Modified: never\r\n\r\n",
    ],
)
def test_a_page_that_is_none_is_no_fault_of_the_engines(engine: Engine, head: bytes) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)

    with serving(answer) as port:
        stand(engine, [at(port)], [])
        result = take(engine, pages=[["exercise-1", 8888, "/"]])
    assert len(result["containers"]) == 1


@pytest.mark.parametrize("port", [0, 1, 2**16, 2**40, -1])
def test_a_port_that_nobody_can_have_is_not_asked(engine: Engine, port: int) -> None:
    stand(engine, [at(port)], [])
    assert take(engine, pages=[["exercise-1", 8888, "/"]])["pages"] == {}


@pytest.mark.parametrize("path", ["/", "/head"])
def test_pages_that_drip_are_given_up_one_by_one_and_all_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(pages, "ONE_PAGE", 0.3)
    monkeypatch.setattr(pages, "ALL_PAGES", 0.5)
    asked = []

    def note_and_drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        drip(handler)

    with serving(note_and_drip) as port:
        stand(engine, [at(port, number) for number in range(90)], [])
        result = take(engine, pages=[[f"exercise-{n}", 8888, path] for n in range(90)])
    assert result["pages"] == {}
    assert len(result["containers"]) == 90
    assert len(asked) < 90


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
    with dripping(tmp_path / "docker.sock") as path:
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:10.25Z", 10.25),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:00-00:30", 1800.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("9999-12-31T23:59:59-23:59", 253402387139.0),
        ("1970-01-32T00:00:00Z", 0.0),
        ("", 0.0),
        (None, 0.0),
        (12, 0.0),
    ],
)
def test_a_time_is_told_in_seconds(text: object, expected: float) -> None:
    assert convert.seconds(text) == expected


def test_what_exercises_want_is_put_together() -> None:
    first = {"pages": [["a", 80, "/"]], "logs": ["b", "a"]}
    second = {"pages": [["a", 80, "/"], ["a", 80, "/b"]], "logs": ["a"], "files": [["c", "/d"]]}
    third = {"texts": [["c", "/d"]] * 2, "lines": ["a"], "variables": ["V"], "events": True}
    assert snapshot.wanted([first, second, {"events": False}, third, {}]) == {
        "files": [("c", "/d")],
        "texts": [("c", "/d")],
        "pages": [("a", 80, "/"), ("a", 80, "/b")],
        "commands": [],
        "logs": ["a", "b"],
        "lines": ["a"],
        "variables": ["V"],
        "events": True,
    }


EVENTS = [event("kill", signal="15"), event("stop"), event("exec_create: sh", execID="1")]
STATS = [there().headers[0][1], there(mode=1 << 31).headers[0][1], "", "e30="]


def answered(path: str) -> list[Any]:
    """Return the answers of real engines to a request of the snapshot, or a plausible one."""
    plausible: dict[str, list[Any]] = {
        CONTAINERS: [[{"Id": "1" * 64}, {"Id": "2" * 64}]],
        "/services": [[{"ID": "s", "Spec": {"Name": "n", "EndpointSpec": {"Ports": [{}]}}}]],
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
