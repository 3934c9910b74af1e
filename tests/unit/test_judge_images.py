"""Test the verdict on the images: which revision is meant, what is missing, what goes."""

import re
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    delivery,
    images,
    revisions,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES
from sample_seat import BASE, COURSE, OLD, REVISION, builder, changed, image, sample_settings
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
    """Return a machine with revisions that the toolkit brought: one is named, some are running."""
    images = {NAMES[revision]: brought(revision) for revision in revisions}
    return {
        "images": images | ({TAG: brought(named)} if named else {}),
        "built": {name: details["fingerprint"] for name, details in images.items()},
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
    ("setting", "served", "meant"),
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
def test_the_revision_that_is_meant(setting: str, served: list[str], meant: str | None) -> None:
    """Show that a revision that is gone or whose beginning is ambiguous is never meant."""
    name = revisions.find_revision(seat(A, B, C), TAG, setting, served)
    assert name == (NAMES[meant] if meant else "")


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
    names = revisions.outdated(machine, TAG, wanted, served, keep)
    assert names == [NAMES[revision] for revision in outdated]


OTHER = "ecole:tp1"


def other_tag(*runs: str, **also: str) -> dict[str, Any]:
    """Return a machine of the tag OTHER with revisions A and B. also: revisions by other names."""
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
    names = [revision if revision == OTHER else f"{OTHER}-{revision[:12]}" for revision in going]
    assert revisions.unserved(machine, TAG) == names
    assert revisions.unserved(machine, OTHER) == []


def brought_names(machine: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    """Return the images to remove from a machine that had these before the toolkit."""
    return revisions.brought(machine | {"before": before}, TAG)


def test_with_the_toolkit_go_its_own_images_and_the_name_that_one_of_them_has() -> None:
    machine = seat(A, B, named=B)
    machine["images"]["mine:1"] = brought(C)
    machine["images"][NAMES[A]] = brought(C)  # a student's, that took the name
    machine["images"]["python:3"] = brought("")  # and one of the base's name, which nobody pulled
    assert brought_names(machine, {"images": []}) == [TAG, NAMES[B]]
    assert brought_names(machine, {"images": [NAMES[B]]}) == [TAG]
    assert brought_names(machine, None) == []
    machine["images"][TAG] = brought(C)
    assert brought_names(machine, {"images": []}) == [NAMES[B]]


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


def judge(
    has: dict[str, Any], builder_facts: dict[str, Any] | None = None, **others: object
) -> dict[str, Any]:
    return images.judge(
        has, sample_settings(**others), builder() if builder_facts is None else builder_facts
    )


def ids(verdict: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in verdict["findings"]]


def lacks(*names: str, **others: object) -> dict[str, Any]:
    """Return the sample without some of its images. others: names for other images."""
    remaining = {name: details for name, details in sample()["images"].items() if name not in names}
    return sample(("images", remaining | others))


def test_a_machine_that_has_all_is_settled() -> None:
    verdict = judge(sample())
    assert (verdict["settled"], ids(verdict)) == (True, [])
    assert verdict["revision"] == REVISION
    assert verdict["wanted"] == {
        "name": WANTED,
        "revision": REVISION,
        "fingerprint": image(REVISION)["fingerprint"],
    }
    for key in ("lacking", "outdated", "unserved", "stale", "naming", "pull", "names", "serves"):
        assert not verdict[key], key
    assert (verdict["named"], verdict["waits_for"]) == (True, "")


@pytest.mark.parametrize(
    ("has", "differs", "expected"),
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
    has: dict[str, Any], differs: dict[str, Any], expected: list[str]
) -> None:
    verdict = judge(has)
    assert not verdict["settled"]
    assert not verdict["refused"]
    assert {key: verdict[key] for key in differs} == differs
    assert ids(verdict) == expected


def test_the_base_that_is_replaced_goes_where_it_was_brought() -> None:
    """Show that the old base goes by its ID, as its name is for the new one by then."""
    replaced = image(OLD, "base")
    has = lacks(**{BASE: replaced})
    has["built"][BASE] = replaced["fingerprint"]
    assert judge(has)["forget"] == replaced["id"]


def test_what_the_room_is_to_be_served_by_now_is_remembered() -> None:
    """Show that the builder remembers it, whichever seat is judged."""
    builder_facts = builder(("served", [REVISION, OLD]))
    verdict = judge(sample(), builder_facts)
    assert (verdict["settled"], verdict["serves"]) == (False, "")
    verdict = judge(builder_facts["seat"], builder_facts, name="pc01")
    assert (verdict["settled"], verdict["serves"]) == (False, REVISION)
    assert judge(builder_facts["seat"], builder(), name="pc01")["serves"] == ""


def test_before_it_is_built_nothing_is_known_and_what_is_served_is_right() -> None:
    """Show that no seat is wrong while the files are changed and nobody has updated yet."""
    builder_facts = builder()
    builder_facts["course"]["context"] = "c1" * 32
    verdict = judge(sample(), builder_facts)
    assert verdict["wanted"]["fingerprint"] == ""
    assert verdict["lacking"] == [verdict["wanted"]["name"]]
    assert (verdict["settled"], verdict["named"]) == (False, False)
    assert judge(sample(), builder_facts, name="pc01")["serves"] == ""
    assert (verdict["revision"], ids(verdict)) == (REVISION, [])
    assert "cannot be sent" in verdict["waits_for"]
    # And while the base is another one, not even the name is.
    builder_facts["course"]["base"] = "b1" * 32
    verdict = judge(sample(), builder_facts)
    assert (verdict["wanted"]["name"], verdict["lacking"], ids(verdict)) == ("", [BASE, COURSE], [])


def test_a_seat_that_went_on_in_an_update_is_as_right_as_one_that_did_not() -> None:
    """Show that the builder, which is updated last, may still serve the older revision."""
    builder_facts = changed(builder(), (f"seat/images/{COURSE}", image(OLD)))
    older(builder_facts["seat"], OLD)
    ahead = older(sample(), OLD)
    assert ids(judge(ahead, builder_facts)) == []
    assert judge(ahead, builder_facts)["revision"] == REVISION
    behind = changed(ahead, (f"images/{COURSE}", image(OLD)))
    assert ids(judge(behind, builder_facts)) == []
    assert judge(behind, builder_facts)["revision"] == OLD
    other = changed(ahead, (f"images/{COURSE}", image("f" * 64)))
    [finding] = judge(other, builder_facts)["findings"]
    assert f"{'f' * 12}, not {OLD[:12]}" in finding["cause"]["en"]


def test_an_image_made_by_hand_from_the_rooms_is_told_by_its_fingerprint() -> None:
    has = changed(sample(), (f"images/{COURSE}/fingerprint", "forged at home"))
    [finding] = judge(has)["findings"]
    assert "forged at ho, not print of cou" in finding["cause"]["en"]


def test_what_a_student_named_so_on_the_builder_is_no_measure() -> None:
    builder_facts = changed(builder(), (f"seat/images/{COURSE}", image("f" * 64)))
    assert ids(judge(sample(), builder_facts)) == []
    # One that has the name of a revision there is none either.
    builder_facts = changed(builder(), (f"seat/images/{WANTED}/fingerprint", "forged"))
    verdict = judge(sample(), builder_facts)
    assert verdict["wanted"]["fingerprint"] == ""


def test_of_a_builder_that_has_nothing_that_is_told() -> None:
    builder_facts = builder(("images", {}), ("built", {}))
    assert ids(judge(sample(), builder_facts)) == ["image_none"]
    # Of an engine that does not run, its own part tells.
    assert ids(judge(sample(("docker/running", False)), builder_facts)) == []


def test_a_builder_that_was_not_asked_refuses() -> None:
    verdict = judge(sample(), {})
    assert [finding["id"] for finding in verdict["refused"]] == ["image_unknown"]
    assert "not known: pc01" in verdict["refused"][0]["cause"]["en"]
    # Who cannot wait for it is told another way.
    assert "-e course_image_builder=NAME" in verdict["refused"][0]["advice"]["en"]
    # What goes with the toolkit is known all the same.
    assert set(verdict["brought"]) == {BASE, COURSE, WANTED}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("docker/running", False)], "its Docker does not answer"),
        ([("before", None)], "its Docker was not set up by the role docker_engine"),
    ],
)
def test_a_builder_that_is_not_ready_is_waited_for(changes: list, words: str) -> None:
    """Show that no seat is refused for a builder that the same run will set up."""
    verdict = judge(lacks(WANTED), builder(*changes))
    assert not verdict["refused"]
    assert "pc01 builds for the room, and is not ready" in verdict["waits_for"]
    assert words in verdict["waits_for"]
    assert "Fix: " in verdict["waits_for"]
    assert judge(sample(), builder(*changes))["waits_for"] == ""


