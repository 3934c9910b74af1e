#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a seat everything that the other roles decide by, in one round trip."""

DOCUMENTATION = r"""
module: seat_facts
short_description: Ask a lab machine everything that its provisioning decides by
description:
  - Reads the operating system, the listening ports and who holds them, what is installed,
    Docker's configuration and state, its images, containers, networks and volumes.
  - Changes nothing, needs no Docker, no Docker client and nothing beyond Python's own library.
options:
  docker_socket:
    description: Path of the Docker Engine's socket.
    type: path
    default: /var/run/docker.sock
  control_time:
    description:
      - The control machine's time when it asks, in seconds since 1970. The seat's clock is compared
        with it.
    type: float
  registries:
    description:
      - Registries, host:port, that the seat tries to reach. All together take at most two seconds.
    type: list
    elements: str
    default: []
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Can run in check_mode and return the same answer.
    support: full
  diff_mode:
    description: Has nothing to show, since it changes nothing.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Ask the seat what it has
  labocloud.room.seat_facts:

- name: Show who holds port 8080
  ansible.builtin.debug:
    msg: "{{ ansible_facts['seat']['listeners'] | selectattr('port', 'equalto', 8080) }}"
"""

RETURN = r"""
ansible_facts:
  description: The seat, as the fact C(seat).
  returned: always
  type: dict
  contains:
    seat:
      description: What the seat has.
      type: dict
      contains:
        os:
          description: C(id), C(version), C(codename) and C(name), as in os-release(5).
          type: dict
        arch:
          description: Machine type, as C(uname -m) prints it.
          type: str
          sample: x86_64
        service_manager:
          description: V(systemd), or V(none) where nothing manages services.
          type: str
        root:
          description: Whether the module ran as root.
          type: bool
        machine:
          description: >-
            Which machine this is: C(id), a hash of its machine-id(5), empty where it has none;
            C(running), the same for two seats that are one machine, while it runs, and for no two
            machines, were one a copy of the other; C(host_keys), the fingerprints of its SSH host
            keys.
          type: dict
        listeners:
          description: >-
            TCP ports that are held, each with C(port), C(address), C(process), C(pid)
            and, where it is a container's, C(container).
          type: list
          elements: dict
        packages:
          description: Installed Debian packages, name to version.
          type: dict
        held:
          description: Names of the packages that are held at their version.
          type: list
          elements: str
        files:
          description: The files that configure Docker, path to SHA-256.
          type: dict
        daemon_config:
          description: >-
            The content of daemon.json, V(none) where it is absent or no JSON object. The addresses
            in it are told without the name and the password that they may hold.
          type: dict
        docker_group:
          description: Members of the group docker; V(none) where there is no such group.
          type: list
          elements: str
        before:
          description: >-
            What the seat was like before the toolkit first changed it, as the role C(seat) has
            recorded it; V(none) where it has changed nothing yet.
          type: dict
        brought:
          description: >-
            What the toolkit brought, as it has recorded it, C(packages) and C(users), the
            accounts that it put into the group docker; C(containers), the IDs of those that it has
            made, and C(making), the name of one that it was about to make, both absent where a
            version before that has made its container. Packages that an installation was bringing
            when it was interrupted are among them, where they have come.
          type: dict
        built:
          description: >-
            The images that the role C(course_image) built here or brought here, tag to
            fingerprint. Of a record of before fingerprints covered all that they do now, those that
            are still there as they were.
          type: dict
        bases:
          description: >-
            Where the room's images are built here, the digests that names of images had in their
            registry when they were asked for, name to digest.
          type: dict
        served:
          description: >-
            Where the room's images are built here, the revisions that the room has had, the last
            one last.
          type: list
          elements: str
        torn:
          description: >-
            The records that are there and cannot be read, each as a sentence that names it. What
            they told is not in the other facts: who goes on would take the seat for another.
          type: list
          elements: str
        apt:
          description: >-
            What was left of an installation: C(unfinished), names of the packages that dpkg has
            begun to install, C(journal), whether dpkg was ended in the middle of writing that down,
            C(interrupted), whether it was one of the toolkit's, and C(policy_rc_d), the file that
            keeps services from starting, V(absent), V(left) by that one, or V(other), of somebody
            else.
          type: dict
        docker:
          description: >-
            The engine: C(running), C(enabled), C(version), C(root), C(free_mb), C(driver),
            C(data), whether there is anything at its root, C(outdated), whether its configuration
            changed after it started, C(partial), whether it loads an archive that leaves out
            the layers that it has, and C(cpus), how many a container's limit can be of, 0 where the
            engine cannot limit them.
          type: dict
        images:
          description: >-
            Tagged images, tag to C(id), C(revision), C(fingerprint), C(layers) and C(labels). The
            fingerprint covers the layers and the configuration, and is the same wherever the
            image is loaded. The layers are the SHA-256 of each, the lowest first.
          type: dict
        containers:
          description: >-
            Containers, name to C(id), C(image), C(image_id), C(state), C(health), C(labels),
            C(ports) and C(settings), what each was started with: fields of Docker's own
            description, none where it is gone by now. Of a list, the first ones.
          type: dict
        networks:
          description: Names of the networks that are not Docker's own.
          type: list
          elements: str
        volumes:
          description: Names of the volumes.
          type: list
          elements: str
        clock:
          description: >-
            C(control), the control machine's time when it asked, and C(ahead), the seconds that the
            seat's clock is ahead of it, the way included; V(none) where the time was not given.
          type: dict
        network:
          description: >-
            C(interface) and C(mtu) of the default route; C(addresses), the IPv4 addresses that the
            seat has, as networks; C(routes), the IPv4 networks that the seat
            has a route to, each with C(to) and C(interface); C(docker), the subnets of Docker's
            networks, each with C(name) and C(subnet), and C(docker_mtu), the largest packet that
            its containers send; C(docker_proxy), whether the engine has a proxy, and C(proxy), the
            one that the seat's own files name, without a password; C(registries), by host:port what
            became of reaching it, C(reached), C(why) not, C(public), whether an authority of
            Debian's list signed its certificate, V(none) where that cannot be told, and
            C(issuer), the name of who signed.
          type: dict
        registry:
          description: >-
            The room's registry, where this machine is its host: C(images), tag to digest, and
            the certificates C(ca) and C(certificate) in PEM, empty where there are none.
          type: dict
"""

