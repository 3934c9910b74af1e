"""Processes and signals: one has to be killed, one is ended by TERM, one ends by itself.

Another one is started again by Docker.

Open: `docker kill`, and a loop with a trap that ends by itself, where nobody looks for some
minutes; a program other than the loop; how long somebody waited; a prediction that nobody believed.
What was seen of `docker stop` and a container that is always started again is not known, nor why
tetu ends.
"""

import re

WANTS = {"commands": ["sourd", "poli", "cours"], "events": True}

BASE, COURSE = "labocloud20202021:base", "labocloud20202021:python"
# 128 and the signal's number: KILL, TERM.
KILLED, TERMINATED = 128 + 9, 128 + 15
LOOP = "sh -c 'while true; do sleep 1; done'"
RUN = {
    "sourd": f"docker run -d --name sourd {BASE} {LOOP}",
    "poli": f"docker run -d --name poli --init {BASE} {LOOP}",
    "cours": f"docker run -d --name cours {COURSE}",
    "tetu": f"docker run -d --name tetu --restart on-failure:3 {BASE} "
    "sh -c 'date; sleep 1; exit 1'",
}
# What a program says that ends itself, or another one.
ENDS = {"exit", "kill"}
LOOPS = {"while", "until", "for", "wait"}
TRAP = re.compile(r"\btrap\b.*\b(SIG)?(TERM|15)\b", re.DOTALL)


def again(name):
    """Return how to run a container again, in both languages."""
    return f"docker rm -f {name}, puis {RUN[name]}", f"docker rm -f {name}, then {RUN[name]}"


def words(container):
    """Return the words of a container's command."""
    return set(re.findall(r"\w+", " ".join(container.command)))


def there(container, name):
    """Return the condition that there is a container."""
    return (
        container,
        (
            f"Aucun conteneur ne s’appelle « {name} ».",
            "docker ps -a montre tous les conteneurs, sauf ceux que --rm a supprimés. L’option "
            "--name donne le nom, avant celui de l’image.",
            RUN[name],
        ),
        (
            f"No container is called “{name}”.",
            "docker ps -a shows all containers, except those that --rm has removed. The option "
            "--name gives the name, before that of the image.",
            RUN[name],
        ),
    )


def stopped(container, name):
    """Return the conditions that all three containers have in common."""
    return [
        there(container, name),
        (
            not container.running,
            (
                f"« {name} » tourne encore.",
                "docker ps le montre : il faut l’arrêter.",
                f"time docker stop {name}",
            ),
            (
                f"“{name}” still runs.",
                "docker ps shows it: it has to be stopped.",
                f"time docker stop {name}",
            ),
        ),
        (
            container.ended,
            (
                f"« {name} » n’a pas tourné ({container.status}).",
                f"docker inspect --format '{{{{.State.Error}}}}' {name} dit pourquoi, s’il y a "
                "une raison.",
                again(name)[0],
            ),
            (
                f"“{name}” has not run ({container.status}).",
                f"docker inspect --format '{{{{.State.Error}}}}' {name} says why, if there is a "
                "reason.",
                again(name)[1],
            ),
        ),
    ]


def guessed(deaf, seat):
    """Return the conditions for a prediction that came before sourd was stopped."""
    return [
        there(deaf, "sourd"),
        (
            seat.predicted(r"\d", deaf.finished if deaf.ended else 0),
            (
                "Vous n’avez pas encore dit combien de secondes prendra l’arrêt de « sourd ».",
                "Dites-le avant de l’arrêter : labo answer 9, puis un nombre, en chiffres. Ce "
                "n’est pas noté.",
                "Il est déjà arrêté ? docker start sourd, répondez, puis time docker stop sourd",
            ),
            (
                "You have not said yet how many seconds it takes to stop “sourd”.",
                "Say it before you stop it: labo answer 9, then a number, in digits. It is not "
                "marked.",
                "Is it stopped already? docker start sourd, answer, then time docker stop sourd",
            ),
        ),
    ]


