"""Test ways to do the exercises about images that differ from the text's, and lazy ones."""

import copy
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer
from test_exercises_wrong import (
    EXERCISES,
    SOLVED,
    Change,
    container,
    image,
    judged,
    text,
    without,
)

Snapshot = dict[str, Any]


def history(seat: Snapshot, tag: str) -> list[Snapshot]:
    """Return the rows of an image's history."""
    rows: list[Snapshot] = next(i for i in seat["images"] if tag in i["tags"])["history"]
    return rows


def pip_place(rows: list[Snapshot]) -> int:
    """Return the place of the row in which pip ran."""
    return next(place for place, row in enumerate(rows) if "pip install" in row["by"])


def pip_row(tag: str, **fields: object) -> Change:
    """Return a function that changes the row of an image's history in which pip ran."""

    def change(seat: Snapshot) -> None:
        rows = history(seat, tag)
        rows[pip_place(rows)].update(fields)

    return change


AT_9000 = {"ports": {"9000/tcp": [8090]}}


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("number", "change"),
    [
        (2, container("relance", **AT_9000)),
        (3, container("avant", **AT_9000)),
        (3, container("apres", **AT_9000)),
    ],
)
def test_an_app_may_listen_on_any_port_in_its_container(
    version: str, number: int, change: Change
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    assert judged(seat, number) == {}


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("number", "step", "change", "hint"),
    [
        (2, "port", container("relance", ports={}), "Aucun port de « relance »"),
        (2, "port", container("relance", **AT_9000), "un autre port du conteneur"),
        (3, "before", container("avant", **AT_9000), "« avant » n’y répond pas"),
    ],
)
def test_where_no_page_answers_the_hint_tells_what_is_published(
    version: str, number: int, step: str, change: Change, hint: str
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    seat["pages"] = {}
    assert hint in judged(seat, number)[step]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize("port", ["8888/tcp", "9000/tcp"])
def test_no_port_of_exercise_2_is_that_of_the_teachers_container(version: str, port: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    container("relance", ports={port: [8080]})(seat)
    assert "8080 est le port de « flask »" in judged(seat, 2)["port"]


PIP = [
    "RUN /bin/sh -c pip3 install flask # buildkit",
    "/bin/sh -c python -m pip --no-cache-dir install --no-deps flask",
    "RUN pip install -r requirements.txt",
]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize("row", PIP)
def test_what_installs_may_be_written_in_other_words(version: str, row: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    for tag in ("lent:1", "lent:2", "vite:1", "vite:2"):
        pip_row(tag, by=row)(seat)
    assert judged(seat, 4) == {}


@pytest.mark.parametrize("version", SOLVED)
def test_the_quick_order_may_copy_what_to_install_first(version: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    for tag in ("vite:1", "vite:2"):
        rows = history(seat, tag)
        rows.insert(pip_place(rows), {"by": "COPY requirements.txt .", "size": 6, "created": 1.0})
    assert judged(seat, 4) == {}


def another_line(seat: Snapshot) -> None:
    """Have pip run again in lent:2 since its own line was changed, and not since app.py was."""
    first, second = (history(seat, tag) for tag in ("lent:1", "lent:2"))
    second[: pip_place(second)] = first[: pip_place(first)]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("step", "change", "hint"),
    [
        ("slow", pip_row("lent:1", size=0), "Rien n’a été installé dans lent:1"),
        ("slow", pip_row("lent:2", size=99_999), "Rien n’a été installé dans lent:2"),
        ("slow", pip_row("lent:2", by="WORKDIR /a"), "Rien n’a été installé dans lent:2"),
        ("slow", another_line, "pip n’a pas été relancé pour lent:2 à cause d’app.py"),
        ("fast", pip_row("vite:1", by="COPY pip install"), "Rien n’a été installé dans vite:1"),
        ("fast", pip_row("vite:2", created=2.0), "pip a tourné deux fois pour vite"),
    ],
)
def test_what_lacks_of_the_cache_is_told(
    version: str, step: str, change: Change, hint: str
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    assert hint in judged(seat, 4)[step]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    ("said", "after", "is_said"),
    [
        ("lent", -1.0, True),
        ("Vite, parce que COPY", -60.0, True),
        ("lent:2", -1.0, True),
        ("lent", 0.5, True),
        ("lent", 1.0, False),
        ("lent", 60.0, False),
        ("je ne sais pas", -1.0, False),
        ("lentement", -1.0, False),
    ],
)
def test_what_takes_time_is_said_before_it_does(
    version: str, said: str, after: float, *, is_said: bool
) -> None:
    """Show it with an answer that came some seconds after lent:2 was built."""
    seat = copy.deepcopy(SOLVED[version])
    rows = history(seat, "lent:2")
    answer = Answer(said, rows[pip_place(rows)]["created"] + after)
    steps = exercises.judged(EXERCISES[4], seat, [answer])
    assert {step.id: step.done for step in steps}["guessed"] == is_said
    without("images", "lent:2")(seat)
    steps = exercises.judged(EXERCISES[4], seat, [answer])
    assert {step.id: step.done for step in steps}["guessed"] == (is_said or after > 0)


def small_seat() -> Snapshot:
    """Return a seat on which exercise 12 is solved."""
    seat = copy.deepcopy(SOLVED["26.1.5+dfsg1"])
    images = {tag: entry for entry in seat["images"] for tag in entry["tags"]}
    big = {"id": "8" * 64, "tags": ["gros:1"]}
    small = {"id": "9" * 64, "tags": ["petit:1"], "user": "65534:65534", "size": 3_000_000}
    seat["images"] += [
        {**images["lent:1"], **big},
        {**images["lent:1"], **small, "layers": ["9"], "history": []},
    ]
    plain = {**seat["containers"][0], "status": "running", "command": []}
    seat["containers"] += [
        {**plain, "name": "gros", "image_id": "8" * 64, "ports": {"8000/tcp": [8112]}},
        {**plain, "name": "petit", "image_id": "9" * 64, "ports": {"8000/tcp": [8113]}},
    ]
    page = {"status": 200, "modified": 0.0, "size": 17, "body": "<h1>Docker</h1>\n"}
    seat["pages"] |= {"gros:0/": page, "petit:0/": dict(page)}
    return seat


@pytest.mark.parametrize(
    "change",
    [
        lambda seat: None,
        container("gros", ports={"80/tcp": [8112]}),
        container("petit", ports={"80/tcp": [8113]}),
        text("pages", "gros:0/", '<h1 id="docker">Docker</h1>'),
        pip_row("gros:1", by="RUN /bin/sh -c python -m pip install markdown-it-py # buildkit"),
        pip_row("gros:1", by="RUN pip3 install markdown-it-py && markdown-it page.md"),
    ],
)
def test_the_small_image_may_be_made_in_other_words(change: Change) -> None:
    seat = small_seat()
    change(seat)
    seat["pages"]["petit:0/"] = seat["pages"]["gros:0/"]
    assert judged(seat, 12) == {}


@pytest.mark.parametrize(
    ("step", "change", "hint"),
    [
        ("big", pip_row("gros:1", size=0), "Rien n’a été installé dans gros:1"),
        ("big", pip_row("gros:1", size=99_999), "Rien n’a été installé dans gros:1"),
        ("big", pip_row("gros:1", by="COPY index.html ."), "Rien n’a été installé dans gros:1"),
        ("big", container("gros", ports={}), "Aucun port de « gros » n’est publié"),
        ("big", without("pages", "gros:0/"), "« gros » n’a pas encore de page"),
        ("big", text("pages", "gros:0/", "<h2>Docker</h2>"), "n’a pas de titre"),
        ("same", container("petit", ports={}), "Aucun port de « petit » n’est publié"),
        ("same", text("pages", "gros:0/", "<h1>2</h1>"), "ne servent pas la même page"),
        ("same", image("petit:1", size=10_000_000), "n’est pas encore petite"),
        ("small", image("petit:1", size=10_000_000), "quelle copie est de trop"),
        ("nobody", image("petit:1", user=""), "tourne en root"),
    ],
)
def test_what_lacks_of_the_small_image_is_told(step: str, change: Change, hint: str) -> None:
    seat = small_seat()
    change(seat)
    assert hint in judged(seat, 12)[step]
