"""What engines and seats have told, and what becomes of it on a bad day, for hypothesis."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from stand_in import RECORDED

# The same examples each time: no run fails by chance.
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
    """Give what the recorded engines have answered to a path, or to those that begin with it."""
    found = []
    for file in sorted(RECORDED.glob("*.json")):
        told = json.loads(file.read_text())["answers"]
        found += [
            one for key, one in told.items() if key == path or (path[-1] == "/" and path in key)
        ]
    return [one for one in found if not (isinstance(one, dict) and "refused" in one)]


def places(value: Any) -> Iterator[Place]:  # noqa: ANN401  # JSON
    """Give all places in JSON: what is there is an element of, and its key or number."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@st.composite
def json_of(draw: st.DrawFn, originals: list[Any]) -> Any:  # noqa: ANN401  # JSON
    """Give one of these, in which something lacks, is twice, or is of another type."""
    whole = {"": copy.deepcopy(draw(st.sampled_from(originals)))}
    for _ in range(draw(st.integers(0, 3))):
        # Not what is all around: that it is JSON of the right kind is known before.
        there = [place for place in places(whole) if place[0] is not whole]
        if not there:
            break
        holder, key = there[draw(st.integers(0, len(there) - 1))]
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
    """Give one of these, cut, torn, with lines twice or away, or with odd characters in it."""
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
