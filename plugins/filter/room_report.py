# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge what seats have against what they should have: the findings, in two languages."""

DOCUMENTATION = r"""
name: room_report
short_description: Judge every seat of a room
description:
  - Gives the report that C(reports/room.json) holds; C(docs/room.schema.json) describes it.
  - Each finding has a cause, an advice where more than a command is needed, and a command.
positional: hostvars
options:
  _input:
    description: The names of the room's seats.
    type: list
    elements: str
    required: true
  servers:
    description: The names of the machines that serve the room and are no seats of it.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all machines, with C(__seat_asked) and C(__room_page_expected).
    type: dict
    required: true
  builder:
    description: The name of the machine that builds.
    type: str
    required: true
  before:
    description: The last report, empty where there is none. Seats that are not asked keep theirs.
    type: dict
    required: true
  now:
    description: The time, in seconds since 1970.
    type: float
    required: true
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show the state of each seat
  ansible.builtin.debug:
    msg: >-
      {{ groups['lab']
         | labocloud.room.room_report(hostvars, servers=[], builder='pc01', before={}, now=0) }}
"""

RETURN = r"""
_value:
  description: The report.
  type: dict
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line

Finding = dict[str, Any]
Facts = Mapping[str, Any]
Network = IPv4Network | IPv6Network

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
    "container_missing": Entry(
        "error",
        UP,
        ("the container {container} is missing.", "le conteneur {container} est absent."),
    ),
    "container_foreign": Entry(
        "error",
        ON_SEAT + "'docker rm -f {container}'",
        (
            "the container {container} runs {image}, not the course image.",
            "le conteneur {container} exécute {image}, pas l’image du cours.",
        ),
        ("remove it, then ./lab up", "le supprimer, puis ./lab up"),
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

# Ranges that Docker can be given, those that campus networks use least first (RFC 2544, RFC 1918).
RANGES = [
    *(f"198.{second}.0.0/16" for second in (18, 19)),
    *(f"172.{second}.0.0/16" for second in range(31, 15, -1)),
    *(f"10.{second}.0.0/16" for second in range(255, -1, -1)),
]
# Docker's own interfaces: the routes over them are its networks.
DOCKER_INTERFACE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
DEFAULT_MTU = 1500
# sudo names it so in every language; where it wants a password, it names the askpass too.
WANTS_TTY = re.compile(r"\btty\b(?!.*askpass)")
STATES = ("ready", "warning", "error", "unreachable", "unknown")
SHORT = 12


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


def version(text: str) -> tuple[int, ...]:
    """Give the numbers of a version, to compare it by."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def holder(facts: Facts, listener: Mapping[str, Any]) -> str:
    """Name who holds a port, as a person would look for it."""
    if listener["container"]:
        image = facts["containers"][listener["container"]]["image"]
        return f"Docker: {listener['container']} ({image})"
    return f"{listener['process'] or '?'} (pid {listener['pid'] or '?'})"


def engine_findings(facts: Facts, seat: str, expected: Facts) -> Iterator[Finding]:
    """Judge Docker Engine; what it depends on is the first finding, and the only one."""
    docker, engine = facts["docker"], expected["engine"]
    if not docker["running"]:
        missing = engine is not None and not engine["installed"]
        yield finding(
            "engine_missing" if missing else "engine_stopped", seat, why=docker.get("why", "")
        )
    elif version(docker["version"]) < version(expected["min_docker"]):
        values = {"version": docker["version"], "wanted": expected["min_docker"]}
        yield finding("engine_old", seat, **values)
    elif engine is not None:
        wrong = {
            "engine_missing": not engine["installed"],
            "engine_configuration": not engine["configured"],
            "engine_outdated": docker["outdated"],
            "engine_disabled": facts["service_manager"] == "systemd" and not docker["enabled"],
            "engine_trust": not engine["trusted"],
        }
        yield from (finding(name, seat) for name, is_so in wrong.items() if is_so)


def image_findings(facts: Facts, seat: str, expected: Facts) -> Iterator[Finding]:
    """Judge the images: those that the builder has."""
    for tag, wanted in expected["images"].items():
        values = {"image": tag, "builder": expected["builder"]}
        had = facts["images"].get(tag)
        if not wanted["fingerprint"]:
            yield finding("image_unknown", seat, **values)
            return
        if had is None:
            yield finding("image_missing", seat, **values)
        elif had["fingerprint"] != wanted["fingerprint"]:
            # Made by hand from the room's, it has inherited its revision.
            told = (had["revision"] or "?", wanted["revision"] or "?")
            short = [text[:SHORT] for text in told if told[0] != told[1]]
            prints = [had["fingerprint"][:SHORT], wanted["fingerprint"][:SHORT]]
            values["had"], values["wanted"] = short or prints
            yield finding("image_old", seat, **values)


