"""Test the judge with any facts and settings: it never fails, and spares the other seats.

The facts are those of the sample and of recorded engines, bent within their shape and beyond it.
"""

import copy
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.facts import engine as facts_engine
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.plugin_utils import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import LONGEST
from ansible_collections.labocloud.room.plugins.plugin_utils.page import ROOM, page
from ansible_collections.labocloud.room.plugins.plugin_utils.report import report
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import shaped
from hypothesis import given
from hypothesis import strategies as st
from mutated import bounded, json_of, places
from sample_room import NOW, room
from sample_seat import SEAT, builder, declared, sample_settings, seat

Json = Any

# FULL has a value for each fact, and EMPTY has none.
FULL = seat(
    ("listeners", [*SEAT["listeners"], {**SEAT["listeners"][0], "port": 5000, "container": None}]),
    ("before/files", ["/etc/docker/daemon.json"]),
    ("docker_group", ["eleve"]),
    ("brought/making", "flask-next"),
    ("served", ["r1", "r2"]),
    ("network/proxy", "http://proxy.example:3128"),
    (
        "network/registries",
        {
            "server:5000": {"reached": False, "why": "refused", "public": None, "issuer": ""},
            "hub.example:443": {"reached": True, "why": "", "public": False, "issuer": "school"},
        },
    ),
    ("registry/answers", {"server:5000": {"answers": None, "why": "late"}}),
    ("registry/images", {"base-print": "sha256:" + "0" * 64}),
    ("packages/docker-registry", "2.8"),
)
EMPTY = shaped({})


@cache
def seats() -> list[Json]:
    """Return the facts of seats: the sample's, and those of the recorded engines."""
    samples = [SEAT, FULL, EMPTY]
    for name in ("20.10", "26.1", "28.5"):
        with (
            tempfile.TemporaryDirectory() as place,
            stand_in.engine(Path(place) / "engine") as engine,
        ):
            engine.become(name)
            facts = facts_engine.engine_facts(engine.path, Odd())
        samples.append({**FULL, **{key: facts[key] for key in FULL.keys() & facts.keys()}})
    return samples


BENT = st.deferred(lambda: bent(seats()))
BROKEN = st.deferred(
    lambda: json_of([{"seat": facts} for facts in seats()]).map(lambda it: it.get("seat"))
)
LIE = "'; rm -rf / #"
TEXTS = st.sampled_from(
    ["", "0", "9" * 5000, "-", "::1/64", "fe80::1%eth0", "0.0.0.0/0", "é\x00", "/", ":", "{x}", LIE]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**62, -(2**62)])
FLOATS = st.sampled_from([0.0, -1.0, 1e300, -1e300, 5e-324, 2.0**62])
GROUPS = [{"lab": ["pc01", "pc02", "pc03"]}, {"lab": ["pc01", "pc02"], "registry": ["server"]}]
NAMES = ["pc02", "pc01", "server"]
NAMED = ["pc01", "pc02", "pc03"]


