"""Show how the control machine reads the progress of a seat, whatever its module answers."""

from pathlib import Path
from typing import Any, get_type_hints
from unittest import mock

import image_tar
import pytest
import stand_in
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.labocloud.room.plugins.action import seat_progress
from ansible_collections.labocloud.room.plugins.lookup import exercises as exercises_lookup
from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    fields,
    memory,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import NOTHING_AROUND
from ansible_collections.labocloud.room.plugins.module_utils.shapes import fitted, nothing
from ansible_collections.labocloud.room.plugins.modules import seat_progress as module
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import NoConnection
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN
from sample_action import Action
from sample_lesson import lesson, make, taken

NAME = "pc07"


def answer_with(snapshot: object, **others: object) -> dict[str, Any]:
    return {"practical": {"snapshot": snapshot, "why": "", "answers": {}, **others}}


def steps(look: dict[str, Any]) -> dict[str, list[bool]]:
    return {
        name: [step["done"] for step in exercise["steps"]]
        for name, exercise in look["exercises"].items()
    }


def test_it_is_judged_by_the_checks_of_the_project(tmp_path: Path) -> None:
    look = seat_progress.look(NAME, answer_with(taken("one", compose=False)), lesson(tmp_path))
    assert look["silent"] is None
    assert steps(look) == {"01-first": [True, False], "02-second": [False], "03-third": [False]}
    assert look["exercises"]["03-third"]["lacks"] == ["compose"]


def test_what_is_around_a_seat_is_the_inventorys_word(tmp_path: Path) -> None:
    """Show that a seat cannot make itself a neighbour."""
    check = make(tmp_path) / "app/exercises/01-first/check.py"
    check.write_text(check.read_text().replace("NEEDS = []", 'NEEDS = ["neighbour"]'))
    loaded = seat_progress.lesson_of(tmp_path)
    snapshot = taken() | {"around": {**NOTHING_AROUND, "neighbour": "pc03"}}
    look = seat_progress.look(NAME, answer_with(snapshot), loaded)
    assert look["exercises"]["01-first"]["lacks"] == ["neighbour"]
    beside = {**NOTHING_AROUND, "neighbour": "pc08"}
    look = seat_progress.look(NAME, answer_with(taken()), loaded, beside)
    assert look["exercises"]["01-first"]["lacks"] == []


def test_a_look_has_what_steps_of_the_neighbour_rest_on(tmp_path: Path) -> None:
    make(tmp_path)
    snapshot = taken("one", "two", stopped=("three",))
    for number, container in enumerate(snapshot["containers"]):
        container.update(id=f"{number}" * 64, ports={} if number == 1 else {"80/tcp": [8080]})
    image = nothing(fields.SNAPSHOT["images"][0])
    snapshot["images"] = [image, image | {"layers": ["a" * 16, "b" * 16]}]
    look = seat_progress.look(NAME, answer_with(snapshot), seat_progress.lesson_of(tmp_path))
    assert look["held"] == ["0" * 12, "b" * 16]


@pytest.mark.parametrize(
    ("answer", "finding", "why"),
    [
        (NoConnection("timed out"), "unreachable", "timed out"),
        ({"failed": True, "msg": "no Python"}, "not_asked", "no Python"),
        ({"unreachable": True}, "engine_stopped", "tells nothing"),
        ({}, "engine_stopped", "tells nothing"),
        ({"practical": []}, "engine_stopped", "tells nothing"),
        (
            answer_with(None, why="Connection refused\x1b[2J"),
            "engine_stopped",
            "Connection refused [2J",
        ),
        (answer_with({}, x="x" * 3_000_000), "answer_refused", "bytes of itself"),
    ],
)
def test_what_cannot_be_judged_is_told_and_nothing_counts(
    answer: object, finding: str, why: str, tmp_path: Path
) -> None:
    look = seat_progress.look(NAME, answer, lesson(tmp_path))
    assert look["silent"]["id"] == finding
    assert why in look["silent"]["cause"]["en"]
    assert look["exercises"] == {}


