"""Show what the module lists of an engine, what it has removed, and what it leaves."""

import json
import os
import re
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import mounts, state
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    identities,
    look,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts import (
    exercises as facts_exercises,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import Places
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import bare
from ansible_collections.labocloud.room.plugins.module_utils.reset import memory
from ansible_collections.labocloud.room.plugins.module_utils.reset.changes import TASK
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import (
    container_stamp,
    volume_stamp,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.words import NEXT, STILL
from ansible_collections.labocloud.room.plugins.modules import seat_students
from namespaces import mounting, with_mounts
from sample_seat import SEAT
from stand_in import DROP, FEW, HANG, Engine, Question, Raw, Refuse

BASE, COURSE, MINE, THEIRS = "sha256:base", "sha256:course", "sha256:mine", "sha256:theirs"
IN_A_SWARM = ("services", "secrets", "configs")

BARE = SEAT["before"]


def volume(name: str, driver: str = "local", *, elsewhere: bool = False) -> dict[str, Any]:
    return {"name": name, "driver": driver, "elsewhere": elsewhere, "bytes": 1}


def going(listing: dict[str, Any], kind: str) -> list[str]:
    return [thing["id"] for thing in listing[kind]]


# An engine's answers, without the fields that nothing reads. MINE has no parent and was pulled.
CONTAINER = {
    "Id": "c1",
    "Names": ["/web"],
    "State": "running",
    "ImageID": MINE,
    "Labels": None,
    "SizeRw": 7,
    "Mounts": [
        {"Type": "bind", "Source": "/home"},
        {"Type": "volume", "Name": "data", "Source": ""},
    ],
    "NetworkSettings": {"Networks": {"net": {"NetworkID": "n1"}, "idle": {"NetworkID": ""}}},
}
INSPECTED = {
    "Id": MINE,
    "RepoTags": ["mine:1", "<none>:<none>"],
    "RepoDigests": ["mine@sha256:d"],
    "Parent": BASE,
    "Config": {"Labels": {"a": "b"}},
    "RootFS": {"Type": "layers", "Layers": ["sha256:l"]},
    "Architecture": "amd64",
}
# This container was never started, and the engine has measured nothing of it.
IDLE = {key: CONTAINER[key] for key in ("Id", "State", "ImageID", "Labels")} | {"Names": None}
USAGE = {
    "Images": [{"Id": MINE, "Size": 9, "SharedSize": 4}],
    "Volumes": [{"Name": "data", "UsageData": {"Size": 5, "RefCount": 1}}],
    "BuildCache": [
        {"ID": "b1", "Shared": False, "Size": 3, "CreatedAt": "2026-01-01"},
        {"ID": "b2", "Shared": True, "Size": 4, "CreatedAt": "2026-01-02"},
    ],
}
VOLUMES = [
    {"Name": "data", "Driver": "local", "Mountpoint": "/v/data/_data", "Options": None},
    {"Name": "home", "Driver": "local", "Options": {"type": "none", "device": "/home"}},
    {"Name": "small", "Driver": "local", "Options": {"size": "1G"}},
    {"Name": "far", "Driver": "nfs", "Options": {}},
]
SWARM = {"NodeID": "node", "ControlAvailable": True}


@pytest.fixture
def talks(engine: Engine, remembers: Path) -> Engine:
    """Return a stand-in that describes a seat as engines before 29 do; it was empty before."""
    was(BARE)
    engine.on("GET", r"/system/df\?.*", USAGE)
    engine.on("GET", r"/images/json\?all=true", [{"Id": MINE}, {"Id": "sha256:gone"}])
    engine.on("GET", f"/images/{MINE}/json", INSPECTED)
    engine.on("GET", r"/containers/json\?all=true&size=true", [CONTAINER])
    engine.on("GET", "/volumes", {"Volumes": VOLUMES, "Warnings": None})
    engine.on("GET", "/networks", [{"Id": "n1", "Name": "net", "Driver": "bridge"}])
    engine.on("GET", "/plugins", [{"Id": "p1", "Name": "nfs:1", "Enabled": False}])
    engine.on("GET", "/info", {"Swarm": SWARM})
    for kind in IN_A_SWARM:
        engine.on("GET", f"/{kind}", [{"ID": f"id-{kind}", "Spec": {"Name": kind}}])
    return engine


def was(before: dict[str, Any] | None) -> None:
    """Record on the machine what it was like before."""

    def change(remembered: state.State) -> None:
        remembered.before = before

    state.update(change)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory in which labo remembers, which does not exist yet."""
    place = tmp_path / "labo"
    monkeypatch.setattr(memory, "PLACES", Places(memory=place))
    monkeypatch.setattr(access, "SYSTEMD", "/nonexistent")
    return place


def listed(engine: Engine, **rules: object) -> dict[str, Any]:
    arguments = {"docker_socket": engine.path, "host": "pc07", **rules}
    return stand_in.run(seat_students.main, **arguments)


def test_a_listing_has_all_that_an_engine_tells_of(talks: Engine) -> None:
    result = listed(talks)
    assert result["changed"] is False
    assert result["lines"] == [
        "membership of a swarm",
        "service services, of that swarm",
        "secret secrets, of that swarm",
        "config configs, of that swarm",
        "container web (running), 7B",
        "image mine:1, 5B",
        "volume data, 5B",
        "volume home (driver local; its data stay where it keeps them)",
        "volume small, 0B",
        "volume far (driver nfs; its data stay where it keeps them)",
        "network net",
        "plugin nfs:1",
        "build cache, 3B",
    ]
    assert result["bytes"] == 20
    assert result["things"]["images"] == [
        {"id": MINE, "name": "mine:1", "names": ["mine:1"], "bytes": 5}
    ]
    with closing(DockerConnection(talks.path)) as docker:
        ids = identities(look(docker))
    assert ids == {
        "containers": ["c1"],
        "images": {MINE: ["mine:1"]},
        "networks": ["n1"],
        "plugins": ["p1"],
        "cache": ["b2", "b1"],
        "swarm": "node",
    }
    work = "image mine:1, volume data, volume home, volume small, volume far"
    lost = f"nobody has saved (labo save): {work}"
    assert result["unsaved"] == work.split(", ")
    assert result["told"] == ["pc07: 13 would go, 20B:", *result["lines"], lost, NEXT]
    assert result["save"] == {
        "containers": ["c1"],
        "images": result["things"]["images"],
        "volumes": ["data", "home", "small", "far"],
        "networks": ["n1"],
        "bytes": 17,
    }
    lines = listed(talks, confirmed=True)["told"]
    assert lines == ["pc07: 13 to go now, 20B:", *result["lines"], lost]
    was(BARE | {"ids": ids, "volumes": [volume["Name"] for volume in VOLUMES]})
    nothing = listed(talks)
    assert (nothing["lines"], nothing["refused"]) == ([], "")
    assert nothing["told"] == ["pc07: nothing of students is here."]
    was(BARE)
    things = listed(talks, keep=["web"])["things"]
    assert [things["containers"], things["images"]] == [[], []]
    assert going(things, "volumes") == ["home", "small", "far"]
    assert going(things, "networks") == []


def mode(engine: Engine) -> int:
    return os.stat(engine.path).st_mode & 0o777


@pytest.mark.parametrize("check", [False, True])
def test_students_are_kept_out_before_what_is_to_be_saved_is_listed(
    talks: Engine, check: bool
) -> None:
    os.chmod(talks.path, 0o660)
    modes = set()

    def usage(_: Question) -> object:
        modes.add(mode(talks))
        return USAGE

    talks.on("GET", r"/system/df\?.*", usage)
    assert listed(talks, close=True, _ansible_check_mode=check)["save"]
    assert modes == {mode(talks)} == {0o660 if check else 0o600}
    os.chmod(talks.path, 0o660)
    assert listed(talks)["save"]
    assert mode(talks) == 0o660


@pytest.mark.parametrize("why", ["nothing to save", "it is not known", "no answer"])
def test_students_are_let_in_again_where_nothing_will_be_saved(talks: Engine, why: str) -> None:
    os.chmod(talks.path, 0o660)
    if why == "nothing to save":
        for path, answer in (
            (r"/containers/json\?.*", []),
            ("/volumes", {}),
            (r"/images/json.*", []),
        ):
            talks.on("GET", path, answer)
    elif why == "it is not known":
        was(None)
    else:
        talks.on("GET", "/networks", DROP)
    result = listed(talks, close=True)
    assert (result.get("failed", False), result.get("save")) == (why == "no answer", None)
    assert mode(talks) == 0o660


def remembers_of_class(place: Path, *volumes: str) -> Path:
    """Write labo's record that an account has saved an image and volumes; return its file."""
    place.mkdir(mode=0o1777)
    place.chmod(0o1777)
    file = place / f"{os.geteuid()}.json"
    saved = {"time": 1.0, "images": [bare(MINE)], "volumes": list(volumes)}
    record = {"version": 1, "answers": {}, "done": {}, "saved": saved}
    file.write_text(json.dumps(record))
    return file


def test_what_somebody_has_taken_home_is_not_told_as_unsaved(talks: Engine, kept: Path) -> None:
    file = remembers_of_class(kept, "data", "home", "small")
    result = listed(talks)
    assert result["unsaved"] == ["volume far"]
    assert "nobody has saved (labo save): volume far" in result["told"]
    # The record is of another image of the same name.
    file.write_text(file.read_text().replace("mine", "old"))
    assert listed(talks)["unsaved"] == ["image mine:1", "volume far"]


def test_what_labo_remembers_goes_with_a_reset_that_is_confirmed(talks: Engine, kept: Path) -> None:
    file = remembers_of_class(kept)
    result = listed(talks)
    assert "what labo remembers of the exercises" in result["lines"]
    assert file.exists()
    arguments = {"docker_socket": talks.path, "host": "pc07", "state": "absent"}
    things: dict[str, Any] = {key: [] for key in result["things"]}
    things |= {"names": {}, "memory": result["things"]["memory"]}
    assert stand_in.run(seat_students.main, **arguments, things=things, _ansible_check_mode=True)
    assert file.exists()
    assert stand_in.run(seat_students.main, **arguments, things=things)["changed"]
    assert list(kept.iterdir()) == []
    assert listed(talks)["things"]["memory"] == []


@mounting
def test_a_disk_of_its_own_for_the_memory_is_emptied_and_no_more(talks: Engine, kept: Path) -> None:
    kept.mkdir()
    mode = facts_exercises.MODE_OF_MEMORY

    def work() -> dict[str, Any]:
        kept.chmod(mode)
        (kept / "1000.json").write_text("{}")
        before = listed(talks)["things"]["memory"]
        left: list[str] = []
        memory.forget(left)
        names = [str(path.relative_to(kept)) for path in kept.rglob("*")]
        return {"before": before, "left": left, "names": names, "after": listed(talks)["lines"]}

    disk = 'mount -t tmpfs none .; cd "$PWD"; mkdir lost+found; touch lost+found/found'
    result = with_mounts(disk, kept, work)
    assert [thing["id"] for thing in result["before"]] == [str(kept)]
    assert (result["left"], result["names"]) == ([], ["lost+found", "lost+found/found"])
    assert "what labo remembers of the exercises" not in result["after"]


def test_a_directory_that_is_not_labos_is_left_alone(talks: Engine, kept: Path) -> None:
    kept.mkdir()
    (kept / "thesis").write_text("years of work")
    assert listed(talks)["things"]["memory"] == []
    left: list[str] = []
    memory.forget(left)
    assert (left, (kept / "thesis").exists()) == ([], True)


def test_what_is_remembered_decides_whose_an_image_and_a_container_are(talks: Engine) -> None:
    def bring(remembered: state.State) -> None:
        remembered.name_image("mine:1", fingerprint(INSPECTED))
        remembered.name_image("gone:1", "x")
        remembered.brought["containers"] = ["c1"]

    state.update(bring)
    things = listed(talks)["things"]
    assert (things["images"], things["containers"], things["names"]) == ([], [], {})

    def name(remembered: state.State) -> None:
        remembered.name_image("mine:1", "of another image")

    state.update(name)
    assert listed(talks, keep=["nothing"])["things"]["images"] == []  # its container runs on it
    state.update(lambda remembered: remembered.brought.update(containers=[]))
    assert [image["name"] for image in listed(talks)["things"]["images"]] == ["mine:1"]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (None, "it has changed nothing here yet. Fix: ./lab up --limit pc07."),
        (BARE | {"docker_data": True}, "Docker had data and did not run. Fix: remove by hand"),
    ],
)
def test_where_it_is_not_known_what_was_there_nothing_is_listed(
    talks: Engine, before: dict | None, why: str
) -> None:
    was(before)
    result = listed(talks)
    head = "pc07: it is not known what was there before the toolkit: "
    assert result["refused"].startswith(head + why)
    assert (result["lines"], result["told"]) == ([], ["pc07: nothing of students is here."])
    assert talks.questions == []


