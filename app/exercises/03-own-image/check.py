"""Build one's own image, change a line, build again, and run both side by side.

Open: somebody else's app.py; an image brought by `docker load` from another seat, or committed from
a container whose command was made to look like a COPY.
"""

WANTS = {"pages": [["avant", 0, "/"], ["apres", 0, "/"]]}

BASE = "labocloud20202021:base"
# A port of the seat for each of the two, as in the text.
PORTS = {"avant": 8091, "apres": 8092}
CHANGE = "sed -i 's/Version 1/Bonjour/' app.py", "sed -i 's/Version 1/Hello/' app.py"


def build(tag):
    """Return the command that builds an image."""
    return f"docker build --network none -t {tag} ."


def run(name, tag):
    """Return the command that runs a container of an image."""
    return f"docker run -d --name {name} -p {PORTS[name]}:8888 {tag}"


def copied(image, seat, tag):
    """Return the conditions for an image of one's own, into which a file was copied."""
    return [
        (
            image.labels.get("labocloud.image") != "course" and not image.on(seat.course),
            (
                f"{tag} vient de l’image du cours.",
                f"docker history {tag} montre d’autres lignes que celles de votre Dockerfile : il "
                "doit partir de l’image de base, comme celui de l’énoncé.",
                f"FROM {BASE}, puis {build(tag)}",
            ),
            (
                f"{tag} comes from the course image.",
                f"docker history {tag} shows other rows than those of your Dockerfile: it has to "
                "start from the base image, as the one of the text does.",
                f"FROM {BASE}, then {build(tag)}",
            ),
        ),
        (
            any(row.copied for row in image.above(seat.base)),
            (
                f"Rien n’a été copié dans {tag}.",
                f"docker history {tag} n’a pas de ligne COPY : il en faut une dans le Dockerfile, "
                "et docker build plutôt que docker commit.",
                f"COPY app.py . après WORKDIR, puis {build(tag)}",
            ),
            (
                f"Nothing was copied into {tag}.",
                f"docker history {tag} has no row COPY: it takes one in the Dockerfile, and docker "
                "build, not docker commit.",
                f"COPY app.py . after WORKDIR, then {build(tag)}",
            ),
        ),
    ]


def own(image, seat, tag):
    """Return the conditions for an image that was built on the base with a copied file."""
    return [
        (
            image,
            (
                f"Il n’y a pas d’image {tag}.",
                "docker image ls montre celles qui sont là. docker build prend le nom après -t, "
                "puis un dossier, où est le Dockerfile ; le point est celui où vous êtes.",
                f"Dans ~/labocloud/ex3 : {build(tag)}",
            ),
            (
                f"There is no image {tag}.",
                "docker image ls shows those that are there. docker build takes the name after -t, "
                "then a folder, in which the Dockerfile is; the dot is the one that you are in.",
                f"In ~/labocloud/ex3: {build(tag)}",
            ),
        ),
        (
            image.on(seat.base),
            (
                f"{tag} n’est pas construite sur {BASE}.",
                f"docker history {tag} : que fait sa ligne la plus basse ? La première ligne du "
                "Dockerfile décide, celle de l’énoncé.",
                f"FROM {BASE}, puis {build(tag)}",
            ),
            (
                f"{tag} is not built on {BASE}.",
                f"docker history {tag}: what does its lowest row do? The first line of the "
                "Dockerfile decides, the one of the text.",
                f"FROM {BASE}, then {build(tag)}",
            ),
        ),
        *copied(image, seat, tag),
    ]


