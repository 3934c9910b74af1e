"""The command labo, as a student runs it: the real archive, before a stand-in for Docker."""

import gzip
import http.server
import io
import json
import os
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.images.fingerprint import fingerprint
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    command,
    exercises,
    memory,
    save,
    words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files

CHECK = """
def check(seat):
    for name in ("one", "two"):
        yield (
            name,
            (f"« {name} » est là", f"“{name}” is there"),
            [(seat.container(name), f"Lancez {name}.", f"Run {name}.")],
        )
    yield (
        "told",
        ("Vous avez répondu 42", "You have answered 42"),
        [(seat.answers == ["42"], f"Reçu : {seat.answers}", f"Given: {seat.answers}")],
    )
"""
ONE_STEP = """
def check(seat):
    yield "there", ("Là", "There"), [(seat.container("one"), "Non.", "No.")]
"""
# What an exercise may be: with a preparation, one that the seat cannot do, one that is wrong.
EXERCISES = {
    "01-first": (CHECK, "Premier contact", "First contact"),
    "02-compose": ('NEEDS = ["compose"]\n' + ONE_STEP, "Composer", "Compose"),
    "03-wrong": ("def check(seat):\n    return 1 / 0\n", "Faux", "Wrong"),
    "04-last": (ONE_STEP, "Le dernier", "The last one"),
}
FRENCH, ENGLISH = {"LC_ALL": "fr_FR.UTF-8"}, {"LC_ALL": "en_GB.UTF-8"}


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the words where no archive has them."""
    monkeypatch.setattr(words, "texts", lambda: json.loads(lesson_files.words()))


def container(name: str) -> dict[str, Any]:
    """Return a container as the engine describes it."""
    return {"Id": f"{name:0<64}", "Name": f"/{name}", "State": {"Status": "running"}}


class Labo:
    """The command, and the Docker that it asks."""

    def __init__(self, path: Path, engine: stand_in.Engine) -> None:
        self.home, self.memory, self.engine = path / "home", path / "memory", engine
        self.home.mkdir()
        self.memory.mkdir()
        self.program = path / "seat/labo"
        self.program.parent.mkdir()
        folder = path / "exercises"
        for name, (check, french, english) in EXERCISES.items():
            (folder / name).mkdir(parents=True)
            (folder / name / "check.py").write_text(check)
            (folder / name / "fr.md").write_text(f"# {french}\n\nUn but. 10 minutes.\n")
            (folder / name / "en.md").write_text(f"# {english}\n\nA goal. 10 minutes.\n")
            (folder / name / "solution.sh").write_text("true\n")
        (folder / "01-first/setup.sh").write_text("pwd > where\ntest ! -e fail\n")
        (folder / "04-last/setup.sh").write_text("echo given | put ~/mine\n")
        # Of a seat that has no compose, whatever the machine has that tests.
        whole = lesson_files.members
        with mock.patch.object(
            lesson_files,
            "members",
            lambda given: (
                (name, data.replace(b"/docker/cli-plugins", b"/no/cli-plugins"))
                for name, data in whole(given)
            ),
        ):
            self.program.write_bytes(lesson_files.command(folder))
        self.has()
        engine.on("GET", "/info", {"ServerVersion": "26.1.5"})
        engine.on("GET", "/(images/json|networks)", [])
        engine.on("GET", "/volumes", {"Volumes": []})

    def has(self, *names: str) -> None:
        """Have the engine tell of these containers."""
        made = {one["Id"]: one for one in map(container, names)}
        self.engine.on("GET", r"/containers/json\?.*", [{"Id": key} for key in made])
        self.engine.on("GET", "/containers/(.{64})/json", lambda _, key: made[key])

    def command(self, *line: str) -> list[str]:
        """Return the command line that runs labo with this Python."""
        return [sys.executable, "-I", str(self.program), *line]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment that labo runs with."""
        kept = {key: os.environ[key] for key in ("PATH",)}
        told = {"DOCKER_HOST": f"unix://{self.engine.path}", "LABO_MEMORY": str(self.memory)}
        return {**kept, **told, "HOME": str(self.home), **ENGLISH, **variables}

    def run(self, *line: str, **variables: str) -> tuple[int, str, str]:
        """Run labo, and return its exit code, standard output and standard error."""
        said = subprocess.run(
            self.command(*line),
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert "Traceback" not in said.stderr, said.stderr
        return said.returncode, said.stdout, said.stderr


@pytest.fixture
def labo(tmp_path: Path, engine: stand_in.Engine) -> Labo:
    """The command on a seat whose Docker has nothing."""
    return Labo(tmp_path, engine)


def test_it_lists_the_exercises_and_where_one_is(labo: Labo) -> None:
    code, said, wrong = labo.run()
    assert (code, wrong) == (0, "")
    assert said == (
        "[ ] 1. First contact, 10 min (0/3) ← you are here\n"
        "[-] 2. Compose, 10 min (not for this seat: it has no docker compose)\n"
        "[?] 3. Wrong, 10 min (not judged: tell the teacher)\n"
        "[ ] 4. The last one, 10 min (0/1)\n"
        "\n"
        "The course’s page does not answer: labo mistakes tells how to run it again.\n"
        "To go on: labo start 1, then labo check 1\n"
    )
    assert "[ ] 1. Premier contact, 10\u00a0min (0/3) ← vous êtes ici\n" in labo.run(**FRENCH)[1]


def test_it_tells_step_by_step_what_is_done_and_the_hint_of_the_first_that_is_not(
    labo: Labo,
) -> None:
    labo.has("one")
    code, said, _ = labo.run("check", "1", **FRENCH)
    assert code == 1
    assert said == (
        "1. Premier contact\n"
        "  [x] « one » est là\n"
        "  [ ] « two » est là\n"
        "      Indice\u00a0: Lancez two.\n"
        "  [ ] Vous avez répondu 42\n"
        "Étapes faites\u00a0: 1 sur 3.\n"
    )
    labo.has("one", "two")
    assert labo.run("answer", "1", "42")[:2] == (
        0,
        "Answer to exercise 1: 42\nSee what is missing: labo check 1\n",
    )
    code, said, _ = labo.run("check", "1")
    assert code == 0
    assert "Hint" not in said
    assert said.endswith("Exercise 1: all steps are done.\n")


def test_what_was_so_and_is_no_longer_is_neither_done_nor_open(labo: Labo) -> None:
    labo.has("one")
    labo.run("check", "1")
    labo.has()
    code, said, _ = labo.run("check", "1")
    assert code == 1
    assert re.search(
        r"\[~\] “one” is there: was done at \d\d:\d\d, and no longer is\n      Hint: Run one.", said
    )
    assert said.endswith("Steps done: 0 of 3.\n")
    assert "(0/3; steps that are no longer done: 1) ← you are here" in labo.run()[1]
    known = json.loads(labo.run("check", "--json")[1])["01-first"]
    assert [step["state"] for step in known] == ["was", "open", "open"]


def test_the_first_time_that_a_step_was_done_stays(labo: Labo) -> None:
    labo.has("one")
    labo.run("check", "1")
    [before] = [step["since"] for step in steps(labo) if step["since"]]
    labo.has()
    labo.run("check", "1")
    labo.has("one")
    labo.run("check", "1")
    assert [step["since"] for step in steps(labo) if step["since"]] == [before]


def steps(labo: Labo) -> list[dict[str, Any]]:
    """Return the steps of the first exercise, as `labo check --json` prints them."""
    told: dict[str, Any] = json.loads(labo.run("check", "1", "--json")[1])
    return told["01-first"]  # type: ignore[no-any-return]


def test_programs_are_told_all_exercises_and_both_languages(labo: Labo) -> None:
    labo.has("one")
    code, said, _ = labo.run("check", "--json")
    told = json.loads(said)
    assert (code, list(told)) == (0, list(EXERCISES))
    assert [(one["id"], one["done"]) for one in told["01-first"]] == [
        ("one", True),
        ("two", False),
        ("told", False),
    ]
    assert told["01-first"][1]["hint"] == {"fr": "Lancez two.", "en": "Run two."}
    assert told["03-wrong"] == []


def test_without_a_number_the_exercise_is_checked_that_one_is_at(labo: Labo) -> None:
    assert labo.run("check")[1].startswith("1. First contact")
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    assert labo.run("check")[1].startswith("4. The last one")
    assert "All is done." in labo.run()[1]
    labo.has("one")
    assert "All has been done. [~]: some steps no longer are" in labo.run()[1]


def test_an_exercise_that_was_done_before_another_is_not_where_one_is(labo: Labo) -> None:
    """Who leaves one out and goes on is where they went on."""
    mine = {"version": 1, "answers": {}, "done": {"04-last": {"there": 2.0}}, "saved": None}
    (labo.memory / f"{os.geteuid()}.json").write_text(json.dumps(mine))
    assert "1. First contact, 10 min (0/3) ← you are here" in labo.run()[1]
    mine["done"] = {"01-first": {"one": 3.0}, "04-last": {"there": 2.0}}
    (labo.memory / f"{os.geteuid()}.json").write_text(json.dumps(mine))
    assert labo.run("check")[1].startswith("1. First contact")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["foo"], ["“foo”", "labo --help"]),
        (["2"], ["“2”", "labo check 2"]),
        ([""], ["labo --help"]),
        (["check", "99"], ["“99”", "1, 2, 3, 4"]),
        (["check", "x"], ["“x”", "1, 2, 3, 4"]),
        (["check", "²"], ["“²”"]),
        (["check", "-1"], ["“-1”"]),
        (["check", "0"], ["“0”"]),
        (["check", "9" * 5000], ["“9999"]),
        (["check", "1\x1b[2J"], ["“1 [2J”"]),
        (["check", "1", "2"], ["“2”"]),
        (["check", "--all"], ["--all"]),
        (["start"], ["labo start 1"]),
        (["answer"], ["labo answer 1"]),
        (["answer", "1"], ["labo answer 1 "]),
        (["answer", "1", "  "], ["labo answer 1 "]),
        (["answer", "1", "x" * 301], ["300", "301"]),
        (["mistakes", "1"], ["“1”"]),
        (["save", "a", "b"], ["“b”"]),
        (["mistakes"], ["no page of usual mistakes"]),
        (["start", "2"], ["not for this seat"]),
    ],
)
def test_nonsense_is_answered_by_what_would_be_right(
    labo: Labo, line: list[str], words: list[str]
) -> None:
    code, said, wrong = labo.run(*line)
    assert (code, said) == (2, "")
    assert len(wrong.splitlines()) == 1
    assert [word for word in words if word not in wrong] == []


