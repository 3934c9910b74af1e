# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Find out a seat's network, who holds its ports, what it reaches, and what its registry has."""

from __future__ import annotations

import copy
import glob
import http.client
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import urlsplit

from ansible_collections.labocloud.room.plugins.module_utils.facts import apt as facts_apt
from ansible_collections.labocloud.room.plugins.module_utils.facts import seat
from ansible_collections.labocloud.room.plugins.module_utils.facts.machine import assignments
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.files import content, matching

# The state of a listening socket in /proc/net/tcp.
_LISTEN = "0A"
# Bytes, more than the table of a machine with thousands of connections has.
_LARGEST_TABLE = 32 * 2**20
_MOST_LISTENERS, _MOST_ROUTES, _MOST_ADDRESSES = 2000, 1000, 1000
_ANYWHERE = "0.0.0.0/0"
# The processes that may hold a port for a container; None, where none is seen.
_OF_DOCKER = ("docker-proxy", "dockerd", "rootlesskit", None)
REGISTRY_TAGS = "/var/lib/docker-registry/room/docker/registry/v2/repositories/*/_manifests/tags"
# More tags than a room's registry keeps, and more bytes than a link's digest has.
REGISTRY_MOST, _LINK_BYTES = 1000, 100
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
REGISTRY_CA = "/etc/docker/registry/labocloud-ca.crt"
REGISTRY_CERTIFICATE = "/etc/docker/registry/labocloud.crt"
# Bytes of a certificate, which has some two thousand.
_LARGEST_CERTIFICATE = 2**16
# Debian's own list of authorities, without those that an administrator has added.
PUBLIC_AUTHORITIES = "/usr/share/ca-certificates/mozilla/*.crt"
# OpenSSL's codes of a certificate whose authority is on no list.
_UNKNOWN_AUTHORITY = (18, 19, 20, 21)
REGISTRY_SECONDS = 2
# The seat's proxy for people is written there; apt's is in its own configuration.
ENVIRONMENT = "/etc/environment"
_PROXY_VARIABLES = ("http_proxy", "https_proxy")
# The path of the course's health page, which has some hundred bytes, below the page's address.
_HEALTH = "/healthz"
PAGE_SECONDS, _PAGE_BYTES = 20, 2**16
_LONGEST_REVISION = 200

_Answer = TypeVar("_Answer")


class Listening(TypedDict):
    """A socket that listens on a TCP port."""

    port: int
    address: str
    inode: str


class Holder(TypedDict):
    """A process that holds a socket, None where none is seen."""

    process: str | None
    pid: int | None


def parse_listeners(table: str) -> list[Listening]:
    """Return the listening sockets of /proc/net/tcp or tcp6."""
    listeners: list[Listening] = []
    for line in table.splitlines()[1:]:
        # A line that is not the kernel's describes no socket.
        with suppress(IndexError, ValueError, OSError, struct.error):
            fields = line.split()
            if fields[3] != _LISTEN:
                continue
            address, port = fields[1].split(":")
            # The kernel prints each 32 bits of the address in the machine's own byte order.
            words = re.findall("........", address)
            raw = b"".join(struct.pack("=I", int(word, 16)) for word in words)
            family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
            address = socket.inet_ntop(family, raw)
            listeners.append({"port": int(port, 16), "address": address, "inode": fields[9]})
    return listeners[:_MOST_LISTENERS]


def parse_routes(table: str) -> list[seat.Route]:
    """Return the routes of /proc/net/route."""
    routes: list[seat.Route] = []
    for line in table.splitlines()[1:]:
        with suppress(ValueError, struct.error):
            interface, destination, _, _, _, _, _, mask = line.split()[:8]
            # These are in the machine's own byte order, too. A mask's ones are in one piece.
            to = socket.inet_ntoa(struct.pack("=I", int(destination, 16)))
            length = bin(int(mask, 16)).count("1")  # noqa: FURB161  # Python 3.9 lacks bit_count
            routes.append({"to": f"{to}/{length}", "interface": interface})
    return routes[:_MOST_ROUTES]


