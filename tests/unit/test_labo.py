"""Test the command `labo`, as a student runs it."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import image_tar
import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.plugin_utils import lesson_files
from sample_labo import ENGLISH, EXERCISES, FRENCH, Labo, container
from stand_in import wait_until


def test_it_lists_the_exercises_and_where_one_is(labo: Labo) -> None:
    code, output, errors = labo.run()
    assert (code, errors) == (0, "")
    assert output == (
        "[ ] 1. First contact, 10\u00a0min (0/3) ← you are here\n"
        "[-] 2. Compose, 10\u00a0min (not for this seat: it has no docker compose)\n"
        "[?] 3. Wrong, 10\u00a0min (not judged: tell the teacher)\n"
        "[ ] 4. The last one, 10\u00a0min (0/1)\n"
        "\n"
        "The course’s page does not answer: labo mistakes tells how to run it again.\n"
        "To go on: labo start 1, then labo check 1\n"
    )
    assert "[ ] 1. Premier contact, 10\u00a0min (0/3) ← vous êtes ici\n" in labo.run(**FRENCH)[1]


def test_it_tells_step_by_step_what_is_done_and_the_hint_of_the_next(labo: Labo) -> None:
    labo.has("one")
    code, output, _ = labo.run("check", "1", **FRENCH)
    assert code == 1
    assert output == (
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
    code, output, _ = labo.run("check", "1")
    assert code == 0
    assert "Hint" not in output
    assert output.endswith("Exercise 1: all steps are done.\nAll is done.\n")


def at_the_last(labo: Labo) -> None:
    """Have the seat be at the last exercise, with the first one still open."""
    mine = {"version": 1, "answers": {}, "done": {"02-compose": {"there": 2.0}}, "saved": None}
    (labo.memory / f"{os.geteuid()}.json").write_text(json.dumps(mine))


def test_behind_what_is_done_it_tells_what_comes_next(labo: Labo) -> None:
    at_the_last(labo)
    labo.has("one")
    assert labo.run("check", "4")[1].endswith(
        "Exercise 4: all steps are done.\nNext: 1. First contact, 10\u00a0min; type labo next\n"
    )
    assert "Next" not in labo.run("check", "1")[1]


def test_what_was_so_and_is_no_longer_is_neither_done_nor_open(labo: Labo) -> None:
    labo.has("one")
    labo.run("check", "1")
    labo.has()
    code, output, _ = labo.run("check", "1")
    assert code == 1
    assert re.search(
        r"\[~\] “one” is there: was done at \d\d:\d\d, and no longer is\n      Hint: Run one.",
        output,
    )
    assert output.endswith("Steps done: 0 of 3.\n")
    assert "(0/3; steps that are no longer done: 1) ← you are here" in labo.run()[1]
    first = json.loads(labo.run("check", "--json")[1])["01-first"]
    assert [step["state"] for step in first] == ["was", "open", "open"]


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
    progress: dict[str, Any] = json.loads(labo.run("check", "1", "--json")[1])
    return progress["01-first"]  # type: ignore[no-any-return]


def test_programs_are_told_all_exercises_and_both_languages(labo: Labo) -> None:
    labo.has("one")
    code, output, _ = labo.run("check", "--json")
    progress = json.loads(output)
    assert (code, list(progress)) == (0, list(EXERCISES))
    assert [(step["id"], step["done"]) for step in progress["01-first"]] == [
        ("one", True),
        ("two", False),
        ("told", False),
    ]
    assert progress["01-first"][1]["hint"] == {"fr": "Lancez two.", "en": "Run two."}
    assert progress["03-wrong"] == []


def test_without_a_number_the_exercise_is_checked_that_one_is_at(labo: Labo) -> None:
    assert labo.run("check")[1].startswith("1. First contact")
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    assert labo.run("check")[1].startswith("4. The last one")
    assert "All is done." in labo.run()[1]
    labo.has("one")
    assert "All has been done. [~]: some steps no longer are" in labo.run()[1]


def test_an_exercise_that_was_done_before_another_is_not_where_one_is(labo: Labo) -> None:
    """Show that a student who skips an exercise is at the one that they continued with."""
    mine = {"version": 1, "answers": {}, "done": {"04-last": {"there": 2.0}}, "saved": None}
    (labo.memory / f"{os.geteuid()}.json").write_text(json.dumps(mine))
    assert "1. First contact, 10\u00a0min (0/3) ← you are here" in labo.run()[1]
    mine["done"] = {"01-first": {"one": 3.0}, "04-last": {"there": 2.0}}
    (labo.memory / f"{os.geteuid()}.json").write_text(json.dumps(mine))
    assert labo.run("check")[1].startswith("1. First contact")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["foo"], ["“foo”", "labo --help"]),
        (["2"], ["“2”", "labo check 2"]),
        ([""], ["labo --help"]),
        (["chek", "3"], ["“chek”", "Did you mean: labo check 3?"]),
        (["satrt", "8"], ["labo start 8?"]),
        (["mistake"], ["labo mistakes?"]),
        (["check", "3", "--wach"], ["option --wach. Did you mean: labo check 3 --watch?"]),
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
    code, output, errors = labo.run(*line)
    assert (code, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert [word for word in words if word not in errors] == []


@pytest.mark.parametrize("line", [["--help"], ["-h"], ["help"], ["check", "--help"]])
def test_help_is_in_both_languages_and_within_a_terminal(labo: Labo, line: list[str]) -> None:
    for variables, word in ((FRENCH, "un indice"), (ENGLISH, "a hint")):
        code, output, errors = labo.run(*line, **variables)
        assert (code, errors) == (0, "")
        assert word in output
        assert str(labo.memory) in output
        assert max(map(len, output.replace(str(labo.memory), "").splitlines())) <= 80
        for name in ("start", "check", "answer", "save", "mistakes", "--watch", "--json"):
            assert name in output
        assert "labo next" in output
        assert "LABO_LANG" in output


def test_next_starts_what_comes_next_where_the_present_one_is_not_half_done(labo: Labo) -> None:
    code, output, _ = labo.run("next")
    assert (code, "Ready for exercise 1: First contact\n" in output) == (0, True)
    labo.has("two")
    assert labo.run("next") == (
        1,
        "Exercise 1 is not done yet (1 of 3): labo check 1. "
        "To go on to the next one all the same: labo start 4\n",
        "",
    )
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    # Of the last exercise, the one step is that “one” is there.
    assert labo.run("next")[:2] == (0, "All is done.\n")


def test_where_all_was_done_next_does_not_say_that_it_is(labo: Labo) -> None:
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    labo.run("check", "1")
    labo.has("one")
    was = "All has been done. [~]: some steps no longer are;"
    for line in (["next"], ["check", "4"], []):
        code, output, _ = labo.run(*line)
        assert (code, was in output, "All is done" in output) == (0, True, False)


@pytest.mark.parametrize("command", ["", "next", "start", "check", "hint", "answer"])
def test_without_exercises_each_command_says_so(labo: Labo, tmp_path: Path, command: str) -> None:
    (tmp_path / "none").mkdir()
    labo.program.write_bytes(lesson_files.command(tmp_path / "none"))
    line = [command] if command else []
    assert labo.run(*line) == (2, "", "This labo has no exercises.\n")


def test_where_docker_is_down_the_text_of_an_exercise_is_there(labo: Labo) -> None:
    Path(labo.engine.path).unlink()
    code, output, errors = labo.run("start", "1")
    assert code == 2
    assert "# First contact\n\nA goal. 10 minutes." in output
    assert "Ready" not in output
    assert not (labo.home / "where").exists()
    complaint, not_ready = errors.splitlines()
    assert "Docker does not answer on this seat" in complaint
    assert not_ready == "Nothing was made ready: labo start 1, when Docker answers."


def test_it_starts_an_exercise_and_tells_where_to_read_it(labo: Labo) -> None:
    code, output, _ = labo.run("start", "1")
    assert code == 0
    assert "Ready for exercise 1: First contact\nIt is ready.\n" in output
    assert (labo.home / "where").read_text().strip() == str(labo.home)
    # No page answers.
    assert "# First contact\n\nA goal. 10 minutes." in output
    assert output.endswith("See what is missing: labo check 1\n")
    (labo.home / "fail").touch()
    code, _, errors = labo.run("start", "1")
    assert (code, "has stopped (code 1)" in errors) == (2, True)


def test_it_tells_in_the_language_of_the_account_what_it_has_kept(labo: Labo) -> None:
    for variables, word in ((ENGLISH, "What you had changed"), (FRENCH, "Ce que vous y aviez")):
        (labo.home / "mine").write_text("mine")
        output = labo.run("start", "4", **variables)[1]
        assert f"{labo.home}/mine.avant\n" in output
        assert word in output
        assert (labo.home / "mine").read_text() == "given\n"
        assert (labo.home / "mine.avant").read_text() == "mine"


def published(name: str, port: int) -> dict[str, Any]:
    """Return a container as the engine describes it, whose page is at a port of the seat."""
    ports = {"8888/tcp": [{"HostPort": str(port)}]}
    return container(name) | {"NetworkSettings": {"Ports": ports}}


def healthy(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer as the course's page that is well, at the path of the health check alone."""
    handler.send_response(200 if handler.path == "/healthz" else 404)
    handler.end_headers()


