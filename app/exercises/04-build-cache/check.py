"""The build cache: the same two lines in either order, built again after app.py has changed.

Then a file that `.dockerignore` leaves out of the image.

Open: how long a build took, and whether anybody looked; lent:2 built with --no-cache; the images of
exercise 3, called lent; a line RUN that names pip and does not run it; secret.txt left out because
it was not there any more, or by a COPY that names other files.
"""

SECRET, APP = "/app/secret.txt", "/app/app.py"
WANTS = {"files": [["tout1", SECRET], ["tout1", APP], ["tout2", SECRET], ["tout2", APP]]}

PIP = "pip install"


def copied(rows):
    """Return whether a file was copied before pip ran, and whether a file was copied after."""
    at = next((number for number, row in enumerate(rows) if PIP in row.by), len(rows))
    return tuple(any(row.copied for row in part) for part in (rows[:at], rows[at:]))


def based(image, seat, tag):
    """Return the conditions for an image that was built on the base."""
    name = tag.partition(":")[0]
    return [
        (
            image,
            f"Il n’y a pas d’image {tag} : docker build -f {name}.Dockerfile -t {tag} .",
            f"There is no image {tag}: docker build -f {name}.Dockerfile -t {tag} .",
        ),
        (
            image.on(seat.base)
            and not image.on(seat.course)
            and image.labels.get("labocloud.image") != "course",
            f"{tag} n’est pas construite sur labocloud20202021:base : prenez les Dockerfiles de "
            "l’énoncé.",
            f"{tag} is not built on labocloud20202021:base: take the Dockerfiles of the text.",
        ),
    ]


def built(image, seat, tag):
    """Return the conditions for an image that was built on the base with a run of pip."""
    return [
        *based(image, seat, tag),
        (
            any(PIP in row.by for row in image.above(seat.base)),
            f"pip n’a rien installé dans {tag} : gardez la ligne RUN, et construisez avec docker "
            "build.",
            f"pip has installed nothing in {tag}: keep the line RUN, and build with docker build.",
        ),
    ]


def changed(first, second, name):
    """Return the conditions for two builds between which app.py was changed."""
    return [
        (
            second.id != first.id,
            f"{name}:1 et {name}:2 sont une même image : changez app.py, enregistrez-le, et "
            f"construisez {name}:2.",
            f"{name}:1 and {name}:2 are one image: change app.py, save it, and build {name}:2.",
        ),
        (
            second.layers != first.layers and not second.on(first),
            f"{name}:2 n’est pas {name}:1 construite de nouveau : gardez {name}.Dockerfile, et ne "
            "changez qu’app.py.",
            f"{name}:2 is not {name}:1 built again: keep {name}.Dockerfile, and change app.py "
            "alone.",
        ),
    ]


def copied_whole(seat, number):
    """Return the conditions for a container of an image into which the folder was copied.

    number: of both.
    """
    name, tag = f"tout{number}", f"tout:{number}"
    container, image = seat.container(name), seat.image(tag)
    return [
        *based(image, seat, tag),
        (
            container,
            f"Aucun conteneur ne s’appelle « {name} » : docker run --name {name} {tag} ls.",
            f"No container is called “{name}”: docker run --name {name} {tag} ls.",
        ),
        (
            container.of(image),
            f"« {name} » n’est pas de l’image {tag} d’aujourd’hui : effacez-le, et relancez-le.",
            f"“{name}” is not of today’s image {tag}: remove it, and run it again.",
        ),
        (
            seat.file(name, APP),
            f"{APP} n’est pas dans {tag} : construisez-la avec tout.Dockerfile, dans le dossier "
            "d’app.py.",
            f"{APP} is not in {tag}: build it with tout.Dockerfile, in the folder of app.py.",
        ),
    ]


def check(seat):
    """Yield the steps."""
    base = seat.base
    slow, slow_again, fast, fast_again = (
        seat.image(tag) for tag in ("lent:1", "lent:2", "vite:1", "vite:2")
    )
    yield (
        "slow",
        (
            "lent:1 et lent:2 : pip a tout refait pour une ligne d’app.py",
            "lent:1 and lent:2: pip ran again, for one line of app.py",
        ),
        [
            *built(slow, seat, "lent:1"),
            *built(slow_again, seat, "lent:2"),
            (
                all(copied(image.above(base)) == (True, False) for image in (slow, slow_again)),
                "Dans lent.Dockerfile, COPY vient avant RUN : construisez lent:1 et lent:2 avec "
                "-f lent.Dockerfile.",
                "In lent.Dockerfile, COPY comes before RUN: build lent:1 and lent:2 with -f "
                "lent.Dockerfile.",
            ),
            *changed(slow, slow_again, "lent"),
            (
                slow.row(PIP).created != slow_again.row(PIP).created,
                "pip n’a pas été relancé pour lent:2 : changez app.py, puis construisez lent:2.",
                "pip has not run again for lent:2: change app.py, then build lent:2.",
            ),
        ],
    )
    yield (
        "fast",
        (
            "vite:1 et vite:2 : pip n’a tourné qu’une fois",
            "vite:1 and vite:2: pip has run only once",
        ),
        [
            *built(fast, seat, "vite:1"),
            *built(fast_again, seat, "vite:2"),
            (
                all(copied(image.above(base)) == (False, True) for image in (fast, fast_again)),
                "Dans vite.Dockerfile, RUN vient avant COPY : construisez vite:1 et vite:2 avec "
                "-f vite.Dockerfile.",
                "In vite.Dockerfile, RUN comes before COPY: build vite:1 and vite:2 with -f "
                "vite.Dockerfile.",
            ),
            *changed(fast, fast_again, "vite"),
            (
                fast.row(PIP).created == fast_again.row(PIP).created,
                "pip a tourné deux fois pour vite : construisez de nouveau vite:1, changez "
                "app.py, et construisez vite:2, sans --no-cache et avec les mêmes options.",
                "pip has run twice for vite: build vite:1 again, change app.py, and build "
                "vite:2, without --no-cache and with the same options.",
            ),
        ],
    )
    yield (
        "left_out",
        (
            "secret.txt est dans tout:1, et n’est plus dans tout:2",
            "secret.txt is in tout:1, and no longer in tout:2",
        ),
        [
            *copied_whole(seat, 1),
            (
                seat.file("tout1", SECRET),
                "secret.txt n’est pas dans tout:1 : construisez-la avant d’écrire .dockerignore, "
                "et relancez « tout1 ».",
                "secret.txt is not in tout:1: build it before you write .dockerignore, and run "
                "“tout1” again.",
            ),
            *copied_whole(seat, 2),
            (
                not seat.file("tout2", SECRET),
                "secret.txt est encore dans tout:2 : écrivez son nom dans .dockerignore, à côté "
                "d’app.py, construisez tout:2, et relancez « tout2 ».",
                "secret.txt is still in tout:2: write its name into .dockerignore, beside app.py, "
                "build tout:2, and run “tout2” again.",
            ),
            (
                # A later layer only hides it.
                not any("secret" in row.by for row in seat.image("tout:2").above(base)),
                "Une instruction de tout:2 efface secret.txt, mais la couche d’en dessous l’a "
                "encore : gardez tout.Dockerfile, et écrivez .dockerignore.",
                "An instruction of tout:2 removes secret.txt, but the layer below still has it: "
                "keep tout.Dockerfile, and write .dockerignore.",
            ),
        ],
    )