def test_where_docker_had_data_and_ran_it_is_known(talks: Engine) -> None:
    was(BARE | {"docker_data": True, "docker_running": True})
    result = listed(talks)
    assert result["refused"] == ""
    assert result["things"]["containers"]


def test_an_engine_that_does_not_answer_is_no_reason_to_fail(talks: Engine, tmp_path: Path) -> None:
    result = listed(talks, docker_socket=str(tmp_path / "none"))
    assert result["refused"].startswith("pc07: Docker does not answer. Fix: ./lab up --limit pc07")
    assert result["lines"] == []


def test_what_cannot_be_read_lets_nothing_be_listed(talks: Engine, remembers: Path) -> None:
    (remembers / "state.json").write_text("{")
    result = listed(talks)
    assert result["failed"]
    assert result["msg"].startswith("pc07: ")
    assert "state.json cannot be read" in result["msg"]


def test_an_image_is_told_of_as_it_is_and_what_was_not_measured_is_nothing(talks: Engine) -> None:
    def image_bytes(size: int, shared: int) -> int:
        used = {"Images": [{"Id": MINE, "Size": size, "SharedSize": shared}]}
        used["Volumes"] = [{"Name": "data", "UsageData": {"Size": -1}}]
        talks.on("GET", r"/system/df\?.*", used)
        talks.on("GET", r"/containers/json\?.*", [CONTAINER | {"SizeRw": 0}, IDLE])
        with closing(DockerConnection(talks.path)) as docker:
            seat = look(docker)
        assert [container["bytes"] for container in seat["containers"]] == [0, 0]
        assert seat["volumes"][0]["bytes"] == 0
        image = seat["images"][MINE]
        assert image.pop("fingerprint")
        assert image | {"bytes": 0} == {
            "names": ["mine:1"],
            "digests": ["mine@sha256:d"],
            "parent": BASE,
            "labels": {"a": "b"},
            "layers": ["sha256:l"],
            "bytes": 0,
        }
        return image["bytes"]

    assert image_bytes(9, 4) == 5
    assert image_bytes(9, 0) == image_bytes(9, -1) == 9


