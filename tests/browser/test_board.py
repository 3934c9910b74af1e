"""The board, on a beamer, in the dark, on a phone and on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import page as pages
from conftest import BEAMER, DESKTOP, PHONE
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sample_board import CLASS, LESSON, sample
from test_pages import violations

ROWS = "tbody tr.seat"
# What does not fit into its box, or is cut off within it.
CUT_OFF = """() => [...document.querySelectorAll(".board, th, td, .shared, .totals li")]
  .filter(box => !box.classList.contains("unseen"))
  .filter(box => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
  .map(box => `${box.className}: ${box.innerText.slice(0, 60)}`)"""
# How many seats it has, and its board.
type Room = tuple[int, Path]


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
    page = show(viewport={"width": 1280, "height": 720})
    states = [row.get_attribute("class").split()[1] for row in page.locator(ROWS).all()]
    assert states == ["stuck"] * 4 + ["mute", "off"] + ["working"] * 6
    first = page.locator(ROWS).first
    assert "pc12" in first.inner_text()
    assert "depuis 30\u00a0min" in first.inner_text()
    assert "6 postes ont besoin de vous" in page.inner_text("h1")
    assert "À expliquer à tous" in page.inner_text("body")
    assert page.locator(f"{ROWS} td.done").count() > 20
    picture(page, "board")


@pytest.fixture(scope="module", params=[1, 3, 12, 30, 60])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A room with so many seats: how many, and its board; in the last names are long."""
    report = sample(request.param)
    if request.param == 60:
        for number, seat in enumerate(report["seats"]):
            seat["name"] = f"salle-b204-poste-{number:02}"
            seat["person"] = "Maximilienne W." if number % 2 else None
    folder = tmp_path_factory.mktemp("room")
    pages.keep_progress(report, folder, "fr")
    return request.param, folder / pages.BOARD


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("size", [(1024, 768), (1280, 720), (1920, 1080), (3840, 2160)])
def test_nothing_is_cut_off(
    browser: Browser, room: Room, size: tuple[int, int], language: str
) -> None:
    seats, file = room
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height})
    try:
        page.goto(f"{file.as_uri()}#{language}")
        assert page.locator(ROWS).count() == seats
        assert page.evaluate(CUT_OFF) == []
        assert page.locator("body").evaluate("body => body.scrollWidth") <= width
        last = page.locator("tbody tr").last.bounding_box()
        if seats <= 12 or (seats == 30 and width >= 1920):
            assert last["y"] + last["height"] <= height
    finally:
        page.close()


def test_what_is_for_all_is_not_said_again_below_a_seat(show: Callable[..., Page]) -> None:
    page = show()
    assert "(pc01, pc04, pc06, pc09)" in page.inner_text(".shared")
    below = [row.inner_text() for row in page.locator("tbody tr.more").all()]
    assert len(below) == 4
    assert [text for text in below if "vite:1" in text] == []
    assert "Docker est arrêté" in below[2]


def test_all_seats_are_seen_at_once_and_large(show: Callable[..., Page]) -> None:
    page = show(viewport=BEAMER)
    assert page.locator(ROWS).count() == len(CLASS)
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
    assert [cell.inner_text().strip() for cell in cells[:2]] == ["à faire 0/5", "à faire 0/4"]


def test_on_paper_nothing_is_left_out(show: Callable[..., Page], tmp_path: Path) -> None:
    page = show()
    page.emulate_media(media="print")
    page.pdf(path=tmp_path / "board.pdf", prefer_css_page_size=True)
    assert (tmp_path / "board.pdf").read_bytes().count(b"/Type /Page\n") == 1
    assert not page.locator("nav").is_visible()
