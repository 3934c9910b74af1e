"""The course's text: Markdown files, and the words around them, one folder a language."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labocloud import exercises, markdown
from labocloud.exercises import Exercise

CONTENT = Path(__file__).parents[1] / "content"
EXERCISES = CONTENT.with_name("exercises")
# The first is the course's own.
LANGUAGES = ("fr", "en")


@dataclass(frozen=True)
class Chapter:
    """A heading of the second level, by its name in addresses, and what follows it, as HTML."""

    name: str
    title: str
    html: str


@dataclass(frozen=True)
class Page:
    """A page of the course: what comes before its first chapter, as HTML, and the chapters."""

    title: str
    lead: str
    chapters: list[Chapter]


@dataclass(frozen=True)
class Link:
    """An entry of the menu: its address below the language, and what the first page says of it."""

    address: str
    title: str
    about: str


@dataclass(frozen=True)
class Language:
    """A language's pages and exercises by their names, and the words of interface.toml."""

    pages: dict[str, Page]
    exercises: dict[str, Exercise]
    words: dict[str, Any]
    menu: list[Link]

    def has(self, address: str) -> bool:
        """Tell whether there is a page at an address below the language's own."""
        told = {link.address for link in self.menu} | {
            f"exercises/{name}" for name in self.exercises
        }
        return address in told


def load(content: Path, practical: Path, static: str) -> dict[str, Language]:
    """Give every language's text, rendered.

    content, practical: the folders of the pages and of the exercises. static: where static files
    are served. Raises OSError or ValueError where a file is bad.
    """
    return {name: load_language(name, content / name, practical, static) for name in LANGUAGES}


def load_language(name: str, directory: Path, practical: Path, static: str) -> Language:
    """Give the text of one language's folder."""
    words = tomllib.loads((directory / "interface.toml").read_text("utf-8"))
    pages = {
        path.stem: render(
            path.read_text("utf-8"), f"content/{name}/{path.name}", static, words["keywords"]
        )
        for path in sorted(directory.glob("*.md"))
    }
    found = exercises.load(practical, name, words["exercises"], static)
    return Language(pages, found, words, menu(pages, found, words))


def menu(pages: dict[str, Page], found: dict[str, Exercise], words: dict[str, Any]) -> list[Link]:
    """Give the menu: what interface.toml names, in its order, then the other pages."""
    titles = {name: page.title for name, page in pages.items()}
    if found:
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
    """Give the page that the text of a file is. Raises ValueError where it has no title."""
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
