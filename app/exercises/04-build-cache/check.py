"""The build cache: the same two lines in either order, built again after app.py has changed.

Then a file that `.dockerignore` leaves out of the image.

Open: how long a build took; lent:2 built with --no-cache; the images of exercise 3, called lent;
with `COPY . .`, which file was changed, since a layer has a digest and no content; a prediction
that nobody believed; secret.txt left out because it was not there any more, or by a COPY that names
other files.
"""

FOLDER = "/app"
SECRET, APP = f"{FOLDER}/secret.txt", f"{FOLDER}/app.py"
WANTS = {
    "files": [
        ["tout1", SECRET],
        ["tout1", APP],
        ["tout2", FOLDER],
        ["tout2", SECRET],
        ["tout2", APP],
    ]
}

BASE = "labocloud20202021:base"
CHANGE = "echo 'print(\"3\")' > app.py"


def build(tag):
    """Return the command that builds an image. It has no option: another one is another step."""
    return f"docker build -f {tag.partition(':')[0]}.Dockerfile -t {tag} ."


def again(number):
    """Return how to build an image of the whole folder and look into it, in both languages."""
    name, tag = f"tout{number}", f"tout:{number}"
    run = f"docker run --name {name} {tag} ls"
    return (
        f"{build(tag)} puis docker rm -f {name}, et {run}",
        f"{build(tag)} then docker rm -f {name}, and {run}",
    )


def parts(image, seat):
    """Return the row that installed something, and the rows that copied before and after it."""
    at, row = image.installed(seat.base)
    rows = image.above(seat.base)
    before, after = rows[:at], rows[at + 1 :]
    return row, [row for row in before if row.copied], [row for row in after if row.copied]


def is_same(rows, others):
    """Return whether two images took the same steps from the cache.

    One builder has the digest of what was copied in a row, the other only when that was.
    """
    pairs = [[(row.by, row.created) for row in part] for part in (rows, others)]
    return pairs[0] == pairs[1]


def there(image, tag):
    """Return the condition that there is an image."""
    return (
        image,
        (
            f"Il n’y a pas d’image {tag}.",
            "docker image ls montre celles qui sont là. docker build prend le nom du Dockerfile "
            "après -f, celui de l’image après -t, et un dossier ; le point est celui où vous êtes.",
            f"Dans ~/labocloud/ex4 : {build(tag)}",
        ),
        (
            f"There is no image {tag}.",
            "docker image ls shows those that are there. docker build takes the name of the "
            "Dockerfile after -f, that of the image after -t, and a folder; the dot is the one "
            "that you are in.",
            f"In ~/labocloud/ex4: {build(tag)}",
        ),
    )


def based(image, seat, tag):
    """Return the conditions for an image that was built on the base."""
    return [
        there(image, tag),
        (
            image.on(seat.base)
            and not image.on(seat.course)
            and image.labels.get("labocloud.image") != "course",
            (
                f"{tag} n’est pas construite sur {BASE}.",
                f"docker history {tag} : que fait sa ligne la plus basse ? La première ligne du "
                "Dockerfile décide : prenez les Dockerfiles de l’énoncé.",
                f"FROM {BASE}, puis {build(tag)}",
            ),
            (
                f"{tag} is not built on {BASE}.",
                f"docker history {tag}: what does its lowest row do? The first line of the "
                "Dockerfile decides: take the Dockerfiles of the text.",
                f"FROM {BASE}, then {build(tag)}",
            ),
        ),
    ]


def built(image, seat, tag):
    """Return the conditions for an image that was built on the base, and installed something."""
    return [
        *based(image, seat, tag),
        (
            image.installed(seat.base)[1],
            (
                f"Rien n’a été installé dans {tag}.",
                f"docker history {tag} : une ligne RUN doit y avoir ajouté quelque chose, colonne "
                "SIZE.",
                f"RUN pip install flask, comme dans l’énoncé, puis {build(tag)}",
            ),
            (
                f"Nothing was installed in {tag}.",
                f"docker history {tag}: a row RUN has to have added something, column SIZE.",
                f"RUN pip install flask, as in the text, then {build(tag)}",
            ),
        ),
    ]


def ordered(name, lines, holds):
    """Return the condition for the order of two lines in NAME.Dockerfile. lines: the first one."""
    first, second = lines
    again = build(f"{name}:1"), build(f"{name}:2")
    return (
        holds,
        (
            f"Dans {name}.Dockerfile, {first} vient avant {second}.",
            f"docker history {name}:1, puis {name}:2, de bas en haut : est-ce l’ordre des lignes ? "
            "L’option -f dit de quel Dockerfile.",
            f"{again[0]} puis, app.py changé, {again[1]}",
        ),
        (
            f"In {name}.Dockerfile, {first} comes before {second}.",
            f"docker history {name}:1, then {name}:2, from the bottom up: is that the order of the "
            "lines? The option -f says of which Dockerfile.",
            f"{again[0]} then, with app.py changed, {again[1]}",
        ),
    )