import base64
import glob
import grp
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.docker_engine import (
    SOCKET,
    DockerConnection,
    EngineError,
    fingerprint,
    fingerprint_1,
)
from ansible_collections.labocloud.room.plugins.module_utils.record import (
    NAMES,
    TornError,
    read_record,
)

DAEMON_JSON = "/etc/docker/daemon.json"
# What the engine reads when it starts.
ENGINE_CONFIGURATION = (
    DAEMON_JSON,
    "/etc/docker/labocloud-proxy.env",
    "/etc/containerd/labocloud.toml",
    "/etc/systemd/system/containerd.service.d/*.conf",
    "/etc/systemd/system/docker.service.d/*.conf",
)
OTHER_CONFIGURATION = (
    "/etc/apt/sources.list.d/docker*",
    "/etc/apt/keyrings/docker*",
    "/etc/docker/certs.d/*/labocloud.crt",
    "/etc/docker/registry/labocloud*.yml",
    "/etc/docker/registry/labocloud-proxy.env",
    "/etc/docker/registry/labocloud-mirror-limit.py",
    "/etc/systemd/system/docker-registry.service.d/*.conf",
    "/etc/systemd/system/labocloud-*.service",
)
REGISTRY_TAGS = "/var/lib/docker-registry/room/docker/registry/v2/repositories/*/_manifests/tags"
# More tags than a room's registry keeps, and more characters than a link's digest has.
REGISTRY_MOST, LINK_CHARACTERS = 1000, 100
DIGEST = re.compile("sha256:[0-9a-f]{64}")
REGISTRY_CERTIFICATES = {
    "ca": "/etc/docker/registry/labocloud-ca.crt",
    "certificate": "/etc/docker/registry/labocloud.crt",
}
# Debian's own list of authorities, without those that an administrator has added.
PUBLIC_AUTHORITIES = "/usr/share/ca-certificates/mozilla/*.crt"
# What OpenSSL says of a certificate, or of its authority, that is on no list.
UNKNOWN_AUTHORITY = (18, 19, 20, 21)
# Where a seat's own proxy is written, for people and for apt.
PROXY_FILES = ("/etc/environment", "/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*")
# What an address begins with that holds a name and a password, whatever characters these have.
PASSWORD = re.compile(r"(?<=://).*@")
MACHINE_ID = "/etc/machine-id"
HOST_KEYS = "/etc/ssh/ssh_host_*_key.pub"
# Interfaces that come and go with containers, and those that are alike on many machines.
PASSING_INTERFACES = re.compile(r"lo|veth.*|docker0|docker_gwbridge|br-[0-9a-f]{12}")
REGISTRY_SECONDS = 2
# Where dpkg writes down what it does, before it is in its status; the files are numbered.
DPKG_JOURNAL = "/var/lib/dpkg/updates/[0-9]*"
# What dpkg(1) calls a package that is between absent and installed.
UNFINISHED = {
    "half-installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
}
POLICY_RC_D = "/usr/sbin/policy-rc.d"
# What Ansible's apt writes there; after a power cut it may be empty.
ANSIBLES_POLICY = {"#!/bin/sh\nexit 101\n", ""}
# What a container was started with, in its HostConfig; and how many entries of a list are told.
CONTAINER_SETTINGS = (
    "CapAdd",
    "CapDrop",
    "Devices",
    "GroupAdd",
    "IpcMode",
    "Memory",
    "NanoCpus",
    "NetworkMode",
    "PidMode",
    "PidsLimit",
    "Privileged",
    "ReadonlyRootfs",
    "SecurityOpt",
    "Tmpfs",
    "UTSMode",
    "UsernsMode",
)
ENTRIES = 20
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # as Docker writes it, too
DOCKER_NETWORKS = {"bridge", "host", "none", "docker_gwbridge", "ingress"}
LISTEN = "0A"


