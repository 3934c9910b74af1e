"""Write into docs/day.md the table of what is found: `./lab python tests/findings_table.py`.

It is made of plugins/plugin_utils/findings.toml; the rest of the page is written by hand.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
TABLE, PAGE = PROJECT / "plugins/plugin_utils/findings.toml", PROJECT / "docs/day.md"
BEGIN = "<!-- Made from plugins/plugin_utils/findings.toml by tests/findings_table.py -->\n"
END = "<!-- By hand from here on -->\n"


def lines() -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| finding | severity | what is compared |"
    yield "| --- | --- | --- |"
    for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["row"]:
        compared = row.pop("compared")
        names = "; ".join(", ".join(f"`{name}`" for name in findings) for findings in row.values())
        yield f"| {names} | {'; '.join(row)} | {compared} |"


def page() -> str:
    """Return the page as it has to be.

    Raises:
        ValueError: it has not both marks.
    """
    before, begun, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"{PAGE.name} lacks the lines {BEGIN}and {END}")
    table = "".join(f"{line}\n" for line in lines())
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
