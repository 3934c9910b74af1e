"""A language is its files, and nothing else: a copy of the project speaks German, where it has it.

What runs is the copy's own code, in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
FILES = {
    "locale/de/language.toml": 'name = "Deutsch"\nplural = "n != 1"\n',
    "locale/de/pages.toml": """
before = "{text} -"
[room]
heading = ["{count} Platz von {seats} ist bereit", "{count} Plätze von {seats} sind bereit"]
state.unreachable = "Nicht erreichbar"
[board]
nobody = "Niemand braucht Sie"
heading = ["{count} Platz braucht Sie", "{count} Plätze brauchen Sie"]
state.stuck = ["hängt", "hängen"]
""",
    "locale/de/findings.toml": '[unreachable]\ncause = "nicht erreichbar: {why}."\n',
    "locale/de/labo.toml": 'no_command = "„{word}“ ist kein Befehl von labo. {fix}"\n',
    "app/content/de/interface.toml": 'itself = "Deutsch"\ngreeting = "Ihr Container antwortet"\n',
    "app/content/de/definitions.md": "# Die Wörter\n\nEin Absatz.\n",
    "app/content/de/mistakes.md": "# Übliche Fehler\n",
    "app/exercises/01-first-contact/de.md": "# Erster Kontakt\n\nEin Ziel. 10 Minuten.\n\nText.\n",
}
# Give the copy's pages and addresses, and write what a seat is given to a folder.
CHILD = """
import io, json, sys, tarfile
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([sys.argv[1]])

import sample_board, sample_room, sample_seat
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue, lesson_files, page
from labocloud import create_app

project, seat = Path(catalogue.__file__).parents[2], Path(sys.argv[2])
tarfile.open(fileobj=(empty := io.BytesIO()), mode="w").close()
for name, entry in lesson_files.entries(project, empty.getvalue()).items():
    (seat / name).write_bytes(entry.data)
board = sample_board.sample()
nobody = {**board, "totals": dict.fromkeys(board["totals"], 0)}


def wrong(language):
    settings = sample_seat.sample_settings({"lab": ["pc1"]}, "pc1", room_page_language=language)
    return settings["wrong"]


app = create_app().test_client()
print(json.dumps({
    "languages": catalogue.LANGUAGES,
    "room": page.page(page.ROOM, sample_room.sample(), "de"),
    "board": page.page(page.BOARD, board, "de"),
    "nobody": page.page(page.BOARD, nobody, "de"),
    "wrong": {language: wrong(language) for language in ("de", "xx")},
    "app": {address: app.get(address).text for address in sys.argv[3:]},
    "preferred": app.get("/", headers={"Accept-Language": "de-AT, en;q=0.5"}).location,
}))
"""
ADDRESSES = [
    *("/fr/", "/de/", "/de/definitions", "/de/cheat-sheet", "/de/exercises/", "/de/none"),
    *("/de/exercises/01-first-contact", "/de/exercises/02-run-again"),
]


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder for the files that a seat is given."""
    return tmp_path_factory.mktemp("seat")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, seat: Path) -> dict[str, Any]:
    """Return the output of CHILD, run on a copy of the project with another language's files."""
    top = tmp_path_factory.mktemp("copy")
    project = top / "ansible_collections/labocloud/room"
    for name in ("app", "locale", "plugins", "roles"):
        left = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(PROJECT / name, project / name, ignore=left)
    for pattern in ("sample_*.py", "unit/sample_*.py", "unit/solved_seats.json"):
        for path in PROJECT.glob(f"tests/{pattern}"):
            copied = project / path.relative_to(PROJECT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copied)
    for name, text in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    places = [project / name for name in ("app", "tests", "tests/unit")]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, top, seat, *ADDRESSES],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_its_folder_makes_it_a_language(output: dict[str, Any]) -> None:
    assert output["languages"] == ["de", "fr", "en"]
    assert output["wrong"]["de"] == {}
    [wrong] = output["wrong"]["xx"]["room_page"]
    assert wrong == "value of room_page_language must be one of: de, fr, en, got: xx"


def test_the_room_page_is_in_it(output: dict[str, Any]) -> None:
    text = output["room"]
    assert '<html lang="de">' in text
    assert '<a href="#de" id="de">Deutsch</a>' in text
    assert "[lang]:not([lang=de]) { display: none; }" in text
    assert '<span lang="de">5 Plätze von 12 sind bereit</span>' in text
    assert '<span lang="de">Nicht erreichbar</span><span lang="fr">Injoignable</span>' in text
    assert '<span lang="de">nicht erreichbar: ' in text
    # What it lacks, and what stands in that by words of its own.
    assert '<span lang="de">Ready</span><span lang="fr">Prêt</span>' in text
    assert '<span lang="de">switch it on, plug it in, then -</span>' in text


def test_the_board_is_in_it(output: dict[str, Any]) -> None:
    assert '<span lang="de">Niemand braucht Sie</span>' in output["nobody"]
    text = output["board"]
    assert "Plätze brauchen Sie</span>" in text
    assert '<span lang="de">hängen</span><span lang="fr">bloqués</span>' in text
    assert '<span lang="de">nicht erreichbar: connection timed out.</span>' in text
    assert 'title="Erster Kontakt / Premier contact / First contact"' in text
    assert '<span lang="de">at work</span><span lang="fr">au travail</span>' in text
    assert '<span lang="de">Run the course’s container again</span>' in text


@pytest.mark.usefixtures("output")
def test_labo_speaks_it(seat: Path) -> None:
    def labo(*line: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(seat), "LC_ALL": "de_DE.UTF-8"}
        command = [sys.executable, "-I", seat / "labo", *line]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert labo("so") == "„so“ ist kein Befehl von labo. The commands: labo --help\n"
    assert labo("start") == (
        "labo start needs the number of an exercise, for example: labo start 1\n"
    )
    assert labo("mistakes") == "# Übliche Fehler\n"
    (seat / "mistakes.de.md").unlink()
    assert labo("mistakes").startswith("# Usual mistakes")


def test_the_apps_site_is_in_it(output: dict[str, Any]) -> None:
    app = output["app"]
    assert output["preferred"] == "/de/"
    assert "<h1>Ihr Container antwortet</h1>" in app["/de/"]
    assert "This page comes from a Flask application" in app["/de/"]
    assert "Die Wörter</h1>" in app["/de/definitions"]
    assert "Cheat sheet</h1>" in app["/de/cheat-sheet"]
    assert "Erster Kontakt" in app["/de/exercises/"]
    assert "Ein Ziel." in app["/de/exercises/01-first-contact"]
    assert "Run the course’s container again" in app["/de/exercises/02-run-again"]
    assert "There is no such page" in app["/de/none"]
    assert 'hreflang="de" href="/de/">Deutsch</a>' in app["/fr/"]
