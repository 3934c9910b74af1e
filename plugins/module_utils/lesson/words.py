# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Look up the texts of `labo`, and print them on a terminal of any width and character set."""

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

# The replacements of characters on a terminal that lacks them.
_PLAIN = {
    **dict.fromkeys("’\u2018", "'"),
    **dict.fromkeys("“”«»", '"'),
    **dict.fromkeys("\u00a0\u202f", " "),
    **dict.fromkeys("\u2013—\u2212", "-"),
    "…": "...",
    "→": "->",
    "œ": "oe",
    "Œ": "OE",
}
# Columns of a text: longer lines are hard to read.
_WIDEST = 100
_COLOURS = {"done": "32", "was": "33", "open": "1", "unfit": "2", "unjudged": "2"}
MARKS = {"done": "[x]", "was": "[~]", "open": "[ ]", "unfit": "[-]", "unjudged": "[?]"}

# The file with the texts. It is beside this module only in the zip file that is `labo` on a seat.
TEXTS = "words.json"


@functools.cache
def texts() -> dict[str, dict[str, str]]:
    """Return all texts, by language and key; each language has all keys."""
    by_language: dict[str, dict[str, str]] = json.loads(pkgutil.get_data(__name__, TEXTS) or b"")
    return by_language


def language() -> str:
    """Return the language that LABO_LANG names, else the locale's, else English.

    A language without texts is passed over.
    """
    settings = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, settings), "").lower()
    wanted = (os.environ.get("LABO_LANG", "").lower(), locale)
    codes = (code for name in wanted for code in texts() if name.startswith(code))
    return next(codes, SOURCE)


def say(name: str, /, **values: object) -> str:
    """Return the text of a key in the account's language, with its fields filled in."""
    return texts()[language()][name].format(**values)


def instead(error: UnicodeError) -> tuple[str, int]:
    """Return the replacement of characters that a terminal lacks, and where they end.

    This is an error handler for codecs.register_error(). Raises the error where it is a decoding
    error.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    replacement = ""
    for character in error.object[error.start : error.end]:
        parts = unicodedata.normalize("NFKD", character)
        bare = "".join(part for part in parts if part.isascii())
        replacement += _PLAIN.get(character) or bare or "?"
    return replacement, error.end


class Terminal:
    """The terminal, or file, that `labo` writes to, with whatever columns and colours it has."""

    def __init__(self) -> None:
        codecs.register_error("labo", instead)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="labo")  # type: ignore[union-attr]  # they are text files
        is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = is_terminal and not os.environ.get("NO_COLOR")
        columns = os.environ.get("COLUMNS", "")
        is_wrapped = is_terminal or (columns.isdecimal() and int(columns) > 0)
        # Lines are not wrapped for a file or another program, unless COLUMNS is set.
        self.columns = min(shutil.get_terminal_size().columns, _WIDEST) if is_wrapped else 0

    def lines(self, text: str, begin: str = "") -> str:
        """Return a text in lines of the terminal's width.

        begin: stands before the first line; the other lines are indented by its width.
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
            lines = lines.replace(mark, f"\033[{_COLOURS[state]}m{mark}\033[0m", 1)
        return lines

    def say(self, text: str = "") -> None:
        """Print a text, an empty line by default."""
        print(text, flush=True)

    def complain(self, text: str) -> None:
        """Print a problem to standard error, where it does not mix with what programs read."""
        print(self.lines(text), file=sys.stderr, flush=True)


def markdown(text: str) -> str:
    """Return the text of a Markdown page for a terminal, without fences, links and quote marks."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    lines = (line for line in text.splitlines() if not line.startswith("```"))
    return "\n".join(re.sub(r"^> ?", "    ", line) for line in lines).strip()
