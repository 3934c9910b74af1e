"""The app's answers."""

import platform
import re
import socket

import pytest
from flask.testing import FlaskClient
from labocloud import create_app


def test_the_page_is_french_and_tells_which_container_answers(client: FlaskClient) -> None:
    page = client.get("/").text
    assert '<html lang="fr">' in page
    assert f"<code>{socket.gethostname()}</code>" in page
    assert ">0123456789ab<" in page
    assert f"<code>{platform.python_version()}</code>" in page


def test_an_image_built_by_hand_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABOCLOUD_REVISION", raising=False)
    assert "construite à la main" in create_app().test_client().get("/").text


def test_health_is_json(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "container": socket.gethostname(),
        "revision": "0123456789abcdef",
        "python": platform.python_version(),
    }


def test_what_the_page_loads_is_there_and_is_the_apps_own(client: FlaskClient) -> None:
    loaded = re.findall(r'(?:href|src)="([^"]+)"', client.get("/").text)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        with client.get(address) as answer:
            assert answer.status_code == 200


@pytest.mark.parametrize("address", ["/", "/healthz", "/no-such-page", "/static/style.css"])
def test_every_answer_is_hardened(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_only_reading_is_allowed(client: FlaskClient) -> None:
    assert client.post("/").status_code == 405
