"""Test which ways the checks of some exercises accept and refuse, on seats that are solved."""

import copy
import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import stand_in
from ansible_collections.labocloud.room.plugins.module_utils.lesson.queries import Answer
from test_exercises_wrong import EXERCISES, SOLVED, Change, Snapshot, container, judged

EARLY = 1.0
ID = "0123456789ab" * 5 + "0123"
OUI = Answer("oui", EARLY)

each_seat = pytest.mark.parametrize("version", SOLVED)


def changed(version: str, *changes: Change) -> Snapshot:
    """Return a solved seat on which something is otherwise."""
    seat = copy.deepcopy(SOLVED[version])
    for change in changes:
        change(seat)
    return seat


def file(place: str, **fields: object) -> Change:
    """Return a function that changes what is told of a file, "name:/path"."""
    return lambda seat: seat["files"][place].update(fields)


def of(version: str, name: str) -> dict[str, Any]:
    """Return a container of a solved seat."""
    containers: list[dict[str, Any]] = SOLVED[version]["containers"]
    return next(item for item in containers if item["name"] == name)


MOUNT = {"type": "bind", "name": "", "from": "/m", "to": "/mot.txt", "rw": True}


@each_seat
@pytest.mark.parametrize(
    "change",
    [
        file("dedans:/mot.txt", kind="directory"),
        file("dedans:/mot.txt", kind="link"),
        container("dedans", mounts=[MOUNT]),
        container("dedans", mounts=[{**MOUNT, "type": "volume", "to": "/mot.txt/"}]),
    ],
)
def test_a_file_is_no_directory_and_nothing_that_is_mounted(version: str, change: Change) -> None:
    open_steps = judged(changed(version, change), 1)
    assert "n’est pas un fichier né dans « dedans »" in open_steps["inside"]
    assert "Écrivez d’abord le fichier" in open_steps["stopped"]


@each_seat
def test_a_file_in_a_container_of_another_image_is_not_kept(version: str) -> None:
    seat = changed(version, container("dedans", image_id="0" * 64))
    assert "Écrivez d’abord le fichier" in judged(seat, 1)["stopped"]


@each_seat
@pytest.mark.parametrize(
    "answer",
    [
        Answer(ID[:12], 2.0, [ID[:12]]),
        Answer(ID, 2.0, [ID]),
        Answer(f'"container": "{ID[:12].upper()}"', 2.0, [ID[:12]]),
        Answer(f"root@{ID[:12]}:/#", 2.0, [ID[:12]]),
        # Of an older labo, or where the engine tells nothing.
        Answer(ID[:12], 2.0),
    ],
)
def test_an_id_is_one_however_it_is_written(version: str, answer: Answer) -> None:
    wrong = Answer("pc07", 1.5)
    assert judged(SOLVED[version], 1, [wrong, answer, OUI]) == {}


def refused(version: str) -> Iterable[tuple[list[Answer], str]]:
    """Yield answers in which no container is that is gone, with what is said."""
    here = of(version, "site")["id"]
    base = SOLVED[version]["images"][0]["id"]
    yield [], "Vous n’avez pas encore répondu"
    yield [OUI], "Vous n’avez pas encore répondu"
    yield [Answer("pc07", 2.0)], "La réponse n’est pas un identifiant"
    yield [Answer(ID[:11], 2.0)], "La réponse n’est pas un identifiant"
    yield [Answer(ID[:12], 2.0, [])], "ne connaissait de ce poste aucun conteneur"
    yield [Answer(base[:12], 2.0, [base[:12]])], "celui d’une image"
    yield [Answer(here, 2.0, [here])], "est encore là"
    # One digit that is not its own makes no other container of it.
    yield [Answer(f"{here[:12]}0f0f", 2.0, [f"{here[:12]}0f0f"])], "est encore là"


@each_seat
def test_an_id_that_is_none_of_a_container_that_is_gone_is_refused(version: str) -> None:
    for answers, hint in refused(version):
        assert hint in judged(SOLVED[version], 1, answers)["gone"], answers


