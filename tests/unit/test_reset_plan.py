"""Show which objects of an engine a reset takes for the students', and its lines on them."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson.memory import Saved
from ansible_collections.labocloud.room.plugins.module_utils.reset import plan as reset_plan
from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import Claims
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import Plan
from ansible_collections.labocloud.room.plugins.module_utils.reset.words import lines, size, unsaved

IN_A_SWARM = ("services", "secrets", "configs")
BASE, COURSE, MINE, THEIRS = "sha256:base", "sha256:course", "sha256:mine", "sha256:theirs"
DELIVERED = {"room:base": "fp-base", "room:python": "fp-course"}
NOTHING_BEFORE = {
    "ids": {"containers": [], "images": {}, "networks": [], "cache": [], "swarm": ""},
    "volumes": [],
}


def image(*names: str, mark: str = "", parent: str = "", **fields: object) -> dict[str, Any]:
    other_fields = {"digests": [], "labels": {}, "layers": [], "bytes": 1} | fields
    return {"names": list(names), "fingerprint": mark, "parent": parent, **other_fields}


def container(key: str, on: str = COURSE, **fields: object) -> dict[str, Any]:
    description = {"id": f"id-{key}", "name": key, "image": on}
    return description | {"state": "running", "bytes": 1, "volumes": [], "networks": []} | fields


def volume(name: str, driver: str = "local", *, elsewhere: bool = False) -> dict[str, Any]:
    return {"name": name, "driver": driver, "elsewhere": elsewhere, "bytes": 1}


def network(key: str, name: str, driver: str = "bridge") -> dict[str, Any]:
    return {"id": key, "name": name, "driver": driver}


def engine(images: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
    """Return the result of look() on a seat with the toolkit's images, and further fields."""
    own = {BASE: image("room:base", mark="fp-base"), COURSE: image("room:python", mark="fp-course")}
    kinds = ("containers", "volumes", "networks", "plugins", "cache", *IN_A_SWARM)
    bare = {kind: [] for kind in kinds} | {"swarm": ""}
    return {"images": own | (images or {}), **bare, **fields}


def plan(
    seat: dict[str, Any],
    before: dict[str, Any] | None = None,
    keep: tuple[str, ...] = (),
    own_containers: tuple[str, ...] = ("id-flask",),
    brought: dict[str, str] = DELIVERED,
) -> Plan:
    was = NOTHING_BEFORE | (before or {})
    return reset_plan.plan(seat, Claims(was, brought, frozenset(own_containers), list(keep)))


def going(things: dict[str, Any], kind: str) -> list[str]:
    return [thing["id"] for thing in things[kind]]


def test_nothing_of_the_toolkits_is_a_students() -> None:
    seat = engine(
        containers=[container("flask")],
        networks=[network("n", "bridge"), network("h", "host")],
    )
    assert lines(plan(seat)) == []


def test_an_image_that_inherited_the_labels_goes() -> None:
    labels = {"labocloud.image": "course", "labocloud.revision": "same"}
    things = plan(engine({MINE: image("mine:1", mark="other", labels=labels)}))
    assert going(things, "images") == [MINE]


@pytest.mark.parametrize(
    ("name", "label_of_the_image"),
    [
        ("flask", False),  # started by hand
        ("flask", True),  # run from a copy of the toolkit's, which has its labels
        ("other", False),  # renamed
    ],
)
def test_a_container_that_only_looks_like_the_toolkits_goes(
    name: str, label_of_the_image: bool
) -> None:
    labels = {"labocloud.managed": "true"} if label_of_the_image else {}
    images = {MINE: image("copy:1", labels=labels)}
    things = plan(engine(images, containers=[container(name, MINE)]), own_containers=())
    assert going(things, "containers") == [f"id-{name}"]


def test_what_the_toolkit_made_is_known_by_its_record_and_not_by_name_or_label() -> None:
    """A setting gave it another name, and a student started one with the old name and our label."""
    seat = engine(containers=[container("autre"), container("flask")])
    assert going(plan(seat, own_containers=("id-autre",)), "containers") == ["id-flask"]
    assert going(plan(seat, own_containers=()), "containers") == ["id-autre", "id-flask"]


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
    """The record has the revisions under names of their own, also of a revision that is gone."""
    delivered = {"room:app-aaaaaaaaaaaa": "fp-old", "room:app-bbbbbbbbbbbb": "fp-new"}
    delivered["room:app-cccccccccccc"] = "fp-gone"
    images = {
        "old": image("room:app-aaaaaaaaaaaa", mark="fp-old"),
        "new": image("room:app-bbbbbbbbbbbb", mark="fp-new"),
        MINE: image("mine:1"),
    }
    images[bearer]["names"].append("room:app")
    seat = engine(images, containers=[container("flask", running)] * bool(running))
    things = plan(seat, brought=DELIVERED | delivered)
    assert things["names"] == given_back
    assert going(things, "images") == [MINE]


def test_a_copy_with_the_same_content_is_not_the_toolkits() -> None:
    things = plan(engine({MINE: image("copy:1", mark="fp-course")}))
    assert going(things, "images") == [MINE]


