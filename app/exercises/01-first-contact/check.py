"""First contact: a container that ends, one that goes on, one that removes itself.

Open: the file can come by `docker cp` too, and twelve made-up digits pass for a container that is
gone.
"""

import re

WANTS = {"logs": ["premier"], "files": [["dedans", "/mot.txt"]]}

SHORT_ID = re.compile(r"[0-9a-f]{12}")


def check(seat):
    """Yield the steps."""
    premier = seat.container("premier")
    yield (
        "said",
        (
            "« premier » a affiché un mot, et s’est terminé",
            "“premier” has printed a word, and has ended",
        ),
        [
            (
                premier,
                "Aucun conteneur ne s’appelle « premier » : docker run, avec --name premier avant "
                "le nom de l’image, et sans --rm, qui l’effacerait.",
                "No container is called “premier”: docker run, with --name premier before the "
                "image’s name, and without --rm, which would remove it.",
            ),
            (
                premier.of(seat.base),
                f"« premier » vient de {premier.image} : effacez-le (docker rm -f premier), et "
                "relancez-le à partir de labocloud20202021:base.",
                f"“premier” is made from {premier.image}: remove it (docker rm -f premier), and "
                "run it again from labocloud20202021:base.",
            ),
            (
                premier.ended,
                "« premier » ne s’est pas terminé : effacez-le (docker rm -f premier), et "
                "donnez-lui une commande qui finit, comme echo.",
                "“premier” has not ended: remove it (docker rm -f premier), and give it a "
                "command that ends, such as echo.",
            ),
            (
                premier.exit == 0,
                f"« premier » a fini par une erreur, de code {premier.exit} : docker logs premier "
                "la montre. Effacez-le, et relancez-le avec une commande de l’image.",
                f"“premier” has ended with an error, exit code {premier.exit}: docker logs "
                "premier shows it. Remove it, and run it again with a command that the image has.",
            ),
            (
                seat.log("premier").strip(),
                "« premier » n’a rien affiché : sans commande à lui, Python y démarre, n’a rien "
                "à lire, et finit. Effacez-le, et mettez echo et un mot après le nom de l’image.",
                "“premier” has printed nothing: without a command of its own, Python starts "
                "there, has nothing to read, and ends. Remove it, and put echo and a word after "
                "the image.",
            ),
        ],
    )
    dedans = seat.container("dedans")
    file = seat.file("dedans", "/mot.txt")
    yield (
        "inside",
        ("Un fichier est né dans « dedans »", "A file was made inside “dedans”"),
        [
            (
                dedans,
                "Aucun conteneur ne s’appelle « dedans » : docker run -d, avec --name dedans et "
                "une commande qui dure.",
                "No container is called “dedans”: docker run -d, with --name dedans and a "
                "command that lasts.",
            ),
            (
                dedans.of(seat.base),
                f"« dedans » vient de {dedans.image} : effacez-le (docker rm -f dedans), et "
                "relancez-le à partir de labocloud20202021:base.",
                f"“dedans” is made from {dedans.image}: remove it (docker rm -f dedans), and run "
                "it again from labocloud20202021:base.",
            ),
            (
                dedans.running or file,
                "« dedans » s’est terminé avant que vous y entriez : son programme n’avait rien "
                "à faire. Effacez-le (docker rm dedans), et donnez-lui une commande qui dure : "
                "sleep 1d.",
                "“dedans” ended before you went inside: its program had nothing to do. Remove it "
                "(docker rm dedans), and give it a command that lasts: sleep 1d.",
            ),
            (
                file,
                "« dedans » n’a pas encore de fichier /mot.txt : docker exec y lance une "
                "commande, ou un shell (docker exec -it dedans sh).",
                "“dedans” has no file /mot.txt yet: docker exec runs a command there, or a shell "
                "(docker exec -it dedans sh).",
            ),
        ],
    )
    yield (
        "stopped",
        (
            "« dedans » est arrêté, et garde son fichier",
            "“dedans” is stopped, and keeps its file",
        ),
        [
            (
                file,
                "Écrivez d’abord le fichier /mot.txt dans « dedans ».",
                "First write the file /mot.txt inside “dedans”.",
            ),
            (
                dedans.ended,
                "« dedans » tourne encore : docker stop dedans.",
                "“dedans” is still running: docker stop dedans.",
            ),
        ],
    )
    given = [found[0] for found in map(SHORT_ID.fullmatch, seat.answers) if found]
    gone = [one for one in given if not seat.container(one)]
    yield (
        "gone",
        (
            "Vous avez donné l’identifiant d’un conteneur qui n’est plus là",
            "You have given the ID of a container that is no longer there",
        ),
        [
            (
                seat.answers,
                "Aucune réponse : lancez hostname dans un conteneur avec --rm, puis labo answer "
                "1 et ce qui s’est affiché.",
                "No answer: run hostname in a container with --rm, then labo answer 1 and what "
                "it printed.",
            ),
            (
                given,
                "La réponse n’est pas un identifiant, qui a douze chiffres de 0 à f : celui que "
                "hostname affiche dans un conteneur, si docker run ne lui a pas donné de nom "
                "d’hôte.",
                "The answer is no ID, which has twelve digits from 0 to f: what hostname prints "
                "in a container to which docker run gave no host name.",
            ),
            (
                gone,
                "Ce conteneur est encore là : docker ps -a le montre. Recommencez avec --rm, et "
                "donnez le nouvel identifiant.",
                "That container is still there: docker ps -a shows it. Do it again with --rm, "
                "and give the new ID.",
            ),
        ],
    )
