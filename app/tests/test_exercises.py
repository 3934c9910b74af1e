"""Tests of the exercises' pages: to add one, a teacher adds a folder or a file, nothing else."""

import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from labocloud import create_app, exercises, markdown
from labocloud.content import CONTENT, EXERCISES

FOLDERS = sorted(path.name for path in EXERCISES.iterdir() if path.is_dir())
LANGUAGES = ("fr", "en")
PAGES = [(language, name) for language in LANGUAGES for name in FOLDERS]
TEXT = """# Un titre

Un but
sur deux lignes. 15\u00a0minutes.

À relire : [cela](../02-run-again/fr.md#à-faire).

## À faire

1. Faites.

## Indices

Quelques mots.

1. Un `docker run --rm`.
2. Deux :

   ```sh
   docker ps
   ```

## À retenir

Ceci.
"""


def add(folder: Path, name: str, **files: str) -> None:
    """Add an exercise, as a teacher does. files: their texts, by name without the ending."""
    exercise = folder / name
    exercise.mkdir()
    endings = {"solution": "sh", "setup": "sh", "check": "py"}
    for stem, text in files.items():
        (exercise / f"{stem}.{endings.get(stem, 'md')}").write_text(text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a copy of the course's text."""
    shutil.copytree(CONTENT, tmp_path / "content")
    shutil.copytree(EXERCISES, tmp_path / "exercises")
    return tmp_path


def client_of(project: Path) -> FlaskClient:
    config = {"CONTENT": project / "content", "EXERCISES": project / "exercises"}
    return create_app(config).test_client()


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_each_has_a_goal_minutes_hints_and_a_solution(language: str, name: str) -> None:
    words = {"hints": {"fr": "Indices", "en": "Hints"}[language]}
    exercise = exercises.load(EXERCISES, language, words, "/static/")[name]
    assert exercise.goal
    assert 5 <= exercise.minutes <= 60
    assert "minutes" not in exercise.goal
    assert len(exercise.hints) >= 2
    assert len(exercise.before) == len(exercise.after) == 1
    assert "<pre>" in exercise.solution


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_its_page_shows_the_solution_that_is_run_and_its_neighbours(
    client: FlaskClient, language: str, name: str
) -> None:
    text = client.get(f"/{language}/exercises/{name}").text
    solution = (EXERCISES / name / "solution.sh").read_text()
    assert markdown.block(solution) in text
    around = FOLDERS[max(FOLDERS.index(name) - 1, 0) : FOLDERS.index(name) + 2]
    links = re.findall(r'<a rel="\w+" href="/../exercises/([^"]+)"', text)
    assert links == [other for other in around if other != name]


def test_the_list_has_each_by_its_number(client: FlaskClient) -> None:
    for language in LANGUAGES:
        text = client.get(f"/{language}/exercises/").text
        entries = re.findall(r'<li value="(\d+)"><a href="/../exercises/([^"]+)"', text)
        assert [f"{int(number):02}" for number, _ in entries] == [name[:2] for name in FOLDERS]
        assert [name for _, name in entries] == FOLDERS


def test_a_folder_that_a_teacher_adds_is_an_exercise(project: Path) -> None:
    add(project / "exercises", "42-mine", fr=TEXT, solution="true --yes\n")
    client = client_of(project)
    text = client.get("/fr/exercises/42-mine").text
    assert "<title>42. Un titre · Labocloud</title>" in text
    assert 'href="/fr/exercises/02-run-again#%C3%A0-faire"' in text
    summaries = re.findall(r"<summary>(?:<h2[^>]*>)?([^<]*)(?:</h2>)?</summary>", text)
    assert summaries == ["Indice 1", "Indice 2", "Une solution", "À retenir"]
    assert "<p>Quelques mots.</p>" in text
    # The solution stands after the hints and before the next chapter.
    places = [text.index(part) for part in ("Indice 2", "Une solution", "À retenir")]
    assert places == sorted(places)
    listed = client.get("/fr/exercises/").text
    assert "Un but sur deux lignes." in listed
    assert "15&nbsp;min" in listed


def test_an_exercise_in_one_language_is_served_in_it_without_a_dead_link(project: Path) -> None:
    add(project / "exercises", "42-mine", fr=TEXT)
    client = client_of(project)
    assert 'hreflang="en" href="/en/"' in client.get("/fr/exercises/42-mine").text
    assert client.get("/en/exercises/42-mine").status_code == 404
    assert "42-mine" not in client.get("/en/exercises/").text
    last = FOLDERS[-1]
    assert "42-mine" in client.get(f"/fr/exercises/{last}").text
    assert "42-mine" not in client.get(f"/en/exercises/{last}").text


def test_what_is_no_exercise_is_none(project: Path) -> None:
    """A text beside the folders is none, nor is a folder without a text or a number."""
    (project / "exercises/fr.md").write_text(TEXT)
    add(project / "exercises", "43-empty")
    add(project / "exercises", "draft", fr=TEXT)
    listed = client_of(project).get("/fr/exercises/").text
    assert len(re.findall("<li ", listed)) == len(FOLDERS)


def test_an_exercise_may_have_no_hints_no_solution_and_no_minutes(project: Path) -> None:
    add(project / "exercises", "42-mine", fr="# Un titre\n\nUn but.\n\n## À faire\n\nCeci.\n")
    client = client_of(project)
    text = client.get("/fr/exercises/42-mine").text
    assert "<details" not in text
    assert "<p>Ceci.</p>" in text
    assert "<p>Un but.</p>" in text
    entry = client.get("/fr/exercises/").text.partition("42-mine")[2]
    assert "&nbsp;min" not in entry
    add(project / "exercises", "44-bare", fr="# Un titre\n")
    assert client_of(project).get("/fr/exercises/44-bare").status_code == 200


def test_without_exercises_the_menu_has_none(project: Path) -> None:
    shutil.rmtree(project / "exercises")
    (project / "content/fr/definitions.md").write_text("# Définitions\n")
    client = client_of(project)
    assert "exercises" not in client.get("/fr/definitions").text
    assert client.get("/fr/exercises/").status_code == 404


def test_a_page_that_a_teacher_adds_is_in_the_menu(project: Path) -> None:
    """It is the last, under its heading, and has no dead link to a language that lacks it."""
    (project / "content/fr/new.md").write_text("# Du *neuf*\n\n## Et\n\n### Cela\n")
    client = client_of(project)
    page = client.get("/fr/new").text
    assert '<a href="/fr/new" aria-current="page">Du neuf</a>' in page
    assert 'hreflang="en" href="/en/"' in page
    assert '<a href="/fr/new">Du neuf</a>' in client.get("/fr/").text
    assert "/en/new" not in client.get("/en/").text
    assert client.get("/en/new").status_code == 404
    # Only the cheat sheet has a search.
    assert 'class="search"' not in page
    assert 'class="search"' in client.get("/fr/cheat-sheet").text


def test_a_page_that_is_gone_from_one_language_is_gone_from_its_menu(project: Path) -> None:
    (project / "content/en/definitions.md").unlink()
    client = client_of(project)
    assert "/en/definitions" not in client.get("/en/").text
    assert 'hreflang="en" href="/en/"' in client.get("/fr/definitions").text


def test_a_text_without_a_title_is_told_by_its_name(project: Path) -> None:
    (project / "content/fr/new.md").write_text("Du neuf\n")
    with pytest.raises(ValueError, match=r"content/fr/new\.md: a page begins with its title"):
        client_of(project)
    (project / "content/fr/new.md").unlink()
    add(project / "exercises", "42-mine", fr="Un titre\n")
    with pytest.raises(ValueError, match=r"exercises/42-mine/fr\.md: a page begins with"):
        client_of(project)
