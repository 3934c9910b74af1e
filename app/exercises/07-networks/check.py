"""Networks: no names on the default one, names on one's own; two containers talk.

Open: an error that was copied into `labo answer`, or printed; where `serveur` is of an image from
before its log said who asks, a client that prints its ID.
"""

import re
import socket

WANTS = {"logs": ["perdu", "client"], "lines": ["serveur"], "commands": ["perdu"]}

# What busybox, Python and curl say of a name that nobody knows.
UNKNOWN = (
    *("bad address", "name resolution", "not known", "not resolve"),
    *("can't resolve", "NXDOMAIN", "no servers could be reached"),
)
# A line in the log of `serveur`: which address asked, and as whom it asked `serveur`.
ASKED = re.compile(r"[A-Z]+ \S+ \d+ from (\S+) to (\S+)")
# The label of images whose log has such lines.
LOGS_ASKERS = "labocloud.log"

SERVE = "docker run -d --name serveur --network salle labocloud20202021:python"
WGET = "labocloud20202021:base wget -qO- serveur:8888/healthz"
LOSE = f"docker run --name perdu {WGET}"
TALK = f"docker run --name client --network salle {WGET}"


def again(name, command):
    """Return the command that runs a container anew, in French and in English."""
    return f"docker rm -f {name}, puis {command}", f"docker rm -f {name}, then {command}"


def is_address(host):
    """Return whether a host, with or without a port, is an IPv4 address in any notation."""
    try:
        socket.inet_aton(host.partition(":")[0])
    except OSError:
        return False
    return True


def asked_by(seat, client):
    """Return as whom a container asked `serveur`, by the log of that: a host each, "-" for none.

    While it runs it is known by its addresses. After that it has none, and is known by the time.
    """
    own = [address for address in client.addresses.values() if address]
    since, until = client.created, float("inf")
    if not own:
        # The log and the engine note the beginning and the end of a program a moment apart.
        since, until = max(since, client.started - 1), client.finished + 1
    asked = [(line.time, ASKED.fullmatch(line.text)) for line in seat.lines("serveur")]
    return [
        match[2]
        for time, match in asked
        if match and since <= time <= until
        # From there, serveur asks itself.
        if match[1] in own or not (own or match[1].startswith("127."))
    ]


def made(seat, serveur):
    """Return the conditions that the network is there, and the server is the course's app."""
    image, again_served = serveur.image, again("serveur", SERVE)
    return [
        (
            seat.network("salle"),
            (
                "Il n’y a pas de réseau « salle ».",
                "docker network ls montre ceux qui sont là.",
                "docker network create salle",
            ),
            (
                "There is no network “salle”.",
                "docker network ls shows those that are there.",
                "docker network create salle",
            ),
        ),
        (
            serveur,
            (
                "Aucun conteneur ne s’appelle « serveur ».",
                "docker ps -a montre tous les conteneurs ; le nom et le réseau se donnent à "
                "docker run, avant l’image.",
                SERVE,
            ),
            (
                "No container is called “serveur”.",
                "docker ps -a shows all containers; the name and the network are given to docker "
                "run, before the image.",
                SERVE,
            ),
        ),
        (
            serveur.of(seat.course),
            (
                f"« serveur » vient de {image}, qui n’est pas une image du cours.",
                "docker ps -a, colonne IMAGE. L’image est le premier mot après les options.",
                again_served[0],
            ),
            (
                f"“serveur” is made from {image}, which is no image of the course.",
                "docker ps -a, column IMAGE. The image is the first word behind the options.",
                again_served[1],
            ),
        ),
    ]


def served(seat, serveur):
    """Return the conditions for a server in the network, of which no port is published."""
    again_served = again("serveur", SERVE)
    return [
        *made(seat, serveur),
        (
            serveur.running,
            (
                "« serveur » ne tourne pas.",
                "docker logs serveur dit pourquoi, et docker ps -a avec quel code.",
                again_served[0],
            ),
            (
                "“serveur” does not run.",
                "docker logs serveur says why, and docker ps -a with which code.",
                again_served[1],
            ),
        ),
        (
            "salle" in serveur.networks,
            (
                "« serveur » n’est pas dans le réseau « salle ».",
                "docker network inspect salle montre qui y est. On peut aussi y mettre un "
                "conteneur qui tourne.",
                "docker network connect salle serveur",
            ),
            (
                "“serveur” is not in the network “salle”.",
                "docker network inspect salle shows who is in it. A container that runs can be "
                "put there, too.",
                "docker network connect salle serveur",
            ),
        ),
        (
            not serveur.ports,
            (
                "Un port de « serveur » est publié, et personne n’en a besoin ici.",
                "docker port serveur le montre : c’est l’option -p de docker run.",
                again_served[0],
            ),
            (
                "A port of “serveur” is published, and nobody needs it here.",
                "docker port serveur shows it: that is the option -p of docker run.",
                again_served[1],
            ),
        ),
    ]


