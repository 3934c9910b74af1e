"""Tests of the app's answers."""

import logging
import os
import platform
import re
import runpy
import socket
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from flask.testing import FlaskClient
from labocloud import POLICY, STATIC, create_app, digest
from labocloud.pages import duration, here

PROJECT = Path(__file__).parents[2]
CONTENT = create_app().extensions["content"]
PAGES = [
    f"/{language}/{address}"
    for language, text in CONTENT.items()
    for address in (
        "",
        *(link.address for link in text.menu),
        *(f"exercises/{name}" for name in text.exercises),
    )
]


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ("", "fr"),
        ("xx", "fr"),
        ("fr-CH, en;q=0.5", "fr"),
        ("en-GB, fr;q=0.5", "en"),
        ("xx, en;q=0.3", "en"),
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
    to = page[3:] if CONTENT[other].has(page[4:]) else "/"
    assert f'hreflang="{other}" href="/{other}{to}"' in client.get(page).text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_there_with_a_slash_and_without(client: FlaskClient, page: str) -> None:
    for address in (page.rstrip("/"), f"{page.rstrip('/')}/"):
        texts = [client.get(path, follow_redirects=True).text for path in (address, page)]
        # Digits are left out: the container's facts change from one request to the next.
        assert len({re.sub(r"\d", "", text) for text in texts}) == 1


@pytest.mark.parametrize("page", PAGES)
def test_the_menu_is_on_every_page_and_says_where_one_is(client: FlaskClient, page: str) -> None:
    language, address = page[1:3], page[4:]
    header = client.get(page).text.partition("</nav>")[0]
    menu = CONTENT[language].menu
    assert re.findall(r'<a href="/../([^"]+)"', header) == [link.address for link in menu]
    current = re.findall(r'href="/../([^"]*)" aria-current="(page|true)"', header)
    inside = address.startswith("exercises/") and address != "exercises/"
    assert current == ([("exercises/", "true")] if inside else [(address, "page")] * bool(address))


def test_the_menus_order_is_the_courses_and_its_names_are_the_titles() -> None:
    titles = [link.title for link in CONTENT["fr"].menu]
    assert titles[:4] == ["Définitions", "Fonctionnement", "Exercices", "Aide-mémoire"]
    assert titles[-1] == "Ce conteneur"
    assert all(link.about for text in CONTENT.values() for link in text.menu)


def test_the_first_page_tells_which_container_answers(client: FlaskClient) -> None:
    page = client.get("/", follow_redirects=True).text
    assert "<h1>Votre conteneur répond</h1>" in page
    assert f"<code>{socket.gethostname()}</code>" in page
    assert ">0123456789ab<" in page
    assert f"<code>{platform.python_version()}</code>" in page


def test_the_images_build_sets_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOCLOUD_REVISION", "fedcba9876543210")
    assert ">fedcba987654<" in create_app().test_client().get("/fr/").text


def test_an_image_built_by_hand_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABOCLOUD_REVISION", raising=False)
    client = create_app().test_client()
    assert "construite à la main" in client.get("/fr/").text
    assert "built by hand" in client.get("/en/").text


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost:8090", "localhost:8090"),
        ("pc07.example", "pc07.example"),
        ("<b>:1", "localhost:8080"),
    ],
)
def test_the_first_page_tells_the_address_at_which_it_is_read(
    client: FlaskClient, host: str, shown: str
) -> None:
    assert f"où vous la lisez\u00a0: {shown}." in client.get("/fr/", headers={"Host": host}).text


def test_an_address_that_stands_by_itself_is_the_pages_own_and_a_command_stays() -> None:
    written = (
        '<a href="http://localhost:8080/fr/">http://localhost:8080/fr/</a>'
        "<code>http://localhost:8080</code><code>curl http://localhost:8080</code>"
        "<code>http://localhost:80801</code>"
    )
    app = create_app()
    with app.test_request_context("/fr/", headers={"Host": "localhost:8090"}):
        assert here(written) == (
            '<a href="http://localhost:8090/fr/">http://localhost:8090/fr/</a>'
            "<code>http://localhost:8090</code><code>curl http://localhost:8080</code>"
            "<code>http://localhost:80801</code>"
        )
    with app.test_request_context("/fr/", headers={"Host": 'a"onclick="b'}):
        assert here(written) == written


def test_health_is_json(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "container": socket.gethostname(),
        "revision": "0123456789abcdef",
        "python": platform.python_version(),
        "steps": True,
    }


def test_the_facts_are_json_and_on_the_page(client: FlaskClient) -> None:
    facts = client.get("/api/container").get_json()
    page = client.get("/fr/container").text
    assert facts["hostname"] == socket.gethostname()
    assert facts["revision"] == "0123456789abcdef"
    for name in ("hostname", "user", "python"):
        assert f"<code>{facts[name]}</code>" in page
    assert '<dl data-container="' in client.get("/fr/container/facts").text


@pytest.mark.parametrize(("name", "is_said"), [("0" * 12, True), ("poste-7", False)])
def test_a_host_name_that_docker_made_is_the_beginning_of_the_id(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str, is_said: bool
) -> None:
    monkeypatch.setattr("labocloud.container.identity", lambda: "0" * 64)
    monkeypatch.setattr("socket.gethostname", lambda: name)
    assert ("the beginning of its ID" in client.get("/en/container").text) == is_said


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (0, "<code>0</code>, root of the seat too"),
        (995, "<code>995</code>, an account without rights there"),
    ],
)
def test_a_page_tells_what_root_is_outside(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, root: int, text: str
) -> None:
    monkeypatch.setattr("labocloud.container.root", lambda: root)
    assert text in client.get("/en/container").text
    assert client.get("/api/container").get_json()["root"] == root


