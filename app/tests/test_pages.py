"""The app's answers."""

import logging
import platform
import re
import socket
from urllib.parse import unquote, urljoin

import pytest
from flask.testing import FlaskClient
from labocloud import POLICY, create_app
from labocloud.content import LANGUAGES
from labocloud.pages import duration

NAMES = ["", "definitions", "how-it-works", "cheat-sheet", "container"]
PAGES = [f"/{language}/{name}" for language in LANGUAGES for name in NAMES]


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ("", "fr"),
        ("de", "fr"),
        ("fr-CH, en;q=0.5", "fr"),
        ("en-GB, fr;q=0.5", "en"),
        ("de, en;q=0.3", "en"),
    ],
)
def test_the_browsers_preference_is_the_default(
    client: FlaskClient, preferred: str, language: str
) -> None:
    answer = client.get("/", headers={"Accept-Language": preferred})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/{language}/"
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("page", PAGES)
def test_the_address_decides_the_language(client: FlaskClient, page: str) -> None:
    answer = client.get(page, headers={"Accept-Language": "de"})
    assert answer.status_code == 200
    assert f'<html lang="{page[1:3]}">' in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_to_itself_in_the_other_language(client: FlaskClient, page: str) -> None:
    other = "en" if page.startswith("/fr/") else "fr"
    assert f'hreflang="{other}" href="/{other}{page[3:]}"' in client.get(page).text


def test_the_first_page_tells_which_container_answers(client: FlaskClient) -> None:
    page = client.get("/", follow_redirects=True).text
    assert "<h1>Votre conteneur répond</h1>" in page
    assert f"<code>{socket.gethostname()}</code>" in page
    assert ">0123456789ab<" in page
    assert f"<code>{platform.python_version()}</code>" in page


def test_an_image_built_by_hand_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABOCLOUD_REVISION", raising=False)
    client = create_app().test_client()
    assert "construite à la main" in client.get("/fr/").text
    assert "built by hand" in client.get("/en/").text


def test_health_is_json(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "container": socket.gethostname(),
        "revision": "0123456789abcdef",
        "python": platform.python_version(),
    }


def test_the_facts_are_json_and_on_the_page(client: FlaskClient) -> None:
    facts = client.get("/api/container").get_json()
    page = client.get("/fr/container").text
    assert facts["hostname"] == socket.gethostname()
    assert facts["revision"] == "0123456789abcdef"
    for name in ("hostname", "user", "python"):
        assert f"<code>{facts[name]}</code>" in page
    assert '<dl data-container="' in client.get("/fr/container/facts").text


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (0, "<code>0</code>, root of the seat too"),
        (995, "<code>995</code>, an account without rights there"),
    ],
)
def test_a_page_tells_what_root_is_outside(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, root: int, said: str
) -> None:
    monkeypatch.setattr("labocloud.container.root", lambda: root)
    assert said in client.get("/en/container").text
    assert client.get("/api/container").get_json()["root"] == root


def test_requests_of_people_are_counted_and_those_of_watchers_are_not(client: FlaskClient) -> None:
    for path in ("/fr/", "/no-such-page", "/healthz", "/api/container", "/en/container/facts"):
        client.get(path)
    assert client.get("/api/container").get_json()["requests"] == 2


def test_requests_are_in_the_log_in_one_line_each(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/fr/")
        client.get("/healthz")
        client.get("/a%0Ab")
    assert caplog.messages == ["GET /fr/ 200", "GET /a%0Ab 404"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_resolves_and_is_the_apps_own(
    client: FlaskClient, page: str
) -> None:
    text = client.get(page).text
    linked = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert linked
    for link in linked:
        if link.startswith("http://localhost:80"):
            continue  # an address of the course, on the seat itself
        assert ":" not in link
        place, _, fragment = unquote(urljoin(page, link)).partition("#")
        with client.get(place) as answer:
            assert answer.status_code == 200, link
            assert not fragment or f'id="{fragment}"' in answer.get_data(as_text=True), link


@pytest.mark.parametrize("page", PAGES)
def test_nothing_runs_that_is_written_into_a_page(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    assert re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", text) is None


@pytest.mark.parametrize("address", ["/", "/fr/", "/healthz", "/no-such-page", "/static/style.css"])
def test_every_answer_is_hardened(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


def test_the_policy_is_strict() -> None:
    rules = POLICY.split("; ")
    assert "default-src 'none'" in rules
    assert "frame-ancestors 'none'" in rules
    assert "unsafe" not in POLICY


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Cette page n"), ("en", "There is no such page")]
)
def test_a_page_that_is_missing(client: FlaskClient, language: str, words: str) -> None:
    answer = client.get(f"/{language}/no-such-page")
    assert answer.status_code == 404
    assert words in answer.text
    elsewhere = client.get("/no-such-page", headers={"Accept-Language": language})
    assert elsewhere.status_code == 404
    assert words in elsewhere.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "une panne"), ("en", "has broken down")],
)
def test_a_page_that_breaks_down(language: str, words: str) -> None:
    app = create_app()
    app.add_url_rule(f"/{language}/broken", view_func=lambda: str(1 // 0))
    answer = app.test_client().get(f"/{language}/broken")
    assert answer.status_code == 500
    assert words in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_only_reading_is_allowed(client: FlaskClient) -> None:
    answer = client.post("/fr/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "ne fait que se lire" in answer.text


def test_what_an_address_says_is_shown_as_text(client: FlaskClient) -> None:
    assert "<script>alert" not in client.get("/fr/<script>alert(1)</script>").text


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00:00"), (3723, "1:02:03")])
def test_a_duration(seconds: int, said: str) -> None:
    assert duration(seconds) == said
