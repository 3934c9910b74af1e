"""Processes and signals: one has to be killed, one is ended by TERM, one ends by itself.

Another one is started again by Docker.

Open: 137 can also come from `docker kill`, and how long somebody waited is not known. Nor is it
seen where a loop that has a trap, or what only holds the word, ends by itself. What was seen of
`docker stop` and a container that is always started again is not known, nor why tetu ends.
"""

WANTS = {"commands": ["sourd", "poli", "cours"]}

# 128 and the signal's number: KILL, TERM.
KILLED, TERMINATED = 128 + 9, 128 + 15


def stopped(container, name):
    """Return the conditions that all three containers have in common."""
    return [
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : docker run -d --name {name}, sans --rm.",
            f"No container is called “{name}”: docker run -d --name {name}, without --rm.",
        ),
        (
            not container.running,
            f"« {name} » tourne encore : arrêtez-le, avec time docker stop {name}.",
            f"“{name}” still runs: stop it, with time docker stop {name}.",
        ),
        (
            container.ended,
            f"« {name} » n’a pas tourné ({container.status}) : effacez-le, et relancez-le.",
            f"“{name}” has not run ({container.status}): remove it, and run it again.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    deaf, polite, course = (seat.container(name) for name in ("sourd", "poli", "cours"))
    by_itself = any("exit" in word for word in deaf.command)
    trap = any("trap" in word for word in polite.command)
    own = seat.image_of(course)
    stubborn = seat.container("tetu")
    yield (
        "deaf",
        (
            "« sourd » n’a pas entendu TERM : il a été tué",
            "“sourd” did not hear TERM: it was killed",
        ),
        [
            *stopped(deaf, "sourd"),
            (
                deaf.of(seat.base) and not by_itself,
                "« sourd » doit exécuter la boucle de l’énoncé, dans labocloud20202021:base : "
                "effacez-le, et relancez-le.",
                "“sourd” has to run the loop of the text, in labocloud20202021:base: "
                "remove it, and run it again.",
            ),
            (
                deaf.exit == KILLED,
                f"« sourd » a fini par {deaf.exit}, et non parce qu’on l’a tué : "
                "relancez la boucle sans --init ni trap, puis docker stop sourd.",
                f"“sourd” ended with {deaf.exit}, and not because it was killed: run the loop "
                "again without --init or trap, then docker stop sourd.",
            ),
        ],
    )
    yield (
        "polite",
        ("La même boucle s’arrête aussitôt dans « poli »", "The same loop stops at once in “poli”"),
        [
            *stopped(polite, "poli"),
            (
                polite.exit != KILLED,
                "« poli » a fini par 137 : lui aussi n’a rien entendu, et a été tué. "
                "Essayez --init, ou un trap dans la boucle.",
                "“poli” ended with 137: it heard nothing either, and was killed. "
                "Try --init, or a trap in the loop.",
            ),
            (
                polite.of(seat.base) and (polite.command == deaf.command or trap),
                "« poli » doit exécuter la même boucle que « sourd », dans la même image : "
                "effacez-le, et relancez-le.",
                "“poli” has to run the same loop as “sourd”, in the same image: "
                "remove it, and run it again.",
            ),
            (
                polite.exit == TERMINATED or (trap and polite.exit == 0),
                f"« poli » a fini par {polite.exit}, et non par le signal TERM : relancez-le, puis "
                "docker stop poli.",
                f"“poli” ended with {polite.exit}, and not by the signal TERM: run it again, then "
                "docker stop poli.",
            ),
        ],
    )
    yield (
        "course",
        (
            "L’application du cours finit d’elle-même, par 0",
            "The course’s app ends by itself, with 0",
        ),
        [
            *stopped(course, "cours"),
            (
                course.of(seat.course),
                f"« cours » vient de {course.image}, et non de l’image du cours.",
                f"“cours” is made from {course.image}, not from the course image.",
            ),
            (
                course.command == own.entrypoint + own.command,
                "« cours » n’a pas exécuté l’application du cours : effacez-le, et relancez-le "
                "sans --entrypoint, et sans rien après le nom de l’image.",
                "“cours” has not run the course’s app: remove it, and run it again without "
                "--entrypoint, and with nothing after the image’s name.",
            ),
            (
                course.exit != KILLED,
                "« cours » a été tué : il n’était pas encore prêt, ou c’était docker kill. "
                "Relancez-le, attendez « Listening » dans docker logs cours, puis arrêtez-le par "
                "docker stop.",
                "“cours” was killed: it was not ready yet, or it was docker kill. Run it again, "
                "wait for “Listening” in docker logs cours, then docker stop cours.",
            ),
            (
                course.exit == 0,
                f"« cours » a fini par {course.exit} : docker logs cours dit pourquoi.",
                f"“cours” ended with {course.exit}: docker logs cours says why.",
            ),
        ],
    )
    yield (
        "again",
        (
            "Docker a relancé « tetu » de lui-même",
            "Docker has started “tetu” again by itself",
        ),
        [
            (
                stubborn,
                "Aucun conteneur ne s’appelle « tetu » : docker run -d --name tetu, sans --rm, et "
                "avec l’option qui le relance.",
                "No container is called “tetu”: docker run -d --name tetu, without --rm, with the "
                "option that starts it again.",
            ),
            (
                stubborn.of(seat.base),
                f"« tetu » vient de {stubborn.image} : relancez-le à partir de "
                "labocloud20202021:base.",
                f"“tetu” is made from {stubborn.image}: run it again from labocloud20202021:base.",
            ),
            (
                stubborn.restart not in ("", "no"),
                "Docker n’a pas à relancer « tetu » : effacez-le, et lancez-le avec --restart "
                "on-failure:3, avant le nom de l’image.",
                "Docker does not have to start “tetu” again: remove it, and run it with --restart "
                "on-failure:3, before the image’s name.",
            ),
            (
                stubborn.restarts,
                "Docker n’a pas encore relancé « tetu » : son programme doit finir, et échouer. "
                "Attendez deux secondes ; sinon, effacez-le, et lancez la commande de l’énoncé.",
                "Docker has not started “tetu” again yet: its program has to end, and to fail. "
                "Wait two seconds; else remove it, and run the command of the text.",
            ),
        ],
    )
