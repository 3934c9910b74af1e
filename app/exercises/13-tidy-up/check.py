"""Tidy up: what had to be kept is there, and nothing else.

On a seat that had other things before the course, the hints name them, too: the text says to ask.
Open: whether the volume still holds what was in it, and a volume made by hand with the label.
"""

PREFIX = "labocloud20202021:"
# Docker's own.
NETWORKS = ("bridge", "host", "none")
# Of what is left over, how much a hint names.
NAMED = 5


def nothing_else(rest, kind, command):
    """Return the condition that nothing of a kind is left over. kind: in French and in English."""
    names = ", ".join(sorted(rest)[:NAMED]) + (", …" if len(rest) > NAMED else "")
    return (
        not rest,
        f"Il reste {kind[0]} : {names}. Avec {command}, en nommant ce qui doit partir.",
        f"There are {kind[1]} left: {names}. With {command}, naming what has to go.",
    )


def check(seat):
    """Yield the steps."""
    flask = seat.container("flask")
    volume = seat.volume("precieux")
    kept = [
        (
            volume,
            "Il n’y a pas de volume precieux : labo start 13 le crée. S’il y était, ses données "
            "sont perdues, et c’est la leçon.",
            "There is no volume precieux: labo start 13 makes it. If it was there, its data is "
            "lost, and that is the lesson.",
        ),
        (
            "labo.setup" in volume.labels,
            "Ce volume precieux n’est pas celui de labo start 13 : effacez-le, et retapez "
            "labo start 13.",
            "This volume precieux is not the one of labo start 13: remove it, and type "
            "labo start 13 again.",
        ),
        (
            not seat.missing,
            "Une image du cours a disparu, labocloud20202021:base ou :python : dites-le au "
            "professeur, qui seul peut la remettre.",
            "One of the course’s images is gone, labocloud20202021:base or :python: tell the "
            "teacher, who alone can bring it back.",
        ),
    ]
    yield (
        "containers",
        (
            "flask tourne, et il n’y a pas d’autre conteneur",
            "flask runs, and there is no other container",
        ),
        [
            *kept,
            (
                flask.running and flask.of(seat.course),
                "flask ne tourne plus. Relancez-le : "
                "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python.",
                "flask does not run any more. Run it again: "
                "docker run --rm -d --name flask -p 8080:8888 labocloud20202021:python.",
            ),
            (
                not seat.engine["swarm"],
                "Le poste est encore en mode swarm : docker swarm leave --force.",
                "The seat is still in swarm mode: docker swarm leave --force.",
            ),
            nothing_else(
                [one.name for one in seat.containers if one.name != "flask"],
                ("des conteneurs", "containers"),
                "docker rm --force --volumes",
            ),
        ],
    )
    tags = [tag for image in seat.images for tag in image.tags or [image.id[:12]]]
    yield (
        "images",
        ("Il ne reste que les images du cours", "Only the course’s images are left"),
        [
            *kept,
            nothing_else(
                [tag for tag in tags if not tag.startswith(PREFIX)],
                ("des images", "images"),
                "docker image rm",
            ),
        ],
    )
    yield (
        "networks",
        ("Il ne reste que les réseaux de Docker", "Only Docker’s own networks are left"),
        [
            *kept,
            nothing_else(
                [one.name for one in seat.networks if one.name not in NETWORKS],
                ("des réseaux", "networks"),
                "docker network rm",
            ),
        ],
    )
    yield (
        "volumes",
        ("Il ne reste que le volume precieux", "Only the volume precieux is left"),
        [
            *kept,
            nothing_else(
                [one.name for one in seat.volumes if one.name != "precieux"],
                ("des volumes", "volumes"),
                "docker volume rm",
            ),
        ],
    )
