"""Test the verdict on the build, on the machine that builds for the room."""

import re
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import build
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROLES
from sample_seat import BASE, BUILDER, COURSE, REVISION, builder, image, sample_settings

DIGEST = f"sha256:{'a' * 64}"
NEWER = f"sha256:{'b' * 64}"
PYTHON = "python:3.13-slim-trixie"
FROM = f"{BASE}-from"


def judge(
    *changes: tuple[str, object],
    course: dict[str, Any] | None = None,
    groups: dict[str, list[str]] | None = None,
    **settings: object,
) -> dict[str, Any]:
    """Judge the machine that builds, changed at paths of its facts."""
    builder_facts = builder(*changes)
    builder_facts["course"] |= course or {}
    return build.judge(
        builder_facts["seat"], sample_settings(groups, BUILDER, **settings), builder_facts
    )


def to_do(verdict: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Return whether nothing is to be done, whether to build the base, and the course image."""
    return verdict["settled"], verdict["base"], verdict["course"]


CURRENT, ANEW = (True, False, False), {"course_image_base_refresh": True}
# The base that there was when the run began.
BEGUN = image("5c9b3f1e7d20", "base")["id"]


@pytest.mark.parametrize(
    ("course", "settings", "expected"),
    [
        ({}, {}, CURRENT),
        ({"context": "c1" * 32}, {"course_image_revision": REVISION[:7]}, CURRENT),
        ({"had": BEGUN}, ANEW, (False, True, True)),
        ({"had": "sha256:old"}, ANEW, CURRENT),
        ({"had": BEGUN}, ANEW | {"course_image_revision": REVISION}, CURRENT),
    ],
    ids=["current", "to go back", "anew", "anew, once a run", "anew, and to go back"],
)
def test_what_is_built_where_all_is_there(
    course: dict[str, Any], settings: dict[str, object], expected: tuple[bool, bool, bool]
) -> None:
    assert to_do(judge(course=course, **settings)) == expected
    assert judge(("images", {}), **ANEW)["base"]


def test_another_machine_builds_nothing() -> None:
    builder_facts = builder(("images", {}))
    assert build.judge(builder_facts["seat"], sample_settings(), builder_facts)["settled"]
    # Nor one whose files cannot be read, which is the images' refusal.
    assert judge(("images", {}), course={"why": "no Dockerfile"})["settled"]
    assert build.judge(builder_facts["seat"], sample_settings(name=BUILDER), {})["settled"]


@pytest.mark.parametrize(
    ("changes", "course", "base"),
    [
        ([("images", {})], {}, True),
        ([], {"base": "b1" * 32}, True),
        ([], {"context": "c1" * 32}, False),
        # Made by hand, they have inherited their labels.
        ([(f"images/{BASE}/fingerprint", "forged")], {}, True),
        ([(f"images/{COURSE}-{REVISION[:12]}/fingerprint", "forged")], {}, False),
        ([("built", {})], {}, True),
    ],
    ids=["nothing", "recipe", "files", "forged base", "forged image", "not remembered"],
)
def test_what_is_not_current_is_built_and_the_image_on_a_new_base(
    changes: list, course: dict[str, Any], base: bool
) -> None:
    verdict = judge(*changes, course=course)
    assert to_do(verdict) == (False, base, True)
    assert verdict["waits_for"] == ""


def test_the_image_has_the_revision_in_its_name_and_its_label() -> None:
    verdict = judge()
    assert (verdict["name"], verdict["revision"]) == (f"{COURSE}-{REVISION[:12]}", REVISION)


def test_wheels_are_for_both_c_libraries_and_the_machines_architecture() -> None:
    verdict = judge(("arch", "aarch64"))
    glibc, musl = verdict["platforms"]
    assert glibc[0] == "--platform=manylinux_2_28_aarch64"
    assert musl == ["--platform=musllinux_1_2_aarch64", "--platform=musllinux_1_1_aarch64"]
    assert verdict["wheels"].endswith("/wheels/wheels of aarch64")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("docker/running", False)], "its Docker does not answer"),
        ([("before", None)], "was not set up by the role docker_engine"),
    ],
)
def test_a_machine_that_is_not_ready_says_so_when_its_turn_comes(changes: list, words: str) -> None:
    verdict = judge(("images", {}), *changes)
    assert not verdict["refused"]
    assert words in verdict["waits_for"]


def test_on_an_architecture_that_there_is_no_base_for_nothing_is_built() -> None:
    """Show that it is refused, as nothing is downloaded or packed for such a machine."""
    [refusal] = judge(("images", {}), ("arch", "../x"))["refused"]
    assert refusal["id"] == "image_arch"
    assert not judge(("arch", "../x"))["refused"]


def test_a_base_that_is_to_be_there_and_is_not_is_refused() -> None:
    """Show that it is refused, as a build on its name would pull it."""
    present = {"course_image_base_source": "present"}
    [refusal] = judge(course={"base": "b1" * 32}, **present)["refused"]
    assert refusal["id"] == "base_absent"
    assert PYTHON in refusal["cause"]["en"]
    assert not judge(**present)["refused"]
    images = {PYTHON: image("", "python")}
    assert not judge(("images", images), **present)["refused"]
    # Before there is an engine, nobody can tell.
    assert not judge(("images", {}), ("docker/running", False), **present)["refused"]


def origin(*changes: tuple[str, object], **settings: object) -> dict[str, Any]:
    result: dict[str, Any] = judge(*changes, **settings)["origin"]
    return result


HAS_IT = (
    ("bases", {PYTHON: DIGEST}),
    (f"images/{FROM}", image("", "python")),
    (f"built/{FROM}", image("", "python")["fingerprint"]),
)


def test_a_registry_that_was_never_asked_is_asked() -> None:
    result = origin()
    assert result == {
        "source": "auto",
        "asks": True,
        "image": PYTHON,
        "repository": "python",
        "digest": "",
        "name": FROM,
        "forget": "",
    }


def test_what_was_pulled_once_goes_when_it_is_replaced() -> None:
    assert origin(*HAS_IT)["forget"] == image("", "python")["id"]


NAMED = f"registry.example:5000/school/python:3.13@{NEWER}"
FORGED = (f"images/{FROM}/fingerprint", "forged")
# What is changed, what is set, and the source, the digest, and whether a registry is asked.
ORIGINS: dict[str, tuple[list[tuple[str, object]], dict[str, object], tuple[str, str, bool]]] = {
    "pulled once": ([*HAS_IT], {}, ("registry", DIGEST, False)),
    "gone": ([HAS_IT[0]], {}, ("auto", DIGEST, True)),
    "forged": ([*HAS_IT, FORGED], {}, ("auto", DIGEST, True)),
    "replaced": ([*HAS_IT, (f"built/{FROM}", "another")], {}, ("auto", DIGEST, True)),
    "anew": ([*HAS_IT], ANEW, ("auto", "", True)),
    "by name": ([], {"course_image_base": NAMED}, ("auto", NEWER, True)),
    "of the name": (
        [*HAS_IT, ("bases", {NAMED: NEWER})],
        {"course_image_base": NAMED},
        ("registry", NEWER, False),
    ),
    "not of the name": (
        [*HAS_IT, ("bases", {NAMED: DIGEST})],
        {"course_image_base": NAMED},
        ("auto", NEWER, True),
    ),
    "bootstrap": ([], {"course_image_base_source": "bootstrap"}, ("bootstrap", "", False)),
    "present": ([], {"course_image_base_source": "present"}, ("present", "", False)),
    "registry": ([], {"course_image_base_source": "registry"}, ("registry", "", True)),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_where_the_base_comes_from(case: str) -> None:
    changes, settings, expected = ORIGINS[case]
    result = origin(*changes, **settings)
    assert (result["source"], result["digest"], result["asks"]) == expected
    if case in ("gone", "forged", "replaced"):
        assert result["forget"] == ""
    if "course_image_base" in settings:
        assert result["repository"] == "registry.example:5000/school/python"


def test_what_a_base_is_bootstrapped_with_is_installed_where_it_is_lacking() -> None:
    keyring, mmdebstrap = build.TOOLS
    assert judge(("packages", {}))["tools"] == [keyring, mmdebstrap]
    assert judge(("packages", {keyring: "1"}))["tools"] == [mmdebstrap]
    assert judge(("packages", {keyring: "1", mmdebstrap: "1"}))["tools"] == []


REGISTRY: dict[str, Any] = {
    "groups": {"lab": ["pc02", "pc03"], "registry": [BUILDER]},
    "room_registry_address": BUILDER,
}


def test_what_is_wanted_is_published_where_seats_pull_it() -> None:
    verdict = judge(**REGISTRY)
    published = {
        f"base-{builder()['seat']['images'][BASE]['fingerprint'][:16]}": BASE,
        f"course-{image(REVISION)['fingerprint'][:16]}": f"{COURSE}-{REVISION[:12]}",
    }
    assert (verdict["settled"], verdict["publish"]) == (False, published)
    assert verdict["repository"] == "labocloud20202021"
    digests = dict.fromkeys(published, DIGEST)
    assert judge(("registry/images", digests), **REGISTRY)["settled"]
    assert judge(**REGISTRY, course_image_delivery="archive")["settled"]
    # What is not built yet is published afterwards.
    verdict = judge(**REGISTRY, course={"context": "c1" * 32})
    assert (verdict["course"], verdict["publish"]) == (True, {})


def test_the_tasks_ask_for_nothing_that_the_verdict_does_not_tell() -> None:
    verdict = judge()
    text = "".join(path.read_text() for path in (ROLES / "course_build/tasks").glob("*.yml"))
    read_keys = set(re.findall(r"__course_build_verdict\.(\w+)", text))
    assert read_keys >= {"settled", "waits_for", "base", "course", "publish", "origin"}
    assert read_keys <= set(verdict)
    origin_keys = set(re.findall(r"__course_build_verdict\.origin\.(\w+)", text))
    assert origin_keys <= set(verdict["origin"])
