"""Services: three copies of the course image, an update that was undone.

Open: whether a copy was removed to see it come back; to what the update set the variable.
"""

# What the update adds.
VARIABLE = "COULEUR"
WANTS = {"variables": [VARIABLE]}

COPIES = 3
CREATE = (
    "docker service create --name equipe --replicas 2 --publish mode=host,target=8888 "
    "--no-resolve-image --no-healthcheck labocloud20202021:python"
)
AGAIN = f"docker service rm equipe, puis {CREATE}", f"docker service rm equipe, then {CREATE}"
UPDATE = f"docker service update --no-resolve-image --env-add {VARIABLE}=vert equipe"
ROLLBACK = "docker service rollback equipe"
SCALE = f"docker service scale equipe={COPIES}"
ERRORS = "docker service ps --no-trunc equipe"


def created(seat, service):
    """Return the conditions that the seat has the service."""
    return [
        (
            seat.engine["swarm"],
            (
                "Le poste n’est pas en mode swarm.",
                "docker info le dit, sous Swarm. Sans ce mode, il n’y a pas de services.",
                "docker swarm init --advertise-addr 127.0.0.1",
            ),
            (
                "The seat is not in swarm mode.",
                "docker info says so, under Swarm. Without that mode there are no services.",
                "docker swarm init --advertise-addr 127.0.0.1",
            ),
        ),
        (
            service,
            (
                "Aucun service ne s’appelle « equipe ».",
                "docker service ls montre ceux qui sont là.",
                CREATE,
            ),
            (
                "No service is called “equipe”.",
                "docker service ls shows those that are there.",
                CREATE,
            ),
        ),
    ]


def runs(service, tasks, copies):
    """Return the conditions for a service that has a copy of the course image."""
    running = any(task.state == "running" for task in tasks)
    error = next((task.error for task in tasks if task.error), "")
    return [
        (
            running or not error,
            (
                f"Aucun exemplaire ne tourne : « {error} ».",
                f"{ERRORS} montre l’erreur entière.",
                AGAIN[0],
            ),
            (
                f"No copy runs: “{error}”.",
                f"{ERRORS} shows the whole error.",
                AGAIN[1],
            ),
        ),
        (
            running,
            (
                "Aucun exemplaire ne tourne encore.",
                "docker service ps equipe dit où ils en sont. Un service sans exemplaire n’en "
                "lance pas.",
                SCALE,
            ),
            (
                "No copy runs yet.",
                "docker service ps equipe says how far they are. A service of no copy runs none.",
                SCALE,
            ),
        ),
        (
            copies,
            (
                f"Les exemplaires viennent de {service.image}, et non de l’image du cours.",
                "docker service ls, colonne IMAGE : c’est le premier mot après les options.",
                AGAIN[0],
            ),
            (
                f"The copies are made from {service.image}, not from the course image.",
                "docker service ls, column IMAGE: it is the first word behind the options.",
                AGAIN[1],
            ),
        ),
    ]


def free(tasks):
    """Return the condition that the copies do not want one port of the seat."""
    # The one that is named is one copy's: the others wait for it.
    is_fixed = any(
        task.state == "pending" and "port already in use" in task.error for task in tasks
    )
    return (
        not is_fixed,
        (
            "Tous les exemplaires veulent le même port du poste, et un seul peut l’avoir.",
            f"{ERRORS} le dit. Sans published=, Docker choisit un port pour chacun.",
            AGAIN[0],
        ),
        (
            "All copies want the same port of the seat, and only one can have it.",
            f"{ERRORS} says so. Without published=, Docker chooses a port for each.",
            AGAIN[1],
        ),
    )


def published(service, tasks, copies):
    """Return the conditions for copies that have a port of the seat each."""
    add = "docker service update --publish-add mode=host,target=8888 equipe"
    return [
        (
            service.ports,
            ("Aucun port du service n’est publié.", "docker service ls, colonne PORTS.", add),
            ("No port of the service is published.", "docker service ls, column PORTS.", add),
        ),
        (
            service.ports.get("8888/tcp") == "host",
            (
                "Le port 8888 n’est pas publié en mode host.",
                "docker service inspect --pretty equipe le montre, sous Ports. Autrement, tous les "
                "exemplaires ont un seul port.",
                AGAIN[0],
            ),
            (
                "Port 8888 is not published in mode host.",
                "docker service inspect --pretty equipe shows it, under Ports. Otherwise all "
                "copies have one port.",
                AGAIN[1],
            ),
        ),
        free(tasks),
        (
            copies and all(container.published(8888) for container in copies),
            (
                "Aucun exemplaire de l’image du cours ne tourne encore sur son port.",
                "docker service ps equipe dit où ils en sont, et docker ps leurs ports.",
            ),
            (
                "No copy of the course image runs on its port yet.",
                "docker service ps equipe says how far they are, and docker ps their ports.",
            ),
        ),
    ]