def test_the_page_is_told_where_it_answers(labo: Labo) -> None:
    with stand_in.serving(healthy) as port:
        ports = {"one": 1, "flask": port}
        labo.has_containers([published(name, number) for name, number in ports.items()])
        url = f"http://localhost:{port}"
        assert f"La page du cours\u00a0: {url}/fr/\n" in labo.run(**FRENCH)[1]
        output = labo.run("start", "4")[1]
        assert f"Read: {url}/en/exercises/04-last\n" in output
        assert "A goal" not in output


def test_only_the_courses_containers_are_asked_for_the_page(labo: Labo) -> None:
    """Show that nothing is written to the log of a student's server."""
    course = image_tar.inspected(f"sha256:{'c' * 64}", "labocloud20202021:python")
    labo.deliver(course)
    have_images(labo, course)
    asked: list[str] = []

    def counting(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        healthy(handler)

    with stand_in.serving(counting) as others, stand_in.serving(healthy) as port:
        own = published("flask", others) | {"Image": f"sha256:{'d' * 64}"}
        labo.has_containers([own, published("again", port) | {"Image": course["Id"]}])
        assert f"The course’s page: http://localhost:{port}/en/\n" in labo.run()[1]
    assert asked == []


def have_images(labo: Labo, *images: dict[str, Any]) -> None:
    """Set the images of the engine, by their descriptions."""
    by_id = {item["Id"]: item for item in images}
    labo.engine.on("GET", "/images/json", list(images))
    labo.engine.on("GET", "/images/([^/]*)/json", lambda _, key: by_id[key])
    labo.engine.on("GET", "/images/.*/history", [])


def test_an_image_of_the_course_that_is_missing_is_said_first(labo: Labo) -> None:
    base = image_tar.inspected(f"sha256:{'b' * 64}", "labocloud20202021:base")
    course = image_tar.inspected(f"sha256:{'c' * 64}", "labocloud20202021:python-0123456789ab")
    have_images(labo, {**base, "RepoTags": []}, course)
    # Where nothing is known, nothing is missing.
    assert labo.run("check", "1")[1].startswith("1. First contact\n")
    labo.deliver(base, course)
    # A base without a name may be of an older revision, which a container has kept.
    missing = (
        "The image labocloud20202021:base is no longer on this seat: docker image prune -a, or "
        "docker rmi, has removed it. Without it nothing works that starts from it. The teacher "
        "types: ./lab up\n"
    )
    renamed = (
        "The name labocloud20202021:python is no longer that of the course’s image. To give it "
        "back: docker tag labocloud20202021:python-0123456789ab labocloud20202021:python\n"
    )
    assert labo.run("check", "1")[1].startswith(f"{missing}{renamed}1. First contact\n")
    assert labo.run()[1].startswith(f"{missing}\n{renamed}\n[ ] 1. First contact")
    started = labo.run("start", "1", **FRENCH)[1]
    assert started.startswith(
        "L’image labocloud20202021:base n’est plus sur ce poste\u00a0: docker"
    )
    json.loads(labo.run("check", "1", "--json")[1])
    student = image_tar.inspected(f"sha256:{'d' * 64}", "labocloud20202021:base")
    course["RepoTags"].append("labocloud20202021:python")
    have_images(labo, student, {**base, "RepoTags": []}, course)
    assert f"docker tag {'b' * 12} labocloud20202021:base\n1. First" in labo.run("check", "1")[1]
    have_images(labo, base, course)
    assert labo.run("check", "1")[1].startswith("1. First contact\n")


def test_it_tells_what_a_preparation_has_made(labo: Labo) -> None:
    questions = []

    def listed(question: object) -> list[dict[str, str]]:
        questions.append(question)
        return [{"Id": container("made")["Id"]}] if len(questions) > 1 else []

    labo.has("made")
    labo.engine.on("GET", r"/containers/json\?.*", listed)
    assert "Made: container made\n" in labo.run("start", "1")[1]


def test_who_may_not_use_docker_is_told_whom_to_ask(labo: Labo) -> None:
    Path(labo.engine.path).unlink()
    code, output, errors = labo.run("check", "1")
    assert (code, output) == (2, "")
    assert "Docker does not answer on this seat (No such file or directory)" in errors
    assert "Docker ne répond pas" in labo.run(**FRENCH)[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")
def test_without_rights_one_sentence_says_so(labo: Labo, shared: Path) -> None:
    Path(labo.engine.path).chmod(0o600)
    shutil.copytree(labo.program.parent, shared / "seat")
    for variables, word in ((ENGLISH, "may not use Docker"), (FRENCH, "n’a pas le droit")):
        completed = subprocess.run(
            ["/usr/bin/python3", "-I", shared / "seat/labo", "check", "1"],
            env=labo.environment(**variables),
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert (completed.returncode, completed.stdout) == (2, "")
        assert word in completed.stderr
        assert len(completed.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "answer", [stand_in.DROP, stand_in.Raw(b"no"), stand_in.Refuse(500, "broken"), ["x"]]
)
def test_an_engine_that_talks_nonsense_is_no_traceback(labo: Labo, answer: object) -> None:
    labo.engine.on("GET", "/info", answer)
    code, output, errors = labo.run("check", "1")
    assert (code, output) == (2, "")
    assert "Docker does not answer" in errors


def test_a_reader_that_has_enough_is_no_traceback(labo: Labo) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    completed = subprocess.run(
        labo.command("--help"),
        env=labo.environment(),
        stdout=writes,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writes)
    assert (completed.returncode, completed.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("module", ["ansible_collections/__init__.py", "words.py"])
def test_a_key_in_the_first_moments_is_no_traceback(labo: Labo, module: str) -> None:
    """Show it by a command that gets the signal of Ctrl+C as it begins to import a module."""
    press = b"import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    with zipfile.ZipFile(labo.program) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    [name] = [name for name in members if name.endswith(module)]
    members[name] = press + members[name].replace(b"from __future__ import annotations", b"")
    with zipfile.ZipFile(labo.program, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    line = labo.command("--help")
    ignored = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *line]
    for command, code in ((line, -signal.SIGINT), (ignored, 0)):
        completed = subprocess.run(
            command, env=labo.environment(), capture_output=True, check=False
        )
        assert (completed.returncode, completed.stderr) == (code, b"")


def test_a_seat_runs_it_by_its_own_python(labo: Labo) -> None:
    labo.program.chmod(0o755)
    completed = subprocess.run(
        [labo.program], env=labo.environment(), capture_output=True, check=False
    )
    assert (completed.returncode, completed.stderr) == (0, b"")


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def watching(labo: Labo, tmp_path: Path) -> Iterator[Start]:
    """Return a function that watches an exercise, in a process that is killed at the end.

    The errors of the process go to tmp_path / "errors".
    """
    processes: list[subprocess.Popen[str]] = []
    errors = (tmp_path / "errors").open("w", encoding="utf-8")

    def start(*words: str) -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                labo.command("check", *words, "--watch"),
                env=labo.environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )
        )
        return processes[0]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
    errors.close()


def looks(labo: Labo) -> int:
    """Return how often `labo` has looked at Docker."""
    return labo.engine.asked("GET").count("/info")


def wait_for(labo: Labo, count: int) -> None:
    """Wait until `labo` has looked at Docker so many more times."""
    before = looks(labo)
    wait_until(lambda: looks(labo) >= before + count)


def test_to_watch_tells_what_changes_alone_and_ends_by_a_key(
    labo: Labo, tmp_path: Path, watching: Start
) -> None:
    running, complaints = watching("1"), tmp_path / "errors"
    wait_for(labo, 3)
    labo.has("one")
    wait_for(labo, 3)
    path, away = Path(labo.engine.path), Path(f"{labo.engine.path}.away")
    path.rename(away)
    wait_until(lambda: "Docker does not answer" in complaints.read_text(encoding="utf-8"))
    # At the second look, the complaint is not repeated.
    time.sleep(4.5)
    away.rename(path)
    wait_for(labo, 2)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=120)
    errors = complaints.read_text(encoding="utf-8")
    assert running.returncode == 1
    assert output.count("1. First contact") == 3
    assert output.count("Hint: Run two.") == 2
    assert output.count("labo looks every 2 seconds. Ctrl+C ends it.") == 1
    assert errors.count("Docker does not answer") == 1
    assert "Traceback" not in errors


def test_to_watch_goes_to_no_other_exercise_by_itself(labo: Labo, watching: Start) -> None:
    labo.has("one", "two")
    labo.run("answer", "1", "42")
    running = watching("1")
    wait_for(labo, 3)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=120)
    assert (running.returncode, output.count("all steps are done")) == (0, 1)
    assert "The last one" not in output