def killed(deaf, seat):
    """Return the conditions for the loop that does not hear TERM."""
    return [
        *stopped(deaf, "sourd"),
        (
            deaf.of(seat.base) and not ENDS & words(deaf),
            (
                f"« sourd » doit exécuter la boucle de l’énoncé, dans {BASE}.",
                "docker ps -a --no-trunc, colonnes IMAGE et COMMAND.",
                again("sourd")[0],
            ),
            (
                f"“sourd” has to run the loop of the text, in {BASE}.",
                "docker ps -a --no-trunc, columns IMAGE and COMMAND.",
                again("sourd")[1],
            ),
        ),
        (
            deaf.exit == KILLED and not deaf.oom,
            (
                f"« sourd » a fini par {deaf.exit}, et non parce que l’arrêt l’a tué.",
                "Le code d’un processus tué par un signal est 128 + son numéro ; kill -l en donne "
                "la liste. La boucle n’a ni --init ni trap.",
                f"{again('sourd')[0]} et docker stop sourd",
            ),
            (
                f"“sourd” ended with {deaf.exit}, and not because stopping it killed it.",
                "The code of a process that a signal has killed is 128 + its number; kill -l lists "
                "them. The loop has neither --init nor a trap.",
                f"{again('sourd')[1]} and docker stop sourd",
            ),
        ),
        (
            not seat.only_killed(deaf),
            (
                "« sourd » a été tué tout de suite : personne ne lui a d’abord demandé de finir.",
                "docker kill envoie KILL aussitôt ; docker stop envoie TERM, et attend.",
                "docker start sourd, puis time docker stop sourd",
            ),
            (
                "“sourd” was killed at once: nobody asked it to finish first.",
                "docker kill sends KILL at once; docker stop sends TERM, and waits.",
                "docker start sourd, then time docker stop sourd",
            ),
        ),
    ]


def is_by_init(polite):
    """Return whether a container has an init, which has passed TERM on: nothing else gives 143."""
    return polite.init and polite.exit == TERMINATED and not ENDS & words(polite)


def asked(polite, seat):
    """Return the condition that a loop with a trap has not ended by itself."""
    return (
        is_by_init(polite) or not seat.ended_alone(polite),
        (
            "« poli » a fini de lui-même : personne ne lui a demandé de finir.",
            "La boucle doit tourner sans fin ; docker ps la montre, et docker stop lui demande "
            "de finir.",
            "docker start poli, puis docker stop poli",
        ),
        (
            "“poli” ended by itself: nobody asked it to finish.",
            "The loop has to run without an end; docker ps shows it, and docker stop asks it "
            "to finish.",
            "docker start poli, then docker stop poli",
        ),
    )


def heard(polite, seat):
    """Return the conditions for the loop that hears TERM, by --init or by a trap."""
    by_trap = TRAP.search(" ".join(polite.command)) and LOOPS & words(polite)
    return [
        *stopped(polite, "poli"),
        (
            polite.exit != KILLED,
            (
                "« poli » a fini par 137 : lui aussi n’a rien entendu, et a été tué.",
                "docker top poli montre qui est le numéro 1, tant qu’il tourne. Essayez --init, ou "
                "un trap dans la boucle.",
                f"{again('poli')[0]} et docker stop poli",
            ),
            (
                "“poli” ended with 137: it heard nothing either, and was killed.",
                "docker top poli shows who is number 1, while it runs. Try --init, or a trap in "
                "the loop.",
                f"{again('poli')[1]} and docker stop poli",
            ),
        ),
        (
            polite.of(seat.base),
            (
                f"« poli » vient de {polite.image}, et non de {BASE}.",
                "docker ps -a, colonne IMAGE. C’est la boucle de « sourd », dans la même image.",
                again("poli")[0],
            ),
            (
                f"“poli” is made from {polite.image}, not from {BASE}.",
                "docker ps -a, column IMAGE. It is the loop of “sourd”, in the same image.",
                again("poli")[1],
            ),
        ),
        (
            is_by_init(polite) or by_trap,
            (
                f"« poli » a fini par {polite.exit}, et non par le signal TERM.",
                "docker ps -a --no-trunc montre sa commande, qui doit être la boucle. Avec --init, "
                "TERM donne 143 ; avec un trap pour TERM, le code est celui de la boucle.",
                f"{again('poli')[0]} et docker stop poli",
            ),
            (
                f"“poli” ended with {polite.exit}, and not by the signal TERM.",
                "docker ps -a --no-trunc shows its command, which has to be the loop. With --init, "
                "TERM gives 143; with a trap for TERM, the code is the loop’s.",
                f"{again('poli')[1]} and docker stop poli",
            ),
        ),
        asked(polite, seat),
    ]


