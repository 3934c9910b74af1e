"""Test the checks of exercises whose containers answer somebody, by seats that are made up.

Each row is a way that counts, or one that does not and its hint. molecule/resources/ways/ has the
scripts that do the same on a seat.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.module_utils.lesson import (
    exercises,
    fields,
    snapshot,
)
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing

PROJECT = Path(__file__).parents[2]
EXERCISES = {exercise.number: exercise for exercise in exercises.load(PROJECT / "app/exercises")}
BASE, COURSE = "labocloud20202021:base", "labocloud20202021:python"
Fields = dict[str, Any]
Seat = dict[str, Any]


def seat_of(containers: Mapping[str, Fields], **kinds: object) -> Seat:
    """Return a snapshot that has the course's images, and containers by their names.

    An image's name stands in a container for the image. kinds: the snapshot's other fields.
    """
    seat = {**snapshot.shaped({}), "taken": 1000.0}
    images = {
        COURSE: ("c" * 64, "course", {"labocloud.image": "course", "labocloud.log": "askers"}),
        BASE: ("b" * 64, "base", {"labocloud.image": "base"}),
    }
    plain_image = nothing(fields.SNAPSHOT["images"][0])
    seat["images"] = [
        {**plain_image, "id": identity, "tags": [name], "delivered": kind, "labels": labels}
        for name, (identity, kind, labels) in images.items()
    ]
    plain = nothing(fields.SNAPSHOT["containers"][0])
    seat["containers"] = [
        {
            **plain,
            "name": name,
            "id": f"{number:x}" * 64,
            "hostname": f"{number:x}" * 12,
            "image": BASE,
            "status": "running",
            "created": 100.0,
            "started": 101.0,
            "image_id": images[container.get("image", BASE)][0],
            **container,
        }
        for number, (name, container) in enumerate(containers.items(), 1)
    ]
    return {**seat, **kinds}


def open_steps(number: int, seat: Seat, *answers: str) -> dict[str, str]:
    """Return the open steps of an exercise, each with its French hint."""
    assert snapshot.shaped(seat) == seat
    steps = exercises.judged(EXERCISES[number], seat, answers)
    return {step.id: step.hint["fr"].replace("\u00a0", " ") for step in steps if not step.done}


def told(hints: Mapping[str, str], step: str, hint: str) -> bool:
    """Return whether a step's hint has a text, or the step is done where the text is empty."""
    return (hint in hints.get(step, "")) and ((step in hints) == bool(hint))


ERROR = "wget: bad address 'serveur:8888'\n"
ADDRESS = {"networks": {"salle": []}, "addresses": {"salle": "172.18.0.3"}}
NO_ADDRESS = {"networks": {"salle": []}, "addresses": {"salle": ""}}
GOES_ON = {"command": ["sleep", "1d"]}
ENDED = {"status": "exited", "finished": 104.0}
WGET = ["wget", "-qO-", "serveur:8888/healthz"]
PERDU = {"network": "default", "networks": {"bridge": []}, "command": WGET, **ENDED, "exit": 1}


def perdu(log: str, **changes: object) -> Seat:
    """Return a seat that has `perdu`, its log, and changes to it."""
    return seat_of({"perdu": {**PERDU, **changes}}, logs={"perdu": log})


