"""Volumes: a visitors' book that goes with its container, and one that stays.

Open: lines that were printed or written by hand.
"""

import re

BOOK = "/data/passages"
WANTS = {"logs": ["oublie", "garde"], "texts": [["oublie", BOOK], ["garde", BOOK]]}

SHORT_ID = re.compile(r"[0-9a-f]{12}")
# Two numbers of lines.
GUESS = r"\d+\D+\d+"
BASE = "labocloud20202021:base"
SIGN = f"{BASE} sh -c 'mkdir -p /data; hostname >> {BOOK}; cat {BOOK}'"
RUN = {
    "oublie": f"docker run --name oublie {SIGN}",
    "garde": f"docker run --name garde -v cahier:/data {SIGN}",
}
AGAIN = {
    name: (f"docker rm -f {name}, puis {line}", f"docker rm -f {name}, then {line}")
    for name, line in RUN.items()
}


def visits(seat, container, name):
    """Return who is in the book, as the container has it, or else has printed it."""
    words = (seat.text(name, BOOK) or seat.log(name)).split()
    return [word for word in words if SHORT_ID.fullmatch(word) or container.answers_as(word)]


def there(container, name):
    """Return the condition that a container is there."""
    return (
        container,
        (
            f"Aucun conteneur ne s’appelle « {name} ».",
            "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant celui "
            "de l’image.",
            RUN[name],
        ),
        (
            f"No container is called “{name}”.",
            "docker ps -a shows all containers; the option --name gives the name, before that of "
            "the image.",
            RUN[name],
        ),
    )


def signed(seat, container, name):
    """Return the conditions for a container that has signed the book."""
    return [
        there(container, name),
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
        (
            any(container.answers_as(one) for one in visits(seat, container, name)),
            (
                f"« {name} » n’a pas montré son propre passage.",
                f"docker logs {name} montre le cahier, ou l’erreur : {BOOK} doit avoir le nom "
                "d’hôte de ce conteneur-ci.",
                AGAIN[name][0],
            ),
            (
                f"“{name}” has not shown its own visit.",
                f"docker logs {name} shows the book, or the error: {BOOK} has to have the host "
                "name of this very container.",
                AGAIN[name][1],
            ),
        ),
    ]


def lost(seat, oublie):
    """Return the conditions for the book that went with its container."""
    return [
        *signed(seat, oublie, "oublie"),
        (
            not oublie.mounts,
            (
                "« oublie » a un volume ou un dossier du poste.",
                "docker inspect oublie le montre, à Mounts. Effacez-le, et relancez-le sans -v.",
                AGAIN["oublie"][0],
            ),
            (
                "“oublie” has a volume or a folder of the seat.",
                "docker inspect oublie shows it, at Mounts. Remove it, and run it again without "
                "-v.",
                AGAIN["oublie"][1],
            ),
        ),
        (
            len(visits(seat, oublie, "oublie")) == 1,
            (
                "« oublie » a été redémarré : c’est le même conteneur, avec ses fichiers.",
                "docker logs oublie montre plusieurs lignes. Un conteneur que l’on efface emporte "
                "les siens.",
                AGAIN["oublie"][0],
            ),
            (
                "“oublie” was started again: it is the same container, with its files.",
                "docker logs oublie shows several lines. A container that is removed takes its own "
                "away.",
                AGAIN["oublie"][1],
            ),
        ),
    ]


def guessed(seat, oublie):
    """Return the conditions for what was said of the book before the container was made anew."""
    return [
        (
            bool(seat.predicted(GUESS, 0)),
            (
                "Vous n’avez pas encore dit combien de lignes aura le cahier de « oublie » : "
                "redémarré, puis fait de nouveau.",
                "Dites-le avant d’essayer, juste ou non : labo answer 5, suivi des deux nombres, "
                "en chiffres.",
            ),
            (
                "You have not said yet how many lines the book of “oublie” will have: started "
                "again, then made anew.",
                "Say it before you try, right or wrong: labo answer 5, followed by the two "
                "numbers, in figures.",
            ),
        ),
        (
            seat.predicted(GUESS, oublie.created),
            (
                "Vous l’avez dit, et « oublie » n’a pas été fait de nouveau depuis.",
                "Redémarrez-le, comptez ; effacez-le, relancez la commande, comptez.",
                f"docker start -a oublie, puis {AGAIN['oublie'][0]}",
            ),
            (
                "You have said it, and “oublie” has not been made anew since.",
                "Start it again, count; remove it, run the command again, count.",
                f"docker start -a oublie, then {AGAIN['oublie'][1]}",
            ),
        ),
    ]


