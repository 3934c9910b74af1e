# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find the words in which `labo` says something, and show them on a terminal of any kind."""

from __future__ import annotations

import codecs
import functools
import json
import os
import pkgutil
import re
import shutil
import sys
import textwrap
import unicodedata

from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE

# What a terminal without these characters shows in their place.
PLAIN = {
    **dict.fromkeys("’\u2018", "'"),
    **dict.fromkeys("“”«»", '"'),
    **dict.fromkeys("\u00a0\u202f", " "),
    **dict.fromkeys("\u2013—\u2212", "-"),
    "…": "...",
    "→": "->",
    "œ": "oe",
    "Œ": "OE",
}
# Columns of a text; more are hard to read.
WIDEST = 100
COLOURS = {"done": "32", "was": "33", "open": "1", "unfit": "2", "unjudged": "2"}
MARKS = {"done": "[x]", "was": "[~]", "open": "[ ]", "unfit": "[-]", "unjudged": "[?]"}

# The file beside this one, in the archive alone, that has the texts.
TEXTS = "words.json"


@functools.cache
def texts() -> dict[str, dict[str, str]]:
    """Return all that is said, by language and key; each language has all keys."""
    found: dict[str, dict[str, str]] = json.loads(pkgutil.get_data(__name__, TEXTS) or b"")
    return found


def language() -> str:
    """Return the language that the account's locale asks for, of those that there are."""
    settings = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, settings), "").lower()
    return next((code for code in texts() if locale.startswith(code)), SOURCE)


def say(name: str, /, **values: object) -> str:
    """Return a text in the account's language, filled in."""
    return texts()[language()][name].format(**values)


def instead(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a terminal has not, as codecs asks for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    replacement = ""
    for character in error.object[error.start : error.end]:
        parts = unicodedata.normalize("NFKD", character)
        bare = "".join(part for part in parts if part.isascii())
        replacement += PLAIN.get(character) or bare or "?"
    return replacement, error.end


class Terminal:
    """The terminal, or file, that `labo` writes to, with whatever columns and colours it has."""

    def __init__(self) -> None:
        codecs.register_error("labo", instead)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="labo")  # type: ignore[union-attr]  # they are text files
        shown = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = shown and not os.environ.get("NO_COLOR")
        columns = os.environ.get("COLUMNS", "")
        wide = shown or (columns.isdecimal() and int(columns) > 0)
        # What goes to a file or another program has a line for each thing.
        self.columns = min(shutil.get_terminal_size().columns, WIDEST) if wide else 0

    def lines(self, text: str, begin: str = "") -> str:
        """Return a text in lines of the terminal's width, all but the first indented.

        begin: what stands before the first line.
        """
        if not self.columns:
            return begin + text
        return textwrap.fill(
            text,
            max(self.columns, len(begin) + 10),
            initial_indent=begin,
            subsequent_indent=" " * len(begin),
            break_on_hyphens=False,
        )

    def marked(self, state: str, text: str, indent: str = "") -> str:
        """Return a text behind the mark of a state."""
        mark = MARKS[state]
        lines = self.lines(text, f"{indent}{mark} ")
        if self.coloured:
            lines = lines.replace(mark, f"\033[{COLOURS[state]}m{mark}\033[0m", 1)
        return lines

    def say(self, text: str = "") -> None:
        """Print something."""
        print(text, flush=True)

    def complain(self, text: str) -> None:
        """Print what is wrong, where it does not come between what others read."""
        print(self.lines(text), file=sys.stderr, flush=True)


def markdown(text: str) -> str:
    """Return a page's text for a terminal: without fences, and the marks that are for a page."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    lines = (line for line in text.splitlines() if not line.startswith("```"))
    return "\n".join(re.sub(r"^> ?", "    ", line) for line in lines).strip()