@pytest.mark.parametrize(
    ("seat", "answer", "hint"),
    [
        (perdu(ERROR), "", ""),
        (perdu(ERROR, network="bridge"), "", ""),
        # A shell that goes on after it, or ends by another command.
        (perdu(ERROR, command=["sh"], exit=0), "", ""),
        (perdu(ERROR, command=["sh"], status="running"), "", ""),
        (perdu(ERROR, networks={"bridge": [], "salle": []}), "", ""),
        # Python does not say which name; its command does.
        (perdu("gaierror: [Errno -3] Temporary failure in name resolution"), "", ""),
        (perdu("wget: server can't find serveur: NXDOMAIN", command=["sh"]), "", ""),
        (perdu("", **GOES_ON, status="running"), ERROR, ""),
        (perdu("", **GOES_ON, exit=137), ERROR, ""),
        (perdu("", **GOES_ON, status="running"), "", "n’est dans aucun log"),
        (perdu("", **GOES_ON, status="running"), "il ne trouve pas serveur", "aucun log"),
        (perdu("", **GOES_ON, status="running"), "bad address 'servuer'", "aucun log"),
        (perdu("", status="created", started=0.0), ERROR, "n’a pas échoué sur le nom"),
        (
            perdu("wget: bad address 'servuer:8888'", command=["wget", "servuer:8888"]),
            *("", "un autre nom que « serveur »"),
        ),
        (perdu("connection refused", command=["wget", "172.18.0.2:9"]), "", "n’a pas échoué"),
        (perdu("", command=["true"], exit=0), "", "n’a pas échoué sur le nom"),
        (perdu(ERROR, network="salle"), "", "n’est pas sur le réseau par défaut"),
        (perdu(ERROR, network="none"), "", "n’est pas sur le réseau par défaut"),
    ],
)
def test_a_name_that_is_unknown_on_the_default_network(seat: Seat, answer: str, hint: str) -> None:
    assert told(open_steps(7, seat, answer), "lost", hint)


def client(*lines: str, at: float = 103.0, log: str = "", **changes: object) -> Seat:
    """Return a seat that has `serveur` and `client`, and what both have logged.

    lines: of the former, at a time. changes: to the latter, which has ended.
    """
    serveur = {"image": COURSE, "networks": {"salle": []}, "addresses": {"salle": "172.18.0.2"}}
    return seat_of(
        {"serveur": serveur, "client": {**ENDED, **NO_ADDRESS, **changes}},
        networks=[{"name": "salle", "driver": "bridge", "internal": False}],
        lines={"serveur": [{"time": at, "text": line} for line in lines]},
        logs={"client": log},
    )


def by(host: str, address: str = "172.18.0.3", path: str = "/healthz") -> str:
    """Return the line that the course's app writes for a request."""
    return f"GET {path} 200 from {address} to {host}"


@pytest.mark.parametrize(
    ("seat", "hint"),
    [
        (client(by("serveur:8888")), ""),
        # Whatever it does with the answer, and however long that is.
        (client(by("serveur:8888", path="/fr/cheat-sheet"), log="...</html>"), ""),
        # While it goes on, at any time.
        (client(by("serveur:8888"), at=900.0, **ADDRESS, status="running"), ""),
        (client(by("serveur.salle:8888")), ""),
        (client(by("111111111111:8888")), ""),
        # HTTP of before there were names in it.
        (client(by("-")), ""),
        (client(by("172.18.0.2:8888"), by("serveur:8888")), ""),
        # Its end is noted before the last line is.
        (client(by("serveur:8888"), at=104.5), ""),
        (client(by("172.18.0.2:8888")), "une adresse, et non un nom"),
        (client(by("172.18.0.2")), "une adresse, et non un nom"),
        (client(by("2886860802:8888")), "une adresse, et non un nom"),
        (client(by("172.18.0.2:8888"), **ADDRESS, status="running"), "une adresse"),
        (client(log="1" * 64), "n’a pas lu la page"),
        (client(by("serveur:8888"), at=300.0), "n’a pas lu la page"),
        (client(by("serveur:8888"), at=99.0), "n’a pas lu la page"),
        # Somebody else has that address now, or had it.
        (client(by("serveur:8888", "172.18.0.9"), **ADDRESS, status="running"), "n’a pas lu"),
        (client(by("serveur:8888"), at=99.0, **ADDRESS, status="running"), "n’a pas lu"),
        (client(by("localhost:8888", "127.0.0.1", "/fr/")), "n’a pas lu la page"),
        (client("a line", by("serveur:8888") + " and more"), "n’a pas lu la page"),
        (client(by("serveur:8888"), status="created", started=0.0, finished=0.0), "n’a pas lu"),
        (client(by("serveur:8888"), networks={"bridge": []}), "n’est pas dans le réseau"),
    ],
)
def test_a_client_that_asked_the_server_by_its_name(seat: Seat, hint: str) -> None:
    """Show that the server is the witness, not the client."""
    assert told(open_steps(7, seat), "talked", hint)