@st.composite
def bent(draw: st.DrawFn, originals: list[Json]) -> Json:
    """Draw one of these, with some values replaced by others of their type, or removed."""
    whole = copy.deepcopy(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        locations = list(places(whole))
        holder, key = locations[draw(st.integers(0, len(locations) - 1))]
        match holder[key]:
            case bool():
                holder[key] = not holder[key]
            case str():
                holder[key] = draw(TEXTS)
            case int():
                holder[key] = draw(NUMBERS)
            case float():
                holder[key] = draw(FLOATS)
            case dict() as content if content:
                content[draw(TEXTS)] = copy.deepcopy(draw(st.sampled_from(list(content.values()))))
            case list() as content if content:
                content.append(copy.deepcopy(content[0]))
            case _:
                pass
    return whole


def in_shape(facts: Json) -> dict[str, Any]:
    """Return a seat's answer in the shape that the judge takes."""
    return shaped({"seat": facts})


def judged(
    has: Json, builder_facts: dict[str, Any] | None = None, **options: object
) -> dict[str, Any]:
    """Return the verdicts, and check that each of them is complete."""
    verdicts = judge.judge(
        has, sample_settings(**options), builder() if builder_facts is None else builder_facts
    )
    assert list(verdicts) == list(judge.PARTS)
    for verdict in verdicts.values():
        assert isinstance(verdict["settled"], bool)
        assert not (verdict["settled"] and verdict["refused"])
        assert all(refusal in verdict["findings"] for refusal in verdict["refused"])
    json.dumps(verdicts)
    assert judge.groups(verdicts) is not None
    return verdicts


def understood(verdicts: dict[str, Any], odd: list[str]) -> None:
    """Assert that each finding is understood, but for facts that had no shape."""
    for finding in judge.findings(verdicts):
        if finding["id"] == "unintelligible":
            assert odd, finding["cause"]["en"]
            assert "its machine " in finding["cause"]["en"]


def told_once(verdicts: dict[str, Any]) -> None:
    """Assert that no finding is there twice."""
    causes = [(finding["id"], finding["cause"]["en"]) for finding in judge.findings(verdicts)]
    assert sorted(causes) == sorted(set(causes))


@bounded
@given(BENT, st.sampled_from(GROUPS), st.sampled_from(NAMES), st.booleans())
def test_every_answer_in_shape_is_understood(
    facts: Json, groups: Json, name: str, mirrored: bool
) -> None:
    has = in_shape(facts)
    options = {"groups": groups, "name": name, "room_registry_hub_mirror": mirrored}
    for builder_facts in (builder(), {}, {**builder(), "seat": has}):
        verdicts = judged(has, builder_facts, room_registry_address="server", **options)
        understood(verdicts, has["odd"])
        told_once(verdicts)
        # What a seat says is nothing that somebody copies into a shell.
        assert not any(LIE in finding["command"] for finding in judge.findings(verdicts))


@bounded
@given(BROKEN)
def test_no_answer_of_another_shape_makes_it_fall(facts: Json) -> None:
    judged(facts)
    has = in_shape(facts)
    understood(judged(has), has["odd"])
    understood(judged(seat(), {**builder(), "seat": has}), [])


def test_what_keeps_two_parts_from_being_worked_on_is_told_once() -> None:
    """Show it for a builder without facts: neither base nor images are of its architecture."""
    told_once(judged(EMPTY, {**builder(), "seat": EMPTY}, groups=GROUPS[0], name="pc01"))


def test_however_much_a_seat_tells_of_what_is_wrong_the_others_lines_are_not_lost_in_it() -> None:
    away = {"reached": True, "why": "", "public": False, "issuer": "x" * 5000}
    registries = {f"host{number}.example:443": away for number in range(300)}
    routes = [{"to": "0.0.0.0/0", "interface": f"eth{number}"} for number in range(300)]
    has = seat(("network/registries", registries), ("network/routes", routes))
    findings = judge.findings(judged(has))
    assert "tls_intercepted" in [finding["id"] for finding in findings]
    assert len(findings) <= 10 * len(judge.PARTS)
    assert all(
        len(text) < LONGEST + 10 for finding in findings for text in finding["cause"].values()
    )


SETTINGS = sorted(
    name for options in declared()[1].values() for name in options if name in sample_settings()
)
VALUES = st.one_of(
    st.sampled_from([None, True, -1, 0, 2**80, 1.5, float("inf"), float("nan"), [], {}, [[]]]),
    st.sampled_from(
        ["", "1e999", "9" * 5000, "\x1b[2J", "é", "a,b", "{", "{'a': 1}", "/", "[::1]"]
    ),
    st.sampled_from([{"a": {1: 2}}, {1: 2, "b": 3}, {"mtu": "9" * 5000}, {"data-root": None}]),
    st.sampled_from([{"default-address-pools": 5}, {"default-address-pools": [5, {"base": []}]}]),
)


@bounded
@given(st.dictionaries(st.sampled_from(SETTINGS), VALUES, min_size=1, max_size=2), BENT)
def test_every_setting_is_understood_or_refused(settings: dict[str, Any], facts: Json) -> None:
    has = in_shape(facts)
    groups = {"lab": ["pc01", "pc02"], "registry": ["server"]}
    options = {"room_registry_address": "server", **settings}
    for name in ("pc02", "server"):
        understood(judged(has, groups=groups, name=name, **options), has["odd"])


@pytest.mark.parametrize("name", ["flask_container_host_port", "room_registry_port"])
@pytest.mark.parametrize("value", ["9" * 5000, 2**63, float("inf")])
def test_a_number_beyond_all_numbers_is_a_wrong_setting(name: str, value: object) -> None:
    options = {"groups": GROUPS[1], "room_registry_address": "server", name: value}
    errors = [
        finding
        for finding in judge.findings(judged(seat(), **options))
        if finding["severity"] == "error"
    ]
    assert {finding["id"] for finding in errors} == {"setting_wrong"}
    assert all(name in finding["cause"]["en"] for finding in errors)


SECRET = "geheim"  # noqa: S105  # nobody's
PROXY = f"http://eleve:{SECRET}@proxy.example:3128"


@bounded
@given(BENT, st.sampled_from(NAMES))
def test_no_password_is_in_a_verdict(facts: Json, name: str) -> None:
    options: dict[str, Any] = {
        "docker_engine_proxy": {"http": PROXY, "https": PROXY},
        "docker_engine_daemon_options": {"proxies": {"http-proxy": PROXY}, "dns": [1, "a"]},
        "docker_engine_registry_mirrors": [PROXY],
        "docker_engine_upstream_url": PROXY,
        "room_registry_address": "server",
        "room_registry_hub_mirror": True,
        "room_registry_hub_url": PROXY,
        "room_registry_proxy": {"http": PROXY},
        "course_image_bootstrap_sources": [f"deb {PROXY} trixie main"],
    }
    verdicts = judged(in_shape(facts), groups=GROUPS[1], name=name, **options)
    assert SECRET not in json.dumps(verdicts)


@pytest.mark.parametrize("name", ["docker_engine_proxy", "room_registry_proxy"])
@pytest.mark.parametrize("value", [PROXY, [PROXY], {"http": [PROXY]}, {PROXY: "x"}])
def test_no_password_is_in_what_is_said_of_a_wrong_setting(name: str, value: object) -> None:
    options = {"groups": GROUPS[1], "name": "server", "room_registry_address": "server"}
    verdicts = judged(seat(), **options, **{name: value})
    assert SECRET not in json.dumps(verdicts)


def answer(has: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the facts and the verdict of a seat, as a run has them."""
    return {"seat": has, "verdict": judged(has, name=name)}


@bounded
@given(st.one_of(BENT, BROKEN))
def test_a_seat_that_lies_leaves_the_rows_of_others_as_they_are(facts: Json) -> None:
    honest = {name: answer(seat(), name) for name in ("pc01", "pc03")}
    room_report = report({**honest, "pc02": answer(in_shape(facts), "pc02")}, room(*NAMED), {}, NOW)
    rows = report(honest, room(*NAMED), {}, NOW)["seats"]
    assert [room_report["seats"][place] for place in (0, 2)] == [rows[place] for place in (0, 2)]
    for language in ("en", "fr"):
        assert "<h2>pc02 " in page(ROOM, json.loads(json.dumps(room_report)), language)