def started(container, name, tag):
    """Return the conditions for a container that has started, and not ended."""
    return [
        (
            container.status != "created",
            (
                f"« {name} » existe, et n’a pas démarré.",
                "docker run a dit pourquoi ; le plus souvent, son port est pris. docker inspect "
                f"--format '{{{{.State.Error}}}}' {name} le redit.",
                f"docker rm {name}, puis relancez-le avec -p AUTRE_PORT:8888.",
            ),
            (
                f"“{name}” is there, and has not started.",
                "docker run has said why; most often its port is taken. docker inspect --format "
                f"'{{{{.State.Error}}}}' {name} says it again.",
                f"docker rm {name}, then run it again with -p OTHER_PORT:8888.",
            ),
        ),
        (
            container.running,
            (
                f"« {name} » s’est arrêté.",
                f"docker logs {name} dit pourquoi, et docker ps -a avec quel code.",
                f"Corrigez, {build(tag)} puis docker rm {name}, et {run(name, tag)}",
            ),
            (
                f"“{name}” has stopped.",
                f"docker logs {name} says why, and docker ps -a with which code.",
                f"Correct it, {build(tag)} then docker rm {name}, and {run(name, tag)}",
            ),
        ),
    ]


def runs(container, name, image, tag):
    """Return the conditions for a container of an image that runs."""
    return [
        (
            container,
            (
                f"Aucun conteneur ne s’appelle « {name} ».",
                "docker ps -a montre tous les conteneurs ; l’option --name donne le nom, avant "
                "celui de l’image.",
                run(name, tag),
            ),
            (
                f"No container is called “{name}”.",
                "docker ps -a shows all containers; the option --name gives the name, before that "
                "of the image.",
                run(name, tag),
            ),
        ),
        (
            container.of(image),
            (
                f"« {name} » ne vient pas de {tag} telle qu’elle est maintenant.",
                "docker ps -a, colonne IMAGE. Un conteneur garde l’image dont il est fait, même si "
                "l’on construit après lui.",
                f"docker rm -f {name}, puis {run(name, tag)}",
            ),
            (
                f"“{name}” is not made from {tag} as it is now.",
                "docker ps -a, column IMAGE. A container keeps the image that it is made from, "
                "whatever is built after it.",
                f"docker rm -f {name}, then {run(name, tag)}",
            ),
        ),
        *started(container, name, tag),
    ]


def answers(container, name, tag, page):
    """Return the conditions for a container that answers."""
    return [
        (
            container.ports,
            (
                f"Aucun port de « {name} » n’est publié.",
                f"docker port {name} ne montre rien. Dans -p, le premier nombre est celui du "
                "poste, le second celui du conteneur, où l’application écoute.",
                f"docker rm -f {name}, puis {run(name, tag)}",
            ),
            (
                f"No port of “{name}” is published.",
                f"docker port {name} shows nothing. In -p, the first number is the seat’s, the "
                "second the container’s, on which the app listens.",
                f"docker rm -f {name}, then {run(name, tag)}",
            ),
        ),
        (
            page,
            (
                f"Le port est publié, mais « {name} » n’y répond pas.",
                f"docker logs {name} : à quelle adresse, et sur quel port, l’application "
                f"écoute-t-elle ? docker port {name} doit montrer ce port-là.",
                "L’application doit écouter sur 0.0.0.0, pas sur 127.0.0.1, qui est le conteneur "
                'lui-même : app.run(host="0.0.0.0", port=8888). Construisez, et relancez.',
            ),
            (
                f"The port is published, but “{name}” does not answer there.",
                f"docker logs {name}: at what address, and on what port, does the app listen? "
                f"docker port {name} has to show that port.",
                "The app has to listen on 0.0.0.0, not on 127.0.0.1, which is the container "
                'itself: app.run(host="0.0.0.0", port=8888). Build, and run it again.',
            ),
        ),
    ]


def rebuilt(first, second):
    """Return the conditions for an image that was built again, and not on the first one."""
    sentence = [f"{CHANGE[0]}, puis {build('mien:2')}", f"{CHANGE[1]}, then {build('mien:2')}"]
    return [
        (
            second.layers != first.layers,
            (
                "mien:1 et mien:2 ont les mêmes fichiers.",
                "docker history mien:2 : ce qui diffère n’est pas dans un fichier. C’est la "
                "phrase d’app.py qui doit changer.",
                sentence[0],
            ),
            (
                "mien:1 and mien:2 have the same files.",
                "docker history mien:2: what differs is in no file. It is the sentence in app.py "
                "that has to change.",
                sentence[1],
            ),
        ),
        (
            not second.on(first),
            (
                "mien:2 est construite sur mien:1.",
                "docker history mien:2 a toutes les lignes de mien:1, et d’autres. Gardez le "
                "Dockerfile, et ne changez qu’app.py.",
                f"FROM {BASE}, puis {build('mien:2')}",
            ),
            (
                "mien:2 is built on mien:1.",
                "docker history mien:2 has all rows of mien:1, and others. Keep the Dockerfile, "
                "and change app.py alone.",
                f"FROM {BASE}, then {build('mien:2')}",
            ),
        ),
    ]


