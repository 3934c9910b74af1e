"""A small image: a page made with Python in one stage, and served without it from another.

Open: a small image that was not made by a Dockerfile of several stages; root by
`docker run --user`, or by an account of another name.
"""

WANTS = {"pages": [["gros", 0, "/"], ["petit", 0, "/"]]}

BASE = "labocloud20202021:base"
# Bytes: ten times less would still hold what is needed.
MOST = 10_000_000
# A port of the seat for each of the two, as in the text.
PORTS = {"gros": 8112, "petit": 8113}
STOPPED = {
    "gros": (
        (
            "docker logs gros, ou docker inspect gros, sous State, Error, dit pourquoi.",
            "Corrigez gros.Dockerfile",
        ),
        (
            "docker logs gros, or docker inspect gros, under State, Error, says why.",
            "Correct gros.Dockerfile",
        ),
    ),
    "petit": (
        (
            "L’avez-vous arrêté ? Il lui manque un fichier, le chargeur ou une bibliothèque, si "
            "docker logs petit, ou docker inspect petit, sous State, Error, dit « no such file or "
            "directory ».",
            "Copiez ce qui manque dans la dernière étape",
        ),
        (
            "Did you stop it? It lacks a file, the loader or a library, if docker logs petit, or "
            "docker inspect petit, under State, Error, says “no such file or directory”.",
            "Copy what is missing into the last stage",
        ),
    ),
}


def build(name):
    """Return the command that builds an image."""
    return f"docker build --network none -f {name}.Dockerfile -t {name}:1 ."


def run(name):
    """Return the command that runs a container of an image."""
    return f"docker run -d --init --name {name} -p {PORTS[name]}:8000 {name}:1"


def anew(name):
    """Return how to run a container again, in both languages."""
    return f"docker rm -f {name}, puis {run(name)}", f"docker rm -f {name}, then {run(name)}"


def there(image, name):
    """Return the condition that there is an image."""
    return (
        image,
        (
            f"Aucune image ne s’appelle {name}:1.",
            "docker image ls montre celles qui sont là. docker build prend le nom de l’image après "
            "-t, celui du Dockerfile après -f, et un dossier ; le point est celui où vous êtes.",
            f"Dans ~/labocloud/ex12 : {build(name)}",
        ),
        (
            f"No image is called {name}:1.",
            "docker image ls shows those that are there. docker build takes the image’s name after "
            "-t, that of the Dockerfile after -f, and a folder; the dot is the one that you are "
            "in.",
            f"In ~/labocloud/ex12: {build(name)}",
        ),
    )


def of_today(container, name, image):
    """Return the conditions for a container of an image as it is now."""
    return [
        (
            container,
            (
                f"Aucun conteneur ne s’appelle « {name} ».",
                "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant "
                "celui de l’image.",
                run(name),
            ),
            (
                f"No container is called “{name}”.",
                "docker ps -a shows all containers; the option --name gives the name, before that "
                "of the image.",
                run(name),
            ),
        ),
        (
            container.of(image),
            (
                f"« {name} » n’est pas de l’image {name}:1 d’aujourd’hui.",
                "docker ps -a, colonne IMAGE. Un conteneur garde l’image dont il est fait, même si "
                "l’on construit après lui.",
                anew(name)[0],
            ),
            (
                f"“{name}” is not of today’s image {name}:1.",
                "docker ps -a, column IMAGE. A container keeps the image that it is made from, "
                "whatever is built after it.",
                anew(name)[1],
            ),
        ),
    ]


