"""Test the hints of the first seven exercises on a seat that lacks one thing only.

The seats are recordings of two on which all are solved; molecule/resources/states/ has the states
that students come to.
"""

import copy
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer, Seat
from ansible_collections.labocloud.room.plugins.module_utils.lesson.snapshot import shaped

PROJECT = Path(__file__).parents[2]
SOLVED = {
    version: shaped(facts)
    for version, facts in json.loads(
        (Path(__file__).parent / "solved_seats.json").read_text()
    ).items()
}
# The ID of a container that is gone, of which no engine was asked, and predictions long ago.
ANSWERS = (
    "0123456789ab",
    *(Answer(text, 1.0) for text in ("oui", "lent", "2 1")),
)
EXERCISES = {exercise.number: exercise for exercise in exercises.load(PROJECT / "app/exercises")}
Snapshot = dict[str, Any]
Change = Callable[[Snapshot], object]


def container(name: str, **fields: object) -> Change:
    """Return a function that changes fields of a container."""
    return lambda seat: next(c for c in seat["containers"] if c["name"] == name).update(fields)


def image(tag: str, **fields: object) -> Change:
    """Return a function that changes fields of an image."""
    return lambda seat: next(i for i in seat["images"] if tag in i["tags"]).update(fields)


def like(tag: str, other: str, field: str) -> Change:
    """Return a function that copies a field of one image to another."""

    def change(seat: Snapshot) -> None:
        first, second = (
            next(i for i in seat["images"] if name in i["tags"]) for name in (tag, other)
        )
        first[field] = copy.deepcopy(second[field])

    return change


def without(kind: str, name: str) -> Change:
    """Return a function that removes an entry: from lists by name or tag, from dicts by key."""

    def change(seat: Snapshot) -> None:
        if isinstance(seat[kind], dict):
            del seat[kind][name]
        else:
            names = [entry["tags"] if kind == "images" else [entry["name"]] for entry in seat[kind]]
            seat[kind] = [
                entry
                for entry, entry_names in zip(seat[kind], names, strict=True)
                if name not in entry_names
            ]

    return change


def text(kind: str, name: str, content: str) -> Change:
    """Return a function that changes a container's log, or the body of a page."""

    def change(seat: Snapshot) -> None:
        if kind == "logs":
            seat["logs"][name] = content
        else:
            seat["pages"][name]["body"] = content

    return change


def limited(memory: int) -> Change:
    """Return a function that makes the seat limit memory, and relance to this many bytes."""

    def change(seat: Snapshot) -> None:
        seat["engine"]["memory"] = True
        container("relance", memory=memory)(seat)

    return change


def same_pip(seat: Snapshot) -> None:
    """Have lent:2 take the layer of pip from the cache."""
    first, second = (
        next(row for row in entry["history"] if "pip install" in row["by"])
        for tag in ("lent:1", "lent:2")
        for entry in seat["images"]
        if tag in entry["tags"]
    )
    second["created"] = first["created"]


def made_by(tag: str, *rows: str) -> Change:
    """Return a function that gives an image these rows above the base."""

    def change(seat: Snapshot) -> None:
        images = {name: entry for entry in seat["images"] for name in entry["tags"]}
        below = images["labocloud20202021:base"]["history"]
        above = [{"by": row, "size": 1_000_000, "created": 1.0} for row in rows]
        images[tag]["history"] = below + above

    return change


def on_course(*tags: str) -> Change:
    """Return a function that builds images on the course image, whatever their labels are."""

    def change(seat: Snapshot) -> None:
        images = {name: entry for entry in seat["images"] for name in entry["tags"]}
        course = images["labocloud20202021:python"]
        for tag in tags:
            images[tag]["layers"] = course["layers"] + images[tag]["layers"][-2:]
            images[tag]["labels"] = {"labocloud.image": "mine"}

    return change


def empty_folder(seat: Snapshot) -> None:
    """Have the server of exercise 6 find no page."""
    page = {"status": 404, "modified": 0.0, "size": 0, "body": ""}
    seat["pages"]["site:0/index.html"] = page


