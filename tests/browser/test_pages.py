"""The course's pages in a browser, served by the container as it is deployed.

LABOCLOUD_PICTURES=docs/images ./lab pytest tests/browser keeps the pictures for the docs.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import BEAMER, DESKTOP, PHONE
from course_container import HARDENED, PORT, address, engine, running
from docker.models.containers import Container
from playwright.sync_api import Browser, Page, expect

Visit = Callable[..., Page]
Picture = Callable[[Page, str], None]

APP = Path(__file__).parents[2] / "app"
EXERCISES = sorted(path.parent.name for path in APP.glob("exercises/*/fr.md"))
NAMES = ["", "exercises/", "exercises/02-run-again"]
NAMES += sorted(path.stem for path in APP.glob("content/fr/*.md"))
PAGES = [f"/{language}/{name}" for language in ("fr", "en") for name in NAMES]
A4 = (595, 842)
# How many times the size of the text the header is high: 3.7, or 5.3 where a name takes two lines.
HEADER = """
document.querySelector("header").offsetHeight / parseFloat(getComputedStyle(document.body).fontSize)
"""
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
    links = menu.get_by_role("link").all_text_contents()[1:]
    assert links[:3] == ["Définitions", "Fonctionnement", "Exercices"]
    assert links[-1] == "Ce conteneur"
    for link in links:
        menu.get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(link)
        expect(menu.get_by_role("link", name=link)).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This container")
    assert page.url.endswith("/en/container")


def violations(page: Page) -> list[str]:
    """Return the violations of WCAG 2.2 AA that axe finds, which are not all there can be."""
    results = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    return [
        f"{violation['id']}: {node['html']}" for violation in results for node in violation["nodes"]
    ]


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_it(visit: Visit, path: str) -> None:
    page = visit(path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(("language", "scheme"), [("fr", "light"), ("en", "dark")])
def test_everybody_can_use_an_exercise_with_all_of_it_open(
    visit: Visit, language: str, scheme: str, name: str
) -> None:
    page = visit(f"/{language}/exercises/{name}", viewport=PHONE, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) == []


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


@pytest.mark.parametrize("path", PAGES)
def test_it_fits_the_screen(visit: Visit, path: str) -> None:
    """The header is one row, and shows where one is."""
    page = visit(path, viewport=PHONE)
    for size in (BEAMER, DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.evaluate(HEADER) < 4.5
    for image in page.locator("main img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")
    page.reload()
    current = page.locator("header [aria-current]")
    if current.count():
        box = current.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"]


def test_on_a_phone_pictures_can_be_read_and_what_is_wide_fades_at_the_edge(
    visit: Visit,
) -> None:
    """The smallest words of a picture are 13 of its 800 units high."""
    page = visit("/fr/definitions", viewport=PHONE)
    for frame in page.locator("p:has(> img:only-child)").all():
        assert frame.locator("img").bounding_box()["width"] * 13 / 800 >= 10
        assert frame.bounding_box()["width"] <= PHONE["width"]
        expect(frame).to_have_attribute("tabindex", "0")
    fades = "block => getComputedStyle(block, '::after').backgroundImage"
    for wide in page.locator("main [tabindex='0'], header nav:first-of-type").all():
        assert "gradient" in wide.evaluate(fades)
    desktop = visit("/fr/definitions", viewport=DESKTOP)
    for frame in desktop.locator("p:has(> img:only-child)").all():
        assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")


@pytest.mark.parametrize(
    ("scheme", "filtered"),
    [("light", "none"), ("dark", "invert(0.93) hue-rotate(180deg)")],
)
def test_pictures_are_dark_in_the_dark_and_light_on_paper(
    visit: Visit, scheme: str, filtered: str
) -> None:
    page = visit("/fr/definitions", color_scheme=scheme)
    image = page.locator("article img").first
    assert image.evaluate("image => getComputedStyle(image).filter") == filtered
    page.emulate_media(media="print")
    assert image.evaluate("image => getComputedStyle(image).filter") == "none"


def test_a_long_page_has_a_table_of_contents_whose_links_lead_there(visit: Visit) -> None:
    page = visit("/fr/definitions")
    contents = page.get_by_role("navigation", name="Sur cette page")
    titles = page.locator("h2").all_text_contents()
    assert contents.get_by_role("link").all_text_contents() == titles
    contents.get_by_role("link", name="Dockerfile").click()
    expect(page.locator("#dockerfile")).to_be_in_viewport()
    # A heading is the link to itself.
    page.locator("h2 a", has_text="DevOps").click()
    assert page.url.endswith("#devops")


def test_search_finds_as_one_types(visit: Visit, picture: Picture) -> None:
    page = visit("/fr/cheat-sheet")
    found = page.locator("#found")
    entries = page.locator("section.entry")
    before = entries.locator("h3").all_text_contents()
    expect(found).to_have_text(f"{entries.count()} commandes")
    field = page.get_by_role("searchbox", name="Chercher une commande")
    field.press_sequentially("RESEAU nom")
    shown = page.locator("section.entry:visible h3")
    expect(shown).to_have_text(["docker network create", "docker run --network"])
    expect(found).to_have_text("2 commandes")
    expect(page.get_by_role("heading", name="Services")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Sur cette page")).to_be_hidden()
    picture(page, "cheat-sheet")
    field.fill("docker nulle part")
    expect(found).to_have_text("Aucune commande trouvée")
    field.fill("copier")
    expect(shown).to_have_text(["docker cp"])
    field.fill("")
    expect(page.locator("section.entry:visible")).to_have_count(entries.count())
    assert entries.locator("h3").all_text_contents() == before
    expect(page.get_by_role("heading", name="Services")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "query", "first", "others"),
    [
        ("fr", "supprimer", None, ["docker rm", "docker image rm", "docker network prune"]),
        ("fr", "lister", None, ["docker ps", "docker image ls", "docker network ls"]),
        ("fr", "lancer", None, ["docker run", "docker service create"]),
        ("fr", "shell", "docker exec -it", []),
        ("fr", "volume", "docker volume create", ["docker volume rm", "docker run -v"]),
        ("fr", "env", "docker run -e", []),
        ("fr", "rm", None, ["docker rm", "docker run --rm"]),
        ("fr", "run", "docker run", ["docker run --rm"]),
        ("fr", "logs conteneur", "docker logs", []),
        ("en", "remove", None, ["docker rm", "docker image rm", "docker network prune"]),
        ("en", "list", None, ["docker ps", "docker image ls", "docker network ls"]),
        ("en", "run", "docker run", ["docker run --rm", "docker service create"]),
        ("en", "shell", "docker exec -it", []),
        ("en", "volume", "docker volume create", ["docker volume rm", "docker run -v"]),
        ("en", "env", "docker run -e", []),
        ("en", "start", None, ["docker create, docker start", "docker run"]),
    ],
)
def test_search_finds_by_what_one_wants_to_do_titles_first(
    visit: Visit, language: str, query: str, first: str | None, others: list[str]
) -> None:
    page = visit(f"/{language}/cheat-sheet")
    page.get_by_role("searchbox").fill(query)
    shown = page.locator("section.entry:visible h3").all_text_contents()
    assert first in (None, shown[0])
    assert set(others) <= set(shown)
    in_title = [set(query.split()) <= set(re.findall(r"\w+", title)) for title in shown]
    assert in_title == sorted(in_title, reverse=True)


def test_a_command_is_copied_whole(visit: Visit) -> None:
    page = visit("/fr/how-it-works", permissions=["clipboard-read", "clipboard-write"])
    block = page.locator("pre", has_text="docker run --rm -d --name flask")
    button = block.locator("xpath=following-sibling::button")
    expect(button).to_have_accessible_name(
        "Copier\u00a0: docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python"
    )
    # What it says then it takes back after two seconds.
    page.evaluate("window.setTimeout = () => 0")
    button.click()
    expect(button).to_have_text("Copié")
    expect(page.locator("#said")).to_have_text(
        "Copié\u00a0: docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python"
    )
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python\n"
    # Of several lines, the first one names it.
    several = page.locator("pre", has_text="cd ~/docker-demo").first
    name = several.locator("xpath=following-sibling::button").get_attribute("aria-label")
    assert re.fullmatch(r"Copier\u00a0: .+ …", name)


def test_hints_open_one_by_one(visit: Visit, picture: Picture) -> None:
    page = visit("/fr/exercises/02-run-again")
    hints = page.locator(".hints details")
    count = hints.count()
    assert count >= 2
    for at in range(count):
        expect(page.locator(".hints details:visible")).to_have_count(at + 1)
        hints.nth(at).locator("summary").click()
        expect(hints.nth(at).locator("div").first).to_be_visible()
        if at == 0:
            picture(page, "exercise")
    # One that is closed again takes none of the others away.
    hints.first.locator("summary").click()
    expect(page.locator(".hints details:visible")).to_have_count(count)
    solution = page.locator(".solution")
    expect(solution.locator("pre")).to_be_hidden()
    solution.locator("summary").click()
    expect(solution.locator("pre")).to_contain_text("docker run")


@pytest.fixture
def tell(container: Container) -> Iterator[Callable[..., None]]:
    """A way to tell the page of exercise 2 its steps, by their states, as the command labo does."""
    file = "/tmp/labo-02-run-again.json"  # in the container

    def tell(*states: str) -> None:
        steps = [
            {"title": {"fr": f"« étape {at} »", "en": f"“step {at}”"}, "state": state}
            for at, state in enumerate(states)
        ]
        command = ["sh", "-c", 'printf %s "$1" >"$0.part" && mv -f "$0.part" "$0"', file]
        told = container.exec_run([*command, json.dumps({"steps": steps})])
        assert told.exit_code == 0, told.output

    yield tell
    container.exec_run(["rm", "-f", file])


def test_the_steps_of_an_exercise_follow_and_the_end_opens_what_to_remember(
    visit: Visit, tell: Callable[..., None]
) -> None:
    page = visit("/fr/exercises/02-run-again")
    steps, remember = page.locator("#steps li"), page.locator(".remember div")
    expect(steps).to_have_count(0)
    expect(remember).to_be_hidden()
    tell("done", "open")
    expect(steps).to_have_count(2)
    expect(steps.first).to_have_text("[x] fait\u00a0: « étape 0 »")
    assert violations(page) == []
    # A step that stays is not written, and so not said, anew.
    page.evaluate("document.querySelector('#steps li').kept = true")
    tell("done", "done")
    expect(steps.last).to_contain_text("[x]")
    assert page.evaluate("document.querySelector('#steps li').kept")
    expect(remember).to_be_visible()
    assert violations(page) == []
    # What is folded by hand stays so.
    page.locator(".remember summary").click()
    tell("done", "was")
    expect(steps.last).to_contain_text("[~]")
    expect(remember).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("#steps")).to_be_hidden()


def test_without_javascript_the_steps_are_those_of_when_the_page_was_opened(
    visit: Visit, tell: Callable[..., None]
) -> None:
    tell("done", "done")
    page = visit("/en/exercises/02-run-again", java_script_enabled=False)
    expect(page.locator("#steps li")).to_have_count(2)
    expect(page.locator(".remember div")).to_be_visible()


def test_exercises_lead_to_each_other(visit: Visit) -> None:
    page = visit("/fr/exercises/")
    page.locator("main ol a").first.click()
    for name in EXERCISES[1:]:
        page.locator("[rel=next]").click()
        assert page.url.endswith(f"/fr/exercises/{name}")
    expect(page.locator("[rel=next]")).to_have_count(0)
    page.get_by_role("link", name="English").click()
    assert page.url.endswith(f"/en/exercises/{EXERCISES[-1]}")


def test_everything_is_reached_with_the_keyboard(visit: Visit) -> None:
    page = visit("/fr/cheat-sheet", viewport=PHONE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au texte")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("pre").first).to_be_focused()  # it is wider than the screen
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copier").first).to_be_focused()
    expect(page.locator("pre").first).to_have_attribute("tabindex", "0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_without_javascript_it_reads_as_well(visit: Visit) -> None:
    page = visit("/fr/cheat-sheet", java_script_enabled=False)
    expect(page.locator("section.entry").last).to_be_visible()
    expect(page.locator("form.search")).to_be_hidden()
    page.get_by_role("link", name="Ce conteneur").click()
    expect(page.locator("dl")).to_contain_text("poste-7")
    expect(page.locator("button:visible")).to_have_count(0)
    page.goto("/fr/exercises/02-run-again")
    for summary in page.locator("summary").all():
        expect(summary).to_be_visible()
        summary.click()
    expect(page.locator(".hints details").last.locator("div")).to_be_visible()
    expect(page.locator(".solution pre")).to_be_visible()


def test_the_cheat_sheet_prints_on_two_pages(visit: Visit) -> None:
    for path in ("/fr/cheat-sheet", "/en/cheat-sheet"):
        page = visit(path)
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
        page.emulate_media(media="print")
        for unwanted in ("header", "form.search", "button"):
            expect(page.locator(unwanted).first).to_be_hidden()


def sizes(printed: bytes) -> list[tuple[int, int]]:
    """Return the size of each page of a PDF, in points."""
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


@pytest.mark.parametrize("path", PAGES)
def test_it_prints_on_a4(visit: Visit, path: str) -> None:
    """Whatever paper the browser thinks of, and with no option of a command at two lines' ends."""
    page = visit(path)
    page_sizes = sizes(page.pdf(prefer_css_page_size=True, format="Letter"))
    assert page_sizes
    turned = path.endswith("/cheat-sheet")
    assert {(width, height)[:: -1 if turned else 1] for width, height in page_sizes} == {A4}
    # The width of the text on A4, less 15 mm on both sides, in CSS pixels.
    page.set_viewport_size({"width": 680, "height": 900})
    page.emulate_media(media="print")
    for unwanted in ("header", "footer", "button", ".toc"):
        expect(page.locator(f"{unwanted}:visible")).to_have_count(0)
    rects = "options => options.filter(option => option.getClientRects().length > 1).length"
    assert page.locator(".option").evaluate_all(rects) == 0
    kept = "parts => parts.filter(part => getComputedStyle(part).breakInside !== 'avoid').length"
    assert page.locator("section.entry, pre, tr, article img").evaluate_all(kept) == 0


