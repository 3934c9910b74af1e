"""Test that `labo answer` asks the engine about IDs in an answer, where an exercise wants it."""

from pathlib import Path

import pytest
import sample_labo
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory
from sample_labo import Labo
from sample_snapshot import ID, event, written

WANTED = {
    "01-first": ('WANTS = {"events": True}\n' + sample_labo.ONE_STEP, "Vu", "Seen"),
    "04-last": (sample_labo.ONE_STEP, "Pas vu", "Not seen"),
}
NOBODYS = "f" * 12


@pytest.fixture
def labo(tmp_path: Path, engine: stand_in.Engine, monkeypatch: pytest.MonkeyPatch) -> Labo:
    """Return the command with two exercises, of which the first wants events; there is one."""
    monkeypatch.setattr(sample_labo, "EXERCISES", WANTED)
    engine.on("GET", "/events.*", written(event("destroy")))
    return Labo(tmp_path, engine)


def seen(labo: Labo, exercise: str = "01-first") -> list[str] | None:
    """Return what was seen of the last answer to an exercise."""
    return memory.read(labo.memory).answers[exercise][0].seen


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ID[:12], [ID[:12]]),
        (ID, [ID]),
        (f'"container": "{ID[:12].upper()}", not {NOBODYS}', [ID[:12]]),
        (NOBODYS, []),
        # Too short to be one, and too long.
        (ID[:11], None),
        (ID + "0", None),
        ("oui", None),
    ],
)
def test_of_the_ids_in_an_answer_those_are_seen_that_the_engine_tells_of(
    labo: Labo, answer: str, told: list[str] | None
) -> None:
    assert labo.run("answer", "1", answer)[0] == 0
    assert seen(labo) == told
    asked = [path for path in labo.engine.asked("GET") if path.startswith("/events")]
    assert len(asked) == (told is not None)


def test_where_no_exercise_wants_it_the_engine_is_not_asked(labo: Labo) -> None:
    assert labo.run("answer", "4", ID)[0] == 0
    assert seen(labo, "04-last") is None
    assert labo.engine.asked("GET") == []


def test_an_engine_that_tells_nothing_proves_nothing(labo: Labo) -> None:
    labo.engine.on("GET", "/events.*", written())
    assert labo.run("answer", "1", ID)[0] == 0
    assert seen(labo) is None


def test_where_docker_does_not_answer_an_id_is_not_noted(labo: Labo) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere"}
    code, output, errors = labo.run("answer", "1", ID, **nowhere)
    assert (code, output) == (2, "")
    assert "Docker does not answer on this seat" in errors
    # What has no ID in it needs no Docker.
    assert labo.run("answer", "1", "oui", **nowhere)[0] == 0
