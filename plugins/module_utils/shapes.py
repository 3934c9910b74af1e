# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Hold JSON that somebody has told against the shape that it has to have.

A shape is data:

    str, int, float, bool        a value of that type; an int is a float too, and a bool is neither
    None                         null
    object                       any JSON, nested no deeper than DEEPEST
    (one, other)                 one or the other
    [one]                        a list of such elements
    {str: one}                   an object of any keys
    {"key": one, "other?": two}  an object of these keys; one with a ? may lack
    {"key": one, ...: object}    the same, and others stand beside them
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

Shape = Any
# What is written by hand, or told by an engine, has some ten levels. Python walks a thousand.
DEEPEST = 30
# What JSON's readers agree on.
LARGEST = 2**63
WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    None: "null",
    object: f"JSON of at most {DEEPEST} levels",
}


def too_deep(value: object, deepest: int = DEEPEST) -> bool:
    """Tell whether JSON is nested deeper than that; it may be nested deeper than Python walks."""
    level = [value]
    for _ in range(deepest + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        if not below:
            return False
        level = below
    return True


def plain_fits(value: object, shape: Shape) -> bool:
    """Tell whether a value has a shape that is a type."""
    if shape is object:
        return not too_deep(value)
    if shape is None:
        return value is None
    if shape is bool or shape is str:
        return isinstance(value, shape)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if shape is int and not isinstance(value, int):
        return False
    return abs(value) < LARGEST if isinstance(value, int) else math.isfinite(value)


def in_words(shape: Shape) -> str:
    """Say what a shape asks for."""
    if isinstance(shape, tuple):
        return " or ".join(in_words(one) for one in shape)
    if isinstance(shape, list):
        return "a list"
    return "an object" if isinstance(shape, dict) else WORDS[shape]


def known_keys(shape: dict[Any, Shape]) -> Iterator[tuple[str, bool, Shape]]:
    """Give the keys of an object's shape: the key, whether it may lack, and its own shape."""
    for key, one in shape.items():
        if isinstance(key, str):
            yield key.rstrip("?"), key.endswith("?"), one


def faults(value: object, shape: Shape, name: str) -> Iterator[str]:
    """Give, as sentences, in what JSON differs from a shape; none where it has it.

    name: what it is called in them.
    """
    if isinstance(shape, tuple):
        others = [list(faults(value, one, name)) for one in shape]
        if all(others):
            # Of the shape that it nearly has, where there is one, what is wrong says more.
            nearly = [one for one in others if not one[0].startswith(f"{name} is no")]
            yield from nearly[0] if nearly else [f"{name} is not {in_words(shape)}"]
    elif isinstance(shape, list) and isinstance(value, list):
        for number, one in enumerate(value):
            yield from faults(one, shape[0], f"{name}[{number}]")
    elif isinstance(shape, dict) and isinstance(value, dict):
        yield from faults_of_object(value, shape, name)
    elif isinstance(shape, (list, dict)) or not plain_fits(value, shape):
        yield f"{name} is not {in_words(shape)}"


def faults_of_object(value: dict[str, Any], shape: dict[Any, Shape], name: str) -> Iterator[str]:
    """Give, as faults() does, in what an object differs from the shape of one."""
    others = shape.get(str, shape.get(...))
    known = set()
    for key, may_lack, one in known_keys(shape):
        known.add(key)
        if key in value:
            yield from faults(value[key], one, f"{name}.{key}")
        elif not may_lack:
            yield f"{name}.{key} lacks"
    if others is not None:
        for key, one in value.items():
            if key not in known:
                yield from faults(one, others, f"{name}.{key}")


def nothing(shape: Shape) -> Any:  # noqa: ANN401  # JSON
    """Give the JSON of a shape that tells nothing."""
    if isinstance(shape, tuple):
        return None if None in shape else nothing(shape[0])
    if isinstance(shape, list):
        return []
    if isinstance(shape, dict):
        if str in shape:
            return {}
        return {key: nothing(one) for key, may_lack, one in known_keys(shape) if not may_lack}
    return None if shape is None or shape is object else shape()


def fitted(value: object, shape: Shape, name: str, wrong: list[str]) -> Any:  # noqa: ANN401  # JSON
    """Give what has the shape in JSON that may have another; put down in wrong what has not.

    Of an object of named keys, those that are wrong tell nothing, and others are left out. An
    element that is wrong, of a list or of an object of any keys, is left out whole: half of a
    container would be another one.
    """
    if isinstance(shape, dict) and isinstance(value, dict) and str not in shape:
        known = {key: (may_lack, one) for key, may_lack, one in known_keys(shape)}
        taken = {}
        for key, (may_lack, one) in known.items():
            if key in value:
                taken[key] = fitted(value[key], one, f"{name}.{key}", wrong)
            elif not may_lack:
                wrong.append(f"{name}.{key} lacks")
                taken[key] = nothing(one)
        if ... in shape:
            others = {key: value[key] for key in value if key not in known}
            taken.update(fitted(others, {str: shape[...]}, name, wrong))
        return taken
    if isinstance(shape, dict) and isinstance(value, dict):
        return {
            key: trimmed(one, shape[str])
            for key, one in value.items()
            if fits(one, shape[str], f"{name}.{key}", wrong)
        }
    if isinstance(shape, list) and isinstance(value, list):
        return [
            trimmed(one, shape[0])
            for number, one in enumerate(value)
            if fits(one, shape[0], f"{name}[{number}]", wrong)
        ]
    return trimmed(value, shape) if fits(value, shape, name, wrong) else nothing(shape)


def fits(value: object, shape: Shape, name: str, wrong: list[str]) -> bool:
    """Tell whether JSON has a shape; put down in wrong the first thing in which it has not."""
    found = next(faults(value, shape, name), None)
    if found:
        wrong.append(found)
    return found is None


def trimmed(value: Any, shape: Shape) -> Any:  # noqa: ANN401  # JSON
    """Give JSON of a shape without the keys that the shape does not name."""
    if isinstance(shape, tuple):
        return trimmed(value, next(one for one in shape if not list(faults(value, one, ""))))
    if isinstance(shape, list):
        return [trimmed(one, shape[0]) for one in value]
    if isinstance(shape, dict) and str in shape:
        return {key: trimmed(one, shape[str]) for key, one in value.items()}
    if isinstance(shape, dict) and ... not in shape:
        return {key: trimmed(value[key], one) for key, _, one in known_keys(shape) if key in value}
    return value
