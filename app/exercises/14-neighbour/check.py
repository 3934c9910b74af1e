"""Two seats: a page of one is asked from the other, and an image is carried between them.

The last two steps rest on the neighbour: the board compares, and `labo` believes. Open: who typed
on which of the two seats; what `visiteur` prints, where the neighbour tells the ID of its
`accueil`; an image that came by another way, such as a USB stick.
"""

import re

NEEDS = ["neighbour"]
WANTS = {
    "logs": ["visiteur"],
    "files": [["guichet", "/site/carte.tar"]],
    "pages": [["guichet", 8000, "/carte.txt"]],
}

# The ports of each seat that the other one asks: those of `guichet` and of `accueil`.
COUNTER, RECEPTION = 8140, 8141
# How the course's page names the container that answers.
ANSWERED = re.compile(r'"container": ?"([0-9a-f]{12})"')


def image_served(seat, own, name):
    """Return the conditions on the image, and on the file that it is served in."""
    return [
        (
            own,
            f"Il n’y a pas d’image « {name} » : dans ~/labocloud/ex14, docker build -t {name} .",
            f"There is no image “{name}”: in ~/labocloud/ex14, docker build -t {name} .",
        ),
        (
            own.on(seat.base),
            f"« {name} » n’est pas construite sur labocloud20202021:base : corrigez la ligne FROM "
            f"du Dockerfile, puis docker build -t {name} .",
            f"“{name}” is not built on labocloud20202021:base: correct the line FROM of the "
            f"Dockerfile, then docker build -t {name} .",
        ),
        *folder_served(seat),
        (
            seat.file("guichet", "/site/carte.tar"),
            f"L’image n’est pas encore dans le fichier : dans ~/labocloud/ex14, docker save {name} "
            "> carte.tar",
            f"The image is not in the file yet: in ~/labocloud/ex14, docker save {name} > "
            "carte.tar",
        ),
    ]


def folder_served(seat):
    """Return the conditions on the container that serves the folder with the image."""
    guichet = seat.container("guichet")
    return [
        (
            guichet,
            "Aucun conteneur ne s’appelle « guichet » : docker run -d, avec --name guichet et -p "
            "8140:8000.",
            "No container is called “guichet”: docker run -d, with --name guichet and -p "
            "8140:8000.",
        ),
        (
            guichet.of(seat.base),
            f"« guichet » vient de {guichet.image} : effacez-le (docker rm -f guichet), et "
            "relancez-le à partir de labocloud20202021:base.",
            f"“guichet” is made from {guichet.image}: remove it (docker rm -f guichet), and run it "
            "again from labocloud20202021:base.",
        ),
        (
            guichet.running,
            "« guichet » ne tourne pas : docker logs guichet dit pourquoi. Effacez-le (docker rm "
            "-f guichet), et relancez-le avec -d et python -m http.server 8000.",
            "“guichet” does not run: docker logs guichet says why. Remove it (docker rm -f "
            "guichet), and run it again with -d and python -m http.server 8000.",
        ),
        (
            COUNTER in guichet.published(8000),
            "Le voisin demande le port 8140 de ce poste : effacez « guichet » (docker rm -f "
            "guichet), et relancez-le avec -p 8140:8000.",
            "Your neighbour asks port 8140 of this seat: remove “guichet” (docker rm -f guichet), "
            "and run it again with -p 8140:8000.",
        ),
        (
            seat.page("guichet", 8000, "/carte.txt"),
            "« guichet » n’a pas de carte.txt à montrer : il doit voir ~/labocloud/ex14 en /site "
            "(-v) et s’y placer (-w /site). Effacez-le (docker rm -f guichet), et relancez-le.",
            "“guichet” has no carte.txt to show: it has to see ~/labocloud/ex14 at /site (-v) and "
            "to work there (-w /site). Remove it (docker rm -f guichet), and run it again.",
        ),
    ]


def page_served(seat):
    """Return the conditions on the container whose page the neighbour asks for."""
    accueil = seat.container("accueil")
    return [
        (
            accueil,
            "Aucun conteneur ne s’appelle « accueil » : docker run -d --name accueil -p 8141:8888 "
            "labocloud20202021:python",
            "No container is called “accueil”: docker run -d --name accueil -p 8141:8888 "
            "labocloud20202021:python",
        ),
        (
            accueil.of(seat.course),
            f"« accueil » vient de {accueil.image}, qui n’est pas une image du cours : effacez-le "
            "(docker rm -f accueil), et relancez-le à partir de labocloud20202021:python.",
            f"“accueil” is made from {accueil.image}, which is no image of the course: remove it "
            "(docker rm -f accueil), and run it again from labocloud20202021:python.",
        ),
        (
            accueil.running,
            "« accueil » ne tourne pas : docker logs accueil dit pourquoi. Effacez-le (docker rm "
            "-f accueil), et relancez-le avec -d.",
            "“accueil” does not run: docker logs accueil says why. Remove it (docker rm -f "
            "accueil), and run it again with -d.",
        ),
        (
            RECEPTION in accueil.published(8888),
            "Le voisin demande le port 8141 de ce poste : effacez « accueil » (docker rm -f "
            "accueil), et relancez-le avec -p 8141:8888.",
            "Your neighbour asks port 8141 of this seat: remove “accueil” (docker rm -f accueil), "
            "and run it again with -p 8141:8888.",
        ),
    ]