def test_a_server_of_before_its_log_said_who_asks_is_believed_by_the_client() -> None:
    seat = client(log='{"container":"111111111111"}')
    assert told(open_steps(7, seat), "talked", "n’a pas lu la page")
    seat["images"][0]["labels"] = {"labocloud.image": "course"}
    assert told(open_steps(7, seat), "talked", "")
    seat["logs"] = {"client": ""}
    assert told(open_steps(7, seat), "talked", "n’a pas lu la page")


def test_that_the_log_says_who_asks_is_on_the_images_label() -> None:
    assert "labocloud.log=askers" in (PROJECT / "Dockerfile").read_text()


def page(**fields: object) -> Fields:
    """Return a page that answers this as JSON."""
    body = json.dumps(fields)
    return {"status": 200, "modified": 0.0, "size": len(body), "body": body}


def repaired(name: str, host: str = "1" * 12, **changes: object) -> Seat:
    """Return a seat on which a breakdown was repaired. host: whom the page tells. changes: to it.

    The containers of this name and of another are the first and the second of the seat.
    """
    told = {"panne": 3, "container": host} if name == "panne3" else {"hostname": host}
    path = "/" if name == "panne3" else "/api/container"
    plain = {"image": COURSE, "ports": {"8888/tcp": [8101]}}
    seat = seat_of({name: {**plain, **changes}, "vieux": {}})
    return {**seat, "pages": {f"{name}:0{path}": page(**told)}}


def other(seat: Seat, **changes: object) -> Seat:
    """Return a seat whose second container is changed."""
    first, second = seat["containers"]
    return {**seat, "containers": [first, {**second, **changes}]}


BROKEN = {"labels": {"labo.setup": "8", "labo.name": "panne2"}}


@pytest.mark.parametrize(
    ("step", "seat", "hint"),
    [
        ("panne1", repaired("panne1"), ""),
        ("panne3", repaired("panne3"), ""),
        ("panne3", repaired("panne3", image=BASE), ""),
        ("panne1", repaired("panne1", "un", hostname="un"), ""),
        ("panne3", repaired("panne3", "trois", hostname="trois"), ""),
        # The program was told to listen where the port is published.
        ("panne2", repaired("panne2", ports={"8080/tcp": [8102]}), ""),
        ("panne4", repaired("panne4", ports={"8888/tcp": [32768], "80/tcp": [8192]}), ""),
        (
            "panne2",
            other(repaired("panne2"), labels={"labo.setup": "8", "labo.name": "panne1"}),
            "",
        ),
        ("panne2", other(repaired("panne2"), labels={"labo.setup": "13"}), ""),
        ("panne2", other(repaired("panne2"), **BROKEN), "encore là, sous le nom « vieux »"),
        ("panne2", repaired("panne2", **BROKEN), "« panne2 » est encore le conteneur en panne"),
        # `labo start` of before gave no name.
        ("panne2", repaired("panne2", labels={"labo.setup": "8"}), "encore le conteneur en panne"),
        ("panne1", repaired("panne1", image=BASE), "et non de l’image du cours"),
        ("panne1", repaired("panne1", status="exited"), "ne tourne pas (exited, 0)"),
        ("panne1", repaired("panne1", ports={}), "Aucun port de « panne1 » n’est publié"),
        ("panne1", repaired("panne1", "2" * 12), "« panne1 » n’y répond pas encore"),
        ("panne4", repaired("panne1"), "Aucun conteneur ne s’appelle « panne4 »"),
        (
            *(
                "panne4",
                repaired("panne4", error="Bind for :8102 failed: port is already allocated"),
            ),
            "son port est déjà pris",
        ),
        (
            "panne2",
            {**repaired("panne2", ports={"80/tcp": [8102]}), "pages": {}},
            "C’est un autre port de « panne2 »",
        ),
        (
            "panne3",
            {**repaired("panne3"), "pages": {"panne3:0/": page(hostname="1" * 12)}},
            "ce n’est pas l’application de ~/labocloud/ex8",
        ),
    ],
)
def test_a_breakdown_is_repaired_by_another_container(step: str, seat: Seat, hint: str) -> None:
    assert told(open_steps(8, seat), step, hint)


