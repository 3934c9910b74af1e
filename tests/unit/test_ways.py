"""Test the files of the ways to do the exercises, and the program that tries them on a seat."""

import json
import os
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import ways
import ways_cases
import ways_engine
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot
from stand_in import PLENTY
from ways_cases import Case, Ways
from ways_engine import Engine, Thing, is_own

PROJECT = Path(__file__).parents[2]
ALL = ways_cases.load(PROJECT / "molecule/resources/ways")
# What docs/lesson.md says that a check does not see, by the exercise's number.
OPEN = dict(
    re.findall(r"^\| (\d+) \| (.+) \|$", (PROJECT / "docs/lesson.md").read_text(), re.MULTILINE)
)
WAY = Case("+", False, (), ("one",), "a way", "true")


def steps_of(name: str) -> set[str]:
    """Return the IDs of an exercise's steps."""
    exercise = exercises.load_exercise(PROJECT / "app/exercises" / name)
    return {step.id for step in exercises.judged(exercise, snapshot.shaped({}))}


def text(*lines: str) -> Ways:
    """Return the ways in a file of these lines."""
    return ways_cases.parse("07-mine", "\n".join(lines))


each_file = pytest.mark.parametrize("own", ALL, ids=lambda own: own.name)


@each_file
def test_each_exercise_has_enough_ways_and_names_its_steps(own: Ways) -> None:
    assert own.name in os.listdir(PROJECT / "app/exercises")
    marks = Counter("+" if case.mark == "+" else "-" for case in own.cases if not case.extra)
    assert marks["+"] >= 13, (
        "ten of the author's, and three of somebody's who has not read check.py"
    )
    assert marks["-"] >= 11
    steps = steps_of(own.name)
    for case in own.cases:
        assert set(case.steps) <= {"*"} or set(case.steps) <= steps, case.name
    right = {step for case in own.cases if case.mark == "+" for step in case.steps}
    assert right >= steps
    wrong = {step for case in own.cases if case.mark != "+" for step in case.steps}
    assert wrong >= steps


@each_file
def test_no_way_is_there_twice(own: Ways) -> None:
    names = Counter((case.mark, case.steps, case.name) for case in own.cases)
    assert [name for name, count in names.items() if count > 1] == []
    scripts = Counter((case.mark, case.steps, case.script) for case in own.cases)
    assert [script for script, count in scripts.items() if count > 1] == []


@each_file
def test_the_scripts_are_shell_and_use_all_that_is_removed_and_defined(own: Ways) -> None:
    # Each by itself: a quote that is open in one would end in the next.
    for case in own.cases:
        command = ["/bin/sh", "-n", "-c", own.script(case)]
        read = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, ""), case.name
    parts = [own.before, own.each, own.functions, *(case.script for case in own.cases)]
    scripts = "\n".join(parts)
    for name in re.findall(r"--name ([a-z][\w.-]*)", scripts):
        thing = Thing("services" if name.startswith("equip") else "containers", "", name)
        assert is_own(own, thing) or is_own(own, thing._replace(kind="containers")), name
    for function in re.findall(r"^(\w+)\(\)", own.functions, re.MULTILINE):
        assert len(re.findall(rf"(?<![\w-]){function}\b", scripts)) > 1, function


@each_file
def test_what_is_wrong_and_accepted_is_named_in_the_documents(own: Ways) -> None:
    for case in own.cases:
        if case.mark == "!":
            assert case.name in OPEN[str(int(own.number))], case


def test_each_of_the_projects_own_exercises_has_its_ways() -> None:
    own = [path.name for path in (PROJECT / "app/exercises").glob("[01][0-9]-*")]
    assert {item.name for item in ALL} == {name for name in own if int(name[:2]) <= 13}
    assert [item.name for item in ALL if item.alone] == ["13-tidy-up"]