def changed(first, second, name):
    """Return the conditions for two builds between which app.py was changed."""
    again = build(f"{name}:2")
    return [
        (
            second.id != first.id,
            (
                f"{name}:1 et {name}:2 sont une même image.",
                "docker image ls montre deux fois le même identifiant. app.py était-il changé, et "
                "enregistré, avant de construire ?",
                f"{CHANGE} puis {again}",
            ),
            (
                f"{name}:1 and {name}:2 are one image.",
                "docker image ls shows the same ID twice. Had app.py been changed, and saved, "
                "before the build?",
                f"{CHANGE} then {again}",
            ),
        ),
        (
            second.layers != first.layers and not second.on(first),
            (
                f"{name}:2 n’est pas {name}:1 construite de nouveau.",
                f"docker history {name}:2 doit avoir les lignes de {name}:1 : gardez "
                f"{name}.Dockerfile, et ne changez qu’app.py.",
                f"{CHANGE} puis {again}",
            ),
            (
                f"{name}:2 is not {name}:1 built again.",
                f"docker history {name}:2 has to have the rows of {name}:1: keep "
                f"{name}.Dockerfile, and change app.py alone.",
                f"{CHANGE} then {again}",
            ),
        ),
    ]


def guessed(first, second, seat):
    """Return the conditions for a prediction that came before lent:2 was built."""
    row = second.installed(seat.base)[1]
    return [
        there(first, "lent:1"),
        (
            # The engine tells whole seconds.
            seat.predicted(r"\b(lent|vite)\b", row.created + 1 if row else 0),
            (
                "Vous n’avez pas encore dit laquelle des deux images prendra du temps.",
                "Dites-le avant de construire lent:2 : labo answer 4, puis lent ou vite. Ce n’est "
                "pas noté.",
                "lent:2 est déjà là ? docker image rm lent:2, répondez, changez encore app.py, et "
                f"{build('lent:2')}",
            ),
            (
                "You have not said yet which of the two images is going to take time.",
                "Say it before you build lent:2: labo answer 4, then lent or vite. It is not "
                "marked.",
                "Is lent:2 there already? docker image rm lent:2, answer, change app.py once more, "
                f"and {build('lent:2')}",
            ),
        ),
    ]


def slow(seat):
    """Return the conditions for the order in which pip runs again."""
    images = [seat.image(tag) for tag in ("lent:1", "lent:2")]
    (row, before, _), (row_again, before_again, _) = (parts(image, seat) for image in images)
    return [
        *built(images[0], seat, "lent:1"),
        *built(images[1], seat, "lent:2"),
        ordered("lent", ("COPY", "RUN"), before and before_again),
        *changed(*images, "lent"),
        (
            not is_same(before, before_again) and row.created != row_again.created,
            (
                "pip n’a pas été relancé pour lent:2 à cause d’app.py.",
                "docker history lent:1, puis lent:2 : de quand sont leurs lignes COPY et RUN ?",
                f"{CHANGE} puis {build('lent:2')}",
            ),
            (
                "pip has not run again for lent:2 because of app.py.",
                "docker history lent:1, then lent:2: from when are their rows COPY and RUN?",
                f"{CHANGE} then {build('lent:2')}",
            ),
        ),
    ]


def fast(seat):
    """Return the conditions for the order in which pip runs only once."""
    images = [seat.image(tag) for tag in ("vite:1", "vite:2")]
    (row, _, after), (row_again, _, after_again) = (parts(image, seat) for image in images)
    return [
        *built(images[0], seat, "vite:1"),
        *built(images[1], seat, "vite:2"),
        ordered("vite", ("RUN", "COPY"), after and after_again),
        *changed(*images, "vite"),
        (
            row.created == row_again.created,
            (
                "pip a tourné deux fois pour vite.",
                "docker history vite:1, puis vite:2 : de quand est leur ligne RUN ? Sans "
                "--no-cache, et avec les mêmes options, la seconde la reprend du cache.",
                f"{build('vite:1')} puis {CHANGE} et {build('vite:2')}",
            ),
            (
                "pip has run twice for vite.",
                "docker history vite:1, then vite:2: from when is their row RUN? Without "
                "--no-cache, and with the same options, the second takes it from the cache.",
                f"{build('vite:1')} then {CHANGE} and {build('vite:2')}",
            ),
        ),
    ]


