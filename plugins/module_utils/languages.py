# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The languages of a text: their order, and the one that stands in for what another lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Nothing lacks in it.
SOURCE = "en"
# What a file or a folder is called that has a language.
CODE = re.compile(r"[a-z]{2,3}")


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Return languages in the order that all of the project has: English comes last.

    names: names of files and folders; those that are no language's code are left out.
    """
    codes = {name for name in names if CODE.fullmatch(name)}
    return tuple(sorted(codes, key=lambda code: (code == SOURCE, code)))


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language, or else in English.

    texts: language to text; empty where there is none at all.
    """
    return texts.get(language) or texts.get(SOURCE, "")