def test_revisions_beyond_those_that_are_kept_go_by_name_and_id() -> None:
    has = older(sample(), OLD, NEWEST)
    builder_facts = builder(("served", [OLD, NEWEST, REVISION]))
    assert judge(has, builder_facts)["settled"]
    verdict = judge(has, builder_facts, course_image_keep=2)
    assert verdict["outdated"] == {f"{COURSE}-{OLD[:12]}": image(OLD)["id"]}
    assert not verdict["settled"]
    # While the one that is wanted is not built, none is too many.
    builder_facts["course"]["context"] = "c1" * 32
    assert judge(has, builder_facts, course_image_keep=2)["outdated"] == {}


def test_a_revision_that_is_no_digits_is_none() -> None:
    """Show that a revision is digits only: people are told to type it into their shell."""
    has, lie = sample(), "$(rm -rf ~) #"
    has["images"][f"{COURSE}-{lie[:12]}"] = image(lie)
    has["built"][f"{COURSE}-{lie[:12]}"] = image(lie)["fingerprint"]
    assert list(revisions.revisions(has, COURSE).values()) == [REVISION]


def test_names_of_another_tag_go_by_name_and_id() -> None:
    has = sample()
    has["images"]["ecole:tp1"] = image(REVISION)
    has["images"][f"ecole:tp1-{REVISION[:12]}"] = image(REVISION)
    has["built"][f"ecole:tp1-{REVISION[:12]}"] = image(REVISION)["fingerprint"]
    verdict = judge(has)
    assert verdict["unserved"] == {
        name: image(REVISION)["id"] for name in ("ecole:tp1", f"ecole:tp1-{REVISION[:12]}")
    }
    assert not verdict["settled"]


