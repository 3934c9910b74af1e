"""The exercises as their pages show them; each exercise is a folder called NN-name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it.token import Token

from labocloud import markdown

FOLDER = re.compile(r"(\d\d)-[a-z0-9][a-z0-9-]*")
# The first paragraph of an exercise is its goal, and ends with its duration.
MINUTES = re.compile(r"\s*(\d+)[ \u00a0\u202f]minutes?\.$")


class Folded(NamedTuple):
    """A chapter that its heading opens. name: the heading's anchor. html: the text below it."""

    name: str
    title: str
    html: str


@dataclass(frozen=True)
class Exercise:
    """An exercise in one language; all texts but the title and the goal are HTML.

    minutes: 0 where its text names none. before, after: the chapters around the hints; those after
    are for whoever has done it. hints_lead: the heading of the hints, and the text before the first
    hint. hints: from mild to strong. solution: empty without one.
    """

    number: int
    title: str
    goal: str
    minutes: int
    lead: str
    before: list[str]
    hints_lead: str
    hints: list[str]
    solution: str
    after: list[Folded]


def load(directory: Path, language: str, words: dict[str, Any], static: str) -> dict[str, Exercise]:
    """Return the exercises that a folder has in a language, by name, in their order.

    words: the table `exercises` of interface.toml. Raises OSError or ValueError for a bad file.
    """
    return {
        path.parent.name: read(path, words["hints"], static)
        for path in sorted(directory.glob(f"*/{language}.md"))
        if FOLDER.fullmatch(path.parent.name)
    }


def read(path: Path, hints_title: str, static: str) -> Exercise:
    """Return the exercise of a file. hints_title: the title of the chapter with the hints."""
    name = path.parent.name
    tokens = markdown.parse(path.read_text("utf-8"), f"exercises/{name}/{path.name}", static)
    lead, *chapters = markdown.chapters(tokens)
    titles = [markdown.plain(chapter[1]) for chapter in chapters]
    at = titles.index(hints_title) if hints_title in titles else len(titles)
    hints_lead, hints = markdown.items(chapters[at]) if at < len(titles) else ([], [])
    goal, minutes = aim(lead)
    solution = path.with_name("solution.sh")
    return Exercise(
        number=int(name[:2]),
        title=markdown.plain(tokens[1]),
        goal=goal,
        minutes=minutes,
        lead=markdown.html(lead),
        before=[markdown.html(chapter) for chapter in chapters[:at]],
        hints_lead=markdown.html(hints_lead),
        hints=hints,
        solution=markdown.block(solution.read_text("utf-8")) if solution.is_file() else "",
        after=[folded(chapter) for chapter in chapters[at + 1 :]],
    )


def folded(chapter: list[Token]) -> Folded:
    """Return a chapter without its heading, which are its first three tokens."""
    heading, title, _, *text = chapter
    return Folded(str(heading.attrGet("id")), markdown.plain(title), markdown.html(text))


def aim(lead: list[Token]) -> tuple[str, int]:
    """Return the goal and the minutes that the first paragraph names; 0 where it names none."""
    text = next((markdown.plain(token) for token in lead[3:] if token.type == "inline"), "")
    minutes = MINUTES.search(text)
    return MINUTES.sub("", text), int(minutes[1]) if minutes else 0