def test_what_a_look_tells_is_cut(tmp_path: Path) -> None:
    """The look is kept for each seat, shown, and printed as a line."""
    loaded, much = lesson(tmp_path), "x" * 1_900_000
    assert len(str(seat_progress.look(NAME, answer_with(None, why=much), loaded))) < 5000
    look = seat_progress.look(NAME, NoConnection(much), loaded)
    assert len(str(look)) < 20_000


@pytest.mark.parametrize("snapshot", [{}, {"containers": 1}, {"containers": [{"name": []}]}])
def test_a_snapshot_of_another_shape_has_nothing(snapshot: object, tmp_path: Path) -> None:
    look = seat_progress.look(NAME, answer_with(snapshot), lesson(tmp_path))
    assert steps(look) == {"01-first": [False, False], "02-second": [False], "03-third": [False]}


def test_what_a_seat_says_moves_no_cursor(tmp_path: Path) -> None:
    check = tmp_path / "app/exercises/01-first/check.py"
    loaded = lesson(tmp_path)
    check.write_text(
        "def check(seat):\n"
        "    one = seat.containers[0].image\n"
        "    yield 'a', (one, one), [(False, one, one)]\n"
    )
    loaded = seat_progress.lesson_of(tmp_path)
    snapshot = taken("one")
    snapshot["containers"][0]["image"] = "x\x1b[2J\npc08 all done" + "x" * 5000
    look = seat_progress.look(NAME, answer_with(snapshot), loaded)
    [step] = look["exercises"]["01-first"]["steps"]
    for texts in (step["title"], step["hint"]):
        # In a terminal, another line would look like that of another seat.
        assert texts["en"].startswith("x [2J pc08 all done")
        assert len(texts["en"]) == len(texts["fr"]) == seat_progress.LONGEST


def test_what_was_answered_on_the_seat_counts_for_its_exercise(tmp_path: Path) -> None:
    make(tmp_path)
    check = tmp_path / "app/exercises/01-first/check.py"
    check.write_text(
        "def check(seat):\n    yield 'a', ('a', 'a'), [('yes' in seat.answers, 'b', 'b')]\n"
    )
    loaded = seat_progress.lesson_of(tmp_path)
    answered = {
        name: answer_with(taken(), answers={name: [{"text": "yes", "time": 1.0, "seen": None}]})
        for name in ("01-first", "02-second")
    }
    looks = {
        name: seat_progress.look(NAME, seat_answer, loaded)
        for name, seat_answer in answered.items()
    }
    assert steps(looks["01-first"])["01-first"] == [True]
    assert steps(looks["02-second"])["01-first"] == [False]
    torn = seat_progress.look(NAME, answer_with(taken(), answers={"01-first": "yes"}), loaded)
    assert steps(torn)["01-first"] == [False]


def test_a_prediction_counts_by_the_time_that_the_seat_tells(tmp_path: Path) -> None:
    make(tmp_path)
    check = tmp_path / "app/exercises/01-first/check.py"
    check.write_text(
        "def check(seat):\n"
        "    said = seat.predicted('yes', 5.0)\n"
        "    yield 'a', ('a', 'a'), [(said and said.seen == ['1'], 'b', 'b')]\n"
    )
    loaded = seat_progress.lesson_of(tmp_path)

    def done(moment: float) -> list[bool]:
        answers = {"01-first": [{"text": "Yes", "time": moment, "seen": ["1"]}]}
        look = seat_progress.look(NAME, answer_with(taken(), answers=answers), loaded)
        return steps(look)["01-first"]

    assert (done(4.0), done(6.0)) == ([True], [False])