def copied_whole(seat, number):
    """Return the conditions for a container of an image into which the folder was copied.

    number: of both.
    """
    name, tag = f"tout{number}", f"tout:{number}"
    container, image = seat.container(name), seat.image(tag)
    run = f"docker run --name {name} {tag} ls"
    return [
        *based(image, seat, tag),
        (
            container,
            (
                f"Aucun conteneur ne s’appelle « {name} ».",
                "docker ps -a montre tous les conteneurs, sauf ceux que --rm a supprimés. L’option "
                "--name donne le nom, avant celui de l’image.",
                run,
            ),
            (
                f"No container is called “{name}”.",
                "docker ps -a shows all containers, except those that --rm has removed. The option "
                "--name gives the name, before that of the image.",
                run,
            ),
        ),
        (
            container.of(image),
            (
                f"« {name} » n’est pas de l’image {tag} d’aujourd’hui.",
                "docker ps -a, colonne IMAGE. Un conteneur garde l’image dont il est fait, même si "
                "l’on construit après lui.",
                f"docker rm -f {name}, puis {run}",
            ),
            (
                f"“{name}” is not of today’s image {tag}.",
                "docker ps -a, column IMAGE. A container keeps the image that it is made from, "
                "whatever is built after it.",
                f"docker rm -f {name}, then {run}",
            ),
        ),
        (
            seat.file(name, APP),
            (
                f"{APP} n’est pas dans {tag}.",
                f"docker logs {name} montre ce qui y est. Le contexte est le dossier d’app.py, que "
                ".dockerignore ne doit pas retenir.",
                f"Dans ce dossier : {again(number)[0]}",
            ),
            (
                f"{APP} is not in {tag}.",
                f"docker logs {name} shows what is. The context is the folder of app.py, which "
                ".dockerignore must not hold back.",
                f"In that folder: {again(number)[1]}",
            ),
        ),
    ]


def is_as_built(seat):
    """Return the condition that tout2 has removed nothing of its image: its folder is as it was."""
    again_fr, again_en = again(2)
    return (
        seat.file("tout2", FOLDER).modified <= seat.container("tout2").created,
        (
            f"« tout2 » a lui-même changé {FOLDER} ; son image n’en sait rien.",
            "docker run --rm tout:2 ls montre ce que l’image a : secret.txt y est encore, s’il "
            "n’a été effacé que dans le conteneur.",
            f"echo secret.txt > .dockerignore, {again_fr}",
        ),
        (
            f"“tout2” has changed {FOLDER} itself; its image knows nothing of that.",
            "docker run --rm tout:2 ls shows what the image has: secret.txt is still there, if "
            "it was removed in the container only.",
            f"echo secret.txt > .dockerignore, {again_en}",
        ),
    )


def left_out(seat):
    """Return the conditions for a file that is in the first of two images only."""
    first, second = again(1), again(2)
    return [
        *copied_whole(seat, 1),
        (
            seat.file("tout1", SECRET),
            (
                "secret.txt n’est pas dans tout:1.",
                "docker logs tout1 montre ce qui y est. Cette image-là se construit quand "
                "secret.txt est dans le dossier : construisez-la avant d’écrire .dockerignore.",
                f"rm -f .dockerignore, {first[0]}",
            ),
            (
                "secret.txt is not in tout:1.",
                "docker logs tout1 shows what is. That image is built when secret.txt is in the "
                "folder: build it before you write .dockerignore.",
                f"rm -f .dockerignore, {first[1]}",
            ),
        ),
        *copied_whole(seat, 2),
        (
            not seat.file("tout2", SECRET),
            (
                "secret.txt est encore dans tout:2.",
                "docker logs tout2 montre ce qui y est. Un fichier nommé .dockerignore, à côté "
                "d’app.py, dit ce que docker build ne doit pas prendre.",
                f"echo secret.txt > .dockerignore, {second[0]}",
            ),
            (
                "secret.txt is still in tout:2.",
                "docker logs tout2 shows what is. A file called .dockerignore, beside app.py, says "
                "what docker build is not to take.",
                f"echo secret.txt > .dockerignore, {second[1]}",
            ),
        ),
        is_as_built(seat),
        (
            # A later layer only hides it.
            not any("secret" in row.by for row in seat.image("tout:2").above(seat.base)),
            (
                "Une instruction de tout:2 efface secret.txt, mais la couche d’en dessous l’a "
                "encore.",
                "docker history tout:2 montre les deux couches. Gardez tout.Dockerfile, et écrivez "
                ".dockerignore.",
                f"echo secret.txt > .dockerignore, {second[0]}",
            ),
            (
                "An instruction of tout:2 removes secret.txt, but the layer below still has it.",
                "docker history tout:2 shows both layers. Keep tout.Dockerfile, and write "
                ".dockerignore.",
                f"echo secret.txt > .dockerignore, {second[1]}",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    yield (
        "guessed",
        (
            "Vous avez dit d’avance laquelle prendra du temps",
            "You have said beforehand which one is going to take time",
        ),
        guessed(seat.image("lent:1"), seat.image("lent:2"), seat),
    )
    yield (
        "slow",
        (
            "lent:1 et lent:2 : pip a tout refait pour une ligne d’app.py",
            "lent:1 and lent:2: pip ran again, for one line of app.py",
        ),
        slow(seat),
    )
    yield (
        "fast",
        (
            "vite:1 et vite:2 : pip n’a tourné qu’une fois",
            "vite:1 and vite:2: pip has run only once",
        ),
        fast(seat),
    )
    yield (
        "left_out",
        (
            "secret.txt est dans tout:1, et n’est plus dans tout:2",
            "secret.txt is in tout:1, and no longer in tout:2",
        ),
        left_out(seat),
    )