@each_seat
def test_what_becomes_of_the_file_is_said_before(version: str) -> None:
    ended = of(version, "dedans")["finished"]
    late, early = Answer("non", ended + 1), Answer("NON, je crois", ended - 1)
    assert "est déjà arrêté" in judged(SOLVED[version], 1, [late])["guessed"]
    assert "guessed" not in judged(SOLVED[version], 1, [early])
    again = changed(version, container("dedans", status="running"))
    assert "guessed" not in judged(again, 1, [late])
    for none in ("bonjour", "oui ou non", "Yes or no?"):
        assert "Dites-le avant de l’arrêter" in judged(again, 1, [Answer(none, 2.0)])["guessed"]


def book(name: str, *, log: str = "", text: str = "") -> Change:
    """Return a function that sets what a container has printed, and its book."""

    def change(seat: Snapshot) -> None:
        seat["logs"][name] = log
        seat["texts"][f"{name}:/data/passages"] = text

    return change


@each_seat
@pytest.mark.parametrize("status", ["running", "exited"])
def test_a_book_counts_that_was_signed_in_a_container_that_goes_on(
    version: str, status: str
) -> None:
    """Show it for `docker exec`, of which no log tells, and for any exit code."""
    own, kept = (of(version, name)["id"][:12] for name in ("oublie", "garde"))
    seat = changed(
        version,
        book("oublie", text=f"{own}\n"),
        book("garde", text=f"{ID[:12]}\n{kept}\n"),
        container("oublie", status=status, exit=137),
        container("garde", status=status, exit=137),
    )
    assert judged(seat, 5) == {}
    twice = changed(version, book("oublie", text=f"{own}\n" * 2))
    assert "« oublie » a été redémarré" in judged(twice, 5)["lost"]
    once = changed(version, book("garde", text=f"{kept}\n"))
    assert "Le cahier n’a que le passage" in judged(once, 5)["kept"]


@each_seat
def test_a_container_signs_by_its_host_name(version: str) -> None:
    named = changed(
        version,
        container("oublie", hostname="un", exit=1),
        container("garde", hostname="moi", exit=1),
        book("oublie", log="un\n"),
        book("garde", log=f"{ID[:12]}\nmoi\n"),
    )
    assert judged(named, 5) == {}
    alone = changed(version, container("garde", hostname="moi"), book("garde", log="moi\nmoi\n"))
    assert "Le cahier n’a que le passage" in judged(alone, 5)["kept"]
    other = changed(version, book("oublie", log=f"{ID[:12]}\n"))
    assert "n’a pas montré son propre passage" in judged(other, 5)["lost"]


@each_seat
def test_how_many_lines_there_will_be_is_said_before_it_is_made_anew(version: str) -> None:
    created = of(version, "oublie")["created"]
    for text in ("2 1", "2 lignes, puis 1 ligne", "3, 3"):
        assert judged(SOLVED[version], 5, [Answer(text, created - 1)]) == {}
        late = judged(SOLVED[version], 5, [Answer(text, created + 1)])
        assert "n’a pas été fait de nouveau depuis" in late["guessed"]
    for text in ("2", "deux puis une"):
        hint = judged(SOLVED[version], 5, [Answer(text, created - 1)])["guessed"]
        assert "suivi des deux nombres, en chiffres" in hint


INDEX, PAGE = "site:/site/index.html", "site:0/index.html"


def page(**fields: object) -> Change:
    """Return a function that changes what is told of the page of exercise 6."""
    return lambda seat: seat["pages"][PAGE].update(fields)


def no_file(seat: Snapshot) -> None:
    """Have the seat's folder lack the page, and an empty one come from elsewhere."""
    del seat["files"][INDEX]
    page(size=0, modified=0.0)(seat)


def times(started: float, modified: float) -> list[Change]:
    """Return what sets when the server was started, and when its page was changed."""
    shown = page(modified=float(int(modified)))
    return [container("site", started=started), file(INDEX, modified=modified), shown]