def finished(course):
    """Return the conditions for how the course's app has ended."""
    anew = again("cours")
    return [
        (
            course.exit != KILLED,
            (
                "« cours » a été tué : il n’était pas encore prêt, ou on ne lui a rien demandé.",
                "docker logs cours doit dire « Listening » avant l’arrêt, et docker kill ne "
                "demande rien.",
                f"{anew[0]} attendez « Listening », et docker stop cours",
            ),
            (
                "“cours” was killed: it was not ready yet, or was not asked.",
                "docker logs cours has to say “Listening” before it is stopped, and docker kill "
                "asks nothing.",
                f"{anew[1]} wait for “Listening”, and docker stop cours",
            ),
        ),
        (
            course.exit == 0,
            (
                f"« cours » a fini par {course.exit}.",
                "docker logs cours dit pourquoi.",
                anew[0],
            ),
            (
                f"“cours” ended with {course.exit}.",
                "docker logs cours says why.",
                anew[1],
            ),
        ),
    ]


def ended(course, seat):
    """Return the conditions for the course's app, which ends by itself."""
    own = seat.image_of(course)
    anew = again("cours")
    return [
        *stopped(course, "cours"),
        (
            course.of(seat.course),
            (
                f"« cours » vient de {course.image}, et non de l’image du cours.",
                "docker ps -a, colonne IMAGE.",
                anew[0],
            ),
            (
                f"“cours” is made from {course.image}, not from the course image.",
                "docker ps -a, column IMAGE.",
                anew[1],
            ),
        ),
        (
            course.command == own.entrypoint + own.command,
            (
                "« cours » n’a pas exécuté l’application du cours.",
                "docker ps -a --no-trunc, colonne COMMAND. Sans --entrypoint, et sans rien après "
                "le nom de l’image, c’est ce que l’image demande.",
                anew[0],
            ),
            (
                "“cours” has not run the course’s app.",
                "docker ps -a --no-trunc, column COMMAND. Without --entrypoint, and with nothing "
                "after the image’s name, it is what the image asks for.",
                anew[1],
            ),
        ),
        *finished(course),
    ]


def restarted(stubborn, seat):
    """Return the conditions for the program that Docker has started again."""
    anew = again("tetu")
    return [
        there(stubborn, "tetu"),
        (
            stubborn.of(seat.base),
            (
                f"« tetu » vient de {stubborn.image}, et non de {BASE}.",
                f"docker ps -a, colonne IMAGE : relancez-le à partir de {BASE}.",
                anew[0],
            ),
            (
                f"“tetu” is made from {stubborn.image}, not from {BASE}.",
                f"docker ps -a, column IMAGE: run it again from {BASE}.",
                anew[1],
            ),
        ),
        (
            stubborn.restart not in ("", "no"),
            (
                "Docker n’a pas à relancer « tetu ».",
                "docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' tetu dit no. "
                "L’option --restart se donne avant le nom de l’image.",
                anew[0],
            ),
            (
                "Docker does not have to start “tetu” again.",
                "docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' tetu says no. The "
                "option --restart is given before the image’s name.",
                anew[1],
            ),
        ),
        (
            stubborn.restarts,
            (
                "Docker n’a pas encore relancé « tetu » : son programme doit finir, et échouer.",
                "docker inspect --format '{{.RestartCount}}' tetu, et docker logs tetu. Attendez "
                "deux secondes.",
                anew[0],
            ),
            (
                "Docker has not started “tetu” again yet: its program has to end, and to fail.",
                "docker inspect --format '{{.RestartCount}}' tetu, and docker logs tetu. Wait two "
                "seconds.",
                anew[1],
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    deaf, polite, course, stubborn = (
        seat.container(name) for name in ("sourd", "poli", "cours", "tetu")
    )
    yield (
        "guessed",
        (
            "Vous avez dit d’avance combien durerait l’arrêt de « sourd »",
            "You have said beforehand how long it would take to stop “sourd”",
        ),
        guessed(deaf, seat),
    )
    yield (
        "deaf",
        (
            "« sourd » n’a pas entendu TERM : il a été tué",
            "“sourd” did not hear TERM: it was killed",
        ),
        killed(deaf, seat),
    )
    yield (
        "polite",
        ("La même boucle s’arrête aussitôt dans « poli »", "The same loop stops at once in “poli”"),
        heard(polite, seat),
    )
    yield (
        "course",
        (
            "L’application du cours finit d’elle-même, par 0",
            "The course’s app ends by itself, with 0",
        ),
        ended(course, seat),
    )
    yield (
        "again",
        (
            "Docker a relancé « tetu » de lui-même",
            "Docker has started “tetu” again by itself",
        ),
        restarted(stubborn, seat),
    )
