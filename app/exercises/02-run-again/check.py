"""Run the course's container again: another port, a limit of memory, read on its own page."""

WANTS = {"pages": [["relance", 8888, "/api/container"]]}

LIMIT = 64 * 2**20


def check(seat):
    """Give the steps."""
    relance = seat.container("relance")
    ports = relance.published(8888)
    page = seat.page("relance", 8888, "/api/container").json()
    yield (
        "runs",
        ("« relance » tourne, de l’image du cours", "“relance” runs, from the course image"),
        [
            (
                relance,
                "Aucun conteneur ne s’appelle « relance » : docker run, avec --name relance.",
                "No container is called “relance”: docker run, with --name relance.",
            ),
            (
                relance.of(seat.course),
                f"« relance » vient de {relance.image}, et non de l’image du cours.",
                f"“relance” is made from {relance.image}, not from the course image.",
            ),
            (
                relance.running,
                f"« relance » ne tourne pas ({relance.status}) : docker logs relance.",
                f"“relance” does not run ({relance.status}): docker logs relance.",
            ),
        ],
    )
    yield (
        "port",
        (
            "Sa page répond sur un autre port que 8080",
            "Its page answers at a port other than 8080",
        ),
        [
            (
                relance.running and relance.ports,
                "Aucun port de « relance » n’est publié : docker run -p PORT_DU_POSTE:8888.",
                "No port of “relance” is published: docker run -p PORT_OF_THE_SEAT:8888.",
            ),
            (
                ports,
                "C’est un autre port du conteneur qui est publié ; l’application écoute sur 8888.",
                "Another port of the container is published; the app listens on 8888.",
            ),
            (
                page.get("hostname", "?") == relance.id[:12],
                "Le port est publié, mais « relance » n’y répond pas encore : docker logs relance.",
                "The port is published, but “relance” does not answer there: docker logs relance.",
            ),
        ],
    )
    yield (
        "memory",
        (
            "Sa mémoire est limitée à 64 Mio (là où ce poste sait la limiter)",
            "Its memory is limited to 64 MiB (where this seat can limit it)",
        ),
        [
            (relance.running, "Lancez d’abord « relance ».", "Run “relance” first."),
            (
                relance.memory == LIMIT or not seat.engine["memory"],
                "« relance » n’a pas la limite demandée : docker run --memory 64m.",
                "“relance” has not the limit asked for: docker run --memory 64m.",
            ),
        ],
    )
    yield (
        "read",
        ("Vous avez lu sa page", "You have read its page"),
        [
            (
                page.get("requests"),
                "Ouvrez la page « Ce conteneur » de « relance », sur le port que vous avez choisi.",
                "Open the page “This container” of “relance”, at the port that you chose.",
            ),
        ],
    )
