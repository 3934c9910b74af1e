"""The course's pages in a browser, served by the container as it is deployed.

LABOCLOUD_PICTURES=docs/images ./lab pytest tests/browser keeps the pictures for the docs.
"""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import BEAMER, DESKTOP, PHONE
from course_container import HARDENED, PORT, address, engine, running
from docker.models.containers import Container
from playwright.sync_api import Browser, Page, expect

Visit = Callable[..., Page]
Picture = Callable[[Page, str], None]

NAMES = ["", "definitions", "how-it-works", "cheat-sheet", "container"]
PAGES = [f"/{language}/{name}" for language in ("fr", "en") for name in NAMES]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_the_first_page_speaks_the_browsers_language(visit: Visit, locale: str) -> None:
    page = visit("/", locale=locale)
    greeting = {"fr-FR": "Votre conteneur répond", "en-GB": "Your container answers"}[locale]
    expect(page.get_by_role("heading", level=1)).to_have_text(greeting)


def test_the_menu_leads_to_every_page_and_the_language_changes_where_one_is(
    visit: Visit, picture: Picture
) -> None:
    page = visit("/", viewport=DESKTOP)
    picture(page, "page")
    menu = page.get_by_role("navigation", name="Pages du cours")
    for link in ("Définitions", "Fonctionnement", "Aide-mémoire", "Ce conteneur"):
        menu.get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(link)
        expect(menu.get_by_role("link", name=link)).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This container")
    assert page.url.endswith("/en/container")


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, which is not all that there is to it."""
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_it(visit: Visit, path: str, scheme: str) -> None:
    assert violations(visit(path, color_scheme=scheme)) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_that_is_missing_leads_back(
    visit: Visit, complaints: list[str], language: str
) -> None:
    page = visit(f"/{language}/no-such-page")
    assert ["404" in complaint for complaint in complaints] == [True]
    complaints.clear()
    assert violations(page) == []
    page.get_by_role("main").get_by_role("link").click()
    assert page.url.endswith(f"/{language}/")


@pytest.mark.parametrize("size", [PHONE, DESKTOP, BEAMER], ids=["phone", "desktop", "beamer"])
@pytest.mark.parametrize("path", PAGES)
def test_it_fits_the_screen(visit: Visit, path: str, size: dict[str, int]) -> None:
    page = visit(path, viewport=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for image in page.locator("main img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")


def test_search_finds_as_one_types(visit: Visit, picture: Picture) -> None:
    page = visit("/fr/cheat-sheet")
    found = page.locator("#found")
    entries = page.locator("section.entry")
    expect(found).to_have_text(f"{entries.count()} commandes")
    field = page.get_by_role("searchbox", name="Chercher une commande")
    field.press_sequentially("RESEAU nom")
    shown = page.locator("section.entry:visible h3")
    expect(shown).to_have_text(["docker network create", "docker run --network"])
    expect(found).to_have_text("2 commandes")
    expect(page.get_by_role("heading", name="Services")).to_be_hidden()
    picture(page, "cheat-sheet")
    field.fill("docker nulle part")
    expect(found).to_have_text("Aucune commande ne contient ces mots")
    field.fill("")
    expect(page.locator("section.entry:visible")).to_have_count(entries.count())


def test_a_command_is_copied_whole(visit: Visit) -> None:
    page = visit("/fr/how-it-works", permissions=["clipboard-read", "clipboard-write"])
    block = page.locator("pre", has_text="docker run --rm -d --name flask")
    button = block.locator("xpath=following-sibling::button")
    button.click()
    expect(button).to_have_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python\n"


def test_everything_is_reached_with_the_keyboard(visit: Visit) -> None:
    page = visit("/fr/cheat-sheet", viewport=PHONE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au texte")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("pre").first).to_be_focused()  # it is wider than the screen
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copier").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_without_javascript_it_reads_as_well(visit: Visit) -> None:
    page = visit("/fr/cheat-sheet", java_script_enabled=False)
    expect(page.locator("section.entry").last).to_be_visible()
    expect(page.locator("form.search")).to_be_hidden()
    page.get_by_role("link", name="Ce conteneur").click()
    expect(page.locator("dl")).to_contain_text("poste-7")


def test_the_cheat_sheet_prints_on_two_pages(visit: Visit) -> None:
    for path in ("/fr/cheat-sheet", "/en/cheat-sheet"):
        page = visit(path)
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
        page.emulate_media(media="print")
        for unwanted in ("header", "form.search", "button"):
            expect(page.locator(unwanted).first).to_be_hidden()


def test_the_facts_are_those_of_the_container_and_move(
    visit: Visit, container: Container, picture: Picture
) -> None:
    page = visit("/fr/container")
    facts = page.locator("#facts")
    expect(facts).to_contain_text("poste-7")
    expect(facts).to_contain_text(container.id)
    expect(facts).to_contain_text("128,0 Mio")
    picture(page, "container")
    before = facts.text_content()
    page.wait_for_timeout(2500)
    assert facts.text_content() != before


def test_an_answer_is_missed_and_a_new_container_is_noticed(browser: Browser) -> None:
    """At the same address, as when a student stops flask and runs another."""
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    state = page.get_by_role("status")
    with engine() as client:
        with running(client, **HARDENED) as first:
            where = address(first)
            page.goto(f"{where}/fr/container")
            expect(page.locator("#facts")).to_contain_text(first.id)
        expect(state).to_contain_text("Plus rien ne répond")
        ports = {PORT: ("127.0.0.1", int(where.rpartition(":")[2]))}
        with running(client, ports=ports, **HARDENED) as second:
            expect(state).to_have_text("Un nouveau conteneur répond.")
            expect(page.locator("#facts")).to_contain_text(second.id)
    context.close()