def changed(first, second):
    """Return the conditions for an image that differs from the first one by a file."""
    sentence = [f"{CHANGE[0]}, puis {build('mien:2')}", f"{CHANGE[1]}, then {build('mien:2')}"]
    return [
        (
            first,
            (
                "mien:1 n’est plus là.",
                "docker image ls. Il faut les deux images, pour les comparer.",
                f"Remettez la première phrase dans app.py, puis {build('mien:1')}",
            ),
            (
                "mien:1 is gone.",
                "docker image ls. It takes both images, to compare them.",
                f"Put the first sentence back into app.py, then {build('mien:1')}",
            ),
        ),
        (
            second.id != first.id,
            (
                "mien:1 et mien:2 sont deux noms d’une même image.",
                "docker image ls montre deux fois le même identifiant. La phrase d’app.py "
                "était-elle changée, et le fichier enregistré, avant de construire ?",
                sentence[0],
            ),
            (
                "mien:1 and mien:2 are two names of one image.",
                "docker image ls shows the same ID twice. Had the sentence in app.py been changed, "
                "and the file saved, before the build?",
                sentence[1],
            ),
        ),
        *rebuilt(first, second),
    ]


def compared(before, after):
    """Return the conditions for two pages that say different things."""
    again = run("apres", "mien:2")
    return [
        (
            before,
            (
                "« avant » ne répond plus.",
                "docker ps -a montre s’il tourne. Il faut les deux pages, pour les comparer.",
                f"docker rm -f avant, puis {run('avant', 'mien:1')}",
            ),
            (
                "“avant” no longer answers.",
                "docker ps -a shows whether it runs. It takes both pages, to compare them.",
                f"docker rm -f avant, then {run('avant', 'mien:1')}",
            ),
        ),
        (
            after.body != before.body,
            (
                "« avant » et « apres » disent la même phrase.",
                "docker ps dit de quelle image vient chacun. La phrase d’app.py était-elle "
                "changée, et le fichier enregistré, avant de construire mien:2 ?",
                f"{CHANGE[0]}, {build('mien:2')} puis docker rm -f apres, et {again}",
            ),
            (
                "“avant” and “apres” say the same sentence.",
                "docker ps says of which image each is made. Had the sentence in app.py been "
                "changed, and the file saved, before mien:2 was built?",
                f"{CHANGE[1]}, {build('mien:2')} then docker rm -f apres, and {again}",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    first, second = seat.image("mien:1"), seat.image("mien:2")
    old, new = seat.container("avant"), seat.container("apres")
    before, after = (seat.page(name, 0, "/") for name in ("avant", "apres"))
    yield (
        "first",
        (
            "mien:1 est votre image, construite sur :base",
            "mien:1 is your image, built on :base",
        ),
        own(first, seat, "mien:1"),
    )
    yield (
        "before",
        ("« avant », de mien:1, répond", "“avant”, of mien:1, answers"),
        [
            *own(first, seat, "mien:1"),
            *runs(old, "avant", first, "mien:1"),
            *answers(old, "avant", "mien:1", before),
        ],
    )
    yield (
        "second",
        (
            "mien:2 est une autre image : un fichier y a changé",
            "mien:2 is another image: a file has changed in it",
        ),
        [*own(second, seat, "mien:2"), *changed(first, second)],
    )
    yield (
        "after",
        (
            "« apres », de mien:2, dit une autre phrase que « avant »",
            "“apres”, of mien:2, says another sentence than “avant”",
        ),
        [
            *own(second, seat, "mien:2"),
            *runs(new, "apres", second, "mien:2"),
            *answers(new, "apres", "mien:2", after),
            *compared(before, after),
        ],
    )
