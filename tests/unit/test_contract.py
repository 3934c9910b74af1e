"""Test that the contract's types have what settings, YAML and templates use, and no more."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.contract import verdicts, wanted
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import PARTS
from ansible_collections.labocloud.room.plugins.plugin_utils.published import VERDICTS
from sample_seat import declared

PROJECT = Path(__file__).parents[2]
# What a setting of a type is in Python, by argument_specs' names.
TYPES = {"str": str, "path": str, "int": int, "float": float, "bool": bool}
# What a role is given by whoever includes its tasks is no setting of a machine.
OF_TASKS = {
    *("seat_packages", "seat_conflicting", "seat_roots", "seat_host"),
    *("room_registry_repository", "room_registry_images"),
}
# A task's or a template's use of a verdict, and what of it is used.
USE = re.compile(rf"\b(?:__)?({'|'.join(VERDICTS.values())})((?:\.\w+\b(?!\())*)")
PART_OF = {variable: part for part, variable in VERDICTS.items()}
RETURNED = {part: get_type_hints(rule)["return"] for part, rule in PARTS.items()}
# The type of each part's verdict: of two that its rule returns the first, which has the values that
# its role needs. A machine that says nothing has a reason, too.
TYPE_OF = {part: next(iter(get_args(kind)), kind) for part, kind in RETURNED.items()} | {
    "machine": verdicts.MachineVerdict
}


def python_type(option: dict[str, Any]) -> object:
    """Return the type that a setting has once it was checked."""
    if option["type"] == "list":
        return GenericAlias(list, (TYPES[option["elements"]],))
    return TYPES.get(option["type"], dict[str, object])


def test_each_setting_of_the_judged_roles_has_its_type() -> None:
    _, specs = declared()
    settings = {
        name: python_type(option)
        for options in specs.values()
        for name, option in options.items()
        if name not in OF_TASKS
    }
    assert get_type_hints(wanted.RoleSettings) == settings


def test_each_part_has_a_type_and_a_variable() -> None:
    assert all(is_typeddict(kind) for kind in TYPE_OF.values())
    assert PARTS.keys() == TYPE_OF.keys() == VERDICTS.keys()


def uses() -> Iterator[tuple[str, str]]:
    """Yield each use of a verdict in YAML and templates: its part, and the keys with dots."""
    places = (PROJECT / "roles", PROJECT / "playbooks")
    for path in sorted(path for place in places for path in place.rglob("*")):
        if path.suffix in (".yml", ".j2"):
            for variable, keys in USE.findall(path.read_text()):
                yield PART_OF[variable], keys.removeprefix(".")


def fields(kind: object, before: str = "") -> Iterator[str]:
    """Yield the names of the fields of a type, and of those of its fields' types, with dots."""
    for name, annotation in get_type_hints(kind).items():
        yield f"{before}{name}"
        for inner in (annotation, *get_args(annotation)):
            if is_typeddict(inner):
                yield from fields(inner, f"{before}{name}.")


@pytest.mark.parametrize("part", VERDICTS)
def test_what_tasks_read_of_a_verdict_is_in_its_type(part: str) -> None:
    read = {keys for owner, keys in uses() if owner == part and keys}
    assert read - set(fields(TYPE_OF[part])) == set()


def test_nothing_is_in_a_type_that_nobody_reads() -> None:
    """Show that each field is read by a role's tasks, or by Python outside the contract."""
    by_tasks = {
        (part, ".".join(keys.split(".")[:depth])) for part, keys in uses() for depth in (1, 2, 3)
    }
    sources = [*PROJECT.glob("plugins/**/*.py"), *PROJECT.glob("roles/*/templates/*")]
    by_python = {
        word
        for path in sources
        if path.parent.name != "contract"
        for word in re.findall(r"""\[["'](\w+)["']\]""", path.read_text())
    }
    unread = {
        f"{part}.{name}"
        for part, kind in TYPE_OF.items()
        for name in fields(kind)
        # Who reads a whole reads what is in it.
        if not {(part, name), (part, name.rpartition(".")[0] or name)} & by_tasks
        and name.rpartition(".")[2] not in by_python
    }
    assert unread == set()
