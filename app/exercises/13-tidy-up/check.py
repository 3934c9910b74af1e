"""Tidy up: what had to be kept is there, and nothing else.

On a seat that had other things before the course, the hints name them, too: the text says to ask.
Open: up to Docker 20, a volume that was made anew with its labels, and the word written back; a
notebook that was changed after it was read.
"""

import hashlib
import re

PREFIX = "labocloud20202021:"
# Docker's own.
NETWORKS = ("bridge", "host", "none")
# Of what is left over, how much a hint names.
NAMED = 5
# The label by which setup.sh tells when it made the volume, in seconds since 1970, and how many
# seconds the engine's own time may differ. Before the Docker of this number, that one is the time
# of the last file that was made there.
MADE, AROUND, TELLS = "labo.made", range(-5, 121), 23
# That by which it tells the beginning of the SHA-256 of the notebook's word.
PRINT = "labo.word"
BEGIN = (
    "docker volume rm precieux, puis labo start 13",
    "docker volume rm precieux, then labo start 13",
)
FLASK = f"docker run --rm -d --name flask -p 8080:8888 {PREFIX}python"
READ = f"docker run --rm -v precieux:/data {PREFIX}base cat /data/carnet"


def nothing_else(rest, kind, see, remove):
    """Return the condition that nothing of a kind is left over.

    kind: in French and in English. see, remove: the commands.
    """
    names = ", ".join(sorted(rest)[:NAMED]) + (", …" if len(rest) > NAMED else "")
    return (
        not rest,
        (
            f"Il reste {kind[0]} : {names}.",
            f"{see} en donne la liste. Nommez ce qui doit partir.",
            f"{remove}, suivi des noms.",
        ),
        (
            f"There are {kind[1]} left: {names}.",
            f"{see} lists them. Name those that have to go.",
            f"{remove}, followed by the names.",
        ),
    )


def is_first(volume, version):
    """Return whether a volume is the one that labo start 13 made, by the engine's own time."""
    made = re.fullmatch(r"\d{1,12}", volume.labels.get(MADE, ""), re.ASCII)
    major = re.match(r"\d{1,4}", version, re.ASCII)
    if not made or PRINT not in volume.labels:
        return False
    is_told = bool(major) and int(major[0]) >= TELLS
    return not is_told or int(volume.created - int(made[0])) in AROUND


def kept(seat, volume):
    """Return the conditions that what had to be kept is there."""
    return [
        (
            volume,
            (
                "Il n’y a pas de volume precieux.",
                "docker volume ls le montre. S’il y était, ses données sont perdues, et c’est la "
                "leçon.",
                "labo start 13 le crée.",
            ),
            (
                "There is no volume precieux.",
                "docker volume ls shows it. If it was there, its data is lost, and that is the "
                "lesson.",
                "labo start 13 makes it.",
            ),
        ),
        (
            is_first(volume, seat.engine["version"]),
            (
                "Ce volume precieux n’est pas celui de labo start 13.",
                "docker volume inspect precieux dit quand il a été créé, et avec quelles "
                "étiquettes. S’il a pris la place du premier, les données de celui-ci sont "
                "perdues, et c’est la leçon.",
                BEGIN[0],
            ),
            (
                "This volume precieux is not the one of labo start 13.",
                "docker volume inspect precieux says when it was made, and with which labels. If "
                "it took the place of the first one, the data of that is lost, and that is the "
                "lesson.",
                BEGIN[1],
            ),
        ),
        (
            not seat.missing,
            (
                f"Une image du cours a disparu, {PREFIX}base ou :python.",
                "Dites-le au professeur, qui seul peut la remettre.",
            ),
            (
                f"One of the course’s images is gone, {PREFIX}base or :python.",
                "Tell the teacher, who alone can bring it back.",
            ),
        ),
    ]


def containers(seat):
    """Return the conditions that the course's container runs, and nothing else is there."""
    flask = seat.container("flask")
    return [
        (
            flask.running and flask.of(seat.course),
            ("flask ne tourne plus.", "docker ps -a dit s’il est là. Relancez-le.", FLASK),
            ("flask does not run any more.", "docker ps -a says whether it is there.", FLASK),
        ),
        (
            not seat.engine["swarm"],
            (
                "Le poste est encore en mode swarm.",
                "docker info le dit ; les services y refont leurs conteneurs.",
                "docker swarm leave --force",
            ),
            (
                "The seat is still in swarm mode.",
                "docker info says so; services make their containers again there.",
                "docker swarm leave --force",
            ),
        ),
        nothing_else(
            [one.name for one in seat.containers if one.name != "flask"],
            ("des conteneurs", "containers"),
            "docker ps -a",
            "docker rm --force --volumes",
        ),
    ]


def notebook(seat, volume):
    """Return the conditions that the word in the notebook was read."""
    words = [one for text in seat.answers for one in re.findall(r"\b[0-9a-f]{8}\b", text.lower())]
    prints = [hashlib.sha256(word.encode()).hexdigest()[:16] for word in words]
    return [
        (
            seat.answers,
            (
                "Vous n’avez pas encore donné le mot du carnet.",
                "Il est dans le volume precieux : un conteneur qui monte le volume peut le lire.",
                f"{READ}, puis labo answer 13 et le mot.",
            ),
            (
                "You have not given the notebook’s word yet.",
                "It is in the volume precieux: a container that mounts the volume can read it.",
                f"{READ}, then labo answer 13 and the word.",
            ),
        ),
        (
            volume.labels.get(PRINT) in prints,
            (
                "Ce que vous avez répondu n’est pas le mot du carnet.",
                "Il a huit chiffres de 0 à f, et n’est pas le même sur un autre poste, ni après un "
                "autre labo start 13.",
                f"{READ}, puis labo answer 13 et le mot.",
            ),
            (
                "What you have answered is not the notebook’s word.",
                "It has eight digits from 0 to f, and is not the same on another seat, nor after "
                "another labo start 13.",
                f"{READ}, then labo answer 13 and the word.",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    volume = seat.volume("precieux")
    there = kept(seat, volume)
    yield (
        "containers",
        (
            "flask tourne, et il n’y a pas d’autre conteneur",
            "flask runs, and there is no other container",
        ),
        [*there, *containers(seat)],
    )
    tags = [tag for image in seat.images for tag in image.tags or [image.id[:12]]]
    images = [tag for tag in tags if not tag.startswith(PREFIX)]
    networks = [one.name for one in seat.networks if one.name not in NETWORKS]
    volumes = [one.name for one in seat.volumes if one.name != "precieux"]
    yield (
        "images",
        ("Il ne reste que les images du cours", "Only the course’s images are left"),
        [
            *there,
            nothing_else(images, ("des images", "images"), "docker image ls", "docker image rm"),
        ],
    )
    yield (
        "networks",
        ("Il ne reste que les réseaux de Docker", "Only Docker’s own networks are left"),
        [
            *there,
            nothing_else(
                networks, ("des réseaux", "networks"), "docker network ls", "docker network rm"
            ),
        ],
    )
    yield (
        "volumes",
        ("Il ne reste que le volume precieux", "Only the volume precieux is left"),
        [
            *there,
            nothing_else(
                volumes, ("des volumes", "volumes"), "docker volume ls", "docker volume rm"
            ),
        ],
    )
    yield (
        "notebook",
        ("Vous avez lu le carnet de precieux", "You have read the notebook in precieux"),
        [*there, *notebook(seat, volume)],
    )
