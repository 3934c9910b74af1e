# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Word what the judge finds: each thing that can be wrong, once, in two languages."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

Finding = dict[str, Any]

UP = "./lab up --limit {seat}"
ON_SEAT = "./lab ansible {seat} -ba "
ON_EACH = "./lab ansible {seats} -b -m shell -a "


class Entry(NamedTuple):
    """What a finding says. Its texts are for str.format; a seat with an error is not ready."""

    severity: str
    command: str
    cause: tuple[str, str]
    advice: tuple[str, str] | None = None


# Every finding there is. Causes and advice: English, French.
VOCABULARY = {
    "unreachable": Entry(
        "error",
        "./lab ansible {seat} -m ping",
        ("unreachable: {why}.", "injoignable : {why}."),
        ("switch it on, plug it in, then", "l’allumer, le brancher, puis"),
    ),
    "not_asked": Entry(
        "error",
        UP,
        ("it cannot be asked: {why}.", "impossible de l’interroger : {why}."),
        (
            "connect as root, or as a user who may use sudo (-K asks for its password)",
            "se connecter en root, ou avec un compte qui a sudo (-K demande son mot de passe)",
        ),
    ),
    "sudo_tty": Entry(
        "error",
        UP,
        ("it cannot be asked: {why}.", "impossible de l’interroger : {why}."),
        (
            "write Defaults:ACCOUNT !requiretty into a file of its /etc/sudoers.d/ (ACCOUNT: yours"
            " there), then",
            "écrire Defaults:COMPTE !requiretty dans un fichier de son /etc/sudoers.d/ (COMPTE : le"
            " vôtre), puis",
        ),
    ),
    "answer_refused": Entry(
        "error",
        UP,
        ("{what}.", "sa réponse n’est pas acceptée : {what}."),
        ("{fix}; then", "{fix} ; puis"),
    ),
    "not_root": Entry(
        "error",
        UP,
        ("it was not asked as root.", "il n’a pas été interrogé en root."),
        (
            "connect as root, or set become to true and connect as a user who may use sudo (-K asks"
            " for its password); then",
            "se connecter en root, ou mettre become à true et prendre un compte qui a sudo (-K"
            " demande son mot de passe) ; puis",
        ),
    ),
    "record_torn": Entry(
        "error",
        UP,
        ("{what}. Nothing is changed.", "{what}. Rien n’est changé."),
        (
            "on the seat, put back a copy of the file; without one, remove it: then what it told is"
            " forgotten, and removal leaves on the seat what is there now; then",
            "sur le poste, remettre une copie du fichier ; sans copie, le supprimer : ce qu’il"
            " disait est alors oublié, et la désinstallation laissera ce qui est là ; puis",
        ),
    ),
    "unintelligible": Entry(
        "error",
        UP,
        (
            "what it says of its {part} cannot be understood ({why}).",
            "ce qu’il dit de {part} est incompréhensible ({why}).",
        ),
        ("look what is so on the seat; then", "regarder ce qu’il en est sur le poste ; puis"),
    ),
    "setting_wrong": Entry(
        "error",
        UP,
        ("{what}.", "{what}."),
        (
            "correct it in the inventory, or on the command line; then",
            "le corriger dans l’inventaire ou sur la ligne de commande ; puis",
        ),
    ),
    "machine_twice": Entry(
        "error",
        "./lab up",
        (
            "it is the same machine as {others}, under another name.",
            "c’est la même machine que {others}, sous un autre nom.",
        ),
        (
            "correct its address (ansible_host), or take a name out of the inventory; then",
            "corriger son adresse (ansible_host), ou retirer l’un des noms de l’inventaire ; puis",
        ),
    ),
    "unfinished": Entry(
        "error",
        UP,
        (
            "the run ended here before its end; its last lines tell why.",
            "l’exécution s’est arrêtée ici avant la fin ; ses dernières lignes disent pourquoi.",
        ),
    ),
    "engine_missing": Entry(
        "error",
        UP,
        (
            "Docker Engine is not installed as the inventory says.",
            "Docker n’est pas installé comme le veut l’inventaire.",
        ),
    ),
    "engine_stopped": Entry(
        "error",
        UP,
        ("Docker Engine does not run ({why}).", "Docker est arrêté ({why})."),
    ),
    "engine_old": Entry(
        "error",
        UP + " -e docker_engine_source=upstream -e docker_engine_replace=true",
        (
            "Docker {version} is too old: {wanted} is needed.",
            "Docker {version} est trop ancien : il faut {wanted}.",
        ),
    ),
    "engine_configuration": Entry(
        "error",
        UP,
        (
            "Docker Engine is not configured as the inventory says.",
            "Docker n’est pas configuré comme le veut l’inventaire.",
        ),
    ),
    "engine_outdated": Entry(
        "error",
        UP,
        (
            "Docker Engine has not loaded its newest configuration.",
            "Docker n’a pas relu sa configuration.",
        ),
    ),
    "engine_disabled": Entry(
        "error",
        UP,
        (
            "Docker Engine does not start with the machine.",
            "Docker ne démarre pas avec la machine.",
        ),
    ),
    "engine_trust": Entry(
        "error",
        UP,
        (
            "Docker Engine does not trust the registry of the room.",
            "Docker ne fait pas confiance au registre de la salle.",
        ),
    ),
    "image_unknown": Entry(
        "error",
        "./lab up",
        (
            "the room's image is not known: {builder}, which builds it, has none or is not there.",
            "l’image de la salle est inconnue : {builder}, qui la construit, ne l’a pas ou est"
            " éteint.",
        ),
    ),
    "image_missing": Entry(
        "error",
        UP,
        ("the image {image} is not there.", "l’image {image} est absente."),
    ),
    "image_old": Entry(
        "error",
        UP,
        (
            "the image {image} is not that of {builder}: {had}, not {wanted}.",
            "l’image {image} n’est pas celle de {builder} : {had} au lieu de {wanted}.",
        ),
    ),
    # The container and its page (plugins/plugin_utils/judge/container.py).
    "container_missing": Entry(
        "error",
        UP,
        ("the container {container} is missing.", "le conteneur {container} est absent."),
    ),
    # Not the toolkit's, by its ID.
    "container_foreign": Entry(
        "error",
        ON_SEAT + "'docker rm -f {container}'",
        (
            "it has a container {container} that runs {image}, not the course image.",
            "il a un conteneur {container} qui exécute {image}, pas l’image du cours.",
        ),
        (
            "set another flask_container_name, or remove it, then ./lab up",
            "choisir un autre flask_container_name, ou le supprimer, puis ./lab up",
        ),
    ),
    "container_next_foreign": Entry(
        "error",
        ON_SEAT + "'docker rename {container} other'",
        (
            "it has a container {container} that is not the toolkit's, which makes its next one"
            " under that name.",
            "il a un conteneur {container} qui n’est pas de l’outil, et c’est le nom de son"
            " prochain.",
        ),
        (
            "set another flask_container_name, or rename it, then ./lab up",
            "choisir un autre flask_container_name, ou le renommer, puis ./lab up",
        ),
    ),
    # Settings that Docker would refuse, or take and not answer by.
    "container_name_wrong": Entry(
        "error",
        UP,
        ("flask_container_name is {value}.", "flask_container_name vaut {value}."),
        (
            "give letters without accents, digits, - and _ (the course uses flask), then",
            "mettre des lettres sans accent, des chiffres, - et _ (le cours dit flask), puis",
        ),
    ),
    "container_port_wrong": Entry(
        "error",
        UP,
        ("flask_container_host_port is {value}.", "flask_container_host_port vaut {value}."),
        (
            "give a port from 1 to 65535 (the course uses 8080), then",
            "mettre un port de 1 à 65535 (le cours dit 8080), puis",
        ),
    ),
    "container_address_wrong": Entry(
        "error",
        UP,
        ("flask_container_bind_address is {value}.", "flask_container_bind_address vaut {value}."),
        (
            "give an IPv4 address of the seat, or 0.0.0.0 for all of them, then",
            "mettre une adresse IPv4 du poste, ou 0.0.0.0 pour toutes, puis",
        ),
    ),
    "container_address_elsewhere": Entry(
        "error",
        UP,
        ("flask_container_bind_address is {value}.", "flask_container_bind_address vaut {value}."),
        (
            "give an address of the seat ({others}), or 0.0.0.0 for all of them, then",
            "mettre une adresse du poste ({others}), ou 0.0.0.0 pour toutes, puis",
        ),
    ),
    "container_memory_wrong": Entry(
        "error",
        UP,
        ("flask_container_memory is {value}.", "flask_container_memory vaut {value}."),
        (
            "give a number with K, M or G, 6M or more (the default is 128M), then",
            "mettre un nombre avec K, M ou G, au moins 6M (par défaut 128M), puis",
        ),
    ),
    "container_cpus_wrong": Entry(
        "error",
        UP,
        ("flask_container_cpus is {value}.", "flask_container_cpus vaut {value}."),
        (
            "give 0 for no limit, or more (the default is 1.0), then",
            "mettre 0 pour aucune limite, ou plus (par défaut 1.0), puis",
        ),
    ),
    "container_pids_wrong": Entry(
        "error",
        UP,
        ("flask_container_pids_limit is {value}.", "flask_container_pids_limit vaut {value}."),
        (
            "give 1 or more (the default is 64), then",
            "mettre 1 ou plus (par défaut 64), puis",
        ),
    ),
    "container_stopped": Entry(
        "error",
        UP,
        ("the container {container} is {state}.", "le conteneur {container} est arrêté ({state})."),
    ),
    "container_altered": Entry(
        "error",
        UP,
        (
            "the container {container} was not started with the rights that it has to have"
            " ({fields}): it may reach the seat itself.",
            "le conteneur {container} n’a pas été lancé avec les droits prévus ({fields}) : il peut"
            " atteindre le poste lui-même.",
        ),
        (
            "find out who has started it so; ./lab up replaces it",
            "chercher qui l’a lancé ainsi ; ./lab up le remplace",
        ),
    ),
    "container_unlimited": Entry(
        "warning",
        UP,
        (
            "the container {container} was started without its limits ({fields}), by hand perhaps.",
            "le conteneur {container} a été lancé sans ses limites ({fields}), peut-être à la"
            " main.",
        ),
    ),
    "container_old": Entry(
        "error",
        UP,
        (
            "the container {container} runs an old image: {had}, not {wanted}.",
            "le conteneur {container} exécute une ancienne image : {had} au lieu de {wanted}.",
        ),
    ),
    "container_unhealthy": Entry(
        "error",
        ON_SEAT + "'docker logs --tail 20 {container}'",
        (
            "the page {url}/healthz is not answered by {container}: {why}.",
            "la page {url}/healthz n’est pas servie par {container} : {why}.",
        ),
        ("./lab up starts it anew; its log", "./lab up le relance ; son journal"),
    ),
    "cpu_unlimited": Entry(
        "warning",
        UP,
        (
            "Docker cannot limit the CPUs of {container}: the machine gives it no CPU quota.",
            "Docker ne peut pas limiter les CPU de {container} : la machine n’a pas de quota CPU.",
        ),
        (
            "boot a kernel with CONFIG_CFS_BANDWIDTH, or set flask_container_cpus: 0, then",
            "démarrer un noyau avec CONFIG_CFS_BANDWIDTH, ou mettre flask_container_cpus: 0, puis",
        ),
    ),
    "port_taken": Entry(
        "error",
        UP,
        ("port {port} is held by {holder}.", "le port {port} est pris par {holder}."),
        (
            "stop it, or set flask_container_host_port to a free port; then",
            "l’arrêter, ou choisir un port libre (flask_container_host_port) ; puis",
        ),
    ),
    "disk_low": Entry(
        "warning",
        ON_SEAT + "'docker system df'",
        (
            "{free} MiB are free at {root}; {wanted} are wanted.",
            "{free} Mio libres sous {root} ; il en faut {wanted}.",
        ),
        ("make room there; what takes it", "faire de la place ; ce qui l’occupe"),
    ),
    "clock_off": Entry(
        "warning",
        ON_SEAT + "'timedatectl set-ntp true'",
        ("its clock is off by {seconds} s.", "son horloge est fausse de {seconds} s."),
    ),
    "network_collision": Entry(
        "warning",
        UP,
        (
            "Docker's {name} ({subnet}) collides with the route to {to} by {interface}.",
            "{name} de Docker ({subnet}) chevauche la route vers {to} par {interface}.",
        ),
        (
            "set docker_engine_daemon_options:"
            " {{default-address-pools: [{{base: {free}, size: 24}}]}}, then",
            "mettre docker_engine_daemon_options:"
            " {{default-address-pools: [{{base: {free}, size: 24}}]}}, puis",
        ),
    ),
    "network_mtu": Entry(
        "warning",
        UP,
        (
            "Docker's packets may have {docker} bytes, {interface} takes {mtu}.",
            "les paquets de Docker font jusqu’à {docker} octets, {interface} n’en passe que {mtu}.",
        ),
        (
            "set docker_engine_daemon_options: {{mtu: {mtu}}}, then",
            "mettre docker_engine_daemon_options: {{mtu: {mtu}}}, puis",
        ),
    ),
    "tls_intercepted": Entry(
        "warning",
        ON_SEAT + "update-ca-certificates",
        (
            "TLS to {address} is intercepted: {issuer} signed its certificate.",
            "le TLS vers {address} est intercepté : son certificat est signé par {issuer}.",
        ),
        (
            "put that authority's certificate into /usr/local/share/ca-certificates/, then",
            "mettre le certificat de cette autorité dans /usr/local/share/ca-certificates/, puis",
        ),
    ),
    "proxy_unset": Entry(
        "warning",
        UP,
        (
            "{address} is not reached directly ({why}), and Docker does not use the proxy {proxy}.",
            "{address} est inaccessible en direct ({why}), et Docker n’utilise pas le proxy"
            " {proxy}.",
        ),
        (
            "set docker_engine_proxy: {{http: {proxy}, https: {proxy}}}, with NAME:PASSWORD@ before"
            " the host where it asks for them; then",
            "mettre docker_engine_proxy: {{http: {proxy}, https: {proxy}}}, avec NOM:MOT-DE-PASSE@"
            " devant l’hôte s’il les demande ; puis",
        ),
    ),
    "registry_unreachable": Entry(
        "warning",
        "./lab ansible-playbook playbooks/registry.yml",
        (
            "the room's registry {address} cannot be reached: {why}.",
            "le registre de la salle, {address}, est inaccessible : {why}.",
        ),
        (
            "let the seat reach it, or start it",
            "laisser le poste y accéder, ou le démarrer",
        ),
    ),
}

