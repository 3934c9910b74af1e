"""What is the students', by what an engine shows and the seat's records tell."""

from typing import Any

import pytest
import seat_students

BASE, COURSE, MINE, THEIRS = "sha256:base", "sha256:course", "sha256:mine", "sha256:theirs"
DELIVERED = {"room:base": "fp-base", "room:python": "fp-course"}
NOTHING_BEFORE = {"ids": {"containers": [], "images": {}, "networks": [], "cache": [], "swarm": ""}}


def image(*names: str, mark: str = "", parent: str = "", **more: object) -> dict[str, Any]:
    known = {"labels": {}, "layers": [], "bytes": 1} | more
    return {"names": list(names), "fingerprint": mark, "parent": parent, **known}


def container(key: str, on: str = COURSE, *, managed: bool = False) -> dict[str, Any]:
    told = {"id": f"id-{key}", "name": key, "image": on, "managed": managed}
    return told | {"state": "running", "bytes": 1}


def engine(images: dict[str, Any] | None = None, **more: object) -> dict[str, Any]:
    """What look() gives of a seat with the toolkit's things, and more."""
    own = {BASE: image("room:base", mark="fp-base"), COURSE: image("room:python", mark="fp-course")}
    bare = {"containers": [], "volumes": [], "networks": [], "cache": [], "swarm": ""}
    return {"images": own | (images or {}), **bare, **more}


def plan(
    seat: dict[str, Any], before: dict[str, Any] | None = None, keep: tuple[str, ...] = ()
) -> dict[str, Any]:
    return seat_students.plan(seat, before or NOTHING_BEFORE, DELIVERED, ["flask"], list(keep))


def going(things: dict[str, Any], kind: str) -> list[str]:
    return [thing["id"] for thing in things[kind]]


def test_nothing_of_the_toolkits_is_a_students() -> None:
    seat = engine(
        containers=[container("flask", managed=True)],
        networks=[{"id": "n", "name": "bridge"}, {"id": "h", "name": "host"}],
    )
    assert seat_students.lines(plan(seat)) == []


def test_an_image_that_inherited_the_labels_goes() -> None:
    labels = {"labocloud.image": "course", "labocloud.revision": "same"}
    things = plan(engine({MINE: image("mine:1", mark="other", labels=labels)}))
    assert going(things, "images") == [MINE]


@pytest.mark.parametrize(
    ("name", "managed", "label_of_the_image"),
    [
        ("flask", False, False),  # started by hand
        ("flask", True, True),  # run from a copy of the toolkit's, which has its labels
        ("other", True, False),  # renamed
    ],
)
def test_a_container_that_only_looks_like_the_toolkits_goes(
    name: str, managed: bool, label_of_the_image: bool
) -> None:
    labels = {"labocloud.managed": "true"} if label_of_the_image else {}
    images = {MINE: image("copy:1", labels=labels)}
    things = plan(engine(images, containers=[container(name, MINE, managed=managed)]))
    assert going(things, "containers") == [f"id-{name}"]


def test_a_stolen_name_is_given_back_and_the_image_without_it_stays() -> None:
    images = {COURSE: image(mark="fp-course"), MINE: image("room:python", parent=COURSE)}
    things = plan(engine(images))
    assert things["names"] == {"room:python": COURSE}
    assert going(things, "images") == [MINE]


def test_a_stolen_name_of_an_image_that_is_lost_goes_with_its_image() -> None:
    seat = engine({MINE: image("room:python")})
    del seat["images"][COURSE]
    things = plan(seat)
    assert things["names"] == {}
    assert going(things, "images") == [MINE]


def test_a_second_name_goes_and_its_image_stays() -> None:
    things = plan(engine({BASE: image("room:base", "spare:1", mark="fp-base")}))
    assert things["names"] == {"spare:1": ""}
    assert things["images"] == []


@pytest.mark.parametrize(
    ("bearer", "running", "given_back"),
    [("old", "new", {}), ("new", "new", {}), (MINE, "old", {"room:app": "old"}), (MINE, None, {})],
)
def test_a_name_that_goes_from_revision_to_revision(
    bearer: str, running: str | None, given_back: dict[str, str]
) -> None:
    """The record has the revisions under names of their own."""
    delivered = {"room:app-aaaaaaaaaaaa": "fp-old", "room:app-bbbbbbbbbbbb": "fp-new"}
    images = {
        "old": image("room:app-aaaaaaaaaaaa", mark="fp-old"),
        "new": image("room:app-bbbbbbbbbbbb", mark="fp-new"),
        MINE: image("mine:1"),
    }
    images[bearer]["names"].append("room:app")
    seat = engine(images, containers=[container("flask", running, managed=True)] * bool(running))
    things = seat_students.plan(seat, NOTHING_BEFORE, DELIVERED | delivered, ["flask"], [])
    assert things["names"] == given_back
    assert going(things, "images") == [MINE]