def parse_os_release(text: str) -> dict[str, str]:
    """Read os-release(5) and give id, version, codename and name, empty where not told."""
    told = dict(re.findall(r'^([A-Z_]+)="?([^"\n]*)"?$', text, re.MULTILINE))
    return {
        "id": told.get("ID", ""),
        "version": told.get("VERSION_ID", ""),
        "codename": told.get("VERSION_CODENAME", ""),
        "name": told.get("PRETTY_NAME", ""),
    }


def parse_dpkg_status(text: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Read dpkg's status file.

    Gives the installed packages with their versions, the names of the held ones among them, and
    the names of those that dpkg has begun to install, or to remove, and not finished.
    """
    packages: dict[str, str] = {}
    held: list[str] = []
    unfinished: list[str] = []
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version): (.*)$", paragraph, re.MULTILINE))
        want, _, state = fields.get("Status", "").partition(" ")
        if "Package" not in fields:
            continue
        if state == "ok installed":
            packages[fields["Package"]] = fields.get("Version", "")
            if want == "hold":
                held.append(fields["Package"])
        elif state.rpartition(" ")[2] in UNFINISHED:
            unfinished.append(fields["Package"])
    return packages, held, unfinished


def parse_listeners(table: str) -> list[dict[str, Any]]:
    """Read /proc/net/tcp or tcp6 and give the listening sockets: port, address, inode."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] != LISTEN:
            continue
        address, port = fields[1].split(":")
        # The kernel prints each 32 bits of the address in the machine's own byte order.
        words = re.findall("........", address)
        raw = b"".join(struct.pack("=I", int(word, 16)) for word in words)
        family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
        found.append(
            {"port": int(port, 16), "address": socket.inet_ntop(family, raw), "inode": fields[9]}
        )
    return found


def parse_routes(table: str) -> list[dict[str, str]]:
    """Read /proc/net/route and give the routes: the network and the interface."""
    routes = []
    for line in table.splitlines()[1:]:
        interface, destination, _, _, _, _, _, mask = line.split()[:8]
        # As for the sockets: in the machine's own byte order. A mask's ones are in one piece.
        to = socket.inet_ntoa(struct.pack("=I", int(destination, 16)))
        length = int(mask, 16).bit_count()
        routes.append({"to": f"{to}/{length}", "interface": interface})
    return routes


def without_passwords(value: Any) -> Any:  # noqa: ANN401
    """Give a copy of JSON data in which no address holds a name and a password."""
    if isinstance(value, str):
        return PASSWORD.sub("", value)
    if isinstance(value, dict):
        return {key: without_passwords(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_passwords(one) for one in value]
    return value


def parse_addresses(trie: str) -> list[str]:
    """Read /proc/net/fib_trie and give the machine's own IPv4 addresses, as networks."""
    found = re.findall(r"\|-- ([\d.]+)\n\s+/(\d+) host LOCAL", trie)
    return sorted({f"{address}/{length}" for address, length in found})


def parse_proxy(text: str) -> str:
    """Give the proxy that a file of the environment or of apt names, empty where it names none.

    Without the name and the password that it may hold: what seats tell is shown and kept.
    """
    named = re.search(
        r"""^[^#\n/]*?(?:https?_proxy=|Acquire::https?::Proxy\s+)["']?"""
        r"""(https?://)(?:.*@)?([^"'\s;@]+)""",
        text,
        re.MULTILINE | re.IGNORECASE,
    )
    return "".join(named.groups()) if named else ""


def parse_host_key(text: str) -> str:
    """Give the fingerprint of a public SSH key, as OpenSSH prints it; empty where it is none."""
    _, _, key = text.partition(" ")
    try:
        raw = base64.b64decode(key.split()[0], validate=True)
    except (IndexError, ValueError):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def name_holders(
    listeners: list[dict[str, Any]],
    sockets: dict[str, dict[str, Any]],
    containers: dict[str, Any],
) -> list[dict[str, Any]]:
    """Tell who holds each port.

    listeners: as parse_listeners gives them. sockets: inode to C(process) and C(pid).
    containers: as container_facts gives them. Docker forwards some published ports without
    a process of its own, so the containers' ports count as held too.
    """
    published = {
        port: name
        for name, container in containers.items()
        if container["state"] == "running"
        for port in container["ports"]
    }
    held = []
    for listener in listeners:
        holder = sockets.get(listener["inode"], {"process": None, "pid": None})
        container = published.get(listener["port"])
        of_docker = holder["process"] in ("docker-proxy", "dockerd", "rootlesskit", None)
        held.append(
            {
                "port": listener["port"],
                "address": listener["address"],
                **holder,
                "container": container if of_docker else None,
            }
        )
    seen = {holder["port"] for holder in held}
    held.extend(
        {"port": port, "address": "", "process": None, "pid": None, "container": name}
        for port, name in published.items()
        if port not in seen
    )
    return sorted(held, key=lambda holder: (holder["port"], holder["address"]))


def read(path: str) -> str:
    """Give a file's text, empty where it is not there."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def socket_holders() -> dict[str, dict[str, Any]]:
    """Give the process behind each socket that this user may see: inode to process and pid."""
    holders = {}
    for link in glob.glob("/proc/[0-9]*/fd/[0-9]*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue  # the process ended in between, or is another user's
        if target.startswith("socket:["):
            pid = link.split("/")[2]
            holders[target[8:-1]] = {"process": read(f"/proc/{pid}/comm").strip(), "pid": int(pid)}
    return holders


def hashed(*parts: str) -> str:
    """Give a hash of the toolkit's own: a machine-id itself is not to be told, says systemd."""
    return hashlib.sha256("\n".join(("labocloud", *parts)).encode()).hexdigest()


def machine_facts() -> dict[str, Any]:
    """Tell which machine this is.

    A copy of its disk has its machine-id and its host keys. Containers of one machine, which the
    project's tests take for seats, have its kernel, and so its boot. Hardware addresses may be
    alike where a copy has an interface without hardware. All together are one machine's alone.
    """
    machine_id = read(MACHINE_ID).strip()
    addresses = {
        read(f"{interface}/address").strip()
        for interface in glob.glob("/sys/class/net/*")
        if not PASSING_INTERFACES.fullmatch(Path(interface).name)
    }
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    keys = {parse_host_key(read(path)) for path in glob.glob(HOST_KEYS)}
    return {
        "id": hashed(machine_id) if machine_id else "",
        "running": hashed(machine_id, boot, *sorted(addresses)) if machine_id else "",
        "host_keys": sorted(keys - {""}),
    }


def free_mb(path: str) -> int:
    """Give the space, in MiB, that root can still fill at path or where it would be made."""
    place = Path(path)
    while not place.exists():
        place = place.parent
    space = os.statvfs(place)
    return space.f_bavail * space.f_frsize // 2**20


def started_at(pid: str) -> float:
    """Give the time a process started, in seconds of the system's clock."""
    ticks = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    (boot,) = re.findall(r"^btime (\d+)$", read("/proc/stat"), re.MULTILINE)
    return int(boot) + ticks / os.sysconf("SC_CLK_TCK")


def outdated(files: list[str]) -> bool:
    """Tell whether a file of the engine's configuration is newer than the running engine."""
    pid = read("/var/run/docker.pid").strip()
    if not pid or not Path(f"/proc/{pid}").exists():
        return False
    # /proc counts the start in hundredths of a second, and rounds the boot to whole seconds.
    return any(Path(path).stat().st_mtime > started_at(pid) + 1 for path in files)


def inspected_images(docker: DockerConnection) -> dict[str, dict[str, Any]]:
    """Give the engine's own description of its tagged images, by tag."""
    images: dict[str, dict[str, Any]] = {}
    for listed in docker.ask("/images/json"):
        tags = [tag for tag in listed.get("RepoTags") or [] if tag != "<none>:<none>"]
        if not tags:
            continue
        try:
            image = docker.ask(f"/images/{listed['Id']}/json")
        except OSError:
            continue  # a broken image is as good as none
        if image is not None:
            images |= dict.fromkeys(tags, image)
    return images


def image_facts(inspected: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give the engine's tagged images."""
    images = {}
    for tag, image in inspected.items():
        labels = (image.get("Config") or {}).get("Labels") or {}
        images[tag] = {
            "id": image["Id"],
            "revision": labels.get("labocloud.revision", ""),
            "fingerprint": fingerprint(image),
            "layers": image["RootFS"].get("Layers") or [],
            "labels": labels,
        }
    return images


def built_facts(
    record: dict[str, Any] | None, inspected: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Give what a record says that the toolkit built or brought here: images and bases.

    inspected: the images that are there. A record without a version has fingerprints of the
    earlier kind: of an image that has it still, today's is told, and others are not the toolkit's.
    """
    if record is None or "version" in record:
        return {"images": {}, "bases": {}} | (record or {})
    images = {
        tag: fingerprint(inspected[tag])
        for tag, mark in record.items()
        if tag in inspected and fingerprint_1(inspected[tag]) == mark
    }
    return {"images": images, "bases": {}}


def container_settings(told: dict[str, Any]) -> dict[str, Any]:
    """Give what a container was started with, from the engine's description of it."""
    host = told["HostConfig"]
    bindings = host.get("PortBindings") or {}
    settings = {key: host.get(key) for key in CONTAINER_SETTINGS} | {
        "User": told["Config"].get("User"),
        "Mounts": [f"{mount.get('Source', '')}:{mount['Destination']}" for mount in told["Mounts"]],
        "PortBindings": sorted(
            f"{one.get('HostIp') or ANY_ADDRESS}:{one['HostPort']}:{port}"
            for port, ends in bindings.items()
            for one in ends or []
        ),
    }
    return {
        key: value[:ENTRIES] if isinstance(value, list) else value
        for key, value in settings.items()
    }


def container_facts(docker: DockerConnection) -> dict[str, Any]:
    """Give the engine's containers, the stopped ones too."""
    containers = {}
    for listed in docker.ask("/containers/json?all=true"):
        health = re.search(r"\((?:health: )?(\w+)\)$", listed["Status"])
        # A container that died while it was removed has no name left.
        name = (listed.get("Names") or [listed["Id"][:12]])[0].lstrip("/")
        try:
            told = docker.ask(f"/containers/{listed['Id']}/json")
        except EngineError:
            told = None  # it dies just now
        containers[name] = {
            "id": listed["Id"],
            "image": listed["Image"],
            "image_id": listed["ImageID"],
            "state": listed["State"],
            "health": health.group(1) if health and listed["State"] == "running" else None,
            "labels": listed["Labels"] or {},
            "ports": sorted(
                {port["PublicPort"] for port in listed["Ports"] if "PublicPort" in port}
            ),
            "settings": container_settings(told) if told else {},
        }
    return containers


def loads_partial_archives(info: dict[str, Any]) -> bool:
    """Tell, from the engine's own description, whether it skips layers of an archive that it has.

    The graph drivers do: the layer's file is not even opened. containerd's image store, the
    default of new installations of Docker 29, wants all of them.
    """
    return not any("snapshotter" in str(value) for _, value in info.get("DriverStatus") or [])


def issuer_of(certificate: dict[str, Any]) -> str:
    """Give the name of who signed a certificate, as the ssl module tells it."""
    names: dict[str, str] = {
        key: value for part in certificate.get("issuer", ()) for key, value in part
    }
    return names.get("organizationName") or names.get("commonName", "")


def shown_certificate(
    address: tuple[str, int], authorities: ssl.SSLContext
) -> tuple[dict[str, Any], bytes]:
    """Give a server's certificate, as authorities see it, and its bytes.

    Raises OSError, of which ssl.SSLCertVerificationError is one, where they do not vouch for it.
    """
    with (
        socket.create_connection(address, REGISTRY_SECONDS) as connection,
        authorities.wrap_socket(connection, server_hostname=address[0]) as secured,
    ):
        return secured.getpeercert() or {}, secured.getpeercert(binary_form=True) or b""


def signed_by(address: tuple[str, int]) -> dict[str, Any]:
    """Tell whether a public authority signed a server's certificate, and which one did."""
    # Without what an administrator has added: a school's proxy may be trusted on the seat.
    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path in glob.glob(PUBLIC_AUTHORITIES):
        public.load_verify_locations(path)
    try:
        return {"public": True, "issuer": issuer_of(shown_certificate(address, public)[0])}
    except ssl.SSLCertVerificationError as error:
        # Not for a date, which a clock that is off makes wrong; not where no authority is known.
        if error.verify_code not in UNKNOWN_AUTHORITY or not public.cert_store_stats()["x509_ca"]:
            return {"public": None, "issuer": ""}
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    _, shown = shown_certificate(address, anybody)
    # Only of a certificate that is vouched for does Python tell what is in it; it may vouch for
    # itself.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    itself.load_verify_locations(cadata=shown)
    return {"public": False, "issuer": issuer_of(shown_certificate(address, itself)[0])}


def reach(registry: str, answers: dict[str, dict[str, Any]]) -> None:
    """Try to reach a registry, host:port, and put down what became of it."""
    host, _, port = registry.rpartition(":")
    address = (host, int(port))
    try:
        socket.create_connection(address, REGISTRY_SECONDS).close()
    except OSError as error:
        answers[registry] |= {"why": error.strerror or str(error)}
        return
    answers[registry] |= {"reached": True, "why": ""}
    with suppress(OSError):  # it does not speak TLS, or not to us
        answers[registry] |= signed_by(address)


class Reaching:
    """Registries that are being tried while the seat tells of other things."""

    def __init__(self, registries: list[str]) -> None:
        self.until = time.monotonic() + REGISTRY_SECONDS
        self.answers: dict[str, dict[str, Any]] = {
            one: {"reached": False, "why": "no answer in time", "public": None, "issuer": ""}
            for one in registries
        }
        # Looking up a name has no time limit of its own: a thread that is late is left behind.
        self.threads = [
            threading.Thread(target=reach, args=(one, self.answers), daemon=True)
            for one in registries
        ]
        for thread in self.threads:
            thread.start()

    def result(self) -> dict[str, dict[str, Any]]:
        """Give, by registry, what is known of it when the time is over."""
        for thread in self.threads:
            thread.join(max(0, self.until - time.monotonic()))
        return {one: dict(answer) for one, answer in self.answers.items()}


def network_facts() -> dict[str, Any]:
    """Give the seat's own network: its routes, the way out, the proxy that its files name."""
    routes = parse_routes(read("/proc/net/route"))
    interface = next((one["interface"] for one in routes if one["to"] == "0.0.0.0/0"), "")
    files = (path for pattern in PROXY_FILES for path in sorted(glob.glob(pattern)))
    return {
        "interface": interface,
        "mtu": int(read(f"/sys/class/net/{interface}/mtu") or 0),
        "addresses": parse_addresses(read("/proc/net/fib_trie")),
        "routes": [one for one in routes if one["to"] != "0.0.0.0/0"],
        "proxy": next(filter(None, (parse_proxy(read(path)) for path in files)), ""),
    }


def docker_network_facts(networks: list[dict[str, Any]], info: dict[str, Any]) -> dict[str, Any]:
    """Give what Docker's own description of its networks, and of itself, tells of the network."""
    [bridge_mtu] = [
        int(network["Options"].get("com.docker.network.driver.mtu", 1500))
        for network in networks
        if network["Name"] == "bridge"
    ] or [0]
    return {
        "docker": [
            {"name": network["Name"], "subnet": configuration["Subnet"]}
            for network in networks
            for configuration in network["IPAM"]["Config"] or []
            if network["Driver"] == "bridge" and "Subnet" in configuration
        ],
        "docker_mtu": bridge_mtu,
        "docker_proxy": bool(info.get("HttpProxy") or info.get("HttpsProxy")),
    }


def linked_digest(link: Path) -> str:
    """Give the digest that a registry's link holds, empty where it holds anything else."""
    # A pipe in its place would be waited for.
    if link.is_symlink() or not link.is_file():
        return ""
    with link.open(encoding="utf-8", errors="replace") as file:
        text = file.read(LINK_CHARACTERS).strip()
    return text if DIGEST.fullmatch(text) else ""


def registry_facts() -> dict[str, Any]:
    """Give what the room's registry holds, as its storage tells it, and its certificates."""
    every = (Path(tags).glob("*/current/link") for tags in glob.iglob(REGISTRY_TAGS))
    links = islice((link for tags in every for link in tags), REGISTRY_MOST)
    digests = {link.parts[-3]: linked_digest(link) for link in links}
    return {
        "images": {tag: digest for tag, digest in digests.items() if digest},
        **{name: read(path) for name, path in REGISTRY_CERTIFICATES.items()},
    }


def engine_facts(path: str) -> dict[str, Any]:
    """Ask the engine. Where none answers, say so and give empty lists.

    Besides the facts it gives "inspected", what the facts on images are taken from.

    Raises OSError where an engine answers, and then answers a question with an error.
    """
    with closing(DockerConnection(path)) as docker:
        try:
            info = docker.ask("/info")
        except (OSError, http.client.HTTPException) as error:
            return {
                "engine": {
                    "running": False,
                    "version": "",
                    "root": "",
                    "driver": "",
                    "partial": False,
                    "cpus": 0,
                    "why": str(error),
                },
                "images": {},
                "inspected": {},
                "containers": {},
                "networks": [],
                "volumes": [],
                "network": {"docker": [], "docker_mtu": 0, "docker_proxy": False},
            }
        inspected = inspected_images(docker)
        networks = docker.ask("/networks")
        volumes = docker.ask("/volumes")["Volumes"] or []
        return {
            "engine": {
                "running": True,
                "version": info["ServerVersion"],
                "root": info["DockerRootDir"],
                "driver": info["Driver"],
                "partial": loads_partial_archives(info),
                "cpus": info["NCPU"] if info.get("CpuCfsQuota") else 0,
            },
            "images": image_facts(inspected),
            "inspected": inspected,
            "containers": container_facts(docker),
            "networks": sorted({network["Name"] for network in networks} - DOCKER_NETWORKS),
            "volumes": sorted(volume["Name"] for volume in volumes),
            "network": docker_network_facts(networks, info),
        }


def record_facts() -> tuple[dict[str, dict[str, Any] | None], list[str]]:
    """Give the records, None where there is none, and what cannot be read, as sentences."""
    torn = []

    def record_of(name: str) -> dict[str, Any] | None:
        try:
            return read_record(name)
        except TornError as error:
            torn.append(str(error))
            return None

    return {name: record_of(name) for name in NAMES}, torn


def brought_facts(record: dict[str, Any] | None, there: set[str]) -> dict[str, Any]:
    """Give what the toolkit brought. there: names of the packages that are installed, or half so.

    A record of an installation that was interrupted names what was coming; what is there came.
    """
    told = {"packages": [], "users": []} | (record or {})
    came = there.intersection(told.get("coming", []))
    kept = {key: value for key, value in told.items() if key not in ("coming", "policy_rc_d")}
    return kept | {"packages": sorted({*told["packages"], *came})}


def policy_rc_d(used: bool) -> str:
    """Tell whose policy-rc.d there is: absent, left or other, as RETURN has it.

    used: whether the record says that the toolkit was using one. It has one written only where
    there is none; one of the same text may be anybody's.
    """
    if not os.path.lexists(POLICY_RC_D):
        return "absent"
    return "left" if used and read(POLICY_RC_D) in ANSIBLES_POLICY else "other"


def apt_facts(brought: dict[str, Any], unfinished: list[str]) -> dict[str, Any]:
    """Give what was left of an installation. brought: the record of what the toolkit brought."""
    return {
        "unfinished": unfinished,
        "journal": bool(glob.glob(DPKG_JOURNAL)),
        "interrupted": "coming" in brought,
        "policy_rc_d": policy_rc_d(brought.get("policy_rc_d", False)),
    }


def has_data(root: str) -> bool:
    """Tell whether there is anything in Docker's directory, but for a file system's own."""
    return any(path.name != "lost+found" for path in Path(root).glob("*"))


def parse_object(text: str) -> dict[str, Any] | None:
    """Read a JSON object; give None where the text is something else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def seat_facts(
    docker_socket: str, control_time: float | None, registries: list[str]
) -> dict[str, Any]:
    """Give all facts of this machine."""
    ahead = time.time() - control_time if control_time is not None else None
    reaching = Reaching(registries)
    engine_files = [path for pattern in ENGINE_CONFIGURATION for path in glob.glob(pattern)]
    files = engine_files + [path for pattern in OTHER_CONFIGURATION for path in glob.glob(pattern)]
    config = parse_object(read(DAEMON_JSON))
    packages, held, unfinished = parse_dpkg_status(read("/var/lib/dpkg/status"))
    records, torn = record_facts()
    answers = engine_facts(docker_socket)
    engine = answers.pop("engine")
    built = built_facts(records["built"], answers.pop("inspected"))
    engine["root"] = engine["root"] or (config or {}).get("data-root", "/var/lib/docker")
    listeners = parse_listeners(read("/proc/net/tcp")) + parse_listeners(read("/proc/net/tcp6"))
    try:
        group = grp.getgrnam("docker").gr_mem
    except KeyError:
        group = None
    return {
        "os": parse_os_release(read("/etc/os-release")),
        "arch": os.uname().machine,
        "service_manager": "systemd" if Path("/run/systemd/system").is_dir() else "none",
        "root": os.geteuid() == 0,
        "machine": machine_facts(),
        "listeners": name_holders(listeners, socket_holders(), answers["containers"]),
        "packages": packages,
        "held": held,
        "files": {
            path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in sorted(files)
        },
        "daemon_config": without_passwords(config),
        "docker_group": group,
        "before": records["before"],
        "brought": brought_facts(records["brought"], {*packages, *unfinished}),
        "built": built["images"],
        "bases": built["bases"],
        "served": (records["served"] or {"revisions": []})["revisions"],
        "torn": torn,
        "apt": apt_facts(records["brought"] or {}, unfinished),
        "docker": {
            **engine,
            "free_mb": free_mb(engine["root"]),
            "data": has_data(engine["root"]),
            "enabled": bool(glob.glob("/etc/systemd/system/*.wants/docker.service")),
            "outdated": outdated(engine_files),
        },
        "clock": {"control": control_time, "ahead": ahead},
        "registry": registry_facts(),
        **answers,
        "network": network_facts() | answers["network"] | {"registries": reaching.result()},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "docker_socket": {"type": "path", "default": SOCKET},
            "control_time": {"type": "float"},
            "registries": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        seat = seat_facts(**module.params)
    except (OSError, http.client.HTTPException, TornError) as error:
        module.fail_json(msg=f"the seat cannot tell what it has: {error}")
    module.exit_json(changed=False, ansible_facts={"seat": seat})


if __name__ == "__main__":
    main()