@pytest.mark.parametrize(
    ("set_so", "name", "words"),
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
    set_so: dict[str, Any], name: str, words: str
) -> None:
    verdict = judge(sample(), **set_so)
    assert [refusal["id"] for refusal in verdict["refused"]] == [name]
    assert words in verdict["refused"][0]["cause"]["en"]
    assert verdict["refused"][0]["advice"]["fr"]
    assert not verdict["settled"]


def test_a_registry_of_another_machine_than_the_one_that_builds_is_none() -> None:
    groups = {"lab": ["pc01", "pc02"], "registry": ["server"]}
    settings = sample_settings(
        groups, course_image_delivery="registry", course_image_builder="pc01"
    )
    verdict = images.judge(sample(), settings, builder())
    assert [refusal["id"] for refusal in verdict["refused"]] == ["image_road"]
    assert verdict["road"] == "registry"
    assert delivery.road_of(sample_settings(groups, course_image_builder="pc01")) == "archive"


def test_files_that_cannot_be_read_refuse_what_is_built_from_them_alone() -> None:
    builder_facts = builder()
    builder_facts["course"] |= {"base": "", "context": "", "wheels": {}, "why": "no Dockerfile"}
    verdict = judge(sample(), builder_facts)
    assert [refusal["id"] for refusal in verdict["refused"]] == ["project_unreadable"]
    assert "no Dockerfile" in verdict["refused"][0]["cause"]["en"]
    assert judge(sample(), builder_facts, course_image_revision=REVISION[:7])["settled"]


def test_one_goes_back_to_a_revision_that_the_builder_has() -> None:
    builder_facts = builder(("served", [OLD, REVISION]))
    older(builder_facts["seat"], OLD)
    for request in ("previous", OLD[:7]):
        verdict = judge(sample(), builder_facts, course_image_revision=request)
        assert verdict["wanted"]["revision"] == OLD
        assert verdict["lacking"] == [f"{COURSE}-{OLD[:12]}"]
        assert (verdict["waits_for"], verdict["refused"]) == ("", [])
        assert (
            judge(sample(), builder_facts, name="pc01", course_image_revision=request)["serves"]
            == OLD
        )
    # It stays the one that is meant when the room has it.
    builder_facts["seat"]["served"] = [REVISION, OLD]
    assert (
        judge(sample(), builder_facts, course_image_revision="previous")["wanted"]["revision"]
        == OLD
    )


def test_a_seat_waits_for_a_base_that_is_about_to_be_made_anew() -> None:
    """Show that a seat waits for the base, as no later play has it, and once a run only."""
    builder_facts = builder()
    builder_facts["course"]["had"] = builder_facts["seat"]["images"][BASE]["id"]
    assert judge(sample(), builder_facts)["settled"]
    verdict = judge(sample(), builder_facts, course_image_base_refresh=True)
    assert (verdict["settled"], verdict["refused"]) == (False, [])
    builder_facts["course"]["had"] = "sha256:old"
    assert judge(sample(), builder_facts, course_image_base_refresh=True)["settled"]


def test_nobody_can_tell_which_was_the_previous_one_after_an_update_that_stopped() -> None:
    builder_facts = builder(("served", [OLD, REVISION]))
    older(builder_facts["seat"], OLD, NEWEST)
    has = changed(sample(), (f"images/{COURSE}", image(NEWEST)))
    [refusal] = judge(has, builder_facts, course_image_revision="previous")["refused"]
    assert f"pc02 has the revision {NEWEST[:12]}, of an update" in refusal["cause"]["en"]
    assert all(revision[:12] in refusal["advice"]["en"] for revision in (OLD, NEWEST, REVISION))
    # One that nobody brought is somebody's own.
    has = changed(sample(), (f"images/{COURSE}", image("f" * 64)))
    assert not judge(has, builder_facts, course_image_revision="previous")["refused"]