def test_a_printed_exercise_gives_away_what_was_opened(visit: Visit) -> None:
    page = visit("/fr/exercises/02-run-again")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Indices")).to_be_hidden()
    expect(page.locator("details:visible")).to_have_count(0)
    page.emulate_media(media="screen")
    page.locator(".hints summary").first.click()
    page.emulate_media(media="print")
    expect(page.locator("details:visible")).to_have_count(1)


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
    expect(facts).not_to_have_text(before)


def test_what_is_selected_stays_so_while_values_move(visit: Visit, container: Container) -> None:
    page = visit("/fr/container")
    page.evaluate("getSelection().selectAllChildren(document.querySelectorAll('#facts dd')[1])")
    uptime = page.locator("#facts dd").nth(8)
    before = uptime.text_content()
    expect(uptime).not_to_have_text(before)
    assert page.evaluate("getSelection().toString()") == container.id


def test_values_can_be_held(visit: Visit) -> None:
    page = visit("/fr/container")
    uptime = page.locator("#facts dd").nth(8)
    button = page.get_by_role("button", name="Figer les valeurs")
    button.click()
    button = page.get_by_role("button", name="Suivre les valeurs")
    before = uptime.text_content()
    page.wait_for_timeout(4500)
    assert uptime.text_content() == before
    button.click()
    expect(uptime).not_to_have_text(before)
    expect(page.get_by_role("button", name="Figer les valeurs")).to_be_visible()


def test_an_answer_is_missed_and_a_new_container_is_noticed(browser: Browser) -> None:
    """At the same address, as when a student stops flask and runs another."""
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    state = page.locator("#state")
    with engine() as client:
        with running(client, **HARDENED) as first:
            where = address(first)
            page.goto(f"{where}/fr/container")
            expect(page.locator("#facts")).to_contain_text(first.id)
            expect(page.locator("#facts")).to_contain_text("le début de son identifiant")
            first.pause()
            expect(state).to_contain_text("il est en pause")
            first.unpause()
            expect(state).to_have_text("")
        expect(state).to_contain_text("le conteneur est arrêté")
        ports = {PORT: ("127.0.0.1", int(where.rpartition(":")[2]))}
        with running(client, ports=ports, **HARDENED) as second:
            expect(state).to_have_text("Un nouveau conteneur répond.")
            expect(page.locator("#facts")).to_contain_text(second.id)
    context.close()
