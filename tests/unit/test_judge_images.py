"""What is judged of the images: which revision is meant, what is lacking, and what goes."""

import re
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    delivery,
    images,
    revisions,
)
from sample_seat import BASE, COURSE, OLD, REVISION, builder, changed, image, want
from sample_seat import seat as sample

TAG = "lab:python"
A, B, C, D = (letter * 64 for letter in "abcd")
NAMES = {revision: f"{TAG}-{revision[:12]}" for revision in (A, B, C, D)}


def brought(revision: str) -> dict[str, Any]:
    return {
        "id": f"id of {revision}",
        "revision": revision,
        "fingerprint": f"print of {revision}",
        "labels": {},
        "layers": ["one", "two"],
    }


def seat(*revisions: str, named: str = "", runs: tuple[str, ...] = ()) -> dict[str, Any]:
    """A machine with revisions that the toolkit has brought, one of them named, some running."""
    images = {NAMES[revision]: brought(revision) for revision in revisions}
    return {
        "images": images | ({TAG: brought(named)} if named else {}),
        "built": {name: one["fingerprint"] for name, one in images.items()},
        "containers": {
            run: {"labels": {"labocloud.revision": run} if run else {}, "image_id": f"id of {run}"}
            for run in (*runs, "")
        },
        "before": {"images": []},
    }


def test_a_revision_is_the_toolkits_where_the_record_has_it_under_its_own_name() -> None:
    machine = seat(A, B, named=A)
    machine["images"][NAMES[C]] = brought(C)  # not in the record
    machine["images"][NAMES[B]] = brought(C)  # the name was given to another one
    machine["images"]["mine:1"] = brought("")
    assert revisions.revisions(machine, TAG) == {NAMES[A]: A}


@pytest.mark.parametrize(
    ("asked", "served", "meant"),
    [
        ("previous", [A, B], A),
        ("previous", [A, B, A], B),
        ("previous", [B, D, A], B),
        ("previous", [A], None),
        ("previous", [], None),
        ("b", [], B),
        (B, [], B),
        ("bc", [], None),
        ("", [], None),
    ],
    ids=lambda value: str(value)[:8],
)
def test_the_revision_that_is_meant(asked: str, served: list[str], meant: str | None) -> None:
    """Gone ones cannot be meant, and more than one that begins so is none."""
    found = revisions.find_revision(seat(A, B, C), TAG, asked, served)
    assert found == (NAMES[meant] if meant else "")


@pytest.mark.parametrize(
    ("machine", "wanted", "keep", "outdated"),
    [
        (seat(A, B, named=B, runs=(B,)), C, 3, []),
        (seat(A, B, C, named=C, runs=(C,)), D, 3, [A]),
        (seat(A, B, C, named=C, runs=(C,)), D, 2, [A, B]),
        # What is served now, and what a student runs, stays whatever its age.
        (seat(A, B, C, named=A, runs=(A,)), D, 3, [B]),
        (seat(A, B, C, named=C, runs=(A, C)), D, 3, [B]),
        (seat(A, B, C, D, named=D, runs=(A, B, C, D)), D, 2, []),
        # One that was never served goes first.
        (seat(A, D, C, named=C, runs=(C,)), B, 3, [D]),
    ],
)
def test_what_goes(machine: dict, wanted: str, keep: int, outdated: list[str]) -> None:
    served = [A, B, C]
    found = revisions.outdated(machine, TAG, wanted, served, keep)
    assert found == [NAMES[revision] for revision in outdated]


OTHER = "ecole:tp1"


def other_tag(*runs: str, **also: str) -> dict[str, Any]:
    """A machine of the tag OTHER with the revisions A and B; also: what else has a name."""
    machine = seat(named="", runs=runs)
    names = {f"{OTHER}-{A[:12]}": A, f"{OTHER}-{B[:12]}": B, OTHER: B}
    machine["built"] = {name: f"print of {revision}" for name, revision in names.items()}
    del machine["built"][OTHER]
    machine["images"] = {name: brought(revision) for name, revision in (names | also).items()}
    return machine