def container_findings(facts: Facts, seat: str, expected: Facts) -> Iterator[Finding]:
    """Judge the course's container and its page. Where it is away, tell who took its port."""
    wanted = expected["container"]
    if not wanted:
        return
    name = wanted["name"]
    values = {"container": name, "port": wanted["port"], "url": wanted["url"]}
    present = facts["containers"].get(name)
    if present is not None and not wanted["ours"]:
        yield finding("container_foreign", seat, image=present["image"], **values)
        return
    others = [
        listener
        for listener in facts["listeners"]
        if listener["port"] == wanted["port"] and listener["container"] != name
    ]
    if others and (present is None or present["state"] != "running"):
        yield finding("port_taken", seat, holder=holder(facts, others[0]), **values)
    elif not facts["docker"]["running"]:
        return
    elif present is None:
        yield finding("container_missing", seat, **values)
    elif present["state"] != "running":
        yield finding("container_stopped", seat, state=present["state"], **values)
    else:
        for found, fields in (
            ("container_altered", wanted["rights"]),
            ("container_unlimited", wanted["limits"]),
        ):
            if fields:
                yield finding(found, seat, fields=", ".join(fields), **values)
        if wanted["cpus"] and not facts["docker"]["cpus"]:
            yield finding("cpu_unlimited", seat, **values)
        yield from page_findings(present["labels"], seat, expected, values)


def page_findings(labels: Facts, seat: str, expected: Facts, values: Facts) -> Iterator[Finding]:
    """Judge the page of the container that runs: it answers, and with the room's revision."""
    page, runs = expected["container"]["page"], labels.get("labocloud.revision", "")
    if page is None:  # nobody asked
        return
    answered = (page.get("json") or {}).get("revision")
    wanted = expected["revision"]
    if answered is None or answered != runs:
        why = page.get("msg") if answered is None else f"revision {answered[:SHORT] or '?'} answers"
        yield finding("container_unhealthy", seat, why=why or "no answer", **values)
    elif wanted and runs != wanted:
        short = {"had": runs[:SHORT] or "?", "wanted": wanted[:SHORT]}
        yield finding("container_old", seat, **short, **values)


def machine_findings(facts: Facts, seat: str, expected: Facts) -> Iterator[Finding]:
    """Judge the machine: its disk and its clock."""
    docker = facts["docker"]
    if docker["free_mb"] < expected["min_free_mb"]:
        values = {"free": docker["free_mb"], "root": docker["root"]}
        yield finding("disk_low", seat, wanted=expected["min_free_mb"], **values)
    ahead = facts["clock"]["ahead"]
    if ahead is not None and abs(ahead) > expected["max_clock_offset"]:
        yield finding("clock_off", seat, seconds=f"{ahead:+.0f}")


def within(inner: Network, outer: Network) -> bool:
    """Tell whether all addresses of a network are another's: of IPv6, none is one of IPv4's."""
    return inner.network_address in outer and inner.broadcast_address in outer


def free_range(taken: list[Network]) -> str:
    """Give a range for Docker's networks that overlaps with nothing that is taken."""
    free = (text for text in RANGES if not any(ip_network(text).overlaps(one) for one in taken))
    return next(free, "?")


def network_collisions(facts: Facts, seat: str, config: Facts) -> Iterator[Finding]:
    """Tell of each network of Docker's that takes addresses to which the seat has a route.

    config: what daemon.json holds, or will hold. Docker itself keeps a new network out of what the
    seat has a route to, as long as its pool has room elsewhere; a pool that is all in a route has
    not.
    """
    routes = {
        ip_network(route["to"]): route["interface"]
        for route in facts["network"]["routes"]
        if not DOCKER_INTERFACE.fullmatch(route["interface"])
    }
    networks = [(one["name"], ip_network(one["subnet"])) for one in facts["network"]["docker"]]
    pools = [ip_network(pool["base"]) for pool in config.get("default-address-pools", [])]
    for to, interface in routes.items():
        taken = [(name, subnet) for name, subnet in networks if subnet.overlaps(to)]
        taken += [("default-address-pools", pool) for pool in pools if within(pool, to)]
        for name, subnet in taken[:1]:
            values = {"name": name, "subnet": subnet, "to": to, "interface": interface}
            yield finding("network_collision", seat, free=free_range(list(routes)), **values)