def whole_container(seat: Snapshot) -> None:
    """Have it find the page below the folder that it serves."""
    seat["pages"]["site:0/site/index.html"] = seat["pages"]["site:0/index.html"]
    empty_folder(seat)


def has_secret(seat: Snapshot) -> None:
    """Have both images of exercise 4 hold the file that one of them should not."""
    seat["files"]["tout2:/app/secret.txt"] = seat["files"]["tout1:/app/secret.txt"]


EMPTY = {"ports": {}}
WRONG: list[tuple[int, str, Change, str]] = [
    (1, "said", without("containers", "premier"), "Aucun conteneur ne s’appelle « premier »"),
    (1, "said", text("logs", "premier", " \n"), "n’a rien affiché"),
    (1, "inside", container("dedans", image_id="0" * 64), "relancez-le à partir de"),
    (1, "stopped", container("dedans", status="running"), "tourne encore"),
    (1, "stopped", container("dedans", status="paused"), "« dedans » est en pause"),
    (2, "runs", container("relance", status="paused"), "docker unpause relance"),
    (7, "served", container("serveur", status="paused"), "et il n’est pas arrêté"),
    (2, "runs", container("relance", status="exited"), "s’est arrêté"),
    (2, "port", container("relance", status="exited"), "Lancez d’abord"),
    (2, "port", container("relance", ports={"8888/tcp": [8080]}), "8080 est le port de « flask »"),
    (2, "port", without("pages", "relance:0/api/container"), "n’y répond pas encore"),
    (2, "memory", limited(0), "n’a pas de limite"),
    (2, "memory", limited(2**27), "a droit à 128 Mio"),
    (2, "memory", container("relance", image_id="0" * 64), "Lancez d’abord"),
    (2, "read", text("pages", "relance:0/api/container", '{"requests": 0}'), "Ouvrez la page"),
    (2, "read", text("pages", "relance:0/api/container", "<html>"), "Ouvrez la page"),
    (3, "first", image("mien:1", layers=["1", "2"]), "n’est pas construite sur"),
    (3, "first", made_by("mien:1", "sh -c mkdir /w; echo COPY 1 > /w/a"), "Rien n’a été copié"),
    (3, "first", made_by("mien:1", "ENV ADDRESS"), "Rien n’a été copié"),
    (3, "first", made_by("mien:1", "RUN /bin/sh -c echo ADD . /a # buildkit"), "Rien n’a été"),
    (3, "second", made_by("mien:2", "/bin/sh -c echo ADD a"), "Rien n’a été copié"),
    (3, "first", on_course("mien:1", "mien:2"), "vient de l’image du cours"),
    (3, "second", on_course("mien:1", "mien:2"), "vient de l’image du cours"),
    (3, "before", container("avant", image_id="0" * 64), "ne vient pas de mien:1"),
    (3, "before", container("avant", status="created"), "n’a pas démarré"),
    (3, "before", container("avant", **EMPTY), "Aucun port de « avant »"),
    (3, "before", without("images", "labocloud20202021:base"), "n’est pas construite sur"),
    (3, "second", without("images", "mien:1"), "mien:1 n’est plus là"),
    (3, "second", like("mien:2", "mien:1", "layers"), "ont les mêmes fichiers"),
    (3, "after", without("pages", "apres:0/"), "« apres » n’y répond pas"),
    (3, "after", without("pages", "avant:0/"), "« avant » ne répond plus"),
    (3, "after", text("pages", "apres:0/", "Version 1\n"), "disent la même phrase"),
    (4, "slow", same_pip, "pip n’a pas été relancé"),
    (4, "slow", like("lent:2", "lent:1", "layers"), "n’est pas lent:1 construite de nouveau"),
    (4, "slow", image("lent:1", labels={"labocloud.image": "course"}), "prenez les Dockerfiles"),
    (4, "slow", made_by("lent:1", "ENV ADD", "RUN pip install"), "COPY vient avant RUN"),
    (4, "fast", made_by("vite:1", "RUN pip install", "RUN cp COPY /a"), "RUN vient avant COPY"),
    (4, "fast", on_course("vite:1", "vite:2"), "prenez les Dockerfiles"),
    (4, "fast", like("vite:2", "vite:1", "id"), "sont une même image"),
    (4, "fast", without("images", "vite:2"), "Il n’y a pas d’image vite:2"),
    (4, "left_out", without("images", "tout:2"), "Il n’y a pas d’image tout:2"),
    (4, "left_out", on_course("tout:1"), "prenez les Dockerfiles"),
    (4, "left_out", container("tout1", image_id="0" * 64), "n’est pas de l’image tout:1"),
    (4, "left_out", without("files", "tout1:/app/app.py"), "n’est pas dans tout:1"),
    (4, "left_out", without("files", "tout1:/app/secret.txt"), "avant d’écrire .dockerignore"),
    (4, "left_out", without("files", "tout2:/app/app.py"), "n’est pas dans tout:2"),
    (4, "left_out", has_secret, "est encore dans tout:2"),
    (4, "left_out", container("tout2", created=1.0), "a lui-même changé /app"),
    (4, "left_out", made_by("tout:2", "COPY . .", "RUN rm secret.txt"), "la couche d’en dessous"),
    (5, "lost", container("oublie", image_id="0" * 64), "relancez-le à partir de"),
    (5, "lost", text("logs", "oublie", "bonjour\n"), "n’a pas montré son propre passage"),
    (5, "volume", without("volumes", "cahier"), "ne s’appelle pas « cahier »"),
    (5, "kept", container("garde", mounts=[]), "doit d’abord avoir le volume"),
    (5, "kept", text("logs", "garde", "0123456789ab\n"), "n’a pas montré son propre passage"),
    (6, "serves", container("site", status="created"), "n’a pas démarré"),
    (6, "serves", container("site", status="exited"), "s’est arrêté"),
    (6, "serves", without("pages", "site:0/index.html"), "ne répond pas encore"),
    (6, "serves", whole_container, "relancez-le avec -w /site"),
    (6, "serves", empty_folder, "S’il manquait, Docker l’a créé"),
    (6, "changed", without("pages", "site:0/index.html"), "ne répond pas encore"),
    (6, "changed", container("site", started=2e9), "date d’avant le démarrage"),
    (7, "served", container("serveur", status="exited"), "ne tourne pas"),
    (7, "lost", text("logs", "perdu", "Connection refused"), "n’a pas échoué sur le nom"),
    (7, "talked", without("containers", "client"), "Aucun conteneur ne s’appelle « client »"),
    (7, "talked", without("networks", "salle"), "Il n’y a pas de réseau « salle »"),
    *(
        (number, step, without("containers", name), f"Aucun conteneur ne s’appelle « {name} »")
        for number, step, name in [
            (1, "inside", "dedans"),
            (2, "runs", "relance"),
            (3, "before", "avant"),
            (3, "after", "apres"),
            (5, "lost", "oublie"),
            (5, "volume", "garde"),
            (5, "kept", "garde"),
            (6, "mounted", "site"),
            (4, "left_out", "tout1"),
            (4, "left_out", "tout2"),
            (7, "served", "serveur"),
            (7, "lost", "perdu"),
        ]
    ),
    *(
        (number, step, without("images", tag), f"Il n’y a pas d’image {tag}")
        for number, step, tag in [
            (3, "first", "mien:1"),
            (3, "before", "mien:1"),
            (3, "second", "mien:2"),
            (3, "after", "mien:2"),
            (4, "slow", "lent:1"),
            (4, "slow", "lent:2"),
            (4, "fast", "vite:1"),
        ]
    ),
]


