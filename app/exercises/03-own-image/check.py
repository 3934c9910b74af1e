"""Build one's own image, change a line, build again, and run both side by side.

Open: somebody else's app.py; an image brought by `docker load` from another seat, or committed from
a container whose command was made to look like a COPY.
"""

WANTS = {"pages": [["avant", 8888, "/"], ["apres", 8888, "/"]]}


def own(image, seat, tag):
    """Return the conditions for an image that was built on the base with a copied file."""
    return [
        (
            image,
            f"Il n’y a pas d’image {tag} : docker build -t {tag} . dans le dossier du Dockerfile.",
            f"There is no image {tag}: docker build -t {tag} . in the folder of the Dockerfile.",
        ),
        (
            image.on(seat.base),
            f"{tag} n’est pas construite sur labocloud20202021:base : donnez-lui la ligne FROM de "
            "l’énoncé.",
            f"{tag} is not built on labocloud20202021:base: give it the line FROM of the text.",
        ),
        (
            image.labels.get("labocloud.image") != "course" and not image.on(seat.course),
            f"{tag} vient de l’image du cours : partez de labocloud20202021:base, avec le "
            "Dockerfile de l’énoncé.",
            f"{tag} comes from the course image: start from labocloud20202021:base, with the "
            "Dockerfile of the text.",
        ),
        (
            any(row.copied for row in image.above(seat.base)),
            f"Rien n’a été copié dans {tag} : il faut une ligne COPY, et docker build plutôt que "
            "docker commit.",
            f"Nothing was copied into {tag}: it takes a line COPY, and docker build, not docker "
            "commit.",
        ),
    ]


def runs(container, name, image, tag, page):
    """Return the conditions for a container of an image that runs and answers."""
    return [
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : docker run -d, avec --name {name}.",
            f"No container is called “{name}”: docker run -d, with --name {name}.",
        ),
        (
            container.of(image),
            f"« {name} » ne vient pas de {tag} telle qu’elle est maintenant : effacez-le (docker "
            f"rm -f {name}), et relancez-le à partir de {tag}.",
            f"“{name}” is not made from {tag} as it is now: remove it (docker rm -f {name}), and "
            f"run it again from {tag}.",
        ),
        (
            container.status != "created",
            f"« {name} » n’a pas démarré : docker run a dit pourquoi ; le plus souvent, son port "
            f"est pris. Effacez-le (docker rm {name}), et choisissez-en un autre.",
            f"“{name}” has not started: docker run has said why; most often its port is taken. "
            f"Remove it (docker rm {name}), and choose another one.",
        ),
        (
            container.running,
            f"« {name} » s’est arrêté : docker logs {name} dit pourquoi. Corrigez, construisez, "
            "et relancez-le.",
            f"“{name}” has stopped: docker logs {name} says why. Correct it, build, and run "
            "it again.",
        ),
        (
            container.published(8888),
            f"Le port 8888 de « {name} » n’est pas publié : effacez-le, et relancez-le avec -p "
            "PORT_DU_POSTE:8888.",
            f"Port 8888 of “{name}” is not published: remove it, and run it again with -p "
            "PORT_OF_THE_SEAT:8888.",
        ),
        (
            page,
            f"Le port est publié, mais « {name} » n’y répond pas : docker logs {name}. "
            "L’application doit écouter sur 0.0.0.0, pas sur 127.0.0.1, qui est le conteneur "
            "lui-même.",
            f"The port is published, but “{name}” does not answer there: docker logs {name}. The "
            "app has to listen on 0.0.0.0, not on 127.0.0.1, which is the container itself.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    first, second = seat.image("mien:1"), seat.image("mien:2")
    before, after = (seat.page(name, 8888, "/") for name in ("avant", "apres"))
    yield (
        "first",
        (
            "mien:1 est votre image, construite sur :base",
            "mien:1 is your image, built on :base",
        ),
        own(first, seat, "mien:1"),
    )
    yield (
        "before",
        ("« avant », de mien:1, répond", "“avant”, of mien:1, answers"),
        own(first, seat, "mien:1")
        + runs(seat.container("avant"), "avant", first, "mien:1", before),
    )
    yield (
        "second",
        (
            "mien:2 est une autre image : un fichier y a changé",
            "mien:2 is another image: a file has changed in it",
        ),
        [
            *own(second, seat, "mien:2"),
            (
                first,
                "mien:1 n’est plus là : construisez-la de nouveau, avec la première phrase.",
                "mien:1 is gone: build it again, with the first sentence.",
            ),
            (
                second.id != first.id,
                "mien:1 et mien:2 sont deux noms d’une même image : changez la phrase d’app.py, "
                "enregistrez le fichier, et construisez mien:2.",
                "mien:1 and mien:2 are two names of one image: change the sentence in app.py, "
                "save the file, and build mien:2.",
            ),
            (
                second.layers != first.layers,
                "mien:1 et mien:2 ont les mêmes fichiers : c’est la phrase d’app.py qui doit "
                "changer.",
                "mien:1 and mien:2 have the same files: it is the sentence in app.py that has to "
                "change.",
            ),
            (
                not second.on(first),
                "mien:2 est construite sur mien:1 : gardez le Dockerfile, et ne changez qu’app.py.",
                "mien:2 is built on mien:1: keep the Dockerfile, and change app.py alone.",
            ),
        ],
    )
    yield (
        "after",
        (
            "« apres », de mien:2, dit une autre phrase que « avant »",
            "“apres”, of mien:2, says another sentence than “avant”",
        ),
        [
            *own(second, seat, "mien:2"),
            *runs(seat.container("apres"), "apres", second, "mien:2", after),
            (
                before,
                "« avant » ne répond plus : relancez-le à partir de mien:1, pour comparer.",
                "“avant” no longer answers: run it again from mien:1, to compare.",
            ),
            (
                after.body != before.body,
                "« avant » et « apres » disent la même phrase : changez-la dans app.py, "
                "enregistrez, construisez mien:2, et relancez « apres ».",
                "“avant” and “apres” say the same sentence: change it in app.py, save, build "
                "mien:2, and run “apres” again.",
            ),
        ],
    )