def test_lanes_have_neither_names_nor_ports_in_common() -> None:
    """They run at once; what two of them do not remove, they may both have."""
    names: Counter[tuple[str, str]] = Counter()
    ports: Counter[str] = Counter()
    for own in (own for own in ALL if not own.alone):
        names.update((kind, name) for kind, listed in own.own.items() for name in listed)
        scripts = own.functions + "\n".join(case.script for case in own.cases)
        pairs = re.findall(
            r"(?<![\w.-])(?:[\d.]+:)?(\d{4,5}):\d{2,5}\b|published[=:] ?(\d+)", scripts
        )
        ports.update({one or other for one, other in pairs} - {"8080", "8888", "8000"})
    assert [name for name, count in names.items() if count > 1] == []
    assert [port for port, count in ports.items() if count > 1] == []


def test_nothing_is_pruned_beside_other_lanes() -> None:
    for own in ALL:
        if not own.alone:
            assert not [case.name for case in own.cases if " prune" in case.script], own.name


def test_a_line_is_read_in_all_its_parts() -> None:
    read = text(
        "# a comment",
        "@own containers=one,two* volumes= images=i:1",
        "@needs compose",
        "@def f() { echo $1; }",
        "@before first",
        "@each second",
        "",
        "+~{memory,23} a,b | a name, with | a bar | f 1 | f 2",
        "! * | wrong | true",
    )
    assert read.own == {"containers": ("one", "two*"), "volumes": (), "images": ("i:1",)}
    assert (read.number, read.needs, read.before, read.each) == (
        *("07", ("compose",), "first\n", "second\n"),
    )
    assert read.cases == [
        Case("+", True, ("memory", "23"), ("a", "b"), "a name, with", "a bar | f 1 | f 2"),
        Case("!", False, (), ("*",), "wrong", "true"),
    ]
    assert read.script(read.cases[1]).endswith("f() { echo $1; }\nsecond\ntrue\n")


@pytest.mark.parametrize("line", ["? a | b | c", "+ a | b", "+ a b | c | d", "@none x", "@def"])
def test_a_line_that_is_no_way_is_told_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match=r"07-mine\.txt, line 2"):
        text("# one", line)
    with pytest.raises(ValueError, match="nothings"):
        text("@own nothings=a")