@pytest.mark.parametrize(("asked", "opened"), [(0, 1), (1, 2), (7, 3), (-7, 1)])
def test_it_is_told_how_many_hints_were_opened(asked: int, opened: int, tmp_path: Path) -> None:
    make(tmp_path)
    check = tmp_path / "app/exercises/01-first/check.py"
    check.write_text(
        "def check(seat):\n"
        "    hints = tuple('xyz'), tuple('opq')\n"
        "    yield 'a', ('a', 'a'), [(seat, 'u', 'u'), (seat.volumes, *hints)]\n"
        "    yield 'b', ('b', 'b'), [(seat, 'u', 'u')]\n"
    )
    loaded = seat_progress.lesson_of(tmp_path)
    hints = {"01-first": {"a/1": asked, "a/0": 2}}
    look = seat_progress.look(NAME, answer_with(taken(), hints=hints), loaded)
    open_step, done_step = look["exercises"]["01-first"]["steps"]
    assert open_step["hints"] == {"opened": opened, "of": 3}
    # The whole of it, whatever was opened.
    assert open_step["hint"] == {"fr": "x y z", "en": "o p q"}
    assert "hints" not in done_step


def test_what_is_open_of_what_is_to_be_done(tmp_path: Path) -> None:
    loaded = lesson(tmp_path)
    look = seat_progress.look(NAME, answer_with(taken("one", compose=False)), loaded)
    assert seat_progress.missing(look, [1], loaded) == "exercise 1, “two”: No two."
    assert seat_progress.missing(look, [3], loaded) == ""
    done = seat_progress.look(NAME, answer_with(taken("one", "two", "three")), loaded)
    assert seat_progress.missing(done, [1, 2], loaded) == ""
    done["exercises"]["02-second"]["steps"] = []
    unjudged = seat_progress.missing(done, [1, 2], loaded)
    assert unjudged == "exercise 2 cannot be judged there"
    mute = seat_progress.look(NAME, answer_with(None, why="refused"), loaded)
    assert "refused" in seat_progress.missing(mute, [1], loaded)


