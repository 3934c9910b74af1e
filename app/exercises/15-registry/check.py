"""A registry: an image of the room's own is pulled, and run by its whole name.

Open: `docker tag` in the place of the pull, since both give an image of the seat that name.
"""

NEEDS = ["registry"]


def check(seat):
    """Yield the steps."""
    prefix = f"{seat.around['registry']}:"
    pulled = next(
        (one for one in seat.images if any(tag.startswith(prefix) for tag in one.tags)),
        seat.image(prefix),
    )
    tiree = seat.container("tiree")
    there = [
        (
            pulled,
            "Aucune image ne porte le nom du registre : . ~/labocloud/ex15/registre, puis docker "
            "pull $IMAGE",
            "No image has the registry’s name: . ~/labocloud/ex15/registre, then docker pull "
            "$IMAGE",
        ),
        (
            pulled.delivered or not seat.course.known,
            "L’image qui porte le nom du registre n’en vient pas : effacez ce nom (docker rmi), "
            "puis docker pull $IMAGE",
            "The image that has the registry’s name does not come from it: remove that name "
            "(docker rmi), then docker pull $IMAGE",
        ),
    ]
    yield (
        "pulled",
        ("Une image porte le nom du registre", "An image has the registry’s name"),
        there,
    )
    yield (
        "run",
        ("« tiree » la lance, sous ce nom", "“tiree” runs it, by that name"),
        [
            *there,
            (
                tiree,
                "Aucun conteneur ne s’appelle « tiree » : docker run -d --name tiree -p 8150:8888 "
                "$IMAGE",
                "No container is called “tiree”: docker run -d --name tiree -p 8150:8888 $IMAGE",
            ),
            (
                tiree.image.startswith(prefix) and tiree.of(pulled),
                f"« tiree » a été lancé comme {tiree.image} : effacez-le (docker rm -f tiree), et "
                "relancez-le par le nom entier, $IMAGE.",
                f"“tiree” was run as {tiree.image}: remove it (docker rm -f tiree), and run it "
                "again by the whole name, $IMAGE.",
            ),
            (
                tiree.running,
                "« tiree » ne tourne pas : docker logs tiree dit pourquoi. Effacez-le (docker rm "
                "-f tiree), et relancez-le avec -d.",
                "“tiree” does not run: docker logs tiree says why. Remove it (docker rm -f tiree), "
                "and run it again with -d.",
            ),
        ],
    )