@pytest.mark.parametrize(
    ("machine", "going"),
    [
        (other_tag(), [OTHER, A, B]),
        # Its image has today's name by now, or it has not.
        (other_tag(B, **{TAG: B}), [OTHER, A, B]),
        (other_tag(B), [A]),
        # The name is for another image by now, or was there before.
        (other_tag(**{OTHER: C}), [A, B]),
        (other_tag() | {"before": {"images": [OTHER]}}, [A, B]),
        (other_tag() | {"before": None}, [OTHER, A, B]),
        (other_tag() | {"built": {}}, []),
    ],
)
def test_the_names_of_another_tag_go(machine: dict[str, Any], going: list[str]) -> None:
    names = [one if one == OTHER else f"{OTHER}-{one[:12]}" for one in going]
    assert revisions.unserved(machine, TAG) == names
    assert revisions.unserved(machine, OTHER) == []


def gone(machine: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    """Return the images to remove from a machine that had these before the toolkit."""
    return revisions.brought(machine | {"before": before}, TAG)


def test_with_the_toolkit_go_its_own_images_and_the_name_that_one_of_them_has() -> None:
    machine = seat(A, B, named=B)
    machine["images"]["mine:1"] = brought(C)
    machine["images"][NAMES[A]] = brought(C)  # a student's, that took the name
    machine["images"]["python:3"] = brought("")  # and one of the base's name, which nobody pulled
    assert gone(machine, {"images": []}) == [TAG, NAMES[B]]
    assert gone(machine, {"images": [NAMES[B]]}) == [TAG]
    assert gone(machine, None) == []
    machine["images"][TAG] = brought(C)
    assert gone(machine, {"images": []}) == [NAMES[B]]


@pytest.mark.parametrize(
    "name", ["lab:python", "ecole/tp_1:V1.2-x", "a--b:_", "labocloud20202021:" + "t" * 115]
)
def test_names_that_images_can_have(name: str) -> None:
    assert revisions.is_valid_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ecole:tp 1",
        "école:tp1",
        "ecole:tp1é",
        "Ecole:tp1",
        "ecole",
        "ecole:",
        ":tp1",
        "ecole:tp1\n",
        "ecole:-x",
        "localhost:5000/ecole:tp1",
        "ecole:$(id)",
        "--help:tp1",
        "lab:" + "t" * 116,
        2026,
    ],
)
def test_names_that_no_image_can_have(name: object) -> None:
    assert not revisions.is_valid_name(name)


WANTED = f"{COURSE}-{REVISION[:12]}"
NEWEST = "e5" * 32


def older(has: dict[str, Any], *revisions: str) -> dict[str, Any]:
    """Return a machine that also has these revisions, which the toolkit brought."""
    for revision in revisions:
        name = f"{COURSE}-{revision[:12]}"
        has["images"][name] = image(revision)
        has["built"][name] = image(revision)["fingerprint"]
    return has


def verdict(
    has: dict[str, Any], made: dict[str, Any] | None = None, **others: object
) -> dict[str, Any]:
    return images.judge(has, want(**others), builder() if made is None else made)


def ids(told: dict[str, Any]) -> list[str]:
    return [one["id"] for one in told["findings"]]


def lacks(*names: str, **others: object) -> dict[str, Any]:
    """Return the sample without some of its images. others: names for other images."""
    there = {name: one for name, one in sample()["images"].items() if name not in names}
    return sample(("images", there | others))


def test_a_machine_that_has_all_is_settled() -> None:
    told = verdict(sample())
    assert (told["settled"], ids(told)) == (True, [])
    assert told["revision"] == REVISION
    assert told["wanted"] == {
        "name": WANTED,
        "revision": REVISION,
        "fingerprint": image(REVISION)["fingerprint"],
    }
    for key in ("lacking", "outdated", "unserved", "stale", "naming", "pull", "names", "serves"):
        assert not told[key], key
    assert (told["named"], told["held"]) == (True, "")


