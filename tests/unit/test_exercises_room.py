"""Test the exercises that take a neighbour or a registry, on seats on which they are solved."""

import copy
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson import around, exercises, fields
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise, Step
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import BASE, COURSE
from ansible_collections.labocloud.room.plugins.module_utils.lesson.snapshot import shaped
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing
from sample_labo import Labo

EXERCISES = Path(__file__).parents[2] / "app/exercises"
REGISTRY = "server:5000/labocloud20202021"
AROUND: fields.Around = {
    "seat": "pc01",
    "neighbour": "pc02",
    "address": "pc02.example",
    "registry": REGISTRY,
}
PRINT = "0123456789abcdef" * 4
PULLED = f"{REGISTRY}:course-{PRINT[:16]}"
# IDs of containers of the neighbour's, and of this seat.
THEIRS, RECEPTION = "7" * 12, "8" * 64
Change = Callable[[dict[str, Any]], object]


def load(name: str) -> Exercise:
    return exercises.load_exercise(EXERCISES / name)


def container(name: str, image: str, **others: object) -> dict[str, Any]:
    """Return a container that runs. image: its name and the first letter of its ID."""
    made = nothing(fields.SNAPSHOT["containers"][0])
    called, _, letter = image.partition("=")
    return {
        **made,
        "id": f"{name:_<64}",
        "name": name,
        "image": called,
        "image_id": letter * 64,
        "status": "running",
        **others,
    }


def image(letter: str, *tags: str, delivered: str = "", layers: str = "") -> dict[str, Any]:
    """Return an image. letter: its ID has it alone. layers: a letter each."""
    made = nothing(fields.SNAPSHOT["images"][0])
    digests = [layer * 16 for layer in layers]
    return {**made, "id": letter * 64, "tags": [*tags], "delivered": delivered, "layers": digests}


def solved() -> dict[str, Any]:
    """Return the snapshot of pc01, on which both exercises are done."""
    seat: dict[str, Any] = shaped({})
    seat["around"] = {**AROUND}
    seat["images"] = [
        image("b", BASE, delivered="base", layers="b"),
        image("c", COURSE, PULLED, delivered="course", layers="bc"),
        image("d", "carte:pc01", layers="b1"),
        image("e", "carte:pc02", layers="b2"),
    ]
    ended = {"status": "exited"}
    seat["containers"] = [
        container("guichet", f"{BASE}=b", ports={"8000/tcp": [8140]}),
        container("accueil", f"{COURSE}=c", ports={"8888/tcp": [8141]}, id=RECEPTION),
        container("visiteur", f"{BASE}=b", **ended),
        container("recue", "carte:pc02=e", **ended),
        container("tiree", f"{PULLED}=c"),
    ]
    seat["logs"] = {"visiteur": f'{{"container":"{THEIRS}","status":"ok"}}\n'}
    card = {"kind": "file", "size": 74_000_000, "modified": 1.0}
    seat["files"] = {"guichet:/site/carte.tar": card}
    page = {"status": 200, "modified": 0.0, "size": 5, "body": "Carte"}
    seat["pages"] = {"guichet:8000/carte.txt": page}
    return seat


def judged(name: str, *changes: Change) -> dict[str, Step]:
    """Return the steps of an exercise by their IDs, on the solved seat with these changes."""
    seat = copy.deepcopy(solved())
    for change in changes:
        change(seat)
    taken: Any = shaped(seat)
    return {step.id: step for step in exercises.judged(load(name), taken)}


def changed(name: str, **others: object) -> Change:
    """Return a function that changes fields of a container."""
    return lambda seat: next(c for c in seat["containers"] if c["name"] == name).update(others)


def without(kind: str, name: str) -> Change:
    """Return a function that removes a container by its name, or an image by a tag."""

    def remove(seat: dict[str, Any]) -> None:
        seat[kind] = [
            one for one in seat[kind] if name not in (one.get("name"), *one.get("tags", []))
        ]

    return remove