def test_what_newer_engines_leave_out_is_not_there(talks: Engine) -> None:
    """Show the same for an engine without a swarm, or whose swarm has lost its managers."""
    bare = {"Id": MINE, "Config": {}, "RootFS": {"Type": "layers"}, "Architecture": "amd64"}
    talks.on("GET", f"/images/{MINE}/json", bare)
    talks.on("GET", r"/system/df\?.*", {"ImageUsage": {"ActiveCount": 1}})
    talks.on("GET", "/volumes", {"Volumes": None})
    for kind in IN_A_SWARM:
        talks.on("GET", f"/{kind}", Refuse(503, "no leader"))
    result = listed(talks)
    assert result["lines"] == [
        "membership of a swarm",
        "container web (running), 7B",
        "image mine, 0B",
        "network net",
        "plugin nfs:1",
    ]
    talks.on("GET", "/info", {"Swarm": {"NodeID": "node", "ControlAvailable": False}})
    talks.questions.clear()
    assert listed(talks)["lines"] == result["lines"]
    assert not {"/services", "/secrets", "/configs"} & set(talks.asked("GET"))


def test_very_many_volumes_are_counted_and_go_some_thousands_at_a_time(talks: Engine) -> None:
    """Show that the answer and its lines stay small, and that nothing claims to be complete."""
    many = {f"v{number:05}": None for number in range(100_000)}

    def volumes(_: Question) -> object:
        listing = [{"Name": name, "Driver": "local", "Options": None} for name in many]
        return {"Volumes": listing}

    talks.on("GET", "/volumes", volumes)
    result = listed(talks)
    things = result["things"]
    count = len(things["volumes"])
    assert 1000 < count < 100_000
    # Later kinds are not listed either, because a volume may need one of the plugins.
    assert things["networks"] == things["plugins"] == things["cache"] == []
    assert things["more"] == 100_000 - count + 4
    assert len(json.dumps(result)) < 1_500_000
    assert len(result["lines"]) < 300
    assert len(result["unsaved"]) < 300
    assert f"and {count - 199:,} more" in " ".join(result["told"])
    assert any(f"{things['more']:,} more, which one listing" in line for line in result["told"])
    assert len("\n".join(result["told"])) < 30_000

    def delete(_: Question, name: str) -> None:
        many.pop(name, None)

    talks.on("GET", "/volumes/(v.*)", {"Driver": "nfs", "Mountpoint": "/x"})
    talks.on("DELETE", "/volumes/(v.*)", delete)
    things = {**things, **{kind: [] for kind in ("swarm", "containers", "images")}}
    things = {**things, "volumes": things["volumes"][:3]}
    result = removed(talks, things)
    assert result["failed"]
    assert f"{things['more']:,} more: one listing does not hold them" in result["msg"]
    assert "give the same command again" in result["msg"]
    assert len(many) == 100_000 - 3


