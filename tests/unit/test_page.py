"""Show the room page as a browser gets it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue, page
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.report import report
from sample_room import NOW, answer, room, sample
from sample_seat import REVISION

REPORT = sample()


class Text(HTMLParser):
    """A parser that keeps the text that a reader of one language sees, and the tags."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.others = set(catalogue.LANGUAGES) - {language}
        self.hidden = 0
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; text in another language is hidden."""
        self.tags.append((tag, dict(attrs)))
        self.hidden += tag in ("style", "title") or dict(attrs).get("lang") in self.others

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a hidden element."""
        self.hidden -= bool(self.hidden) and tag in ("style", "title", "span")

    def handle_data(self, data: str) -> None:
        """Note text that is not hidden."""
        if not self.hidden:
            self.texts.append(data)


def read(language: str, report: dict = REPORT) -> tuple[str, list[tuple[str, dict]]]:
    """Return the text and the tags of the page."""
    parser = Text(language)
    parser.feed(page.page(page.ROOM, report, language))
    return " ".join(" ".join(parser.texts).split()), parser.tags


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_seat_has_its_cell_with_what_is_wrong_and_the_command(language: str) -> None:
    text, tags = read(language)
    cells = [
        attributes["class"].split()[1]
        for tag, attributes in tags
        if tag == "li" and attributes["class"].startswith("seat ")
    ]
    assert cells == [row["state"] for row in REPORT["seats"]]
    for row in REPORT["seats"]:
        assert row["name"] in text
        for problem in row["findings"]:
            assert problem["cause"][language] in text
            assert problem["command"] in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_was_found_of_the_room_stands_once_and_before_the_seats(language: str) -> None:
    problem = finding("builder_is_seat", "pc01", builder="pc01", users="student")
    text, tags = read(language, {**REPORT, "findings": [problem], "seats": REPORT["seats"][:1]})
    for sentence in (problem["cause"][language], problem["advice"][language], problem["command"]):
        assert text.count(sentence) == 1
    names = [tag for tag, _ in tags]
    assert names.count("aside") == 1
    assert names.index("aside") < names.index("h2")


def test_it_says_how_many_are_ready_when_how_long_and_which_revision() -> None:
    assert "5 seats ready of 12" in read("en")[0]
    text = read("fr")[0]
    assert "5 postes prêts sur 12" in text
    for word in ("3 prêts", "1 injoignable", "vérifié en 2.3 s", REVISION[:12], "pc01"):
        assert word in text


def test_it_opens_in_the_language_that_is_set_and_holds_both() -> None:
    for language in ("fr", "en"):
        tags = read(language)[1]
        assert ("html", {"lang": language}) in tags
        style = page.page(page.ROOM, REPORT, language)
        others = f"[lang]:not([lang={language}])"
        targets = ", ".join(f"#{code}:target" for code in catalogue.LANGUAGES)
        assert f"body:not(:has({targets})) {others}" in style
        assert f"body:has(#{language}:target) {others}" in style
        links = [attributes["href"] for tag, attributes in tags if tag == "a"]
        assert links == [f"#{code}" for code in catalogue.LANGUAGES]


def test_it_needs_nothing_from_elsewhere_and_no_script() -> None:
    text = page.page(page.ROOM, REPORT, "fr")
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in read("fr")[1]}
    assert re.findall(r"(?:src|href)=\"(?!#)|url\(|@import", text) == []


def test_every_state_has_a_shape_of_its_own_besides_its_colour() -> None:
    _, tags = read("fr")
    shapes = {attributes["id"] for tag, attributes in tags if tag == "symbol"}
    assert shapes == set(REPORT["totals"]) - {"seats"}


def test_what_seats_say_is_escaped() -> None:
    wicked = "<script>alert(1)</script>\"'&"
    has = answer(wicked, ("os/name", wicked), ("root", False), ("torn", [wicked]))
    text = page.page(page.ROOM, report({wicked: has}, room(wicked), {}, NOW), "fr")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 3


def test_a_seat_that_was_not_asked_says_as_of_when_it_is_known() -> None:
    old = {**REPORT["seats"][2], "asked": False}
    text, _ = read("fr", {**REPORT, "seats": [old]})
    assert f"Pas interrogé : état du {page.local_time(old['time'])}" in text


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "reports/room.html"
    page.write(path, "old")
    page.write(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_the_last_report_is_the_one_that_was_kept(tmp_path: Path) -> None:
    assert page.last(tmp_path) == {}
    page.keep(REPORT, tmp_path, "fr")
    assert page.last(tmp_path) == REPORT
    assert page.BOARD not in (tmp_path / page.ROOM).read_text()
    (tmp_path / page.BOARD).write_text("")
    page.keep(REPORT, tmp_path, "fr")
    assert f'href="{page.BOARD}"' in (tmp_path / page.ROOM).read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 2),
        ("seats", [5]),
        ("seats", [{"name": "pc01", "state": "ready"}]),
        ("seats", [{**REPORT["seats"][0], "state": "asleep"}]),
        ("seats", [{**REPORT["seats"][0], "findings": [{"cause": "torn"}]}]),
        ("servers", None),
    ],
)
def test_a_report_that_cannot_be_shown_is_none(tmp_path: Path, key: str, value: object) -> None:
    page.keep(REPORT, tmp_path, "fr")
    (tmp_path / "room.json").write_text(json.dumps({**REPORT, key: value}))
    assert page.last(tmp_path) == {}


def test_a_seat_without_root_says_so_and_no_other() -> None:
    rows = [{**REPORT["seats"][0], "students": kind} for kind in ("rootless", "group", None)]
    assert read("en", {**REPORT, "seats": rows})[0].count("students: without root") == 1
    assert "étudiants : sans root" in read("fr", {**REPORT, "seats": rows[:1]})[0]
