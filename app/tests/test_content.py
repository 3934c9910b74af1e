"""The course's text: both languages say the same, and it reads on a forge as it does on a seat."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from labocloud import content
from labocloud.content import CONTENT, LANGUAGES

FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
FILES = sorted(CONTENT.glob("*/*.md"))


def keys(table: dict[str, object], before: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def entries(language: str) -> list[str]:
    """The cheat sheet's entries, each from its heading on."""
    text = (CONTENT / language / "cheat-sheet.md").read_text()
    return re.split(
        r"^### ",
        re.sub(r"^## .*\n(?:(?!###).*\n)*", "", text, flags=re.MULTILINE),
        flags=re.MULTILINE,
    )[1:]


def test_every_page_and_every_word_is_there_in_both_languages() -> None:
    names = [{path.name for path in (CONTENT / language).iterdir()} for language in LANGUAGES]
    assert names[0] == names[1]
    words = [
        tomllib.loads((CONTENT / language / "interface.toml").read_text()) for language in LANGUAGES
    ]
    assert list(keys(words[0])) == list(keys(words[1]))
    pages = {name.removesuffix(".md") for name in names[0] if name.endswith(".md")}
    assert pages == set(words[0]["pages"])


@pytest.mark.parametrize("name", sorted({path.name for path in FILES}))
def test_both_languages_have_the_same_commands_outputs_and_headings(name: str) -> None:
    french, english = ((CONTENT / language / name).read_text() for language in LANGUAGES)
    assert FENCE.findall(french) == FENCE.findall(english)
    levels = [
        re.findall(r"^#+(?= )", FENCE.sub("", text), re.MULTILINE) for text in (french, english)
    ]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_directory_that_the_page_has_removed_is_one_that_it_has_made(path: Path) -> None:
    """And not one that was there: mkdir fails on that, without -p."""
    commands = "".join(block for kind, block in FENCE.findall(path.read_text()) if "poste" in kind)
    made = " ".join(re.findall(r"^mkdir (.*)$", commands, re.MULTILINE)).split()
    assert "-p" not in made
    assert set(re.findall(r"\brm -r\w* (.*)", commands)) <= set(made)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_links_and_pictures_resolve_on_a_forge(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text())):
        name, _, fragment = target.partition("#")
        file = path.parent / name if name else path
        assert file.is_file(), target
        if fragment:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text()), re.MULTILINE)
            assert fragment in [content.slug(heading.replace("`", "")) for heading in headings]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_block_says_what_it_is(path: Path) -> None:
    """A block without one of these words would be shown, and tested by nobody."""
    kinds = [kind for kind, _ in FENCE.findall(path.read_text())]
    assert set(kinds) <= {"sh poste", "sh internet", "text", "dockerfile"}
    for before, kind in zip(["", *kinds], kinds, strict=False):
        assert kind != "text" or before == "sh poste"


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
    found = entries(language)
    assert len(found) > 40
    for entry in found:
        assert re.match(
            rf"`docker [^\n]+\n\n[^`\n][^\n]+\n\n```sh \w+\n(?:.+\n)+```\n\n{undo}", entry
        ), entry


def test_the_nine_words_of_the_course_have_a_picture_or_a_command() -> None:
    for language in LANGUAGES:
        text = (CONTENT / language / "definitions.md").read_text()
        words = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
        assert len(words) == 9
        assert all("![" in word or "```" in word for word in words)


def test_a_text_becomes_a_page() -> None:
    page = content.render("# A `page`\n\nlead\n\n## One\n\n### `docker x`\n\ny\n\n## Two\n")
    assert page.title == "A page"
    assert page.lead == '<h1 id="a-page">A <code>page</code></h1>\n<p>lead</p>\n'
    assert page.body == (
        '<section class="chapter"><h2 id="one">One</h2>\n'
        '<section class="entry"><h3 id="docker-x"><code>docker x</code></h3>\n<p>y</p>\n</section>'
        '</section><section class="chapter"><h2 id="two">Two</h2>\n</section>'
    )
    assert page.entries
    assert not content.render("# A\n\n## B\n").entries


def test_links_between_files_become_links_between_pages() -> None:
    page = content.render(
        "# A\n\n[b](cheat-sheet.md#c) ![d](../../labocloud/static/pictures/e.svg)"
    )
    assert 'href="cheat-sheet#c"' in page.lead
    assert 'src="../static/pictures/e.svg"' in page.lead


def test_html_in_a_text_is_text() -> None:
    assert "<b>" not in content.render("# A\n\n<b>c</b>").lead


@pytest.mark.parametrize("text", ["", "no title", "## too low"])
def test_a_text_without_a_title_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a page begins with its title"):
        content.render(text)


def test_each_heading_has_a_section_that_ends_before_the_next_of_its_level() -> None:
    page = content.render("# T\n\nlead\n\n## A\n\n### B\n\n### C\n\n## D\n\n### E\n")
    told = re.findall(r'<section class="(\w)|<(/)section>|id="([\w-]+)"', page.body)
    assert "".join(map("".join, told)) == "caeb/ec//cdee//"
    assert page.lead == '<h1 id="t">T</h1>\n<p>lead</p>\n'
