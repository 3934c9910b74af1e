"""A bind mount: a page changes on the seat, and the container that serves it goes on.

Open: `touch` instead of a change, and a page that was changed by somebody else.
"""

# The second page: where the server shows the whole container.
WANTS = {
    "pages": [["site", 0, "/index.html"], ["site", 0, "/site/index.html"]],
    "files": [["site", "/site/index.html"]],
}

BASE = "labocloud20202021:base"
# Seconds by which a file's time may be behind: Linux takes it from a clock that ticks.
TICK = 0.01
RUN = (
    f"docker run -d --name site -p 8096:8000 -v ~/labocloud/ex6:/site:ro -w /site {BASE} python -m "
    "http.server 8000"
)
AGAIN = f"docker rm -f site, puis {RUN}", f"docker rm -f site, then {RUN}"


def there(site, seat):
    """Return the conditions for a container of the base."""
    return [
        (
            site,
            (
                "Aucun conteneur ne s’appelle « site ».",
                "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant "
                "celui de l’image.",
                RUN,
            ),
            (
                "No container is called “site”.",
                "docker ps -a shows all containers; the option --name gives the name, before that "
                "of the image.",
                RUN,
            ),
        ),
        (
            site.of(seat.base),
            (
                f"« site » vient de {site.image}, et non de {BASE}.",
                "docker ps -a, colonne IMAGE. L’image est le premier mot après les options de "
                "docker run.",
                AGAIN[0],
            ),
            (
                f"“site” is made from {site.image}, not from {BASE}.",
                "docker ps -a, column IMAGE. The image is the first word behind the options of "
                "docker run.",
                AGAIN[1],
            ),
        ),
    ]


def mounted(site, mount, seat):
    """Return the conditions for a container of the base that sees a folder of the seat."""
    return [
        *there(site, seat),
        (
            mount,
            (
                "« site » n’a rien en /site.",
                "docker inspect site le montre, à Mounts. L’option -v se donne avant le nom de "
                "l’image.",
                AGAIN[0],
            ),
            (
                "“site” has nothing at /site.",
                "docker inspect site shows it, at Mounts. The option -v is given before the "
                "image’s name.",
                AGAIN[1],
            ),
        ),
        (
            mount.type == "bind",
            (
                "C’est un volume que « site » a en /site, pas votre dossier.",
                "docker inspect site le montre, à Mounts. Le chemin d’un dossier commence par /, "
                "par ~ ou, depuis Docker 23, par ./ ; un nom seul est un volume.",
                AGAIN[0],
            ),
            (
                "What “site” has at /site is a volume, not your folder.",
                "docker inspect site shows it, at Mounts. The path of a folder begins with /, with "
                "~ or, since Docker 23, with ./; a name alone is a volume.",
                AGAIN[1],
            ),
        ),
    ]


def runs(site):
    """Return the conditions that it runs."""
    return [
        (
            site.status != "created",
            (
                "« site » existe, et n’a pas démarré.",
                "docker run a dit pourquoi : un port pris, ou un dossier qui n’est pas sous "
                "~/labocloud. docker inspect --format '{{.State.Error}}' site le redit.",
                f"docker rm site, puis {RUN}",
            ),
            (
                "“site” is there, and has not started.",
                "docker run has said why: a port that is taken, or a folder that is not in "
                "~/labocloud. docker inspect --format '{{.State.Error}}' site says it again.",
                f"docker rm site, then {RUN}",
            ),
        ),
        (
            site.running,
            (
                "« site » s’est arrêté.",
                "docker logs site dit pourquoi, et docker ps -a avec quel code.",
                AGAIN[0],
            ),
            (
                "“site” has stopped.",
                "docker logs site says why, and docker ps -a with which code.",
                AGAIN[1],
            ),
        ),
    ]


def answers(site, page):
    """Return the conditions for its server, which answers."""
    return [
        *runs(site),
        (
            site.ports,
            (
                "Aucun port de « site » n’est publié.",
                "docker port site ne montre rien. L’option -p publie un port ; elle se donne à "
                "docker run, avant le nom de l’image.",
                AGAIN[0],
            ),
            (
                "No port of “site” is published.",
                "docker port site shows nothing. The option -p publishes a port; it is given to "
                "docker run, before the image’s name.",
                AGAIN[1],
            ),
        ),
        (
            page.status or site.published(8000),
            (
                "Le port 8000 de « site » n’est pas publié, et rien ne répond sur celui qui l’est.",
                "docker port site le montre. Dans -p, le premier nombre est celui du poste, le "
                "second celui où le serveur écoute.",
                AGAIN[0],
            ),
            (
                "Port 8000 of “site” is not published, and nothing answers on the one that is.",
                "docker port site shows it. In -p, the first number is the seat’s, the second the "
                "one that the server listens on.",
                AGAIN[1],
            ),
        ),
        (
            page.status,
            (
                "Le port est publié, mais le serveur ne répond pas encore.",
                "docker logs site dit où il en est.",
                "Attendez un instant, puis labo check 6.",
            ),
            (
                "The port is published, but the server does not answer yet.",
                "docker logs site says how far it is.",
                "Wait a moment, then labo check 6.",
            ),
        ),
    ]


