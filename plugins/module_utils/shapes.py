# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Check JSON from elsewhere against the shape that it has to have.

A shape is data:

    str, int, float, bool        a value of that type; an int is a float too, and a bool is neither
    None                         null
    object                       any JSON, nested no deeper than DEEPEST
    (shape, other)               one or the other
    [shape]                      a list of such elements
    {str: shape}                 an object of any keys
    {"key": shape, "other?": …}  an object of these keys; a key with a ? may be absent
    {"key": shape, ...: object}  the same, and others stand beside them

shape_of() makes it of a type.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

Shape = Any
# JSON that people or engines write has some ten levels. Python can walk a thousand.
DEEPEST = 30
# The limit of whole numbers on which the readers of JSON agree.
LARGEST = 2**63
_WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    None: "null",
    object: f"JSON of at most {DEEPEST} levels",
}
# Python 3.9 has no type for what is written with a bar.
_UNIONS = (Union, getattr(types, "UnionType", Union))


def shape_of(kind: Any, is_open: Callable[[type], bool]) -> Shape:  # noqa: ANN401  # an annotation
    """Return the shape of what a type describes, such as a TypedDict.

    is_open: whether other keys may stand beside those of a TypedDict.
    """
    # Python 3.9 has no is_typeddict().
    if hasattr(kind, "__optional_keys__"):
        keys: dict[Any, Shape] = {
            f"{key}?" if key in kind.__optional_keys__ else key: shape_of(hint, is_open)
            for key, hint in get_type_hints(kind).items()
        }
        return {**keys, ...: object} if is_open(kind) else keys
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return tuple(shape_of(alternative, is_open) for alternative in arguments)
    if origin is list:
        return [shape_of(arguments[0], is_open)]
    if origin is dict:
        return {str: shape_of(arguments[1], is_open)}
    return {type(None): None, Any: object}.get(kind, kind)


def too_deep(value: object, deepest: int = DEEPEST) -> bool:
    """Return whether JSON has more levels than that; it may have more than Python can walk."""
    level = [value]
    for _ in range(deepest + 1):
        below: list[object] = []
        for element in level:
            if isinstance(element, dict):
                below.extend(element.values())
            elif isinstance(element, list):
                below.extend(element)
        if not below:
            return False
        level = below
    return True


def faults(value: object, shape: Shape, name: str) -> Iterator[str]:
    """Yield sentences on how JSON differs from a shape; none where it has that shape.

    name: what the value is called in them.
    """
    if isinstance(shape, tuple):
        by_shape = [list(faults(value, alternative, name)) for alternative in shape]
        if all(by_shape):
            # Where the value nearly has one of the shapes, its difference from that says more.
            other_type = f"{name} is no"
            near = [texts for texts in by_shape if not texts[0].startswith(other_type)]
            yield from near[0] if near else [f"{name} is not {_in_words(shape)}"]
    elif isinstance(shape, list) and isinstance(value, list):
        for number, element in enumerate(value):
            yield from faults(element, shape[0], f"{name}[{number}]")
    elif isinstance(shape, dict) and isinstance(value, dict):
        yield from _faults_of_object(value, shape, name)
    elif isinstance(shape, (list, dict)) or not _is_plain(value, shape):
        yield f"{name} is not {_in_words(shape)}"


def nothing(shape: Shape) -> Any:  # noqa: ANN401  # JSON
    """Return the emptiest JSON of a shape."""
    if isinstance(shape, tuple):
        return None if None in shape else nothing(shape[0])
    if isinstance(shape, list):
        return []
    if isinstance(shape, dict):
        if str in shape:
            return {}
        return {
            key: nothing(of_key) for key, may_lack, of_key in _named_keys(shape) if not may_lack
        }
    return None if shape is None or shape is object else shape()


