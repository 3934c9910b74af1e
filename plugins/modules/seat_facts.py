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
  seat_facts:

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
          description: The content of daemon.json, V(none) where it is absent or no JSON object.
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
            accounts that it put into the group docker.
          type: dict
        built:
          description: >-
            The images that the role C(course_image) built here or brought here, tag to
            fingerprint.
          type: dict
        served:
          description: >-
            Where the room's images are built here, the revisions that the room has had, the last
            one last.
          type: list
          elements: str
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
            Tagged images, tag to C(revision), C(fingerprint), C(layers) and C(labels). The
            fingerprint covers the layers and the configuration, and is the same wherever the
            image is loaded. The layers are the SHA-256 of each, the lowest first.
          type: dict
        containers:
          description: Containers, name to C(image), C(state), C(health), C(labels) and C(ports).
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
            C(interface) and C(mtu) of the default route; C(routes), the IPv4 networks that the seat
            has a route to, each with C(to) and C(interface); C(docker), the subnets of Docker's
            networks, each with C(name) and C(subnet), and C(docker_mtu), the largest packet that
            its containers send; C(docker_proxy), whether the engine has a proxy, and C(proxy), the
            one that the seat's own files name; C(registries), by host:port what became of reaching
            it, C(reached), C(why) not, C(public), whether an authority of Debian's list signed its
            certificate, V(none) where that cannot be told, and C(issuer), the name of who signed.
          type: dict
        registry:
          description: >-
            The room's registry, where this machine is its host: C(images), tag to digest, and
            the certificates C(ca) and C(certificate) in PEM, empty where there are none.
          type: dict
"""

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
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_engine import SOCKET, DockerConnection, fingerprint

RECORD = "/var/lib/labocloud/before.json"
BROUGHT = "/var/lib/labocloud/brought.json"
BUILT = "/var/lib/labocloud/built.json"
SERVED = "/var/lib/labocloud/served.json"
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
    "/etc/systemd/system/docker-registry.service.d/*.conf",
    "/etc/systemd/system/labocloud-*.service",
)
REGISTRY_TAGS = "/var/lib/docker-registry/room/docker/registry/v2/repositories/*/_manifests/tags"
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
REGISTRY_SECONDS = 2
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


def parse_dpkg_status(text: str) -> tuple[dict[str, str], list[str]]:
    """Read dpkg's status file: the installed packages with their versions, and the held ones."""
    packages: dict[str, str] = {}
    held: list[str] = []
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version): (.*)$", paragraph, re.MULTILINE))
        want, _, state = fields.get("Status", "").partition(" ")
        if state == "ok installed":
            packages[fields["Package"]] = fields["Version"]
            if want == "hold":
                held.append(fields["Package"])
    return packages, held


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


def parse_proxy(text: str) -> str:
    """Give the proxy that a file of the environment or of apt names, empty where it names none."""
    named = re.search(
        r"""^[^#\n/]*?(?:https?_proxy=|Acquire::https?::Proxy\s+)["']?(https?://[^"'\s;]+)""",
        text,
        re.MULTILINE | re.IGNORECASE,
    )
    return named.group(1) if named else ""


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
    boot = int(re.search(r"^btime (\d+)$", read("/proc/stat"), re.MULTILINE).group(1))
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def outdated(files: list[str]) -> bool:
    """Tell whether a file of the engine's configuration is newer than the running engine."""
    pid = read("/var/run/docker.pid").strip()
    if not pid or not Path(f"/proc/{pid}").exists():
        return False
    # /proc counts the start in hundredths of a second, and rounds the boot to whole seconds.
    return any(Path(path).stat().st_mtime > started_at(pid) + 1 for path in files)


def image_facts(docker: DockerConnection) -> dict[str, Any]:
    """Give the engine's tagged images."""
    images = {}
    for listed in docker.ask("/images/json"):
        tags = [tag for tag in listed.get("RepoTags") or [] if tag != "<none>:<none>"]
        if not tags:
            continue
        try:
            image = docker.ask(f"/images/{listed['Id']}/json")
        except OSError:
            continue  # a broken image is as good as none
        if image is None:
            continue
        labels = (image.get("Config") or {}).get("Labels") or {}
        for tag in tags:
            images[tag] = {
                "revision": labels.get("labocloud.revision", ""),
                "fingerprint": fingerprint(image),
                "layers": image["RootFS"].get("Layers") or [],
                "labels": labels,
            }
    return images


def container_facts(docker: DockerConnection) -> dict[str, Any]:
    """Give the engine's containers, the stopped ones too."""
    containers = {}
    for listed in docker.ask("/containers/json?all=true"):
        health = re.search(r"\((?:health: )?(\w+)\)$", listed["Status"])
        # A container that died while it was removed has no name left.
        name = (listed.get("Names") or [listed["Id"][:12]])[0].lstrip("/")
        containers[name] = {
            "image": listed["Image"],
            "state": listed["State"],
            "health": health.group(1) if health and listed["State"] == "running" else None,
            "labels": listed["Labels"] or {},
            "ports": sorted(
                {port["PublicPort"] for port in listed["Ports"] if "PublicPort" in port}
            ),
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
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
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


def registry_facts() -> dict[str, Any]:
    """Give what the room's registry holds, as its storage tells it, and its certificates."""
    links = (Path(tags).glob("*/current/link") for tags in glob.glob(REGISTRY_TAGS))
    return {
        "images": {link.parts[-3]: read(str(link)).strip() for tags in links for link in tags},
        **{name: read(path) for name, path in REGISTRY_CERTIFICATES.items()},
    }


def engine_facts(path: str) -> dict[str, Any]:
    """Ask the engine. Where none answers, say so and give empty lists.

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
                "containers": {},
                "networks": [],
                "volumes": [],
                "network": {"docker": [], "docker_mtu": 0, "docker_proxy": False},
            }
        networks = docker.ask("/networks")
        volumes = docker.ask("/volumes")["Volumes"] or []
        return {
            "engine": {
                "running": True,
                "version": info["ServerVersion"],
                "root": info["DockerRootDir"],
                "driver": info["Driver"],
                "partial": loads_partial_archives(info),
                "cpus": info["NCPU"] if info["CpuCfsQuota"] else 0,
            },
            "images": image_facts(docker),
            "containers": container_facts(docker),
            "networks": sorted({network["Name"] for network in networks} - DOCKER_NETWORKS),
            "volumes": sorted(volume["Name"] for volume in volumes),
            "network": docker_network_facts(networks, info),
        }


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
    packages, held = parse_dpkg_status(read("/var/lib/dpkg/status"))
    answers = engine_facts(docker_socket)
    engine = answers.pop("engine")
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
        "listeners": name_holders(listeners, socket_holders(), answers["containers"]),
        "packages": packages,
        "held": held,
        "files": {
            path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in sorted(files)
        },
        "daemon_config": config,
        "docker_group": group,
        "before": parse_object(read(RECORD)),
        "brought": {"packages": [], "users": []} | (parse_object(read(BROUGHT)) or {}),
        "built": parse_object(read(BUILT)) or {},
        "served": (parse_object(read(SERVED)) or {"revisions": []})["revisions"],
        "docker": {
            **engine,
            "free_mb": free_mb(engine["root"]),
            "data": any(Path(engine["root"]).glob("*")),
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
    except (OSError, http.client.HTTPException) as error:
        module.fail_json(msg=f"the seat cannot tell what it has: {error}")
    module.exit_json(changed=False, ansible_facts={"seat": seat})


if __name__ == "__main__":
    main()
