"""Test what a snapshot has of a seat's containers, images, volumes and swarm."""

import json
from pathlib import Path
from unittest import mock

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.images.delivered import Delivered
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson import convert, fields, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Seat
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults, nothing
from sample_snapshot import INFO, NOTHING, container, image, stand, take
from stand_in import Engine, Refuse

pytestmark = pytest.mark.usefixtures("small_seat")


@pytest.mark.parametrize("name", ["20.10", "26.1", "28.5", "29"])
def test_what_real_engines_have_answered_is_understood(tmp_path: Path, name: str) -> None:
    with stand_in.engine(tmp_path / "real.sock") as engine:
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
        },
        "Endpoint": {"Ports": [{"TargetPort": 8888, "Protocol": "tcp", "PublishMode": "host"}]},
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
