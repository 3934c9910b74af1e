"""Test how `labo` leads: hints one by one, and what a student has said before it was so."""

import json
import os
import time
from pathlib import Path

import pytest
import sample_labo
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer, Seat
from ansible_collections.labocloud.room.plugins.module_utils.lesson.snapshot import shaped
from sample_labo import FRENCH, Labo
from test_labo_memory import write_record

GRADED = """
def check(seat):
    one = seat.container("one")
    yield (
        "there",
        ("Il est là", "It is there"),
        [
            (one, ("Pas là.", "Voyez ps.", "Lancez-le."), ("Not there.", "See ps.", "Run it.")),
            (one.running, ("Arrêté.", "Relancez."), ("Stopped.", "Run it again.")),
            (one.memory, "Sans limite.", "Without a limit."),
        ],
    )
    yield (
        "said",
        ("Vous l’avez prédit", "You have predicted it"),
        [(seat.predicted(r"^[a-z]+$", one.created), "Dites-le.", "Say it.")],
    )
"""
TWO = {
    "01-first": (GRADED, "Par degrés", "By degrees"),
    "04-last": ('NEEDS = ["compose"]\n' + GRADED, "Composer", "Compose"),
}
STEP = "1. By degrees\n  [ ] It is there\n"
MORE = "      One more hint: labo hint 1\n"


@pytest.fixture
def labo(tmp_path: Path, engine: stand_in.Engine, monkeypatch: pytest.MonkeyPatch) -> Labo:
    """Return the command with two exercises, of which the seat cannot do the second."""
    monkeypatch.setattr(sample_labo, "EXERCISES", TWO)
    return Labo(tmp_path, engine)


def has_one(labo: Labo, *, limit: int = 0, created: str = "", **state: object) -> None:
    """Have the seat have a container."""
    one = {**sample_labo.container("one"), "HostConfig": {"Memory": limit}, "Created": created}
    labo.has_containers([{**one, "State": {"Status": "running", **state}}])


def test_hints_are_told_one_by_one(labo: Labo) -> None:
    first = "      Hint 1 of 3: Not there.\n"
    second, third = "      Hint 2 of 3: See ps.\n", "      Hint 3 of 3: Run it.\n"
    rest = "  [ ] You have predicted it\nSteps done: 0 of 2.\n"
    assert labo.run("check", "1") == (1, STEP + first + MORE + rest, "")
    # To look again opens nothing.
    assert labo.run("check", "1") == (1, STEP + first + MORE + rest, "")
    assert labo.run("hint", "1") == (1, STEP + first + second + MORE, "")
    assert labo.run("check", "1") == (1, STEP + first + second + MORE + rest, "")
    assert labo.run("hint") == (1, STEP + first + second + third, "")
    assert labo.run("check", "1") == (1, STEP + first + second + third + rest, "")
    no_more = "There is no further hint. The solution is on the exercise’s page, folded.\n"
    assert labo.run("hint", "1") == (1, STEP + first + second + third + no_more, "")
    french = labo.run("hint", "1", **FRENCH)[1]
    assert "      Indice 3 sur 3\u00a0: Lancez-le.\nIl n’y a plus d’indice." in french


def test_another_cause_begins_with_its_own_first_hint(labo: Labo) -> None:
    labo.run("hint", "1")
    has_one(labo, Status="exited")
    assert labo.run("check", "1")[1].startswith(f"{STEP}      Hint 1 of 2: Stopped.\n{MORE}")
    labo.run("hint", "1")
    # One that has a single hint is told as ever.
    has_one(labo)
    assert labo.run("hint", "1")[1].startswith(f"{STEP}      Hint: Without a limit.\nThere is no")
    labo.has()
    assert "Hint 2 of 3" in labo.run("check", "1")[1]


def test_a_container_that_is_paused_has_one_hint(labo: Labo) -> None:
    labo.run("hint", "1")
    has_one(labo, Status="paused")
    output = labo.run("check", "1")[1]
    assert "      Hint: “one” is paused" in output
    assert "One more hint" not in output


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_the_accounts_of_a_seat_open_hints_together(labo: Labo) -> None:
    write_record(labo.memory, 1001, hints={"01-first": {"there/0": 1}})
    assert "Hint 2 of 3" in labo.run("check", "1")[1]
    assert "Hint 3 of 3" in labo.run("hint", "1")[1]


def test_there_is_no_hint_to_what_is_done_or_not_for_this_seat(labo: Labo) -> None:
    labo.run("answer", "1", "yes")
    has_one(labo, limit=1)
    done = "1. By degrees\nExercise 1: all steps are done.\n"
    assert labo.run("hint", "1") == (0, done, "")
    unfit = "4. Compose\n  [-] not for this seat: it has no docker compose\n"
    assert labo.run("hint", "4") == (1, unfit, "")


def test_programs_are_told_the_whole_hint(labo: Labo) -> None:
    [step, _] = json.loads(labo.run("check", "1", "--json")[1])["01-first"]
    assert step == {
        "id": "there",
        "title": {"fr": "Il est là", "en": "It is there"},
        "done": False,
        "hint": {"fr": "Pas là. Voyez ps. Lancez-le.", "en": "Not there. See ps. Run it."},
        "state": "open",
        "since": None,
    }


def at(seconds: float) -> str:
    """Return a time as the engine writes it. seconds: since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_what_was_said_before_is_told_once_it_is_so(labo: Labo) -> None:
    labo.run("answer", "1", "no")
    labo.run("answer", "1", "yes")
    # An answer of another kind takes the place of no prediction.
    labo.run("answer", "1", "0123456789ab")
    has_one(labo, limit=1, created=at(time.time() + 9))
    assert "  [x] You have predicted it\n      You had said: yes\n" in labo.run("check", "1")[1]
    assert "      Vous aviez dit\u00a0: yes\n" in labo.run("check", "1", **FRENCH)[1]
    # What is said afterwards is no prediction.
    has_one(labo, limit=1, created=at(time.time() - 9))
    output = labo.run("check", "1")[1]
    assert "[~] You have predicted it" in output
    assert "You had said" not in output


@pytest.mark.parametrize(
    ("pattern", "before", "found"),
    [
        ("OUI", 5.0, "oui, je crois"),
        ("OUI", 4.0, None),
        ("oui", 3.0, None),
        ("non", 4.5, "non"),
        ("non", 0.0, "non"),
        ("plain", 0.0, "plain"),
        # It is not known when that was said.
        ("plain", 9.0, None),
        (r"\bou\b", 0.0, None),
        ("oui|non", 9.0, "oui, je crois"),
    ],
)
def test_a_prediction_is_given_before(pattern: str, before: float, found: str | None) -> None:
    answers = [Answer("oui, je crois", 4.0), Answer("non", 3.0), "plain"]
    seat = Seat(shaped({}), answers)
    assert seat.predicted(pattern, before) == found
    assert seat.answers == ["oui, je crois", "non", "plain"]
