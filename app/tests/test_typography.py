"""Tests that pages, exercises and pictures follow the typography of their language."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from labocloud.content import CONTENT

APP = Path(__file__).parents[1]
NO_BREAK = "\u00a0"
# Text to which no rule of typography applies: blocks, code, addresses, the targets of links.
CODE = re.compile(
    r"^```.*?^```$|`[^`]*`|<https?:[^>]*>|(?<=\])\([^)\s]*\)|https?:\S+", re.MULTILINE | re.DOTALL
)
# The ! of ![…], which is a picture, is no punctuation mark.
MARK = r"[;?»]|!(?!\[)|:(?=[\s|*]|$)"
WRONG = {
    "a straight apostrophe or quotation mark": re.compile(r"['\"]"),
    "three dots instead of …": re.compile(r"\.\.\."),
}
FRENCH = WRONG | {
    "no no-break space before a mark": re.compile(rf"(?<![{NO_BREAK}?!])(?:{MARK})"),
    "no no-break space after «": re.compile(rf"«(?!{NO_BREAK})"),
    "English quotation marks": re.compile("[“”]"),
}
ENGLISH = WRONG | {
    "a blank before a mark": re.compile(rf"[ {NO_BREAK}](?:{MARK})"),
    "French quotation marks": re.compile("[«»]"),
}
RULES = {"fr": FRENCH, "en": ENGLISH}


def prose(text: str) -> str:
    """Return a Markdown text with each character of its code replaced by a letter."""
    return CODE.sub(lambda code: re.sub(r"[^\n]", "x", code[0]), text)


def strings(table: dict[str, object]) -> Iterator[str]:
    """Yield the strings of a table, and of the tables in it."""
    for value in table.values():
        if isinstance(value, dict):
            yield from strings(value)
        else:
            yield str(value)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the prose of a file with its line numbers; for TOML, one string at a time."""
    text = path.read_text()
    if path.suffix == ".md":
        yield from enumerate(prose(text).split("\n"), 1)
    elif path.suffix == ".svg":
        for match in re.finditer(r">([^<>]+)<", text):
            yield text.count("\n", 0, match.start()) + 1, match[1].strip()
    else:
        for string in strings(tomllib.loads(text)):
            yield text.count("\n", 0, text.find(string)) + 1, prose(string)


def faults(path: Path, rules: dict[str, re.Pattern[str]]) -> list[str]:
    """Return the violations in a file, as file:line: rule: text."""
    return [
        f"{path.relative_to(APP)}:{number}: {name}: {line.strip()}"
        for number, line in lines(path)
        for name, rule in rules.items()
        if rule.search(line)
    ]


def texts(language: str) -> list[Path]:
    """Return the files whose prose is in a language."""
    pictures = APP / "labocloud/static/pictures"
    return sorted(
        [
            *(path for path in (CONTENT / language).iterdir() if path.suffix in (".md", ".toml")),
            *APP.glob(f"exercises/*/{language}.md"),
            *pictures.glob(f"*.{language}.svg"),
        ]
    )


@pytest.mark.parametrize("language", RULES)
def test_prose_has_the_marks_and_spaces_of_its_language(language: str) -> None:
    paths = texts(language)
    assert {path.suffix for path in paths} == {".md", ".svg", ".toml"}
    wrong = [fault for path in paths for fault in faults(path, RULES[language])]
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"Quoi{NO_BREAK}?", False),
        (f"Quoi{NO_BREAK}?!", False),
        (f"«{NO_BREAK}oui{NO_BREAK}»", False),
        ("à 10:42, sur <http://localhost:8080>, dans `a ; b`", False),
        (f"[ici](page.md#a?b){NO_BREAK}: `x`", False),
        ("Quoi ?", True),
        ("Quoi?", True),
        ("`x` : y", True),
        ("« oui »", True),
        ("l'image", True),
        ("“oui”", True),
    ],
)
def test_a_fault_of_french_typography_is_seen(text: str, wrong: bool) -> None:
    assert any(rule.search(prose(text)) for rule in FRENCH.values()) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("What? “Yes”: the seat’s `a : b`", False),
        ("What ?", True),
        (f"this{NO_BREAK}: that", True),
        ("the seat's", True),
        ("«yes»", True),
    ],
)
def test_a_fault_of_english_typography_is_seen(text: str, wrong: bool) -> None:
    assert any(rule.search(prose(text)) for rule in ENGLISH.values()) == wrong


def test_code_hides_no_line() -> None:
    text = "a `b\nc` d\n```sh\n'e'\n```\nf\n"
    assert prose(text).count("\n") == text.count("\n")
    assert "'" not in prose(text)
