# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The room's registry, on the machine that runs it, and the way to it from the others."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Certificates,
    RegistryElsewhere,
    RegistryVerdict,
    RegistryWhere,
    RegistryWork,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing
from cryptography import x509

# The registry itself, what pushes into it, and what the modules that make certificates need.
PACKAGES = ("docker-registry", "skopeo", "python3-cryptography")
REGISTRY, MIRROR = "docker-registry", "labocloud-mirror"
# Only the first writes the registry's storage (registry_publish); the mirror has one of its own.
PUSHER = "labocloud-push"
# As the kernel names what runs either of them.
PROCESS = "docker-registry"
# Certificates are made anew so long before they end.
AHEAD = timedelta(days=30)
# What a host can be called, underscores too; with a colon, somebody has given the port with it.
HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
PORTS = range(1, 2**16)


def split(at: str) -> tuple[str, int]:
    """Give the host, without brackets, and the port of host:port."""
    host, _, port = at.rpartition(":")
    return host.strip("[]"), int(port)


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """Give the address that a host is named by, None where that is a name."""
    with suppress(ValueError):
        return ip_address(host)
    return None


def is_oneself(host: str) -> bool:
    """Tell whether every machine takes that for itself."""
    if found := as_address(host):
        return found.is_loopback or found.is_unspecified
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")


def wrong_settings(want: Want) -> Iterator[str]:
    """Tell what is wrong with the settings of the registry, as sentences."""
    yield from want["wrong"].get("room_registry", ())
    registry = want["room"]["registry"]
    host, port = split(registry["at"])
    if not HOST.fullmatch(host) and ("%" in host or not as_address(host)):
        yield f"room_registry_address is {host}, which is neither a name nor an address"
    ports = {"room_registry_port": port}
    if registry["mirror"]:
        ports["room_registry_mirror_port"] = split(registry["mirror"])[1]
    for name, one in ports.items():
        if one not in PORTS:
            yield f"{name} is {one}, which is no port"
    if len(ports) > len(set(ports.values())):
        yield f"room_registry_port and room_registry_mirror_port are both {port}"


def wrong_room(want: Want) -> Iterator[Finding]:
    """Tell what keeps any machine of the room from having to do with the registry."""
    host, _ = split(want["room"]["registry"]["at"])
    if is_oneself(host):
        values = {"address": host, "host": want["room"]["registry"]["host"]}
        yield finding("registry_address", want["name"], **values)
    if wrong := list(wrong_settings(want)):
        yield finding("setting_wrong", want["name"], what="; ".join(wrong))


def unreachable(has: Seat, want: Want, builder: Builder) -> Iterator[Finding]:
    """Tell which of the registry and its mirror a seat does not reach.

    Of one that does not answer on its own host either, that host's findings tell.
    """
    registry = want["room"]["registry"]
    own = want["room"]["builder"] == registry["host"]
    answers = builder["seat"]["registry"]["answers"] if builder and own else {}
    for address in filter(None, (registry["at"], registry["mirror"])):
        told = has["network"]["registries"].get(address, {"reached": True})
        down = address in answers and not answers[address]["answers"]
        if not told["reached"] and not down:
            yield finding("registry_unreachable", want["name"], address=address, why=told["why"])


class Certificate(NamedTuple):
    """One that could be read: until when it is valid, and the names and addresses it is for."""

    itself: x509.Certificate
    until: datetime
    names: list[object]


def names(one: x509.Certificate) -> list[object]:
    """Give the names, in small letters, and the addresses that a certificate is for."""
    try:
        told = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    values = [name.value for name in told]
    return [value.lower() if isinstance(value, str) else value for value in values]


def certificate(pem: str) -> Certificate | None:
    """Give a certificate, None where there is none that can be understood."""
    try:
        one = x509.load_pem_x509_certificate(pem.encode(errors="replace"))
        return Certificate(one, one.not_valid_after_utc, names(one))
    except Exception:  # what is in it may be anything: a reason to make another one
        return None


def issued(own: Certificate, ca: Certificate) -> bool:
    """Tell whether a certificate is the CA's."""
    try:
        own.itself.verify_directly_issued_by(ca.itself)
    except Exception:  # not signed by it, or its key is of a kind that signs nothing
        return False
    return True