def test_the_image_that_the_toolkits_container_runs_on_stays_without_a_name() -> None:
    """A newer revision has been delivered, and the container has not been restarted yet."""
    seat = engine({MINE: image()}, containers=[container("flask", MINE)])
    assert lines(plan(seat)) == []


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
        networks=[network("n1", "net"), network("n2", "docker_gwbridge")],
        volumes=[volume("old"), volume("new")],
        cache=[{"id": "c1", "bytes": 1}, {"id": "c2", "bytes": 1}],
        swarm="node",
    )
    things = plan(seat, before)
    assert {kind: going(things, kind) for kind in things if kind != "names"} == {
        "swarm": [],
        "services": [],
        "secrets": [],
        "configs": [],
        "containers": ["id-old2"],
        "images": [MINE],
        "volumes": ["new"],
        "networks": [],
        "plugins": [],
        "cache": ["c2"],
    }
    assert things["names"] == {"theirs:1": THEIRS}


def test_what_is_asked_to_stay_stays_with_what_it_runs_on() -> None:
    seat = engine(
        {MINE: image("db:1"), THEIRS: image("app:1", "app:2")},
        containers=[container("app", THEIRS)],
        networks=[network("n", "net")],
        volumes=[volume("data")],
    )
    assert lines(plan(seat, keep=("db:1", "app", "net", "data"))) == []


@pytest.mark.parametrize("node", ["node", ""])
def test_a_swarm_is_left_and_its_bridge_goes(node: str) -> None:
    """Whoever leaves a swarm by hand leaves its bridge behind."""
    networks = [network("n1", "docker_gwbridge"), network("n2", "ingress")]
    things = plan(engine(networks=networks, swarm=node))
    assert going(things, "swarm") == ([node] if node else [])
    assert going(things, "networks") == ["n1"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (12_345_678, "12.3MB"),
        (123_000_000_000, "123GB"),
        (999_499, "999kB"),
        (999_500, "1MB"),
        (999_999, "1MB"),
        (99_960, "100kB"),
        (1_234_567_890_123, "1.23TB"),
        (10**18, "1EB"),
    ],
)
def test_sizes_are_written_as_docker_writes_them(count: int, text: str) -> None:
    assert size(count) == text


HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("entry", "stays"),
    [
        (HEX, True),
        (f"sha256:{HEX}", True),
        (HEX[:12], True),
        (HEX[:11], False),  # too short to be one, and nobody's name
        (HEX[1:], False),
        (f"db@sha256:{'d' * 64}", True),
        (f"registry.example:5000/db:1@sha256:{'d' * 64}", True),
        (f"db@sha256:{'d' * 63}", False),
        (f"db@sha256:{'e' * 64}", False),
    ],
)
def test_an_image_stays_by_its_id_or_digest_and_its_namesake_goes(entry: str, stays: bool) -> None:
    theirs = f"sha256:{HEX}"
    seat = engine({theirs: image(digests=[f"db@sha256:{'d' * 64}"]), MINE: image("db:1")})
    assert going(plan(seat, keep=(entry,)), "images") == [theirs] * (not stays) + [MINE]


def test_a_name_that_is_kept_with_a_digest_is_given_back() -> None:
    digest = f"db@sha256:{'d' * 64}"
    seat = engine({THEIRS: image("other:1", digests=[digest]), MINE: image("db:1")})
    things = plan(seat, keep=(f"db:1@{digest.partition('@')[2]}",))
    assert things["names"] == {"db:1": THEIRS, "other:1": ""}
    assert going(things, "images") == [MINE]
    assert plan(seat, keep=(digest,))["names"] == {}


def test_an_id_is_not_taken_for_a_name() -> None:
    seat = engine(
        containers=[container(HEX[:12])],
        networks=[network("n1", HEX[:12]), network(HEX, "net")],
        plugins=[{"id": "p1", "name": HEX[:12]}],
        # A volume has a name only, and the name of an anonymous volume looks like an ID.
        volumes=[volume(HEX), volume("e" * 64)],
    )
    things = plan(seat, keep=(HEX[:12], HEX))
    assert going(things, "containers") == [f"id-{HEX[:12]}"]
    assert going(things, "networks") == ["n1"]
    assert going(things, "plugins") == ["p1"]
    assert going(things, "volumes") == ["e" * 64]


def test_a_container_that_is_kept_by_its_id_stays_and_another_of_its_name_goes() -> None:
    listed, namesake = container("db") | {"id": HEX}, container("db")
    things = plan(engine(containers=[listed, namesake]), keep=(HEX[:12],))
    assert going(things, "containers") == ["id-db"]


def test_a_kept_container_keeps_its_volumes_and_networks() -> None:
    """It names its network by name or ID: a container that was never started has the name only."""
    seat = engine(
        containers=[
            container("db", volumes=["named", HEX], networks=["net", "n1"]),
            container("idle", networks=["net2"]),
            container("mine", volumes=["mine"], networks=["mine", "n3"]),
        ],
        networks=[network("n1", "net"), network("n2", "net2"), network("n3", "mine")],
        volumes=[volume("named"), volume(HEX), volume("mine")],
    )
    things = plan(seat, keep=("db", "idle"))
    assert going(things, "containers") == ["id-mine"]
    assert going(things, "volumes") == ["mine"]
    assert going(things, "networks") == ["n3"]


