"""Compose: two services of one file, one asks the other by its name, and a volume outlives both.

Open: labels of Compose's that somebody has given to `docker run` by hand, with a page that says
what the two would; `up --force-recreate` in place of `down`; a volume `visites` that was filled by
hand.
"""

import re

NEEDS = ["compose"]
PROJECT, VOLUME = "ex10", "visites"
# The page that counts no visit.
LOOK = "/look"
WANTS = {"pages": [["service:web", 0, LOOK]]}

OF_PROJECT, OF_SERVICE = "com.docker.compose.project", "com.docker.compose.service"
# Of what `docker compose run` has made it is True.
ONCE = "com.docker.compose.oneoff"
# The name that the file has for a volume, whatever its own name is.
OF_VOLUME = "com.docker.compose.volume"
UP = "docker compose up -d --build"
DECLARED = (
    f"volumes: [{VOLUME}:/data] sous compteur, et volumes: {{{VOLUME}: }} à la fin",
    f"volumes: [{VOLUME}:/data] below compteur, and volumes: {{{VOLUME}: }} at the end",
)


def of_service(seat, service):
    """Return the containers of a service, the oldest first, of this exercise's project if any."""
    found = [
        container
        for container in seat.containers
        if container.labels.get(OF_SERVICE) == service and container.labels.get(ONCE) != "True"
    ]
    own = [container for container in found if container.labels.get(OF_PROJECT) == PROJECT]
    return sorted(own or found, key=lambda container: container.created)


def looked(seat, webs, counters):
    """Return what the page of `web` says of itself and of the counter, empty where it does not.

    Of several containers, one that has found the counter is believed first.
    """
    pages = [(web, seat.page(web, 0, LOOK).json()) for web in webs]
    said = [page for web, page in pages if web.answers_as(page.get("web"))]
    counted = [page["compteur"] for page in said if isinstance(page.get("compteur"), dict)]
    hosts = [
        count
        for count in counted
        if any(counter.answers_as(count.get("container")) for counter in counters)
    ]
    return (said or [{}])[0], (hosts or [{}])[0]


def up(seat, containers, service):
    """Return the conditions for a service that runs."""
    first = containers[0] if containers else seat.container("")
    container = next((container for container in containers if container.running), first)
    return [
        (
            container,
            (
                f"Compose n’a aucun conteneur du service « {service} ».",
                "Dans ~/labocloud/ex10, docker compose config dit comment Compose lit "
                "compose.yaml, ou ce que le fichier a de faux.",
                f"Décrivez-y {service}, puis {UP}",
            ),
            (
                f"Compose has no container of the service “{service}”.",
                "In ~/labocloud/ex10, docker compose config says how Compose reads compose.yaml, "
                "or what is wrong in the file.",
                f"Describe {service} there, then {UP}",
            ),
        ),
        (
            container.labels.get(OF_PROJECT) == PROJECT,
            (
                f"« {service} » est d’un autre projet que ex10.",
                "docker compose ls montre les projets ; chacun a le nom du dossier d’où il a été "
                "lancé.",
                f"cd ~/labocloud/ex10, puis {UP}",
            ),
            (
                f"“{service}” is of another project than ex10.",
                "docker compose ls shows the projects; each has the name of the folder in which "
                "it was run.",
                f"cd ~/labocloud/ex10, then {UP}",
            ),
        ),
        (
            container.running,
            (
                f"« {service} » ne tourne pas.",
                f"docker compose ps -a dit depuis quand, docker compose logs {service} pourquoi.",
                UP,
            ),
            (
                f"“{service}” does not run.",
                f"docker compose ps -a says since when, docker compose logs {service} why.",
                UP,
            ),
        ),
    ]


def published(seat, webs):
    """Return the conditions for a port of the seat that leads to the page."""
    is_there = any(web.published(8000) or seat.page(web, 0, LOOK).status for web in webs)
    return [
        (
            any(web.ports for web in webs),
            (
                "Aucun port de « web » n’est publié.",
                "docker compose ps le montre. Dans compose.yaml, -p s’écrit ports:, sous web.",
                f'ports: ["8110:8000"], puis {UP}',
            ),
            (
                "No port of “web” is published.",
                "docker compose ps shows it. In compose.yaml, -p is written ports:, below web.",
                f'ports: ["8110:8000"], then {UP}',
            ),
        ),
        (
            is_there,
            (
                "C’est un autre port de « web » qui est publié.",
                "web/app.py dit, à la fin, sur lequel il écoute : c’est le second nombre de ports:",
                f'ports: ["8110:8000"], puis {UP}',
            ),
            (
                "Another port of “web” is published.",
                "web/app.py says, at its end, on which one it listens: that is the second number "
                "of ports:",
                f'ports: ["8110:8000"], then {UP}',
            ),
        ),
    ]


def talks(said, counted):
    """Return the conditions for a page that answers, and has found the other service."""
    return [
        (
            said,
            (
                "« web » ne répond pas ce que dit ~/labocloud/ex10/web/app.py.",
                "docker compose logs web dit où il en est.",
                UP,
            ),
            (
                "“web” does not answer what ~/labocloud/ex10/web/app.py says.",
                "docker compose logs web says how far it is.",
                UP,
            ),
        ),
        (
            counted,
            (
                "« web » répond, mais n’a pas trouvé « compteur ».",
                "Sa page dit pourquoi, et docker compose logs compteur. Ils se trouvent par le nom "
                "du service, sur le réseau que Compose a créé.",
                f"services: avec web: et compteur:, puis {UP}",
            ),
            (
                "“web” answers, but has not found “compteur”.",
                "Its page says why, and docker compose logs compteur. They find each other by the "
                "name of the service, on the network that Compose made.",
                f"services: with web: and compteur:, then {UP}",
            ),
        ),
    ]