def test_what_an_engine_refuses_a_thousand_times_is_told_in_some_lines(obeys: Engine) -> None:
    obeys.on("DELETE", "/volumes/.*", Refuse(409, "x" * 10_000))
    listing = [{"id": f"v{n}", "name": f"v{n}", "bytes": 0, "elsewhere": False} for n in range(300)]
    obeys.on("GET", "/volumes/.*", {"Driver": "nfs", "Mountpoint": "/x"})
    volumes = [volume_facts | {"driver": "nfs"} for volume_facts in listing]
    result = removed(obeys, {**EVERYTHING, "volumes": volumes})
    assert "and 100 more" in result["msg"]
    assert len(json.dumps(result)) < 500_000


NOTHING = {
    kind: []
    for kind in (
        *("swarm", *IN_A_SWARM, "containers", "images", "volumes", "networks"),
        *("plugins", "cache"),
    )
} | {"names": {}}
EVERYTHING = NOTHING | {
    "swarm": [{"id": "node", "name": "", "bytes": 0}],
    "containers": [{"id": f"c{n}", "name": f"web{n}", "state": "", "bytes": 0} for n in (1, 2)],
    "names": {"spare:1": "", "room:python": COURSE},
    "images": [{"id": MINE, "name": "", "names": [], "bytes": 0}],
    "volumes": [volume("a"), volume("b")],
    "networks": [{"id": "n1", "name": "net", "driver": "bridge", "bytes": 0}],
    "plugins": [{"id": "p1", "name": "nfs:1", "bytes": 0}],
    "cache": [{"id": "b1", "name": "", "bytes": 0}],
}
# The requests that remove all of it, without those that change nothing.
STEPS = [
    "POST /swarm/leave?force=true",
    "DELETE /containers/c1?force=true",
    "DELETE /containers/c2?force=true",
    f"POST /images/{COURSE}/tag?repo=room&tag=python",
    "DELETE /images/spare:1?noprune=true",
    f"DELETE /images/{MINE}?force=true&noprune=true",
    "DELETE /volumes/a",
    "DELETE /volumes/b",
    "POST /networks/n1/disconnect",
    "DELETE /networks/n1",
    "DELETE /plugins/p1?force=true",
    "POST /build/prune?all=true&filters=%7B%22id%22%3A%20%5B%22b1%22%5D%7D",
]