def is_mounted(garde):
    """Return the conditions that a container has a volume, and where the book is written."""
    place = garde.mounts[0]["to"] if garde.mounts else ""
    return [
        there(garde, "garde"),
        (
            garde.mounts,
            (
                "« garde » n’a pas de volume.",
                "docker inspect garde n’a rien à Mounts. L’option -v se donne avant le nom de "
                "l’image.",
                AGAIN["garde"][0],
            ),
            (
                "“garde” has no volume.",
                "docker inspect garde has nothing at Mounts. The option -v is given before the "
                "image’s name.",
                AGAIN["garde"][1],
            ),
        ),
        (
            garde.mount("/data"),
            (
                f"Le volume de « garde » est en {place}, et le cahier s’écrit dans /data.",
                "docker inspect garde le montre, à Mounts. Ce qui suit les deux-points de -v est "
                "le chemin dans le conteneur.",
                AGAIN["garde"][0],
            ),
            (
                f"The volume of “garde” is at {place}, and the book is written in /data.",
                "docker inspect garde shows it, at Mounts. What follows the colon of -v is the "
                "path in the container.",
                AGAIN["garde"][1],
            ),
        ),
    ]


def is_volume(garde, seat):
    """Return the conditions for the volume that the book is in."""
    mount = garde.mount("/data")
    return [
        *is_mounted(garde),
        (
            mount.type == "volume",
            (
                "C’est un dossier du poste que « garde » a en /data.",
                "docker inspect garde le montre, à Mounts : ce qui commence par / ou ~ est un "
                "chemin, un nom seul est un volume.",
                AGAIN["garde"][0],
            ),
            (
                "What “garde” has at /data is a folder of the seat.",
                "docker inspect garde shows it, at Mounts: what begins with / or ~ is a path, a "
                "name alone is a volume.",
                AGAIN["garde"][1],
            ),
        ),
        (
            mount.name == "cahier" and seat.volume("cahier"),
            (
                "Le volume de « garde » ne s’appelle pas « cahier ».",
                "docker inspect garde dit comment, à Mounts. Sans nom, Docker en crée un neuf à "
                "chaque fois.",
                AGAIN["garde"][0],
            ),
            (
                "The volume of “garde” is not called “cahier”.",
                "docker inspect garde says how, at Mounts. Without a name, Docker makes a new one "
                "each time.",
                AGAIN["garde"][1],
            ),
        ),
    ]


def kept(seat, garde):
    """Return the conditions for the book that stayed when a container went."""
    mount = garde.mount("/data")
    others = [one for one in visits(seat, garde, "garde") if not garde.answers_as(one)]
    return [
        *signed(seat, garde, "garde"),
        (
            mount.type == "volume" and mount.name == "cahier",
            (
                "« garde » doit d’abord avoir le volume « cahier » en /data.",
                "L’étape d’avant dit ce qui manque.",
            ),
            (
                "First, “garde” has to have the volume “cahier” at /data.",
                "The step before says what is missing.",
            ),
        ),
        (
            others,
            (
                "Le cahier n’a que le passage de ce conteneur-ci.",
                "docker logs garde le montre. Le volume reste quand le conteneur part.",
                AGAIN["garde"][0],
            ),
            (
                "The book has only the visit of this very container.",
                "docker logs garde shows it. The volume stays when the container goes.",
                AGAIN["garde"][1],
            ),
        ),
        (
            any(not seat.container(one) for one in others),
            (
                "Tous ceux que le cahier connaît sont encore là.",
                "docker ps -a les montre. Effacez « garde », et relancez-le de même.",
                AGAIN["garde"][0],
            ),
            (
                "All whom the book knows are still there.",
                "docker ps -a shows them. Remove “garde”, and run it again in the same way.",
                AGAIN["garde"][1],
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    oublie = seat.container("oublie")
    yield (
        "lost",
        (
            "« oublie », sans volume, ne connaît que lui-même",
            "“oublie”, without a volume, knows only itself",
        ),
        lost(seat, oublie),
    )
    yield (
        "guessed",
        (
            "Vous avez dit d’avance combien de lignes aurait son cahier",
            "You have said beforehand how many lines its book would have",
        ),
        guessed(seat, oublie),
    )
    garde = seat.container("garde")
    yield (
        "volume",
        (
            "« garde » écrit dans le volume « cahier »",
            "“garde” writes to the volume “cahier”",
        ),
        is_volume(garde, seat),
    )
    yield (
        "kept",
        (
            "Le cahier de « garde » connaît un conteneur qui n’est plus là",
            "The book of “garde” knows a container that is no longer there",
        ),
        kept(seat, garde),
    )