def test_a_copy_with_the_same_content_is_not_the_toolkits() -> None:
    things = plan(engine({MINE: image("copy:1", mark="fp-course")}))
    assert going(things, "images") == [MINE]


def test_the_image_that_the_toolkits_container_runs_on_stays_without_a_name() -> None:
    """A newer one has been delivered, and the container not started anew yet."""
    seat = engine({MINE: image()}, containers=[container("flask", MINE, managed=True)])
    assert seat_students.lines(plan(seat)) == []


def test_what_an_image_was_built_on_stays_with_it_and_goes_after_it() -> None:
    images = {
        "layer": image(),
        BASE: image("room:base", mark="fp-base", parent="layer"),
        "step1": image(parent=BASE),
        "step2": image(parent="step1"),
        MINE: image("mine:1", parent="step2"),
    }
    assert going(plan(engine(images)), "images") == [MINE, "step2", "step1"]


def test_what_the_toolkit_pulled_to_build_on_stays() -> None:
    labels = {"labocloud.base.from": "python:3"}
    images = {
        BASE: image("room:base", mark="fp-base", labels=labels, layers=["a", "b"]),
        "pulled": image("python:3", layers=["a"]),
    }
    assert going(plan(engine(images)), "images") == []
    images["pulled"]["layers"] = ["x"]
    assert going(plan(engine(images)), "images") == ["pulled"]


def test_what_was_there_before_stays_and_what_took_its_name_goes() -> None:
    before = {
        "volumes": ["old"],
        "ids": {
            "containers": ["id-old"],
            "images": {THEIRS: ["theirs:1"]},
            "networks": ["n1"],
            "cache": ["c1"],
            "swarm": "node",
        },
    }
    seat = engine(
        {THEIRS: image(), MINE: image("theirs:1")},
        containers=[container("old", THEIRS), container("old2", THEIRS)],
        networks=[{"id": "n1", "name": "net"}, {"id": "n2", "name": "docker_gwbridge"}],
        volumes=[{"name": "old", "bytes": 1}, {"name": "new", "bytes": 1}],
        cache=[{"id": "c1", "bytes": 1}, {"id": "c2", "bytes": 1}],
        swarm="node",
    )
    things = plan(seat, before)
    assert {kind: going(things, kind) for kind in things if kind != "names"} == {
        "swarm": [],
        "containers": ["id-old2"],
        "images": [MINE],
        "volumes": ["new"],
        "networks": [],
        "cache": ["c2"],
    }
    assert things["names"] == {"theirs:1": THEIRS}


def test_a_record_without_identities_is_read_by_names() -> None:
    before = {"images": ["theirs:1"], "containers": ["old"], "networks": ["net"], "volumes": []}
    seat = engine(
        {THEIRS: image("theirs:1"), MINE: image("mine:1")},
        containers=[container("old", THEIRS), container("new", MINE)],
        networks=[{"id": "n1", "name": "net"}, {"id": "n2", "name": "net2"}],
        cache=[{"id": "c1", "bytes": 1}],
        swarm="node",
    )
    for running in (True, False):
        things = plan(seat, before | {"docker_running": running})
        assert going(things, "images") == [MINE]
        assert going(things, "containers") == ["id-new"]
        assert going(things, "networks") == ["n2"]
        assert going(things, "cache") == ([] if running else ["c1"])
        assert going(things, "swarm") == ([] if running else ["node"])


def test_what_is_asked_to_stay_stays_with_what_it_runs_on() -> None:
    seat = engine(
        {MINE: image("db:1"), THEIRS: image("app:1", "app:2")},
        containers=[container("app", THEIRS)],
        networks=[{"id": "n", "name": "net"}],
        volumes=[{"name": "data", "bytes": 1}],
    )
    assert seat_students.lines(plan(seat, keep=("db:1", "app", "net", "data"))) == []


@pytest.mark.parametrize("node", ["node", ""])
def test_a_swarm_is_left_and_its_bridge_goes(node: str) -> None:
    """Whoever leaves a swarm by hand leaves its bridge behind."""
    networks = [{"id": "n1", "name": "docker_gwbridge"}, {"id": "n2", "name": "ingress"}]
    things = plan(engine(networks=networks, swarm=node))
    assert going(things, "swarm") == ([node] if node else [])
    assert going(things, "networks") == ["n1"]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (12_345_678, "12.3MB"), (123_000_000_000, "123GB")],
)
def test_sizes_are_written_as_docker_writes_them(count: int, text: str) -> None:
    assert seat_students.size(count) == text