@pytest.fixture
def obeys(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return a stand-in that removes whatever it is asked to."""
    monkeypatch.setattr(seat_students, "alone", nullcontext)
    engine.on("POST", ".*", None)
    engine.on("DELETE", ".*", None)
    for name in "ab":
        answer = {
            "Name": name,
            "Driver": "local",
            "Mountpoint": f"/v/{name}/_data",
            "Options": None,
        }
        engine.on("GET", f"/volumes/{name}", answer)
    engine.on("GET", "/networks/n1", {"Containers": {"c1": {"Name": "flask"}}})
    engine.on("GET", "/version", {})
    engine.on("POST", r"/build/prune\?.*", {"CachesDeleted": ["b1"]})
    return engine


def steps(engine: Engine) -> list[str]:
    """Return the requests that change the engine."""
    return [
        f"{question.method} {question.path}"
        for question in engine.questions
        if question.method != "GET"
    ]


def removed(
    engine: Engine, things: dict[str, Any] | None = None, **options: object
) -> dict[str, Any]:
    arguments = {"state": "absent", "things": things or EVERYTHING, "docker_socket": engine.path}
    arguments["host"] = "pc07"
    return stand_in.run(seat_students.main, **arguments, **options)


def test_what_is_listed_goes_in_an_order_that_the_engine_takes(obeys: Engine) -> None:
    result = removed(obeys)
    assert result["changed"] is True
    assert "failed" not in result
    assert steps(obeys) == STEPS
    disconnect = next(
        question for question in obeys.questions if question.path.endswith("/disconnect")
    )
    assert disconnect.json == {"Container": "flask", "Force": True}


def test_nothing_is_removed_in_check_mode(obeys: Engine) -> None:
    result = removed(obeys, _ansible_check_mode=True)
    assert result["changed"] is True
    assert obeys.questions == []


def test_what_is_gone_already_is_passed_over(obeys: Engine) -> None:
    obeys.on("DELETE", ".*", Refuse(404))
    obeys.on("POST", ".*", Refuse(404))
    obeys.on("GET", "/networks/n1", Refuse(404))
    obeys.on("POST", r"/swarm/leave.*", Refuse(503, "not part of a swarm"))
    obeys.on("POST", r"/build/prune\?.*", {"CachesDeleted": None})
    result = removed(obeys)
    assert "failed" not in result
    assert set(STEPS) - set(steps(obeys)) == {"POST /networks/n1/disconnect"}


@pytest.mark.parametrize(
    ("refused", "name"),
    [
        ("POST /swarm/leave?force=true", "membership of a swarm"),
        ("DELETE /containers/c1?force=true", "container web1"),
        ("DELETE /images/spare:1?noprune=true", "name spare:1"),
        (f"DELETE /images/{MINE}?force=true&noprune=true", "image mine"),
        ("DELETE /volumes/a", "volume a"),
        ("DELETE /networks/n1", "network net"),
        ("DELETE /plugins/p1?force=true", "plugin nfs:1"),
        (STEPS[-1], "build cache b1"),
    ],
)
def test_what_the_engine_refuses_is_named_with_its_reason_and_the_rest_goes(
    obeys: Engine, refused: str, name: str
) -> None:
    method, path = refused.split()
    obeys.on(method, re.escape(path), Refuse(409, "it is in use"))
    result = removed(obeys)
    assert result["failed"] is result["changed"] is True
    assert result["left"] == [f"{name}: it is in use"]
    why = f"cannot be removed: {name}: it is in use"
    assert result["msg"] == f"pc07: {why}. Fix: {STILL}"
    assert [step for step in steps(obeys) if "/unpause" not in step] == STEPS


def test_no_image_loses_its_last_name(obeys: Engine) -> None:
    """The engine would remove the image with it; here the name to be given back does not come."""
    obeys.on("POST", "/images/.*", Refuse(500, "no space left"))
    left = ["name spare:1: waits for the names that are to be given back"]
    assert removed(obeys)["left"] == [*left, "name room:python: no space left"]
    assert steps(obeys) == [step for step in STEPS if "spare" not in step]


def test_a_network_whose_containers_cannot_be_disconnected_is_named_once(obeys: Engine) -> None:
    for path in ("POST /networks/n1/disconnect", "DELETE /networks/n1"):
        obeys.on(*path.split(), Refuse(403, "it has active endpoints"))
    assert removed(obeys)["left"] == ["network net: it has active endpoints"]


def test_a_container_that_cannot_go_goes_on(obeys: Engine) -> None:
    """A container that was to be removed may have been saved, and is paused since."""
    obeys.on("DELETE", "/containers/c2.*", Raw(b"out of its mind", 500))
    assert removed(obeys)["left"] == ["container web2: 500 out of its mind"]
    assert "POST /containers/c2/unpause" in steps(obeys)
    assert "POST /containers/c1/unpause" not in steps(obeys)


def wait_briefly(monkeypatch: pytest.MonkeyPatch, *begins: str) -> None:
    """Have the answers to some questions, by how their paths begin, waited for briefly."""
    ask = DockerConnection.ask

    def ask_briefly(docker: DockerConnection, path: str, *arguments: object) -> object:
        docker.seconds = FEW if path.startswith(begins) else seat_students.TIMEOUT
        return ask(docker, path, *arguments)

    monkeypatch.setattr(DockerConnection, "ask", ask_briefly)


def test_one_thing_that_hangs_does_not_keep_the_others(
    obeys: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_briefly(monkeypatch, "/containers/c1?")
    obeys.on("DELETE", "/containers/c1.*", HANG)
    result = removed(obeys)
    assert result["left"] == ["container web1: no answer in 300 s"]
    assert set(STEPS) <= set(steps(obeys))


@pytest.mark.parametrize("bad", [HANG, DROP])
def test_an_engine_that_answers_no_more_ends_it(
    obeys: Engine, monkeypatch: pytest.MonkeyPatch, bad: object
) -> None:
    wait_briefly(monkeypatch, "/containers/c2?", "/version")
    obeys.on("DELETE", "/containers/c1.*", Refuse(500, "no"))
    obeys.on("DELETE", "/containers/c2.*", bad)
    obeys.on("GET", "/version", bad)
    result = removed(obeys)
    assert result["msg"].startswith("pc07: Docker refuses: ")
    assert result["left"][0] == "container web1: no"
    assert "container web1: no" in result["msg"]
    assert steps(obeys)[-1] == "DELETE /containers/c2?force=true"


def test_a_cache_goes_piece_by_piece_and_what_a_build_is_using_stays(obeys: Engine) -> None:
    """A piece from which another is made goes in the next round; b3 is refused in each round."""
    rounds = {"b1": ["b1"], "b2": [], "b3": []}

    def prune(question: Question) -> object:
        for piece, deleted in rounds.items():
            if f"%22{piece}%22" in question.path:
                if piece == "b3":
                    return Refuse(500, "locked")
                answer, rounds["b2"] = deleted, ["b2"]
                return {"CachesDeleted": answer}
        return {"CachesDeleted": None}

    obeys.on("POST", r"/build/prune\?.*", prune)
    cache = [{"id": piece, "name": "", "bytes": 1} for piece in ("b2", "b1", "b3", "b4")]
    assert removed(obeys, NOTHING | {"cache": cache})["left"] == ["build cache b3: locked"]
    pieces = [step.split("22")[-2].removesuffix("%") for step in steps(obeys)]
    assert pieces == ["b2", "b1", "b3", "b4", "b2", "b3", "b4", "b3", "b4"]


@pytest.fixture
def volumes(obeys: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of the engine's volumes, with nothing mounted below it."""
    for name in "ab":
        answer = {"Name": name, "Driver": "local", "Options": None}
        place = tmp_path / name / "_data"
        obeys.on("GET", f"/volumes/{name}", answer | {"Mountpoint": str(place)})
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "mountinfo")
    mount(tmp_path, str(tmp_path))
    return tmp_path


