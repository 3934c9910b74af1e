"""The board, on a beamer, in the dark, on a phone and on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import page as pages
from conftest import BEAMER, DESKTOP, PHONE
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sample_board import LESSON, PEOPLE, sample
from test_pages import violations

ROWS = "tbody tr"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The board of a class."""
    folder = tmp_path_factory.mktemp("reports")
    pages.keep_progress(sample(), folder, "fr")
    return folder / pages.BOARD


@pytest.fixture
def show(browser: Browser, file: Path) -> Iterator[Callable[..., Page]]:
    """A way to open it, with what playwright's new_context() takes; a complaint fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def show(**options: object) -> Page:
        context = browser.new_context(**({"viewport": DESKTOP} | options))
        contexts.append(context)
        context.on("console", lambda message: complaints.append(message.text))
        page = context.new_page()
        page.goto(file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_seats_that_need_somebody_come_first(
    show: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = show(viewport={"width": 1280, "height": 620})
    states = [row.get_attribute("class").split()[0] for row in page.locator(ROWS).all()]
    assert states == ["stuck"] * 4 + ["mute", "off"] + ["working"] * 6
    first = page.locator(ROWS).first
    assert "pc12" in first.inner_text()
    assert "depuis 30\u00a0min" in first.inner_text()
    assert "6 postes ont besoin de vous" in page.inner_text("h1")
    assert "À expliquer à tous" in page.inner_text("body")
    assert page.locator(f"{ROWS} td.done").count() > 20
    picture(page, "board")


def test_all_seats_are_seen_at_once_and_large(show: Callable[..., Page]) -> None:
    page = show(viewport=BEAMER)
    assert page.locator(ROWS).count() == len(PEOPLE)
    last = page.locator(ROWS).last.bounding_box()
    assert last["y"] + last["height"] < BEAMER["height"]
    size = page.locator(f"{ROWS} th").first.evaluate("cell => getComputedStyle(cell).fontSize")
    assert float(size.removesuffix("px")) >= 28


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}])
def test_everybody_can_read_it(show: Callable[..., Page], options: dict[str, object]) -> None:
    page = show(**options)
    assert violations(page) == []


def test_on_a_phone_only_the_table_is_wider(show: Callable[..., Page]) -> None:
    page = show(viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_it_is_read_anew_and_stays_in_its_language(show: Callable[..., Page], file: Path) -> None:
    page = show()
    page.get_by_role("link", name="English").click()
    assert "6 seats need you" in page.inner_text("h1")
    changed = file.read_text().replace("6 seats need you", "7 seats need you")
    file.write_text(changed)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("7 seats need you")
    file.write_text(changed.replace("7 seats need you", "6 seats need you"))


def test_each_mark_is_told_in_words_too(show: Callable[..., Page]) -> None:
    page = show()
    cells = page.locator(ROWS).first.locator("td").all()
    assert len(cells) == len(LESSON) + 1
    assert [cell.inner_text().strip() for cell in cells[:2]] == ["à faire 0/4", "à faire 0/4"]


def test_on_paper_nothing_is_left_out(show: Callable[..., Page], tmp_path: Path) -> None:
    page = show()
    page.emulate_media(media="print")
    page.pdf(path=tmp_path / "board.pdf", prefer_css_page_size=True)
    assert (tmp_path / "board.pdf").read_bytes().count(b"/Type /Page\n") == 1
    assert not page.locator("nav").is_visible()
