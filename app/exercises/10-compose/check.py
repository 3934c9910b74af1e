"""Compose: two services of one file, one asks the other by its name, and a volume outlives both.

Open: labels of Compose's that somebody has given to `docker run` by hand, with a page that says
what the two would; whether there was a `docker compose down`.
"""

NEEDS = ["compose"]
PROJECT = "ex10"
# What the container of `web` is called where the file gives it no name, and where it does.
NAMES = (f"{PROJECT}-web-1", "web")
# The page that counts no visit.
WANTS = {"pages": [[name, 8000, "/look"] for name in NAMES]}

OF_PROJECT, OF_SERVICE = "com.docker.compose.project", "com.docker.compose.service"
# Of what `docker compose run` has made it is True.
ONCE = "com.docker.compose.oneoff"


def of_service(seat, service):
    """Return the container of a service, preferably of this exercise's project."""
    found = [
        one
        for one in seat.containers
        if one.labels.get(OF_SERVICE) == service and one.labels.get(ONCE) != "True"
    ]
    found.sort(key=lambda one: one.labels.get(OF_PROJECT) != PROJECT)
    return found[0] if found else seat.container("")


def up(container, service):
    """Return the conditions for a service that runs."""
    return [
        (
            container,
            f"Compose n’a aucun conteneur du service « {service} » : décrivez-le dans "
            "~/labocloud/ex10/compose.yaml, puis, dans ce dossier, docker compose up -d --build ; "
            "docker compose config dit ce que le fichier a de faux.",
            f"Compose has no container of the service “{service}”: describe it in "
            "~/labocloud/ex10/compose.yaml, then, in that folder, docker compose up -d --build; "
            "docker compose config says what is wrong in the file.",
        ),
        (
            container.labels.get(OF_PROJECT) == PROJECT,
            f"« {service} » est d’un autre projet que ex10 : lancez docker compose dans "
            "le dossier ~/labocloud/ex10.",
            f"“{service}” is of another project than ex10: run docker compose in "
            "the folder ~/labocloud/ex10.",
        ),
        (
            container.running,
            f"« {service} » ne tourne pas : docker compose ps -a, docker compose logs {service}.",
            f"“{service}” does not run: docker compose ps -a, docker compose logs {service}.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    web, counter = of_service(seat, "web"), of_service(seat, "compteur")
    pages = [seat.page(name, 8000, "/look").json() for name in NAMES]
    told = next((one for one in pages if one), {})
    counted = told.get("compteur")
    counted = counted if isinstance(counted, dict) else {}
    mount = counter.mount("/data")
    yield (
        "up",
        ("Compose a lancé « web » et « compteur »", "Compose has run “web” and “compteur”"),
        [*up(web, "web"), *up(counter, "compteur")],
    )
    yield (
        "talk",
        ("« web » répond, et a trouvé « compteur »", "“web” answers, and has found “compteur”"),
        [
            *up(web, "web"),
            (
                web.published(8000),
                "Le port 8000 de « web » n’est pas publié : ports:, dans compose.yaml, puis "
                "docker compose up -d.",
                "Port 8000 of “web” is not published: ports:, in compose.yaml, then "
                "docker compose up -d.",
            ),
            (
                told.get("web") and told["web"] == web.id[:12],
                "« web » ne répond pas ce que dit ~/labocloud/ex10/web/app.py : "
                "docker compose up -d --build, puis docker compose logs web.",
                "“web” does not answer what ~/labocloud/ex10/web/app.py says: "
                "docker compose up -d --build, then docker compose logs web.",
            ),
            (
                counted.get("container") and counted["container"] == counter.id[:12],
                "« web » répond, mais n’a pas trouvé « compteur » : sa page dit pourquoi, "
                "et docker compose logs compteur.",
                "“web” answers, but has not found “compteur”: its page says why, "
                "and docker compose logs compteur.",
            ),
        ],
    )
    yield (
        "private",
        (
            "« compteur » tourne, et n’a aucun port publié",
            "“compteur” runs, and has no published port",
        ),
        [
            *up(counter, "compteur"),
            (
                not counter.ports,
                "« compteur » a un port publié : retirez ports: de ce service, « web » le trouve "
                "par leur réseau. Puis docker compose up -d.",
                "“compteur” has a published port: take ports: from this service, “web” finds it "
                "on their network. Then docker compose up -d.",
            ),
        ],
    )
    yield (
        "kept",
        (
            "Le compteur a continué après docker compose down",
            "The counter has gone on after docker compose down",
        ),
        [
            *up(counter, "compteur"),
            (
                mount,
                "Rien n’est monté en /data dans « compteur », ses données partiront avec lui : "
                "volumes:, sous ce service.",
                "Nothing is mounted at /data in “compteur”, its data will go with it: "
                "volumes:, below this service.",
            ),
            (
                mount.type == "volume",
                "Ce qui est monté en /data est un dossier du poste : "
                "un volume a un nom, sans barre oblique.",
                "What is mounted at /data is a folder of the seat: "
                "a volume has a name, without a slash.",
            ),
            (
                counted.get("first"),
                "Ouvrez d’abord la page de « web », pour qu’il y ait une visite.",
                "Open the page of “web” first, so that there is a visit.",
            ),
            (
                counted.get("first") != counter.id[:12],
                "La première visite est de ce conteneur-ci : docker compose down, puis "
                "docker compose up -d, et le compteur doit continuer.",
                "The first visit is this container’s own: docker compose down, then "
                "docker compose up -d, and the counter has to go on.",
            ),
        ],
    )
