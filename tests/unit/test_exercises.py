"""Test that each exercise's folder is complete, and that its check takes any snapshot."""

import ast
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import stand_in
import yaml
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    fields,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import (
    BASE,
    COURSE,
    Seat,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing
from hypothesis import given
from hypothesis import strategies as st
from mutated import ODD_TEXT, bounded

PROJECT = Path(__file__).parents[2]
EXERCISES, STATES = PROJECT / "app/exercises", PROJECT / "molecule/resources/states"
FOLDERS = sorted(path for path in EXERCISES.iterdir() if path.is_dir())
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
SECTIONS = {
    "fr": ["À faire", "Indices", "À retenir"],
    "en": ["What to do", "Hints", "What to remember"],
}
# The project's own; a teacher's follow them.
OWN = [folder.name for folder in FOLDERS if int(folder.name[:2]) <= 15]
# Those whose hints are graded, each of them; the others have one text a condition.
GRADED = [name for name in OWN if int(name[:2]) <= 13]
# What no first hint has: the command that does it, or an option.
COMMAND = re.compile(
    r"\bdocker (run|rm|build|stop|start|exec|create|network|volume|service|swarm|compose|tag)\b"
    r"| --\w"
)
# In what a check says in French, where there has to be a blank at which no line breaks.
BREAKS = re.compile(r"« | »| [:;?!](?=\s|$)")


class Recorder(dict[str, Any]):
    """An empty mapping of a snapshot that records the names that are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # as a dict's own
        """Record the name, and return the default."""
        self.names.add(name)
        return default


def missing(folder: Path) -> Iterator[str]:
    """Yield the faults of an exercise's folder, as sentences for its author."""
    try:
        exercise = exercises.load_exercise(folder)
    except exercises.ExerciseError as error:
        yield str(error)
        return
    for language in SECTIONS:
        yield from missing_in_text(exercise, language, exercise.texts[language])
    french, english = (exercise.texts[language] for language in exercises.PAIR)
    if FENCE.findall(french) != FENCE.findall(english):
        yield "fr.md and en.md differ in their blocks of commands"
    if not re.search(rf"\b{exercise.minutes} minutes\.", exercise.goal("en")):
        yield f"the first paragraph of en.md does not end in “{exercise.minutes} minutes.”"
    code = ast.parse((folder / "check.py").read_text())
    if "Open: " not in (ast.get_docstring(code) or ""):
        yield "the docstring of check.py does not say what is open to a cheat: “Open: …”"
    for text in texts_in(code):
        if BREAKS.search(text):
            yield f"check.py has a blank at which a line may break in “{text}”"
    for name in set(exercise.wants) - {key.rstrip("?") for key in fields.WANTS}:
        yield f"WANTS has {name}, which is none of a snapshot's"
    recorders = {kind: Recorder() for kind in get_type_hints(fields.Named)}
    try:
        steps = exercises.judged(exercise, {**snapshot.shaped({}), **recorders})
    except Exception as error:  # whatever a teacher's program does
        yield f"check(seat) of check.py raises {error!r} on a seat that has nothing"
        return
    yield from uneven(exercise)
    if not steps:
        yield "check(seat) of check.py gives no step"
    if len({step.id for step in steps}) < len(steps):
        yield "two steps of check.py have one ID"
    for kind, recorder in recorders.items():
        wanted = exercise.wants.get(kind, [])
        # As a snapshot has them.
        form = {"files": "{}:{}", "texts": "{}:{}", "pages": "{}:{}{}"}.get(kind)
        names = {form.format(*entry) if form else entry for entry in wanted}
        yield from (
            f"check.py reads {kind} of “{name}”, which its WANTS does not have"
            for name in sorted(recorder.names - names)
        )


def uneven(exercise: exercises.Exercise) -> Iterator[str]:
    """Yield which hints have more parts in one language than in the other."""
    for step, _, conditions, *_ in exercise.check(Seat(snapshot.shaped({}))):
        for _, *texts in conditions:
            if len({len(text) if isinstance(text, tuple) else 1 for text in texts}) > 1:
                yield f"a hint to “{step}” in check.py has more parts in one language"


def missing_in_text(exercise: exercises.Exercise, language: str, text: str) -> Iterator[str]:
    """Yield the faults of one of its texts; app/tests/ checks links and typography."""
    file = f"{language}.md"
    plain = FENCE.sub("", text)
    if not re.match(r"# \S", text):
        yield f"{file} does not begin with a title, “# …”"
    if not re.search(r"\d+[ \u00a0]minutes\.$", text.partition("\n## ")[0].split("\n\n")[1]):
        yield f"the first paragraph of {file} does not end in “… minutes.”"
    if re.findall(r"^## (.+)$", plain, re.MULTILINE) != SECTIONS[language]:
        yield f"the sections of {file} are not {SECTIONS[language]}"
    hints = plain.partition(f"## {SECTIONS[language][1]}\n")[2].partition("\n## ")[0]
    if len(re.findall(r"^\d+\. ", hints, re.MULTILINE)) < 2:
        yield f"{file} has less than two hints"
    if f"`labo check {exercise.number}`" not in plain:
        yield f"{file} does not say to ask `labo check {exercise.number}`"


def texts_in(code: ast.AST) -> Iterator[str]:
    """Yield the texts of a program that a student could read."""
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def hints_of(name: str) -> Iterator[tuple[str | tuple[str, ...], ...]]:
    """Yield the hints to each condition of an exercise, in the languages of PAIR."""
    for _, _, conditions, *_ in by_name(name).check(Seat(snapshot.shaped({}))):
        for _, *texts in conditions:
            yield tuple(texts)


def test_the_exercises_whose_hints_are_graded_are_listed() -> None:
    kinds = {name: {type(text) for texts in hints_of(name) for text in texts} for name in OWN}
    assert kinds == {name: {tuple if name in GRADED else str} for name in OWN}


@pytest.mark.parametrize("name", GRADED)
def test_graded_hints_begin_with_what_is_seen_and_have_no_command_at_first(name: str) -> None:
    for texts in hints_of(name):
        french, english = texts
        assert len(french) == len(english)
        assert len(french) in (2, 3), french
        for text in texts:
            assert all(text), text
            assert not COMMAND.search(text[0]), text[0]


@cache
def by_name(name: str) -> exercises.Exercise:
    return exercises.load_exercise(EXERCISES / name)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_exercise_has_all_that_it_needs(folder: Path) -> None:
    lacks = list(missing(folder))
    # Each in a line of its own, and whole: pytest's own account ends after the first.
    assert not lacks, "\n".join(lacks)


def test_the_projects_own_exercises_are_tried_in_states_that_are_wrong() -> None:
    """Show it for the project's own; those that a teacher adds need only their folder."""
    for name in OWN:
        # These take another machine: they are tried in unit tests, and with a neighbour.
        if set(by_name(name).needs) & set(exercises.OF_ROOM):
            continue
        states = yaml.safe_load((STATES / f"{name}.yml").read_text())
        assert len([state for state in states if not state.get("done")]) >= 2, name
        steps = {step.id for step in exercises.judged(by_name(name), snapshot.shaped({}))}
        for state in states:
            assert set(state) <= {"state", "do", "step", "hint", "done", "needs"}
            assert state["step"] in steps, f"{name}: {state['state']}"
            assert ("hint" in state) != ("done" in state), f"{name}: {state['state']}"
    assert {path.stem for path in STATES.iterdir()} <= {folder.name for folder in FOLDERS}


def without(pattern: str, file: str, new: str = "") -> Callable[[Path], None]:
    """Return a function that changes a file of an exercise where a pattern matches."""

    def change(folder: Path) -> None:
        path = folder / file
        text, count = re.subn(pattern, new, path.read_text(), flags=re.MULTILINE)
        assert count
        path.write_text(text)

    return change


BROKEN = {
    "has no en.md": lambda folder: (folder / "en.md").unlink(),
    "has no solution.sh": lambda folder: (folder / "solution.sh").unlink(),
    "is no NN-name": lambda folder: None,
    "it has no check(seat)": without(r"def check\(", "check.py", "def checks("),
    "does not begin with a title": without(r"^# ", "fr.md"),
    "fr.md does not end in “… minutes.”": without(r"\d+[ \u00a0]minutes\.", "fr.md"),
    "the first paragraph of en.md": without(r"10 minutes\.", "en.md", "11 minutes."),
    "the sections of en.md": without(r"^## Hints$", "en.md"),
    "fr.md has less than two hints": without(
        r"^[1-9]\. (?=L’aide|`-p|La limite|Une erreur)", "fr.md"
    ),
    "en.md does not say to ask": without(r"`labo check 2`", "en.md"),
    "blocks of commands": without(r"(?=^## Hints)", "en.md", "```sh poste\nls\n```\n\n"),
    "check.py has a blank": without("\u00a0:", "check.py", " :"),
    "what is open to a cheat": without("Open: ", "check.py"),
    "has more parts": without(r"^ +AGAIN\[1\],\n", "check.py"),
    "gives no step": without(
        r"^def check\(.*", "check.py", "def check(seat):\n    return []\n\n\ndef other(seat):"
    ),
    "raises AttributeError": without(r"seat\.container\(", "check.py", "seat.contains("),
    "two steps": without(r'"memory",', "check.py", '"port",'),
    "reads pages of “relance:0/api/container”": without(r'\["relance"', "check.py", '["relence"'),
    "WANTS has page": without(r'WANTS = \{"pages"', "check.py", 'WANTS = {"page"'),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_a_folder_lacks_is_told(tmp_path: Path, fault: str) -> None:
    """Show it with copies of an exercise, each with one fault."""
    folder = tmp_path / "app/exercises" / ("other" if "NN-name" in fault else "02-run-again")
    shutil.copytree(EXERCISES / "02-run-again", folder)
    assert "NN-name" in fault or list(missing(folder)) == []
    BROKEN[fault](folder)
    assert fault in "\n".join(missing(folder))


CONTAINER, IMAGE = fields.SNAPSHOT["containers"][0], fields.SNAPSHOT["images"][0]


def untouched(*, images: bool, flask: bool) -> dict[str, Any]:
    """Return a snapshot of a seat on which no exercise was begun.

    images, flask: whether the toolkit's images and its container are still there.
    """
    taken = snapshot.shaped({})
    taken["engine"] |= {"version": "26.1.5", "memory": True, "compose": True}
    taken["networks"] = [
        {"name": name, "driver": name, "internal": False} for name in ("bridge", "host", "none")
    ]
    row = {"by": "COPY dir:1 in /python-app", "size": 1, "created": 1.0}
    pip = row | {"by": "RUN pip install --no-cache-dir -r requirements.txt"}
    base = nothing(IMAGE) | {"id": "b" * 64, "tags": [BASE], "layers": ["1"], "history": [row]}
    base["labels"] = {"labocloud.image": "base"}
    course = {**base, "id": "c" * 64, "tags": [COURSE], "layers": ["1", "2", "3"]}
    course |= {"labels": {"labocloud.image": "course"}, "history": [row, pip, row]}
    taken["images"] = [base, course] if images else []
    container = nothing(CONTAINER) | {"id": "f" * 64, "name": "flask", "image": COURSE}
    container |= {"image_id": course["id"], "status": "running", "started": 1.0, "rm": True}
    container |= {"ports": {"8888/tcp": [8080]}, "networks": {"bridge": []}, "memory": 2**27}
    taken["containers"] = [container] if flask else []
    return taken


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_is_done_where_nobody_has_done_anything(folder: Path) -> None:
    """Show it also where an image is gone, or the teacher's container, or all."""
    exercise = by_name(folder.name)
    for images in (True, False):
        for flask in (True, False):
            steps = exercises.judged(exercise, untouched(images=images, flask=flask))
            assert [step.id for step in steps if step.done] == []
    assert [step.id for step in exercises.judged(exercise, snapshot.shaped({})) if step.done] == []


def of_shape(shape: Any, texts: list[str]) -> st.SearchStrategy[Any]:  # noqa: ANN401  # JSON
    """Return a strategy for JSON of a shape. texts: few, so that some of them are equal."""
    if isinstance(shape, list):
        return st.lists(of_shape(shape[0], texts), max_size=3)
    if isinstance(shape, dict) and str in shape:
        return st.dictionaries(st.sampled_from(texts), of_shape(shape[str], texts), max_size=3)
    if isinstance(shape, dict):
        return st.fixed_dictionaries({key: of_shape(part, texts) for key, part in shape.items()})
    return {
        str: st.sampled_from(texts) | ODD_TEXT,
        bool: st.booleans(),
        int: st.sampled_from([0, 1, -1, 137, 8080, 8888, 2**26, 2**62]),
        float: st.sampled_from([0.0, -1.0, 1.0, 1.5, 1e9, 1e18]),
    }[shape]


@cache
def snapshots(name: str) -> st.SearchStrategy[tuple[dict[str, Any], list[str]]]:
    """Draw snapshots and answers with the values that an exercise looks for."""
    exercise = by_name(name)
    code = ast.parse((EXERCISES / name / "check.py").read_text())
    own = [text for text in texts_in(code) if " " not in text]
    pages = [
        f"{container}:{port}{path}" for container, port, path in exercise.wants.get("pages", [])
    ]
    files = [
        f"{container}:{path}"
        for kind in ("files", "texts")
        for container, path in exercise.wants.get(kind, [])
    ]
    odd = ['{"requests": "1"}', '{"hostname": []}', "[]", "a" * 12, "b" * 64]
    texts = [BASE, COURSE, "running", "exited", "created", "8888/tcp", *own, *pages, *files, *odd]
    answers = st.lists(st.sampled_from(texts), max_size=2)
    return st.tuples(of_shape(fields.SNAPSHOT, texts), answers)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@given(data=st.data())
@bounded
def test_a_check_holds_on_any_snapshot(folder: Path, data: st.DataObject) -> None:
    """Show also that its steps are the same, and that each open one has a hint."""
    exercise = by_name(folder.name)
    taken, answers = data.draw(snapshots(folder.name))
    steps = exercises.judged(exercise, taken, answers)
    open_steps = exercises.judged(exercise, snapshot.shaped({}))
    assert [(step.id, step.title) for step in steps] == [
        (step.id, step.title) for step in open_steps
    ]
    for step in steps:
        assert set(step.hint) == (set() if step.done else {"fr", "en"})
        assert all(step.hint.values())


def test_the_plan_has_the_titles_and_the_minutes() -> None:
    plan = (PROJECT / "docs/lesson.md").read_text()
    for exercise in map(by_name, OWN):
        titles = f"{exercise.title('fr')} / {exercise.title('en')}"
        row = f"| {exercise.number} | {titles} | {exercise.minutes} | {to_read(exercise)} |"
        assert row in plan


def to_read(exercise: exercises.Exercise) -> int:
    """Return in how many minutes the sections that its first chapter names are read."""
    lead = exercise.texts["fr"].partition("\n## ")[0]
    links = re.findall(r"\]\(\.\./\.\./(content/fr/[\w-]+\.md)#([^)]+)\)", lead)
    assert links
    return -(-sum(words(PROJECT / "app" / page, anchor) for page, anchor in links) // 80)


def words(page: Path, anchor: str) -> int:
    """Return how many words a section of a page has, with the sections in it."""
    text = page.read_text()
    blocks = [range(*block.span()) for block in FENCE.finditer(text)]
    headings = [
        heading
        for heading in re.finditer(r"^(#+) (.+)$", text, re.MULTILINE)
        if not any(heading.start() in block for block in blocks)
    ]
    [own] = (
        heading
        for heading in headings
        if re.sub(r"[^\w -]", "", heading[2].lower()).replace(" ", "-") == anchor
    )
    end = next(
        (
            heading.start()
            for heading in headings
            if heading.start() > own.start() and len(heading[1]) <= len(own[1])
        ),
        len(text),
    )
    return len(text[own.start() : end].split())


def test_the_minutes_of_the_plan_add_up() -> None:
    plan = " ".join((PROJECT / "docs/lesson.md").read_text().split())
    own = {exercise.number: exercise for exercise in map(by_name, OWN)}

    def taught(*numbers: int) -> tuple[int, int]:
        return (
            sum(own[number].minutes for number in numbers),
            sum(to_read(own[number]) for number in numbers),
        )

    do, read = taught(1, 2, 3, 5, 7, 8, 13)
    do -= own[8].minutes - 15
    assert (
        f"**Two hours:** 1, 2, 3, 5, 7, 8 (stopped after 15 minutes) and 13: {do} minutes, and "
        f"{read} to read again: {do + read} in all."
    ) in plan
    assert do + read <= 120
    first, (do, read) = taught(*range(1, 8)), taught(8, 9, 10, 11, 13)
    do -= own[8].minutes - 20
    total = sum(first) + 10 + do + read
    assert (
        f"**Four hours:** 1 to 7 ({first[0]} minutes, and {first[1]} to read again), a pause of 10 "
        "minutes, then 8 (stopped after 20 minutes), 9, 10, 11 and 13 "
        f"({do} minutes, and {read} to read again): {total} in all."
    ) in plan
    assert total <= 240
    do, read = taught(12)
    assert f"**Fast students** take 12 ({do} minutes, and {read} to read again)" in plan


@pytest.mark.parametrize(
    ("machine", "files"),
    [
        ("x86_64", ["/lib64/ld-linux-x86-64.so.2 /lib64/", "/lib/x86_64-linux-gnu/"]),
        ("aarch64", ["/lib/ld-linux-aarch64.so.1 /lib/", "/lib/aarch64-linux-gnu/"]),
    ],
)
def test_the_small_image_takes_the_libraries_of_its_processor(
    machine: str, files: list[str], tmp_path: Path
) -> None:
    """Run the solution with programs that stand in for uname and docker."""
    for name in ("docker", "sleep"):
        (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / "uname").write_text(f"#!/bin/sh\necho {machine}\n")
    for name in ("docker", "sleep", "uname"):
        (tmp_path / name).chmod(0o755)
    [folder] = EXERCISES.glob("*-small-image")
    subprocess.run(
        ["sh", "-e", folder / "solution.sh"],
        env={"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
    )
    [dockerfile] = tmp_path.glob("labocloud/*/petit.Dockerfile")
    loader, libraries = files
    assert f"COPY --from=atelier {loader}\n" in dockerfile.read_text()
    copied = f"{libraries}libc.so.6 {libraries}libresolv.so.2 {libraries}"
    assert f"COPY --from=atelier {copied}\n" in dockerfile.read_text()


def test_the_example_of_the_documentation_is_one(tmp_path: Path) -> None:
    """Show that its check finds the step done in the printed snapshot, and only there."""
    blocks = FENCE.findall((PROJECT / "docs/lesson.md").read_text())
    [code], [printed] = (
        [text for kind, text in blocks if kind == language] for language in ("python", "json")
    )
    folder = tmp_path / "20-mine"
    shutil.copytree(EXERCISES / "02-run-again", folder)
    (folder / "check.py").write_text(code)
    taken = json.loads(printed)
    assert snapshot.shaped(taken) == taken
    for seat, done in ((taken, True), (snapshot.shaped({}), False)):
        [step] = exercises.judged(exercises.load_exercise(folder), seat)
        assert step.done == done


def prepare(folder: Path, home: Path) -> str:
    """Run an exercise's preparation as labo does, beside a `docker` that does nothing."""
    docker = home / "bin/docker"
    stand_in.program(docker, "")
    return subprocess.run(
        ["/bin/sh", "-e", "-c", exercises.load_exercise(folder).setup, "labo"],
        env={"HOME": str(home), "PATH": f"{docker.parent}:/usr/bin:/bin", "LABO_KEPT": "kept %s"},
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def prepared(words: str) -> list[Path]:
    """Return the exercises whose setup.sh has a line that begins with these words."""
    scripts = [folder / "setup.sh" for folder in FOLDERS if (folder / "setup.sh").exists()]
    line = re.compile(rf"^ *{words}", re.MULTILINE)
    return [script.parent for script in scripts if line.search(script.read_text())]


@pytest.mark.parametrize("folder", prepared("put "), ids=lambda path: path.name)
def test_preparing_an_exercise_again_keeps_what_was_changed(folder: Path, tmp_path: Path) -> None:
    assert prepare(folder, tmp_path) == ""
    files = [path for path in (tmp_path / "labocloud").rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in files}
    assert texts
    assert prepare(folder, tmp_path) == ""
    assert {path for path in (tmp_path / "labocloud").rglob("*") if path.is_file()} == set(texts)
    for path in files:
        path.write_text("mine")
    output = prepare(folder, tmp_path)
    assert sorted(output.splitlines()) == sorted(f"kept {path}.avant" for path in files)
    for path in files:
        assert path.read_text() == texts[path]
        assert path.with_name(f"{path.name}.avant").read_text() == "mine"
    # What was kept before is not in the way, and stays.
    for path in files:
        path.unlink()
        path.symlink_to("nowhere")
    assert prepare(folder, tmp_path) == output
    for path in files:
        assert path.read_text() == texts[path]
        assert path.with_name(f"{path.name}.avant.~1~").read_text() == "mine"


def test_no_preparation_writes_over_a_students_file() -> None:
    assert [folder.name for folder in prepared("put ")] == [
        *("08-breakdowns", "10-compose", "14-neighbour", "15-registry"),
    ]
    assert prepared("cat *>") == []


@contextmanager
def served(app: Path, *changes: tuple[str, str]) -> Iterator[int]:
    """Serve the pages of a prepared app, and yield the port. changes: to its program."""
    program, _ = app.read_text().split("\nHTTPServer(")
    for old, new in changes:
        assert old in program
        program = program.replace(old, new)
    names: dict[str, Any] = {}
    exec(compile(program, str(app), "exec"), names)  # noqa: S102  # the project’s own program
    with ThreadingHTTPServer(("127.0.0.1", 0), names["Handler"]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def opened(port: int, path: str) -> dict[str, Any]:
    """Return what the counter says on the page of `web`; nothing where there is no such page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return json.load(answer)["compteur"]  # type: ignore[no-any-return]
    except urllib.error.HTTPError:
        return {}


def test_what_looks_at_the_page_of_compose_is_no_visit(tmp_path: Path) -> None:
    """Show it for the path that the check wants, and for what a browser asks by itself."""
    prepare(EXERCISES / "10-compose", tmp_path)
    [look] = {path for _, _, path in by_name("10-compose").wants["pages"]}
    apps, volume = tmp_path / "labocloud/ex10", tmp_path / "data"
    with ExitStack() as stack:
        counter = stack.enter_context(served(apps / "compteur/app.py", ("/data", str(volume))))
        to_counter = ("compteur:8000", f"127.0.0.1:{counter}")
        web = stack.enter_context(served(apps / "web/app.py", to_counter))
        for _ in range(3):
            seen = opened(web, look)
            assert seen["container"]
            assert not seen["first"]
        assert opened(web, "/favicon.ico") == {}
        assert opened(web, look)["visits"] == 0
        before = time.time()
        assert opened(web, "/")["visits"] == 1
        visited = opened(web, look)
        assert visited == {
            **seen,
            "visits": 1,
            "first": seen["container"],
            "since": visited["since"],
        }
        # Milliseconds are written.
        assert before - 0.001 <= float(visited["since"]) <= time.time() + 0.001
