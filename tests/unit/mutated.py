"""Strategies for hypothesis: recorded answers of engines and seats, and mutations of them."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from stand_in import RECORDED

# The examples are the same each time, so that no run fails by chance.
bounded: Callable[..., Any] = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ODD_TEXT = st.sampled_from(
    ["", " ", "\x00", "\x1b[31m", "\n", "é", "../..", "/", ":", "@", "sha256:", "-1", "A" * 5000]
)
ODD = st.one_of(
    st.sampled_from([None, True, 0, -1, 1.5, 2**80, [], {}, [None], {"": None}]), ODD_TEXT
)
Place = tuple[Any, Any]


def answers(path: str) -> list[Any]:
    """Return the recorded engines' answers to a path, or to all paths below one that ends in /.

    Refusals are left out.
    """
    recorded = []
    for file in sorted(RECORDED.glob("*.json")):
        by_path = json.loads(file.read_text())["answers"]
        recorded += [
            answer
            for key, answer in by_path.items()
            if key == path or (path[-1] == "/" and path in key)
        ]
    return [answer for answer in recorded if not (isinstance(answer, dict) and "refused" in answer)]


def places(value: Any) -> Iterator[Place]:  # noqa: ANN401  # JSON
    """Yield all places in JSON, at any depth: the dict or list, and the key or index in it."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@st.composite
def json_of(draw: st.DrawFn, originals: list[Any]) -> Any:  # noqa: ANN401  # JSON
    """Draw one of these, with up to three values removed, doubled, or replaced by odd ones."""
    whole = {"": copy.deepcopy(draw(st.sampled_from(originals)))}
    for _ in range(draw(st.integers(0, 3))):
        # The outermost value stays: callers have checked its type.
        inner = [place for place in places(whole) if place[0] is not whole]
        if not inner:
            break
        holder, key = inner[draw(st.integers(0, len(inner) - 1))]
        match draw(st.sampled_from(["drop", "odd", "twice"])):
            case "drop":
                del holder[key]
            case "twice" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                holder[key] = copy.deepcopy(draw(ODD))
    return whole[""]


@st.composite
def text_of(draw: st.DrawFn, originals: list[str]) -> str:
    """Draw one of these: cut off, with lines doubled, removed or added, or with odd characters."""
    text = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        lines = text.split("\n")
        line = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["cut", "odd", "drop", "twice", "line"])):
            case "cut":
                text = text[:at]
            case "odd":
                text = text[:at] + draw(ODD_TEXT | st.text(max_size=5)) + text[at:]
            case "drop":
                text = "\n".join(lines[:line] + lines[line + 1 :])
            case "twice":
                text = "\n".join([*lines[:line], lines[line], *lines[line:]])
            case _:
                text = "\n".join([*lines[:line], draw(st.text(max_size=20)), *lines[line:]])
    return text