def started(container, name, image, seat):
    """Return the conditions for a container whose program Docker could start."""
    again = anew(name)
    return [
        (
            "unable to find user" not in container.error,
            (
                f"{name}:1 n’a pas de liste de comptes où Docker trouverait ce nom.",
                f"docker inspect --format '{{{{.State.Error}}}}' {name}. Un numéro n’a besoin "
                "d’aucune liste.",
                f"Après USER, écrivez un numéro, {build(name)} puis {again[0]}",
            ),
            (
                f"{name}:1 has no list of accounts in which Docker could find that name.",
                f"docker inspect --format '{{{{.State.Error}}}}' {name}. A number needs no list.",
                f"After USER write a number, {build(name)} then {again[1]}",
            ),
        ),
        (
            # Without brackets, CMD is what a shell is told.
            container.running or image.on(seat.base) or "/bin/sh" not in image.command,
            (
                f"« {name} » ne tourne pas : il n’y a pas de shell dans {name}:1.",
                f"docker image inspect --format '{{{{.Config.Cmd}}}}' {name}:1 montre /bin/sh : "
                "sans crochets, CMD demande un shell.",
                f"Écrivez CMD avec des crochets, {build(name)} puis {again[0]}",
            ),
            (
                f"“{name}” does not run: there is no shell in {name}:1.",
                f"docker image inspect --format '{{{{.Config.Cmd}}}}' {name}:1 shows /bin/sh: "
                "without brackets, CMD takes a shell.",
                f"Write CMD with brackets, {build(name)} then {again[1]}",
            ),
        ),
        (
            container.running,
            (
                f"« {name} » ne tourne pas ({container.exit}).",
                STOPPED[name][0][0],
                f"{STOPPED[name][0][1]}, {build(name)} puis {again[0]}",
            ),
            (
                f"“{name}” does not run ({container.exit}).",
                STOPPED[name][1][0],
                f"{STOPPED[name][1][1]}, {build(name)} then {again[1]}",
            ),
        ),
    ]


def answers(container, name, page):
    """Return the conditions for a container whose page answers."""
    again = anew(name)
    return [
        (
            container.ports,
            (
                f"Aucun port de « {name} » n’est publié.",
                f"docker port {name} ne montre rien. Dans -p, le premier nombre est celui du "
                "poste, le second celui du conteneur, où le serveur écoute.",
                again[0],
            ),
            (
                f"No port of “{name}” is published.",
                f"docker port {name} shows nothing. In -p, the first number is the seat’s, the "
                "second the container’s, on which the server listens.",
                again[1],
            ),
        ),
        (
            page,
            (
                f"« {name} » n’a pas encore de page à cette adresse.",
                f"docker logs {name} dit ce qu’on lui demande. Est-ce le port où il écoute que "
                f"docker port {name} montre, et index.html est-il dans le dossier qu’il sert ?",
                f"Corrigez {name}.Dockerfile, {build(name)} puis {again[0]}",
            ),
            (
                f"“{name}” has no page at that address yet.",
                f"docker logs {name} says what it is asked. Is the port that it listens on the one "
                f"that docker port {name} shows, and is index.html in the folder that it serves?",
                f"Correct {name}.Dockerfile, {build(name)} then {again[1]}",
            ),
        ),
    ]


def served(seat, name):
    """Return the conditions for a container of NAME:1 that serves a page."""
    container, image = seat.container(name), seat.image(f"{name}:1")
    return [
        *of_today(container, name, image),
        *started(container, name, image, seat),
        *answers(container, name, seat.page(name, 0, "/")),
    ]


def made(gros, seat):
    """Return the conditions for the image that is made and served with Python."""
    again = anew("gros")
    return [
        there(gros, "gros"),
        (
            gros.on(seat.base),
            (
                f"gros:1 n’est pas construite sur {BASE}.",
                "docker history gros:1 : que fait sa ligne la plus basse ? La première ligne de "
                "gros.Dockerfile décide, celle de l’énoncé.",
                f"FROM {BASE}, {build('gros')} puis {again[0]}",
            ),
            (
                f"gros:1 is not built on {BASE}.",
                "docker history gros:1: what does its lowest row do? The first line of "
                "gros.Dockerfile decides, the one of the text.",
                f"FROM {BASE}, {build('gros')} then {again[1]}",
            ),
        ),
        (
            gros.installed(seat.base)[1],
            (
                "Rien n’a été installé dans gros:1, où la page doit être fabriquée.",
                "docker history gros:1 : une ligne RUN doit y avoir ajouté quelque chose, colonne "
                "SIZE.",
                f"RUN pip install markdown-it-py, comme dans l’énoncé, {build('gros')} puis "
                f"{again[0]}",
            ),
            (
                "Nothing was installed in gros:1, in which the page has to be made.",
                "docker history gros:1: a row RUN has to have added something, column SIZE.",
                f"RUN pip install markdown-it-py, as in the text, {build('gros')} then {again[1]}",
            ),
        ),
    ]


