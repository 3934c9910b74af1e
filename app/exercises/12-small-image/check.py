"""A small image: a page made with Python in one stage, and served without it from another.

Open: a small image that was not made by a Dockerfile of several stages.
"""

WANTS = {"pages": [["gros", 8000, "/"], ["petit", 8000, "/"]]}

# Bytes: ten times less would still hold what is needed.
MOST = 10_000_000


def served(seat, name, logs):
    """Return the conditions for a container of NAME:1 that serves a page. logs: a hint's advice."""
    container, image = seat.container(name), seat.image(f"{name}:1")
    return [
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : docker run -d --name {name}, avec un port "
            f"publié vers 8000, de {name}:1.",
            f"No container is called “{name}”: docker run -d --name {name}, with a port published "
            f"to 8000, of {name}:1.",
        ),
        (
            container.of(image),
            f"« {name} » n’est pas de l’image {name}:1 d’aujourd’hui : effacez-le, et relancez-le.",
            f"“{name}” is not of today’s image {name}:1: remove it, and run it again.",
        ),
        (
            "unable to find user" not in container.error,
            f"{name}:1 n’a pas de liste de comptes où Docker trouverait ce nom : après USER, "
            "écrivez un numéro, construisez, et relancez-le.",
            f"{name}:1 has no list of accounts in which Docker could find that name: after USER "
            "write a number, build, and run it again.",
        ),
        (
            # Without brackets, CMD is what a shell is told.
            container.running or image.on(seat.base) or "/bin/sh" not in image.command,
            f"« {name} » ne tourne pas : sans crochets, CMD demande un shell, et il n’y en a pas "
            f"dans {name}:1. Écrivez CMD avec des crochets, construisez, et relancez-le.",
            f"“{name}” does not run: without brackets, CMD takes a shell, and {name}:1 has none. "
            "Write CMD with brackets, build, and run it again.",
        ),
        (
            container.running,
            f"« {name} » ne tourne pas ({container.exit}). {logs[0]}",
            f"“{name}” does not run ({container.exit}). {logs[1]}",
        ),
        (
            container.published(8000),
            f"Le port 8000 de « {name} » n’est pas publié : effacez-le, et relancez-le avec -p.",
            f"Port 8000 of “{name}” is not published: remove it, and run it again with -p.",
        ),
        (
            seat.page(name, 8000, "/"),
            f"« {name} » n’a pas encore de page à cette adresse : docker logs {name}.",
            f"“{name}” has no page at that address yet: docker logs {name}.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    gros, petit = seat.image("gros:1"), seat.image("petit:1")
    page = seat.page("gros", 8000, "/").body
    runs = served(
        seat,
        "petit",
        (
            "Il lui manque un fichier, le chargeur ou une bibliothèque : "
            "docker logs petit, ou docker inspect petit, sous State, Error.",
            "It lacks a file, the loader or a library: docker logs petit, or docker "
            "inspect petit, under State, Error.",
        ),
    )
    yield (
        "big",
        (
            "« gros » sert la page, fabriquée et servie avec Python",
            "“gros” serves the page, made and served with Python",
        ),
        [
            (
                gros,
                "Aucune image ne s’appelle gros:1 : docker build -f gros.Dockerfile -t gros:1 .",
                "No image is called gros:1: docker build -f gros.Dockerfile -t gros:1 .",
            ),
            (
                gros.on(seat.base),
                "gros:1 n’est pas construite sur labocloud20202021:base : voyez le FROM de "
                "gros.Dockerfile.",
                "gros:1 is not built on labocloud20202021:base: see the FROM of gros.Dockerfile.",
            ),
            *served(seat, "gros", ("docker logs gros.", "docker logs gros.")),
            (
                "<h1>" in page,
                "La page de « gros » n’a pas de titre : la première ligne de page.md est-elle "
                "# Docker, et index.html est-il dans /www ?",
                "The page of “gros” has no title: is the first line of page.md # Docker, and is "
                "index.html in /www?",
            ),
        ],
    )
    yield (
        "small",
        ("petit:1 fait moins de 10 Mo", "petit:1 is smaller than 10 MB"),
        [
            (
                petit,
                "Aucune image ne s’appelle petit:1 : docker build -f petit.Dockerfile -t petit:1 .",
                "No image is called petit:1: docker build -f petit.Dockerfile -t petit:1 .",
            ),
            (
                not petit.shared(seat.base),
                "petit:1 contient encore toute l’image de base : sa dernière étape doit "
                "commencer par FROM scratch.",
                "petit:1 still holds the whole base: its last stage has to begin "
                "with FROM scratch.",
            ),
            (
                petit.size < MOST,
                f"petit:1 fait {petit.size // 1_000_000} Mo : docker history petit:1 dit quelle "
                "copie est de trop.",
                f"petit:1 has {petit.size // 1_000_000} MB: docker history petit:1 says which "
                "copy is too much.",
            ),
        ],
    )
    yield (
        "same",
        ("« petit » sert la même page", "“petit” serves the same page"),
        [
            *runs,
            (
                petit.layers and not petit.shared(seat.base) and petit.size < MOST,
                "« petit » tourne, mais petit:1 n’est pas encore petite.",
                "“petit” runs, but petit:1 is not small yet.",
            ),
            (
                page and seat.page("petit", 8000, "/").body == page,
                "« gros » et « petit » ne servent pas la même page : construisez les deux à partir "
                "du même page.md, et relancez-les.",
                "“gros” and “petit” do not serve the same page: build both from the same page.md, "
                "and run them again.",
            ),
        ],
    )
    yield (
        "nobody",
        ("« petit » ne tourne pas en root", "“petit” does not run as root"),
        [
            (
                petit,
                "Aucune image ne s’appelle petit:1 : docker build -f petit.Dockerfile -t petit:1 .",
                "No image is called petit:1: docker build -f petit.Dockerfile -t petit:1 .",
            ),
            *runs,
            (
                petit.user.partition(":")[0] not in ("", "0", "root"),
                "« petit » tourne en root : dans la dernière étape de petit.Dockerfile, ajoutez "
                "USER et un numéro, construisez, et relancez-le.",
                "“petit” runs as root: in the last stage of petit.Dockerfile, add USER and a "
                "number, build, and run it again.",
            ),
        ],
    )
