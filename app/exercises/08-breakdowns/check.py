"""Four breakdowns: each container has to be made anew, without its fault, and to answer.

Open: it is not noticed where something else answers what the two apps do, nor where a container of
another exercise is renamed, nor whether the cause was looked for or guessed.
"""

API = "/api/container"
WANTS = {"pages": [*([f"panne{number}", 0, API] for number in (1, 2, 4)), ["panne3", 0, "/"]]}

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
COURSE = "labocloud20202021:python"
RUN = {
    "panne1": f"docker run -d --name panne1 -p 8101:8888 {COURSE}",
    "panne2": f"docker run -d --name panne2 -p 8102:8888 {COURSE}",
    "panne3": "docker run -d --name panne3 -p 8103:8888 -v ~/labocloud/ex8:/ex8:ro "
    f"{COURSE} /ex8/app.py",
    "panne4": f"docker run -d --name panne4 -p 8104:8888 {COURSE}",
}


def again(name, old=None):
    """Return the commands that make a container anew, in French and in English.

    old: the name of the one that has to go, where it is another one.
    """
    remove = f"docker rm -f {old or name}"
    return f"{remove}, puis {RUN[name]}", f"{remove}, then {RUN[name]}"


def broken_by(seat, name):
    """Return the container that `labo start 8` has made by a name, whatever it is called now."""
    return next(
        (
            container
            for container in seat.containers
            if "labo.setup" in container.labels
            and name in (container.name, container.labels.get("labo.name"))
        ),
        seat.container(""),
    )


def renewed(seat, container, name):
    """Return the conditions that a container is there, and the broken one is not."""
    broken = broken_by(seat, name)
    return [
        (
            container,
            (
                f"Aucun conteneur ne s’appelle « {name} ».",
                "docker ps -a montre tous les conteneurs. S’il n’a jamais été là, labo start 8 "
                "met les quatre pannes.",
                RUN[name],
            ),
            (
                f"No container is called “{name}”.",
                "docker ps -a shows all containers. If it has never been there, labo start 8 puts "
                "the four breakdowns.",
                RUN[name],
            ),
        ),
        (
            not broken or broken.name != name,
            (f"« {name} » est encore le conteneur en panne.", CLUES[name][0], again(name)[0]),
            (f"“{name}” is still the broken container.", CLUES[name][1], again(name)[1]),
        ),
        (
            not broken,
            (
                f"Le conteneur en panne est encore là, sous le nom « {broken.name} ».",
                "docker ps -a le montre. Un autre nom ne le répare pas : il faut l’effacer.",
                f"docker rm -f {broken.name}",
            ),
            (
                f"The broken container is still there, by the name “{broken.name}”.",
                "docker ps -a shows it. Another name does not mend it: it has to be removed.",
                f"docker rm -f {broken.name}",
            ),
        ),
    ]


def of_course(seat, container, name):
    """Return the condition for a container of the course image."""
    return (
        container.of(seat.course),
        (
            f"« {name} » vient de {container.image}, et non de l’image du cours.",
            "docker ps -a, colonne IMAGE. L’image est le premier mot après les options.",
            again(name)[0],
        ),
        (
            f"“{name}” is made from {container.image}, not from the course image.",
            "docker ps -a, column IMAGE. The image is the first word behind the options.",
            again(name)[1],
        ),
    )


def runs(container, name):
    """Return the conditions for a container that runs."""
    return [
        (
            "already allocated" not in container.error,
            (
                f"« {name} » n’a pas démarré, son port est déjà pris.",
                "docker ps dit par qui.",
                f"docker rm {name}, puis relancez-le sur un port libre.",
            ),
            (
                f"“{name}” did not start, its port is already taken.",
                "docker ps says by whom.",
                f"docker rm {name}, then run it again on a free port.",
            ),
        ),
        (
            container.running,
            (
                f"« {name} » ne tourne pas ({container.status}, {container.exit}).",
                f"docker logs {name} dit ce qu’il a écrit, docker inspect {name} le reste.",
                again(name)[0],
            ),
            (
                f"“{name}” does not run ({container.status}, {container.exit}).",
                f"docker logs {name} says what it has written, docker inspect {name} the rest.",
                again(name)[1],
            ),
        ),
    ]


def answers(container, name, page):
    """Return the conditions for a container that answers. page: the host name in its answer."""
    return [
        (
            container.ports,
            (
                f"Aucun port de « {name} » n’est publié.",
                f"docker port {name} ne montre rien : c’est l’option -p de docker run.",
                again(name)[0],
            ),
            (
                f"No port of “{name}” is published.",
                f"docker port {name} shows nothing: that is the option -p of docker run.",
                again(name)[1],
            ),
        ),
        (
            page or container.published(8888),
            (
                f"C’est un autre port de « {name} » qui est publié.",
                f"docker port {name} le montre ; docker logs {name} dit sur lequel l’application "
                "écoute. Dans -p, le premier nombre est celui du poste, le second celui du "
                "conteneur.",
                again(name)[0],
            ),
            (
                f"Another port of “{name}” is published.",
                f"docker port {name} shows it; docker logs {name} says on which one the app "
                "listens. In -p, the first number is the seat’s, the second the container’s.",
                again(name)[1],
            ),
        ),
        (
            container.answers_as(page),
            (
                f"Le port est publié, mais « {name} » n’y répond pas encore.",
                f"docker logs {name} dit où en est l’application ; attendez un instant.",
                again(name)[0],
            ),
            (
                f"The port is published, but “{name}” does not answer there yet.",
                f"docker logs {name} says how far the app is; wait a moment.",
                again(name)[1],
            ),
        ),
    ]


def own_app(page, name):
    """Return the condition for a page of the app that `labo start 8` has written."""
    return (
        not page.status or "panne" in page.json(),
        (
            f"« {name} » répond, mais ce n’est pas l’application de ~/labocloud/ex8.",
            "Ce dossier se monte par -v, et app.py se donne à Python après le nom de l’image.",
            again(name)[0],
        ),
        (
            f"“{name}” answers, but not with the app of ~/labocloud/ex8.",
            "That folder is mounted by -v, and app.py is given to Python behind the image’s name.",
            again(name)[1],
        ),
    )


def check(seat):
    """Yield the steps."""
    for name in RUN:
        container = seat.container(name)
        title = (f"« {name} » a été relancé, et répond", f"“{name}” was run again, and answers")
        conditions = renewed(seat, container, name)
        if name == "panne3":
            page = seat.page(name, 0, "/")
            conditions += [*runs(container, name), own_app(page, name)]
            host = page.json().get("container")
        else:
            page = seat.page(name, 0, API)
            conditions += [of_course(seat, container, name), *runs(container, name)]
            host = page.json().get("hostname")
        yield name, title, [*conditions, *answers(container, name, host)]