def mount(volumes: Path, *places: str) -> None:
    """Write places as mounted, in the format of the kernel."""
    lines = (f"1 2 254:0 /r {place} rw shared:1 - ext4 /dev/a rw\n" for place in places)
    (volumes / "mountinfo").write_text("".join(lines))


@pytest.mark.parametrize("where", ["a", "a/_data", "a/_data/in\\040it", "a/_data/b/c"])
def test_a_volume_in_which_something_is_mounted_stays(
    obeys: Engine, volumes: Path, where: str
) -> None:
    mount(volumes, "/", str(volumes), f"{volumes}/ab/_data", f"{volumes}/{where}")
    result = removed(obeys)
    where = where.replace("\\040", " ")
    place = f"'{volumes}/{where}'" if " " in where else f"{volumes}/{where}"
    assert result["left"] == [
        f"volume a: removing it would empty what is mounted in it by hand; umount {place} ends that"
    ]
    assert "DELETE /volumes/a" not in steps(obeys)
    assert "DELETE /volumes/b" in steps(obeys)


def test_what_is_mounted_in_a_mount_is_unmounted_first(obeys: Engine, volumes: Path) -> None:
    mount(volumes, f"{volumes}/a/_data", f"{volumes}/a/_data/b")
    fix = f"; umount {volumes}/a/_data/b {volumes}/a/_data ends that"
    assert removed(obeys)["left"][0].endswith(fix)


def test_a_root_that_is_a_link_is_looked_up(obeys: Engine, volumes: Path) -> None:
    (volumes / "link").symlink_to(volumes)
    answer = {"Name": "a", "Driver": "local", "Mountpoint": f"{volumes}/link/a/_data"}
    obeys.on("GET", "/volumes/a", answer)
    mount(volumes, f"{volumes}/a/_data")
    assert len(removed(obeys)["left"]) == 1


def test_what_the_engine_has_mounted_it_unmounts(obeys: Engine, volumes: Path) -> None:
    """It unmounts once only; where another driver has its volumes is its own affair."""
    place = f"{volumes}/a/_data"
    answer = {"Name": "a", "Driver": "local", "Mountpoint": place}
    obeys.on("GET", "/volumes/a", answer | {"Options": {"type": "none", "device": "/home"}})
    mount(volumes, place)
    assert "failed" not in removed(obeys)
    mount(volumes, place, place)
    assert len(removed(obeys)["left"]) == 1
    obeys.on("GET", "/volumes/a", answer | {"Options": {"size": "1G"}})
    mount(volumes, place)
    assert len(removed(obeys)["left"]) == 1
    obeys.on("GET", "/volumes/a", answer | {"Driver": "nfs"})
    assert "failed" not in removed(obeys)


