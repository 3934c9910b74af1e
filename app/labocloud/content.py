"""The course's text: Markdown files and the interface's words, in one folder for each language.

English stands in for what a language lacks.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labocloud import exercises, markdown
from labocloud.exercises import Exercise

CONTENT = Path(__file__).parents[1] / "content"
EXERCISES = CONTENT.with_name("exercises")
# OWN is the course's language, for browsers that prefer none of those that there are. SOURCE is the
# language in which every text exists.
OWN, SOURCE = "fr", "en"
CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Chapter:
    """A heading of the second level with the text below it, as HTML; name: its anchor."""

    name: str
    title: str
    html: str


@dataclass(frozen=True)
class Page:
    """A page of the course. lead: the text before its first chapter, as HTML."""

    title: str
    lead: str
    chapters: list[Chapter]


@dataclass(frozen=True)
class Link:
    """An entry of the menu. address: below the language's own. about: text for the first page."""

    address: str
    title: str
    about: str


@dataclass(frozen=True)
class Language:
    """A language's pages and exercises by name, its words (interface.toml) and its menu."""

    pages: dict[str, Page]
    exercises: dict[str, Exercise]
    words: dict[str, Any]
    menu: list[Link]

    def has(self, address: str) -> bool:
        """Return whether an address below the language's own is that of a page."""
        addresses = {link.address for link in self.menu}
        return address in addresses | {f"exercises/{name}" for name in self.exercises}


def languages(content: Path) -> list[str]:
    """Return the languages of the folders that have an interface.toml, English last."""
    codes = filter(CODE.fullmatch, (path.parent.name for path in content.glob("*/interface.toml")))
    return sorted(codes, key=lambda code: (code == SOURCE, code))


def load(content: Path, practical: Path, static: str) -> dict[str, Language]:
    """Return every language's text, rendered, by the language's code.

    content, practical: the folders of the pages and of the exercises. static: the address below
    which static files are served. Raises OSError or ValueError where a file is bad.
    """
    english = load_language(SOURCE, content / SOURCE, practical, static)
    return {
        name: english
        if name == SOURCE
        else load_language(name, content / name, practical, static, english)
        for name in languages(content)
    }


def load_language(
    name: str, directory: Path, practical: Path, static: str, english: Language | None = None
) -> Language:
    """Return the text of one language's folder.

    english: replaces whatever the folder lacks; without it the folder has to be complete.
    """
    file = directory / "interface.toml"
    words: dict[str, Any] = {}
    if english is None or file.is_file():
        words = tomllib.loads(file.read_text("utf-8"))
    if english:
        words = completed({"itself": name, **words}, english.words)
    pages = {
        path.stem: render(
            path.read_text("utf-8"), f"content/{name}/{path.name}", static, words["keywords"]
        )
        for path in sorted(directory.glob("*.md"))
    }
    practice = exercises.load(practical, name, words["exercises"], static)
    if english:
        pages = dict(sorted((english.pages | pages).items()))
        practice = dict(sorted((english.exercises | practice).items()))
    return Language(pages, practice, words, menu(pages, practice, words))


def completed(own: Mapping[str, Any], english: Mapping[str, Any]) -> dict[str, Any]:
    """Return a language's words, with the English ones where it has none."""
    words = dict(own)
    for key, value in english.items():
        if isinstance(value, dict):
            words[key] = completed(own.get(key, {}), value)
        else:
            words.setdefault(key, value)
    return words


def menu(
    pages: dict[str, Page], practice: dict[str, Exercise], words: dict[str, Any]
) -> list[Link]:
    """Return the menu: the pages that interface.toml names, in its order, then the others."""
    titles = {name: page.title for name, page in pages.items()}
    if practice:
        titles["exercises"] = words["exercises"]["title"]
    named = [name for name in words["menu"] if name in titles]
    return [
        Link(
            "exercises/" if name == "exercises" else name,
            titles[name],
            words["menu"].get(name, ""),
        )
        for name in [*named, *(name for name in titles if name not in named)]
    ]


def render(text: str, file: str, static: str, keywords: dict[str, str]) -> Page:
    """Return the text of a file as a page. Raises ValueError where it has no title."""
    tokens = markdown.parse(text, file, static)
    lead, *chapters = markdown.chapters(tokens)
    return Page(
        markdown.plain(tokens[1]),
        markdown.html(lead),
        [
            Chapter(
                str(chapter[0].attrGet("id")),
                markdown.plain(chapter[1]),
                markdown.html(list(markdown.entries(chapter, keywords))),
            )
            for chapter in chapters
        ],
    )