def asked(seat, answered, others, address):
    """Return the conditions on the visitor. answered: the IDs in its log; others: of no own one."""
    visiteur = seat.container("visiteur")
    ask = f"wget -qO- http://{address}:8141/healthz"
    return [
        (
            visiteur,
            "Aucun conteneur ne s’appelle « visiteur » : docker run --name visiteur "
            f"labocloud20202021:base {ask}",
            "No container is called “visiteur”: docker run --name visiteur "
            f"labocloud20202021:base {ask}",
        ),
        (
            answered or not visiteur.running,
            "« visiteur » cherche encore : attendez quelques secondes. S’il n’aboutit pas, "
            "effacez-le (docker rm -f visiteur).",
            "“visiteur” is still looking: wait a few seconds. If it gets nowhere, remove it "
            "(docker rm -f visiteur).",
        ),
        (
            answered,
            "« visiteur » n’a pas lu la page : docker logs visiteur dit pourquoi. Le voisin a-t-il "
            "lancé son accueil ? Effacez « visiteur » (docker rm visiteur), et relancez-le avec "
            f"{ask}",
            "“visiteur” has not read the page: docker logs visiteur says why. Has your neighbour "
            "started the reception? Remove “visiteur” (docker rm visiteur), and run it again with "
            f"{ask}",
        ),
        (
            others,
            "C’est un conteneur de ce poste-ci qui a répondu : effacez « visiteur » (docker rm "
            f"visiteur), et demandez à l’adresse du voisin : {ask}",
            "It is a container of this seat that has answered: remove “visiteur” (docker rm "
            f"visiteur), and ask at your neighbour’s address: {ask}",
        ),
    ]


def carried(seat, own, theirs, name, address):
    """Return the conditions on the neighbour's image, of that name."""
    recue = seat.container("recue")
    fetch = f"wget -qO- http://{address}:8140/carte.tar | docker load"
    return [
        (
            theirs,
            f"Il n’y a pas d’image « {name} » : docker run --rm labocloud20202021:base {fetch}",
            f"There is no image “{name}”: docker run --rm labocloud20202021:base {fetch}",
        ),
        (
            theirs.layers[-1:] != own.layers[-1:],
            f"« {name} » est votre propre image, sous un autre nom : docker rmi {name}, puis "
            "prenez celle du voisin.",
            f"“{name}” is your own image, by another name: docker rmi {name}, then fetch that of "
            "your neighbour.",
        ),
        (
            recue,
            f"Aucun conteneur ne s’appelle « recue » : docker run --name recue {name}",
            f"No container is called “recue”: docker run --name recue {name}",
        ),
        (
            recue.of(theirs),
            f"« recue » vient de {recue.image} : effacez-le (docker rm -f recue), puis docker run "
            f"--name recue {name}",
            f"“recue” is made from {recue.image}: remove it (docker rm -f recue), then docker run "
            f"--name recue {name}",
        ),
        (
            recue.ended and recue.exit == 0,
            "« recue » n’a pas montré la carte jusqu’au bout : docker logs recue. Effacez-le "
            f"(docker rm -f recue), puis docker run --name recue {name}",
            "“recue” has not shown the card to its end: docker logs recue. Remove it (docker rm -f "
            f"recue), then docker run --name recue {name}",
        ),
    ]


def check(seat):
    """Yield the steps."""
    mine, other = (f"carte:{seat.around[one]}" for one in ("seat", "neighbour"))
    address = seat.around["address"]
    own, theirs = seat.image(mine), seat.image(other)
    answered = ANSWERED.findall(seat.log("visiteur"))
    here = [container.id[:12] for container in seat.containers]
    others = [one for one in answered if one not in here]
    yield (
        "image_served",
        (
            "« guichet » sert votre image au voisin, dans un fichier",
            "“guichet” serves your image to your neighbour, in a file",
        ),
        image_served(seat, own, mine),
    )
    yield (
        "page_served",
        (
            "« accueil » répond au voisin sur le port 8141",
            "“accueil” answers your neighbour on port 8141",
        ),
        page_served(seat),
    )
    yield (
        "asked",
        (
            "« visiteur » a lu la page de l’accueil du voisin",
            "“visiteur” has read the page of your neighbour’s reception",
        ),
        asked(seat, answered, others, address),
        "".join(others[:1]),
    )
    yield (
        "carried",
        (
            "« recue » a montré la carte du voisin",
            "“recue” has shown your neighbour’s card",
        ),
        carried(seat, own, theirs, other, address),
        "".join(theirs.layers[-1:]),
    )