@pytest.mark.parametrize(
    ("has", "differs", "found"),
    [
        (lacks(WANTED), {"lacking": [WANTED], "names": {COURSE: WANTED}, "naming": []}, []),
        (lacks(WANTED, COURSE), {"lacking": [WANTED], "named": False}, ["image_missing"]),
        (lacks(BASE), {"lacking": [BASE], "forget": "", "names": {}}, ["image_missing"]),
        # The name is for another image, which is nobody's of the toolkit.
        (lacks(**{BASE: image(OLD, "base")}), {"lacking": [BASE], "forget": ""}, ["image_old"]),
        (
            lacks(**{COURSE: image(OLD)}),
            {
                "named": False,
                "naming": [{"name": WANTED, "fingerprint": image(REVISION)["fingerprint"]}],
                "names": {},
            },
            ["image_old"],
        ),
        # What is not remembered alone is named along.
        (
            sample(("built", {**sample()["built"], BASE: "other"})),
            {
                "naming": [
                    {"name": BASE, "fingerprint": sample()["built"][BASE]},
                    {"name": WANTED, "fingerprint": sample()["built"][WANTED]},
                ],
                "named": True,
            },
            [],
        ),
        (
            sample(("built", {})),
            {
                "naming": [
                    {"name": BASE, "fingerprint": sample()["built"][BASE]},
                    {"name": WANTED, "fingerprint": sample()["built"][WANTED]},
                ],
                "forget": "",
                "brought": {},
            },
            [],
        ),
        (sample(("built", {**sample()["built"], "lab:old": "p"})), {"stale": ["lab:old"]}, []),
    ],
    ids=[
        "not sent",
        "nothing of it",
        "no base",
        "another base",
        "another name",
        "a base not remembered",
        "not remembered",
        "gone",
    ],
)
def test_a_machine_that_is_not_settled(
    has: dict[str, Any], differs: dict[str, Any], found: list[str]
) -> None:
    told = verdict(has)
    assert not told["settled"]
    assert not told["refused"]
    assert {key: told[key] for key in differs} == differs
    assert ids(told) == found


def test_the_base_that_is_replaced_goes_where_it_was_brought() -> None:
    """By its ID: by then the name is for the new one."""
    had = image(OLD, "base")
    has = lacks(**{BASE: had})
    has["built"][BASE] = had["fingerprint"]
    assert verdict(has)["forget"] == had["id"]


def test_what_the_room_is_to_be_served_by_now_is_remembered() -> None:
    """By the builder, whichever seat it is judged for."""
    made = builder(("served", [REVISION, OLD]))
    told = verdict(sample(), made)
    assert (told["settled"], told["serves"]) == (False, "")
    told = verdict(made["seat"], made, name="pc01")
    assert (told["settled"], told["serves"]) == (False, REVISION)
    assert verdict(made["seat"], builder(), name="pc01")["serves"] == ""


def test_before_it_is_built_nothing_is_known_and_what_is_served_is_right() -> None:
    """The files were changed, and nobody has updated yet: no seat is wrong."""
    made = builder()
    made["course"]["context"] = "c1" * 32
    told = verdict(sample(), made)
    assert told["wanted"]["fingerprint"] == ""
    assert told["lacking"] == [told["wanted"]["name"]]
    assert (told["settled"], told["named"]) == (False, False)
    assert verdict(sample(), made, name="pc01")["serves"] == ""
    assert (told["revision"], ids(told)) == (REVISION, [])
    assert "cannot be sent" in told["held"]
    # And while the base is another one, not even the name is.
    made["course"]["base"] = "b1" * 32
    told = verdict(sample(), made)
    assert (told["wanted"]["name"], told["lacking"], ids(told)) == ("", [BASE, COURSE], [])


def test_a_seat_that_went_on_in_an_update_is_as_right_as_one_that_did_not() -> None:
    """The builder, whose turn is the last one's, serves the older one still."""
    made = changed(builder(), (f"seat/images/{COURSE}", image(OLD)))
    older(made["seat"], OLD)
    ahead = older(sample(), OLD)
    assert ids(verdict(ahead, made)) == []
    assert verdict(ahead, made)["revision"] == REVISION
    behind = changed(ahead, (f"images/{COURSE}", image(OLD)))
    assert ids(verdict(behind, made)) == []
    assert verdict(behind, made)["revision"] == OLD
    other = changed(ahead, (f"images/{COURSE}", image("f" * 64)))
    [found] = verdict(other, made)["findings"]
    assert f"{'f' * 12}, not {OLD[:12]}" in found["cause"]["en"]


