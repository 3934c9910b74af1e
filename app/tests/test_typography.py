"""Tests that pages, exercises and pictures follow the typography of their language."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from labocloud.content import CONTENT
from typography import NO_BREAK, RULES, mended, prose

APP = Path(__file__).parents[1]


def strings(table: dict[str, object]) -> Iterator[str]:
    """Yield the strings of a table, and of the tables in it; not the words that a search finds."""
    for key, value in table.items():
        if key == "keywords":
            continue
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


def in_app(path: Path) -> str:
    """Return a file's path in app/, as the ID of a test."""
    return str(path.relative_to(APP))


@pytest.mark.parametrize("language", RULES)
def test_all_kinds_of_texts_are_found(language: str) -> None:
    assert {path.suffix for path in texts(language)} == {".md", ".svg", ".toml"}


@pytest.mark.parametrize(
    ("language", "path"),
    [
        pytest.param(language, path, id=in_app(path))
        for language in RULES
        for path in texts(language)
    ],
)
def test_prose_has_the_marks_and_spaces_of_its_language(
    language: str, path: Path, request: pytest.FixtureRequest
) -> None:
    """With --fix, what has one remedy is mended in the file first; the rest fails as ever."""
    if request.config.getoption("fix", default=False) and path.suffix == ".md":
        text = path.read_text()
        if (better := mended(text, language)) != text:
            path.write_text(better)
    wrong = faults(path, RULES[language])
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
        (f"10{NO_BREAK}minutes", False),
        ("10 minutes", True),
        ("64 Mio", True),
        ("supprimez-le", True),
        ("dans ses logs", True),
        ("avec `docker logs`", False),
    ],
)
def test_a_fault_of_french_typography_is_seen(text: str, wrong: bool) -> None:
    assert any(rule.search(prose(text)) for rule in RULES["fr"].values()) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("What? “Yes”: the seat’s `a : b`", False),
        ("What ?", True),
        (f"this{NO_BREAK}: that", True),
        ("the seat's", True),
        ("«yes»", True),
        ("on a port, at 10:42; look at which port leads where", False),
        ("at a port", True),
        ("at another port", True),
        ("at port 8101", True),
        ("dead of TERM", True),
        ("Deletes the volume", True),
        ("D deleted", False),
    ],
)
def test_a_fault_of_english_typography_is_seen(text: str, wrong: bool) -> None:
    assert any(rule.search(prose(text)) for rule in RULES["en"].values()) == wrong


def test_code_hides_no_line() -> None:
    text = "a `b\nc` d\n```sh\n'e'\n```\nf\n"
    assert prose(text).count("\n") == text.count("\n")
    assert "'" not in prose(text)


FAULTS = {
    "fr": (
        "L'image n'est «pas» là ; où ? Ici: `a : b` ! 10 minutes... fin\n",
        "L’image n’est «\u00a0pas\u00a0» là\u00a0; où\u00a0? Ici\u00a0: `a : b`\u00a0! "
        "10\u00a0minutes… fin\n",
    ),
    "en": (
        "The seat's port ; which one ? `a : b` ! It's… 10 minutes...\n",
        "The seat’s port; which one? `a : b`! It’s… 10 minutes…\n",
    ),
}
BLOCKS = (
    "\n   ```sh poste\n   echo 'x' ; echo 10 minutes...\n   ```\n\n```python\nx = {'a' : 1}\n```\n"
)


@pytest.mark.parametrize("language", FAULTS)
def test_what_has_one_remedy_is_mended_and_code_is_not(language: str) -> None:
    wrong, right = FAULTS[language]
    original = (APP / f"exercises/02-run-again/{language}.md").read_text()
    text = mended(original + wrong + BLOCKS, language)
    assert text == original + right + BLOCKS
    assert mended(text, language) == text
    assert not [rule for rule in RULES[language].values() if rule.search(prose(text))]


@pytest.mark.parametrize("language", RULES)
def test_mending_invents_no_choice(language: str) -> None:
    """A quotation mark opens or closes, a word has its meaning: a person's to write."""
    text = 'a "b" c, supprimez les logs, at a port\n'
    assert mended(text, language) == text


@pytest.mark.parametrize(
    "path", sorted(CONTENT.glob("*/mistakes.md")), ids=lambda path: path.parent.name
)
def test_mistakes_are_read_in_a_terminal_too(path: Path) -> None:
    """`labo mistakes` prints the page, where there is nothing to click."""
    assert not re.search(r"ce lien|look\s+there|\bcli(ck|quez)", path.read_text())
