# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the room's registry on the machine that runs it, and the way to it from the others."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.passwords import (
    sentence_without_passwords,
)
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Certificates,
    RegistryElsewhere,
    RegistryVerdict,
    RegistryWork,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import differing
from cryptography import x509

# The registry, the tool that pushes into it, and what the modules that create certificates need.
PACKAGES = ("docker-registry", "skopeo", "python3-cryptography")
_REGISTRY, _MIRROR = "docker-registry", "labocloud-mirror"
# Only this account writes the registry's storage (registry_publish); the mirror has its own.
_PUSHER = "labocloud-push"
# The kernel's name of the process that runs either of them.
_PROCESS = "docker-registry"
# Certificates are renewed this long before they expire.
_RENEWAL = timedelta(days=30)
# A host's name, underscores too; a colon would mean that somebody has added the port.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_PORTS = range(1, 2**16)


def _split(at: str) -> tuple[str, int]:
    """Return the host, without brackets, and the port of host:port."""
    host, _, port = at.rpartition(":")
    return host.strip("[]"), int(port)


def _as_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an address, None where it is a name."""
    with suppress(ValueError):
        return ip_address(host)
    return None


def _is_local(host: str) -> bool:
    """Return whether a host is the local machine, whichever machine resolves it."""
    if address := _as_address(host):
        return address.is_loopback or address.is_unspecified
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")


def _wrong_settings(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the registry's settings, in clauses."""
    yield from settings["wrong"].get("room_registry", ())
    registry = settings["room"]["registry"]
    host, port = _split(registry["at"])
    if not _HOST.fullmatch(host) and ("%" in host or not _as_address(host)):
        yield f"room_registry_address is {host}, which is neither a name nor an address"
    ports = {"room_registry_port": port}
    if registry["mirror"]:
        ports["room_registry_mirror_port"] = _split(registry["mirror"])[1]
    for name, number in ports.items():
        if number not in _PORTS:
            yield f"{name} is {number}, which is no port"
    if len(ports) > len(set(ports.values())):
        yield f"room_registry_port and room_registry_mirror_port are both {port}"


def _wrong_room(settings: Settings) -> Iterator[Finding]:
    """Yield what keeps every machine of the room from using the registry."""
    host, _ = _split(settings["room"]["registry"]["at"])
    if _is_local(host):
        values = {"address": host, "host": settings["room"]["registry"]["host"]}
        yield finding("registry_address", settings["name"], **values)
    if wrong := list(_wrong_settings(settings)):
        yield finding("setting_wrong", settings["name"], what="; ".join(wrong))


def _unreachable(has: SeatFacts, settings: Settings, builder: Builder) -> Iterator[Finding]:
    """Yield which of the registry and its mirror a seat does not reach.

    One that does not answer on its own host either is left out: that host's findings report it.
    """
    registry = settings["room"]["registry"]
    is_builders = settings["room"]["builder"] == registry["host"]
    answers = builder["seat"]["registry"]["answers"] if builder and is_builders else {}
    for address in filter(None, (registry["at"], registry["mirror"])):
        attempt = has["network"]["registries"].get(address, {"reached": True})
        is_down = address in answers and not answers[address]["answers"]
        if not attempt["reached"] and not is_down:
            yield finding(
                "registry_unreachable", settings["name"], address=address, why=attempt["why"]
            )


class _Certificate(NamedTuple):
    """A parsed certificate, the end of its validity, and the names and addresses it is for."""

    parsed: x509.Certificate
    until: datetime
    names: list[object]


def _names(parsed: x509.Certificate) -> list[object]:
    """Return the names, in small letters, and the addresses that a certificate is for."""
    try:
        extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    values = [name.value for name in extension]
    return [value.lower() if isinstance(value, str) else value for value in values]


def _certificate(pem: str) -> _Certificate | None:
    """Return a certificate, None where the text is none that can be understood."""
    try:
        parsed = x509.load_pem_x509_certificate(pem.encode(errors="replace"))
        return _Certificate(parsed, parsed.not_valid_after_utc, _names(parsed))
    except Exception:  # the file may hold anything; whatever it is, it is replaced
        return None


def _is_issued(own: _Certificate, ca: _Certificate) -> bool:
    """Return whether a certificate was issued by the CA."""
    try:
        own.parsed.verify_directly_issued_by(ca.parsed)
    except Exception:  # not signed by the CA, or the CA's key is of a kind that signs nothing
        return False
    return True


def _renewal_limit(seconds: float) -> datetime:
    """Return the time beyond which a certificate has to be valid, so that it is not renewed.

    seconds: the present time, since 1970. If it is no time at all, the latest time is returned.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) + _RENEWAL
    except (OSError, OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def ca_lasts(has: SeatFacts) -> bool:
    """Return whether the registry's host keeps the CA that it has."""
    # The control machine's clock decides, since the host's own may be off.
    ca = _certificate(has["registry"]["ca"])
    return ca is not None and ca.until > _renewal_limit(has["clock"]["control"] or 0)


