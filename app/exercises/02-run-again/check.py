"""Run the course's container again: another port, a limit of memory, read on its own page.

Where the engine cannot limit memory, it drops --memory: there the step is done without.

Open: that the page was opened in a browser; any request for one of its pages counts.
"""

WANTS = {"pages": [["relance", 0, "/api/container"]]}

LIMIT = 64 * 2**20
# Where the teacher's container answers.
FLASK = 8080
RUN = "docker run -d --name relance -p 8090:8888 --memory 64m labocloud20202021:python"
AGAIN = f"docker rm -f relance, puis {RUN}", f"docker rm -f relance, then {RUN}"


def started(relance):
    """Return the conditions for a container that has started, and not ended."""
    return [
        (
            relance.status != "created",
            (
                "« relance » existe, et n’a pas démarré.",
                "docker run a dit pourquoi ; le plus souvent, son port est pris. docker inspect "
                "--format '{{.State.Error}}' relance le redit.",
                "docker rm relance, puis relancez-le avec -p AUTRE_PORT:8888.",
            ),
            (
                "“relance” is there, and has not started.",
                "docker run has said why; most often its port is taken. docker inspect --format "
                "'{{.State.Error}}' relance says it again.",
                "docker rm relance, then run it again with -p OTHER_PORT:8888.",
            ),
        ),
        (
            relance.running,
            (
                "« relance » s’est arrêté.",
                "docker logs relance dit pourquoi, et docker ps -a avec quel code.",
                AGAIN[0],
            ),
            (
                "“relance” has stopped.",
                "docker logs relance says why, and docker ps -a with which code.",
                AGAIN[1],
            ),
        ),
    ]


def runs(relance, seat):
    """Return the conditions for a container of the course image that runs."""
    return [
        (
            relance,
            (
                "Aucun conteneur ne s’appelle « relance ».",
                "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant "
                "celui de l’image.",
                RUN,
            ),
            (
                "No container is called “relance”.",
                "docker ps -a shows all containers; the option --name gives the name, before that "
                "of the image.",
                RUN,
            ),
        ),
        (
            relance.of(seat.course),
            (
                f"« relance » vient de {relance.image}, qui n’est pas une image du cours.",
                "docker ps -a, colonne IMAGE. L’image est le premier mot après les options de "
                "docker run.",
                AGAIN[0],
            ),
            (
                f"“relance” is made from {relance.image}, which is no image of the course.",
                "docker ps -a, column IMAGE. The image is the first word behind the options of "
                "docker run.",
                AGAIN[1],
            ),
        ),
        *started(relance),
    ]


def begun(relance, seat):
    """Return the condition that the container can be looked at further."""
    return (
        relance.running and relance.of(seat.course),
        (
            "Lancez d’abord « relance », à partir de l’image du cours.",
            "docker ps montre ce qui tourne, et de quelle image.",
        ),
        (
            "Run “relance” first, from the course image.",
            "docker ps shows what runs, and of which image.",
        ),
    )


def elsewhere(relance, page):
    """Return the conditions for a page that answers, on a port that is not the teacher's."""
    return [
        (
            not any(FLASK in ports for ports in relance.ports.values()),
            (
                "8080 est le port de « flask ».",
                "Un port du poste ne sert qu’à un conteneur : docker ps montre ceux qui sont "
                "pris. Il en faut un autre, par exemple 8090.",
                AGAIN[0],
            ),
            (
                "8080 is the port of “flask”.",
                "A port of the seat serves one container only: docker ps shows those that are "
                "taken. It takes another one, for instance 8090.",
                AGAIN[1],
            ),
        ),
        (
            page,
            (
                "Le port est publié, mais « relance » n’y répond pas encore.",
                "docker logs relance dit où en est l’application.",
                "Attendez un instant, puis labo check 2.",
            ),
            (
                "The port is published, but “relance” does not answer there yet.",
                "docker logs relance says how far the app is.",
                "Wait a moment, then labo check 2.",
            ),
        ),
    ]