@pytest.mark.parametrize(
    ("changes", "name", "words"),
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
    changes: list, name: str, words: str
) -> None:
    verdict = judge(changed(lacks(WANTED, COURSE), *changes))
    assert [refusal["id"] for refusal in verdict["refused"]] == [name]
    assert words in verdict["refused"][0]["cause"]["en"]
    assert not judge(sample(*changes))["refused"]


def test_what_travels_is_less_the_layers_that_are_there() -> None:
    """Show that seats with the same layers share an archive, and a full one goes where it must."""
    archive = judge(lacks(WANTED, COURSE))["archive"]
    assert archive["skip_layers"] == 3
    assert archive["archive"].endswith("-3")
    assert archive["images"] == [BASE, WANTED]
    assert judge(lacks(WANTED))["archive"]["skip_layers"] == 8
    assert judge(sample(("images", {})))["archive"]["skip_layers"] == 0
    has = changed(lacks(WANTED, COURSE), ("docker/partial", False))
    assert judge(has)["archive"]["skip_layers"] == 0


def test_an_archive_of_the_same_images_by_other_names_is_another() -> None:
    """Show that the archive's name depends on the names, as other names would be refused."""
    name = f"ecole:tp1-{REVISION[:12]}"
    builder_facts = changed(
        builder(),
        (f"seat/images/{name}", image(REVISION)),
        (f"seat/built/{name}", image(REVISION)["fingerprint"]),
    )
    verdict = judge(sample(), builder_facts, course_image_tag="ecole:tp1")
    assert verdict["lacking"] == [name]
    assert verdict["archive"]["archive"] != judge(sample())["archive"]["archive"]


def test_layers_count_from_the_lowest_without_a_gap() -> None:
    layers = ["one", "two", "three"]
    samples = {
        "other": {"layers": ["two", "three"]},
        "gap": {"layers": ["one", "x", "three"]},
        "older": {"layers": ["one", "two", "y"]},
    }

    def present(**named: object) -> int:
        return revisions.layers_present({"images": named}, layers)

    assert present() == 0
    assert present(other=samples["other"]) == 0
    assert present(gap=samples["gap"]) == 1
    assert present(**samples) == 2
    assert present(taller={"layers": [*layers, "z"]}) == 3


REGISTRY = {"lab": ["pc02", "pc03"], "registry": ["pc01"]}
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("tag", "repository"), [(COURSE, "labocloud20202021"), ("ecole/tp_1:V1", "ecole-tp_1")]
)
def test_the_registry_has_one_directory_for_an_image_of_any_name(tag: str, repository: str) -> None:
    assert delivery.repository_of(sample_settings(course_image_tag=tag)) == repository


def test_by_the_registry_each_is_pulled_by_its_digest() -> None:
    base = sample()["images"][BASE]["fingerprint"]
    tags = [f"base-{base[:16]}", f"course-{image(REVISION)['fingerprint'][:16]}"]
    builder_facts = builder(("registry/images", dict.fromkeys(tags, DIGEST)))
    settings = sample_settings(REGISTRY, room_registry_address="pc01")
    verdict = images.judge(lacks(WANTED), settings, builder_facts)
    assert verdict["road"] == "registry"
    assert verdict["pull"] == [
        {
            "image": f"pc01:5000/labocloud20202021@{DIGEST}",
            "name": WANTED,
            "fingerprint": image(REVISION)["fingerprint"],
        }
    ]
    assert verdict["waits_for"] == ""
    builder_facts["seat"]["registry"]["images"][tags[1]] = "sha256:short"
    verdict = images.judge(lacks(WANTED), settings, builder_facts)
    assert f"tells no digest of {tags[1]}, but sha256:short" in verdict["waits_for"]
    assert "set course_image_delivery to archive" in verdict["waits_for"]


def test_the_tasks_ask_for_nothing_that_the_verdict_does_not_tell() -> None:
    tasks = ROLES / "course_image/tasks"
    verdict = judge(sample())
    read_keys = {
        path.name: set(re.findall(r"\bcourse_image_verdict\.(\w+)", path.read_text()))
        for path in tasks.glob("*.yml")
    }
    used = {"lacking", "wanted", "waits_for", "brought", "serves"}
    assert set().union(*read_keys.values()) >= used
    assert {
        name: keys - set(verdict) for name, keys in read_keys.items() if keys - set(verdict)
    } == {}
    # Where the builder was not asked, nothing is sent, and the toolkit's own can go all the same.
    assert read_keys["remove.yml"] <= set(judge(sample(), {}))
