"""Test ways to do the exercise about signals that differ from the text's, and lazy ones."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer
from test_exercises_wrong import EXERCISES, SOLVED, judged, seat_of

Snapshot = dict[str, Any]

BASE = next(
    entry for entry in SOLVED["26.1.5+dfsg1"]["images"] if "labocloud20202021:base" in entry["tags"]
)
LOOP = "while true; do sleep 1; done"
# Signals as the engine's events have them, with `docker stop` as 0.
TERM, KILL, STOP = 15, 9, 0


def ended(name: str, script: str, code: int, **fields: object) -> Snapshot:
    """Return a container of the base that has run a script, from 1,000 to 1,010."""
    command = {"command": ["sh", "-c", script], "image_id": BASE["id"], "exit": code}
    times = {"status": "exited", "started": 1000.0, "finished": 1010.0, "id": "7" * 64}
    return {"name": name, **command, **times, **fields}


def told(container: Snapshot, *signals: int, since: float = 1.0) -> Snapshot:
    """Return a seat that has a container, of which the engine tells how it was ended.

    since: when what the engine tells begins, 0 for nothing.
    """
    seat = seat_of(container)
    endings = [{"time": 1009.0, "signal": signal} for signal in signals]
    seat["events"] = {"since": since, "named": [], "ended": {"7" * 12: endings}}
    return seat


@pytest.mark.parametrize(
    "script",
    [
        LOOP,
        "while true  do sleep 1  done",
        "while :;do sleep 1;done",
        "until   false ; do  sleep 2;done",
    ],
)
def test_the_loop_may_be_written_otherwise(script: str) -> None:
    assert "deaf" not in judged(told(ended("sourd", script, 137), TERM, KILL, STOP), 9)
    assert "polite" not in judged(told(ended("poli", script, 143, init=True), TERM, STOP), 9)


@pytest.mark.parametrize(
    ("signals", "since", "is_done"),
    [
        ((TERM, KILL, STOP), 1.0, True),
        ((TERM, KILL), 1.0, True),
        ((STOP,), 1.0, True),
        ((KILL,), 1.0, False),
        ((KILL,), 1005.0, True),
        ((KILL,), 0.0, True),
        ((), 1.0, False),
    ],
)
def test_docker_kill_is_refused_as_long_as_the_engine_tells_of_it(
    signals: tuple[int, ...], since: float, *, is_done: bool
) -> None:
    open_steps = judged(told(ended("sourd", LOOP, 137), *signals, since=since), 9)
    assert ("deaf" not in open_steps) == is_done
    assert "tué tout de suite" in open_steps.get("deaf", "tué tout de suite")


@pytest.mark.parametrize(
    ("script", "fields"),
    [
        ('trap "exit 0" TERM; ' + LOOP, {}),
        ("trap 'exit 7' 15; " + LOOP, {"exit": 7}),
        ("trap exit SIGTERM; " + LOOP, {"exit": 143}),
        ('trap "exit 0" INT TERM\n' + LOOP, {}),
        # As the engine's clock has it, which begins after the program.
        ('trap "exit 0" TERM; ' + LOOP, {"finished": 1000.7}),
        ('trap "exit 0" TERM; while :; do sleep 1 & wait $!; done', {"finished": 1000.2}),
        (LOOP, {"exit": 143, "init": True, "finished": 1000.2}),
    ],
)
def test_a_signal_may_be_heard_in_several_ways(script: str, fields: Snapshot) -> None:
    container = ended("poli", script, 0, **fields)
    for seat in (told(container, TERM, STOP), told(container, TERM), told(container, since=0.0)):
        assert "polite" not in judged(seat, 9)


ALONE, NO_SIGNAL = "« poli » a fini de lui-même", "et non par le signal TERM"


@pytest.mark.parametrize(
    ("script", "fields", "hint"),
    [
        ('echo trap "exit 0" TERM', {}, NO_SIGNAL),
        ("exit 143", {"exit": 143, "init": True}, NO_SIGNAL),
        ("kill $$", {"exit": 143, "init": True}, NO_SIGNAL),
        (LOOP, {"exit": 143}, NO_SIGNAL),
        (LOOP, {"exit": 129, "init": True}, NO_SIGNAL),
        ('trap "exit 0" HUP; ' + LOOP, {}, NO_SIGNAL),
        ('trap "exit 0" TERM; while false; do sleep 1; done', {"finished": 1000.1}, ALONE),
        ('trap "exit 0" TERM; for i in 1 2; do sleep 1; done', {"finished": 1002.0}, ALONE),
        ('trap "exit 0" TERM; ' + LOOP, {"image_id": "0" * 64}, "et non de labocloud20202021"),
        (LOOP, {"exit": 137, "init": True}, "Essayez --init"),
        (LOOP, {"status": "running", "finished": 0.0}, "« poli » tourne encore"),
    ],
)
def test_what_has_not_heard_the_signal_is_told(script: str, fields: Snapshot, hint: str) -> None:
    assert hint in judged(told(ended("poli", script, 0, **fields)), 9)["polite"]


@pytest.mark.parametrize(
    ("script", "fields", "hint"),
    [
        ("exit 137", {}, "doit exécuter la boucle"),
        ("kill -9 $$", {"init": True}, "doit exécuter la boucle"),
        (LOOP, {"image_id": "0" * 64}, "doit exécuter la boucle"),
        (LOOP, {"oom": True}, "« sourd » a fini par 137"),
        (LOOP, {"exit": 143}, "« sourd » a fini par 143"),
        (LOOP, {"status": "running", "finished": 0.0}, "« sourd » tourne encore"),
        (LOOP, {"status": "created"}, "n’a pas tourné (created)"),
    ],
)
def test_what_was_not_killed_for_its_deafness_is_told(
    script: str, fields: Snapshot, hint: str
) -> None:
    seat = told(ended("sourd", script, 137, **fields), TERM, KILL, STOP)
    assert hint in judged(seat, 9)["deaf"]


@pytest.mark.parametrize(
    ("said", "time", "is_said"),
    [
        ("10", 1009.0, True),
        ("environ 2 secondes", 1.0, True),
        ("10 s pour sourd, 0 pour poli", 1.0, True),
        ("10", 1010.0, False),
        ("10", 1011.0, False),
        ("longtemps", 1.0, False),
    ],
)
def test_how_long_it_takes_is_said_before_it_is_stopped(
    said: str, time: float, *, is_said: bool
) -> None:
    """Show also that once it runs again, what was said counts."""

    def done(name: str = "sourd", **fields: object) -> bool:
        seat = told(ended(name, LOOP, 137, **fields), TERM, KILL, STOP)
        steps = exercises.judged(EXERCISES[9], seat, [Answer(said, time)])
        return next(step.done for step in steps if step.id == "guessed")

    assert done() == is_said
    assert done(status="running") == any(digit in said for digit in "0123456789")
    assert not done(name="other")
