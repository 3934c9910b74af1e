"""A seat of an earlier release is reset by this one: the toolkit's images stay."""

from contextlib import closing
from typing import Any

import stand_in
from ansible_collections.labocloud.room.plugins.filter.course_revisions import (
    course_images_plan,
    course_images_record,
)
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    DockerConnection,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.modules import seat_facts, seat_students

BASE, TAG = "room:base", "room:python"
REVISIONS = [letter * 64 for letter in "abc"]
NAMES = [f"{TAG}-{revision[:12]}" for revision in REVISIONS]
BEFORE = {"ids": {"containers": [], "images": {}, "networks": [], "cache": [], "swarm": ""}}


def image(key: str, *names: str, **config: object) -> dict[str, Any]:
    return {
        "Id": f"sha256:{key}",
        "RepoTags": list(names),
        "RepoDigests": [],
        "Parent": "",
        "Size": 1,
        "SharedSize": 0,
        "Config": {"Cmd": [key], "OnBuild": None, "Volumes": None, **config},
        "RootFS": {"Layers": ["sha256:1", f"sha256:{key}"]},
        "Architecture": "amd64",
    }


def have(engine: stand_in.Engine, images: list[dict[str, Any]]) -> None:
    """Have an engine with images, and nothing else."""
    for one in images:
        engine.on("GET", f"/images/{one['Id']}/json", one)
    engine.on("GET", r"/images/json.*", images)
    engine.on("GET", "/containers/json.*", [])
    engine.on("GET", "/networks", [])
    engine.on("GET", "/volumes", {"Volumes": []})
    nothing = {"Containers": [], "Volumes": [], "BuildCache": []}
    engine.on("GET", r"/system/df.*", {"Images": images, **nothing})
    told = {"ServerVersion": "26", "DockerRootDir": "/x", "Driver": "overlay2"}
    engine.on("GET", "/info", {**told, "Swarm": {"NodeID": ""}})


def test_it_keeps_its_revisions_and_the_record_becomes_one_of_today(
    engine: stand_in.Engine,
) -> None:
    toolkits = [image("base", BASE)]
    for name, revision in zip(NAMES, REVISIONS, strict=True):
        names = [name, TAG] if revision == REVISIONS[-1] else [name]
        toolkits.append(image(name[-1], *names, Labels={"labocloud.revision": revision}))
    record = {one["RepoTags"][0]: fingerprint_1(one) for one in toolkits}
    have(engine, [*toolkits, image("mine", "mine:1")])

    answers = seat_facts.engine_facts(engine.path)
    built = seat_facts.built_facts(record, answers["inspected"])
    with closing(DockerConnection(engine.path)) as docker:
        things = seat_students.plan(
            seat_students.look(docker), BEFORE, built["images"], made=None, containers=[], keep=[]
        )
    assert [one["name"] for one in things["images"]] == ["mine:1"]
    assert things["names"] == {}

    # And the next run of the role finds them all, and writes them down as they are told now.
    seat = {**answers, "built": built["images"], "served": REVISIONS, "before": BEFORE}
    plan = course_images_plan(seat, seat, TAG, [BASE, NAMES[-1]], 3)
    assert plan["outdated"] == []
    assert plan["settled"]
    assert set(course_images_record(seat, {}, [])) == {BASE, *NAMES}
    again = {"version": 2, "images": plan["record"], "bases": {}}
    assert seat_facts.built_facts(again, answers["inspected"])["images"] == built["images"]


def test_a_trap_under_the_bases_name_is_not_taken_for_it(engine: stand_in.Engine) -> None:
    """It has the earlier fingerprint of the base, and runs what a student wrote in each build."""
    record = {BASE: fingerprint_1(image("base", BASE))}
    trap = image("base", BASE, OnBuild=["RUN evil"])
    have(engine, [trap])
    answers = seat_facts.engine_facts(engine.path)
    built = seat_facts.built_facts(record, answers["inspected"])
    with closing(DockerConnection(engine.path)) as docker:
        things = seat_students.plan(
            seat_students.look(docker), BEFORE, built["images"], made=None, containers=[], keep=[]
        )
    assert [one["name"] for one in things["images"]] == [BASE]
