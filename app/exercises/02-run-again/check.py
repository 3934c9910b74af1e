"""Run the course's container again: another port, a limit of memory, read on its own page.

Where the engine cannot limit memory, it drops --memory: there the step is done without.

Open: that the page was opened in a browser; any request for one of its pages counts.
"""

WANTS = {"pages": [["relance", 8888, "/api/container"]]}

LIMIT = 64 * 2**20
# Where the teacher's container answers.
FLASK = 8080


def check(seat):
    """Yield the steps."""
    relance = seat.container("relance")
    yield (
        "runs",
        (
            "« relance » tourne, à partir de l’image du cours",
            "“relance” runs, from the course image",
        ),
        [
            (
                relance,
                "Aucun conteneur ne s’appelle « relance » : docker run -d, avec --name relance.",
                "No container is called “relance”: docker run -d, with --name relance.",
            ),
            (
                relance.of(seat.course),
                f"« relance » vient de {relance.image}, qui n’est pas une image du cours : "
                "effacez-le (docker rm -f relance), et relancez-le à partir de "
                "labocloud20202021:python.",
                f"“relance” is made from {relance.image}, which is no image of the course: "
                "remove it (docker rm -f relance), and run it again from "
                "labocloud20202021:python.",
            ),
            (
                relance.status != "created",
                "« relance » n’a pas démarré : docker run a dit pourquoi ; le plus souvent, son "
                "port est pris. Effacez-le (docker rm relance), et choisissez-en un autre.",
                "“relance” has not started: docker run has said why; most often its port is "
                "taken. Remove it (docker rm relance), and choose another one.",
            ),
            (
                relance.running,
                "« relance » s’est arrêté : docker logs relance dit pourquoi. Effacez-le (docker "
                "rm relance), et relancez-le avec -d.",
                "“relance” has stopped: docker logs relance says why. Remove it (docker rm "
                "relance), and run it again with -d.",
            ),
        ],
    )
    page = seat.page("relance", 8888, "/api/container")
    yield (
        "port",
        (
            "Sa page répond sur un autre port que 8080",
            "Its page answers on a port other than 8080",
        ),
        [
            (
                relance.running and relance.of(seat.course),
                "Lancez d’abord « relance », à partir de l’image du cours.",
                "Run “relance” first, from the course image.",
            ),
            (
                relance.ports,
                "Aucun port de « relance » n’est publié : effacez-le, et relancez-le avec -p "
                "PORT_DU_POSTE:8888.",
                "No port of “relance” is published: remove it, and run it again with -p "
                "PORT_OF_THE_SEAT:8888.",
            ),
            (
                relance.published(8888),
                "C’est un autre port du conteneur qui est publié ; l’application écoute sur "
                "8888, le deuxième nombre de -p. Effacez « relance », et relancez-le.",
                "Another port of the container is published; the app listens on 8888, the second "
                "number of -p. Remove “relance”, and run it again.",
            ),
            (
                FLASK not in relance.published(8888),
                "8080 est le port de « flask » : effacez « relance », et relancez-le sur 8090.",
                "8080 is the port of “flask”: remove “relance”, and run it again at 8090.",
            ),
            (
                page,
                "Le port est publié, mais « relance » n’y répond pas encore : attendez un "
                "instant, puis docker logs relance.",
                "The port is published, but “relance” does not answer there yet: wait a moment, "
                "then docker logs relance.",
            ),
        ],
    )
    yield (
        "memory",
        (
            "Sa mémoire est limitée à 64 Mio, ou ce poste ne sait pas la limiter",
            "Its memory is limited to 64 MiB, or this seat cannot limit it",
        ),
        [
            (
                relance.running and relance.of(seat.course),
                "Lancez d’abord « relance », à partir de l’image du cours.",
                "Run “relance” first, from the course image.",
            ),
            (
                relance.memory or not seat.engine["memory"],
                "La mémoire de « relance » n’a pas de limite : effacez-le, et relancez-le avec "
                "--memory.",
                "The memory of “relance” has no limit: remove it, and run it again with --memory.",
            ),
            (
                relance.memory <= LIMIT or not seat.engine["memory"],
                f"« relance » a droit à {relance.memory // 2**20} Mio : effacez-le, et "
                "relancez-le avec --memory 64m.",
                f"“relance” may use {relance.memory // 2**20} MiB: remove it, and run it again "
                "with --memory 64m.",
            ),
        ],
    )
    yield (
        "read",
        ("Vous avez ouvert l’une de ses pages", "You have opened one of its pages"),
        [
            (
                page and relance.of(seat.course),
                "La page de « relance » doit d’abord répondre, sur le port que vous avez choisi.",
                "The page of “relance” has to answer first, on the port that you chose.",
            ),
            (
                page.json().get("requests"),
                "Ouvrez la page « Ce conteneur » de « relance », sur le port que vous avez choisi.",
                "Open the page “This container” of “relance”, on the port that you chose.",
            ),
        ],
    )
