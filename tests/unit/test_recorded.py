"""Show that the modules understand the answers of real engines, old and new, alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.engine import client
from ansible_collections.labocloud.room.plugins.module_utils.facts import engine as facts_engine
from ansible_collections.labocloud.room.plugins.module_utils.facts import network as facts_network
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.modules import seat as seat_module
from ansible_collections.labocloud.room.plugins.modules import seat_students
from sample_seat import SEAT

COURSE = "labocloud20202021:python"
# Each engine, and the version of its interface that requests must use.
ENGINES = {"20.10": "1.41", "26.1": "1.45", "28.5": "1.51", "29": "1.51"}


@pytest.fixture(params=ENGINES)
def recorded(request: pytest.FixtureRequest, engine: stand_in.Engine) -> Iterator[stand_in.Engine]:
    """Yield each engine, and check in the end that every request used a version that it knows."""
    engine.become(request.param)
    yield engine
    versions = {question.version for question in engine.questions if question.path != "/_ping"}
    assert versions == {ENGINES[request.param]}


def course(engine: stand_in.Engine) -> str:
    """Return the fingerprint of the recorded course image."""
    return facts_engine.engine_facts(engine.path, Odd())["images"][COURSE]["fingerprint"]


def remember(memory: state.State) -> None:
    """Record on the machine that there was nothing before."""
    memory.before = SEAT["before"]


def test_every_engine_tells_the_same_facts(
    recorded: stand_in.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A look through this machine's processes would take a second.
    monkeypatch.setattr(facts_network, "socket_holders", lambda _wanted: {})
    result = stand_in.run(seat_module.main, docker_socket=recorded.path)
    seat = result["seat"]
    docker = seat["docker"]
    assert docker["running"]
    assert (docker["driver"], docker["partial"], docker["cpus"]) == ("overlay2", True, 2)
    assert set(seat["images"]) == {COURSE, "student:buildkit", "student:classic"}
    assert seat["images"][COURSE]["revision"].startswith("c1c0fda7ae53")
    assert {name: container["state"] for name, container in seat["containers"].items()} == {
        "flask": "running",
        "work": "created",
    }
    flask = seat["containers"]["flask"]
    assert (flask["image"], flask["ports"]) == (
        COURSE,
        [{"address": "127.0.0.1", "port": 8080, "protocol": "tcp"}],
    )
    assert flask["labels"]["labocloud.managed"] == "true"
    assert (seat["networks"], seat["volumes"]) == (["lan"], ["data", "options"])
    assert {network["name"] for network in seat["network"]["docker"]} == {"bridge", "lan"}
    assert seat["network"]["docker_mtu"] == 1500


def test_every_engine_tells_a_brought_image_by_the_same_fingerprint(tmp_path: Path) -> None:
    fingerprints = set()
    for name in ENGINES:
        with stand_in.engine(tmp_path / name) as engine:
            engine.become(name)
            fingerprints.add(course(engine))
    assert len(fingerprints) == 1


@pytest.mark.usefixtures("remembers")
def test_every_engine_has_the_same_reset(recorded: stand_in.Engine) -> None:
    state.update(remember)
    state.update(lambda memory: memory.name_image(COURSE, course(recorded)))
    flask = facts_engine.engine_facts(recorded.path, Odd())["containers"]["flask"]["id"]
    state.update(lambda memory: memory.brought.update(containers=[flask]))
    result = stand_in.run(seat_students.main, docker_socket=recorded.path, host="pc07")
    things = result["things"]
    [work] = things["containers"]
    # A container that has written nothing has no size in the engine's list.
    assert (work["name"], work["bytes"]) == ("work", 0)
    assert [network["name"] for network in things["networks"]] == ["lan"]
    assert {volume["name"]: volume["elsewhere"] for volume in things["volumes"]} == {
        "data": False,
        "options": True,
    }
    assert (things["swarm"], things["names"]) == ([], {})
    # The classic builder keeps an image without a name of each step, which goes after its children.
    images = [image["name"] for image in things["images"]]
    assert sorted(images) == ["", "student:buildkit", "student:classic"]
    assert images.index("student:classic") < images.index("")
    assert things["cache"]
    assert result["bytes"] > 0


@pytest.mark.parametrize(
    ("version", "parent", "usage"),
    [((1, 51), True, True), ((1, 52), False, True), ((1, 53), False, False)],
)
def test_an_engine_29_answers_by_the_version_that_it_is_asked_in(
    engine: stand_in.Engine,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int],
    parent: bool,
    usage: bool,
) -> None:
    """This is why the modules limit the version that they use."""
    engine.become("29")
    monkeypatch.setattr(client, "NEWEST_API", version)
    docker = client.DockerConnection(engine.path)
    [image] = [summary for summary in docker.ask("/images/json") if summary["RepoTags"] == [COURSE]]
    assert ("Parent" in docker.ask(f"/images/{image['Id']}/json")) == parent
    assert ("Images" in docker.ask("/system/df")) == usage
    docker.close()


def test_an_engine_29_refuses_a_version_that_is_too_old(
    engine: stand_in.Engine, remembers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.become("29")
    monkeypatch.setattr(client, "NEWEST_API", (1, 43))
    state.update(remember)
    result = stand_in.run(seat_students.main, docker_socket=engine.path, host="pc07")
    assert "1.43 is too old" in result["msg"]


def test_where_the_kernel_has_no_cpu_quota_no_container_is_limited(engine: stand_in.Engine) -> None:
    engine.become("26.1")
    info = engine.answer(stand_in.Question("GET", "/info", b"", ""))
    engine.on("GET", "/info", info | {"CpuCfsQuota": False})
    assert facts_engine.engine_facts(engine.path, Odd())["engine"]["cpus"] == 0


def test_where_there_is_no_bridge_none_is_told_of(engine: stand_in.Engine) -> None:
    """The engine has the setting `bridge: none`."""
    engine.become("26.1")
    networks = engine.answer(stand_in.Question("GET", "/networks", b"", ""))
    engine.on("GET", "/networks", [network for network in networks if network["Name"] != "bridge"])
    network_facts = facts_engine.engine_facts(engine.path, Odd())["network"]
    assert network_facts["docker_mtu"] == 0
    assert [network["name"] for network in network_facts["docker"]] == ["lan"]
