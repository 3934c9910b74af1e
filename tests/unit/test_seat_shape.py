"""Show that a seat's answer gets its documented shape, or is left out, and never raises."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sample_seat
import stand_in
import yaml
from ansible_collections.labocloud.room.plugins.module_utils import shapes
from ansible_collections.labocloud.room.plugins.module_utils.facts import network as facts_network
from ansible_collections.labocloud.room.plugins.module_utils.facts.gather import seat_facts
from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    DEEPEST,
    faults,
    nothing,
    too_deep,
)
from ansible_collections.labocloud.room.plugins.modules import seat as module
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import SEAT, shaped, timed
from hypothesis import given
from hypothesis import strategies as st
from mutated import bounded, json_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


KINDS = {"str": str, "bool": bool, "list": list, "dict": dict}


def deep(levels: int) -> Any:  # noqa: ANN401  # JSON
    """Return a list nested in lists, so many levels deep."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.fixture(scope="module")
def honest_answer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Yield the facts of this machine, with an engine that holds something of each kind."""
    with (
        stand_in.engine(tmp_path_factory.mktemp("engine") / "docker.sock") as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        engine.become("28.5")
        patch.setattr(facts_network, "socket_holders", lambda _wanted: {})
        yield seat_facts(engine.path, 0.0, ["127.0.0.1:9"])


@pytest.mark.parametrize(
    ("value", "shape", "wrong"),
    [
        ("x", str, []),
        (5, str, ["x is not a text"]),
        (5, int, []),
        (5.0, int, ["x is not a whole number"]),
        (True, int, ["x is not a whole number"]),
        (2**63, int, ["x is not a whole number"]),
        (5, float, []),
        (float("nan"), float, ["x is not a number"]),
        (float("inf"), float, ["x is not a number"]),
        (False, float, ["x is not a number"]),
        (1, bool, ["x is not true or false"]),
        (None, None, []),
        (0, None, ["x is not null"]),
        (deep(DEEPEST), object, []),
        (deep(DEEPEST + 1), object, ["x is not JSON of at most 30 levels"]),
        (None, (str, None), []),
        (5, (str, None), ["x is not a text or null"]),
        ({"a": 5}, ({"a": str}, None), ["x.a is not a text"]),
        ([], ({"a": str}, None), ["x is not an object or null"]),
        (["a", 5, None], [str], ["x[1] is not a text", "x[2] is not a text"]),
        ({}, [str], ["x is not a list"]),
        ({"a": 1, "b": ""}, {str: str}, ["x.a is not a text"]),
        ([], {str: str}, ["x is not an object"]),
        ({}, {"a": str, "b?": int}, ["x.a lacks"]),
        ({"a": "", "b": "", "c": deep(99)}, {"a": str, "b?": int}, ["x.b is not a whole number"]),
        ({"a": "", "c": 1}, {"a": str, ...: str}, ["x.c is not a text"]),
        ({}, {...: object}, []),
    ],
)
def test_in_what_a_value_differs_from_a_shape(value: Any, shape: Any, wrong: list[str]) -> None:  # noqa: ANN401
    assert list(faults(value, shape, "x")) == wrong


def test_how_deep_a_value_is_nested_is_known_without_walking_into_it() -> None:
    assert too_deep(deep(100_000))
    assert too_deep({"a": deep(DEEPEST)})
    assert not too_deep([deep(3), {"a": {}}, 5])


@bounded
@given(JSON, JSON)
def test_what_has_no_fault_is_taken_as_it_is(value: Any, other: Any) -> None:  # noqa: ANN401
    wrong: list[str] = []
    assert shapes.fitted({"a": value, "b": [other]}, {"a": object, "b": [object]}, "x", wrong)
    assert (wrong == []) == (not list(faults([value, other], [object], "x")))


def test_the_shape_is_the_documentation(honest_answer: dict[str, Any]) -> None:
    promised = yaml.safe_load(module.RETURN)["seat"]["contains"]
    assert set(promised) == set(SEAT)
    for name, shape in SEAT.items():
        field = shape[0] if isinstance(shape, tuple) else shape
        assert isinstance(nothing(field), KINDS[promised[name]["type"]]), name
        if isinstance(field, dict) and str not in field and name not in ("before", "clock"):
            keys = [key.rstrip("?") for key in field if key is not ...]
            lacking = [key for key in keys if f"C({key})" not in promised[name]["description"]]
            assert lacking == [], name


def test_what_an_honest_seat_tells_is_taken_whole(honest_answer: dict[str, Any]) -> None:
    assert shaped({"seat": copy.deepcopy(honest_answer)}) == honest_answer
    assert honest_answer["odd"] == []
    for name in ("images", "containers", "listeners", "packages"):
        assert honest_answer[name], name
    assert refusal("pc1", {"seat": honest_answer}) is None


@pytest.mark.parametrize(
    ("seat_says", "answered", "ahead"),
    [
        # The clock is right and was asked at 100: the seat reads it between request and answer.
        (100, 100, 0),
        (101, 140, 0),
        (139, 140, 0),
        (31, 140, -69),
        (201, 140, 61),
        (99, 140, -1),
        (None, 140, None),
    ],
)
def test_a_clock_is_off_by_what_no_way_can_explain(
    seat_says: float | None, answered: float, ahead: float | None
) -> None:
    clock = {"control": 100.0, "ahead": None if seat_says is None else seat_says - 100.0}
    assert timed({"clock": clock, "x": 1}, answered) == {"clock": clock | {"ahead": ahead}, "x": 1}


def test_a_seat_that_tells_nothing_has_nothing() -> None:
    for answer in ({}, {"seat": []}, {"seat": "x"}):
        assert shaped(answer) == nothing(dict(SEAT)) | {"odd": ["the seat has told no facts"]}


def test_half_of_a_thing_is_left_out_whole(honest_answer: dict[str, Any]) -> None:
    """A container without an ID would count as one that the engine lists without an ID."""
    seat = copy.deepcopy(honest_answer)
    del seat["containers"]["flask"]["id"]
    seat["listeners"].append({"port": "8080"})
    seat["docker"]["cpus"] = "many"
    seat["evil"] = 1
    taken = shaped({"seat": seat})
    assert set(taken["containers"]) == {"work"}
    assert [listener["container"] for listener in taken["listeners"]] == [None] * len(
        honest_answer["listeners"]
    )
    assert taken["docker"]["cpus"] == 0
    assert "evil" not in taken
    assert sorted(taken["odd"]) == [
        "seat.containers.flask.id lacks",
        "seat.docker.cpus is not a whole number",
        f"seat.listeners[{len(honest_answer['listeners'])}].port is not a whole number",
    ]


def test_what_a_record_tells_besides_stays_in_it() -> None:
    """A later release writes the record back."""
    seat = nothing(dict(SEAT))
    seat["brought"] |= {"containers": ["id"], "another": {"a": [1]}}
    seat["before"] = sample_seat.SEAT["before"] | {"another": 1}
    taken = shaped({"seat": seat})
    assert taken == seat


@bounded
@given(st.data())
def test_whatever_a_seat_tells_has_its_shape(
    honest_answer: dict[str, Any], data: st.DataObject
) -> None:
    answer = data.draw(json_of([{"seat": honest_answer}]) | JSON.map(lambda value: {"a": value}))
    taken = shaped(answer)
    assert list(faults(taken, dict(SEAT), "seat")) == []
    assert shaped({"seat": taken}) == taken
    assert json.dumps(taken, allow_nan=False).isprintable()