def run(
    project: Path, answer: object, **arguments: object
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the action, and return its result and the module's arguments."""
    looking = Action(seat_progress, answer, **arguments)
    removed: list[object] = []
    looking.action._remove_tmp_path = removed.append
    result = looking.run(NAME, course_image_project=str(project))
    assert removed == [looking.connection._shell.tmpdir]
    return result, looking.questions


def test_a_look_changes_and_shows_nothing(tmp_path: Path) -> None:
    result, questions = run(make(tmp_path), answer_with(taken("one", compose=False)))
    look = result.pop(UNSHOWN)["look"]
    assert result == {"changed": False, "unfit": [3]}
    assert look["time"] > 0
    assert questions[0]["exercises"] == ["01-first", "02-second", "03-third"]
    assert set(questions[0]["wants"]) == set(get_type_hints(fields.Wants))


def test_a_seat_that_is_off_fails_nothing(tmp_path: Path) -> None:
    result, _ = run(make(tmp_path), AnsibleConnectionFailure("off"))
    assert result.pop(UNSHOWN)["look"]["silent"]["id"] == "unreachable"
    assert result == {"changed": False, "unfit": []}


def test_an_answer_that_ansible_cannot_read_fails_nothing(tmp_path: Path) -> None:
    """Otherwise the look would end with the failure, and without a line for each seat."""
    result, _ = run(make(tmp_path), AttributeError("'int' has no 'splitlines'"))
    assert result.pop(UNSHOWN)["look"]["silent"]["id"] == "not_asked"
    assert result == {"changed": False, "unfit": []}


def test_what_is_to_be_done_and_is_not_fails(tmp_path: Path) -> None:
    result, _ = run(make(tmp_path), answer_with(taken("one")), done=["1"])
    assert (result["failed"], result["msg"]) == (True, "pc07: exercise 1, “two”: No two.")
    done = make(tmp_path / "other"), answer_with(taken("one", "two"))
    assert "failed" not in run(*done, done=["1"])[0]


def test_exercises_that_are_not_as_they_must_are_named(tmp_path: Path) -> None:
    (make(tmp_path) / "app/exercises/02-second/fr.md").unlink()
    with pytest.raises(AnsibleActionFail, match=r"02-second has no fr\.md"):
        run(tmp_path, {})
    with pytest.raises(AnsibleActionFail, match="cannot be read"):
        run(tmp_path / "none", {})
    (tmp_path / "none/app/exercises").mkdir(parents=True)
    with pytest.raises(AnsibleActionFail, match="has no exercise"):
        run(tmp_path / "none", {})


def before(number: object, project: Path) -> list[dict[str, Any]]:
    plugin = lookup_loader.get("labocloud.room.exercises")
    settings = {"course_image_project": str(project)}
    with mock.patch.object(exercises_lookup, "settings_of", return_value=settings):
        missing: list[dict[str, Any]] = plugin.run([number], {"inventory_hostname": NAME})
    return missing


def test_what_comes_before_an_exercise(tmp_path: Path) -> None:
    make(tmp_path)
    assert before(1, tmp_path) == []
    scripts = f"{exercises.PUT}echo prepared\n\necho 02-second\n"
    assert before("3", tmp_path) == [
        {"number": 1, "title": "1. 01-first", "script": "\necho 01-first\n"},
        {"number": 2, "title": "2. 02-second", "script": scripts},
    ]


def test_what_a_seat_cannot_do_alone_is_left_out(tmp_path: Path) -> None:
    check = make(tmp_path) / "app/exercises/01-first/check.py"
    check.write_text(check.read_text().replace("NEEDS = []", 'NEEDS = ["neighbour"]'))
    assert [exercise["number"] for exercise in before(3, tmp_path)] == [2]


@pytest.mark.parametrize("number", ["", "0", "4", "-1", "x", None])
def test_an_exercise_that_there_is_not(number: object, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(AnsibleLookupError, match=f"exercise is '{number}'; the course has 1, 2, 3"):
        before(number, tmp_path)


def test_exercises_that_cannot_be_looked_up(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="cannot be read"):
        before(1, tmp_path)


def test_what_the_seat_remembers_is_told_of_these_exercises_alone(
    engine: stand_in.Engine, remembers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.on("GET", "/info", {"ServerVersion": "26.1.5"})
    engine.on("GET", r"/(containers/json\?.*|networks|images/json)", [])
    engine.on("GET", "/volumes", {"Volumes": []})
    monkeypatch.setattr(memory, "directory", lambda: tmp_path)
    mine = memory.Mine(tmp_path)
    for name in ("01-first", "09-other"):
        mine.answer(name, "yes", ["0123456789ab"])
        mine.answer(name, "no")
        mine.ask(name, "one/0", 2)
    mine.write()
    result = stand_in.run(module.main, docker_socket=engine.path, exercises=["01-first"])
    practical = result["practical"]
    assert list(practical["answers"]) == ["01-first"]
    given = practical["answers"]["01-first"]
    assert [(answer["text"], answer["seen"]) for answer in given] == [
        ("no", None),
        ("yes", ["0123456789ab"]),
    ]
    assert all(answer["time"] > 0 for answer in given)
    assert practical["hints"] == {"01-first": {"one/0": 2}}
    # The action takes it as it is.
    wrong: list[str] = []
    assert fitted(practical, seat_progress.PRACTICAL, "it", wrong) == practical
    assert wrong == []


def test_the_seats_own_record_tells_which_image_is_the_courses(
    engine: stand_in.Engine, remembers: Path
) -> None:
    course = image_tar.inspected("sha256:1", "labocloud20202021:python")
    engine.on("GET", "/info", {"ServerVersion": "26.1.5"})
    engine.on("GET", r"/(containers/json\?.*|networks|images/sha256:1/history)", [])
    engine.on("GET", "/volumes", {"Volumes": []})
    engine.on("GET", "/images/json", [course])
    engine.on("GET", "/images/sha256:1/json", course)

    def told() -> str:
        answer = stand_in.run(module.main, docker_socket=engine.path)
        return answer["practical"]["snapshot"]["images"][0]["delivered"]  # type: ignore[no-any-return]

    assert told() == ""
    state.update(lambda record: record.name_image(course["RepoTags"][0], fingerprint(course)))
    assert told() == "course"
    (remembers / "state.json").write_text("{")
    assert told() == ""
