"""Test that the command `labo` tells the course's page which steps are done, and hurts nothing."""

import http.server
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    course_page,
    exercise_text,
    exercises,
    pages,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.progress import (
    Progress,
    Seen,
    progress,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.snapshot import shaped
from ansible_collections.labocloud.room.plugins.module_utils.lesson.words import Terminal
from sample_labo import FRENCH, Labo, container

PROJECT = Path(__file__).parents[2]
LESSON = exercises.load(PROJECT / "app/exercises")
COURSE = image_tar.inspected(f"sha256:{'c' * 64}", "labocloud20202021:python")
WRITTEN = re.compile(r"/tmp/labo-(.*)\.json")


class CoursePage:
    """The course's app in the container `flask`, and an engine that runs commands there."""

    def __init__(self, labo: Labo) -> None:
        """Deliver the course's image to the seat; the app shows no steps yet."""
        self.labo = labo
        self.health: object = {"status": "ok", "steps": True}
        self.steps: dict[str, object] = {name: [] for name in ("01-first", "04-last")}
        self.asked: list[str] = []
        self.written: list[dict[str, Any]] = []
        labo.deliver(COURSE)
        labo.engine.on("GET", "/images/json", [COURSE])
        labo.engine.on("GET", "/images/([^/]*)/json", COURSE)
        labo.engine.on("GET", "/images/.*/history", [])
        labo.engine.on("POST", "/containers/(.{64})/exec", self.create)
        labo.engine.on("POST", "/exec/e1/start", self.start)

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer as the app does."""
        self.asked.append(handler.path)
        name = handler.path.removeprefix("/api/steps/")
        answers = {"/healthz": self.health}
        if name in self.steps:
            answers[handler.path] = {"steps": self.steps[name]}
        handler.send_response(200 if handler.path in answers else 404)
        handler.end_headers()
        handler.wfile.write(json.dumps(answers.get(handler.path)).encode())

    def create(self, question: stand_in.Question, key: str) -> object:
        """Note a command for a container."""
        assert key == container("flask")["Id"]
        self.written.append(question.json)
        return {"Id": "e1"}

    def start(self, question: stand_in.Question) -> None:
        """Do what the command does."""
        assert question.json == {"Detach": True}
        path, variable = self.written[-1]["Cmd"][-1], self.written[-1]["Env"][0]
        text = variable.removeprefix("LABO_STEPS=")
        self.steps[WRITTEN.fullmatch(path)[1]] = json.loads(text)["steps"]

    def states(self, name: str = "01-first") -> list[str]:
        """Return the states of an exercise's steps, as the page shows them."""
        steps: Any = self.steps[name]
        return [step["state"] for step in steps]

    def serve(self, port: int, *others: str) -> None:
        """Set the containers of the seat: `flask`, with its page at a port, and others."""
        ports = {"8888/tcp": [{"HostPort": str(port)}]}
        flask = container("flask") | {
            "Image": COURSE["Id"],
            "NetworkSettings": {"Ports": ports},
        }
        self.labo.has_containers([flask, *map(container, others)])


@pytest.fixture
def page(labo: Labo) -> Iterator[tuple[CoursePage, int]]:
    """Yield the course's page, whose container runs, and its port."""
    course = CoursePage(labo)
    with stand_in.serving(course.answer) as port:
        course.serve(port)
        yield course, port


def test_the_page_is_told_the_steps_once_for_each_change(
    labo: Labo, page: tuple[CoursePage, int]
) -> None:
    course, port = page
    assert labo.run("check", "1")[0] == 1
    assert course.states() == ["open"] * 3
    assert course.steps["01-first"][0]["title"] == {"fr": "« one » est là", "en": "“one” is there"}
    labo.run("check", "1", **FRENCH)
    labo.run()
    assert len(course.written) == 1
    course.serve(port, "one")
    labo.run("check", "1")
    course.serve(port)
    labo.run("check", "1")
    assert course.states() == ["was", "open", "open"]
    assert len(course.written) == 3
    assert set(course.asked) == {"/healthz", "/api/steps/01-first"}


def test_a_command_that_the_engine_remembers_tells_no_more_than_where(
    labo: Labo, page: tuple[CoursePage, int]
) -> None:
    course, _ = page
    labo.run("check", "1")
    [written] = course.written
    assert written["Cmd"][-1] == "/tmp/labo-01-first.json"
    assert "one" not in "".join(written["Cmd"])
    assert list(written) == ["Cmd", "Env"]


def test_a_start_and_the_list_tell_the_page_too(labo: Labo, page: tuple[CoursePage, int]) -> None:
    course, port = page
    labo.run("start", "4")
    assert course.states("04-last") == ["open"]
    assert course.states() == []
    labo.run()
    assert course.states() == ["open"] * 3
    course.serve(port, "one", "two")
    labo.run("answer", "1", "42")
    labo.run()
    # Both are done, and the list asks for none.
    assert course.states() == ["open"] * 3


def test_a_hint_tells_the_page_too(labo: Labo, page: tuple[CoursePage, int]) -> None:
    course, port = page
    labo.run("hint", "1")
    assert course.states() == ["open"] * 3
    course.serve(port, "one")
    labo.run("hint", "1")
    assert course.states() == ["done", "open", "open"]


def test_a_programs_question_tells_nobody(labo: Labo, page: tuple[CoursePage, int]) -> None:
    labo.run("check", "1", "--json")
    assert (page[0].written, page[0].asked) == ([], [])


@pytest.mark.parametrize("health", [{"status": "ok"}, {"steps": False}, {"steps": 1}, [], "{"])
def test_a_page_that_shows_no_steps_is_not_asked_for_them(
    labo: Labo, page: tuple[CoursePage, int], health: object
) -> None:
    """One of an older revision would count the question as that of a person."""
    course, _ = page
    course.health = health
    assert labo.run("check", "1")[0] == 1
    assert course.asked == ["/healthz"]
    assert course.written == []


def test_a_page_that_has_no_such_exercise_is_told_nothing(
    labo: Labo, page: tuple[CoursePage, int]
) -> None:
    course, _ = page
    del course.steps["01-first"]
    labo.run("check", "1")
    assert course.asked == ["/healthz", "/api/steps/01-first"]
    assert course.written == []


def test_no_container_is_told_that_is_not_of_the_course(
    labo: Labo, page: tuple[CoursePage, int]
) -> None:
    course, port = page
    ports = {"8888/tcp": [{"HostPort": str(port)}]}
    own = container("flask") | {"NetworkSettings": {"Ports": ports}}
    for image in (f"sha256:{'d' * 64}", ""):
        labo.has_containers([own | {"Image": image}])
        labo.run("check", "1")
    # Where nothing is known of the course's images, no student's server is asked either.
    labo.program.with_name("delivered.json").unlink()
    labo.engine.on("GET", "/images/json", [])
    labo.run("check", "1")
    assert (course.asked, course.written) == ([], [])


@pytest.mark.parametrize(
    ("create", "start"),
    [
        (stand_in.Refuse(404), None),
        (stand_in.Refuse(409, "container is paused"), None),
        (stand_in.DROP, None),
        (stand_in.Raw(b"{", 201), None),
        ([], None),
        ({}, None),
        ({"Id": None}, None),
        ({"Id": "a b\n"}, None),
        ({"Id": "é"}, None),
        ({"Id": "e1"}, stand_in.Refuse(500)),
        ({"Id": "e1"}, stand_in.DROP),
    ],
)
def test_whatever_the_engine_answers_no_more_than_the_page_is_less(
    labo: Labo, page: tuple[CoursePage, int], create: object, start: object
) -> None:
    course, port = page
    course.serve(port, "one")
    before = labo.run("check", "1")
    labo.engine.on("POST", "/containers/.*/exec", create)
    labo.engine.on("POST", "/exec/.*/start", start)
    course.steps["01-first"] = []
    assert labo.run("check", "1") == before
    assert before[2] == ""
    assert course.states() == []


def test_what_an_exercise_tells_fits_into_what_a_page_reads() -> None:
    """A page that has read a part of the steps would be told them again at each look."""
    for exercise in LESSON:
        item = progress(exercise, shaped({}), [], {}, {})
        steps = course_page._steps_of(item)
        assert (len(steps) > 0) == (not item.lacks)
        done = item._replace(lacks=[])
        text = json.dumps({"steps": course_page._steps_of(done)}, separators=(",", ":"))
        assert len(text) <= pages.LONGEST_PAGE, exercise.name
    app = (PROJECT / "app/labocloud/steps.py").read_text()
    assert f"\nLARGEST = {pages.LONGEST_PAGE}\n" in app
    directory, name = course_page._FILE.rsplit("/", 1)
    assert f'Path("{directory}")' in app
    assert f'f"{name.format("{name}")}"' in app


def finished(exercise: exercises.Exercise) -> Progress:
    """Return the progress of an exercise all of whose steps are done."""
    step = exercises.Step(id="all", title={"en": "All"}, done=True, hint={})
    return Progress(exercise, [Seen(step, 1.0)], [])


@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_to_remember_is_told_once_all_is_done(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("LABO_LANG", language)
    title = {"fr": "À retenir", "en": "What to remember"}[language]
    for exercise in LESSON:
        chapter = exercise.texts[language].partition(f"## {title}\n")[2]
        beginnings = [paragraph.split()[0] for paragraph in chapter.strip().split("\n\n")]
        lines = exercise_text.step_lines(finished(exercise), Terminal())
        assert lines[3:5] == ["", title], exercise.name
        assert [line.split()[0] for line in lines[5:-1]] == beginnings, exercise.name
        assert not lines[-1], exercise.name
        unfinished = progress(exercise, shaped({}), [], {}, {})
        assert title not in exercise_text.step_lines(unfinished, Terminal())


@pytest.mark.usefixtures("texts")
def test_lists_to_remember_keep_their_lines_and_prose_fills_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABO_LANG", "en")
    monkeypatch.setenv("COLUMNS", "40")
    prose, items = f"{'word ' * 9}\nword\n", "- one\n- two\n"
    for text, told in (
        (f"# T\n\n## What to remember\n\n{prose}\n{items}\n## More\n\nNo.\n", 4),
        ("# T\n\n## What to do\n\nThis.\n", 0),
    ):
        exercise = exercises.Exercise(20, "20-mine", {"en": text}, 0, "", "", {}, [], lambda _: [])
        lines = exercise_text.step_lines(finished(exercise), Terminal())[3:]
        assert len(lines) == (told + 1 if told else 0)
        if told:
            assert max(map(len, lines[2].splitlines())) <= 40
            assert lines[2].split() == ["word"] * 10
            assert lines[3] == items.strip()
