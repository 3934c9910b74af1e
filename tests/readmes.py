"""Write into the README of each role what its argument specs say: `./lab python tests/readmes.py`.

The two tables between the marks, of entry points and of inputs, are generated; the rest of a README
is written by hand. An input that the toolkit itself sets, as its description says, is no setting
for people and is left out. A default that is computed, or long, is not in the specs, and the table
has a link to defaults/main.yml for it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).parents[1] / "roles"
BEGIN = "<!-- Made from meta/argument_specs.yml by tests/readmes.py -->\n"
END = "<!-- By hand from here on -->\n"
SET_BY_THE_TOOLKIT = "The toolkit sets it"
# Ansible's markup for code, a value, an option.
CODE = re.compile(r"\b[CVO]\(([^)]+)\)")


def specs(role: Path) -> dict[str, Any]:
    """Return the argument specs of a role, by entry point."""
    content: dict[str, Any] = yaml.safe_load((role / "meta/argument_specs.yml").read_text())
    return content["argument_specs"]  # type: ignore[no-any-return]


def inputs(role: Path) -> dict[str, dict[str, Any]]:
    """Return the inputs of all entry points of a role, each with its spec."""
    return {
        name: option for spec in specs(role).values() for name, option in spec["options"].items()
    }


def is_set_by_the_toolkit(option: dict[str, Any]) -> bool:
    """Return whether the toolkit itself sets an input, by its description."""
    return SET_BY_THE_TOOLKIT in option["description"]


def cell(text: str) -> str:
    """Return a text of the specs as a cell of a table in Markdown."""
    return CODE.sub(r"`\1`", " ".join(text.split())).replace("|", "\\|")


def default(option: dict[str, Any]) -> str:
    """Return the cell for the default of an input."""
    if "default" not in option:
        return "[see there](defaults/main.yml)"
    value = option["default"]
    if value in ("", [], {}):
        return "(none)"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def meaning(option: dict[str, Any]) -> str:
    """Return the cell for the description of an input, with its keys and choices."""
    text = cell(option["description"])
    keys = [f"`{name}`" for name in option.get("options", {})]
    choices = [f"`{name}`" for name in option.get("choices", [])]
    if keys:
        text += f" Its keys: {', '.join(keys)}."
    if not all(choice in text for choice in choices):
        text += f" One of {', '.join(choices)}."
    return text


def tables(role: Path) -> Iterator[str]:
    """Yield the lines of the tables of a role."""
    yield "| entry point | what it does |"
    yield "| --- | --- |"
    for name, spec in specs(role).items():
        description = cell(spec.get("description", spec["short_description"]))
        yield f"| `{name}` | {description.removesuffix('.')} |"
    options = inputs(role)
    if not options:
        return
    yield ""
    yield "| input | default | what it is |"
    yield "| --- | --- | --- |"
    for name, option in options.items():
        if not is_set_by_the_toolkit(option):
            yield f"| `{name}` | {default(option)} | {meaning(option)} |"
    if any(is_set_by_the_toolkit(option) for option in options.values()):
        yield ""
        yield "What the toolkit itself sets stands at the end of [the defaults](defaults/main.yml)."


def readme(role: Path) -> str:
    """Return the README of a role with generated tables.

    Raises:
        ValueError: it has not both marks.
    """
    before, begin, rest = (role / "README.md").read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{role.name}/README.md lacks the lines {BEGIN}and {END}")
    generated = "".join(f"{line}\n" for line in tables(role))
    return f"{before}{BEGIN}\n{generated}\n{END}{after}"


if __name__ == "__main__":
    for path in sorted(ROLES.glob("*/README.md")):
        path.write_text(readme(path.parent))