def failed(seat, perdu):
    """Return the conditions for a name that was not found, as a log or an answer says."""
    log = seat.log("perdu")
    unknown = any(words in log for words in UNKNOWN)
    named = re.search(r"\bserveur\b", " ".join([log, *perdu.command]))
    answered = perdu.started and any(
        "serveur" in answer and any(words in answer for words in UNKNOWN) for answer in seat.answers
    )
    is_lost = answered or (unknown and named)
    return [
        (
            is_lost or not unknown,
            (
                "« perdu » a demandé un autre nom que « serveur ».",
                "docker logs perdu dit lequel.",
                again("perdu", LOSE)[0],
            ),
            (
                "“perdu” has asked for another name than “serveur”.",
                "docker logs perdu says which one.",
                again("perdu", LOSE)[1],
            ),
        ),
        (
            is_lost or not perdu.running,
            (
                "« perdu » tourne, et ses logs ne contiennent pas encore d’erreur.",
                "S’il cherche encore, attendez quelques secondes. Ce que docker exec affiche n’est "
                "dans aucun log : donnez vous-même l’erreur, telle quelle.",
                "labo answer 7, puis l’erreur entre guillemets",
            ),
            (
                "“perdu” runs, and there is no error in its logs yet.",
                "If it is still looking, wait a few seconds. What docker exec prints is in no log: "
                "give the error yourself, as it is.",
                "labo answer 7, then the error in quotation marks",
            ),
        ),
        (
            is_lost,
            (
                "« perdu » n’a pas échoué sur le nom.",
                "docker logs perdu dit ce qui s’est passé. Il doit demander serveur:8888/healthz, "
                "par ce nom.",
                again("perdu", LOSE)[0],
            ),
            (
                "“perdu” has not failed by the name.",
                "docker logs perdu says what has happened. It has to ask for "
                "serveur:8888/healthz, by that name.",
                again("perdu", LOSE)[1],
            ),
        ),
    ]


def lost(seat, perdu):
    """Return the conditions for a container on the default network that did not find the name."""
    return [
        (
            perdu,
            (
                "Aucun conteneur ne s’appelle « perdu ».",
                "docker ps -a montre tous les conteneurs. L’énoncé a la commande entière.",
                LOSE,
            ),
            (
                "No container is called “perdu”.",
                "docker ps -a shows all containers. The text has the whole command.",
                LOSE,
            ),
        ),
        # Where it was made: it may have been put into another network since, to compare.
        (
            perdu.network in ("default", "bridge"),
            (
                "« perdu » n’est pas sur le réseau par défaut.",
                "C’est celui d’un conteneur dont on ne nomme pas le réseau.",
                again("perdu", LOSE)[0],
            ),
            (
                "“perdu” is not on the default network.",
                "It is that of a container whose network nobody names.",
                again("perdu", LOSE)[1],
            ),
        ),
        *failed(seat, perdu),
    ]


def joined(client):
    """Return the conditions for a client in the network."""
    again_talked = again("client", TALK)
    return [
        (
            client,
            (
                "Aucun conteneur ne s’appelle « client ».",
                "C’est la commande de « perdu », avec un autre nom, et un réseau.",
                TALK,
            ),
            (
                "No container is called “client”.",
                "It is the command of “perdu”, with another name, and a network.",
                TALK,
            ),
        ),
        (
            "salle" in client.networks,
            (
                "« client » n’est pas dans le réseau « salle ».",
                "docker network inspect salle montre qui y est. L’option --network vient avant le "
                "nom de l’image.",
                again_talked[0],
            ),
            (
                "“client” is not in the network “salle”.",
                "docker network inspect salle shows who is in it. The option --network comes "
                "before the image’s name.",
                again_talked[1],
            ),
        ),
    ]


def talked(seat, serveur, client):
    """Return the conditions for a client that asked the server by its name."""
    hosts, again_talked = asked_by(seat, client), again("client", TALK)
    named = any(not is_address(host) for host in hosts)
    # Elsewhere only the client itself can say it.
    is_told = not seat.image_of(serveur).labels.get(LOGS_ASKERS)
    is_told = is_told and serveur and serveur.id[:12] in seat.log("client")
    return [
        (
            named or is_told or not hosts,
            (
                "« client » a demandé une adresse, et non un nom.",
                "docker logs serveur dit qui a demandé, et sous quel nom ou à quelle adresse.",
                again_talked[0],
            ),
            (
                "“client” has asked an address, and no name.",
                "docker logs serveur says who has asked, and by which name or address.",
                again_talked[1],
            ),
        ),
        (
            named or is_told,
            (
                "« client » n’a pas lu la page de ce « serveur ».",
                "docker logs client dit pourquoi. Il doit demander pendant que « serveur » "
                "tourne, et 8888 est le port du conteneur.",
                again_talked[0],
            ),
            (
                "“client” has not read the page of this “serveur”.",
                "docker logs client says why. It has to ask while “serveur” runs, and 8888 is the "
                "container’s port.",
                again_talked[1],
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    serveur, perdu = seat.container("serveur"), seat.container("perdu")
    client = seat.container("client")
    yield (
        "served",
        (
            "« serveur » tourne dans le réseau « salle », sans port publié",
            "“serveur” runs in the network “salle”, with no port published",
        ),
        served(seat, serveur),
    )
    yield (
        "lost",
        (
            "« perdu », sur le réseau par défaut, ne connaît pas ce nom",
            "“perdu”, on the default network, does not know that name",
        ),
        lost(seat, perdu),
    )
    yield (
        "talked",
        (
            "« client », dans « salle », a lu la page de « serveur » par son nom",
            "“client”, in “salle”, has read the page of “serveur” by its name",
        ),
        [*served(seat, serveur), *joined(client), *talked(seat, serveur, client)],
    )