def network_findings(facts: Facts, seat: str, config: Facts) -> list[Finding]:
    """Judge what is known of the network before Docker is there, and after.

    facts: as seat_facts gives them. config: what daemon.json holds, or will hold.
    """
    network = facts["network"]
    found = list(network_collisions(facts, seat, config))
    docker_mtu = network["docker_mtu"] or config.get("mtu", DEFAULT_MTU)
    if 0 < network["mtu"] < docker_mtu:
        values = {"interface": network["interface"], "mtu": network["mtu"]}
        found.append(finding("network_mtu", seat, docker=docker_mtu, **values))
    return found


def registry_findings(facts: Facts, seat: str, expected: Facts) -> Iterator[Finding]:
    """Judge what became of reaching the registries: the room's, and those outside."""
    network = facts["network"]
    for address, answer in network["registries"].items():
        values = {"address": address, "why": answer["why"], "proxy": network["proxy"]}
        if address in expected["registries"]:
            if not answer["reached"]:
                yield finding("registry_unreachable", seat, **values)
        elif answer["public"] is False:
            yield finding("tls_intercepted", seat, issuer=answer["issuer"], **values)
        elif not answer["reached"] and network["proxy"] and not network["docker_proxy"]:
            yield finding("proxy_unset", seat, **values)


def seat_findings(facts: Facts, seat: str, expected: Facts) -> list[Finding]:
    """Judge a seat; the errors come first.

    facts: as seat_facts gives them. expected: as the role room_page documents it. Of what depends
    on something that is wrong, nothing is said.
    """
    found = list(engine_findings(facts, seat, expected))
    if facts["docker"]["running"]:
        found += image_findings(facts, seat, expected)
    # An image that is old explains the container that runs it.
    explained = {"container_old"} if found else set()
    found += (
        one for one in container_findings(facts, seat, expected) if one["id"] not in explained
    )
    found += machine_findings(facts, seat, expected)
    found += network_findings(facts, seat, expected["config"])
    found += registry_findings(facts, seat, expected)
    return sorted(found, key=lambda one: one["severity"])


def state(findings: list[Finding]) -> str:
    """Give the state of a seat that has these findings."""
    if any(one["id"] == "unreachable" for one in findings):
        return "unreachable"
    severities = {one["severity"] for one in findings}
    return "error" if "error" in severities else "warning" if severities else "ready"


def iso(seconds: float) -> str:
    """Give a time as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def lost_findings(seat: str, asked: Facts, facts: Facts, expected: Facts | None) -> list[Finding]:
    """Judge a seat that this run has lost on the way, or never reached.

    asked: the answer to the last question. facts: what it told before it was lost, if anything.
    expected: what another seat is held against; its engine's is not this seat's.
    """
    # What sudo says is not in the message.
    why = one_line(f"{asked.get('msg', '')} {asked.get('module_stderr', '')}")
    if asked.get("unreachable"):
        return [finding("unreachable", seat, why=why)]
    if asked.get("failed"):
        return [finding("sudo_tty" if WANTS_TTY.search(why) else "not_asked", seat, why=why)]
    found = []
    if expected:
        unknown = {"ours": True, "rights": [], "limits": [], "page": None}
        container = expected["container"] and {**expected["container"], **unknown}
        mine = {**expected, "engine": None, "container": container}
        found = seat_findings(facts, seat, mine)
    if state(found) != "error":
        found.insert(0, finding("unfinished", seat))
    return found


def machine_of(variables: Facts) -> Facts:
    """Give what a seat has told of the machine that it is, in this run or in an earlier one."""
    told = variables.get("ansible_facts", {}).get("seat", {}).get("machine")
    return told if isinstance(told, Mapping) else {}


def silent(asked: Facts) -> bool:
    """Tell from the answer to the last question whether the seat's facts are only remembered."""
    return bool(asked.get("unreachable") or asked.get("failed"))


def alike(machines: Mapping[str, Facts], field: str) -> Iterator[list[str]]:
    """Give the names of the machines that share a value in a field, each such group once.

    One machine under two names is no copy of itself.
    """
    groups: dict[str, list[str]] = {}
    for name, machine in machines.items():
        values = machine.get(field) or []
        for value in {str(one) for one in (values if isinstance(values, list) else [values])}:
            groups.setdefault(value, []).append(name)
    told = []
    for names in groups.values():
        if len({str(machines[name].get("running")) for name in names}) > 1 and names not in told:
            told.append(names)
    yield from told