def test_to_watch_without_a_number_goes_on_with_the_next_exercise(
    labo: Labo, watching: Start
) -> None:
    at_the_last(labo)
    running = watching()
    wait_for(labo, 3)
    labo.has("one")
    wait_for(labo, 5)
    labo.run("answer", "1", "42")
    labo.has("one", "two")
    wait_for(labo, 5)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    first, second = output.split("Next: 1. First contact, 10\u00a0min; type labo next\n")
    assert "Exercise 4: all steps are done.\n" in first
    assert second.startswith("1. First contact\n  [x] “one” is there\n")
    assert second.endswith("Exercise 1: all steps are done.\nAll is done.\n\n")


def test_the_page_of_mistakes_is_told_without_the_marks_of_its_language(labo: Labo) -> None:
    page = "# Erreurs\n\n> *refusé*\n\nVoir [là](#la).\n\n```sh poste\ndocker ps\n```\n"
    labo.program.with_name("mistakes.fr.md").write_text(page)
    code, output, _ = labo.run("mistakes", **FRENCH)
    assert (code, output) == (0, "# Erreurs\n\n    *refusé*\n\nVoir là.\n\ndocker ps\n")


def drip(server: socket.socket, asked: list[object]) -> None:
    """Answer each client a byte at a time and without an end, and note that it has asked."""
    with suppress(OSError):
        while True:
            client, address = server.accept()
            asked.append(address)
            with suppress(OSError), client:
                client.sendall(b"HTTP/1.0 200 OK\r\nX: ")
                while True:
                    time.sleep(0.5)
                    client.sendall(b"x")


def test_a_page_that_drips_is_no_page(labo: Labo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[object] = []
        threading.Thread(target=drip, args=[server, asked], daemon=True).start()
        port = server.getsockname()[1]
        names = ("flask", *(f"copy{number}" for number in range(9)))
        labo.has_containers([published(name, port) for name in names])
        assert "The course’s page does not answer" in labo.run()[1]
        # There is a time for all ten pages together too.
        assert len(asked) < len(names)
