# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Word what the judge finds: each thing that can be wrong, once, in two languages."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

Finding = dict[str, Any]

# Characters of one text. Of a room of a hundred, the names have as many; a seat may tell more.
LONGEST = 3000

UP = "./lab up --limit {seat}"
ON_SEAT = "./lab ansible {seat} -ba "
ON_EACH = "./lab ansible {seats} -b -m shell -a "


class Entry(NamedTuple):
    """What a finding says. Its texts are for str.format; a seat with an error is not ready.

    command: as people type it, each value one word of it, or of the command that a word of it is.
    """

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
    "late": Entry(
        "error",
        UP,
        ("it did not answer in time: {why}.", "il n’a pas répondu à temps : {why}."),
        (
            "it is on, and busy or stuck: wait until it is less so, or restart it; then",
            "il est allumé, et occupé ou bloqué : attendre qu’il le soit moins, ou le redémarrer ;"
            " puis",
        ),
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
    "python_old": Entry(
        "error",
        UP,
        (
            "its Python is {python}, too old: {wanted} is needed.",
            "son Python, {python}, est trop ancien : il faut {wanted}.",
        ),
        (
            "give it a system that is supported (docs/architecture.md), or a newer Python by"
            " ansible_python_interpreter; then",
            "lui donner un système pris en charge (docs/architecture.md), ou un Python plus récent"
            " par ansible_python_interpreter ; puis",
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
            "ce qu’il dit est incompréhensible ({part} : {why}).",
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
    # Docker Engine: first what refuses to touch it.
    "engine_unsupported": Entry(
        "error",
        UP,
        (
            "it runs {system} ({release}), which is not supported.",
            "il tourne sous {system} ({release}), qui n’est pas pris en charge.",
        ),
        (
            "use one of {releases}, or take the seat out of the inventory; then",
            "installer l’un de {releases}, ou retirer le poste de l’inventaire ; puis",
        ),
    ),
    "engine_foreign": Entry(
        "error",
        UP,
        (
            "it has {packages}, which docker_engine_source {source} would replace.",
            "il a {packages}, que docker_engine_source {source} remplacerait.",
        ),
        (
            "set docker_engine_source to {other} for it, or docker_engine_replace to true (removal"
            " does not bring them back); then",
            "mettre docker_engine_source à {other} pour lui, ou docker_engine_replace à true (la"
            " désinstallation ne les remet pas) ; puis",
        ),
    ),
    "engine_disk": Entry(
        "error",
        UP,
        (
            "it has {free} MiB free at {root}; docker_engine_min_free_mb asks for {wanted}.",
            "il a {free} Mio libres sous {root} ; docker_engine_min_free_mb en demande {wanted}.",
        ),
        (
            "make room there, or put Docker elsewhere with data-root in"
            " docker_engine_daemon_options; then",
            "faire de la place, ou mettre Docker ailleurs (data-root dans"
            " docker_engine_daemon_options) ; puis",
        ),
    ),
    "engine_overruled": Entry(
        "error",
        UP,
        (
            "it has a /etc/docker/daemon.json of its own, which sets {keys}.",
            "il a son propre /etc/docker/daemon.json, qui règle {keys}.",
        ),
        (
            "give these keys, with the values that you want, in docker_engine_daemon_options (for"
            " this seat alone: in host_vars), or remove the file; then",
            "donner ces clés, avec les valeurs voulues, dans docker_engine_daemon_options (pour ce"
            " poste seul : dans host_vars), ou supprimer le fichier ; puis",
        ),
    ),
    "engine_masked": Entry(
        "error",
        ON_SEAT + "'systemctl unmask {units}'",
        (
            "{units} is masked: systemd does not start it for anybody.",
            "{units} est masqué : systemd ne le démarre pour personne.",
        ),
        (
            "find out who has masked it, and why; ./lab up, once this is undone",
            "chercher qui l’a masqué, et pourquoi ; ./lab up, une fois cela défait",
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
    # An engine without root.
    "engine_kind": Entry(
        "error",
        UP,
        (
            "its Docker Engine is not the one that docker_engine_students asks for.",
            "son Docker n’est pas celui que demande docker_engine_students.",
        ),
    ),
    "engine_moves": Entry(
        "error",
        "./lab ansible-playbook playbooks/reset.yml --limit {seat} -e save=yes -e confirm=yes",
        (
            "docker_engine_students is {kind}, and its engine holds what the other one would not"
            " have: {what}.",
            "docker_engine_students vaut {kind}, et son moteur a ce que l’autre n’aurait pas :"
            " {what}.",
        ),
        (
            "let a reset save that, and restore it afterwards, or go back to the other value;"
            " its engine was not changed",
            "laisser une remise à zéro le sauver, puis le restaurer, ou remettre l’autre valeur ;"
            " son moteur n’a pas été modifié",
        ),
    ),
    "engine_moves_before": Entry(
        "error",
        UP,
        (
            "docker_engine_students is {kind}, and its engine holds what was there before the"
            " toolkit, and the other one would not have: {what}.",
            "docker_engine_students vaut {kind}, et son moteur a ce qui était là avant, et que"
            " l’autre n’aurait pas : {what}.",
        ),
        (
            "save that by hand (docker save, docker cp) and remove it, or set"
            " docker_engine_students back for it; nothing was changed; then",
            "le sauver à la main (docker save, docker cp) et le supprimer, ou remettre"
            " docker_engine_students pour lui ; rien n’a été modifié ; puis",
        ),
    ),
    "engine_moves_root": Entry(
        "error",
        UP,
        (
            "docker_engine_students is {kind}, and {root} is where the engine of the other kind has"
            " its data.",
            "docker_engine_students vaut {kind}, et le moteur de l’autre sorte a ses données sous"
            " {root}.",
        ),
        (
            "give data-root in docker_engine_daemon_options another path, or leave it out; then",
            "donner un autre chemin à data-root dans docker_engine_daemon_options, ou l’enlever ;"
            " puis",
        ),
    ),
    "engine_moves_unknown": Entry(
        "error",
        ON_SEAT + "'systemctl start docker'",
        (
            "docker_engine_students is {kind}, and what its engine holds is not known ({why}).",
            "docker_engine_students vaut {kind}, et on ne sait pas ce que son moteur a ({why}).",
        ),
        (
            "start it, then ./lab up; nothing was changed",
            "le démarrer, puis ./lab up ; rien n’a été modifié",
        ),
    ),
    "rootless_systemd": Entry(
        "error",
        UP + " -e docker_engine_students=group",
        (
            "an engine without root needs systemd, which does not run there.",
            "un moteur sans root a besoin de systemd, qui n’y tourne pas.",
        ),
    ),
    "rootless_namespaces": Entry(
        "error",
        # Only Debian's kernels have the second.
        ON_SEAT + "'sysctl -ew user.max_user_namespaces=28633 kernel.unprivileged_userns_clone=1'",
        (
            "its kernel forbids user namespaces to accounts, which an engine without root needs.",
            "son noyau interdit aux comptes les espaces de noms utilisateur, dont un moteur sans"
            " root a besoin.",
        ),
        (
            "find out who forbids them (/etc/sysctl.d), allow them, then ./lab up; or set"
            " docker_engine_students to group for it",
            "chercher qui les interdit (/etc/sysctl.d), les permettre, puis ./lab up ; ou mettre"
            " docker_engine_students à group pour lui",
        ),
    ),
    "rootless_apparmor": Entry(
        "error",
        ON_SEAT + "'sysctl kernel.apparmor_restrict_unprivileged_userns'",
        (
            "its AppArmor forbids user namespaces to programs without a profile, and rootlesskit"
            " has none.",
            "son AppArmor interdit les espaces de noms utilisateur aux programmes sans profil, et"
            " rootlesskit n’en a pas.",
        ),
        (
            "add a profile for rootlesskit (/etc/apparmor.d) that permits userns, then ./lab up; or"
            " set docker_engine_students to group for it",
            "ajouter un profil pour rootlesskit (/etc/apparmor.d) qui permet userns, puis ./lab up,"
            " ou mettre docker_engine_students à group pour lui",
        ),
    ),
    "rootless_cgroup": Entry(
        "error",
        ON_SEAT + "'stat -fc %T /sys/fs/cgroup'",
        (
            "its systemd uses cgroup v1; an engine without root needs v2 for limits.",
            "son systemd utilise cgroup v1 ; un moteur sans root a besoin de v2 pour les limites.",
        ),
        (
            "take systemd.unified_cgroup_hierarchy=0 out of its kernel's command line and restart"
            " it, then ./lab up",
            "retirer systemd.unified_cgroup_hierarchy=0 de la ligne du noyau et le redémarrer, puis"
            " ./lab up",
        ),
    ),
    "rootless_tun": Entry(
        "error",
        ON_SEAT + "'ls -l /dev/net/tun'",
        (
            "accounts cannot use /dev/net/tun, the network of an engine without root.",
            "les comptes ne peuvent pas utiliser /dev/net/tun, le réseau d’un moteur sans root.",
        ),
        (
            "load the module tun, and let udev make the device (mode 0666), then ./lab up",
            "charger le module tun, laisser udev créer le périphérique (mode 0666), puis ./lab up",
        ),
    ),
    "rootless_disk": Entry(
        "error",
        UP,
        (
            "an engine without root cannot keep its data at {root}: that is on {kind}.",
            "un moteur sans root ne peut pas garder ses données sous {root} : c’est sur {kind}.",
        ),
        (
            "mount a local disk there (ext4, xfs or btrfs), then",
            "y monter un disque local (ext4, xfs ou btrfs), puis",
        ),
    ),
    "rootless_unit": Entry(
        "error",
        UP,
        (
            "it has a {unit} of its own, whose place an engine without root takes.",
            "il a son propre {unit}, dont un moteur sans root prend la place.",
        ),
        (
            "move it away, or set docker_engine_students to group for it; then",
            "le déplacer, ou mettre docker_engine_students à group pour lui ; puis",
        ),
    ),
    "rootless_proxies": Entry(
        "error",
        UP,
        (
            "docker_engine_daemon_options has proxies, and an engine without root cannot read a"
            " daemon.json that may hold a password.",
            "docker_engine_daemon_options a proxies, et un moteur sans root ne peut pas lire un"
            " daemon.json qui peut contenir un mot de passe.",
        ),
        (
            "give the proxy in docker_engine_proxy instead; then",
            "donner le proxy dans docker_engine_proxy ; puis",
        ),
    ),
    "rootless_unlimited": Entry(
        "warning",
        ON_SEAT + "'docker info'",
        (
            "its engine cannot limit memory, processors or processes: what the course says of -m is"
            " not so there.",
            "son moteur ne peut limiter la mémoire, les processeurs ou les processus : ce que le"
            " cours dit de -m n’y est pas vrai.",
        ),
        (
            "let systemd delegate cpu, memory and pids to accounts (Delegate= of user@.service)",
            "laisser systemd déléguer cpu, memory et pids aux comptes (Delegate= de user@.service)",
        ),
    ),
    # The students.
    "users_missing": Entry(
        "error",
        UP,
        (
            "docker_engine_users names {users}, who cannot use Docker without sudo.",
            "docker_engine_users nomme {users}, qui ne peut pas utiliser Docker sans sudo.",
        ),
        (
            "where it is no account, make it, or take the name out; then",
            "si ce n’est pas un compte, le créer, ou retirer le nom ; puis",
        ),
    ),
    "users_left": Entry(
        "warning",
        UP,
        (
            "{users} can still use Docker without sudo; docker_engine_users no longer names them.",
            "{users} peut encore utiliser Docker sans sudo ; docker_engine_users ne le nomme plus.",
        ),
    ),
    # What came of verify's attacks; "names" says which, as docs/security.md explains them.
    "attack_succeeded": Entry(
        "error",
        UP,
        (
            "{account} gets at what is root's, with nothing but Docker: {names}.",
            "{account} accède à ce qui est à root, avec Docker seul : {names}.",
        ),
        (
            "find out who has changed the engine there, and how (docs/security.md); until then,"
            " take whatever is on that seat for known to students; then",
            "chercher qui y a modifié Docker, et comment (docs/security.md) ; d’ici là, tenir tout"
            " ce qui est sur ce poste pour connu des étudiants ; puis",
        ),
    ),
    "students_root": Entry(
        "warning",
        UP,
        (
            "{account} is root there by Docker ({names}), as docker_engine_students: group has it.",
            "{account} y est root par Docker ({names}), comme le veut docker_engine_students:"
            " group.",
        ),
        (
            "where students are not to be root, set docker_engine_students: rootless, then",
            "si les étudiants ne doivent pas être root, mettre docker_engine_students: rootless,"
            " puis",
        ),
    ),
    "attack_untried": Entry(
        "error",
        "./lab ansible-playbook playbooks/verify.yml --limit {seat} -e attack=NAME",
        (
            "{account} could try nothing, so nothing is proved: {why}.",
            "{account} n’a rien pu tenter, rien n’est donc prouvé : {why}.",
        ),
        (
            "name an account that is there and may use Docker (docker_engine_users,"
            " docker_engine_group), on a seat that is ready",
            "nommer un compte qui y existe et peut utiliser Docker (docker_engine_users,"
            " docker_engine_group), sur un poste prêt",
        ),
    ),
    "attack_partly": Entry(
        "warning",
        "./lab ansible-playbook playbooks/verify.yml --limit {seat} -e attack={account}",
        (
            "{account} could not try everything: {names}.",
            "{account} n’a pas pu tout tenter : {names}.",
        ),
        (
            "what was not tried is not proved (docs/security.md); once more",
            "ce qui n’est pas tenté n’est pas prouvé (docs/security.md) ; pour recommencer",
        ),
    ),
    "users_root": Entry(
        "error",
        UP,
        (
            "{users} is in the group docker, where nobody may be on a seat without root: as soon as"
            " root runs an engine again, that is root.",
            "{users} est dans le groupe docker, où personne ne doit être sur un poste sans root :"
            " dès que root relance un moteur, c’est être root.",
        ),
    ),
    "users_taken": Entry(
        "warning",
        UP,
        (
            "{users} was taken out of the group docker while Docker ran without root, and is not"
            " back in it.",
            "{users} a été retiré du groupe docker tant que Docker tournait sans root, et n’y est"
            " pas revenu.",
        ),
    ),
    "group_unknown": Entry(
        "error",
        UP,
        (
            "docker_engine_group names {group}, a group that it does not know.",
            "docker_engine_group nomme {group}, un groupe qu’il ne connaît pas.",
        ),
        (
            "correct the name, or have it join the directory (there, getent group {group} has to"
            " answer); then",
            "corriger le nom, ou le joindre à l’annuaire (getent group {group} doit y répondre) ;"
            " puis",
        ),
    ),
    "group_unmanaged": Entry(
        "error",
        UP,
        (
            "docker_engine_group names {group}, and it has no systemd, which lets a group in each"
            " time that the engine starts.",
            "docker_engine_group nomme {group}, mais il n’a pas systemd, qui ouvre le moteur à un"
            " groupe à chaque démarrage.",
        ),
        (
            "set docker_engine_group to nothing for it, and name accounts in docker_engine_users;"
            " then",
            "y vider docker_engine_group, et nommer des comptes dans docker_engine_users ; puis",
        ),
    ),
    "socket_open": Entry(
        "error",
        UP,
        (
            "more than its group {group} can use Docker: its socket is open to others (mode {mode},"
            " or a group in its ACL).",
            "d’autres que son groupe {group} peuvent utiliser Docker : sa socket leur est ouverte"
            " (mode {mode}, ou un groupe dans son ACL).",
        ),
    ),
    "socket_shut": Entry(
        "error",
        UP,
        (
            "the members of the group {group} cannot use Docker: its socket (mode {mode}) does not"
            " let them.",
            "les membres du groupe {group} ne peuvent pas utiliser Docker : sa socket (mode {mode})"
            " ne leur est pas ouverte.",
        ),
    ),
    "folder_script": Entry(
        "error",
        UP,
        (
            "a login does not make the folder that students share with containers"
            " (docker_engine_folder).",
            "l’ouverture d’une session ne crée pas le dossier que les étudiants partagent avec les"
            " conteneurs (docker_engine_folder).",
        ),
    ),
    "account_open": Entry(
        "error",
        UP,
        (
            "the account {account}, as which Docker runs, is not locked: one can log in as it.",
            "le compte {account}, sous lequel Docker tourne, n’est pas verrouillé : on peut s’y"
            " connecter.",
        ),
    ),
    "account_ranges": Entry(
        "error",
        UP,
        (
            "the account {account}, as which Docker runs, has not the 65536 IDs in {file} that"
            " images need, or not for itself alone.",
            "le compte {account}, sous lequel Docker tourne, n’a pas dans {file} les 65536"
            " identifiants que demandent les images, ou pas pour lui seul.",
        ),
    ),
    # The images, and their build.
    "image_unknown": Entry(
        "error",
        "./lab up",
        (
            "the room's image is not known: {builder}, which builds it, has not answered.",
            "l’image de la salle est inconnue : {builder}, qui la construit, n’a pas répondu.",
        ),
        (
            "switch {builder} on; where it only builds the image, another seat can: -e"
            " course_image_builder=NAME; then",
            "allumer {builder} ; s’il ne fait que construire l’image, un autre poste le peut : -e"
            " course_image_builder=NOM ; puis",
        ),
    ),
    "image_none": Entry(
        "error",
        "./lab up",
        (
            "the room has no image yet: {builder}, which builds it, has none.",
            "la salle n’a pas encore d’image : {builder}, qui la construit, ne l’a pas.",
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
    "image_unbuilt": Entry(
        "error",
        UP,
        (
            "it cannot be sent {image} by {builder}: there is none.",
            "{builder} ne peut pas lui envoyer {image} : il n’y en a pas.",
        ),
        (
            "mend {builder} first; its own message says how; then",
            "réparer d’abord {builder}, son propre message dit comment ; puis",
        ),
    ),
    "image_arch": Entry(
        "error",
        UP,
        (
            "{host} is a {arch}; there is a base for {one} and {other}.",
            "{host} est un {arch} ; il y a une base pour {one} et {other}.",
        ),
        ("take the seat out of the inventory; then", "retirer le poste de l’inventaire ; puis"),
    ),
    "image_archs": Entry(
        "error",
        UP,
        (
            "{host} ({arch}) cannot be sent {image} by {builder} ({there}): the architectures"
            " differ.",
            "{builder} ({there}) ne peut pas envoyer {image} à {host} ({arch}) : les architectures"
            " diffèrent.",
        ),
        (
            "run seats of another architecture as a room of their own; then",
            "faire des postes d’une autre architecture une salle à part ; puis",
        ),
    ),
    "image_disk": Entry(
        "error",
        ON_SEAT + "'docker system df'",
        (
            "it has {free} MiB free at {root}; course_image_min_free_mb asks for {wanted}.",
            "{free} Mio libres sous {root} ; course_image_min_free_mb en demande {wanted}.",
        ),
        ("make room there; what takes it", "faire de la place ; ce qui l’occupe"),
    ),
    "image_name": Entry(
        "error",
        "./lab up",
        (
            "{setting} is {value}, which no image can be called.",
            "{setting} vaut {value}, qui ne peut pas être le nom d’une image.",
        ),
        (
            "NAME:TAG, as in ecole:tp1; the name of small letters and digits, and of dots, dashes"
            " and underscores between them; the tag of letters, digits, dots, dashes and"
            " underscores, 115 at most; no accents, no spaces; then",
            "NOM:TAG, comme ecole:tp1 ; pour le nom, des minuscules et des chiffres, séparés par"
            " des points, des tirets ou des tirets bas ; pour le tag, lettres, chiffres, points,"
            " tirets et tirets bas, 115 au plus ; ni accent ni espace ; puis",
        ),
    ),
    "image_keep": Entry(
        "error",
        UP,
        (
            "course_image_keep is {keep}; while a seat goes from one revision to another it has"
            " both.",
            "course_image_keep vaut {keep} ; un poste qui passe d’une révision à une autre a les"
            " deux.",
        ),
        ("2 or more; then", "2 ou plus ; puis"),
    ),
    "image_road": Entry(
        "error",
        UP,
        (
            "course_image_delivery is registry, and the inventory has no group registry, or another"
            " machine builds.",
            "course_image_delivery vaut registry, et l’inventaire n’a pas de groupe registry, ou"
            " c’est une autre machine qui construit.",
        ),
        (
            "put the registry's host in a group registry, or set course_image_delivery to auto;"
            " then",
            "mettre l’hôte du registre dans un groupe registry, ou course_image_delivery à auto ;"
            " puis",
        ),
    ),
    "revision_unknown": Entry(
        "error",
        "./lab ansible-playbook playbooks/update.yml -e revision=DIGITS",
        (
            "the revision {asked} is not one that {builder} has: {there}.",
            "la révision {asked} n’est pas une de celles de {builder} : {there}.",
        ),
        (
            "give the first digits of one of these, enough that no other begins so",
            "donner les premiers chiffres de l’une d’elles, assez pour qu’aucune autre ne commence"
            " ainsi",
        ),
    ),
    "revision_previous": Entry(
        "error",
        "./lab ansible-playbook playbooks/update.yml -e revision=DIGITS",
        (
            "the revision previous is not one that {builder} has: {there}. The room had {had}, the"
            " last one last.",
            "la révision previous n’est pas une de celles de {builder} : {there}. La salle a eu"
            " {had}, la dernière en dernier.",
        ),
        (
            "give the first digits of one of these, enough that no other begins so",
            "donner les premiers chiffres de l’une d’elles, assez pour qu’aucune autre ne commence"
            " ainsi",
        ),
    ),
    "revision_unclear": Entry(
        "error",
        "./lab ansible-playbook playbooks/update.yml -e revision=DIGITS",
        (
            "{host} has the revision {here}, of an update that was not finished.",
            "{host} a la révision {here}, d’une mise à jour qui ne s’est pas achevée.",
        ),
        (
            "name the revision to go back to, with -e revision=, by its first digits: {there}",
            "nommer par -e revision= et ses premiers chiffres la révision à reprendre : {there}",
        ),
    ),
    "project_unreadable": Entry(
        "error",
        "./lab up",
        (
            "what the image is built from cannot be read: {why}.",
            "ce dont l’image est faite est illisible : {why}.",
        ),
        (
            "have Dockerfile and app/ in the directory that course_image_project names, and"
            " readable; then",
            "avoir Dockerfile et app/ lisibles dans le dossier que nomme course_image_project ;"
            " puis",
        ),
    ),
    "builder_stopped": Entry(
        "error",
        "./lab up --limit {builder}",
        (
            "{builder} builds for the room, and is not ready: its Docker does not answer.",
            "{builder} construit pour la salle et n’est pas prêt : son Docker ne répond pas.",
        ),
        ("have it ready, and then this again", "le préparer, puis recommencer"),
    ),
    "builder_foreign": Entry(
        "error",
        "./lab up --limit {builder}",
        (
            "{builder} builds for the room, and is not ready: its Docker was not set up by the role"
            " docker_engine.",
            "{builder} construit pour la salle et n’est pas prêt : son Docker n’a pas été mis en"
            " place par le rôle docker_engine.",
        ),
        ("have it ready, and then this again", "le préparer, puis recommencer"),
    ),
    "base_absent": Entry(
        "error",
        UP,
        (
            "course_image_base_source is present, and there is no image {image}.",
            "course_image_base_source vaut present, et il n’y a pas d’image {image}.",
        ),
        (
            "load it there (docker load), or set course_image_base_source to auto; then",
            "l’y charger (docker load), ou mettre course_image_base_source à auto ; puis",
        ),
    ),
    "registry_digest": Entry(
        "error",
        "./lab up --limit {builder}",
        (
            "the room's registry, on {builder}, tells no digest of {tag}, but {told}.",
            "le registre de la salle, sur {builder}, ne donne pas d’empreinte de {tag}, mais"
            " {told}.",
        ),
        (
            "have it published anew; where it stays, set course_image_delivery to archive",
            "le faire publier à nouveau ; si cela persiste, mettre course_image_delivery à archive",
        ),
    ),
    # The container and its page.
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
    "exercises_missing": Entry(
        "error",
        UP,
        (
            "the command labo and the course's files are not there.",
            "la commande labo et les fichiers du cours n’y sont pas.",
        ),
    ),
    "exercises_old": Entry(
        "error",
        UP,
        (
            "its command labo, or its course's files, are not those of this toolkit.",
            "sa commande labo ou ses fichiers du cours ne sont pas ceux d’ici.",
        ),
    ),
    "exercises_foreign": Entry(
        "error",
        UP,
        (
            "{path} is there and is not the toolkit's; nothing is done to it.",
            "{path} est déjà là et ne vient pas d’ici ; rien n’y est changé.",
        ),
        (
            "look on the seat whose it is, and move it elsewhere; then",
            "regarder sur le poste à qui c’est, et le déplacer ; puis",
        ),
    ),
    "exercises_wrong": Entry(
        "error",
        UP,
        (
            "the exercises cannot be given to it: {why}.",
            "les exercices ne peuvent pas lui être donnés : {why}.",
        ),
        ("correct that file here; then", "corriger ce fichier ici ; puis"),
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
    # The room's registry: what keeps it from being set up, and then what is wrong with it.
    "registry_address": Entry(
        "error",
        "./lab up",
        (
            "room_registry_address is {address}, which each seat takes for itself.",
            "room_registry_address est {address}, que chaque poste prend pour lui-même.",
        ),
        (
            "set it, for all, to the name or address by which the seats reach {host}; then",
            "y mettre, pour tous, le nom ou l’adresse par lequel les postes atteignent {host} ;"
            " puis",
        ),
    ),
    "registry_systemd": Entry(
        "error",
        "./lab up",
        (
            "it is in the group registry, and has no systemd to run it.",
            "il est dans le groupe registry et n’a pas de systemd pour le faire tourner.",
        ),
        (
            "name another host in the group registry, or none: then images travel over SSH; then",
            "mettre une autre machine dans le groupe registry, ou aucune : les images passent"
            " alors par SSH ; puis",
        ),
    ),
    "registry_foreign": Entry(
        "error",
        "./lab up",
        ("it has a docker-registry of its own.", "il a déjà un docker-registry à lui."),
        (
            "name another host in the group registry, or remove that package; then",
            "mettre une autre machine dans le groupe registry, ou désinstaller ce paquet ; puis",
        ),
    ),
    "registry_port": Entry(
        "error",
        "./lab up",
        ("port {port} is held by {holder}.", "le port {port} est pris par {holder}."),
        (
            "stop it, or set, for all, room_registry_port or room_registry_mirror_port; then",
            "l’arrêter, ou changer, pour tous, room_registry_port ou room_registry_mirror_port ;"
            " puis",
        ),
    ),
    "registry_configuration": Entry(
        "error",
        UP,
        (
            "the room's registry is not installed and configured as the inventory says.",
            "le registre de la salle n’est pas installé et configuré comme le veut l’inventaire.",
        ),
    ),
    "registry_certificate": Entry(
        "warning",
        UP,
        (
            "the certificate of the room's registry is not for {address} alone, or ends soon.",
            "le certificat du registre de la salle n’est pas pour {address} seul, ou expire"
            " bientôt.",
        ),
    ),
    "registry_down": Entry(
        "error",
        ON_SEAT + "'journalctl -n 20 -u docker-registry'",
        (
            "the registry does not answer at {address} ({why}).",
            "le registre ne répond pas sur {address} ({why}).",
        ),
        (
            "./lab up; where the address is wrong, set room_registry_address, for all; its log",
            "./lab up ; si l’adresse est fausse, corriger room_registry_address, pour tous ; son"
            " journal",
        ),
    ),
    "mirror_down": Entry(
        "error",
        ON_SEAT + "'journalctl -n 20 -u labocloud-mirror'",
        (
            "the registry does not answer at {address}, as mirror of Docker Hub ({why}).",
            "le registre ne répond pas sur {address}, comme miroir de Docker Hub ({why}).",
        ),
        (
            "let it reach {hub} (room_registry_proxy); its log",
            "lui donner accès à {hub} (room_registry_proxy) ; son journal",
        ),
    ),
    # The way to it from the seats.
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
            "{builder} builds the image that all seats run, and is a seat, on which {users} can do"
            " anything with Docker, and so decide what the others run.",
            "{builder} construit l’image de tous les postes et est lui-même un poste, où {users}"
            " peut tout faire avec Docker, et donc décider de ce que les autres exécutent.",
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


def command(template: str, values: Mapping[str, object]) -> str:
    """Give a command filled in, to be pasted: whatever a value holds, it is a word and no more.

    template: as an entry has it. values: a list is as many words.
    """
    # Ansible would read a template in an argument that holds these.
    told = {
        key: [
            one_line(str(one)[:LONGEST]).translate({ord(brace): "?" for brace in "{}"})
            for one in listed
        ]
        for key, value in values.items()
        for listed in [value if isinstance(value, list) else [value]]
    }
    plain = {key: " ".join(words) for key, words in told.items()}
    quoted = {key: shlex.join(words) for key, words in told.items()}
    words = shlex.split(template)
    # One with blanks is a command itself, which the seat's side splits once more.
    return shlex.join(word.format(**(quoted if " " in word else plain)) for word in words)


def shortened(text: str) -> str:
    """Return the beginning of a text that is longer than anybody reads, and the end of it."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"


def finding(name: str, seat: str, /, **values: object) -> Finding:
    """Give the finding of that name in the vocabulary, filled in.

    What a seat has said is in the values, so what is made of them is made printable, and cut; in
    the command each is quoted. values: texts and numbers, or lists of words.
    """
    entry = VOCABULARY[name]
    told = {
        key: " ".join(value) if isinstance(value, list) else value for key, value in values.items()
    }

    def texts(pair: tuple[str, str]) -> dict[str, str]:
        english, french = (shortened(one_line(text.format(**told))) for text in pair)
        return {"en": english, "fr": french}

    return {
        "id": name,
        "severity": entry.severity,
        "cause": texts(entry.cause),
        "advice": entry.advice and texts(entry.advice),
        "command": command(entry.command, {"seat": seat, **values}),
    }


def of_seats(found: Finding, seat: str, seats: str) -> Finding:
    """Return a finding of one seat, in which the command is for others too.

    seats: names, with commas, or a group of the inventory.
    """
    before, names_it, _ = VOCABULARY[found["id"]].command.partition("{seat}")
    own = f"{before}{seat}"
    if not names_it or not found["command"].startswith(own):
        return found
    return {**found, "command": f"{before}{seats}{found['command'][len(own) :]}"}


def in_words(findings: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line, in English, what is wrong and how to mend it.

    findings: as finding() gives them.
    """
    advice = [f"{one['advice']['en']}: " if one["advice"] else "" for one in findings]
    # What ends with a command is told from what comes next.
    return "; and ".join(
        f"{one['cause']['en'].rstrip('.')}. Fix: {first}{one['command']}"
        for one, first in zip(findings, advice, strict=True)
    )