class Kept:
    """An engine whose content was saved, and which a test changes afterwards.

    A container `web` with the volume a, in the network n1; one `done` that has ended; an image.
    """

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine = engine
        self.containers = {"web": self.container("web", "a"), "done": self.container("done")}
        self.containers["done"]["State"] |= {"Running": False, "Paused": False}
        self.images = {MINE: ["mine:1"], COURSE: ["room:python", "spare:1"]}
        self.places = {name: directory / name / "_data" for name in "ab"}
        for place in self.places.values():
            place.mkdir(parents=True)
            (place / "notes").write_text("saved")
        engine.on("GET", "/volumes/([ab])", lambda _, name: self.volume(name))
        engine.on("GET", "/containers/(.*)/json", self.describe_container)
        engine.on("GET", "/images/(.*)/json", self.describe_image)
        engine.on("GET", "/networks/.*", {"Containers": {}})
        self.things = NOTHING | {
            "swarm": [{"id": "node", "name": "", "bytes": 0}],
            "containers": [
                {"id": key, "name": key, "state": "", "bytes": 0} for key in ("web", "done")
            ],
            "names": {"spare:1": ""},
            "images": [{"id": MINE, "name": "mine:1", "names": ["mine:1"], "bytes": 0}],
            "volumes": [volume(name) | {"id": name} for name in "ab"],
            "networks": [{"id": "n1", "name": "net", "bytes": 0}],
        }
        docker = DockerConnection(engine.path)
        docker.uid = os.geteuid()
        stamps = {name: volume_stamp(docker, self.volume(name)) for name in "ab"}
        self.saved = {"containers": {"web": "then ", "done": "then "}, "volumes": stamps}

    @staticmethod
    def container(name: str, *volumes: str) -> dict[str, Any]:
        """Describe a container that runs, and is paused."""
        mounts = [
            {"Type": "volume", "Name": volume, "Destination": f"/{volume}"} for volume in volumes
        ]
        return {
            "Id": name,
            "Image": MINE,
            "Name": f"/{name}",
            "State": {"Running": True, "Paused": True, "Restarting": False, "StartedAt": "then"},
            "Config": {"Hostname": name, "Labels": None},
            "HostConfig": {"NetworkMode": "bridge"},
            "Mounts": [*mounts, {"Type": "bind", "Source": "/home", "Destination": "/home"}],
            "NetworkSettings": {"Networks": {"net": {"NetworkID": "n1"}} if volumes else {}},
        }

    def volume(self, name: str) -> dict[str, Any]:
        """Describe a volume."""
        place = str(self.places[name])
        return {"Name": name, "Driver": "local", "Mountpoint": place, "Options": None}

    def describe_container(self, _: Question, key: str) -> object:
        """Describe a container that still exists."""
        return self.containers.get(key, Refuse(404))

    def describe_image(self, _: Question, key: str) -> object:
        """Describe the image of an ID or a name."""
        matches = [names for image, names in self.images.items() if key in (image, *names)]
        return {"RepoTags": matches[0]} if matches else Refuse(404)

    def removed(self) -> dict[str, Any]:
        """Remove everything that is unchanged since it was saved."""
        return removed(self.engine, self.things, saved=self.saved)


@pytest.fixture
def since(obeys: Engine, tmp_path: Path) -> Kept:
    os.chmod(obeys.path, 0o660)
    return Kept(obeys, tmp_path)


ALL_THAT_WAS_SAVED = [
    "POST /swarm/leave?force=true",
    "DELETE /containers/web?force=true",
    "DELETE /containers/done?force=true",
    "DELETE /images/spare:1?noprune=true",
    f"DELETE /images/{MINE}?force=true&noprune=true",
    "DELETE /volumes/a",
    "DELETE /volumes/b",
    "DELETE /networks/n1",
]


def test_all_goes_that_is_as_it_was_saved_while_students_are_kept_out(since: Kept) -> None:
    modes = set()

    def note(_: Question) -> None:
        modes.add(os.stat(since.engine.path).st_mode & 0o777)

    since.engine.on("DELETE", ".*", note)
    assert "failed" not in since.removed()
    assert steps(since.engine) == ALL_THAT_WAS_SAVED
    assert modes == {0o600}
    assert os.stat(since.engine.path).st_mode & 0o777 == 0o660


def test_students_are_let_in_again_where_the_engine_answers_no_more(since: Kept) -> None:
    since.engine.on("GET", "/volumes/.*", DROP)
    assert since.removed()["failed"]
    assert os.stat(since.engine.path).st_mode & 0o777 == 0o660