def test_an_image_made_by_hand_from_the_rooms_is_told_by_its_fingerprint() -> None:
    has = changed(sample(), (f"images/{COURSE}/fingerprint", "forged at home"))
    [found] = verdict(has)["findings"]
    assert "forged at ho, not print of cou" in found["cause"]["en"]


def test_what_a_student_named_so_on_the_builder_is_no_measure() -> None:
    made = changed(builder(), (f"seat/images/{COURSE}", image("f" * 64)))
    assert ids(verdict(sample(), made)) == []
    # One that has the name of a revision there is none either.
    made = changed(builder(), (f"seat/images/{WANTED}/fingerprint", "forged"))
    told = verdict(sample(), made)
    assert told["wanted"]["fingerprint"] == ""


def test_of_a_builder_that_has_nothing_that_is_told() -> None:
    made = builder(("images", {}), ("built", {}))
    assert ids(verdict(sample(), made)) == ["image_none"]
    # Of an engine that does not run, its own part tells.
    assert ids(verdict(sample(("docker/running", False)), made)) == []


def test_a_builder_that_was_not_asked_refuses() -> None:
    told = verdict(sample(), {})
    assert [one["id"] for one in told["refused"]] == ["image_unknown"]
    assert "not known: pc01" in told["refused"][0]["cause"]["en"]
    # Who cannot wait for it is told another way.
    assert "-e course_image_builder=NAME" in told["refused"][0]["advice"]["en"]
    # What goes with the toolkit is known all the same.
    assert set(told["brought"]) == {BASE, COURSE, WANTED}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("docker/running", False)], "its Docker does not answer"),
        ([("before", None)], "its Docker was not set up by the role docker_engine"),
    ],
)
def test_a_builder_that_is_not_ready_is_waited_for(changes: list, words: str) -> None:
    """It may be by the time: no seat is refused at the beginning of a run that will set it up."""
    told = verdict(lacks(WANTED), builder(*changes))
    assert not told["refused"]
    assert "pc01 builds for the room, and is not ready" in told["held"]
    assert words in told["held"]
    assert "Fix: " in told["held"]
    assert verdict(sample(), builder(*changes))["held"] == ""


def test_revisions_beyond_those_that_are_kept_go_by_name_and_id() -> None:
    has = older(sample(), OLD, NEWEST)
    made = builder(("served", [OLD, NEWEST, REVISION]))
    assert verdict(has, made)["settled"]
    told = verdict(has, made, course_image_keep=2)
    assert told["outdated"] == {f"{COURSE}-{OLD[:12]}": image(OLD)["id"]}
    assert not told["settled"]
    # While the one that is wanted is not built, none is too many.
    made["course"]["context"] = "c1" * 32
    assert verdict(has, made, course_image_keep=2)["outdated"] == {}


def test_a_revision_that_is_no_digits_is_none() -> None:
    """A person is told to name one on the command line: what follows goes through their shell."""
    has, lie = sample(), "$(rm -rf ~) #"
    has["images"][f"{COURSE}-{lie[:12]}"] = image(lie)
    has["built"][f"{COURSE}-{lie[:12]}"] = image(lie)["fingerprint"]
    assert list(revisions.revisions(has, COURSE).values()) == [REVISION]


def test_names_of_another_tag_go_by_name_and_id() -> None:
    has = sample()
    has["images"]["ecole:tp1"] = image(REVISION)
    has["images"][f"ecole:tp1-{REVISION[:12]}"] = image(REVISION)
    has["built"][f"ecole:tp1-{REVISION[:12]}"] = image(REVISION)["fingerprint"]
    told = verdict(has)
    assert told["unserved"] == {
        name: image(REVISION)["id"] for name in ("ecole:tp1", f"ecole:tp1-{REVISION[:12]}")
    }
    assert not told["settled"]


