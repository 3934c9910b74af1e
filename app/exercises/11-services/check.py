"""Services: three copies of the course image, an update that was undone.

Open: what the update changed is not known, nor whether a copy was removed to see it come back.
"""

COPIES = 3


def check(seat):
    """Yield the steps."""
    service = seat.service("equipe")
    tasks = seat.tasks("equipe")
    running = [task for task in tasks if task.state == "running"]
    copies = [
        container
        for task in running
        if (container := seat.container(task.container)).running and container.of(seat.course)
    ]
    # A port of the seat that is named is one copy's: the others wait for it.
    fixed = any(task.state == "pending" and "port already in use" in task.error for task in tasks)
    free = (
        not fixed,
        "Tous les exemplaires veulent le même port du poste, et un seul peut l’avoir : effacez "
        "le service, et créez-le sans published= : --publish mode=host,target=8888.",
        "All copies want the same port of the seat, and only one can have it: remove the service, "
        "and create it without published=: --publish mode=host,target=8888.",
    )
    error = next((task.error for task in tasks if task.error), "")
    there = [
        (
            seat.engine["swarm"],
            "Le poste n’est pas en mode swarm : docker swarm init --advertise-addr 127.0.0.1.",
            "The seat is not in swarm mode: docker swarm init --advertise-addr 127.0.0.1.",
        ),
        (
            service,
            "Aucun service ne s’appelle « equipe » : docker service create --name equipe.",
            "No service is called “equipe”: docker service create --name equipe.",
        ),
    ]
    yield (
        "service",
        (
            "Le service « equipe » tourne, de l’image du cours",
            "The service “equipe” runs, from the course image",
        ),
        [
            *there,
            (
                running or not error,
                f"Aucun exemplaire ne tourne : « {error} ». "
                "Voyez docker service ps --no-trunc equipe.",
                f"No copy runs: “{error}”. See docker service ps --no-trunc equipe.",
            ),
            (
                running,
                "Aucun exemplaire ne tourne encore : docker service ps equipe.",
                "No copy runs yet: docker service ps equipe.",
            ),
            (
                copies,
                f"Les exemplaires viennent de {service.image}, et non de l’image du cours.",
                f"The copies are made from {service.image}, not from the course image.",
            ),
        ],
    )
    yield (
        "ports",
        (
            "Chaque exemplaire a son propre port du poste",
            "Each copy has its own port of the seat",
        ),
        [
            *there,
            (
                service.ports,
                "Aucun port du service n’est publié : docker service update --publish-add "
                "mode=host,target=8888 equipe.",
                "No port of the service is published: docker service update --publish-add "
                "mode=host,target=8888 equipe.",
            ),
            (
                service.ports.get("8888/tcp") == "host",
                "Le port 8888 n’est pas publié en mode host : effacez le service, et créez-le "
                "avec --publish mode=host,target=8888.",
                "Port 8888 is not published in mode host: remove the service, and create it with "
                "--publish mode=host,target=8888.",
            ),
            free,
            (
                copies and all(container.published(8888) for container in copies),
                "Aucun exemplaire de l’image du cours ne tourne encore sur son port : "
                "docker service ps equipe.",
                "No copy of the course image runs on its port yet: docker service ps equipe.",
            ),
        ],
    )
    yield (
        "three",
        ("Trois exemplaires tournent", "Three copies run"),
        [
            *there,
            (
                service.replicas == COPIES,
                f"Le service demande {service.replicas} exemplaires : "
                f"docker service scale equipe={COPIES}.",
                f"The service asks for {service.replicas} copies: "
                f"docker service scale equipe={COPIES}.",
            ),
            free,
            (
                len(copies) == COPIES,
                "Exemplaires de l’image du cours qui tournent en ce moment : "
                f"{len(copies)} sur {COPIES}. Attendez, ou voyez docker service ps equipe.",
                f"Copies of the course image that run at the moment: {len(copies)} of {COPIES}. "
                "Wait, or see docker service ps equipe.",
            ),
        ],
    )
    yield (
        "back",
        ("Une mise à jour a été défaite", "An update was undone"),
        [
            *there,
            (
                service.update,
                "Le service n’a pas encore été mis à jour : docker service update.",
                "The service has not been updated yet: docker service update.",
            ),
            (
                service.update != "completed",
                "La dernière mise à jour est en place : défaites-la, par docker service rollback "
                "equipe.",
                "The last update is in place: undo it, with docker service rollback equipe.",
            ),
            (
                service.update == "rollback_completed",
                f"Docker n’a pas fini ({service.update}) : "
                "attendez, ou voyez docker service ps equipe.",
                f"Docker has not finished ({service.update}): "
                "wait, or see docker service ps equipe.",
            ),
        ],
    )
