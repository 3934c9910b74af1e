"""Which revisions a machine has, which one is meant, and which go."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.filter import course_revisions

TAG = "lab:python"
A, B, C, D = (letter * 64 for letter in "abcd")
NAMES = {revision: f"{TAG}-{revision[:12]}" for revision in (A, B, C, D)}


def image(revision: str) -> dict[str, Any]:
    return {
        "id": f"id of {revision}",
        "revision": revision,
        "fingerprint": f"print of {revision}",
        "labels": {},
        "layers": ["one", "two"],
    }


def seat(*revisions: str, named: str = "", runs: tuple[str, ...] = ()) -> dict[str, Any]:
    """A machine with revisions that the toolkit has brought, one of them named, some running."""
    images = {NAMES[revision]: image(revision) for revision in revisions}
    return {
        "images": images | ({TAG: image(named)} if named else {}),
        "built": {name: one["fingerprint"] for name, one in images.items()},
        "containers": {
            run: {
                "labels": {"labocloud.revision": run} if run else {},
                "image_id": f"id of {run}",
            }
            for run in (*runs, "")
        },
        "before": {"images": []},
    }


def test_a_revision_is_the_toolkits_where_the_record_has_it_under_its_own_name() -> None:
    machine = seat(A, B, named=A)
    machine["images"][NAMES[C]] = image(C)  # not in the record
    machine["images"][NAMES[B]] = image(C)  # the name was given to another one
    machine["images"]["mine:1"] = image("")
    assert course_revisions.course_revisions(machine, TAG) == {NAMES[A]: A}


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
    machine = seat(A, B, C) | {"served": served}
    found = course_revisions.course_revision_asked(machine, TAG, asked)
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
    found = course_revisions.course_revisions_outdated(machine, TAG, wanted, served, keep)
    assert found == [NAMES[revision] for revision in outdated]


def test_the_record_forgets_what_is_gone_and_has_what_comes() -> None:
    machine = seat(A, B, named=B)
    machine["built"]["lab:old"] = "print of something"
    machine["built"][TAG] = "print of an image that had the name once"
    record = course_revisions.course_images_record(machine, {NAMES[C]: "new"}, [NAMES[A]])
    assert record == {NAMES[B]: f"print of {B}", NAMES[C]: "new"}


# Its record is right, and one of the names is for another image.
BASE_STOLEN = seat(A, B, named=B)
BASE_STOLEN["images"][NAMES[A]] = image(C)
# Both are for an earlier base.
BASE_EARLIER = seat(A, B, named=B)
BASE_EARLIER["images"][NAMES[A]] = image(C)
BASE_EARLIER["built"][NAMES[A]] = image(C)["fingerprint"]


def test_a_machine_that_has_all_is_settled() -> None:
    builder = seat(A, B, named=B) | {"served": [A, B]}
    plan = course_revisions.course_images_plan(builder, builder, TAG, [NAMES[A], NAMES[B]], 3)
    assert plan == {
        "built": True,
        "lacking": [],
        "base": f"id of {A}",
        "outdated": [],
        "left": [],
        "unserved": [],
        "record": builder["built"],
        "named": True,
        "settled": True,
    }


@pytest.mark.parametrize(
    ("machine", "served", "keep", "differs"),
    [
        (seat(A), [A, B], 3, {"lacking": [NAMES[B]], "named": False}),
        (BASE_STOLEN, [A, B], 3, {"lacking": [NAMES[A]], "base": ""}),
        (BASE_EARLIER, [A, B], 3, {"lacking": [NAMES[A]], "base": f"id of {C}"}),
        (seat(A, B, named=A), [A, B], 3, {"named": False}),
        (seat(A, B, named=B), [B, A], 3, {}),
        (seat(C, A, B, named=B), [C, A, B], 2, {"outdated": [NAMES[C]]}),
        (seat(A, B, named=B) | {"built": {}}, [A, B], 3, {"base": ""}),
    ],
    ids=[
        "not sent",
        "another base",
        "an earlier base",
        "another name",
        "not the last served",
        "one too many",
        "not recorded",
    ],
)
def test_a_machine_that_is_not_settled(
    machine: dict, served: list[str], keep: int, differs: dict
) -> None:
    builder = seat(A, B, named=B) | {"served": served}
    plan = course_revisions.course_images_plan(machine, builder, TAG, [NAMES[A], NAMES[B]], keep)
    expected = {
        "built": True,
        "lacking": [],
        "base": f"id of {A}",
        "outdated": [],
        "left": [],
        "unserved": [],
        "record": builder["built"],
        "named": True,
        "settled": False,
    }
    assert plan == expected | differs


OTHER = "ecole:tp1"


def other_tag(*runs: str, **also: str) -> dict[str, Any]:
    """A machine of the tag OTHER with the revisions A and B; also: what else has a name."""
    machine = seat(named="", runs=runs)
    names = {f"{OTHER}-{A[:12]}": A, f"{OTHER}-{B[:12]}": B, OTHER: B}
    machine["built"] = {name: f"print of {revision}" for name, revision in names.items()}
    del machine["built"][OTHER]
    machine["images"] = {name: image(revision) for name, revision in (names | also).items()}
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
    assert course_revisions.course_names_unserved(machine, TAG)[1] == names
    assert course_revisions.course_names_unserved(machine, OTHER) == ([], [])


def test_a_machine_with_names_of_another_tag_is_not_settled() -> None:
    machine = seat(A, named=A) | {"served": [A]}
    machine["images"] |= {f"{OTHER}-{A[:12]}": image(A), OTHER: image(A)}
    machine["built"][f"{OTHER}-{A[:12]}"] = f"print of {A}"
    plan = course_revisions.course_images_plan(machine, machine, TAG, [NAMES[A]], 3)
    assert not plan["settled"]
    assert plan["left"] == plan["unserved"] == [OTHER, f"{OTHER}-{A[:12]}"]


def test_what_the_builder_has_not_built_is_lacking() -> None:
    builder = seat(A, named=A) | {"served": [A]}
    plan = course_revisions.course_images_plan(builder, builder, TAG, [NAMES[A], NAMES[B]], 3)
    assert (plan["built"], plan["lacking"], plan["settled"]) == (False, [NAMES[B]], False)


def gone(machine: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    """Give what goes with the toolkit from a machine that was so before."""
    return course_revisions.course_images_ours(machine | {"before": before}, TAG, "python:3")


def test_with_the_toolkit_go_its_own_images_and_the_name_that_one_of_them_has() -> None:
    machine = seat(A, B, named=B)
    machine["images"]["mine:1"] = image(C)
    machine["images"][NAMES[A]] = image(C)  # a student's, that took the name
    machine["images"]["python:3"] = image("")  # and one of the base's name, which nobody pulled
    assert gone(machine, {"images": []}) == [TAG, NAMES[B]]
    assert gone(machine, {"images": [NAMES[B]]}) == [TAG]
    assert gone(machine, {}) == []
    assert gone(machine, None) == []
    machine["images"][TAG] = image(C)
    assert gone(machine, {"images": []}) == [NAMES[B]]


def test_what_an_earlier_version_pulled_goes_by_the_layers_of_the_base() -> None:
    machine = seat(A, B)
    pulled = {"labocloud.base.source": "registry", "labocloud.base.from": "python:3"}
    machine["images"][NAMES[A]]["labels"] = pulled
    assert gone(machine, {"images": []}) == [NAMES[A], NAMES[B]]
    machine["images"]["python:3"] = image("") | {"layers": ["one"]}
    assert gone(machine, {"images": []}) == [NAMES[A], NAMES[B], "python:3"]
    assert gone(machine, {"images": ["python:3"]}) == [NAMES[A], NAMES[B]]
    machine["images"]["python:3"]["layers"] = ["other"]
    assert gone(machine, {"images": []}) == [NAMES[A], NAMES[B]]
    # One that was there as present was never pulled.
    machine["images"]["python:3"]["layers"] = ["one"]
    machine["images"][NAMES[A]]["labels"] = pulled | {"labocloud.base.source": "present"}
    assert gone(machine, {"images": []}) == [NAMES[A], NAMES[B]]


@pytest.mark.parametrize(
    "name",
    ["lab:python", "ecole/tp_1:V1.2-x", "a--b:_", "labocloud20202021:" + "t" * 115],
)
def test_names_that_images_can_have(name: str) -> None:
    assert course_revisions.course_image_name_valid(name)


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
    assert not course_revisions.course_image_name_valid(name)
