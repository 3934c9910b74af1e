"""Four breakdowns: each container has to be made anew, without its fault, and to answer.

Open: it is not noticed where something else answers what the two apps do, nor whether the cause was
looked for or guessed.
"""

API = "/api/container"
WANTS = {
    "pages": [
        # The app can also be told to listen where its port is published.
        *([f"panne{number}", port, API] for number in (1, 2, 4) for port in (8888, 8080)),
        ["panne3", 8888, "/"],
    ]
}

# What to look at while a container is still the one of `labo start 8`.
CLUES = {
    "panne1": (
        "Il s’est arrêté aussitôt : docker logs panne1 dit quel fichier il cherchait.",
        "It ended at once: docker logs panne1 says which file it looked for.",
    ),
    "panne2": (
        "Il tourne, mais personne n’y entre : comparez docker port panne2 et docker logs panne2.",
        "It runs, but nobody gets in: compare docker port panne2 and docker logs panne2.",
    ),
    "panne3": (
        "Il s’est arrêté aussitôt : docker logs panne3 dit quel module lui manque.",
        "It ended at once: docker logs panne3 says which module it lacks.",
    ),
    "panne4": (
        "Il n’a jamais démarré : docker inspect panne4 dit pourquoi, sous State, Error.",
        "It never started: docker inspect panne4 says why, under State, Error.",
    ),
}


def begun(container, name):
    """Return the conditions that all four have in common: the container is new, and runs."""
    return [
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : labo start 8 remet les pannes ; ou "
            f"relancez-le, avec docker run --name {name}.",
            f"No container is called “{name}”: labo start 8 puts the breakdowns back; or run it "
            f"again, with docker run --name {name}.",
        ),
        (
            "labo.setup" not in container.labels,
            f"« {name} » est encore le conteneur en panne. {CLUES[name][0]} "
            "Ensuite, effacez-le et relancez-le corrigé.",
            f"“{name}” is still the broken container. {CLUES[name][1]} "
            "Then remove it, and run it again without the fault.",
        ),
        (
            "already allocated" not in container.error,
            f"« {name} » n’a pas démarré, son port est déjà pris : docker ps dit par qui. "
            f"Effacez « {name} », et relancez-le sur un port libre.",
            f"“{name}” did not start, its port is already taken: docker ps says by whom. "
            f"Remove “{name}”, and run it again on a free port.",
        ),
        (
            container.running,
            f"« {name} » ne tourne pas ({container.status}, {container.exit}) : "
            f"docker logs {name}, docker inspect {name}.",
            f"“{name}” does not run ({container.status}, {container.exit}): "
            f"docker logs {name}, docker inspect {name}.",
        ),
        (
            container.ports,
            f"Aucun port de « {name} » n’est publié : effacez-le, et relancez-le avec -p.",
            f"No port of “{name}” is published: remove it, and run it again with -p.",
        ),
    ]


def answers(container, name, page, port):
    """Return the conditions for a container that answers. page: the host name in its answer."""
    return [
        (
            page or container.published(port),
            f"C’est un autre port de « {name} » qui est publié ; l’application écoute sur {port}.",
            f"Another port of “{name}” is published; the app listens on {port}.",
        ),
        (
            page and page == container.id[:12],
            f"Le port est publié, mais « {name} » n’y répond pas encore : docker logs {name}.",
            f"The port is published, but “{name}” does not answer there yet: docker logs {name}.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    for name in ("panne1", "panne2", "panne3", "panne4"):
        container = seat.container(name)
        title = (f"« {name} » a été relancé, et répond", f"“{name}” was run again, and answers")
        conditions = begun(container, name)
        if name == "panne3":
            page = seat.page(name, 8888, "/")
            told = page.json()
            conditions.append(
                (
                    not page.status or "panne" in told,
                    "« panne3 » répond, mais ce n’est pas l’application de ~/labocloud/ex8 : "
                    "montez ce dossier, et donnez app.py à Python.",
                    "“panne3” answers, but not with the app of ~/labocloud/ex8: "
                    "mount that folder, and give app.py to Python.",
                )
            )
            conditions += answers(container, name, told.get("container"), 8888)
        else:
            conditions.insert(
                3,
                (
                    container.of(seat.course),
                    f"« {name} » vient de {container.image}, et non de l’image du cours.",
                    f"“{name}” is made from {container.image}, not from the course image.",
                ),
            )
            pages = [seat.page(name, port, API).json() for port in (8888, 8080)]
            told = next((one["hostname"] for one in pages if "hostname" in one), None)
            conditions += answers(container, name, told, 8888)
        yield (name, title, conditions)
