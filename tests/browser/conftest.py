"""Fixtures of the browser's tests: Debian's Chromium, and the container as it is deployed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from course_container import HARDENED, address, engine, running
from docker.models.containers import Container
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
BEAMER = {"width": 1920, "height": 1080}
# Playwright waits five seconds for what a test expects: not enough beside a full machine's work.
expect.set_options(timeout=120_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="session")
def container() -> Iterator[Container]:
    """The course's container, read-only and without rights, as the toolkit runs it."""
    with (
        engine() as client,
        running(client, hostname="poste-7", **HARDENED) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def site(container: Container) -> str:
    """The container's address. On localhost a browser lends its clipboard."""
    return address(container).replace("127.0.0.1", "localhost")


@pytest.fixture
def complaints() -> list[str]:
    """Return the list of requests to other hosts, and of complaints of the browsers' consoles."""
    return []


@pytest.fixture
def visit(browser: Browser, site: str, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """A way to open a page in a browser of its own, with what playwright's new_context() takes.

    A complaint that the test does not take out of the list fails it.
    """
    contexts: list[BrowserContext] = []

    def check_request(request: Request) -> None:
        if not request.url.startswith(f"{site}/"):
            complaints.append(f"asks for {request.url}")

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def visit(path: str, **options: object) -> Page:
        options = {"viewport": DESKTOP, "locale": "fr-FR", "base_url": site} | options
        context = browser.new_context(**options)
        contexts.append(context)
        context.on("request", check_request)
        context.on("console", note_message)
        context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
        page = context.new_page()
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """A way to keep a picture of a page for the docs, where LABOCLOUD_PICTURES names a folder."""
    folder = os.environ.get("LABOCLOUD_PICTURES")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take