@pytest.mark.parametrize("line", [["--help"], ["-h"], ["check", "--help"]])
def test_help_is_in_both_languages_and_within_a_terminal(labo: Labo, line: list[str]) -> None:
    for variables, word in ((FRENCH, "un indice"), (ENGLISH, "a hint")):
        code, said, wrong = labo.run(*line, **variables)
        assert (code, wrong) == (0, "")
        assert word in said
        assert str(labo.memory) in said
        assert max(map(len, said.replace(str(labo.memory), "").splitlines())) <= 80
        for one in ("start", "check", "answer", "save", "mistakes", "--watch", "--json"):
            assert one in said


def test_it_starts_an_exercise_and_tells_where_to_read_it(labo: Labo) -> None:
    code, said, _ = labo.run("start", "1")
    assert code == 0
    assert "Ready for exercise 1: First contact\nIt is ready.\n" in said
    assert (labo.home / "where").read_text().strip() == str(labo.home)
    # No page answers.
    assert "# First contact\n\nA goal. 10 minutes." in said
    assert said.endswith("See what is missing: labo check 1\n")
    (labo.home / "fail").touch()
    code, _, wrong = labo.run("start", "1")
    assert (code, "has stopped (code 1)" in wrong) == (2, True)


def test_it_tells_in_the_language_of_the_account_what_it_has_kept(labo: Labo) -> None:
    for variables, word in ((ENGLISH, "What you had changed"), (FRENCH, "Ce que vous y aviez")):
        (labo.home / "mine").write_text("mine")
        said = labo.run("start", "4", **variables)[1]
        assert f"{labo.home}/mine.avant\n" in said
        assert word in said
        assert (labo.home / "mine").read_text() == "given\n"
        assert (labo.home / "mine.avant").read_text() == "mine"