def parse_addresses(trie: str) -> list[str]:
    """Return the machine's own IPv4 addresses in /proc/net/fib_trie, as networks."""
    local = re.findall(r"\|-- ([\d.]+)\n\s+/(\d+) host LOCAL", trie)
    return sorted({f"{address}/{length}" for address, length in local})[:_MOST_ADDRESSES]


def plain_proxy(address: str) -> str:
    """Return a proxy's address without the name and the password that it may hold.

    Empty where it is no address of a proxy: the facts of seats are shown and kept.
    """
    scheme, separator, rest = address.strip().partition("://")
    # A password may hold any character, an @ too.
    place = re.match(r"""[^"'\s;@]+""", rest.rpartition("@")[2])
    is_http = scheme.lower() in ("http", "https")
    return f"{scheme}{separator}{place[0]}" if is_http and place else ""


def proxy(odd: Odd) -> str:
    """Return the proxy that the seat's own files name, for people or for apt; empty for none."""
    set_for_people = assignments(read(ENVIRONMENT, odd))
    addresses = [
        value for name, value in set_for_people.items() if name.lower() in _PROXY_VARIABLES
    ]
    addresses += facts_apt.proxies(facts_apt.configuration(odd))
    return next(filter(None, map(plain_proxy, addresses)), "")


def socket_holders(wanted: set[str]) -> dict[str, Holder]:
    """Return the process behind each socket that is wanted and seen, by inode."""
    holders: dict[str, Holder] = {}
    for link in glob.iglob("/proc/[0-9]*/fd/[0-9]*"):
        if holders.keys() == wanted:
            break
        try:
            target = os.readlink(link)
        except OSError:
            continue  # The process ended in between, or is another user's.
        inode = target[len("socket:[") : -1]
        if target.startswith("socket:[") and inode in wanted:
            pid = link.split("/")[2]
            holders[inode] = {"process": read(f"/proc/{pid}/comm").strip(), "pid": int(pid)}
    return holders


def name_holders(
    listeners: list[Listening], sockets: dict[str, Holder], containers: dict[str, seat.Container]
) -> list[seat.Listener]:
    """Return who holds each TCP port.

    sockets: as socket_holders() returns them. Docker forwards some published ports without a
    process of its own, so the containers' ports count as held too.
    """
    nobody: Holder = {"process": None, "pid": None}
    published: dict[int, dict[str, str]] = {}
    for name, container in containers.items():
        for end in container["ports"] if container["state"] == "running" else ():
            if end["protocol"] == "tcp":
                published.setdefault(end["port"], {})[end["address"]] = name
    holders: list[seat.Listener] = []
    seen: set[tuple[int, str | None]] = set()
    for listener in listeners:
        port, address = listener["port"], listener["address"]
        holder = sockets.get(listener["inode"], nobody)
        container_name: str | None = None
        if holder["process"] in _OF_DOCKER:
            by_address = published.get(port, {})
            # A container that is alone on a port is meant, however the engine writes the address.
            alone = next(iter(by_address.values())) if len(set(by_address.values())) == 1 else None
            container_name = by_address.get(address, alone)
        holders.append({"port": port, "address": address, **holder, "container": container_name})
        seen |= {(port, address), (port, container_name)}
    holders.extend(
        {"port": port, "address": address, **nobody, "container": name}
        for port, by_address in published.items()
        for address, name in by_address.items()
        if not {(port, address), (port, name)} & seen
    )
    holders.sort(key=lambda holder: (holder["port"], holder["address"]))
    return holders[:_MOST_LISTENERS]


def listener_facts(containers: dict[str, seat.Container], odd: Odd) -> list[seat.Listener]:
    """Return who holds each TCP port of the seat."""
    tables = [read(f"/proc/net/{name}", odd, _LARGEST_TABLE) for name in ("tcp", "tcp6")]
    listeners = [listener for table in tables for listener in parse_listeners(table)]
    holders = socket_holders({listener["inode"] for listener in listeners})
    return name_holders(listeners, holders, containers)