NAME = "02-run-again"
STEPS = f"/api/steps/{NAME}"


def test_requests_of_people_are_counted_and_those_of_watchers_are_not(client: FlaskClient) -> None:
    machines = ("/healthz", "/api/container", "/en/container/facts", STEPS, "/api/steps/none")
    for path in ("/fr/", "/no-such-page", *machines, f"/en/exercises/{NAME}/steps"):
        client.get(path)
    assert client.get("/api/container").get_json()["requests"] == 2


def test_requests_are_in_the_log_in_one_line_each(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/fr/")
        client.get("/a%0Ab")
        client.get("/fr/", headers={"Host": "a b\u00e9" * 50})
    assert caplog.messages == [
        "GET /fr/ 200 from 127.0.0.1 to localhost",
        "GET /a%0Ab 404 from 127.0.0.1 to localhost",
        f"GET /fr/ 200 from 127.0.0.1 to {('a%20b%C3%A9' * 50)[:100]}",
    ]


@pytest.mark.parametrize("path", ["/healthz", "/api/container"])
@pytest.mark.parametrize(
    ("host", "line"),
    [
        # As the container's own health check asks, and labo, and a browser.
        ("127.0.0.1:8888", ""),
        ("localhost:8080", ""),
        ("[::1]:8080", ""),
        ("serveur:8888", "to serveur:8888"),
        ("172.18.0.2:8888", "to 172.18.0.2:8888"),
        ("127.0.0.1.example", "to 127.0.0.1.example"),
        ("", "to -"),
    ],
)
def test_a_program_that_asks_from_another_container_is_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, host: str, line: str
) -> None:
    """Show also that it is not counted, and that what a browser loads again is in no log."""
    another = {"REMOTE_ADDR": "172.18.0.3"}
    with caplog.at_level(logging.INFO):
        client.get("/en/container/facts", headers={"Host": "serveur:8888"})
        client.get(path, headers={"Host": host}, environ_base=another)
    assert caplog.messages == ([f"GET {path} 200 from 172.18.0.3 {line}"] if line else [])
    assert client.get("/api/container").get_json()["requests"] == 0


def test_the_check_of_networks_reads_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    check = runpy.run_path(str(PROJECT / "app/exercises/07-networks/check.py"))
    with caplog.at_level(logging.INFO):
        for host in ("serveur:8888", "172.18.0.2:8888", ""):
            client.get("/healthz", headers={"Host": host})
    asked = [check["ASKED"].fullmatch(line).groups() for line in caplog.messages]
    assert asked == [("127.0.0.1", host) for host in ("serveur:8888", "172.18.0.2:8888", "-")]
    assert [check["is_address"](host) for _, host in asked] == [False, True, False]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_resolves_and_is_the_apps_own(
    client: FlaskClient, page: str
) -> None:
    text = client.get(page).text
    links = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert links
    for link in links:
        if re.match(r"https://|http://localhost:\d", link):
            continue  # It leads to another site, or to a container that the course runs.
        address = urljoin(page, link.removeprefix("http://localhost"))
        place, _, fragment = address.partition("#")
        assert ":" not in place
        with client.get(place) as answer:
            assert answer.status_code == 200, link
            has_anchor = f'id="{unquote(fragment)}"' in answer.get_data(as_text=True)
            assert has_anchor or not fragment, link


@pytest.mark.parametrize("page", PAGES)
def test_each_name_on_a_page_is_that_of_one_thing(client: FlaskClient, page: str) -> None:
    """Two headings with the same text would share a name, and links would lead to the first."""
    names = re.findall(r'\sid="([^"]+)"', client.get(page).text)
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("page", PAGES)
def test_nothing_runs_that_is_written_into_a_page(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    assert re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", text) is None


STYLE = f"/static/{digest(STATIC)}/style.css"


@pytest.mark.parametrize("address", ["/", "/fr/", "/healthz", "/no-such-page", STYLE])
def test_every_answer_is_hardened(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    caching = "max-age=31536000, immutable" if address == STYLE else "no-cache"
    assert headers["Cache-Control"] == caching


def test_a_static_file_that_has_changed_has_another_address(
    client: FlaskClient, tmp_path: Path
) -> None:
    """So has a file of the same size and time, which a browser could not tell from its own."""
    file = tmp_path / "pictures/a.svg"
    file.parent.mkdir()
    seen = set()
    for text in ("<a/>", "<b/>"):
        file.write_text(text)
        os.utime(file, (0, 0))
        seen.add(digest(tmp_path))
    assert len(seen) == 2
    assert client.get("/static/style.css").status_code == 404
    assert client.get(STYLE.replace("style", "none")).headers["Cache-Control"] == "no-cache"


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
    [("fr", "a rencontré une erreur"), ("en", "has met an error")],
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
    assert "est en lecture seule" in answer.text
    assert "can only be read" in client.post("/en/definitions").text


def test_what_an_address_says_is_shown_as_text(client: FlaskClient) -> None:
    assert "<script>alert" not in client.get("/fr/<script>alert(1)</script>").text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (3723, "1:02:03")])
def test_a_duration(seconds: int, text: str) -> None:
    assert duration(seconds) == text
