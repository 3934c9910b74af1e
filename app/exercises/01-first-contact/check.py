"""First contact: a container that ends, one that goes on, one that removes itself.

Open: the file can come by `docker cp`, or by the container’s own command; an ID that is answered
while the engine tells no events.
"""

import re

WANTS = {"logs": ["premier"], "files": [["dedans", "/mot.txt"]], "events": True}

BASE = "labocloud20202021:base"
# What answers whether the file will be there; the question itself does not.
GUESS = r"^(?!.*\b(oui ou non|yes or no)\b).*\b(oui|non|yes|no)\b"
RUN = {
    "premier": f"docker run --name premier {BASE} echo mot",
    "dedans": f"docker run -d --name dedans {BASE} sleep 1d",
}
AGAIN = {
    name: (f"docker rm -f {name}, puis {line}", f"docker rm -f {name}, then {line}")
    for name, line in RUN.items()
}
GONE = (
    f"docker run --rm {BASE} hostname, puis labo answer 1 et ce qui s’est affiché.",
    f"docker run --rm {BASE} hostname, then labo answer 1 and what it printed.",
)


def of_base(container, name, seat):
    """Return the conditions that a container is there, and is of the base."""
    return [
        (
            container,
            (
                f"Aucun conteneur ne s’appelle « {name} ».",
                "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant "
                "celui de l’image, et sans --rm, qui l’effacerait.",
                RUN[name],
            ),
            (
                f"No container is called “{name}”.",
                "docker ps -a shows all containers; the option --name gives the name, before that "
                "of the image, and without --rm, which would remove it.",
                RUN[name],
            ),
        ),
        (
            container.of(seat.base),
            (
                f"« {name} » vient de {container.image}, et non de {BASE}.",
                "docker ps -a, colonne IMAGE. L’image est le premier mot après les options de "
                f"docker run. Effacez « {name} », et relancez-le à partir de {BASE}.",
                AGAIN[name][0],
            ),
            (
                f"“{name}” is made from {container.image}, not from {BASE}.",
                "docker ps -a, column IMAGE. The image is the first word behind the options of "
                f"docker run. Remove “{name}”, and run it again from {BASE}.",
                AGAIN[name][1],
            ),
        ),
    ]


def said(premier, seat):
    """Return the conditions for the container that prints a word, and ends."""
    return [
        *of_base(premier, "premier", seat),
        (
            premier.ended,
            (
                "« premier » ne s’est pas terminé.",
                "docker ps -a, colonnes STATUS et COMMAND. Effacez-le, et donnez-lui une commande "
                "qui finit, comme echo.",
                AGAIN["premier"][0],
            ),
            (
                "“premier” has not ended.",
                "docker ps -a, columns STATUS and COMMAND. Remove it, and give it a command that "
                "ends, such as echo.",
                AGAIN["premier"][1],
            ),
        ),
        (
            premier.exit == 0,
            (
                f"« premier » a fini par une erreur, de code {premier.exit}.",
                "docker logs premier la montre. Il lui faut une commande que l’image a.",
                AGAIN["premier"][0],
            ),
            (
                f"“premier” has ended with an error, exit code {premier.exit}.",
                "docker logs premier shows it. It takes a command that the image has.",
                AGAIN["premier"][1],
            ),
        ),
        (
            seat.log("premier").strip(),
            (
                "« premier » n’a rien affiché.",
                "Sans commande à lui, Python y démarre, n’a rien à lire, et finit : docker ps -a, "
                "colonne COMMAND. Une commande se met après le nom de l’image.",
                AGAIN["premier"][0],
            ),
            (
                "“premier” has printed nothing.",
                "Without a command of its own, Python starts there, has nothing to read, and ends: "
                "docker ps -a, column COMMAND. A command goes after the image’s name.",
                AGAIN["premier"][1],
            ),
        ),
    ]