def test_who_only_stays_keeps_its_volumes_but_no_network_that_a_student_connected() -> None:
    """The engine removes no volume of a container that is there."""
    before = {"ids": NOTHING_BEFORE["ids"] | {"containers": ["id-old"]}}
    seat = engine(
        containers=[
            container("old", volumes=["data"], networks=["net"]),
            container("flask", networks=["net"]),
        ],
        networks=[network("n1", "net")],
        volumes=[volume("data")],
    )
    things = plan(seat, before)
    assert going(things, "volumes") == []
    assert going(things, "networks") == ["n1"]


def test_plugins_go_but_for_those_that_something_which_stays_is_made_with() -> None:
    plugins = [{"id": f"p-{name}", "name": name} for name in ("old", "nfs", "net", "mine", "kept")]
    seat = engine(
        plugins=plugins,
        volumes=[volume("marks", "nfs", elsewhere=True), volume("theirs", "mine", elsewhere=True)],
        networks=[network("n1", "lan", "net"), network("n2", "theirs", "mine")],
    )
    before = {"ids": NOTHING_BEFORE["ids"] | {"plugins": ["p-old"]}, "docker_running": True}
    things = plan(seat, before, keep=("marks", "lan", "kept"))
    assert going(things, "plugins") == ["p-mine"]
    assert "plugin mine" in lines(things)
    # The record of a Docker that did not run lists no plugins.
    assert going(plan(engine(plugins=plugins[:1])), "plugins") == ["p-old"]


@pytest.mark.parametrize(("previous_swarm", "is_listed"), [("", True), ("node", False)])
def test_what_a_swarm_holds_is_told_where_the_swarm_goes(
    previous_swarm: str, is_listed: bool
) -> None:
    objects = {kind: [{"id": "x", "name": "web"}] for kind in IN_A_SWARM}
    things = plan(
        engine(swarm="node", **objects), {"ids": NOTHING_BEFORE["ids"] | {"swarm": previous_swarm}}
    )
    expected = ["membership of a swarm", "service web, of that swarm"]
    expected += ["secret web, of that swarm", "config web, of that swarm"]
    assert lines(things) == (expected if is_listed else [])
    assert reset_plan.total(things) == 0


def test_a_volume_whose_data_are_elsewhere_is_told_so() -> None:
    seat = engine(volumes=[volume("a"), volume("b", elsewhere=True), volume("c", "nfs:1")])
    seat["volumes"][2]["elsewhere"] = True
    assert lines(plan(seat)) == [
        "volume a, 1B",
        "volume b (driver local; its data stay where it keeps them)",
        "volume c (driver nfs:1; its data stay where it keeps them)",
    ]


def test_a_volume_without_a_name_is_work_where_a_container_has_it() -> None:
    anonymous = ["0" * 64, "1" * 64]
    seat = engine(
        containers=[container("c", MINE, volumes=anonymous[:1])],
        images={MINE: image()},
        volumes=[volume(name) for name in anonymous],
    )
    lost = unsaved(plan(seat), Saved())
    assert lost == [f"volume {anonymous[0]}"]


def test_of_a_plan_that_is_too_large_the_end_is_left_out() -> None:
    """The plan is cut in its order: later objects may need earlier ones."""
    spare = [f"{number}:{'x' * 1000}" for number in range(1000)]

    def going_with(names: list[str]) -> Plan:
        own = {BASE: image("room:base", *names, mark="fp-base")}
        return plan(engine(own, containers=[container("a")], cache=[{"id": "z", "bytes": 1}]))

    small = going_with(spare[:1])
    assert (small["names"], going(small, "cache"), "more" in small) == (
        {spare[0]: ""},
        ["z"],
        False,
    )
    cut_plan = going_with(spare)
    kept = len(cut_plan["names"])
    assert 100 < kept < 1000
    assert cut_plan["containers"] == small["containers"] != []
    assert (cut_plan["cache"], cut_plan["more"]) == ([], 1000 - kept + 1)
    assert list(cut_plan["names"]) == spare[:kept]


def test_the_limit_of_a_plan_counts_the_swarm() -> None:
    things = plan(engine(swarm="x" * 600_000, containers=[container("a")]))
    assert (things["swarm"], things["containers"], things["more"]) == ([], [], 2)


@pytest.mark.parametrize(
    ("kind", "thing", "saved"),
    [
        ("containers", {"id": "c1", "bytes": 1}, True),
        ("volumes", {"name": "v", "bytes": 1}, True),
        ("images", {"id": "i", "names": ["mine:1"], "bytes": 1}, True),
        # The image is a build step of another one.
        ("images", {"id": "i", "names": [], "bytes": 1}, False),
        ("networks", {"id": "n", "bytes": 0}, False),
    ],
)
def test_what_is_worth_saving(kind: str, thing: dict[str, Any], *, saved: bool) -> None:
    assert (reset_plan.to_save(reset_plan.empty_plan() | {kind: [thing]}) is not None) is saved