# Those of the room as a whole, which are told once and make no seat less ready.
VOCABULARY |= {
    "builder_is_seat": Entry(
        "warning",
        "./lab up",
        (
            "{builder} builds the image that all seats run, and is a seat, on which {users} can be"
            " root (group docker) and so decide what the others run.",
            "{builder} construit l’image de tous les postes et est lui-même un poste, où le groupe"
            " docker permet à {users} d’être root, et donc de décider de ce que les autres"
            " exécutent.",
        ),
        (
            "name a machine of your own, which students do not use, in the inventory’s group"
            " registry (docs/rooms.md); then",
            "mettre dans le groupe registry de l’inventaire une machine à vous, dont les étudiants"
            " ne se servent pas (docs/rooms.md) ; puis",
        ),
    ),
    "host_key_shared": Entry(
        "warning",
        ON_EACH
        + "'rm /etc/ssh/ssh_host_*_key* && dpkg-reconfigure -f noninteractive openssh-server'",
        (
            "{names} have the same SSH host key, as copies of one disk do: who is root on one of"
            " them can pass for another.",
            "{names} ont la même clé d’hôte SSH, comme les copies d’un même disque : qui est root"
            " sur l’un peut se faire passer pour l’autre.",
        ),
        (
            "give each a key of its own, and then have SSH forget the old ones (ssh-keygen -R)",
            "donner à chacun la sienne, puis faire oublier l’ancienne à SSH (ssh-keygen -R)",
        ),
    ),
    "machine_id_shared": Entry(
        "warning",
        ON_EACH + "'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup'",
        (
            "{names} have the same machine-id, as copies of one disk do: the network may give them"
            " one address.",
            "{names} ont le même machine-id, comme les copies d’un même disque : le réseau peut"
            " leur donner la même adresse.",
        ),
        (
            "give each one of its own, and start them anew",
            "donner à chacun le sien, et les redémarrer",
        ),
    ),
}


def finding(name: str, seat: str, /, **values: object) -> Finding:
    """Give the finding of that name in the vocabulary, filled in.

    What a seat has said is in the values, so what is made of them is made printable.
    """
    entry = VOCABULARY[name]

    def texts(pair: tuple[str, str]) -> dict[str, str]:
        english, french = (one_line(text.format(**values)) for text in pair)
        return {"en": english, "fr": french}

    return {
        "id": name,
        "severity": entry.severity,
        "cause": texts(entry.cause),
        "advice": entry.advice and texts(entry.advice),
        "command": one_line(entry.command.format(seat=seat, **values)),
    }


def in_words(findings: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line, in English, what is wrong and how to mend it.

    findings: as finding() gives them.
    """
    advice = [f"{one['advice']['en']}: " if one["advice"] else "" for one in findings]
    return " ".join(
        f"{one['cause']['en'].rstrip('.')}. Fix: {first}{one['command']}"
        for one, first in zip(findings, advice, strict=True)
    )
