"""The course's text: Markdown files, and the words around them, one folder a language."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

CONTENT = Path(__file__).parents[1] / "content"
# The first is the course's own.
LANGUAGES = ("fr", "en")
# Where the files have their pictures, so that a forge shows them too; where a page has them.
PICTURES = "../../labocloud/static/"
STATIC = "../static/"

# No HTML in the text: what it can do is what a forge shows.
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Page:
    """A page of the course, as HTML: what comes before its first section, and the sections.

    entries: it has third-level sections, which can be searched.
    """

    title: str
    lead: str
    body: str
    entries: bool


@dataclass(frozen=True)
class Language:
    """A language's pages, by the names of their files, and the words of interface.toml."""

    pages: dict[str, Page]
    words: dict[str, Any]


def load(directory: Path = CONTENT) -> dict[str, Language]:
    """Give every language's text, rendered. Raises OSError or ValueError where a file is bad."""
    return {name: load_language(directory / name) for name in LANGUAGES}


def load_language(directory: Path) -> Language:
    """Give the text of one language's folder."""
    pages = {path.stem: render(path.read_text("utf-8")) for path in directory.glob("*.md")}
    return Language(pages, tomllib.loads((directory / "interface.toml").read_text("utf-8")))


def render(text: str) -> Page:
    """Give the page that a Markdown text is. Raises ValueError where it has no title."""
    tokens = MARKDOWN.parse(text)
    if not tokens or tokens[0].tag != "h1":
        raise ValueError(f"a page begins with its title, `# …`, not with {text[:40]!r}")
    address(tokens)
    first = next((at for at, token in enumerate(tokens) if token.tag == "h2"), len(tokens))
    lead, body = (
        MARKDOWN.renderer.render(part, MARKDOWN.options, {})
        for part in (tokens[:first], list(sections(tokens[first:])))
    )
    return Page(plain(tokens[1]), lead, body, any(token.tag == "h3" for token in tokens))


def plain(inline: Token) -> str:
    """Give the text of a line without its marks."""
    return "".join(child.content for child in inline.children or [])


def slug(title: str) -> str:
    """Give the name that a forge gives to a heading, for links to it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def address(tokens: list[Token]) -> None:
    """Name the headings, and turn links between files into links between pages."""
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(plain(following)))
        for child in token.children or []:
            if child.type == "link_open":
                child.attrSet("href", re.sub(r"^([\w-]+)\.md\b", r"\1", str(child.attrGet("href"))))
            elif child.type == "image":
                child.attrSet("src", str(child.attrGet("src")).replace(PICTURES, STATIC))


def sections(tokens: list[Token]) -> Iterator[Token]:
    """Put a section around each heading of the second and third level and what follows it."""
    opened: list[str] = []
    for token in tokens:
        if token.type == "heading_open" and token.tag in ("h2", "h3"):
            while opened and opened[-1] >= token.tag:
                opened.pop()
                yield Token("section_close", "section", -1)
            kind = "chapter" if token.tag == "h2" else "entry"
            yield Token("section_open", "section", 1, attrs={"class": kind})
            opened.append(token.tag)
        yield token
    for _ in opened:
        yield Token("section_close", "section", -1)
