# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what the toolkit says to people: locale/LANGUAGE/SUBJECT.toml, in each language.

The folders are the languages: nothing else names one. What a language lacks is English, so a
folder needs no more than its language.toml. locale/README.md says how one is added.
"""

import functools
import gettext
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ansible_collections.labocloud.room.plugins.module_utils.languages import SOURCE, ordered

# A text for str.format, or its forms, of which a number decides.
Text = str | list[str]
# What a file holds: texts, and tables of them.
type _Table = Mapping[str, Text | _Table]

FOLDER = Path(__file__).parents[2] / "locale"
LANGUAGES = ordered(path.parent.name for path in FOLDER.glob("*/language.toml"))


def _flattened(table: _Table, prefix: str = "") -> Iterator[tuple[str, Text]]:
    """Yield the texts of a table and of those in it, by their keys with dots between."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def read(language: str, subject: str) -> dict[str, Text]:
    """Return the texts that a language itself has on a subject, by key.

    Another language than English may lack them, or have them in a file that cannot be read: it has
    none then. Raises OSError or ValueError where English cannot be read.
    """
    try:
        file = FOLDER / language / f"{subject}.toml"
        return dict(_flattened(tomllib.loads(file.read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        if language == SOURCE:
            raise
        return {}


@functools.cache
def texts(subject: str) -> dict[str, dict[str, Text]]:
    """Return the texts on a subject, language to key to text; each language has all keys."""
    english = read(SOURCE, subject)
    return {language: english | read(language, subject) for language in LANGUAGES}


@functools.cache
def _form(language: str) -> Callable[[int], int]:
    """Return what maps a number to the place of its form."""
    return gettext.c2py(str(texts("language")[language]["plural"]))


def say(language: str, subject: str, key: str, count: int = 1, /, **values: object) -> str:
    """Return a text, filled in.

    count: decides the form, and is a value too. Raises KeyError where English lacks the key.
    """
    text = texts(subject)[language][key]
    try:
        if isinstance(text, list):
            # English may have fewer forms than the language that it stands in for.
            text = text[min(_form(language)(count), len(text) - 1)]
        return text.format(**{"count": count, **values})
    except (AttributeError, IndexError, KeyError, ValueError):
        # What is wrong with an added language, a test says; nobody goes without a text for it.
        if language == SOURCE:
            raise
        return say(SOURCE, subject, key, count, **values)