def inside(dedans, file, mount, seat):
    """Return the conditions for the file that was made in the container that lasts."""
    return [
        *of_base(dedans, "dedans", seat),
        (
            dedans.running or file,
            (
                "« dedans » s’est terminé avant que vous y entriez.",
                "docker ps -a, colonne COMMAND : son programme n’avait rien à faire. Donnez-lui "
                "une commande qui dure.",
                AGAIN["dedans"][0],
            ),
            (
                "“dedans” ended before you went inside.",
                "docker ps -a, column COMMAND: its program had nothing to do. Give it a command "
                "that lasts.",
                AGAIN["dedans"][1],
            ),
        ),
        (
            file,
            (
                "« dedans » n’a pas encore de fichier /mot.txt.",
                "docker diff dedans montre ce qui y est né ; docker exec y lance une commande, ou "
                "un shell.",
                "docker exec dedans sh -c 'hostname > /mot.txt'",
            ),
            (
                "“dedans” has no file /mot.txt yet.",
                "docker diff dedans shows what was made there; docker exec runs a command there, "
                "or a shell.",
                "docker exec dedans sh -c 'hostname > /mot.txt'",
            ),
        ),
        (
            file.kind == "file" and not mount,
            (
                "Ce qui est en /mot.txt n’est pas un fichier né dans « dedans ».",
                "docker exec dedans ls -ld /mot.txt : est-ce un dossier, un lien ? Et docker "
                "inspect dedans, à Mounts : a-t-il été monté ?",
                f"{AGAIN['dedans'][0]}, puis docker exec dedans sh -c 'hostname > /mot.txt'",
            ),
            (
                "What is at /mot.txt is no file that was made inside “dedans”.",
                "docker exec dedans ls -ld /mot.txt: is it a directory, a link? And docker inspect "
                "dedans, at Mounts: was it mounted?",
                f"{AGAIN['dedans'][1]}, then docker exec dedans sh -c 'hostname > /mot.txt'",
            ),
        ),
    ]


def guessed(dedans, seat):
    """Return the conditions for what was said of the file before the container was stopped."""
    guess = seat.predicted(GUESS, dedans.finished if dedans.ended else 0)
    return [
        (
            guess or not dedans.ended,
            (
                "« dedans » est déjà arrêté, et vous n’avez pas dit avant si son fichier "
                "existerait encore.",
                "Revenez à avant : redémarrez-le, répondez, arrêtez-le de nouveau.",
                "docker start dedans, puis labo answer 1 suivi de oui ou de non, puis docker stop "
                "dedans.",
            ),
            (
                "“dedans” is stopped already, and you have not said before whether its file would "
                "still be there.",
                "Go back to before: start it again, answer, stop it once more.",
                "docker start dedans, then labo answer 1 followed by yes or no, then docker stop "
                "dedans.",
            ),
        ),
        (
            guess,
            (
                "Vous n’avez pas encore dit si le fichier existera une fois « dedans » arrêté.",
                "Dites-le avant de l’arrêter, juste ou non : labo answer 1, suivi de oui ou de "
                "non.",
            ),
            (
                "You have not said yet whether the file will be there once “dedans” is stopped.",
                "Say it before you stop it, right or wrong: labo answer 1, followed by yes or no.",
            ),
        ),
    ]


def stopped(dedans, is_made):
    """Return the conditions for the container that was stopped, and has its file."""
    return [
        (
            is_made,
            (
                "Écrivez d’abord le fichier /mot.txt dans « dedans ».",
                "L’étape d’avant dit ce qui manque.",
            ),
            (
                "First write the file /mot.txt inside “dedans”.",
                "The step before says what is missing.",
            ),
        ),
        (
            dedans.ended,
            ("« dedans » tourne encore.", "docker ps le montre.", "docker stop dedans"),
            ("“dedans” is still running.", "docker ps shows it.", "docker stop dedans"),
        ),
    ]


