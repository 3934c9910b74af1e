"""Test that the documentation of findings agrees with the judge and the catalogue."""

import re
from functools import cache
from pathlib import Path

import findings_table
import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue

PROJECT = Path(__file__).parents[2]
# A word with a value in it: {name}, or {{ name }}.
VALUE = r"[^ {]*\{(?:\{[^{}]*\}|[^{}]*)\}[^ ]*"
# What Ansible and sudo say themselves.
OF_OTHERS = {
    "… has Python …, and Ansible needs 3.9 or newer there",
    "… you must have a tty to run sudo",
    "argument '…' is of type …",
    "value of … must be one of …",
}


def explained() -> list[str]:
    """Return the lines that docs/troubleshooting.md explains; … stands for a value or more text."""
    page = (PROJECT / "docs/troubleshooting.md").read_text()
    table = page.partition("| the line says | do |\n| --- | --- |\n")[2].partition("\n\n")[0]
    cells = [row.split(" | ")[0] for row in table.splitlines()]
    return [line for cell in cells for line in re.findall(r"`([^`]+)`", cell)]


@cache
def sentences() -> str:
    """Return all English messages: those of the catalogue, of roles and of plugins."""
    texts = [str(text) for text in catalogue.read("en", "findings").values()]
    for pattern in ("roles/*/tasks/*.yml", "plugins/*/*.py", "plugins/*/*/*.py"):
        for path in sorted(PROJECT.glob(pattern)):
            # A text that is written in pieces, or over several lines, is one.
            text = re.sub(r"[\"']\s*\n\s*f?[\"']", "", path.read_text())
            texts.append(re.sub(r"\s+", " ", text))
    return "\n".join(texts)


def is_said(piece: str) -> bool:
    """Return whether a piece of a line is part of a message, in which each word may be a value."""
    words = (f"(?:{re.escape(word)}|{VALUE})" for word in piece.split())
    return re.search(" ".join(words), sentences()) is not None


def test_the_table_of_what_is_found_is_made_of_the_catalogue() -> None:
    assert findings_table.PAGE.read_text() == findings_table.page(), (
        "./lab python tests/findings_table.py makes it"
    )


@pytest.mark.parametrize("line", explained())
def test_a_line_that_is_explained_is_one_that_is_said(line: str) -> None:
    pieces = [piece.strip(" ,:;().") for piece in line.split("…")]
    lost = [piece for piece in pieces if piece and not is_said(piece)]
    assert lost == [] or line in OF_OTHERS


def test_a_line_that_nobody_says_is_seen() -> None:
    assert is_said("port 8080 is held by")
    assert not is_said("port 8080 is kept by")