def three(service, tasks, copies):
    """Return the conditions for three copies that run."""
    return [
        (
            service.replicas == COPIES,
            (
                f"Le service demande {service.replicas} exemplaires.",
                "docker service ls, colonne REPLICAS : ce qui tourne, et ce qui est demandé.",
                SCALE,
            ),
            (
                f"The service asks for {service.replicas} copies.",
                "docker service ls, column REPLICAS: what runs, and what is asked for.",
                SCALE,
            ),
        ),
        free(tasks),
        (
            len(copies) == COPIES,
            (
                "Exemplaires de l’image du cours qui tournent en ce moment : "
                f"{len(copies)} sur {COPIES}.",
                f"Attendez un instant ; {ERRORS} dit ce qui les empêche.",
            ),
            (
                f"Copies of the course image that run at the moment: {len(copies)} of {COPIES}.",
                f"Wait a moment; {ERRORS} says what hinders them.",
            ),
        ),
    ]


def undone(service):
    """Return the conditions for a service that Docker has put back."""
    return [
        (
            service.update,
            (
                "Le service n’a pas encore été mis à jour.",
                "docker service inspect --pretty equipe le dirait, sous UpdateStatus.",
                UPDATE,
            ),
            (
                "The service has not been updated yet.",
                "docker service inspect --pretty equipe would say so, under UpdateStatus.",
                UPDATE,
            ),
        ),
        (
            service.update != "completed",
            (
                "La dernière mise à jour est en place.",
                "docker service inspect --pretty equipe le dit, sous UpdateStatus. Une seconde "
                "mise à jour n’est pas un retour.",
                ROLLBACK,
            ),
            (
                "The last update is in place.",
                "docker service inspect --pretty equipe says so, under UpdateStatus. A second "
                "update is no way back.",
                ROLLBACK,
            ),
        ),
        (
            service.update == "rollback_completed",
            (
                f"Docker n’a pas fini ({service.update}).",
                f"Attendez un instant ; {ERRORS} dit ce qui l’empêche.",
                ROLLBACK,
            ),
            (
                f"Docker has not finished ({service.update}).",
                f"Wait a moment; {ERRORS} says what hinders it.",
                ROLLBACK,
            ),
        ),
    ]


def colour(service, tasks):
    """Return the conditions for a variable that copies of before had, and the service has not."""
    return [
        (
            any(VARIABLE in task.set for task in tasks),
            (
                f"La mise à jour qui a été défaite n’ajoutait pas {VARIABLE}.",
                "docker service ps equipe montre les exemplaires d’avant ; aucun n’a eu cette "
                "variable d’environnement.",
                f"{UPDATE}, puis {ROLLBACK}",
            ),
            (
                f"The update that was undone did not add {VARIABLE}.",
                "docker service ps equipe shows the copies of before; none has had that variable "
                "of the environment.",
                f"{UPDATE}, then {ROLLBACK}",
            ),
        ),
        (
            VARIABLE not in service.set,
            (
                f"Le service a toujours la variable {VARIABLE}.",
                "docker service inspect --pretty equipe le montre, sous Env. Un second retour "
                "refait ce que le premier a défait.",
                f"docker service update --no-resolve-image --env-rm {VARIABLE} equipe, puis "
                f"{UPDATE}, puis {ROLLBACK}",
            ),
            (
                f"The service still has the variable {VARIABLE}.",
                "docker service inspect --pretty equipe shows it, under Env. A second way back "
                "does again what the first one has undone.",
                f"docker service update --no-resolve-image --env-rm {VARIABLE} equipe, then "
                f"{UPDATE}, then {ROLLBACK}",
            ),
        ),
    ]


def check(seat):
    """Yield the steps."""
    service, tasks = seat.service("equipe"), seat.tasks("equipe")
    running = [seat.container(task.container) for task in tasks if task.state == "running"]
    copies = [copy for copy in running if copy.running and copy.of(seat.course)]
    there = created(seat, service)
    yield (
        "service",
        (
            "Le service « equipe » tourne, de l’image du cours",
            "The service “equipe” runs, from the course image",
        ),
        [*there, *runs(service, tasks, copies)],
    )
    yield (
        "ports",
        (
            "Chaque exemplaire a son propre port du poste",
            "Each copy has its own port of the seat",
        ),
        [*there, *published(service, tasks, copies)],
    )
    yield (
        "three",
        ("Trois exemplaires tournent", "Three copies run"),
        [*there, *three(service, tasks, copies)],
    )
    yield (
        "back",
        ("Une mise à jour a été défaite", "An update was undone"),
        [*there, *undone(service), *colour(service, tasks)],
    )