OF_COMPOSE = {"com.docker.compose.project": "ex10"}
MOUNT = {"type": "volume", "name": "ex10_visites", "from": "", "to": "/data", "rw": True}


def service(name: str, **changes: object) -> Fields:
    """Return a container of a service of Compose, made at 100 s. changes: to it."""
    return {"labels": {**OF_COMPOSE, "com.docker.compose.service": name}, **changes}


def composed(
    counted: Fields | None = None,
    counter: Fields | None = None,
    web: Fields | None = None,
    **others: Fields,
) -> Seat:
    """Return a seat on which Compose has run `web`, the first container, and `compteur`.

    counted, counter, web: changes to what the latter says, and to the two. others: containers.
    """
    counted = {"container": "2" * 12, "visits": 2, "first": "f" * 12, "since": "50.5"} | (
        counted or {}
    )
    web = service("web", ports={"8000/tcp": [8110]}) | (web or {})
    counter = service("compteur", mounts=[MOUNT]) | (counter or {})
    seat = seat_of({"ex10-web-1": web, "ex10-compteur-1": counter, **others})
    told = page(web=web.get("hostname", "1" * 12), compteur=counted)
    return {**seat, "pages": {"ex10-web-1:0/look": told}}


def mount(**changes: object) -> Fields:
    """Return changes to a container that has another mount at /data."""
    return {"mounts": [{**MOUNT, **changes}]}


def with_volume(seat: Seat, name: str, of: str) -> Seat:
    """Return a seat that has a volume by a name. of: what the file calls it."""
    labels = {"com.docker.compose.volume": of}
    return {
        **seat,
        "volumes": [{"name": name, "driver": "local", "created": 1.0, "labels": labels}],
    }


SECOND = service("compteur", created=200.0)
ELSEWHERE = {"pages": {"ex10-web-1:0/look": page(web="2" * 12)}}