def network_facts(odd: Odd) -> seat.OwnNetwork:
    """Return the seat's own network: its routes, the way out, the proxy that its files name."""
    # The interface and its MTU are those of the first IPv4 default route, which leads out. The
    # other routes are those of all interfaces: Docker's networks may collide with any of them.
    routes = parse_routes(read("/proc/net/route", odd))
    interface = next((route["interface"] for route in routes if route["to"] == _ANYWHERE), "")
    mtu = read(f"/sys/class/net/{interface}/mtu").strip() if interface else ""
    return {
        "interface": interface,
        "mtu": int(mtu) if re.fullmatch("[0-9]{1,9}", mtu) else 0,
        "addresses": parse_addresses(read("/proc/net/fib_trie", odd, _LARGEST_TABLE)),
        "routes": [route for route in routes if route["to"] != _ANYWHERE],
        "proxy": proxy(odd),
    }


def issuer_of(certificate: dict[str, Any]) -> str:
    """Return the name of who signed a certificate, as the ssl module describes it."""
    names: dict[str, str] = {
        key: value for part in certificate.get("issuer", ()) for key, value in part
    }
    return names.get("organizationName") or names.get("commonName", "")


def _shown_certificate(address: tuple[str, int], authorities: ssl.SSLContext) -> tuple[str, bytes]:
    """Return who signed a server's certificate, as authorities see it, and its bytes.

    Raises OSError, of which ssl.SSLCertVerificationError is one, where they do not vouch for it.
    """
    with (
        socket.create_connection(address, REGISTRY_SECONDS) as connection,
        authorities.wrap_socket(connection, server_hostname=address[0]) as secured,
    ):
        return issuer_of(secured.getpeercert() or {}), secured.getpeercert(binary_form=True) or b""


def public_authorities() -> ssl.SSLContext:
    """Return a context that trusts the public authorities alone.

    Those that an administrator has added are not among them, such as that of a school's proxy.
    """
    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path in matching(PUBLIC_AUTHORITIES):
        with suppress(OSError, ValueError):  # The file holds no certificate.
            public.load_verify_locations(cadata=read(path))
    return public


def _signed_by(address: tuple[str, int]) -> tuple[bool | None, str]:
    """Return whether a public authority signed a server's certificate, and who did.

    The first is None where it cannot be told. Raises OSError.
    """
    public = public_authorities()
    try:
        return True, _shown_certificate(address, public)[0]
    except ssl.SSLCertVerificationError as error:
        # Neither a date that is wrong by a clock that is off, nor a seat without any authority,
        # proves that no public one has signed.
        if error.verify_code not in _UNKNOWN_AUTHORITY or not public.cert_store_stats()["x509_ca"]:
            return None, ""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    _, shown = _shown_certificate(address, anybody)
    # Python parses a certificate only where an authority vouches for it, which it may be itself.
    # Python 3.9 has no name for that flag of OpenSSL's.
    itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    itself.check_hostname = False
    itself.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
    itself.load_verify_locations(cadata=shown)
    return False, _shown_certificate(address, itself)[0]


def _reach(registry: str, answer: seat.Reached) -> None:
    """Try to reach a registry, host:port, and put into answer what became of it."""
    try:
        host, _, port = registry.rpartition(":")
        address = (host.strip("[]"), int(port))
        socket.create_connection(address, REGISTRY_SECONDS).close()
    except TimeoutError:
        return  # The answer is "no answer in time" already, as when nobody waits any more.
    except OSError as error:
        answer["why"] = error.strerror or str(error)
        return
    except (ValueError, OverflowError):
        answer["why"] = "that is no HOST:PORT"
        return
    answer.update({"reached": True, "why": ""})
    with suppress(OSError, ValueError):  # It does not speak TLS, or not to us.
        public, issuer = _signed_by(address)
        answer.update({"public": public, "issuer": issuer})


