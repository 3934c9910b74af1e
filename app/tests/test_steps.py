"""Tests of the steps that the command `labo` tells the pages by a file."""

import json
import os
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from labocloud import create_app
from labocloud.steps import LARGEST

NAME = "02-run-again"
PAGE = f"/fr/exercises/{NAME}"
TITLE = {"fr": "« relance » est là", "en": "“relance” is there"}


def step(state: str, **title: str) -> dict[str, object]:
    """Return a step as `labo` writes it."""
    return {"title": title or TITLE, "state": state}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of an exercise, which is not there."""
    return tmp_path / f"labo-{NAME}.json"


@pytest.fixture
def told(tmp_path: Path) -> FlaskClient:
    """Return a client of the app, to which the steps are told in the test's directory."""
    return create_app({"STEPS": tmp_path}).test_client()


def write(file: Path, *steps: object) -> None:
    """Write steps as `labo` does."""
    file.write_text(json.dumps({"steps": steps}))


def shown(text: str) -> list[tuple[str, ...]]:
    """Return the steps of a page: the mark, the word for those who listen, and the title."""
    pattern = r"<code aria-hidden=\"true\">(.*)</code> <span class=\"unseen\">(.*)</span>(.*)</li>"
    return re.findall(pattern, text)


def test_a_page_shows_the_steps_as_labo_has_found_them(told: FlaskClient, file: Path) -> None:
    write(file, step("done"), step("was", en="A <b> & c"), step("open", en="E", fr=""))
    assert shown(told.get(PAGE).text) == [
        ("[x]", "fait\u00a0: ", "« relance » est là"),
        ("[~]", "c’était fait, ça ne l’est plus\u00a0: ", "A &lt;b&gt; &amp; c"),
        ("[ ]", "pas encore\u00a0: ", "E"),
    ]
    part = told.get(f"/en/exercises/{NAME}/steps").text
    assert shown(part)[0] == ("[x]", "done: ", "“relance” is there")
    assert "<h2>What labo has seen</h2>" in part
    assert "<html" not in part
    assert told.get(f"/api/steps/{NAME}").get_json() == json.loads(file.read_text())


def test_without_a_word_of_labo_there_are_no_steps(told: FlaskClient) -> None:
    page = told.get(PAGE).text
    assert "labo has seen" not in page
    # What comes later is said to those who listen, so the place for it is there.
    assert re.search(r'<div id="steps" aria-live="polite" data-source="[^"]+">\s*</div>', page)
    assert told.get(f"{PAGE}/steps").text.strip() == ""
    assert told.get(f"/api/steps/{NAME}").get_json() == {"steps": []}
    for path in ("/fr/exercises/42-none/steps", "/api/steps/42-none"):
        assert told.get(path).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * LARGEST,
        '{"steps": {}}',
        '{"steps": "done"}',
        '{"steps": [{"title": {"en": "A"}, "state": "done"}, 1]}',
        '{"steps": [{"title": {"en": "A"}, "state": "other"}]}',
        '{"steps": [{"title": {"en": "A"}, "state": ["done"]}]}',
        '{"steps": [{"title": {"fr": "A"}, "state": "done"}]}',
        '{"steps": [{"title": {"en": "A", "fr": 1}, "state": "done"}]}',
        '{"steps": [{"title": {"en": "\\ud800"}, "state": "done"}]}',
        '{"steps": [{"title": {"en": "A"}, "state": "done"}]}' + " " * LARGEST,
        b"\xff",
    ],
)
def test_what_labo_does_not_write_is_not_shown(
    told: FlaskClient, file: Path, text: str | bytes
) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for path in (PAGE, f"{PAGE}/steps"):
        answer = told.get(path)
        assert (answer.status_code, shown(answer.text)) == (200, [])
    assert told.get(f"/api/steps/{NAME}").get_json() == {"steps": []}


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_is_no_file_is_not_read(
    told: FlaskClient, file: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "link":
        write(tmp_path / "other", step("done"))
        file.symlink_to("other")
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    assert shown(told.get(PAGE).text) == []
    opened = len(os.listdir("/proc/self/fd"))
    told.get(PAGE)
    assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.parametrize(
    ("states", "is_open"),
    [([], False), (["done", "open"], False), (["done", "was"], False), (["done", "done"], True)],
)
def test_what_to_remember_is_folded_until_all_steps_are_done(
    told: FlaskClient, file: Path, states: list[str], is_open: bool
) -> None:
    write(file, *map(step, states))
    found = re.findall(
        r'<details class="remember"( open)?>\s*<summary><h2 id="([^"]*)">', told.get(PAGE).text
    )
    assert found == [(" open" if is_open else "", "à-retenir")]


def test_where_nothing_can_be_written_labo_is_told_so(tmp_path: Path) -> None:
    client = create_app({"STEPS": tmp_path / "none"}).test_client()
    assert client.get("/healthz").get_json()["steps"] is False
    assert client.get(PAGE).status_code == 200
