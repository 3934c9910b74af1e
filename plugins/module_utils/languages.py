# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Order the languages of texts, and fall back on English where a text is not translated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Every text exists in this language.
SOURCE = "en"
# The name of a file or a folder of a language, without an ending.
_CODE = re.compile(r"[a-z]{2,3}")


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Return languages in the project's order: by their codes, English last.

    names: names of files and folders; those that are no language's code are left out.
    """
    codes = {name for name in names if _CODE.fullmatch(name)}
    return tuple(sorted(codes, key=lambda code: (code == SOURCE, code)))


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text in a language, or else in English, or else an empty one."""
    return texts.get(language) or texts.get(SOURCE, "")