@pytest.mark.parametrize(
    ("set_so", "found", "words"),
    [
        ({"course_image_keep": 1}, "image_keep", "course_image_keep is 1"),
        ({"course_image_keep": "many"}, "setting_wrong", "course_image_keep"),
        ({"course_image_tag": "École:tp 1"}, "image_name", 'course_image_tag is "École:tp 1"'),
        (
            {"course_image_delivery": "registry"},
            "image_road",
            "the inventory has no group registry",
        ),
        (
            {"course_image_revision": "0000000"},
            "revision_unknown",
            "the revision 0000000 is not one",
        ),
        (
            {"course_image_revision": "previous"},
            "revision_previous",
            f"The room had {REVISION[:12]}",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_on_a_seat_that_has_all_too(
    set_so: dict[str, Any], found: str, words: str
) -> None:
    told = verdict(sample(), **set_so)
    assert [one["id"] for one in told["refused"]] == [found]
    assert words in told["refused"][0]["cause"]["en"]
    assert told["refused"][0]["advice"]["fr"]
    assert not told["settled"]


def test_a_registry_of_another_machine_than_the_one_that_builds_is_none() -> None:
    groups = {"lab": ["pc01", "pc02"], "registry": ["server"]}
    wanted = want(groups, course_image_delivery="registry", course_image_builder="pc01")
    told = images.judge(sample(), wanted, builder())
    assert [one["id"] for one in told["refused"]] == ["image_road"]
    assert told["road"] == "registry"
    assert delivery.road_of(want(groups, course_image_builder="pc01")) == "archive"


def test_files_that_cannot_be_read_refuse_what_is_built_from_them_alone() -> None:
    made = builder()
    made["course"] |= {"base": "", "context": "", "wheels": {}, "why": "no Dockerfile"}
    told = verdict(sample(), made)
    assert [one["id"] for one in told["refused"]] == ["project_unreadable"]
    assert "no Dockerfile" in told["refused"][0]["cause"]["en"]
    assert verdict(sample(), made, course_image_revision=REVISION[:7])["settled"]


def test_one_goes_back_to_a_revision_that_the_builder_has() -> None:
    made = builder(("served", [OLD, REVISION]))
    older(made["seat"], OLD)
    for asked in ("previous", OLD[:7]):
        told = verdict(sample(), made, course_image_revision=asked)
        assert told["wanted"]["revision"] == OLD
        assert told["lacking"] == [f"{COURSE}-{OLD[:12]}"]
        assert (told["held"], told["refused"]) == ("", [])
        assert verdict(sample(), made, name="pc01", course_image_revision=asked)["serves"] == OLD
    # It stays the one that is meant when the room has it.
    made["seat"]["served"] = [REVISION, OLD]
    assert verdict(sample(), made, course_image_revision="previous")["wanted"]["revision"] == OLD


def test_a_seat_waits_for_a_base_that_is_about_to_be_made_anew() -> None:
    """It is in no later play otherwise. In a run that makes it anew, it is made anew once."""
    made = builder()
    made["course"]["had"] = made["seat"]["images"][BASE]["id"]
    assert verdict(sample(), made)["settled"]
    told = verdict(sample(), made, course_image_base_refresh=True)
    assert (told["settled"], told["refused"]) == (False, [])
    made["course"]["had"] = "sha256:old"
    assert verdict(sample(), made, course_image_base_refresh=True)["settled"]


def test_nobody_can_tell_which_was_the_previous_one_after_an_update_that_stopped() -> None:
    made = builder(("served", [OLD, REVISION]))
    older(made["seat"], OLD, NEWEST)
    has = changed(sample(), (f"images/{COURSE}", image(NEWEST)))
    [found] = verdict(has, made, course_image_revision="previous")["refused"]
    assert f"pc02 has the revision {NEWEST[:12]}, of an update" in found["cause"]["en"]
    assert all(one[:12] in found["advice"]["en"] for one in (OLD, NEWEST, REVISION))
    # One that nobody brought is somebody's own.
    has = changed(sample(), (f"images/{COURSE}", image("f" * 64)))
    assert not verdict(has, made, course_image_revision="previous")["refused"]


@pytest.mark.parametrize(
    ("changes", "found", "words"),
    [
        (
            [("arch", "riscv64")],
            "image_arch",
            "pc02 is a riscv64; there is a base for x86_64 and aarch64",
        ),
        ([("arch", "aarch64")], "image_archs", f"pc02 (aarch64) cannot be sent {COURSE} by pc01"),
        ([("docker/free_mb", 9)], "image_disk", "9 MiB free at /var/lib/docker"),
    ],
)
def test_a_machine_that_cannot_have_them_is_refused_where_it_has_not(
    changes: list, found: str, words: str
) -> None:
    told = verdict(changed(lacks(WANTED, COURSE), *changes))
    assert [one["id"] for one in told["refused"]] == [found]
    assert words in told["refused"][0]["cause"]["en"]
    assert not verdict(sample(*changes))["refused"]


def test_what_travels_is_less_the_layers_that_are_there() -> None:
    """A seat that has the same is sent the same archive; an engine that wants all is sent all."""
    told = verdict(lacks(WANTED, COURSE))["archive"]
    assert told["skip_layers"] == 3
    assert told["archive"].endswith("-3")
    assert told["images"] == [BASE, WANTED]
    assert verdict(lacks(WANTED))["archive"]["skip_layers"] == 8
    assert verdict(sample(("images", {})))["archive"]["skip_layers"] == 0
    has = changed(lacks(WANTED, COURSE), ("docker/partial", False))
    assert verdict(has)["archive"]["skip_layers"] == 0


def test_an_archive_of_the_same_images_by_other_names_is_another() -> None:
    """It would be refused for its names."""
    name = f"ecole:tp1-{REVISION[:12]}"
    made = changed(
        builder(),
        (f"seat/images/{name}", image(REVISION)),
        (f"seat/built/{name}", image(REVISION)["fingerprint"]),
    )
    told = verdict(sample(), made, course_image_tag="ecole:tp1")
    assert told["lacking"] == [name]
    assert told["archive"]["archive"] != verdict(sample())["archive"]["archive"]


def test_layers_count_from_the_lowest_without_a_gap() -> None:
    layers = ["one", "two", "three"]
    there = {
        "other": {"layers": ["two", "three"]},
        "gap": {"layers": ["one", "x", "three"]},
        "older": {"layers": ["one", "two", "y"]},
    }

    def present(**some: object) -> int:
        return revisions.layers_present({"images": some}, layers)

    assert present() == 0
    assert present(other=there["other"]) == 0
    assert present(gap=there["gap"]) == 1
    assert present(**there) == 2
    assert present(taller={"layers": [*layers, "z"]}) == 3


REGISTRY = {"lab": ["pc02", "pc03"], "registry": ["pc01"]}
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("tag", "repository"), [(COURSE, "labocloud20202021"), ("ecole/tp_1:V1", "ecole-tp_1")]
)
def test_the_registry_has_one_directory_for_an_image_of_any_name(tag: str, repository: str) -> None:
    assert delivery.repository_of(want(course_image_tag=tag)) == repository


def test_by_the_registry_each_is_pulled_by_its_digest() -> None:
    base = sample()["images"][BASE]["fingerprint"]
    tags = [f"base-{base[:16]}", f"course-{image(REVISION)['fingerprint'][:16]}"]
    made = builder(("registry/images", dict.fromkeys(tags, DIGEST)))
    wanted = want(REGISTRY, room_registry_address="pc01")
    told = images.judge(lacks(WANTED), wanted, made)
    assert told["road"] == "registry"
    assert told["pull"] == [
        {
            "image": f"pc01:5000/labocloud20202021@{DIGEST}",
            "name": WANTED,
            "fingerprint": image(REVISION)["fingerprint"],
        }
    ]
    assert told["held"] == ""
    made["seat"]["registry"]["images"][tags[1]] = "sha256:short"
    told = images.judge(lacks(WANTED), wanted, made)
    assert f"tells no digest of {tags[1]}, but sha256:short" in told["held"]
    assert "set course_image_delivery to archive" in told["held"]


def test_the_tasks_ask_for_nothing_that_the_verdict_does_not_tell() -> None:
    tasks = settings.ROLES / "course_image/tasks"
    told = verdict(sample())
    asked = {
        path.name: set(re.findall(r"\bcourse_image_verdict\.(\w+)", path.read_text()))
        for path in tasks.glob("*.yml")
    }
    assert set().union(*asked.values()) >= {"lacking", "wanted", "held", "brought", "serves"}
    assert {name: keys - set(told) for name, keys in asked.items() if keys - set(told)} == {}
    # Where the builder was not asked, nothing is sent, and the toolkit's own can go all the same.
    assert asked["remove.yml"] <= set(verdict(sample(), {}))