def private(counters):
    """Return the condition that no port of the counter is published."""
    return (
        not any(counter.ports for counter in counters),
        (
            "« compteur » a un port publié.",
            "docker compose ps le montre. Personne n’en a besoin : « web » le trouve par leur "
            "réseau.",
            f"Retirez ports: de ce service, puis {UP}",
        ),
        (
            "“compteur” has a published port.",
            "docker compose ps shows it. Nobody needs it: “web” finds it on their network.",
            f"Take ports: from this service, then {UP}",
        ),
    )


def mounted(mount):
    """Return the conditions for a volume in which the counter writes."""
    return [
        (
            mount,
            (
                "Rien n’est monté en /data dans « compteur » : ses données partiront avec lui.",
                "compteur/app.py écrit là. Dans compose.yaml, -v s’écrit volumes:",
                DECLARED[0],
            ),
            (
                "Nothing is mounted at /data in “compteur”: its data will go with it.",
                "compteur/app.py writes there. In compose.yaml, -v is written volumes:",
                DECLARED[1],
            ),
        ),
        (
            mount.type == "volume",
            (
                "Ce qui est monté en /data est un dossier du poste, et non un volume.",
                "Un volume a un nom, sans barre oblique.",
                DECLARED[0],
            ),
            (
                "What is mounted at /data is a folder of the seat, and no volume.",
                "A volume has a name, without a slash.",
                DECLARED[1],
            ),
        ),
    ]


def named(seat, mount):
    """Return the conditions for a volume that the file calls as the text does."""
    is_named = (
        mount.name in (VOLUME, f"{PROJECT}_{VOLUME}")
        or seat.volume(mount.name).labels.get(OF_VOLUME) == VOLUME
    )
    return [
        (
            not re.fullmatch("[0-9a-f]{64}", mount.name),
            (
                "Le volume monté en /data n’a pas de nom : personne ne le retrouvera.",
                "docker volume ls le montre, avec 64 chiffres. Devant le chemin, il faut un nom.",
                DECLARED[0],
            ),
            (
                "The volume at /data has no name: nobody will find it again.",
                "docker volume ls shows it, with 64 digits. Before the path there has to be a "
                "name.",
                DECLARED[1],
            ),
        ),
        (
            is_named,
            (
                f"Le volume monté en /data n’est pas « {VOLUME} ».",
                "docker compose config montre quel nom le fichier lui donne.",
                DECLARED[0],
            ),
            (
                f"The volume at /data is not “{VOLUME}”.",
                "docker compose config shows which name the file gives to it.",
                DECLARED[1],
            ),
        ),
    ]


def went_on(counters, counted):
    """Return the conditions for a count that has begun before the counter was made."""
    since = str(counted.get("since", ""))
    is_old = not any(counter.answers_as(counted.get("first")) for counter in counters)
    # The apps of before tell no time.
    if since and counters:
        is_old = bool(re.fullmatch(r"\d{1,12}(\.\d+)?", since))
        is_old = is_old and float(since) < counters[0].created
    return [
        (
            counted.get("first"),
            (
                "Personne n’a encore ouvert la page de « web ».",
                "docker compose ps montre son port. Chaque visite est une ligne dans le volume.",
                "Ouvrez-la, puis docker compose down et docker compose up -d.",
            ),
            (
                "Nobody has opened the page of “web” yet.",
                "docker compose ps shows its port. Each visit is a line in the volume.",
                "Open it, then docker compose down and docker compose up -d.",
            ),
        ),
        (
            is_old,
            (
                "La première visite est de ce conteneur-ci.",
                "Le compteur doit continuer là où un conteneur d’avant, effacé depuis, l’a laissé.",
                "docker compose down, puis docker compose up -d",
            ),
            (
                "The first visit is this container’s own.",
                "The counter has to go on from where a container of before, removed since, has "
                "left it.",
                "docker compose down, then docker compose up -d",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    webs, counters = of_service(seat, "web"), of_service(seat, "compteur")
    said, counted = looked(seat, webs, counters)
    mount = next((counter.mount("/data") for counter in counters), seat.container("").mount("/"))
    web_up, counter_up = up(seat, webs, "web"), up(seat, counters, "compteur")
    yield (
        "up",
        ("Compose a lancé « web » et « compteur »", "Compose has run “web” and “compteur”"),
        [*web_up, *counter_up],
    )
    yield (
        "talk",
        ("« web » répond, et a trouvé « compteur »", "“web” answers, and has found “compteur”"),
        [*web_up, *published(seat, webs), *talks(said, counted)],
    )
    yield (
        "private",
        (
            "« compteur » tourne, et n’a aucun port publié",
            "“compteur” runs, and has no published port",
        ),
        [*counter_up, private(counters)],
    )
    yield (
        "kept",
        (
            "Le compteur a continué après docker compose down",
            "The counter has gone on after docker compose down",
        ),
        [*counter_up, *mounted(mount), *named(seat, mount), *went_on(counters, counted)],
    )