@pytest.mark.parametrize(
    ("step", "seat", "hint"),
    [
        *((step, composed(), "") for step in ("up", "talk", "private", "kept")),
        ("talk", composed(web={"hostname": "page"}), ""),
        ("talk", composed({"container": "compte"}, {"hostname": "compte"}), ""),
        ("talk", composed(web={"ports": {"9000/tcp": [32768]}}), ""),
        ("talk", composed(second=service("web", ports={"8000/tcp": [32769]}, created=50.0)), ""),
        ("talk", composed({"container": "3" * 12}, second=SECOND), ""),
        ("talk", composed(web={"ports": {}}), "Aucun port de « web » n’est publié"),
        (
            *("talk", {**composed(web={"ports": {"80/tcp": [8110]}}), "pages": {}}),
            "C’est un autre port de « web »",
        ),
        ("talk", {**composed(), "pages": {}}, "ne répond pas ce que dit"),
        ("talk", {**composed(), **ELSEWHERE}, "ne répond pas ce que dit"),
        ("talk", composed({"container": "f" * 12}), "n’a pas trouvé « compteur »"),
        (
            *("private", composed(second=SECOND | {"ports": {"8000/tcp": [8111]}})),
            "« compteur » a un port publié",
        ),
        ("up", composed(second=service("web", status="exited", created=50.0)), ""),
        ("up", composed(counter={"status": "exited"}), "« compteur » ne tourne pas"),
        ("kept", composed(counter=mount(name="visites")), ""),
        (
            *("kept", with_volume(composed(counter=mount(name="donnees")), "donnees", "visites")),
            "",
        ),
        (
            *("kept", with_volume(composed(counter=mount(name="donnees")), "donnees", "donnees")),
            "n’est pas « visites »",
        ),
        ("kept", composed(counter=mount(name="e" * 64)), "n’a pas de nom"),
        ("kept", composed(counter=mount(type="bind", name="")), "est un dossier du poste"),
        ("kept", composed(counter={"mounts": []}), "Rien n’est monté en /data"),
        # Whatever name the counter has, it is the time that tells.
        ("kept", composed({"first": "compte", "container": "compte"}, {"hostname": "compte"}), ""),
        ("kept", composed({"since": "100.5", "first": "2" * 12}), "La première visite est de ce"),
        ("kept", composed({"since": "100.5"}), "La première visite est de ce conteneur-ci"),
        ("kept", composed({"since": "now"}), "La première visite est de ce conteneur-ci"),
        # What the second one finds may be the first one's, which goes on.
        (
            *("kept", composed({"container": "3" * 12, "since": "150.0"}, second=SECOND)),
            "La première visite est de ce conteneur-ci",
        ),
        ("kept", composed({"first": "", "since": ""}), "Personne n’a encore ouvert"),
        # The counter of before told no time.
        ("kept", composed({"since": ""}), ""),
        ("kept", composed({"first": "2" * 12, "since": ""}), "La première visite est de ce"),
    ],
)
def test_two_services_and_a_volume_that_outlives_them(step: str, seat: Seat, hint: str) -> None:
    assert told(open_steps(10, seat), step, hint)


def replicated(*changed: bool, **changes: object) -> Seat:
    """Return a seat whose service has three copies, after an update that was undone.

    changed: for each copy of before, whether it had the variable. changes: to the service.
    """
    service = nothing(fields.SNAPSHOT["services"][0])
    service |= {"name": "equipe", "image": COURSE, "replicas": 3, "update": "rollback_completed"}
    service |= {"ports": {"8888/tcp": "host"}, **changes}
    task = {**nothing(fields.SNAPSHOT["tasks"][0]), "service": "equipe", "image": COURSE}
    copy = {"image": COURSE, "ports": {"8888/tcp": [32768]}}
    seat = seat_of({f"equipe.{number}": copy for number in (1, 2, 3)}, services=[service])
    running = [
        {**task, "state": "running", "container": container["id"], "set": service["set"]}
        for container in seat["containers"]
    ]
    past = [
        {**task, "state": "shutdown", "set": ["COULEUR"] if had_it else []} for had_it in changed
    ]
    seat["engine"] |= {"swarm": True}
    return {**seat, "tasks": [*running, *past]}


@pytest.mark.parametrize(
    ("step", "seat", "hint"),
    [
        *((step, replicated(False, True), "") for step in ("service", "ports", "three", "back")),
        # What is of before may be gone but for one.
        ("back", replicated(True), ""),
        # As after `update --force`, or another variable, or a label.
        ("back", replicated(False, False), "n’ajoutait pas COULEUR"),
        ("back", replicated(), "n’ajoutait pas COULEUR"),
        ("back", replicated(True, set=["COULEUR"]), "a toujours la variable COULEUR"),
        ("back", replicated(True, update="completed"), "La dernière mise à jour est en place"),
        ("back", replicated(True, update="updating"), "Docker n’a pas fini (updating)"),
        ("back", replicated(True, update=""), "n’a pas encore été mis à jour"),
        ("three", replicated(replicas=2), "Le service demande 2 exemplaires"),
        ("ports", replicated(ports={"8888/tcp": "ingress"}), "n’est pas publié en mode host"),
        ("ports", replicated(ports={}), "Aucun port du service n’est publié"),
    ],
)
def test_a_service_whose_update_was_undone(step: str, seat: Seat, hint: str) -> None:
    assert told(open_steps(11, seat), step, hint)