class Told:
    """A stand-in for `labo check` that tells one answer after the other, the last for ever."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self) -> ways_cases.Steps:
        """Return the next answer, or raise it."""
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, dict)
        return answer


OPENED, DONE = {"one": (False, "do it"), "two": (True, "")}, {"one": (True, ""), "two": (True, "")}
ERROR = OSError("no answer")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_cases, "PAUSE", 0.0)
    monkeypatch.setattr(ways_cases, "AGAIN", 0.0)


@pytest.mark.parametrize(
    ("mark", "answers", "patience", "verdict"),
    [
        ("+", [DONE], 0, ("right", "")),
        # What comes late, or behind an error, comes.
        ("+", [OPENED, ERROR, OPENED, DONE], 1e9, ("right", "")),
        ("+", [OPENED], 0, ("refused", "one: do it")),
        ("+", [ERROR], 0, ("unjudged", "labo check: OSError('no answer')")),
        ("-", [OPENED], 0, ("right", "one: do it")),
        ("-", [ERROR, OPENED], 1e9, ("right", "one: do it")),
        ("-", [ERROR], 0, ("unjudged", "labo check: OSError('no answer')")),
        ("-", [DONE], 0, ("accepted", "one")),
        # What is done a moment later is accepted as well, whatever the patience.
        ("-", [OPENED, DONE], 0, ("accepted", "one")),
        ("!", [OPENED, DONE], 1e9, ("right", "")),
        ("!", [OPENED], 0, ("seen", "one: do it")),
    ],
)
def test_a_verdict(
    mark: str, answers: list[object], patience: float, verdict: tuple[str, str]
) -> None:
    told = ways_cases.judged(WAY._replace(mark=mark), Told(*answers), patience)
    assert told == verdict


def test_a_wrong_way_is_judged_twice_and_no_more() -> None:
    told = Told(OPENED)
    assert ways_cases.judged(WAY._replace(mark="-"), told, 1e9)[0] == "right"
    assert told.asked == 2


def test_one_step_of_a_wrong_way_is_enough() -> None:
    case = WAY._replace(mark="-", steps=("one", "two"))
    assert ways_cases.judged(case, Told(OPENED), 0) == ("accepted", "two")


def test_all_steps_and_steps_that_a_check_does_not_have() -> None:
    case = WAY._replace(steps=("*",))
    assert ways_cases.judged(case, Told(OPENED), 0) == ("refused", "one: do it")
    case = WAY._replace(steps=("none",))
    assert ways_cases.judged(case, Told(DONE), 0) == ("refused", "none: no such step")


class Things:
    """A stand-in for an engine that has things, and counts what is removed."""

    def __init__(self, *things: Thing) -> None:
        self.things_there = set(things)
        self.cleaned = 0

    def remove(self, is_chosen: Callable[[Thing], bool]) -> None:
        """Remove the chosen things."""
        self.cleaned += 1
        self.things_there -= {thing for thing in self.things_there if is_chosen(thing)}


def results(tmp_path: Path, own: Ways, *answers: object) -> tuple[list[dict[str, Any]], Things]:
    """Run a lane by stand-ins for the engine and for labo; the seat has no Compose."""
    engine = Things(Thing("containers", "1", "mine"), Thing("containers", "2", "theirs"))
    lane = ways.Lane(own, engine, tmp_path, 0)  # type: ignore[arg-type]  # a stand-in
    told = lane.results(own.cases, Told(*answers or (DONE,)), lambda need: need != "compose")
    return list(told), engine


def test_a_lane_does_each_way_in_a_home_of_its_own(tmp_path: Path) -> None:
    own = text(
        "@own containers=mine",
        "@def f() { echo said; }",
        "@before mkdir -p ~/labocloud; echo 1 > ~/labocloud/file",
        "@each cd ~/labocloud",
        "+ one | the files of @before | grep 1 file; rm file; echo $B $C > here",
        "+ one | each time, and no more | grep 1 file; ! [ -e here ]; touch $LABO_MEMORY/answers",
        "+ one | nothing is remembered | ! [ -e $LABO_MEMORY/answers ]",
    )
    told, engine = results(tmp_path, own)
    assert [item["verdict"] for item in told] == ["right"] * 3
    assert engine.things_there == {Thing("containers", "2", "theirs")}
    assert engine.cleaned == len(told) + 1


def test_what_fails_or_is_not_for_the_seat_is_told(tmp_path: Path) -> None:
    own = text(
        "+{compose} one | not for the seat | exit 1",
        "+ one | a script that fails | echo why; exit 3; true",
        "- two | a way that is accepted | echo printed",
        "+ none | a step that is missing | echo printed",
    )
    told, _ = results(tmp_path, own)
    assert [(item["verdict"], item["why"]) for item in told] == [
        ("skipped", "compose"),
        ("failed", "3: why"),
        ("accepted", "two\nprinted"),
        ("refused", "none: no such step\nprinted"),
    ]
    assert ways_cases.line_of(told[3]).startswith(
        "refused: 07-mine: + none | a step that is missing"
    )
    assert "    none: no such step" in ways_cases.line_of(told[3])


def test_ways_whose_preparation_fails_are_not_tried(tmp_path: Path) -> None:
    told, engine = results(tmp_path, text("@before echo no; exit 4", "- one | a | true"))
    assert [(item["verdict"], item["why"]) for item in told] == [("failed", "@before: 4: no")]
    assert engine.cleaned == 1


def test_nothing_is_prepared_where_no_way_is_for_the_seat(tmp_path: Path) -> None:
    told, _ = results(tmp_path, text("@needs compose", "@before exit 4", "- one | a | true"))
    assert [item["verdict"] for item in told] == ["skipped"]


def test_a_script_that_does_not_end_is_ended_with_what_it_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output_file = tmp_path / "home/output"

    def wait(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        """Wait for the script's first line in the place of its end."""
        while timeout and not output_file.read_text():
            assert self.poll() is None
            time.sleep(0.01)
        if timeout:
            raise subprocess.TimeoutExpired("sh", timeout)
        return real_wait(self)

    real_wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    script = "sleep 1000 & echo $!; wait"
    code, output = ways.run_script(script, output_file.parent, dict(os.environ))
    assert code == 124
    # The kernel ends it a moment later; and it may be that nobody takes note of that.
    status, end = Path(f"/proc/{int(output)}/stat"), time.monotonic() + PLENTY
    with suppress(FileNotFoundError, ProcessLookupError):
        while status.read_text().split()[2] not in "ZX":
            assert time.monotonic() < end
            time.sleep(0.01)