def same(mount, page, file, below):
    """Return the conditions that what it serves is the file of the seat. below: of the whole."""
    return [
        (
            page or not below,
            (
                "Le serveur montre tout le conteneur.",
                "Il sert le dossier où il démarre : effacez « site », et relancez-le avec -w "
                "/site avant le nom de l’image.",
                AGAIN[0],
            ),
            (
                "The server shows the whole container.",
                "It serves the folder that it starts in: remove “site”, and run it again with -w "
                "/site before the image’s name.",
                AGAIN[1],
            ),
        ),
        (
            page,
            (
                "Le serveur répond, et n’a pas d’index.html.",
                f"{mount.source} est-il bien votre dossier ? S’il manquait, Docker l’a créé, et il "
                "n’est pas à vous.",
                "docker rm -f site, enlevez ce dossier par rmdir (ou renommez-le par mv), mkdir, "
                "et relancez.",
            ),
            (
                "The server answers, and has no index.html.",
                f"Is {mount.source} your folder? Where it was missing, Docker has made it, and it "
                "is not yours.",
                "docker rm -f site, remove that folder by rmdir (or rename it by mv), mkdir, and "
                "run it again.",
            ),
        ),
        (
            file and page.size == file.size and page.modified in (0, int(file.modified)),
            (
                f"La page n’est pas l’index.html de {mount.source}.",
                "docker exec site cat /site/index.html montre ce qu’elle devrait être. Le serveur "
                "sert un autre dossier : celui où il démarre.",
                AGAIN[0],
            ),
            (
                f"The page is not the index.html of {mount.source}.",
                "docker exec site cat /site/index.html shows what it should be. The server serves "
                "another folder: the one that it starts in.",
                AGAIN[1],
            ),
        ),
    ]


def is_later(file, site):
    """Return whether a file was changed after the start, as exactly as its file system knows."""
    in_seconds = file.modified == int(file.modified)
    return file.modified >= int(site.started) if in_seconds else file.modified > site.started - TICK


def is_read_only(mount):
    """Return the condition that the container cannot write to the folder."""
    return (
        not mount.rw,
        (
            "« site » peut changer vos fichiers.",
            "docker inspect site le montre, à Mounts. Effacez-le, et relancez-le avec :ro "
            "après /site.",
            AGAIN[0],
        ),
        (
            "“site” can change your files.",
            "docker inspect site shows it, at Mounts. Remove it, and run it again with :ro "
            "after /site.",
            AGAIN[1],
        ),
    )


def is_changed(site, file):
    """Return the condition that the page was changed after the start."""
    return (
        is_later(file, site),
        (
            "index.html date d’avant le démarrage de « site ».",
            "ls -l --time-style=full-iso ~/labocloud/ex6 et docker ps le montrent. Changez "
            "la page maintenant, sur le poste, et rechargez-la.",
        ),
        (
            "index.html is older than the start of “site”.",
            "ls -l --time-style=full-iso ~/labocloud/ex6 and docker ps show it. Change the "
            "page now, on the seat, and reload it.",
        ),
    )


def check(seat):
    """Yield the steps."""
    site = seat.container("site")
    mount, file = site.mount("/site"), seat.file("site", "/site/index.html")
    page, below = (seat.page("site", 0, path) for path in ("/index.html", "/site/index.html"))
    folder = mounted(site, mount, seat)
    serves = [*folder, *answers(site, page), *same(mount, page, file, below)]
    yield (
        "mounted",
        ("« site » voit un dossier du poste en /site", "“site” sees a folder of the seat at /site"),
        folder,
    )
    yield (
        "serves",
        ("Sa page est votre index.html", "Its page is your index.html"),
        serves,
    )
    yield (
        "read_only",
        ("Il ne peut pas y écrire", "It cannot write there"),
        [*folder, is_read_only(mount)],
    )
    yield (
        "changed",
        (
            "La page a changé pendant que « site » tournait",
            "The page has changed while “site” was running",
        ),
        [*serves, is_changed(site, file)],
    )