class PendingAnswers(Generic[_Answer]):
    """Questions that are asked in threads of their own, and abandoned when they take too long.

    Neither looking up a name nor reading an answer that comes byte by byte has a time limit of its
    own. An answer is filled in piece by piece; as it is to begin with, it says that none came.
    """

    def __init__(
        self, ask: Callable[[str, _Answer], None], names: Iterable[str], late: _Answer, seconds: int
    ) -> None:
        """Begin to ask each by its name. late: the answer to begin with. seconds: for all."""
        self.end = time.monotonic() + seconds
        self.answers = {name: copy.copy(late) for name in names}
        self.threads = [
            threading.Thread(target=ask, args=question, daemon=True)
            for question in self.answers.items()
        ]
        for thread in self.threads:
            thread.start()

    def result(self) -> dict[str, _Answer]:
        """Return the answers by name, once the time is over or all are complete."""
        for thread in self.threads:
            thread.join(max(0.0, self.end - time.monotonic()))
        return copy.deepcopy(self.answers)


def reach(registries: Iterable[str]) -> PendingAnswers[seat.Reached]:
    """Begin to try registries, host:port."""
    late: seat.Reached = {
        "reached": False,
        "why": "no answer in time",
        "public": None,
        "issuer": "",
    }
    return PendingAnswers(_reach, registries, late, REGISTRY_SECONDS)


def _revision_in(body: bytes) -> str | None:
    """Return the revision in the JSON of a health page, None where there is none."""
    try:
        page = json.loads(body)
    except (ValueError, RecursionError):
        return None
    revision = page.get("revision") if isinstance(page, dict) else None
    return revision[:_LONGEST_REVISION] if isinstance(revision, str) else None


def _look_at(url: str, answer: seat.Page) -> None:
    """Request the health page below an address, and put into answer what came.

    It is a container's, so it may be anything: no proxy is used, and no redirection is followed.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("that is no address that begins with http://")
        connection = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=PAGE_SECONDS
        )
        with closing(connection):
            connection.request("GET", f"{parts.path.rstrip('/')}{_HEALTH}")
            response = connection.getresponse()
            body = response.read(_PAGE_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        answer["why"] = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return
    revision = _revision_in(body) if response.status == http.client.OK else None
    why = "" if revision is not None else "it tells no revision"
    if response.status != http.client.OK:
        why = f"its status is {response.status}"
    answer.update({"status": response.status, "revision": revision, "why": why})


def look_at(
    url: str, name: str, containers: dict[str, seat.Container]
) -> PendingAnswers[seat.Page]:
    """Begin to request a container's health page; nothing where no such container runs.

    url: the page's address, empty for none. name: the container's.
    """
    container = containers.get(name)
    runs = container is not None and container["state"] == "running"
    late: seat.Page = {"status": None, "revision": None, "why": "no answer in time"}
    return PendingAnswers(_look_at, [url] if url and runs else [], late, PAGE_SECONDS)


def linked_digest(link: Path) -> str:
    """Return the digest in a file C(link) of a registry, empty where it holds anything else."""
    if link.is_symlink():
        return ""
    with suppress(OSError):
        text = content(link, _LINK_BYTES).decode(errors="replace").strip()
        return text if _DIGEST.fullmatch(text) else ""
    return ""


def registry_facts(odd: Odd) -> seat.RegistryFiles:
    """Return the images in the storage of the room's registry, tag to digest, and certificates."""
    directories = map(Path, glob.iglob(REGISTRY_TAGS))
    links = islice(
        (link for tags in directories for link in tags.glob("*/current/link")), REGISTRY_MOST
    )
    digests = {link.parts[-3]: linked_digest(link) for link in links}
    return {
        "images": {tag: digest for tag, digest in digests.items() if digest},
        "ca": read(REGISTRY_CA, odd, _LARGEST_CERTIFICATE),
        "certificate": read(REGISTRY_CERTIFICATE, odd, _LARGEST_CERTIFICATE),
    }