def logged(text: str) -> Change:
    return lambda seat: seat["logs"].update(visiteur=text)


def test_a_solved_seat_has_all_done_and_names_what_it_rests_on() -> None:
    steps = judged("14-neighbour")
    assert [name for name, step in steps.items() if not step.done] == []
    assert {name: step.elsewhere for name, step in steps.items()} == {
        "image_served": "",
        "page_served": "",
        "asked": THEIRS,
        "carried": "2" * 16,
    }
    assert all(step.done for step in judged("15-registry").values())


def test_what_a_step_rests_on_is_held_by_a_neighbour_that_is_solved_too() -> None:
    beside = solved()
    beside["images"] = [image("f", "carte:pc02", layers="b2")]
    changed("accueil", id=THEIRS + "0" * 52)(beside)
    taken: Any = shaped(beside)
    rests = {step.elsewhere for step in judged("14-neighbour").values() if step.elsewhere}
    assert rests <= set(exercises.held(taken))


@pytest.mark.parametrize(
    ("step", "change", "hint"),
    [
        ("image_served", without("images", "carte:pc01"), "docker build -t carte:pc01 ."),
        ("image_served", without("containers", "guichet"), "--name guichet and -p 8140:8000"),
        ("image_served", changed("guichet", image_id="c" * 64), "labocloud20202021:base"),
        ("image_served", changed("guichet", status="exited"), "docker logs guichet"),
        ("image_served", changed("guichet", ports={"8000/tcp": [8096]}), "port 8140"),
        ("image_served", lambda seat: seat["pages"].clear(), "-w /site"),
        ("image_served", lambda seat: seat["files"].clear(), "docker save carte:pc01 > carte.tar"),
        ("page_served", without("containers", "accueil"), "-p 8141:8888"),
        ("page_served", changed("accueil", image_id="b" * 64), "no image of the course"),
        ("page_served", changed("accueil", status="exited"), "docker logs accueil"),
        ("page_served", changed("accueil", ports={"8888/tcp": [8090]}), "port 8141"),
        ("asked", without("containers", "visiteur"), "wget -qO- http://pc02.example:8141/healthz"),
        ("asked", logged("wget: can't connect: Connection refused"), "docker logs visiteur"),
        ("asked", logged(f'{{"container":"{RECEPTION[:12]}"}}'), "your neighbour’s address"),
        ("carried", without("images", "carte:pc02"), "http://pc02.example:8140/carte.tar | docker"),
        ("carried", without("containers", "recue"), "docker run --name recue carte:pc02"),
        ("carried", changed("recue", image_id="d" * 64), "docker rm -f recue"),
        ("carried", changed("recue", exit=1), "docker logs recue"),
    ],
)
def test_what_is_wrong_with_one_seat_is_told(step: str, change: Change, hint: str) -> None:
    steps = judged("14-neighbour", change)
    assert not steps[step].done
    assert hint in steps[step].hint["en"].replace("\u00a0", " ")


def test_ones_own_image_under_the_neighbours_name_is_not_carried() -> None:
    def retag(seat: dict[str, Any]) -> None:
        seat["images"] = [one for one in seat["images"] if "carte:pc02" not in one["tags"]]
        next(one for one in seat["images"] if "carte:pc01" in one["tags"])["tags"] += ["carte:pc02"]

    hint = judged("14-neighbour", retag)["carried"].hint["en"]
    assert "your own image" in hint


@pytest.mark.parametrize(
    ("step", "change", "hint"),
    [
        ("pulled", without("images", PULLED), "docker pull $IMAGE"),
        (
            "pulled",
            lambda seat: seat["images"].insert(0, image("f", f"{REGISTRY}:mine")),
            "does not come from it",
        ),
        ("run", without("containers", "tiree"), "--name tiree"),
        ("run", changed("tiree", image=COURSE), "by the whole name"),
        ("run", changed("tiree", status="exited"), "docker logs tiree"),
    ],
)
def test_what_is_wrong_with_the_pull_is_told(step: str, change: Change, hint: str) -> None:
    steps = judged("15-registry", change)
    assert not steps[step].done
    assert hint in steps[step].hint["en"].replace("\u00a0", " ")