def fitted(value: object, shape: Shape, name: str, wrong: list[str]) -> Any:  # noqa: ANN401  # JSON
    """Return JSON of the shape, with whatever of a value fits there.

    name: what the value is called in sentences. wrong: gets a sentence for whatever does not fit.
    In an object of named keys, the values that do not fit are as nothing() has them, and other keys
    are left out. An element of a list, or of an object of any keys, that does not fit is left out
    whole: half of a container would be another container.
    """
    if isinstance(shape, dict) and isinstance(value, dict) and str not in shape:
        keys = {key: (may_lack, of_key) for key, may_lack, of_key in _named_keys(shape)}
        result = {}
        for key, (may_lack, of_key) in keys.items():
            if key in value:
                result[key] = fitted(value[key], of_key, f"{name}.{key}", wrong)
            elif not may_lack:
                wrong.append(f"{name}.{key} lacks")
                result[key] = nothing(of_key)
        if ... in shape:
            others = {key: value[key] for key in value if key not in keys}
            result.update(fitted(others, {str: shape[...]}, name, wrong))
        return result
    if isinstance(shape, dict) and isinstance(value, dict):
        return {
            key: _trimmed(element, shape[str])
            for key, element in value.items()
            if _fits(element, shape[str], f"{name}.{key}", wrong)
        }
    if isinstance(shape, list) and isinstance(value, list):
        return [
            _trimmed(element, shape[0])
            for number, element in enumerate(value)
            if _fits(element, shape[0], f"{name}[{number}]", wrong)
        ]
    return _trimmed(value, shape) if _fits(value, shape, name, wrong) else nothing(shape)


def _is_plain(value: object, shape: Shape) -> bool:
    """Return whether a value has a shape that is a type, None or object."""
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


def _in_words(shape: Shape) -> str:
    """Return what a value of a shape is called in a sentence."""
    if isinstance(shape, tuple):
        return " or ".join(_in_words(alternative) for alternative in shape)
    if isinstance(shape, list):
        return "a list"
    return "an object" if isinstance(shape, dict) else _WORDS[shape]


def _named_keys(shape: dict[Any, Shape]) -> Iterator[tuple[str, bool, Shape]]:
    """Yield the keys of an object's shape: the key, whether it may be absent, and its own shape."""
    for key, of_key in shape.items():
        if isinstance(key, str):
            yield key.rstrip("?"), key.endswith("?"), of_key


def _faults_of_object(value: dict[str, Any], shape: dict[Any, Shape], name: str) -> Iterator[str]:
    """Yield, as faults() does, how an object differs from the shape of one."""
    of_others = shape.get(str, shape.get(...))
    named = set()
    for key, may_lack, of_key in _named_keys(shape):
        named.add(key)
        if key in value:
            yield from faults(value[key], of_key, f"{name}.{key}")
        elif not may_lack:
            yield f"{name}.{key} lacks"
    if of_others is not None:
        for key, element in value.items():
            if key not in named:
                yield from faults(element, of_others, f"{name}.{key}")


def _fits(value: object, shape: Shape, name: str, wrong: list[str]) -> bool:
    """Return whether JSON has a shape; where it has not, add the first difference to wrong."""
    fault = next(faults(value, shape, name), None)
    if fault:
        wrong.append(fault)
    return fault is None


def _trimmed(value: Any, shape: Shape) -> Any:  # noqa: ANN401  # JSON
    """Return JSON of a shape without the keys that the shape does not name."""
    if isinstance(shape, tuple):
        return _trimmed(value, next(part for part in shape if not list(faults(value, part, ""))))
    if isinstance(shape, list):
        return [_trimmed(element, shape[0]) for element in value]
    if isinstance(shape, dict) and str in shape:
        return {key: _trimmed(element, shape[str]) for key, element in value.items()}
    if isinstance(shape, dict) and ... not in shape:
        return {
            key: _trimmed(value[key], of_key)
            for key, _, of_key in _named_keys(shape)
            if key in value
        }
    return value
