"""Tests of the course's text: both languages agree, and it reads the same on a forge and a seat."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from labocloud import content, markdown
from labocloud.content import CONTENT

APP = Path(__file__).parents[1]
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
# What a test types on a seat: on each, or on one that has Compose.
RUN = ("sh poste", "sh compose")
FILES = sorted(CONTENT.glob("*/*.md"))
EXERCISES = sorted(APP.glob("exercises/*/*.md"))
# The languages in which the course is written; a teacher may add others.
LANGUAGES = ("fr", "en")
NAMES = [{path.name for path in CONTENT.glob(f"{language}/*.md")} for language in LANGUAGES]


def in_app(path: Path) -> str:
    """Return a file's path in app/, as the ID of a test."""
    return str(path.relative_to(APP))


def words(language: str) -> dict[str, Any]:
    return tomllib.loads((CONTENT / language / "interface.toml").read_text())


def keys(table: dict[str, object], before: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def entries(language: str) -> list[str]:
    """Return the cheat sheet's entries, each of which begins with its heading."""
    text = (CONTENT / language / "cheat-sheet.md").read_text()
    return re.split(
        r"^### ",
        re.sub(r"^## .*\n(?:(?!###).*\n)*", "", text, flags=re.MULTILINE),
        flags=re.MULTILINE,
    )[1:]


def targets(text: str) -> Iterator[str]:
    """Yield the targets of a text's links and pictures, in whichever syntax they are written."""
    for token in markdown.MARKDOWN.parse(text):
        for child in token.children or []:
            if child.type in ("link_open", "image"):
                yield str(child.attrGet("href") or child.attrGet("src"))


def headings(path: Path) -> list[str]:
    """Return the anchors that a forge gives to a file's headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return [markdown.slug(title.replace("`", "")) for title in titles]


def dead_links(path: Path, text: str) -> list[str]:
    """Return the links of a text that lead nowhere from where its file is."""
    dead = []
    for link in targets(text):
        if re.match(r"https://|http://localhost:\d", link):
            continue
        name, _, fragment = unquote(link).partition("#")
        file = path.parent / name if name else path
        if not file.is_file() or (fragment and fragment not in headings(file)):
            dead.append(link)
    return dead


def test_a_folder_is_a_language_where_it_has_the_words_of_the_interface(tmp_path: Path) -> None:
    for name in ("en", "fr", "img"):
        (tmp_path / name).mkdir()
    for name in ("fr", "en"):
        (tmp_path / name / "interface.toml").touch()
    assert content.languages(tmp_path) == ["fr", "en"]


def test_every_word_is_there_in_both_languages() -> None:
    assert list(keys(words("fr"))) == list(keys(words("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_course_has_every_page_of_its_menu_in_both_languages(language: str) -> None:
    named = [name for name in words(language)["menu"] if name != "exercises"]
    assert len(named) >= 4
    assert [name for name in named if not (CONTENT / language / f"{name}.md").is_file()] == []


@pytest.mark.parametrize("name", sorted(set.intersection(*NAMES)))
def test_both_languages_have_the_same_commands_outputs_and_headings(name: str) -> None:
    french, english = ((CONTENT / language / name).read_text() for language in LANGUAGES)
    assert FENCE.findall(french) == FENCE.findall(english)
    levels = [
        re.findall(r"^#+(?= )", FENCE.sub("", text), re.MULTILINE) for text in (french, english)
    ]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("path", FILES, ids=in_app)
def test_a_directory_that_the_page_has_removed_is_one_that_it_has_made(path: Path) -> None:
    """It was not there before: mkdir without -p would fail."""
    commands = "".join(block for kind, block in FENCE.findall(path.read_text()) if kind in RUN)
    arguments = " ".join(re.findall(r"^mkdir (.*)$", commands, re.MULTILINE)).split()
    assert "-p" not in arguments
    assert set(re.findall(r"\brm -r\w* (.*)", commands)) <= set(arguments)


@pytest.mark.parametrize("path", FILES + EXERCISES, ids=in_app)
def test_links_and_pictures_resolve_on_a_forge(path: Path) -> None:
    assert dead_links(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ('[a](none.md "with a title")', ["none.md"]),
        ("[a][b]\n\n[b]: none.md", ["none.md"]),
        ("![a](none.svg)", ["none.svg"]),
        ("[a](container.md#none)", ["container.md#none"]),
        ("[a](#none)", ["#none"]),
        ("<http://elsewhere.example>", ["http://elsewhere.example"]),
        ("[a](https://docs.example) <http://localhost:8081> `[a](none.md)`", []),
        ("```text\n[a](none.md)\n```", []),
    ],
)
def test_a_link_is_seen_however_it_is_written(text: str, dead: list[str]) -> None:
    assert dead_links(CONTENT / "fr/definitions.md", text) == dead


@pytest.mark.parametrize("path", FILES, ids=in_app)
def test_every_block_says_what_it_is(path: Path) -> None:
    """A block without one of these words would be shown, but no test would run it."""
    kinds = [kind for kind, _ in FENCE.findall(path.read_text())]
    assert set(kinds) <= {*RUN, "sh internet", "text", "dockerfile", "yaml"}
    for before, kind in zip(["", *kinds], kinds, strict=False):
        assert kind != "text" or before in RUN


def test_what_needs_the_internet_says_so_and_is_little() -> None:
    blocks = [
        block
        for path in FILES
        if path.parent.name == "fr"
        for block in re.split(r"^#+ ", path.read_text(), flags=re.MULTILINE)
        if "```sh internet" in block
    ]
    assert len(blocks) <= 3
    assert all("demande Internet" in block.replace("Demande", "demande") for block in blocks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_of_the_cheat_sheet_tells_what_it_does_how_and_how_to_undo_it(
    language: str,
) -> None:
    undo = {
        "fr": r"(Pour annuler\u00a0:|Rien à annuler|Ne s’annule pas)",
        "en": r"(Undo:|Nothing to undo|Cannot be undone)",
    }[language]
    sheet = entries(language)
    assert len(sheet) > 40
    for entry in sheet:
        assert re.match(
            rf"`docker [^\n]+\n\n[^`\n][^\n]+\n\n```sh \w+\n(?:.+\n)+```\n\n{undo}", entry
        ), entry


@pytest.mark.parametrize("path", FILES + EXERCISES, ids=in_app)
def test_what_needs_compose_is_of_its_own_kind(path: Path) -> None:
    """Otherwise it would be typed on seats that lack Compose, or left out there without a need."""
    for kind, block in FENCE.findall(path.read_text()):
        if kind in RUN:
            assert ("docker compose" in block) == (kind == "sh compose"), block


@pytest.mark.parametrize("language", LANGUAGES)
def test_keywords_are_those_of_an_entry_and_say_more_than_its_title(language: str) -> None:
    titles = {entry.partition("\n")[0].replace("`", "") for entry in entries(language)}
    keywords = words(language)["keywords"]
    assert set(keywords) <= titles
    for title, text in keywords.items():
        assert not set(text.lower().split()) <= set(title.split()), title


def test_the_words_of_the_course_have_a_picture_or_a_command() -> None:
    for language in LANGUAGES:
        text = (CONTENT / language / "definitions.md").read_text()
        definitions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
        assert len(definitions) >= 9
        assert all("![" in word or "```" in word for word in definitions)


def parts(text: str) -> list[str]:
    """Return a text's parts as HTML: the lead before its first chapter, and each chapter."""
    tokens = markdown.parse(text, "content/fr/a.md", "/static/1/")
    return [
        markdown.html(list(markdown.entries(chapter, {"docker x": "more"})))
        for chapter in markdown.chapters(tokens)
    ]


def test_a_text_becomes_parts_of_a_page() -> None:
    assert parts("# A `page`\n\nlead\n\n## One\n\n### `docker x`\n\ny\n\n### Z\n\n## Two\n") == [
        '<h1 id="a-page">A <code>page</code></h1>\n<p>lead</p>\n',
        '<h2 id="one"><a class="anchor" href="#one">One</a></h2>\n'
        '<section class="entry" data-keywords="more">'
        '<h3 id="docker-x"><a class="anchor" href="#docker-x"><code>docker x</code></a></h3>\n'
        "<p>y</p>\n</section>"
        '<section class="entry"><h3 id="z"><a class="anchor" href="#z">Z</a></h3>\n</section>',
        '<h2 id="two"><a class="anchor" href="#two">Two</a></h2>\n',
    ]


def test_each_option_of_a_command_is_marked_and_nothing_else() -> None:
    (lead,) = parts(
        "# A\n\n`docker run --rm -it a-b -- c-d`, and --this.\n\n```sh poste\n-x\n```\n"
    )
    assert re.findall(r'<span class="option">(.*?)</span>', lead) == ["--rm", "-it", "-x"]


@pytest.mark.parametrize(
    ("file", "link", "address"),
    [
        ("content/fr/a.md", "cheat-sheet.md#docker-run", "/fr/cheat-sheet#docker-run"),
        ("content/fr/a.md", "../en/b.md", "/en/b"),
        ("content/fr/a.md", "#here", "#here"),
        ("content/fr/a.md", "../../exercises/03-own/fr.md", "/fr/exercises/03-own"),
        ("exercises/02-a/fr.md", "../../content/fr/a.md#b", "/fr/a#b"),
        ("exercises/02-a/en.md", "../03-own/en.md", "/en/exercises/03-own"),
        ("content/fr/a.md", "../../labocloud/static/pictures/e.svg", "/static/1/pictures/e.svg"),
        ("content/fr/a.md", "https://docs.example/a.md", "https://docs.example/a.md"),
        ("content/fr/a.md", "http://localhost:8080/fr/a", "http://localhost:8080/fr/a"),
    ],
)
def test_links_between_files_become_links_between_pages(file: str, link: str, address: str) -> None:
    assert markdown.address(link, file, "/static/1/") == address


def test_links_and_pictures_of_a_text_have_their_addresses() -> None:
    (lead,) = parts('# A\n\n[b](c.md "d") [e][f] ![g](../../labocloud/static/h.svg)\n\n[f]: i.md#j')
    assert re.findall(r'(?:href|src)="([^"]+)"', lead) == ["/fr/c", "/fr/i#j", "/static/1/h.svg"]


def test_html_in_a_text_is_text() -> None:
    assert "<b>" not in parts("# A\n\n<b>c</b>")[0]


@pytest.mark.parametrize("text", ["", "no title", "## too low"])
def test_a_text_without_a_title_is_refused_by_the_files_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"content/fr/a\.md: a page begins with its title"):
        parts(text)


def test_the_items_of_a_list_are_taken_out_of_a_chapter() -> None:
    tokens = markdown.MARKDOWN.parse(
        "a\n\n1. b `c`\n2. d\n\n   - e\n\n   ```sh\n   f\n   ```\n\ng\n"
    )
    rest, items = markdown.items(tokens)
    assert markdown.html(rest) == "<p>a</p>\n<p>g</p>\n"
    assert len(items) == 2
    assert items[0].startswith("<p>b <code>c</code></p>")
    assert "<li>e</li>" in items[1]
    assert '<code class="language-sh">f' in items[1]