@each_seat
@pytest.mark.parametrize(
    ("started", "modified", "is_changed"),
    [
        # In one second, which is all that a server tells.
        (1000.2, 1000.5, True),
        (1000.5, 1000.2, False),
        # The file's time is behind by one tick of a clock.
        (1000.5, 1000.496, True),
        (1000.2, 1001.0, True),
        # Of a file system that has no parts of a second.
        (1000.5, 1000.0, True),
        (1001.2, 1000.0, False),
    ],
)
def test_a_page_is_changed_after_the_start_in_the_same_second_too(
    version: str, started: float, modified: float, *, is_changed: bool
) -> None:
    open_steps = judged(changed(version, *times(started, modified)), 6)
    assert set(open_steps) == (set() if is_changed else {"changed"})


@each_seat
@pytest.mark.parametrize(
    "change",
    [page(size=12), page(modified=1.0), no_file],
)
def test_the_page_of_another_folder_is_not_the_one_of_the_seat(
    version: str, change: Change
) -> None:
    open_steps = judged(changed(version, change), 6)
    assert set(open_steps) == {"serves", "changed"}
    assert "La page n’est pas l’index.html de /home/student" in open_steps["serves"]


@each_seat
@pytest.mark.parametrize(
    "change",
    [
        container("site", ports={"80/tcp": [8096]}),
        page(modified=0.0),
        lambda seat: [mount.update(to="/site/") for mount in of_site(seat)],
    ],
)
def test_the_port_inside_the_server_and_a_slash_are_ones_own(version: str, change: Change) -> None:
    assert judged(changed(version, change), 6) == {}


def of_site(seat: Snapshot) -> list[Snapshot]:
    """Return what the container of exercise 6 mounts."""
    mounts: list[Snapshot] = next(c for c in seat["containers"] if c["name"] == "site")["mounts"]
    return mounts


@each_seat
def test_ports_the_other_way_round_are_told(version: str) -> None:
    silent: Change = lambda seat: seat["pages"].pop(PAGE)  # noqa: E731
    other = changed(version, container("site", ports={"8096/tcp": [8000]}), silent)
    assert "Le port 8000 de « site » n’est pas publié" in judged(other, 6)["serves"]
    none = changed(version, container("site", ports={}), silent)
    assert "Aucun port de « site » n’est publié" in judged(none, 6)["serves"]


WORD = "3fa9c201"
PRINT = hashlib.sha256(WORD.encode()).hexdigest()[:16]
LABELS = {"labo.setup": "13", "labo.made": "1000", "labo.word": PRINT}


def tidy(version: str, *changes: Change) -> Snapshot:
    """Return a seat that is tidy, up to what the functions change."""
    seat = changed(version)
    named = ["labocloud20202021:base", "labocloud20202021:python"]
    seat["images"] = [image for image in seat["images"] if set(image["tags"]) & set(named)]
    course = next(image["id"] for image in seat["images"] if named[1] in image["tags"])
    seat["containers"] = seat["containers"][:1]
    seat["containers"][0].update(name="flask", status="running", image_id=course)
    seat["networks"] = [{"name": "bridge", "driver": "bridge", "internal": False}]
    volume = {"name": "precieux", "driver": "local", "created": 1000.9, "labels": dict(LABELS)}
    seat["volumes"] = [volume]
    for change in changes:
        change(seat)
    return seat


def volume(created: float = 1000.9, **labels: str) -> Change:
    """Return a function that has the engine tell otherwise of the volume."""

    def change(seat: Snapshot) -> None:
        named = {f"labo.{key}": value for key, value in labels.items()}
        seat["volumes"][0].update(created=created, labels=named)

    return change


@each_seat
@pytest.mark.parametrize("answer", [WORD, WORD.upper(), f"Le mot est {WORD}."])
def test_the_notebooks_word_is_the_one_of_this_seats_volume(version: str, answer: str) -> None:
    assert judged(tidy(version), 13, ["pc07", answer]) == {}
    assert "n’est pas le mot du carnet" in judged(tidy(version), 13, [ID[:8]])["notebook"]
    for wrong in (PRINT, f"{WORD}0", WORD[:7]):
        assert set(judged(tidy(version), 13, [wrong])) == {"notebook"}
    assert "pas encore donné le mot" in judged(tidy(version), 13, [])["notebook"]