def judged(seat: Snapshot, number: int, answers: Iterable[str] = ANSWERS) -> dict[str, str]:
    """Return the open steps of an exercise, each with its French hint."""
    steps = exercises.judged(EXERCISES[number], seat, answers)
    return {step.id: step.hint["fr"].replace("\u00a0", " ") for step in steps if not step.done}


@pytest.mark.parametrize("version", SOLVED)
def test_a_solved_seat_has_all_steps_done(version: str) -> None:
    assert [judged(SOLVED[version], number) for number in range(1, 8)] == [{}] * 7


# What stands where an answer does, and what looks as the name of a container does.
EXAMPLE = re.compile(r"labo answer (?:\d+|N|{number}) ([^\s`,.]+)")
SHORT_ID = re.compile(r"\b[0-9a-f]{12}\b")


def examples() -> set[str]:
    """Return the examples of an answer in texts for students and teachers."""
    found = set()
    for place in ("locale/*/labo.toml", "app/content/*/*.md", "app/exercises/*/*.md", "docs/*.md"):
        for text in (file.read_text() for file in PROJECT.glob(place)):
            found |= set(EXAMPLE.findall(text))
            # In the documentation, digests are what a run has printed.
            found |= set(SHORT_ID.findall(text)) if place != "docs/*.md" else set()
    return found