def certificates(has: SeatFacts, host: str) -> Certificates:
    """Return what the tasks need to know of the certificates, for a registry on that host."""
    ca, own = _certificate(has["registry"]["ca"]), _certificate(has["registry"]["certificate"])
    lasts = ca_lasts(has)
    is_certified = (
        (ca is not None and own is not None)
        and (lasts and own.until > _renewal_limit(has["clock"]["control"] or 0))
        and own.names == [_as_address(host) or host.lower()]
        and _is_issued(own, ca)
    )
    return {
        "certified": is_certified,
        "ca_lasts": lasts,
        "subject": host,
    }


def _is_ours(has: SeatFacts) -> bool:
    """Return whether the registry is the toolkit's.

    It is as soon as the toolkit has installed the package: a machine that is booted before the
    registry is configured runs it, on the package's own port.
    """
    is_configured = f"{registry_files.DIRECTORY}/labocloud.yml" in has["files"]
    return is_configured or (
        _REGISTRY in has["packages"] and _REGISTRY in has["brought"]["packages"]
    )


def _work(has: SeatFacts, settings: Settings) -> RegistryWork:
    """Return what the role has to do on the registry's host."""
    host, port = _split(settings["room"]["registry"]["at"])
    mirror = settings["room"]["registry"]["mirror"]
    present = {
        path: digest for path, digest in has["files"].items() if registry_files.OURS.fullmatch(path)
    }
    files = registry_files.files(settings)
    stale = sorted(present.keys() - files.keys())
    lacking = [name for name in PACKAGES if name not in has["packages"]]
    hub = [] if mirror else [registry_files.HUB_STORAGE]
    units = {
        _REGISTRY: _REGISTRY in has["packages"],
        _MIRROR: registry_files.MIRROR_UNIT in present,
    }
    listening = {
        listener["port"] for listener in has["listeners"] if listener["process"] == _PROCESS
    }
    return {
        "lacking": lacking,
        "services": [_MIRROR, _REGISTRY] if mirror else [_REGISTRY],
        "accounts": [_PUSHER, _MIRROR] if mirror else [_PUSHER],
        "stopping": [unit for unit, is_present in units.items() if is_present],
        "removal": [*sorted(present), *registry_files.KEPT],
        "absent": [*stale, registry_files.HUB_STORAGE_BEFORE, *hub],
        "configured": not (lacking or stale or differing(files, present)),
        "runs": port in listening,
        "ours": _is_ours(has),
        "ports": [_split(at)[1] for at in (mirror, settings["room"]["registry"]["at"]) if at],
        **certificates(has, host),
    }


def _refusals(has: SeatFacts, settings: Settings, todo: RegistryWork) -> Iterator[Finding]:
    """Yield what keeps the registry from being set up on its host."""
    name = settings["name"]
    if has["service_manager"] != "systemd":
        yield finding("registry_systemd", name)
    before = (has["before"] or has)["packages"]
    if _REGISTRY in before or (_REGISTRY in has["packages"] and not todo["ours"]):
        yield finding("registry_foreign", name)
    for port in sorted(todo["ports"]):
        holders = [
            listener
            for listener in has["listeners"]
            if listener["port"] == port and not (todo["ours"] and listener["process"] == _PROCESS)
        ]
        if holders:
            holder = holders[0]["container"] or holders[0]["process"] or "somebody"
            pid = f" (pid {holders[0]['pid']})" if holders[0]["pid"] else ""
            yield finding("registry_port", name, port=port, holder=f"{holder}{pid}")


def _failures(has: SeatFacts, settings: Settings, todo: RegistryWork) -> Iterator[Finding]:
    """Yield what is wrong with the registry on its host."""
    name, registry = settings["name"], settings["room"]["registry"]
    if not todo["configured"]:
        yield finding("registry_configuration", name)
        return
    host, port = _split(registry["at"])
    why = {
        address: answer["why"]
        for address, answer in has["registry"]["answers"].items()
        if not answer["answers"]
    }
    if not todo["runs"]:
        why.setdefault(registry["at"], f"no {_PROCESS} listens on port {port}")
    if registry["at"] in why:
        yield finding("registry_down", name, address=registry["at"], why=why[registry["at"]])
    elif not todo["certified"]:
        yield finding("registry_certificate", name, address=host)
    if registry["mirror"] in why:
        values = {"hub": sentence_without_passwords(settings["room_registry_hub_url"])}
        address = registry["mirror"]
        yield finding("mirror_down", name, address=address, why=why[address], **values)


def judge(
    has: SeatFacts, settings: Settings, builder: Builder
) -> RegistryVerdict | RegistryElsewhere:
    """Judge the registry on its host, and on the others the way to it."""
    host, storage = settings["room"]["registry"]["host"], registry_files.STORAGE
    refused = list(_wrong_room(settings)) if host else []
    if host != settings["name"]:
        lacking = _unreachable(has, settings, builder) if host and not refused else ()
        return {**verdict(lacking, refused=refused), "host": host, "storage": storage}
    todo = _work(has, settings)
    is_settled = todo["configured"] and todo["runs"] and todo["certified"]
    is_settled = is_settled and not has["apt"]["interrupted"]
    if not is_settled:
        refused += _refusals(has, settings, todo)
    failures = [] if refused else list(_failures(has, settings, todo))
    down = [failure for failure in failures if failure["id"] == "registry_down"]
    return {
        **verdict(failures, settled=is_settled, refused=refused),
        **todo,
        "host": host,
        "storage": storage,
        "down": f"{settings['name']}: {in_words(down)}" if down else "",
    }