def room_findings(
    seats: list[str], hostvars: Facts, *, servers: list[str], builder: str
) -> list[Finding]:
    """Judge the room as a whole, by what is known of its machines. Only warnings."""
    found = []
    if len(seats) > 1 and builder in seats:
        told = hostvars[builder]
        users = told.get("docker_engine_users") or []
        # Ansible takes a text for a list, too.
        named = {*users.replace(" ", "").split(",")} if isinstance(users, str) else {*users}
        group = told.get("ansible_facts", {}).get("seat", {}).get("docker_group")
        named |= {str(name) for name in group} if isinstance(group, list) else set()
        students = ", ".join(sorted(named - {"root", told.get("ansible_user")}))
        if students:
            found.append(finding("builder_is_seat", builder, builder=builder, users=students))
    machines = {name: machine_of(hostvars[name]) for name in [*seats, *servers]}
    for name, field in (("host_key_shared", "host_keys"), ("machine_id_shared", "id")):
        for names in alike(machines, field):
            values = {"names": ", ".join(names), "seats": ",".join(names)}
            found.append(finding(name, names[0], **values))
    return found


def twins(hostvars: Facts, names: list[str]) -> dict[str, list[str]]:
    """Give, by its name, the other names of a machine that answers under several in this run."""
    running = {
        name: str(machine_of(hostvars[name]).get("running") or name)
        for name in names
        if "__seat_asked" in hostvars[name] and not silent(hostvars[name]["__seat_asked"])
    }
    return {
        name: [other for other in running if other != name and running[other] == running[name]]
        for name in running
    }


def seat_report(
    seat: str,
    variables: Facts,
    expected: Facts | None,
    before: Facts,
    now: float,
    *,
    others: list[str],
) -> dict[str, Any]:
    """Give what the report says of a seat.

    before: what the last one said, empty where nothing. others: the machine's other names.
    """
    if "__seat_asked" not in variables:
        return {
            "name": seat,
            "state": "unknown",
            "time": None,
            "findings": [],
            "os": None,
            "docker": None,
            **before,
            "asked": False,
        }
    asked, mine = variables["__seat_asked"], variables.get("__room_page_expected")
    # The cache keeps the facts of a seat that does not answer today.
    facts = {} if silent(asked) else variables["ansible_facts"]["seat"]
    findings = (
        seat_findings(facts, seat, mine) if mine else lost_findings(seat, asked, facts, expected)
    )
    if others:
        findings.insert(0, finding("machine_twice", seat, others=", ".join(others)))
    return {
        "name": seat,
        "state": state(findings),
        "asked": True,
        "time": iso(now),
        "os": facts["os"]["name"] if facts else None,
        "docker": facts["docker"]["version"] or None if facts else None,
        "findings": findings,
    }


def room_report(
    seats: list[str],
    hostvars: Facts,
    *,
    servers: list[str],
    builder: str,
    before: Facts,
    now: float,
) -> dict[str, Any]:
    """Give the report of the room, as docs/room.schema.json describes it.

    hostvars: of each machine, what seat_report needs. before: the last report, or nothing. now: in
    seconds since 1970.
    """
    held_against = [hostvars[seat].get("__room_page_expected") for seat in seats]
    some = next(filter(None, held_against), None)
    last = {row["name"]: row for key in ("seats", "servers") for row in before.get(key, [])}

    same = twins(hostvars, [*seats, *servers])

    def rows(names: list[str]) -> list[dict[str, Any]]:
        return [
            seat_report(
                name, hostvars[name], some, last.get(name, {}), now, others=same.get(name, [])
            )
            for name in names
        ]

    told = rows(seats)
    begun = [
        hostvars[seat]["ansible_facts"]["seat"]["clock"]["control"]
        for seat, expected in zip(seats, held_against, strict=True)
        if expected
    ]
    counted = Counter(row["state"] for row in told)
    return {
        "version": 1,
        "time": iso(now),
        "seconds": round(now - min(begun, default=now), 1),
        "builder": builder,
        "revision": some["revision"] or None if some else before.get("revision"),
        "totals": {"seats": len(told), **{name: counted[name] for name in STATES}},
        "findings": room_findings(seats, hostvars, servers=servers, builder=builder),
        "seats": told,
        "servers": rows(servers),
    }


class FilterModule:
    """Tell Ansible of the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {
            "room_report": room_report,
            "room_findings": room_findings,
            "network_findings": network_findings,
            "findings_in_words": in_words,
        }