@each_seat
@pytest.mark.parametrize(
    "change",
    [
        volume(),
        # As an older labo made it, or somebody by hand.
        volume(setup="13"),
        volume(setup="13", word=PRINT),
        volume(setup="13", word=PRINT, made="soon"),
        volume(setup="13", word=PRINT, made="9" * 13),
    ],
)
def test_a_volume_without_the_labels_is_another(version: str, change: Change) -> None:
    open_steps = judged(tidy(version, change), 13, [WORD])
    assert set(open_steps) == {"containers", "images", "networks", "volumes", "notebook"}
    assert "n’est pas celui de labo start 13" in open_steps["volumes"]


@pytest.mark.parametrize(
    ("engine", "created", "is_first"),
    [
        ("26.1.5", 995.0, True),
        ("26.1.5", 1120.5, True),
        ("26.1.5", 994.0, False),
        ("26.1.5", 1121.0, False),
        ("23.0", 1121.0, False),
        # There, it is the time of the last file that was made in it; a version that is odd is old.
        ("20.10.24+dfsg1", 1121.0, True),
        ("", 1121.0, True),
    ],
)
def test_a_volume_that_was_made_anew_with_its_labels_is_another(
    engine: str, created: float, *, is_first: bool
) -> None:
    anew = volume(created, setup="13", made="1000", word=PRINT)
    seat = tidy("26.1.5+dfsg1", anew, lambda seat: seat["engine"].update(version=engine))
    open_steps = judged(seat, 13, [WORD])
    assert (open_steps == {}) == is_first
    if not is_first:
        assert "pris la place du premier" in open_steps["notebook"]


DOCKER = """
cd "$HOME"
case "$*" in
"volume inspect"*precieux) cat labels 2>/dev/null || { echo; exit 1; } ;;
"volume rm precieux") rm labels; rm -f carnet ;;
"volume create"*precieux) echo "$*" > labels ;;
"run --rm "*"test -s"*) [ ! -e broken ] || exit 125; test -s carnet || echo empty ;;
"run --rm "*) for last; do :; done; echo "$last" > carnet ;;
esac
"""


def begun(home: Path) -> tuple[str, str]:
    """Begin exercise 13 beside a `docker` of one volume; return its labels and its notebook."""
    stand_in.program(home / "bin/docker", DOCKER)
    subprocess.run(
        ["/bin/sh", "-e", "-c", EXERCISES[13].setup, "labo"],
        env={"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin"},
        cwd=home,
        check=True,
    )
    notebook = home / "carnet"
    return (home / "labels").read_text(), notebook.read_text() if notebook.exists() else ""


def test_to_begin_makes_a_notebook_whose_word_its_label_proves(tmp_path: Path) -> None:
    labels, notebook = begun(tmp_path)
    word = notebook.strip()
    assert f"--label labo.word={hashlib.sha256(word.encode()).hexdigest()[:16]} " in labels
    assert len(word) == 8
    assert word not in labels
    # To begin again leaves it as it is, also with a line that a student has added.
    (tmp_path / "carnet").write_text(f"{word}\nmine\n")
    assert begun(tmp_path) == (labels, f"{word}\nmine\n")
    # After an interruption, or where it was removed, it is another one.
    (tmp_path / "carnet").write_text("")
    second = begun(tmp_path)
    (tmp_path / "labels").unlink()
    assert len({labels, second[0], begun(tmp_path)[0]}) == 3
    assert second[1].strip() not in {word, ""}


def test_to_begin_removes_no_notebook_that_it_cannot_read(tmp_path: Path) -> None:
    """Show it for a seat whose base is gone, so that no container can look."""
    before = begun(tmp_path)
    (tmp_path / "broken").touch()
    assert begun(tmp_path) == before


def test_to_begin_leaves_a_volume_that_is_somebodys_own(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("{}\n")
    assert begun(tmp_path) == ("{}\n", "")
