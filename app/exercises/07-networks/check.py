"""Networks: no names on the default one, names on one's own; two containers talk.

Open: a client that prints the ID of `serveur` without having asked it.
"""

WANTS = {"logs": ["perdu", "client"]}

# What busybox, Python and curl say of a name that nobody knows.
UNKNOWN = ("bad address", "name resolution", "not known", "not resolve")


def check(seat):
    """Yield the steps."""
    serveur = seat.container("serveur")
    perdu, client = seat.container("perdu"), seat.container("client")
    served = [
        (
            seat.network("salle"),
            "Il n’y a pas de réseau « salle » : docker network create salle.",
            "There is no network “salle”: docker network create salle.",
        ),
        (
            serveur,
            "Aucun conteneur ne s’appelle « serveur » : docker run -d, avec --name serveur et "
            "--network salle.",
            "No container is called “serveur”: docker run -d, with --name serveur and --network "
            "salle.",
        ),
        (
            serveur.of(seat.course),
            f"« serveur » vient de {serveur.image}, qui n’est pas une image du cours : effacez-le "
            "(docker rm -f serveur), et relancez-le à partir de labocloud20202021:python.",
            f"“serveur” is made from {serveur.image}, which is no image of the course: remove it "
            "(docker rm -f serveur), and run it again from labocloud20202021:python.",
        ),
        (
            serveur.running,
            "« serveur » ne tourne pas : docker logs serveur dit pourquoi. Effacez-le (docker rm "
            "-f serveur), et relancez-le avec -d et --network salle avant le nom de l’image.",
            "“serveur” does not run: docker logs serveur says why. Remove it (docker rm -f "
            "serveur), and run it again with -d and --network salle before the image’s name.",
        ),
        (
            "salle" in serveur.networks,
            "« serveur » n’est pas dans le réseau « salle » : docker network connect salle "
            "serveur.",
            "“serveur” is not in the network “salle”: docker network connect salle serveur.",
        ),
        (
            not serveur.ports,
            "Un port de « serveur » est publié, et personne n’en a besoin ici : effacez-le "
            "(docker rm -f serveur), et relancez-le sans -p.",
            "A port of “serveur” is published, and nobody needs it here: remove it (docker rm -f "
            "serveur), and run it again without -p.",
        ),
    ]
    yield (
        "served",
        (
            "« serveur » tourne dans le réseau « salle », sans port publié",
            "“serveur” runs in the network “salle”, with no port published",
        ),
        served,
    )
    yield (
        "lost",
        (
            "« perdu », sur le réseau par défaut, ne connaît pas ce nom",
            "“perdu”, on the default network, does not know that name",
        ),
        [
            (
                perdu,
                "Aucun conteneur ne s’appelle « perdu » : docker run --name perdu, avec le wget "
                "de l’énoncé, sans --network.",
                "No container is called “perdu”: docker run --name perdu, with the wget of the "
                "text, without --network.",
            ),
            (
                list(perdu.networks) == ["bridge"],
                "« perdu » n’est pas sur le réseau par défaut : effacez-le (docker rm -f perdu), "
                "et relancez-le sans --network.",
                "“perdu” is not on the default network: remove it (docker rm -f perdu), and run "
                "it again without --network.",
            ),
            (
                not perdu.running,
                "« perdu » cherche encore : attendez quelques secondes.",
                "“perdu” is still looking: wait a few seconds.",
            ),
            (
                perdu.ended and perdu.exit and any(one in seat.log("perdu") for one in UNKNOWN),
                "« perdu » n’a pas échoué sur le nom : effacez-le, et faites-lui demander "
                "serveur:8888/healthz, par ce nom.",
                "“perdu” has not failed by the name: remove it, and have it ask for "
                "serveur:8888/healthz, by that name.",
            ),
        ],
    )
    yield (
        "talked",
        (
            "« client », dans « salle », a lu la page de « serveur » par son nom",
            "“client”, in “salle”, has read the page of “serveur” by its name",
        ),
        [
            *served,
            (
                client,
                "Aucun conteneur ne s’appelle « client » : la même commande, avec --name client "
                "et --network salle.",
                "No container is called “client”: the same command, with --name client and "
                "--network salle.",
            ),
            (
                "salle" in client.networks,
                "« client » n’est pas dans le réseau « salle » : effacez-le (docker rm -f "
                "client), et relancez-le avec --network salle avant le nom de l’image.",
                "“client” is not in the network “salle”: remove it (docker rm -f client), and "
                "run it again with --network salle before the image’s name.",
            ),
            (
                serveur.id[:12] in seat.log("client"),
                "« client » n’a pas lu la page de ce « serveur » : docker logs client dit "
                "pourquoi. Effacez-le (docker rm -f client), et, pendant que « serveur » tourne, "
                "faites-lui demander serveur:8888/healthz : 8888 est le port du conteneur.",
                "“client” has not read the page of this “serveur”: docker logs client says why. "
                "Remove it (docker rm -f client), and, while “serveur” runs, have it ask for "
                "serveur:8888/healthz: 8888 is the container’s port.",
            ),
        ],
    )