def test_what_is_removed_is_named_exactly_or_by_its_beginning() -> None:
    own = text("@own containers=one,ex10-* images=a:1")
    names = ("one", "one2", "ex10-web-1", "a:1")
    chosen = [name for name in names if is_own(own, Thing("containers", "x", name))]
    assert chosen == ["one", "ex10-web-1"]
    assert is_own(own, Thing("images", "x", "a:1"))
    assert not is_own(own, Thing("images", "x", ""))


@pytest.mark.parametrize(
    ("thing", "path"),
    [
        (Thing("containers", "12", "a"), "/containers/a?force=1&v=1"),
        (Thing("images", "sha256:1", "a/b:1"), "/images/a%2Fb%3A1?force=1&noprune=1"),
        (Thing("images", "sha256:1", ""), "/images/sha256%3A1?force=1&noprune=1"),
        (Thing("volumes", "v", "v"), "/volumes/v?force=1"),
        (Thing("networks", "n", "salle"), "/networks/salle"),
    ],
)
def test_by_which_path_a_thing_is_removed(thing: Thing, path: str) -> None:
    assert thing.path == path


def test_what_is_refused_is_removed_in_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [Thing("networks", "n", "n"), Thing("containers", "c", "c")]
    asked = []

    def ask(_: Engine, path: str, method: str = "GET") -> None:
        asked.append((method, path.partition("?")[0]))
        # The network is in use as long as the container is there, and a round longer.
        if path.startswith("/containers") or len(asked) > 2:
            left[:] = [thing for thing in left if thing.path != path]

    monkeypatch.setattr(Engine, "ask", ask)
    monkeypatch.setattr(Engine, "things", lambda _: set(left))
    Engine().remove(lambda _: True)
    assert [path for _, path in asked] == ["/containers/c", "/networks/n", "/networks/n"]
    monkeypatch.setattr(ways_engine, "PLENTY", -1)
    left.append(Thing("volumes", "v", "v"))
    with pytest.raises(TimeoutError, match="cannot be removed: v"):
        Engine().remove(lambda _: True)


class Answers(BaseHTTPRequestHandler):
    """A server that answers nothing that can be found."""

    def do_GET(self) -> None:
        """Answer 404."""
        self.send_error(404)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Print nothing."""

    def log_error(self, *args: object) -> None:
        """Print nothing."""


def test_a_port_that_answers_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert ways.main(["--up", str(server.server_port)]) == 0
        server.shutdown()
    monkeypatch.setattr(ways, "PLENTY", 0.0)
    assert ways.main(["--up", str(server.server_port)]) == 1


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ways.Room:
    """Return a room of a seat that has the course's container and a volume."""
    things = {Thing("containers", "1", "flask"), Thing("volumes", "v", "theirs")}
    monkeypatch.setattr(Engine, "things", lambda _: things)
    monkeypatch.setattr(Engine, "swarm", lambda _: False)
    options = ways.argparse.Namespace(lanes=[], json=True, at_once=2, patience=0)
    return ways.Room(Engine(), tmp_path / "work", options)


def test_a_seat_that_has_something_of_these_names_is_refused(room: ways.Room) -> None:
    assert room.objection([text("@own containers=mine")]) == ""
    assert "has theirs, which would be removed" in room.objection([text("@own volumes=theirs")])
    assert "has theirs, which would be removed" in room.objection([text("@alone")])


def test_a_lane_that_breaks_is_told_and_the_seat_is_cleaned(
    room: ways.Room,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """This machine has no labo, so that each lane ends at once."""
    monkeypatch.setattr(ways.sys, "executable", "/bin/false")
    removed = []
    monkeypatch.setattr(Engine, "remove", lambda _, chosen: removed.append(chosen))
    told = room.run([text("+ a | b | c"), text("@alone", "+ a | b | c")])
    assert [item["verdict"] for item in told] == ["failed", "failed"]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == told
    # Before the one that is alone, and at the end; what was there before stays.
    assert len(removed) == 2
    assert not removed[0](Thing("volumes", "v", "theirs"))
    assert removed[0](Thing("volumes", "w", "new"))
    assert not (tmp_path / "work").exists()
