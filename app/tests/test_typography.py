"""The prose of the pages, of the exercises and of the pictures is typeset as its language is."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from labocloud.content import CONTENT

APP = Path(__file__).parents[1]
NO_BREAK = "\u00a0"
# What no typesetter touches: blocks, code, addresses, where links lead.
CODE = re.compile(
    r"^```.*?^```$|`[^`]*`|<https?:[^>]*>|(?<=\])\([^)\s]*\)|https?:\S+", re.MULTILINE | re.DOTALL
)
# Of ![…], which is a picture, the mark is none.
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
    """Give a Markdown text with a letter in the place of each character of its code."""
    return CODE.sub(lambda found: re.sub(r"[^\n]", "x", found[0]), text)


def strings(table: dict[str, object]) -> Iterator[str]:
    """Give the strings of a table, and of those in it."""
    for value in table.values():
        if isinstance(value, dict):
            yield from strings(value)
        else:
            yield str(value)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the prose of a file, by line. Of TOML, the line that a string stands in."""
    text = path.read_text()
    if path.suffix == ".md":
        yield from enumerate(prose(text).split("\n"), 1)
    elif path.suffix == ".svg":
        for found in re.finditer(r">([^<>]+)<", text):
            yield text.count("\n", 0, found.start()) + 1, found[1].strip()
    else:
        for string in strings(tomllib.loads(text)):
            yield text.count("\n", 0, text.find(string)) + 1, prose(string)


def faults(path: Path, rules: dict[str, re.Pattern[str]]) -> list[str]:
    """Give what is wrong in a file, each as file:line."""
    return [
        f"{path.relative_to(APP)}:{number}: {name}: {line.strip()}"
        for number, line in lines(path)
        for name, rule in rules.items()
        if rule.search(line)
    ]


def texts(language: str) -> list[Path]:
    """Give the files whose prose is in a language."""
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
    found = texts(language)
    assert {path.suffix for path in found} == {".md", ".svg", ".toml"}
    wrong = [fault for path in found for fault in faults(path, RULES[language])]
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