def answers(relance, page):
    """Return the conditions for its page, which answers on a port of its own."""
    return [
        (
            relance.ports,
            (
                "Aucun port de « relance » n’est publié.",
                "docker port relance ne montre rien. L’option -p publie un port ; elle se donne à "
                "docker run, avant le nom de l’image.",
                AGAIN[0],
            ),
            (
                "No port of “relance” is published.",
                "docker port relance shows nothing. The option -p publishes a port; it is given to "
                "docker run, before the image’s name.",
                AGAIN[1],
            ),
        ),
        (
            # What answers there tells, whatever port the app was told to listen on.
            page or relance.published(8888),
            (
                "C’est un autre port du conteneur qui est publié.",
                "docker port relance le montre ; l’application écoute sur 8888. Dans -p, le "
                "premier nombre est celui du poste, le second celui du conteneur.",
                AGAIN[0],
            ),
            (
                "Another port of the container is published.",
                "docker port relance shows it; the app listens on 8888. In -p, the first number is "
                "the seat’s, the second the container’s.",
                AGAIN[1],
            ),
        ),
        *elsewhere(relance, page),
    ]


def limited(relance, seat):
    """Return the conditions for its limit of memory, where the seat can set one."""
    mebibytes = relance.memory // 2**20
    return [
        (
            relance.memory or not seat.engine["memory"],
            (
                "La mémoire de « relance » n’a pas de limite.",
                "docker inspect --format '{{.HostConfig.Memory}}' relance montre 0. Une option de "
                "docker run la limite.",
                AGAIN[0],
            ),
            (
                "The memory of “relance” has no limit.",
                "docker inspect --format '{{.HostConfig.Memory}}' relance shows 0. An option of "
                "docker run limits it.",
                AGAIN[1],
            ),
        ),
        (
            relance.memory <= LIMIT or not seat.engine["memory"],
            (
                f"« relance » a droit à {mebibytes} Mio.",
                "Il ne doit pas dépasser 64 Mio : l’option --memory prend un nombre, puis m.",
                AGAIN[0],
            ),
            (
                f"“relance” may use {mebibytes} MiB.",
                "It must not exceed 64 MiB: the option --memory takes a number, then m.",
                AGAIN[1],
            ),
        ),
    ]


def read(relance, seat, page):
    """Return the conditions for its page, which was opened."""
    return [
        (
            page and relance.of(seat.course),
            (
                "La page de « relance » doit d’abord répondre, sur le port que vous avez choisi.",
                "docker ps montre s’il tourne, et docker port relance sur quel port.",
            ),
            (
                "The page of “relance” has to answer first, on the port that you chose.",
                "docker ps shows whether it runs, and docker port relance on which port.",
            ),
        ),
        (
            page.json().get("requests"),
            (
                "Personne n’a encore ouvert de page de « relance ».",
                "Ouvrez la page « Ce conteneur » de « relance », sur le port que vous avez "
                "choisi ; docker port relance le redit.",
            ),
            (
                "Nobody has opened a page of “relance” yet.",
                "Open the page “This container” of “relance”, on the port that you chose; docker "
                "port relance says it again.",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    relance = seat.container("relance")
    page = seat.page("relance", 0, "/api/container")
    yield (
        "runs",
        (
            "« relance » tourne, à partir de l’image du cours",
            "“relance” runs, from the course image",
        ),
        runs(relance, seat),
    )
    yield (
        "port",
        (
            "Sa page répond sur un autre port que 8080",
            "Its page answers on a port other than 8080",
        ),
        [begun(relance, seat), *answers(relance, page)],
    )
    yield (
        "memory",
        (
            "Sa mémoire est limitée à 64 Mio, ou ce poste ne sait pas la limiter",
            "Its memory is limited to 64 MiB, or this seat cannot limit it",
        ),
        [begun(relance, seat), *limited(relance, seat)],
    )
    yield (
        "read",
        ("Vous avez ouvert l’une de ses pages", "You have opened one of its pages"),
        read(relance, seat, page),
    )
