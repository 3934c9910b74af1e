"""The build cache: the same two lines in either order, built again after app.py has changed.

Open: how long a build took, and whether anybody looked; lent:2 built with --no-cache; the images of
exercise 3, called lent; a line RUN that names pip and does not run it.
"""

PIP = "pip install"


def copied(rows):
    """Return whether a file was copied before pip ran, and whether a file was copied after."""
    at = next((number for number, row in enumerate(rows) if PIP in row.by), len(rows))
    return tuple(any(row.copied for row in part) for part in (rows[:at], rows[at:]))


def built(image, seat, tag):
    """Return the conditions for an image that was built on the base with a run of pip."""
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
