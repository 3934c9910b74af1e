"""The exercises, as their pages show them: each is a folder, NN-name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from labocloud import markdown

FOLDER = re.compile(r"(\d\d)-[a-z0-9][a-z0-9-]*")
# At the end of an exercise's first paragraph, which for the rest is its goal.
MINUTES = re.compile(r"\s*(\d+)[ \u00a0\u202f]minutes?\.$")


@dataclass(frozen=True)
class Exercise:
    """An exercise in one language; all but the title, the goal and the number is HTML.

    minutes: 0 where its text names none. before, after: the chapters around the hints. asked: the
    heading of the hints. hints: in their order, mild ones first. solution: empty without one.
    """

    number: int
    title: str
    goal: str
    minutes: int
    lead: str
    before: list[str]
    asked: str
    hints: list[str]
    solution: str
    after: list[str]


def load(directory: Path, language: str, words: dict[str, Any], static: str) -> dict[str, Exercise]:
    """Give the exercises that a folder has in a language, by name, in their order.

    words: those of interface.toml for exercises. Raises OSError or ValueError.
    """
    return {
        path.parent.name: read(path, words["hints"], static)
        for path in sorted(directory.glob(f"*/{language}.md"))
        if FOLDER.fullmatch(path.parent.name)
    }


def read(path: Path, hints: str, static: str) -> Exercise:
    """Give the exercise that a file tells. hints: the title of their chapter."""
    name = path.parent.name
    tokens = markdown.parse(path.read_text("utf-8"), f"exercises/{name}/{path.name}", static)
    lead, *chapters = markdown.chapters(tokens)
    titles = [markdown.plain(chapter[1]) for chapter in chapters]
    at = titles.index(hints) if hints in titles else len(titles)
    asked, given = markdown.items(chapters[at]) if at < len(titles) else ([], [])
    goal, minutes = aim(lead)
    solution = path.with_name("solution.sh")
    return Exercise(
        number=int(name[:2]),
        title=markdown.plain(tokens[1]),
        goal=goal,
        minutes=minutes,
        lead=markdown.html(lead),
        before=[markdown.html(chapter) for chapter in chapters[:at]],
        asked=markdown.html(asked),
        hints=given,
        solution=markdown.block(solution.read_text("utf-8")) if solution.is_file() else "",
        after=[markdown.html(chapter) for chapter in chapters[at + 1 :]],
    )


def aim(lead: list[Token]) -> tuple[str, int]:
    """Give the goal and the minutes that the first paragraph says."""
    said = next((markdown.plain(token) for token in lead[3:] if token.type == "inline"), "")
    found = MINUTES.search(said)
    return MINUTES.sub("", said), int(found[1]) if found else 0