class Page(http.server.BaseHTTPRequestHandler):
    """The course's page, which is well."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def test_the_page_is_told_where_it_answers(labo: Labo) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = {"one": 1, "flask": server.server_port}
        made = {
            name: container(name)
            | {"NetworkSettings": {"Ports": {"8888/tcp": [{"HostPort": str(port)}]}}}
            for name, port in told.items()
        }
        labo.engine.on("GET", r"/containers/json\?.*", [{"Id": one["Id"]} for one in made.values()])
        by_id = {one["Id"]: one for one in made.values()}
        labo.engine.on("GET", "/containers/(.{64})/json", lambda _, key: by_id[key])
        url = f"http://localhost:{server.server_port}"
        assert f"La page du cours\u00a0: {url}/fr/\n" in labo.run(**FRENCH)[1]
        said = labo.run("start", "4")[1]
        assert f"Read: {url}/en/exercises/04-last\n" in said
        assert "A goal" not in said
        server.shutdown()


def test_it_tells_what_a_preparation_has_made(labo: Labo) -> None:
    asked = []

    def listed(_: object) -> list[dict[str, str]]:
        asked.append(1)
        return [{"Id": container("made")["Id"]}] if len(asked) > 1 else []

    labo.has("made")
    labo.engine.on("GET", r"/containers/json\?.*", listed)
    assert "Made: container made\n" in labo.run("start", "1")[1]


def test_who_may_not_use_docker_is_told_whom_to_ask(labo: Labo) -> None:
    Path(labo.engine.path).unlink()
    code, said, wrong = labo.run("check", "1")
    assert (code, said) == (2, "")
    assert "Docker does not answer on this seat (No such file or directory)" in wrong
    assert "Docker ne répond pas" in labo.run(**FRENCH)[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_without_rights_one_sentence_says_so(labo: Labo) -> None:
    Path(labo.engine.path).chmod(0o600)
    for path in [labo.program, *labo.program.parents]:
        path.chmod(path.stat().st_mode | 0o755)
    for variables, word in ((ENGLISH, "may not use Docker"), (FRENCH, "n’a pas le droit")):
        said = subprocess.run(
            ["/usr/bin/python3", "-I", labo.program, "check", "1"],
            env=labo.environment(**variables),
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert (said.returncode, said.stdout) == (2, "")
        assert word in said.stderr
        assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "answer", [stand_in.DROP, stand_in.Raw(b"no"), stand_in.Refuse(500, "broken"), ["x"]]
)
def test_an_engine_that_talks_nonsense_is_no_traceback(labo: Labo, answer: object) -> None:
    labo.engine.on("GET", "/info", answer)
    code, said, wrong = labo.run("check", "1")
    assert (code, said) == (2, "")
    assert "Docker does not answer" in wrong


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "no"}])
def test_a_locale_without_our_characters_is_no_traceback(
    labo: Labo, variables: dict[str, str]
) -> None:
    assert labo.run("check", "1", **variables)[0] == 1


def test_what_a_terminal_cannot_show_is_told_in_what_it_can(labo: Labo) -> None:
    command = [sys.executable, labo.program, "check", "1"]
    variables = labo.environment(**FRENCH, PYTHONIOENCODING="ascii")
    said = subprocess.run(command, env=variables, capture_output=True, check=False)
    text = said.stdout.decode("ascii")
    assert '[ ] " one " est la' in text
    assert "Vous avez repondu 42" in text
    assert "Etapes faites : 0 sur 3." in text


def test_a_reader_that_has_enough_is_no_traceback(labo: Labo) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    said = subprocess.run(
        labo.command("--help"),
        env=labo.environment(),
        stdout=writes,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writes)
    assert (said.returncode, said.stderr) == (128 + signal.SIGPIPE, b"")


def in_terminal(labo: Labo, columns: int, *line: str, **variables: str) -> str:
    """Run labo in a terminal of so many columns, and return what that shows."""
    ours, theirs = pty.openpty()
    told = labo.environment(**{"TERM": "xterm", "COLUMNS": str(columns), **variables})
    with subprocess.Popen(labo.command(*line), env=told, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # it has ended
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


@pytest.fixture
def watching(labo: Labo, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """What begins to watch the first exercise; it is ended in any case.

    What it says is wrong is in tmp_path / "wrong".
    """
    begun: list[subprocess.Popen[str]] = []
    wrong = (tmp_path / "wrong").open("w", encoding="utf-8")

    def begin() -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                labo.command("check", "1", "--watch"),
                env=labo.environment(),
                stdout=subprocess.PIPE,
                stderr=wrong,
                text=True,
                encoding="utf-8",
            )
        )
        return begun[0]

    yield begin
    for one in begun:
        one.kill()
        one.communicate()
    wrong.close()


def looks(labo: Labo) -> int:
    """Return how often labo has looked at Docker."""
    return len([one for one in labo.engine.asked("GET") if one == "/info"])


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def wait_for(labo: Labo, count: int) -> None:
    """Wait for so many more looks."""
    begun = looks(labo)
    wait_until(lambda: looks(labo) >= begun + count)


def test_to_watch_tells_what_changes_alone_and_ends_by_a_key(
    labo: Labo, tmp_path: Path, watching: Callable[[], subprocess.Popen[str]]
) -> None:
    running, complaints = watching(), tmp_path / "wrong"
    wait_for(labo, 3)
    labo.has("one")
    wait_for(labo, 3)
    path, away = Path(labo.engine.path), Path(f"{labo.engine.path}.away")
    path.rename(away)
    wait_until(lambda: "Docker does not answer" in complaints.read_text(encoding="utf-8"))
    # Two looks more.
    time.sleep(4.5)
    away.rename(path)
    wait_for(labo, 2)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    wrong = complaints.read_text(encoding="utf-8")
    assert running.returncode == 1
    assert said.count("1. First contact") == 3
    assert said.count("Hint: Run two.") == 2
    assert said.count("labo looks every 2 seconds. Ctrl+C ends it.") == 1
    assert wrong.count("Docker does not answer") == 1
    assert "Traceback" not in wrong


def test_to_watch_goes_to_no_other_exercise_by_itself(
    labo: Labo, watching: Callable[[], subprocess.Popen[str]]
) -> None:
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    running = watching()
    wait_for(labo, 3)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert (running.returncode, said.count("all steps are done")) == (0, 1)
    assert "The last one" not in said


def test_the_page_of_mistakes_is_told_without_the_marks_of_its_language(labo: Labo) -> None:
    page = "# Erreurs\n\n> *refusé*\n\nVoir [là](#la).\n\n```sh poste\ndocker ps\n```\n"
    labo.program.with_name("mistakes.fr.md").write_text(page)
    code, said, _ = labo.run("mistakes", **FRENCH)
    assert (code, said) == (0, "# Erreurs\n\n    *refusé*\n\nVoir là.\n\ndocker ps\n")


def test_it_works_where_nothing_can_be_remembered_and_says_so_once(labo: Labo) -> None:
    labo.has("one")
    shutil.rmtree(labo.memory)
    code, said, wrong = labo.run("check", "1")
    assert (code, "[x] “one” is there" in said) == (1, True)
    assert wrong == f"Nothing will be remembered on this seat: {labo.memory} is not there.\n"
    code, _, wrong = labo.run("answer", "1", "42")
    assert (code, wrong.count("Nothing will be remembered")) == (2, 1)
    labo.memory.write_text("")
    assert "Nothing will be remembered" in labo.run("check", "1")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"version": 2}',
        '{"version": 1, "answers": {"01-first": "x"}, "done": {}, "saved": null}',
        '{"version": 1, "answers": {}, "done": {"01-first": {"one": "x"}}, "saved": null}',
        '{"version": 1, "answers": {}, "done": {"01-first": {"one": NaN}}, "saved": null}',
        json.dumps(memory.nothing()) + " " * memory.LARGEST,
    ],
)
def test_a_file_that_is_torn_is_left_aside_and_told(labo: Labo, text: str) -> None:
    own = labo.memory / f"{os.geteuid()}.json"
    own.write_text(text)
    code, said, wrong = labo.run("check", "1")
    assert (code, "[ ] “one” is there" in said) == (1, True)
    assert wrong == f"Files left aside in {labo.memory}, which are not labo’s: {own.name}\n"
    # It is its account's own to write over.
    labo.run("answer", "1", "42")
    assert labo.run("check", "1")[2] == ""


def test_a_file_of_another_account_counts_only_where_it_is_its_own(
    labo: Labo, tmp_path: Path
) -> None:
    other = os.geteuid() + 1
    done = {"01-first": {"one": 1.0, "two": 1.0}}
    told = {"version": 1, "answers": {"01-first": {"text": "42", "time": 1.0}}, "done": done}
    path = labo.memory / f"{other}.json"
    path.write_text(json.dumps(told | {"saved": None}))
    code, said, wrong = labo.run("check", "1")
    assert (code, said.count("[ ]")) == (1, 3)
    assert path.name in wrong
    if os.geteuid() == 0:
        os.chown(path, other, other)
        said = labo.run("check", "1")[1]
        assert (said.count("[~]"), said.count("[x]")) == (2, 1)
    # Nor is one that a link leads to.
    own = labo.memory / f"{os.geteuid()}.json"
    (tmp_path / "elsewhere").write_text(json.dumps(told | {"saved": None}))
    own.unlink(missing_ok=True)
    own.symlink_to(tmp_path / "elsewhere")
    assert own.name in labo.run("check", "1")[2]
    labo.run("answer", "1", "mine")
    assert not own.is_symlink()
    assert "42" in (tmp_path / "elsewhere").read_text()


def test_the_answers_of_all_accounts_count_and_the_earliest_time(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for uid, moment in ((1001, 5.0), (1002, 9.0), (1003, 7.0)):
        answers = {"e": {"text": f"of\x1b {uid}", "time": moment}}
        saved = {"time": moment, "images": [f"i{uid}"], "volumes": ["v"]}
        held = {"version": 1, "answers": answers, "done": {"e": {"s": moment}}, "saved": saved}
        (tmp_path / f"{uid}.json").write_text(json.dumps(held))
        os.chown(tmp_path / f"{uid}.json", uid, uid)
    found = memory.read(tmp_path)
    assert found.answers == {"e": ["of 1002", "of 1003", "of 1001"]}
    assert found.done == {"e": {"s": 5.0}}
    assert found.saved == (9.0, {"i1001", "i1002", "i1003"}, {"v"})
    assert found.odd == []


def test_of_two_that_look_at_once_the_first_counts(tmp_path: Path) -> None:
    mine = memory.Mine(tmp_path)
    mine.see([("e", "s", 1.0)])
    mine.see([("e", "s", 2.0)])
    mine.write()
    assert memory.read(tmp_path).done == {"e": {"s": 1.0}}


def test_of_many_taken_names_some_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_FILES", 2)
    for uid in range(90_000, 90_005):
        (tmp_path / f"{uid}.json").write_text("{}")
    assert len(memory.read(tmp_path).odd) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
@pytest.mark.parametrize("name", ["junk-{}", "{}.json"])
def test_of_very_many_files_a_part_is_looked_at_and_ones_own_in_any_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Counted, and not timed: others fill the directory, and one's own file is the last in it."""
    monkeypatch.setattr(memory, "MOST_ENTRIES", 20)
    for number in range(70_000, 70_100):
        (tmp_path / name.format(number)).touch()
        os.chown(tmp_path / name.format(number), 5000, 5000)
    held_by(tmp_path, 4000, done={"e": {"s": 5.0}})
    looked, asked = [], []
    whole, lstat = os.scandir, Path.lstat

    @contextmanager
    def scandir(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with whole(path) as entries:
            there = sorted(entries, key=lambda one: one.name == "4000.json")
            yield (looked.append(one.name) or one for one in there)  # type: ignore[func-returns-value]

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "lstat", lambda path: asked.append(path) or lstat(path))
    monkeypatch.setattr(os, "geteuid", lambda: 4000)
    found = memory.read(tmp_path)
    assert (found.done, found.crowded) == ({"e": {"s": 5.0}}, True)
    assert (len(looked), len(asked) <= 21) == (21, True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert memory.read(tmp_path).done == {}


def test_it_says_where_there_is_more_than_it_looks_at(labo: Labo) -> None:
    for number in range(memory.MOST_ENTRIES + 1):
        (labo.memory / str(number)).touch()
    assert "There are more than 2000 files in" in labo.run("check", "1")[2]
    assert "Il y a plus de 2000 fichiers" in labo.run(**FRENCH)[2]
    (labo.memory / "0").unlink()
    assert labo.run("check", "1")[2] == ""


def held_by(place: Path, uid: int, **held: object) -> Path:
    """Write an account's file, as the account would, and return its path."""
    path = place / f"{uid}.json"
    path.write_text(json.dumps({**memory.nothing(), **held}))
    os.chown(path, uid, uid)
    return path


# The last is in the year 2096.
NO_TIMES = [0.0, -1e300, 1e300, 9e18, 4e9]


@pytest.mark.parametrize("moment", NO_TIMES)
def test_a_time_that_cannot_be_counts_for_nothing(labo: Labo, moment: float) -> None:
    answers = {"01-first": {"text": "42", "time": moment}}
    saved = {"time": moment, "images": ["i"], "volumes": ["v"]}
    done = {"01-first": {"one": moment}, "04-last": {"there": moment}}
    held_by(labo.memory, os.geteuid(), answers=answers, done=done, saved=saved)
    assert labo.run("check", "1")[1].count("[ ]") == 3
    assert "1. First contact, 10 min (0/3) ← you are here" in labo.run()[1]
    assert memory.read(labo.memory)[:3] == ({}, {"01-first": {}, "04-last": {}}, memory.Saved())
    # What is seen from now on is remembered all the same.
    labo.has("one")
    labo.run("check", "1")
    labo.has()
    assert "[~] “one” is there" in labo.run("check", "1")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_no_account_takes_the_place_of_anothers_answer(labo: Labo) -> None:
    labo.run("answer", "1", "42")
    later = {"01-first": {"text": "zzz", "time": time.time() + 30}}
    held_by(labo.memory, 1001, answers=later)
    assert "Given: ['zzz', '42']" in labo.run("check", "1")[1] + labo.run("check", "--json")[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_files_that_are_not_their_accounts_hide_no_record(tmp_path: Path) -> None:
    for number in range(1, 2 * memory.MOST_FILES):
        (tmp_path / f"{number}.json").touch()
        os.chown(tmp_path / f"{number}.json", 5000, 5000)
    (tmp_path / "٣.json").touch()
    (tmp_path / "05000.json").touch()
    held_by(tmp_path, 4000, done={"e": {"s": 5.0}})
    found = memory.read(tmp_path)
    assert found.done == {"e": {"s": 5.0}}
    assert len(found.odd) == memory.MOST_FILES
    assert "05000.json" not in found.odd


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_of_many_accounts_ones_own_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_FILES", 2)
    for uid in range(1000, 1005):
        held_by(tmp_path, uid, done={f"e{uid}": {"s": 5.0}})
    assert list(memory.read(tmp_path).done) == ["e1000", "e1001"]
    monkeypatch.setattr(os, "geteuid", lambda: 1004)
    assert list(memory.read(tmp_path).done) == ["e1004", "e1000"]


def test_what_is_no_file_keeps_nothing_open(tmp_path: Path) -> None:
    (tmp_path / f"{os.geteuid()}.json").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        assert memory.read(tmp_path).odd == [f"{os.geteuid()}.json"]
    assert len(os.listdir("/proc/self/fd")) == before


def drip(server: socket.socket) -> None:
    """Answer one who asks, by a byte now and then, and never to the end."""
    with suppress(OSError):
        while True:
            talk, _ = server.accept()
            with suppress(OSError), talk:
                talk.sendall(b"HTTP/1.0 200 OK\r\nX: ")
                for _ in range(40):
                    time.sleep(0.5)
                    talk.sendall(b"x")


def test_a_page_that_drips_is_no_page(labo: Labo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=[server], daemon=True).start()
        port = str(server.getsockname()[1])
        known = {}
        for name in ("flask", *(f"copy{number}" for number in range(9))):
            known[container(name)["Id"]] = container(name) | {
                "NetworkSettings": {"Ports": {"8888/tcp": [{"HostPort": port}]}}
            }
        labo.engine.on("GET", r"/containers/json\?.*", [{"Id": key} for key in known])
        labo.engine.on("GET", "/containers/(.{64})/json", lambda _, key: known[key])
        begun = time.monotonic()
        assert "The course’s page does not answer" in labo.run()[1]
        # One of the ten would take twenty seconds to its end.
        assert time.monotonic() - begun < 15


def test_what_is_not_written_whole_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = memory.Mine(tmp_path)
    mine.answer("e", "first")
    mine.write()
    mine.answer("e", "second")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        mine.write()
    assert memory.read(tmp_path).answers == {"e": ["first"]}
    assert len(list(tmp_path.iterdir())) == 1


def test_what_an_exercise_may_need_has_a_name() -> None:
    assert {f"need_{one}" for one in exercises.NEEDS} <= set(words.texts()["en"])


def test_every_text_that_is_said_is_there_and_no_other() -> None:
    there = set(words.texts()["en"])
    code = Path(command.__file__).read_text()
    said = set(re.findall(r"[\"'](\w+)[\"']", code))
    made = {f"kind_{one}" for one in command.KINDS} | {f"need_{one}" for one in exercises.NEEDS}
    assert there <= said | made
    assert set(re.findall(r'\bsay\("(\w+)"', code)) | made <= there


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": ""}, "fr"),
        ({"LANG": "C", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "xx_XX"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words.language() == language


MINE, COURSE, BASE = "a" * 64, "c" * 64, "b" * 64


def image(key: str, *names: str) -> dict[str, Any]:
    """Return an image as the engine lists it."""
    return {"Id": f"sha256:{key}", "RepoTags": list(names) or None}


def described(key: str) -> dict[str, Any]:
    """Return an image as the engine describes it, with the label of the image it comes from."""
    config = {"Labels": {"labocloud.revision": "1f"}}
    return {"Config": config, "RootFS": {"Layers": [key]}, "Architecture": "amd64"}


def of_volume(name: str) -> bytes:
    """Return a volume's content as the engine sends it: a file that ends in 5000 zero bytes."""
    return image_tar.tar(("./", ""), (f"./{name[:9]}", b"of" + name.encode() + bytes(5000)))


class Work:
    """A seat on which a student has made something, as the engine tells it, and their folder."""

    def __init__(self, labo: Labo) -> None:
        self.labo, engine = labo, labo.engine
        self.folder = labo.home / "labocloud"
        (self.folder / "ex3").mkdir(parents=True)
        (self.folder / "ex3/app.py").write_text("print(1)\n")
        (self.folder / "ex3/link").symlink_to("app.py")
        (self.folder / "labo-save-20260101-1000.tar").write_text("earlier")
        os.mkfifo(self.folder / "ex3/pipe")
        self.images(
            image(MINE, "mien:1", "mien:2"),
            image(COURSE, "labocloud20202021:python", "autre:1"),
            image(BASE, "labocloud20202021:base"),
            image("d" * 64),
        )
        self.deliver(COURSE, BASE)
        mounts = [{"Type": "volume", "Name": "1" * 64}, {"Type": "bind", "Source": "/x"}]
        volumes = ["compte", "1" * 64, "2" * 64]
        engine.on("GET", "/images/sha256:(.{64})/json", lambda _, key: described(key))
        engine.on("GET", r"/containers/json\?all=true", [{"Id": "x", "Mounts": mounts}])
        engine.on("GET", r"/containers/json\?all=true&filters=.*", [])
        engine.on("GET", "/volumes", {"Volumes": [{"Name": name} for name in volumes]})
        engine.on("GET", r"/images/get\?(.*)", self.give)
        engine.on("POST", "/containers/create", self.create)
        engine.on(
            "GET",
            r"/containers/(.*)/archive\?path=/from/\.",
            lambda _, name: stand_in.Raw(of_volume(name)),
        )
        engine.on("DELETE", "/containers/.*", None)

    def images(self, *images: dict[str, Any]) -> None:
        """Have the engine list these."""
        self.labo.engine.on("GET", "/images/json", list(images))

    def deliver(self, *keys: str) -> None:
        """Have the toolkit have brought these."""
        prints = [fingerprint(described(key)) for key in keys]
        told = save.told_of(prints)
        self.labo.program.with_name(save.DELIVERED).write_bytes(told)

    def give(self, _: object, query: str) -> stand_in.Raw:
        """Return an archive of images, as the engine sends it."""
        names = [unquote(one.removeprefix("names=")) for one in query.split("&")]
        return stand_in.Raw(image_tar.images(*names))

    def create(self, question: stand_in.Question) -> dict[str, str]:
        """Have a container made that has a volume, whose name is its ID."""
        asked = question.json
        [mount] = asked["HostConfig"]["Mounts"]
        assert (asked["Image"], asked["HostConfig"]["NetworkMode"]) == (BASE, "none")
        assert (mount["Type"], mount["ReadOnly"]) == ("volume", True)
        return {"Id": mount["Source"]}

    def saves(self, folder: Path | None = None) -> list[Path]:
        """Return the saved archives, whole or partial, without the earlier one."""
        there = (folder or self.folder).glob("*.tar*")
        return sorted(one for one in there if "20260101" not in one.name)


@pytest.fixture
def work(labo: Labo) -> Work:
    """What a student has made."""
    return Work(labo)


def test_all_of_a_students_work_is_in_one_file_and_how_to_load_it(work: Work) -> None:
    code, said, wrong = work.labo.run("save", **FRENCH)
    assert (code, wrong) == (0, "")
    [path] = work.saves()
    with tarfile.open(path) as archive:
        names = archive.getnames()
        held = {
            name: archive.extractfile(name).read()  # type: ignore[union-attr]
            for name in names
            if archive.getmember(name).isreg()
        }
        assert archive.getmember("labocloud/ex3/link").linkname == "app.py"
    assert sorted(names) == [
        "README.txt",
        "images.tar.gz",
        "labocloud",
        "labocloud/ex3",
        "labocloud/ex3/app.py",
        "labocloud/ex3/link",
        f"volumes/{'1' * 64}.tar.gz",
        "volumes/compte.tar.gz",
    ]
    assert held["labocloud/ex3/app.py"] == b"print(1)\n"
    assert gzip.decompress(held["volumes/compte.tar.gz"]) == of_volume("compte")
    # The base is with them: theirs are built on it. The course's other name is the course's.
    names = ["labocloud20202021:base", "mien:1", "mien:2"]
    assert gzip.decompress(held["images.tar.gz"]) == image_tar.images(*names)
    readme = held["README.txt"].decode()
    for text in (readme, said):
        assert f"  tar -xf {path.name}\n" in text
        assert "  docker load -i images.tar.gz\n" in text
        assert (
            '  docker run --rm -v compte:/to -v "${PWD}/volumes:/from:ro"'
            " labocloud20202021:base tar -C /to -xzf /from/compte.tar.gz\n"
        ) in text
        assert "Chez vous, avec Docker" in text
    assert f"Sauvé\u00a0: {path}" in said
    assert work.labo.engine.asked("DELETE") == [
        f"/containers/{name}?force=true" for name in ("1" * 64, "compte")
    ]
    saved = memory.read(work.labo.memory).saved
    assert (saved.images, saved.volumes) == ({MINE}, {"1" * 64, "compte"})
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["python", "moi", "v2", "tp", "python-1f0000000000"])
def test_a_build_of_ones_own_that_has_the_courses_name_is_ones_own(work: Work, name: str) -> None:
    """Built from the course image, or committed, it has inherited the label."""
    own = image(MINE, f"labocloud20202021:{name}")
    work.images(own, image(COURSE, "autre:1"), image(BASE, "labocloud20202021:base"))
    assert f"labocloud20202021:base, labocloud20202021:{name} (" in work.labo.run("save")[1]
    assert memory.read(work.labo.memory).saved.images == {MINE}


@pytest.mark.parametrize("told", [None, b"", b"{}", b"[1]", b"\xff"])
def test_where_it_is_not_known_what_was_delivered_nothing_is_left_out(
    work: Work, told: bytes | None
) -> None:
    path = work.labo.program.with_name(save.DELIVERED)
    path.unlink() if told is None else path.write_bytes(told)
    assert work.labo.run("save")[0] == 0
    assert memory.read(work.labo.memory).saved.images == {MINE, COURSE, BASE}


def test_an_image_that_goes_meanwhile_or_is_odd_is_no_traceback(work: Work) -> None:
    work.labo.engine.on("GET", f"/images/sha256:{COURSE}/json", stand_in.Refuse(404))
    work.labo.engine.on("GET", f"/images/sha256:{BASE}/json", ["x"])
    assert work.labo.run("save")[0] == 0
    assert memory.read(work.labo.memory).saved.images == {MINE, COURSE, BASE}


def cut(data: bytes) -> list[bytes]:
    """Return what can be left of an archive whose writer gives up: cut at each kind of place."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        *_, last = archive
    end = last.offset_data + -(-last.size // 512) * 512
    return [b"", data[:512], data[:700], data[: end - 600], data[:end], data[: end + 512]]


@pytest.mark.parametrize("piece", range(6))
def test_a_volume_that_is_torn_is_read_again(work: Work, piece: int) -> None:
    whole, asked = of_volume("compte"), []

    def answer(_: object) -> stand_in.Raw:
        asked.append(1)
        return stand_in.Raw(whole if len(asked) == 3 else cut(whole)[piece])

    work.labo.engine.on("GET", r"/containers/compte/archive\?path=/from/\.", answer)
    code, _, wrong = work.labo.run("save")
    assert (code, wrong, len(asked)) == (0, "", 3)
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert archive.getnames().count("volumes/compte.tar.gz") == 1
        held = archive.extractfile("volumes/compte.tar.gz").read()  # type: ignore[union-attr]
    assert gzip.decompress(held) == whole


def test_a_volume_that_is_torn_each_time_is_left_aside_loudly(work: Work) -> None:
    torn = stand_in.Raw(cut(of_volume("compte"))[4])
    work.labo.engine.on("GET", r"/containers/compte/archive\?path=/from/\.", torn)
    code, said, wrong = work.labo.run("save")
    assert (code, "NOT SAVED" in wrong, "compte" in wrong) == (1, True, True)
    assert "compte.tar.gz" not in said
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert "volumes/compte.tar.gz" not in archive.getnames()
        assert {"images.tar.gz", f"volumes/{'1' * 64}.tar.gz"} <= set(archive.getnames())
    assert memory.read(work.labo.memory).saved.volumes == {"1" * 64}
    assert "PAS SAUVÉ" in work.labo.run("save", **FRENCH)[2]


@pytest.mark.parametrize("kind", ["half", "without one of them", "without a layer"])
def test_images_that_are_torn_each_time_are_left_aside_loudly(work: Work, kind: str) -> None:
    names = ["labocloud20202021:base", "mien:1", "mien:2"]
    whole = image_tar.images(*names)
    given = {
        "half": whole[: len(whole) // 2],
        "without one of them": image_tar.images(*names[:2]),
        "without a layer": image_tar.tar(("manifest.json", image_tar.manifest(*names))),
    }
    work.labo.engine.on("GET", r"/images/get\?.*", stand_in.Raw(given[kind]))
    code, said, wrong = work.labo.run("save")
    assert (code, "NOT SAVED" in wrong, "mien:1" in wrong) == (1, True, True)
    assert "docker load" not in said
    [path] = work.saves()
    with tarfile.open(path) as archive:
        assert "images.tar.gz" not in archive.getnames()
        assert "volumes/compte.tar.gz" in archive.getnames()
    saved = memory.read(work.labo.memory).saved
    assert (saved.images, saved.volumes) == (set(), {"1" * 64, "compte"})


def test_what_is_to_be_pasted_has_only_words_of_its_own(work: Work) -> None:
    """Whoever answers in Docker's place, or names a volume."""
    names = ["mien:1", "x;sh $HOME", "-v/:/x", "a\nb:1"]
    work.images(image(MINE, *names), image(BASE, "labocloud20202021:base"))
    volumes = [{"Name": name} for name in ("compte", "x;sh", "$(id)", "-v")]
    work.labo.engine.on("GET", "/volumes", {"Volumes": volumes})
    path = work.labo.home / "x;sh $HOME.tar"
    code, said, wrong = work.labo.run("save", str(path))
    assert (code, wrong) == (0, "")
    assert "  tar -xf 'x;sh $HOME.tar'\n" in said
    lines = [line for line in said.splitlines() if line.startswith("  docker run")]
    assert ["compte:/to" in line for line in lines] == [True]
    assert "(labocloud20202021:base, mien:1)" in said
    for word in ("x;sh\n", "$(id)", "-v/:/x"):
        assert word not in said


def test_what_is_there_is_not_written_over(work: Work) -> None:
    mine = work.labo.home / "mine.tar"
    mine.write_text("kept")
    assert work.labo.run("save", str(mine))[0] == 0
    assert mine.read_text() == "kept"
    assert (work.labo.home / "mine-2.tar").exists()
    assert work.labo.run("save", str(work.labo.home))[0] == 0
    assert len(list(work.labo.home.glob("labo-save-*.tar"))) == 1
    # Into the folder that is saved, under a name of its own.
    assert work.labo.run("save", str(work.folder / "mine.tar"))[0] == 0
    with tarfile.open(work.folder / "mine.tar") as archive:
        assert "labocloud/mine.tar.part" not in archive.getnames()


def test_what_cannot_be_is_told_and_leaves_nothing(work: Work) -> None:
    code, _, wrong = work.labo.run("save", "/none/such/file.tar")
    assert (code, "/none/such" in wrong) == (2, True)
    work.labo.engine.on("GET", r"/images/get\?.*", stand_in.Refuse(500, "no space left on device"))
    code, _, wrong = work.labo.run("save")
    assert (code, "Nothing is saved" in wrong, "no space left" in wrong) == (2, True, True)
    assert work.saves() == []
    assert memory.read(work.labo.memory).saved == memory.Saved()


def test_a_disk_that_is_full_leaves_nothing_of_it(work: Work, tmp_path: Path) -> None:
    (work.folder / "large").write_bytes(b"x" * 100_000)
    said = subprocess.run(
        work.labo.command("save"),
        env=work.labo.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 2
    assert "Nothing is saved" in said.stderr
    assert work.saves() == []
    full = command.not_saved(OSError(28, "No space left on device"), tmp_path / "x.tar")
    assert f"in {tmp_path}" in full or str(tmp_path) in full


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_in_the_middle_leaves_nothing_half(work: Work, number: int) -> None:
    work.labo.engine.on("GET", "/containers/.*/archive.*", stand_in.Stream(b"x" * 1000))
    with subprocess.Popen(
        work.labo.command("save"),
        env=work.labo.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        asked = work.labo.engine.asked
        wait_until(lambda: any("archive" in one for one in asked("GET")))
        assert len(work.saves()) == 1
        running.send_signal(number)
        _, wrong = running.communicate(timeout=120)
    assert (running.returncode, wrong) == (130, b"")
    assert work.saves() == []
    assert work.labo.engine.asked("DELETE") == [f"/containers/{'1' * 64}?force=true"]


def test_what_a_save_that_was_killed_has_left_goes_with_the_next(work: Work) -> None:
    left = r"/containers/json\?all=true&filters=.*labo.save.*"
    work.labo.engine.on("GET", left, [{"Id": "left"}])
    assert work.labo.run("save")[0] == 0
    assert work.labo.engine.asked("DELETE")[0] == "/containers/left?force=true"


def test_who_has_made_nothing_is_told_so(labo: Labo) -> None:
    labo.engine.on("GET", r"/containers/json\?.*", [])
    code, said, _ = labo.run("save")
    assert (code, "There is nothing to save" in said) == (0, True)
    assert list(labo.home.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads all")
def test_what_the_account_cannot_read_is_left_aside_and_told(work: Work) -> None:
    (work.folder / "secret").write_text("x")
    (work.folder / "secret").chmod(0)
    code, _, wrong = work.labo.run("save")
    assert (code, str(work.folder / "secret") in wrong) == (0, True)


def test_a_directory_that_cannot_be_entered_is_left_aside_and_told(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root enters all: what another account is told stands in."""
    closed, whole = work.folder / "closed", os.scandir
    closed.mkdir()

    def scandir(path: str) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    path = work.labo.home / "made.tar"
    with path.open("wb") as file:
        archive = save.Archive(file)
        assert save.save_folder(archive, work.folder, path) == [closed]
        archive.close()
    with tarfile.open(path) as made:
        assert "labocloud/ex3/app.py" in made.getnames()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_what_another_account_has_closed_is_left_aside(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name, mode in (("named", 0o444), ("closed", 0o700)):
        (folder / name / "deeper").mkdir(parents=True)
        (folder / name / "file").touch()
        (folder / name).chmod(mode)
    for path in [folder, *folder.parents]:
        path.chmod(path.stat().st_mode | 0o755)
    with (tmp_path / "made.tar").open("wb") as file:
        os.seteuid(65534)
        try:
            left = save.save_folder(save.Archive(file), folder, tmp_path / "made.tar")
        finally:
            os.seteuid(0)
    named = folder / "named"
    assert sorted(left) == [folder / "closed", named / "deeper", named / "file"]


def test_a_folder_that_is_a_link_is_saved_as_the_folder_that_it_is(
    work: Work, tmp_path: Path
) -> None:
    real = work.folder.rename(work.labo.home / "real")
    work.folder.symlink_to(real.name)
    assert work.labo.run("save")[0] == 0
    [path] = work.saves()
    subprocess.run(["tar", "-xf", path], cwd=tmp_path, check=True)
    assert (tmp_path / "labocloud/ex3/app.py").read_text() == "print(1)\n"


def test_what_is_left_half_keeps_no_name_from_the_next(work: Work) -> None:
    half = work.labo.home / "mine.tar.part"
    half.write_text("half")
    assert work.labo.run("save", str(work.labo.home / "mine.tar"))[0] == 0
    assert half.read_text() == "half"
    assert (work.labo.home / "mine-2.tar").exists()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_volume_that_cannot_be_read_keeps_none_from_being_saved(work: Work, method: str) -> None:
    def create(question: stand_in.Question) -> object:
        made = work.create(question)
        refused = stand_in.Refuse(500, "error while mounting volume")
        return refused if method == "POST" and made["Id"] == "broken" else made

    volumes = ["broken", "compte"]
    work.labo.engine.on("GET", "/volumes", {"Volumes": [{"Name": name} for name in volumes]})
    work.labo.engine.on("POST", "/containers/create", create)
    work.labo.engine.on(
        "GET", r"/containers/broken/archive\?.*", stand_in.Refuse(500, "error while mounting")
    )
    code, said, wrong = work.labo.run("save")
    assert (code, wrong) == (0, "Left aside, since they cannot be read: volume broken\n")
    [path] = work.saves()
    with tarfile.open(path) as archive:
        names = archive.getnames()
        held = archive.extractfile("volumes/compte.tar.gz").read()  # type: ignore[union-attr]
        readme = archive.extractfile("README.txt").read()  # type: ignore[union-attr]
    assert [name for name in names if "broken" in name] == []
    assert gzip.decompress(held) == of_volume("compte")
    assert "compte.tar.gz" in said
    assert ("broken" in said, b"broken" in readme) == (False, False)
    assert memory.read(work.labo.memory).saved.volumes == {"compte"}


def test_a_file_that_grows_while_it_is_saved_breaks_no_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_bytes(b"1" * 10)
    path = tmp_path / "made.tar"
    with path.open("wb") as file:
        archive = save.Archive(file)
        with archive.member("a" * 150) as target:
            target.write(b"2" * 1000)
        save.save_folder(archive, tmp_path / "in", path)
        archive.close()
    with tarfile.open(path) as made:
        assert [one.size for one in made] == [1000, 0, 10]
        assert made.extractfile("labocloud/file").read() == b"1" * 10  # type: ignore[union-attr]
