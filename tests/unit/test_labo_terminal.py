"""Test how `labo` shows its texts: language, characters, columns and colours."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    command,
    command_line,
    engine_access,
    exercise_text,
    exercises,
    fields,
    save_command,
    save_text,
    snapshot,
    words,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing
from sample_labo import FRENCH, Labo

pytestmark = pytest.mark.usefixtures("texts")


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "no"}])
def test_a_poor_locale_is_no_traceback(labo: Labo, variables: dict[str, str]) -> None:
    assert labo.run("check", "1", **variables)[0] == 1


def test_what_a_terminal_cannot_show_is_told_in_what_it_can(labo: Labo) -> None:
    # Python reads PYTHONIOENCODING only without -I.
    command = [sys.executable, labo.program, "check", "1"]
    variables = labo.environment(**FRENCH, PYTHONIOENCODING="ascii")
    completed = subprocess.run(command, env=variables, capture_output=True, check=False)
    text = completed.stdout.decode("ascii")
    assert '[ ] " one " est la' in text
    assert "Vous avez repondu 42" in text
    assert "Etapes faites : 0 sur 3." in text


def in_terminal(labo: Labo, columns: int, *line: str, **variables: str) -> str:
    """Run the command in a terminal of so many columns, and return what that shows."""
    ours, theirs = pty.openpty()
    env = labo.environment(**{"TERM": "xterm", "COLUMNS": str(columns), **variables})
    with subprocess.Popen(labo.command(*line), env=env, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the process has ended
            pass
        running.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def test_a_narrow_terminal_shows_all_of_it(labo: Labo) -> None:
    for line in ((), ("check", "1"), ("check", "99"), ("start", "2")):
        shown = in_terminal(labo, 40, *line, NO_COLOR="1", **FRENCH)
        assert shown
        assert max(map(len, shown.splitlines())) <= 40, shown


def test_a_file_has_a_line_for_each_thing_or_as_many_columns_as_are_asked_for(labo: Labo) -> None:
    def widest(columns: str) -> int:
        return max(map(len, labo.run("check", "99", **FRENCH, COLUMNS=columns)[2].splitlines()))

    assert widest("40") <= 40
    assert widest("0") == widest("") == widest("many") > 40


def test_colours_are_for_terminals_that_want_them(labo: Labo) -> None:
    labo.has("one")
    assert "\x1b[32m[x]\x1b[0m" in in_terminal(labo, 80, "check", "1")
    assert "\x1b" not in in_terminal(labo, 80, "check", "1", NO_COLOR="1")
    assert "\x1b" not in in_terminal(labo, 80, "check", "1", TERM="dumb")
    assert "\x1b" not in labo.run("check", "1")[1]


def test_what_an_exercise_may_need_has_a_name() -> None:
    assert {f"need_{need}" for need in exercises.NEEDS} <= set(words.texts()["en"])


def test_every_text_that_is_said_is_there_and_no_other() -> None:
    keys = set(words.texts()["en"])
    modules = (command, command_line, engine_access, exercise_text, save_command, save_text)
    code = "".join(Path(module.__file__).read_text() for module in modules)
    words_in_quotes = set(re.findall(r"[\"'](\w+)[\"']", code))
    composed = {f"kind_{kind}" for kind in exercise_text.names(snapshot.shaped({}))}
    composed |= {f"need_{need}" for need in exercises.NEEDS}
    assert keys <= words_in_quotes | composed
    assert set(re.findall(r'\bsay\("(\w+)"', code)) | composed <= keys


def test_what_a_preparation_has_made_without_a_name_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB")
    after = snapshot.shaped({})
    image, volume = (nothing(fields.SNAPSHOT[kind][0]) for kind in ("images", "volumes"))
    after["images"] = [image | {"id": digit * 64} for digit in "12"]
    after["volumes"] = [volume | {"name": name} for name in ("precieux", "f" * 64)]
    after["containers"] = [nothing(fields.SNAPSHOT["containers"][0]) | {"id": "5" * 64}]
    assert exercise_text.created(snapshot.shaped({}), after) == [
        "container 555555555555",
        "images without a name: 2",
        "volume precieux",
        "volumes without a name: 1",
    ]


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": ""}, "fr"),
        ({"LANG": "C", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "xx_XX"}, "en"),
        ({"LABO_LANG": "fr", "LC_ALL": "C"}, "fr"),
        ({"LABO_LANG": "EN", "LANG": "fr_FR.UTF-8"}, "en"),
        ({"LABO_LANG": "xx", "LANG": "fr_FR.UTF-8"}, "fr"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LABO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words.language() == language
