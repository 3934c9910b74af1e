"""A bind mount: a page changes on the seat, and the container that serves it goes on.

Open: `touch` instead of a change, and a page that was changed by somebody else.
"""

# The second one: the page where the server shows the whole container.
WANTS = {"pages": [["site", 8000, "/index.html"], ["site", 8000, "/site/index.html"]]}


def check(seat):
    """Yield the steps."""
    site = seat.container("site")
    mount, page = site.mount("/site"), seat.page("site", 8000, "/index.html")
    mounted = [
        (
            site,
            "Aucun conteneur ne s’appelle « site » : docker run -d, avec --name site.",
            "No container is called “site”: docker run -d, with --name site.",
        ),
        (
            site.of(seat.base),
            f"« site » vient de {site.image} : effacez-le (docker rm -f site), et relancez-le à "
            "partir de labocloud20202021:base.",
            f"“site” is made from {site.image}: remove it (docker rm -f site), and run it again "
            "from labocloud20202021:base.",
        ),
        (
            mount,
            "« site » n’a rien en /site : effacez-le, et relancez-le avec -v "
            "~/labocloud/ex6:/site:ro avant le nom de l’image.",
            "“site” has nothing at /site: remove it, and run it again with -v "
            "~/labocloud/ex6:/site:ro before the image’s name.",
        ),
        (
            mount.type == "bind",
            "C’est un volume que « site » a en /site, pas votre dossier : son chemin doit "
            "commencer par / ou ~. Effacez « site », et relancez-le.",
            "What “site” has at /site is a volume, not your folder: its path has to begin with / "
            "or ~. Remove “site”, and run it again.",
        ),
    ]
    serves = [
        *mounted,
        (
            site.status != "created",
            "« site » n’a pas démarré : docker run a dit pourquoi, un port pris ou un dossier "
            "qui n’est pas sous ~/labocloud. Effacez-le (docker rm site), et relancez-le.",
            "“site” has not started: docker run has said why, a port that is taken or a folder "
            "that is not in ~/labocloud. Remove it (docker rm site), and run it again.",
        ),
        (
            site.running,
            "« site » s’est arrêté : docker logs site dit pourquoi. Effacez-le, et relancez-le "
            "avec python -m http.server 8000.",
            "“site” has stopped: docker logs site says why. Remove it, and run it again with "
            "python -m http.server 8000.",
        ),
        (
            site.published(8000),
            "Le port 8000 de « site » n’est pas publié : effacez-le (docker rm -f site), et "
            "relancez-le avec -p 8096:8000.",
            "Port 8000 of “site” is not published: remove it (docker rm -f site), and run it "
            "again with -p 8096:8000.",
        ),
        (
            page.status,
            "Le port est publié, mais le serveur ne répond pas encore : attendez un instant, "
            "puis docker logs site.",
            "The port is published, but the server does not answer yet: wait a moment, then "
            "docker logs site.",
        ),
        (
            page or not seat.page("site", 8000, "/site/index.html"),
            "Le serveur montre tout le conteneur : effacez « site » (docker rm -f site), et "
            "relancez-le avec -w /site avant le nom de l’image.",
            "The server shows the whole container: remove “site” (docker rm -f site), and run it "
            "again with -w /site before the image’s name.",
        ),
        (
            page,
            f"Le serveur répond, et n’a pas d’index.html : {mount.source} est-il bien votre "
            "dossier ? S’il manquait, Docker l’a créé, et il n’est pas à vous : docker rm -f "
            "site, enlevez-le par rmdir (ou renommez-le par mv), mkdir, et relancez.",
            f"The server answers, and has no index.html: is {mount.source} your folder? Where it "
            "was missing, Docker has made it, and it is not yours: docker rm -f site, remove it "
            "by rmdir (or rename it by mv), mkdir, and run it again.",
        ),
    ]
    yield (
        "mounted",
        ("« site » voit un dossier du poste en /site", "“site” sees a folder of the seat at /site"),
        mounted,
    )
    yield (
        "serves",
        ("Sa page est votre index.html", "Its page is your index.html"),
        serves,
    )
    yield (
        "read_only",
        ("Il ne peut pas y écrire", "It cannot write there"),
        [
            *mounted,
            (
                not mount.rw,
                "« site » peut changer vos fichiers : effacez-le (docker rm -f site), et "
                "relancez-le avec :ro après /site.",
                "“site” can change your files: remove it (docker rm -f site), and run it again "
                "with :ro after /site.",
            ),
        ],
    )
    yield (
        "changed",
        (
            "La page a changé pendant que « site » tournait",
            "The page has changed while “site” was running",
        ),
        [
            *serves,
            (
                page.modified > site.started,
                "index.html date d’avant le démarrage de « site » : changez-le maintenant, sur "
                "le poste, et rechargez la page.",
                "index.html is older than the start of “site”: change it now, on the seat, and "
                "reload the page.",
            ),
        ],
    )
