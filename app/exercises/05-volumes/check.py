"""Volumes: a visitors' book that goes with its container, and one that stays.

Open: lines that were printed or written by hand; that `oublie` was run, removed and run again.
"""

import re

WANTS = {"logs": ["oublie", "garde"]}

SHORT_ID = re.compile(r"[0-9a-f]{12}")


def signed(seat, name):
    """Return the conditions for a container that has signed the book and printed it."""
    container = seat.container(name)
    return [
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : lancez la commande de l’énoncé, avec "
            f"--name {name}.",
            f"No container is called “{name}”: run the command of the text, with --name {name}.",
        ),
        (
            container.of(seat.base),
            f"« {name} » vient de {container.image} : effacez-le (docker rm -f {name}), et "
            "relancez-le à partir de labocloud20202021:base.",
            f"“{name}” is made from {container.image}: remove it (docker rm -f {name}), and run "
            "it again from labocloud20202021:base.",
        ),
        (
            container.ended and container.exit == 0,
            f"« {name} » n’est pas allé au bout de sa commande : docker logs {name}, puis docker "
            f"rm -f {name}, et relancez celle de l’énoncé.",
            f"“{name}” has not come to the end of its command: docker logs {name}, then docker rm "
            f"-f {name}, and run that of the text again.",
        ),
        (
            container.id[:12] in visits(seat, name),
            f"« {name} » n’a pas montré son propre passage : effacez-le, et relancez la commande "
            "de l’énoncé telle quelle.",
            f"“{name}” has not shown its own visit: remove it, and run the command of the text as "
            "it is.",
        ),
    ]


def visits(seat, name):
    """Return the IDs in the book, as a container printed it."""
    return [line for line in seat.log(name).split() if SHORT_ID.fullmatch(line)]


def check(seat):
    """Yield the steps."""
    oublie, garde = seat.container("oublie"), seat.container("garde")
    mount, others = garde.mount("/data"), visits(seat, "garde")
    others = [one for one in others if one != garde.id[:12]]
    yield (
        "lost",
        (
            "« oublie », sans volume, ne connaît que lui-même",
            "“oublie”, without a volume, knows only itself",
        ),
        [
            *signed(seat, "oublie"),
            (
                not oublie.mounts,
                "« oublie » a un volume ou un dossier du poste : effacez-le, et relancez-le sans "
                "-v.",
                "“oublie” has a volume or a folder of the seat: remove it, and run it again "
                "without -v.",
            ),
            (
                len(visits(seat, "oublie")) == 1,
                "« oublie » a été redémarré : c’est le même conteneur, avec ses fichiers. "
                "Effacez-le (docker rm oublie), et relancez la commande.",
                "“oublie” was started again: it is the same container, with its files. Remove it "
                "(docker rm oublie), and run the command again.",
            ),
        ],
    )
    yield (
        "volume",
        (
            "« garde » écrit dans le volume « cahier »",
            "“garde” writes to the volume “cahier”",
        ),
        [
            (
                garde,
                "Aucun conteneur ne s’appelle « garde » : lancez la commande de l’énoncé, avec "
                "--name garde et -v cahier:/data.",
                "No container is called “garde”: run the command of the text, with --name garde "
                "and -v cahier:/data.",
            ),
            (
                garde.mounts,
                "« garde » n’a pas de volume : effacez-le, et relancez-le avec -v cahier:/data "
                "avant le nom de l’image.",
                "“garde” has no volume: remove it, and run it again with -v cahier:/data before "
                "the image’s name.",
            ),
            (
                mount,
                f"Le volume de « garde » est en {garde.mounts[0]['to'] if garde.mounts else ''}, "
                "et le cahier s’écrit dans /data : effacez-le, et relancez-le avec -v "
                "cahier:/data.",
                f"The volume of “garde” is at {garde.mounts[0]['to'] if garde.mounts else ''}, "
                "and the book is written in /data: remove it, and run it again with -v "
                "cahier:/data.",
            ),
            (
                mount.type == "volume",
                "C’est un dossier du poste que « garde » a en /data : ce qui commence par / ou ~ "
                "est un chemin, un nom seul est un volume. Effacez-le, et prenez -v cahier:/data.",
                "What “garde” has at /data is a folder of the seat: what begins with / or ~ is a "
                "path, a name alone is a volume. Remove it, and take -v cahier:/data.",
            ),
            (
                mount.name == "cahier" and seat.volume("cahier"),
                "Le volume de « garde » ne s’appelle pas « cahier » (sans nom, Docker en crée un "
                "neuf à chaque fois) : effacez-le, et prenez -v cahier:/data.",
                "The volume of “garde” is not called “cahier” (without a name, Docker makes a "
                "new one each time): remove it, and take -v cahier:/data.",
            ),
        ],
    )
    yield (
        "kept",
        (
            "Le cahier de « garde » connaît un conteneur qui n’est plus là",
            "The book of “garde” knows a container that is no longer there",
        ),
        [
            *signed(seat, "garde"),
            (
                mount.type == "volume" and mount.name == "cahier",
                "« garde » doit d’abord avoir le volume « cahier » en /data.",
                "First, “garde” has to have the volume “cahier” at /data.",
            ),
            (
                others,
                "Le cahier n’a que le passage de ce conteneur-ci : effacez-le (docker rm garde), "
                "et relancez la même commande.",
                "The book has only the visit of this very container: remove it (docker rm "
                "garde), and run the same command again.",
            ),
            (
                any(not seat.container(one) for one in others),
                "Tous ceux que le cahier connaît sont encore là : effacez « garde » (docker rm "
                "garde), et relancez la même commande.",
                "All whom the book knows are still there: remove “garde” (docker rm garde), and "
                "run the same command again.",
            ),
        ],
    )