def test_an_example_of_an_answer_is_none() -> None:
    seat = SOLVED["26.1.5+dfsg1"]
    assert {"TEXT", "TEXTE"} <= examples()
    for exercise in EXERCISES.values():
        steps = exercises.judged(exercise, seat)
        for word in examples():
            done = {step.id for step in exercises.judged(exercise, seat, [word]) if step.done}
            assert done == {step.id for step in steps if step.done}, (exercise.name, word)


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(("number", "step", "change", "hint"), WRONG)
def test_one_thing_that_lacks_opens_a_step_and_is_told(
    version: str, number: int, step: str, change: Change, hint: str
) -> None:
    seat = copy.deepcopy(SOLVED[version])
    change(seat)
    assert hint in judged(seat, number)[step]


@pytest.mark.parametrize("version", SOLVED)
@pytest.mark.parametrize(
    "row",
    [
        "COPY . /app # buildkit",
        "ADD --chown=1:1 a.tar /app # buildkit",
        "/bin/sh -c #(nop) COPY dir:0123 in /app ",
        "/bin/sh -c #(nop)  ADD file:0123 in /app ",
    ],
)
def test_what_either_builder_says_of_a_copy_is_one(version: str, row: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    made_by("mien:1", row)(seat)
    assert judged(seat, 3) == {}


def seat_of(*containers: Snapshot) -> Snapshot:
    """Return a solved seat that has these containers."""
    seat = copy.deepcopy(SOLVED["26.1.5+dfsg1"])
    plain = seat["containers"][0]
    seat["containers"] = [{**plain, **fields} for fields in containers]
    return seat


def test_a_container_that_compose_ran_once_is_no_service() -> None:
    labels = {"com.docker.compose.project": "ex10", "com.docker.compose.oneoff": "False"}
    web, counter = (
        {
            "name": f"ex10-{name}-1",
            "status": "running",
            "labels": {**labels, "com.docker.compose.service": name},
        }
        for name in ("web", "compteur")
    )
    once = {**labels, "com.docker.compose.oneoff": "True", "com.docker.compose.service": "web"}
    run = {"name": "ex10-web-run-1", "status": "exited", "labels": once}
    assert "up" not in judged(seat_of(web, counter), 10)
    assert "up" not in judged(seat_of(run, web, counter), 10)
    assert "aucun conteneur du service « web »" in judged(seat_of(run, counter), 10)["up"]


@pytest.mark.parametrize(
    ("command", "hint"), [(["python", "app.py"], ""), (["true"], "n’a pas exécuté l’application")]
)
def test_what_ends_by_itself_is_the_courses_app(command: list[str], hint: str) -> None:
    course = next(
        entry
        for entry in SOLVED["26.1.5+dfsg1"]["images"]
        if "labocloud20202021:python" in entry["tags"]
    )
    ended = {"name": "cours", "status": "exited", "exit": 0, "image_id": course["id"]}
    open_steps = judged(seat_of({**ended, "command": command}), 9)
    assert hint in open_steps.get("course", "")
    assert ("course" in open_steps) == bool(hint)


def test_what_ends_by_itself_may_be_the_courses_app_of_before_an_update() -> None:
    seat = copy.deepcopy(SOLVED["26.1.5+dfsg1"])
    ended = {"name": "cours", "status": "exited", "exit": 0, "command": ["python", "app.py"]}
    next(entry for entry in seat["containers"] if entry["name"] == "serveur").update(ended)
    after_update(seat)
    assert "course" not in judged(seat, 9)


def after_update(seat: Snapshot) -> None:
    """Have the names of the course's images on others that were delivered since.

    Those of before are there, as containers are of them.
    """
    for number, name in enumerate(("labocloud20202021:python", "labocloud20202021:base")):
        before = next(entry for entry in seat["images"] if name in entry["tags"])
        layers = [f"{number}{layer:015x}" for layer in range(9)]
        changed = {"id": f"{number:064x}", "layers": layers, "created": seat["taken"]}
        history = before["history"] * 3
        seat["images"].append({**before, **changed, "history": history, "command": ["another"]})
        before["tags"] = []


def without_the_base_of_before(seat: Snapshot) -> None:
    """Have containers made anew after an update, so that the base of before is gone."""
    base = next(
        entry for entry in seat["images"] if entry["delivered"] == "base" and not entry["tags"]
    )
    seat["images"].remove(base)
    seat["gone"] = [
        {"delivered": "base", "layers": [], "rows": 0},
        {"delivered": "base", "layers": base["layers"], "rows": len(base["history"])},
    ]
    for entry in seat["containers"]:
        if entry["image_id"] == base["id"]:
            entry["image_id"] = seat["images"][-1]["id"]


@pytest.mark.parametrize("version", SOLVED)
def test_an_update_of_the_courses_images_undoes_no_step(version: str) -> None:
    seat = copy.deepcopy(SOLVED[version])
    after_update(seat)
    assert [judged(seat, number) for number in range(1, 8)] == [{}] * 7
    without_the_base_of_before(seat)
    assert [judged(seat, number) for number in range(1, 8)] == [{}] * 7
    assert Seat(seat).missing == {}


@pytest.mark.parametrize("version", SOLVED)
def test_a_name_makes_no_image_one_of_the_courses(version: str) -> None:
    """Show that a student's image that has the course's name and labels is a student's."""
    seat = copy.deepcopy(SOLVED[version])
    image("labocloud20202021:python", delivered="")(seat)
    seat["gone"] = [{"delivered": "course", "layers": [], "rows": 0}]
    assert "n’est pas une image du cours" in judged(seat, 2)["runs"]
    assert list(Seat(seat).missing) == ["labocloud20202021:python"]


def test_where_nothing_is_known_of_what_was_delivered_the_name_decides() -> None:
    seat = copy.deepcopy(SOLVED["26.1.5+dfsg1"])
    for entry in seat["images"]:
        entry["delivered"] = ""
    assert [judged(seat, number) for number in range(1, 8)] == [{}] * 7
    without("images", "labocloud20202021:python")(seat)
    assert "n’est pas une image du cours" in judged(seat, 2)["runs"]
    assert list(Seat(seat).missing) == ["labocloud20202021:python"]


@pytest.mark.parametrize("name", ["labocloud20202021:base", "labocloud20202021:python"])
def test_a_name_that_only_an_older_revision_could_have_is_missing(name: str) -> None:
    """Show it after `docker image prune --all`, which leaves what a container is of."""
    seat = copy.deepcopy(SOLVED["26.1.5+dfsg1"])
    image(name, tags=[])(seat)
    assert list(Seat(seat).missing) == [name]
    assert "Une image du cours a disparu" in tidied(seat)


def tidied(seat: Snapshot) -> str:
    """Return the hint of the last exercise on a seat that has what is to be kept beside images."""
    labels = {"labo.made": "1", "labo.word": ""}
    seat["volumes"] = [{"name": "precieux", "driver": "local", "created": 1.0, "labels": labels}]
    return judged(seat, 13)["images"]