@pytest.mark.parametrize("name", ["14-neighbour", "15-registry"])
def test_an_exercise_of_a_room_is_not_for_a_seat_that_has_nothing_around(name: str) -> None:
    exercise = load(name)
    assert exercises.lacks(exercise, shaped({})) == exercise.needs
    taken: Any = shaped(solved())
    assert exercises.lacks(exercise, taken) == []


@pytest.mark.parametrize("name", ["14-neighbour", "15-registry"])
def test_what_labo_prepares_is_what_the_solution_types(name: str, tmp_path: Path) -> None:
    """Run both with a `docker` that writes down how it is called."""
    calls = tmp_path / "calls"
    stand_in.program(tmp_path / "bin/docker", f'echo "$*" >> {calls}')
    delivered: Any = [
        {"fingerprint": "f" * 64, "name": COURSE, "layers": [], "rows": 0},
        {"fingerprint": PRINT, "name": COURSE, "layers": [], "rows": 0},
        {"fingerprint": "e" * 64, "name": BASE, "layers": [], "rows": 0},
    ]
    exercise = load(name)
    for script in (exercise.setup, exercise.solution):
        subprocess.run(
            ["/bin/sh", "-eu", "-c", script],
            env={
                "HOME": str(tmp_path),
                "PATH": f"{tmp_path}/bin:{os.defpath}",
                **around.variables(AROUND, delivered),
            },
            check=True,
            cwd=tmp_path,
        )
    typed = calls.read_text()
    for line in {
        "14-neighbour": [
            "build -t carte:pc01 .",
            f"run --name visiteur {BASE} wget -qO- http://pc02.example:8141/healthz",
            f"run --rm {BASE} wget -qO- http://pc02.example:8140/carte.tar",
            "run --name recue carte:pc02",
        ],
        "15-registry": [f"pull {PULLED}", f"run -d --name tiree -p 8150:8888 {PULLED}"],
    }[name]:
        assert f"{line}\n" in typed


def test_without_a_registry_or_a_course_image_there_is_nothing_to_pull() -> None:
    delivered: Any = [{"fingerprint": PRINT, "name": COURSE, "layers": [], "rows": 0}]
    assert around.variables(AROUND, [])["LABO_IMAGE"] == ""
    assert around.variables({**AROUND, "registry": ""}, delivered)["LABO_IMAGE"] == ""


def test_labo_knows_the_room_by_the_file_beside_it(tmp_path: Path, engine: stand_in.Engine) -> None:
    labo = Labo(tmp_path, engine)
    with zipfile.ZipFile(labo.program, "a") as archive:
        for file in ("check.py", "fr.md", "en.md", "solution.sh"):
            text = (EXERCISES / "14-neighbour" / file).read_text()
            archive.writestr(f"exercises/14-neighbour/{file}", text)
        archive.writestr("exercises/14-neighbour/setup.sh", "env | grep ^LABO_ > ~/told\n")
    code, _, errors = labo.run("start", "14")
    assert (code, "it has no neighbour" in errors) == (2, True)
    told = labo.program.with_name(around.FILE)
    # What another program may have written there stops nothing.
    for odd in (b"[]", b"{", b'{"neighbour": 1}'):
        told.write_bytes(odd)
        assert labo.run("start", "14")[0] == 2
    told.write_bytes(around.content(AROUND))
    code, output, _ = labo.run("start", "14")
    assert code == 0, output
    assert "LABO_ADDRESS=pc02.example" in (labo.home / "told").read_text().splitlines()
    [steps] = json.loads(labo.run("check", "14", "--json")[1]).values()
    assert "carte:pc01" in steps[0]["hint"]["en"]