def soon_after(seconds: float) -> datetime:
    """Give the time that is AHEAD of one in seconds since 1970; the last one for any odd one."""
    try:
        return datetime.fromtimestamp(seconds, UTC) + AHEAD
    except (OSError, OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def ca_lasts(has: Seat) -> bool:
    """Tell whether the registry's host keeps the CA that it has."""
    # By the control machine's clock; the host's own may be off.
    ca = certificate(has["registry"]["ca"])
    return ca is not None and ca.until > soon_after(has["clock"]["control"] or 0)


def certificates(has: Seat, host: str) -> Certificates:
    """Return what there is to say of the certificates, for a registry on that host."""
    ca, own = certificate(has["registry"]["ca"]), certificate(has["registry"]["certificate"])
    lasts = ca_lasts(has)
    certified = (
        (ca is not None and own is not None)
        and (lasts and own.until > soon_after(has["clock"]["control"] or 0))
        and own.names == [as_address(host) or host.lower()]
        and issued(own, ca)
    )
    return {
        "certified": certified,
        "ca_lasts": lasts,
        "subject": f"{'IP' if as_address(host) else 'DNS'}:{host}",
    }


def is_ours(has: Seat) -> bool:
    """Tell whether the registry is the toolkit's.

    From its package on: a machine that is started in between runs it, on the package's own port.
    """
    configured = f"{registry_files.DIRECTORY}/labocloud.yml" in has["files"]
    return configured or (REGISTRY in has["packages"] and REGISTRY in has["brought"]["packages"])


def work(has: Seat, want: Want) -> RegistryWork:
    """Return what the role has to do on the registry's host."""
    host, port = split(want["room"]["registry"]["at"])
    mirror = want["room"]["registry"]["mirror"]
    present = {path: it for path, it in has["files"].items() if registry_files.OURS.fullmatch(path)}
    files = registry_files.files(want)
    stale = sorted(present.keys() - files.keys())
    lacking = [name for name in PACKAGES if name not in has["packages"]]
    hub = [] if mirror else [registry_files.HUB_STORAGE]
    there = {REGISTRY: REGISTRY in has["packages"], MIRROR: registry_files.MIRROR_UNIT in present}
    listening = {it["port"] for it in has["listeners"] if it["process"] == PROCESS}
    return {
        "lacking": lacking,
        "services": [MIRROR, REGISTRY] if mirror else [REGISTRY],
        "accounts": [PUSHER, MIRROR] if mirror else [PUSHER],
        "stopping": [name for name, known in there.items() if known],
        "removal": [*sorted(present), *registry_files.KEPT],
        "absent": [*stale, registry_files.HUB_STORAGE_BEFORE, *hub],
        "configured": not (lacking or stale or differing(files, present)),
        "runs": port in listening,
        "ours": is_ours(has),
        "ports": [split(at)[1] for at in (mirror, want["room"]["registry"]["at"]) if at],
        **certificates(has, host),
    }


def refusals(has: Seat, want: Want, todo: RegistryWork) -> Iterator[Finding]:
    """Yield what keeps the registry from being set up on its host."""
    name = want["name"]
    if has["service_manager"] != "systemd":
        yield finding("registry_systemd", name)
    before = (has["before"] or has)["packages"]
    if REGISTRY in before or (REGISTRY in has["packages"] and not todo["ours"]):
        yield finding("registry_foreign", name)
    for port in sorted(todo["ports"]):
        holders = [
            it
            for it in has["listeners"]
            if it["port"] == port and not (todo["ours"] and it["process"] == PROCESS)
        ]
        if holders:
            holder = holders[0]["container"] or holders[0]["process"] or "somebody"
            pid = f" (pid {holders[0]['pid']})" if holders[0]["pid"] else ""
            yield finding("registry_port", name, port=port, holder=f"{holder}{pid}")


def failings(has: Seat, want: Want, todo: RegistryWork) -> Iterator[Finding]:
    """Yield what is wrong with the registry on its host."""
    name, registry = want["name"], want["room"]["registry"]
    if not todo["configured"]:
        yield finding("registry_configuration", name)
        return
    host, port = split(registry["at"])
    why = {
        at: told["why"] for at, told in has["registry"]["answers"].items() if not told["answers"]
    }
    if not todo["runs"]:
        why.setdefault(registry["at"], f"no {PROCESS} listens on port {port}")
    if registry["at"] in why:
        yield finding("registry_down", name, address=registry["at"], why=why[registry["at"]])
    elif not todo["certified"]:
        yield finding("registry_certificate", name, address=host)
    if registry["mirror"] in why:
        values = {"hub": sentence_without_passwords(want["room_registry_hub_url"])}
        address = registry["mirror"]
        yield finding("mirror_down", name, address=address, why=why[address], **values)


def judge(has: Seat, want: Want, builder: Builder) -> RegistryVerdict | RegistryElsewhere:
    """Judge the registry on its host, and on the others the way to it."""
    host = want["room"]["registry"]["host"]
    where: RegistryWhere = {"host": host, "storage": registry_files.STORAGE}
    if not host:
        return {**verdict(), **where}
    refused = list(wrong_room(want))
    if host != want["name"]:
        lacking = [] if refused else list(unreachable(has, want, builder))
        return {**verdict(lacking, refused=refused), **where}
    todo = work(has, want)
    settled = todo["configured"] and todo["runs"] and todo["certified"]
    settled = settled and not has["apt"]["interrupted"]
    if not settled:
        refused += refusals(has, want, todo)
    found = [] if refused else list(failings(has, want, todo))
    down = [one for one in found if one["id"] == "registry_down"]
    return {
        **verdict(found, settled=settled, refused=refused),
        **where,
        **todo,
        "down": f"{want['name']}: {in_words(down)}" if down else "",
    }