def titled(page):
    """Return the condition that the page has a title."""
    again = anew("gros")
    return (
        "<h1" in page.body,
        (
            "La page de « gros » n’a pas de titre.",
            "La première ligne de page.md est-elle # Docker, et index.html est-il dans /www ?",
            f"Corrigez page.md, {build('gros')} puis {again[0]}",
        ),
        (
            "The page of “gros” has no title.",
            "Is the first line of page.md # Docker, and is index.html in /www?",
            f"Correct page.md, {build('gros')} then {again[1]}",
        ),
    )


def small(petit, seat):
    """Return the conditions for the image that has next to nothing."""
    megabytes = petit.size // 1_000_000
    return [
        there(petit, "petit"),
        (
            not petit.shared(seat.base),
            (
                "petit:1 contient encore toute l’image de base.",
                "docker history petit:1 en montre les lignes. Une image commence par ce que dit le "
                "dernier FROM de son Dockerfile.",
                f"FROM scratch, pour la dernière étape de petit.Dockerfile, puis {build('petit')}",
            ),
            (
                "petit:1 still holds the whole base.",
                "docker history petit:1 shows its rows. An image begins with what the last FROM of "
                "its Dockerfile says.",
                f"FROM scratch, for the last stage of petit.Dockerfile, then {build('petit')}",
            ),
        ),
        (
            petit.size < MOST,
            (
                f"petit:1 fait {megabytes} Mo.",
                "docker history petit:1 dit quelle copie est de trop.",
                f"Ne copiez que la page, busybox et trois bibliothèques, puis {build('petit')}",
            ),
            (
                f"petit:1 has {megabytes} MB.",
                "docker history petit:1 says which copy is too much.",
                f"Copy only the page, busybox and three libraries, then {build('petit')}",
            ),
        ),
    ]


def same(petit, seat, page):
    """Return the conditions for two images, of which the small one serves the page of the big."""
    return [
        (
            petit.layers and not petit.shared(seat.base) and petit.size < MOST,
            (
                "« petit » tourne, mais petit:1 n’est pas encore petite.",
                "docker image ls montre sa taille, et docker history petit:1 ce qui la fait.",
            ),
            (
                "“petit” runs, but petit:1 is not small yet.",
                "docker image ls shows its size, and docker history petit:1 what makes it up.",
            ),
        ),
        (
            page and seat.page("petit", 0, "/").body == page.body,
            (
                "« gros » et « petit » ne servent pas la même page.",
                "Les deux ont-elles été construites à partir du même page.md, et relancées "
                "depuis ? docker ps et docker image ls disent quand.",
                f"{build('gros')} puis {build('petit')} et relancez les deux.",
            ),
            (
                "“gros” and “petit” do not serve the same page.",
                "Were both built from the same page.md, and run again since? docker ps and docker "
                "image ls tell when.",
                f"{build('gros')} then {build('petit')} and run both again.",
            ),
        ),
    ]


def unprivileged(petit):
    """Return the condition that the image asks for an account other than root."""
    again = anew("petit")
    return (
        petit.user.partition(":")[0] not in ("", "0", "root"),
        (
            "« petit » tourne en root.",
            "docker image inspect --format '{{.Config.User}}' petit:1 montre le compte ; dans la "
            "dernière étape de petit.Dockerfile, USER le choisit.",
            f"USER 65534:65534, avant CMD, {build('petit')} puis {again[0]}",
        ),
        (
            "“petit” runs as root.",
            "docker image inspect --format '{{.Config.User}}' petit:1 shows the account; in the "
            "last stage of petit.Dockerfile, USER chooses it.",
            f"USER 65534:65534, before CMD, {build('petit')} then {again[1]}",
        ),
    )


def check(seat):
    """Yield the steps."""
    gros, petit = seat.image("gros:1"), seat.image("petit:1")
    page = seat.page("gros", 0, "/")
    runs = served(seat, "petit")
    yield (
        "big",
        (
            "« gros » sert la page, fabriquée et servie avec Python",
            "“gros” serves the page, made and served with Python",
        ),
        [*made(gros, seat), *served(seat, "gros"), titled(page)],
    )
    yield (
        "small",
        ("petit:1 fait moins de 10 Mo", "petit:1 is smaller than 10 MB"),
        small(petit, seat),
    )
    yield (
        "same",
        ("« petit » sert la même page", "“petit” serves the same page"),
        [*runs, *same(petit, seat, page)],
    )
    yield (
        "nobody",
        ("« petit » ne tourne pas en root", "“petit” does not run as root"),
        [there(petit, "petit"), *runs, unprivileged(petit)],
    )