def test_nothing_is_removed_where_students_cannot_be_kept_out(
    since: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise OSError("the engine cannot be closed to students: find fails")

    monkeypatch.setattr(access, "close", refuse)
    assert "cannot be closed to students" in since.removed()["msg"]
    assert steps(since.engine) == []


def write(since: Kept, name: str) -> None:
    (since.places[name] / "more").write_text("not saved")


def test_a_volume_that_was_written_to_stays_and_the_rest_goes(since: Kept) -> None:
    write(since, "b")
    result = since.removed()
    assert result["left"] == ["volume b: it was written to after it was saved"]
    assert result["msg"].startswith("pc07: cannot be removed: volume b: it was written to")
    assert steps(since.engine) == [step for step in ALL_THAT_WAS_SAVED if "/volumes/b" not in step]


def test_a_volume_of_the_name_of_one_that_was_saved_stays(since: Kept) -> None:
    """One volume was not there when the others were saved, the other is a new directory."""
    del since.saved["volumes"]["a"]
    place = since.places["b"]
    place.rename(place.with_name("old"))
    place.mkdir()
    del since.containers["web"]
    assert [line.partition(":")[0] for line in since.removed()["left"]] == ["volume a", "volume b"]


def test_a_container_stays_with_its_volume_and_goes_on(since: Kept) -> None:
    """The engine would remove an anonymous volume together with its container."""
    write(since, "a")
    result = since.removed()
    assert result["left"] == [
        "container web: its volume a was written to after it was saved",
        "volume a: it was written to after it was saved",
        "image mine:1: the container web needs it",
        "network net: the container web needs it",
    ]
    assert steps(since.engine) == [
        "POST /containers/web/unpause",
        "POST /swarm/leave?force=true",
        "DELETE /containers/done?force=true",
        "DELETE /images/spare:1?noprune=true",
        "DELETE /volumes/b",
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Running": True, "Paused": False}, "it runs, after it was saved"),
        ({"StartedAt": "now"}, "it ran, or was written to, after it was saved"),
    ],
)
def test_a_container_that_has_run_since_stays_with_what_it_needs(
    since: Kept, change: dict[str, Any], why: str
) -> None:
    since.containers["web"]["State"] |= change
    result = since.removed()
    needed = ["volume a", "image mine:1", "network net"]
    assert result["left"] == [
        f"container web: {why}",
        *(f"{thing}: the container web needs it" for thing in needed),
    ]


def test_a_container_whose_files_were_written_to_stays(since: Kept, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    since.containers["done"]["GraphDriver"] = {"Data": {"UpperDir": str(layer)}}
    docker = DockerConnection(since.engine.path)
    docker.uid = os.geteuid()
    stamp = container_stamp(docker, since.containers["done"])
    since.saved["containers"]["done"] = stamp
    (layer / "copied").touch()
    reason = "container done: it ran, or was written to, after it was saved"
    assert since.removed()["left"] == [reason, "image mine:1: the container done needs it"]


def test_a_swarm_is_not_left_while_a_container_of_its_services_stays(since: Kept) -> None:
    since.containers["done"]["Config"]["Labels"] = {TASK: "task"}
    since.containers["done"]["State"]["StartedAt"] = "now"
    assert "membership of a swarm: the container done needs it" in since.removed()["left"]
    assert ALL_THAT_WAS_SAVED[0] not in steps(since.engine)


@pytest.mark.parametrize("names", [["mine:1"], []])
def test_an_image_that_was_named_since_stays(since: Kept, names: list[str]) -> None:
    """An image without a name was a build step, and is not saved."""
    since.things["images"][0] |= {"names": names, "name": " ".join(names)}
    since.images[MINE] = [*names, "<none>:<none>", "labocloud-saved:1", "mine:2"]
    result = since.removed()
    name = names[0] if names else MINE[7:19]
    assert result["left"] == [f"image {name}: it was named mine:2 after it was saved"]


def test_a_name_that_has_become_the_only_one_of_another_image_stays(since: Kept) -> None:
    since.images |= {COURSE: ["room:python"], THEIRS: ["spare:1"]}
    result = since.removed()
    assert result["left"] == ["name spare:1: an image has it that has no other name"]
    assert "DELETE /images/spare:1?noprune=true" not in steps(since.engine)


@pytest.mark.parametrize("lost", ["State", "Image", "HostConfig", "Mounts"])
def test_nothing_goes_where_a_container_is_described_by_half(since: Kept, lost: str) -> None:
    del since.containers["done"][lost]
    assert f"containers.done.{lost} lacks" in since.removed()["msg"]
    assert steps(since.engine) == []


def test_nothing_goes_where_a_volume_of_a_container_has_no_name(since: Kept) -> None:
    since.containers["web"]["State"]["StartedAt"] = "now"
    del since.containers["web"]["Mounts"][0]["Name"]
    assert "a volume has no name" in since.removed()["msg"]
    assert steps(since.engine) == []


def test_the_network_of_a_container_that_stays_is_known_by_its_name_too(since: Kept) -> None:
    since.containers["web"]["State"]["StartedAt"] = "now"
    since.containers["web"]["NetworkSettings"]["Networks"] = {"net": {"NetworkID": ""}}
    assert "network net: the container web needs it" in since.removed()["left"]


def test_what_is_gone_since_it_was_saved_is_passed_over(since: Kept) -> None:
    since.containers.clear()
    since.engine.on("GET", "/volumes/.*", Refuse(404))
    assert "failed" not in since.removed()
