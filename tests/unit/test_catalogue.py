"""Test the texts of each language: missing ones are English, and placeholders agree."""

import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.languages import (
    SOURCE,
    in_language,
    ordered,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue
from fields import fields

SUBJECTS = sorted(path.stem for path in (catalogue.FOLDER / SOURCE).glob("*.toml"))
# The project's own; one that a teacher adds may lack anything but its name.
OWN = ["fr"]
FILES = [
    (path.parent.name, path.stem)
    for path in sorted(catalogue.FOLDER.glob("*/*.toml"))
    if path.parent.name != SOURCE
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty folder of languages in the place of the project's, with nothing cached."""
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogue, "LANGUAGES", ("pl", SOURCE))
    for cached in (catalogue.texts, catalogue._form):
        cached.cache_clear()
    for language, plural in (
        ("pl", "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"),
        ("en", "n != 1"),
    ):
        (tmp_path / language).mkdir()
        text = f'name = "{language}"\nplural = "{plural}"\n'
        (tmp_path / language / "language.toml").write_text(text)
    yield tmp_path
    for cached in (catalogue.texts, catalogue._form):
        cached.cache_clear()


def test_the_languages_are_the_folders_and_english_is_the_last() -> None:
    assert {*OWN, SOURCE} <= set(catalogue.LANGUAGES)
    assert catalogue.LANGUAGES[-1] == SOURCE
    assert ordered(["en", "fr", "README", "de", "en", "__pycache__"]) == ("de", "fr", "en")


@pytest.mark.parametrize(
    "broken",
    [
        b'hello = "cze\xff"',
        b"hello = ",
        b'hello = "{nobody}"',
        b'hello = "{"',
        b"hello = 5",
        b"hello = []",
    ],
)
def test_what_is_wrong_with_an_added_language_is_english(folder: Path, broken: bytes) -> None:
    (folder / "en/pages.toml").write_text('hello = "hello {name}"\n')
    (folder / "pl/pages.toml").write_bytes(broken)
    assert catalogue.say("pl", "pages", "hello", name="Ana") == "hello Ana"
    (folder / "en/pages.toml").write_text('hello = "{nobody}"\n')
    catalogue.texts.cache_clear()
    with pytest.raises(KeyError):
        catalogue.say("en", "pages", "hello", name="Ana")


def test_what_a_text_lacks_is_english() -> None:
    assert in_language({"fr": "oui", "en": "yes"}, "fr") == "oui"
    assert in_language({"fr": "oui", "en": "yes"}, "de") == "yes"
    assert in_language({"fr": "", "en": "yes"}, "fr") == "yes"
    assert in_language({}, "de") == ""


@pytest.mark.parametrize("language", OWN)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_projects_own_languages_lack_nothing(language: str, subject: str) -> None:
    assert list(catalogue.read(language, subject)) == list(catalogue.read(SOURCE, subject))


@pytest.mark.parametrize(("language", "subject"), FILES)
def test_a_text_asks_for_what_the_english_one_does(language: str, subject: str) -> None:
    english, own = catalogue.read(SOURCE, subject), catalogue.read(language, subject)
    assert sorted(set(own) - set(english)) == []
    wrong = {key for key, text in own.items() if fields(text) != fields(english[key])}
    assert sorted(wrong) == []


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_a_text_that_counts_has_as_many_forms_as_its_language(language: str) -> None:
    rule = gettext.c2py(str(catalogue.read(language, "language")["plural"]))
    forms = 1 + max(map(rule, range(1000)))
    for subject in SUBJECTS:
        for key, text in catalogue.read(language, subject).items():
            assert isinstance(text, str) or len(text) == forms, key


@pytest.mark.parametrize("subject", ["labo", "pages"])
def test_what_students_read_is_set_as_its_language_is(subject: str) -> None:
    # The room page's own colons have a blank of the other kind.
    exceptions = {"room.rootless", "room.not_asked"}
    for language in (*OWN, SOURCE):
        for key, text in catalogue.read(language, subject).items():
            content = "\n".join([text] if isinstance(text, str) else text)
            assert "'" not in content, key
            if language == "fr" and key not in exceptions:
                assert not re.search("(?<=[^ ]) [:;?!»]|« ", content), key


def test_a_form_is_that_of_the_number(folder: Path) -> None:
    (folder / "pl/pages.toml").write_text('seats = ["{count} a", "{count} b", "{count} c"]\n')
    (folder / "en/pages.toml").write_text('seats = ["{count} seat", "{count} seats"]\n')
    forms = {count: catalogue.say("pl", "pages", "seats", count) for count in (1, 2, 5, 12, 22)}
    assert forms == {1: "1 a", 2: "2 b", 5: "5 c", 12: "12 c", 22: "22 b"}
    assert catalogue.say("en", "pages", "seats", 0) == "0 seats"


def test_a_language_that_lacks_a_text_or_a_file_says_it_in_english(folder: Path) -> None:
    (folder / "en/pages.toml").write_text(
        '[room]\nseats = ["{count} seat", "seats"]\nof = "of {it}"\n'
    )
    assert catalogue.say("pl", "pages", "room.of", it="x") == "of x"
    # English has no third form.
    assert catalogue.say("pl", "pages", "room.seats", 5) == "seats"
    (folder / "pl/pages.toml").write_text('[room]\nof = "z {it}"\n')
    catalogue.texts.cache_clear()
    assert catalogue.say("pl", "pages", "room.of", it="x") == "z x"
    assert catalogue.say("pl", "pages", "room.seats", 1) == "1 seat"