def gone(seat):
    """Return the conditions for the ID of a container that is there no more."""
    guess = re.compile(GUESS, re.IGNORECASE)
    ids = [(answer, one) for answer in seat.answers for one in answer.ids]
    images = {image.id[:12] for image in seat.images}
    own = [(answer, one) for answer, one in ids if one[:12] not in images]
    seen = [one for answer, one in own if answer.seen is None or one in answer.seen]
    return [
        (
            ids or any(not guess.search(answer) for answer in seat.answers),
            (
                "Vous n’avez pas encore répondu.",
                "hostname affiche, dans un conteneur, le début de son identifiant ; --rm efface le "
                "conteneur à la fin.",
                GONE[0],
            ),
            (
                "You have not answered yet.",
                "hostname prints, in a container, the beginning of its ID; --rm removes the "
                "container at the end.",
                GONE[1],
            ),
        ),
        (
            ids,
            (
                "La réponse n’est pas un identifiant, qui a douze chiffres de 0 à f.",
                "C’est ce que hostname affiche dans un conteneur, si docker run ne lui a pas donné "
                "de nom d’hôte.",
                GONE[0],
            ),
            (
                "The answer is no ID, which has twelve digits from 0 to f.",
                "It is what hostname prints in a container to which docker run gave no host name.",
                GONE[1],
            ),
        ),
        (
            own,
            (
                "Cet identifiant est celui d’une image.",
                "docker image ls le montre. Un conteneur a le sien : hostname le dit, dedans.",
                GONE[0],
            ),
            (
                "This is the ID of an image.",
                "docker image ls shows it. A container has its own: hostname says it, inside.",
                GONE[1],
            ),
        ),
        *there_no_more(seat, seen),
    ]


def there_no_more(seat, seen):
    """Return the conditions that the container was there a moment ago, and is gone."""
    return [
        (
            seen,
            (
                "Quand vous avez répondu, Docker ne connaissait de ce poste aucun conteneur qui "
                "ait eu cet identifiant.",
                "Docker n’en garde que quelques minutes le souvenir : lancez de nouveau hostname, "
                "et répondez tout de suite.",
                GONE[0],
            ),
            (
                "When you answered, Docker knew of no container of this seat that has had this ID.",
                "Docker remembers them for some minutes only: run hostname again, and answer at "
                "once.",
                GONE[1],
            ),
        ),
        (
            [one for one in seen if not seat.container(one[:12])],
            (
                "Ce conteneur est encore là.",
                "docker ps -a le montre. Recommencez avec --rm, et donnez le nouvel identifiant.",
                GONE[0],
            ),
            (
                "That container is still there.",
                "docker ps -a shows it. Do it again with --rm, and give the new ID.",
                GONE[1],
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    yield (
        "said",
        (
            "« premier » a affiché un mot, et s’est terminé",
            "“premier” has printed a word, and has ended",
        ),
        said(seat.container("premier"), seat),
    )
    dedans, file = seat.container("dedans"), seat.file("dedans", "/mot.txt")
    mount = dedans.mount("/mot.txt")
    yield (
        "inside",
        ("Un fichier est né dans « dedans »", "A file was made inside “dedans”"),
        inside(dedans, file, mount, seat),
    )
    yield (
        "guessed",
        (
            "Vous avez dit d’avance si « dedans », arrêté, l’aurait encore",
            "You have said beforehand whether “dedans”, once stopped, would still have it",
        ),
        guessed(dedans, seat),
    )
    yield (
        "stopped",
        (
            "« dedans » est arrêté, et garde son fichier",
            "“dedans” is stopped, and keeps its file",
        ),
        stopped(dedans, dedans.of(seat.base) and file.kind == "file" and not mount),
    )
    yield (
        "gone",
        (
            "Vous avez donné l’identifiant d’un conteneur qui n’est plus là",
            "You have given the ID of a container that is no longer there",
        ),
        gone(seat),
    )
