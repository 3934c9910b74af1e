# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the network: collisions with Docker's networks, the MTU, the way to the registries."""

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import engine, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

_Network = IPv4Network | IPv6Network

# Ranges that Docker can be given, those that campus networks use least first (RFC 2544, RFC 1918).
_RANGES = [
    *(f"198.{second}.0.0/16" for second in (18, 19)),
    *(f"172.{second}.0.0/16" for second in range(31, 15, -1)),
    *(f"10.{second}.0.0/16" for second in range(255, -1, -1)),
]
# Docker's own interfaces; the routes over them are Docker's networks.
_DOCKER_INTERFACE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
_MTU = re.compile("[0-9]{1,9}")
# A proxy's address that is safe in a line of YAML, which people copy.
_PROXY = re.compile(r"([a-z0-9]+://)?[A-Za-z0-9.:\[\]_-]+/?")
_DEFAULT_MTU = 1500


def network(text: object) -> _Network | None:
    """Return a text as a network, None where it is none. As in Docker, host bits may be set."""
    with suppress(ValueError):
        return ip_network(str(text), strict=False)
    return None


def _is_within(inner: _Network, outer: _Network) -> bool:
    """Return whether one network contains all addresses of another."""
    return inner.network_address in outer and inner.broadcast_address in outer


def _free_range(taken: list[_Network]) -> str:
    """Return a range for Docker's networks that overlaps with none that are taken, or "?"."""
    free = (
        text for text in _RANGES if not any(ip_network(text).overlaps(other) for other in taken)
    )
    return next(free, "?")


def _collisions(has: SeatFacts, settings: Settings, pools: list[_Network]) -> Iterator[Finding]:
    """Yield the networks of Docker's whose addresses the seat has a route to.

    pools: the pools from which Docker takes, or will take, its networks. Docker keeps a new network
    out of the seat's routes as long as its pool has room elsewhere; a pool inside a route has none.
    An engine without root does not see those routes. The networks of an engine that is about to be
    replaced go with it.
    """
    without_root = engine_files.is_rootless(settings)
    routes = {
        to: route["interface"]
        for route in has["network"]["routes"]
        if not _DOCKER_INTERFACE.fullmatch(route["interface"]) and (to := network(route["to"]))
    }
    networks = [
        (existing["name"], subnet)
        for existing in has["network"]["docker"]
        if without_root == rootless.is_set_up(has) and (subnet := network(existing["subnet"]))
    ]
    for to, interface in routes.items():
        conflicts = [(name, subnet) for name, subnet in networks if subnet.overlaps(to)]
        conflicts += [
            ("default-address-pools", pool)
            for pool in pools
            if (pool.overlaps(to) if without_root else _is_within(pool, to))
        ]
        for name, subnet in conflicts[:1]:
            values = {"name": name, "subnet": subnet, "to": to, "interface": interface}
            yield finding(
                "network_collision", settings["name"], free=_free_range(list(routes)), **values
            )


def _large_packets(has: SeatFacts, settings: Settings, mtu: int) -> Iterator[Finding]:
    """Yield a finding if Docker's packets, of mtu bytes, are too large for the interface."""
    facts = has["network"]
    docker_mtu = facts["docker_mtu"] or mtu
    if 0 < facts["mtu"] < docker_mtu:
        values = {"interface": facts["interface"], "mtu": facts["mtu"]}
        yield finding("network_mtu", settings["name"], docker=docker_mtu, **values)


def registries(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield the registries outside that are not reached; the part registry judges the room's."""
    facts = has["network"]
    inside = [settings["room"]["registry"][key] for key in ("at", "mirror")]
    for address, answer in facts["registries"].items():
        proxy = facts["proxy"] if _PROXY.fullmatch(facts["proxy"]) else "http://HOST:PORT"
        values = {"address": address, "why": answer["why"], "proxy": proxy}
        if address in inside:
            continue
        if answer["public"] is False:
            yield finding("tls_intercepted", settings["name"], issuer=answer["issuer"], **values)
        elif not answer["reached"] and facts["proxy"] and not facts["docker_proxy"]:
            yield finding("proxy_unset", settings["name"], **values)


def judge(has: SeatFacts, settings: Settings, _: Builder) -> Verdict:
    """Judge the network. Collisions are a refusal where the engine is not as it should be."""
    daemon = engine_files.config(settings)
    entries = daemon.get("default-address-pools")
    pools = [
        pool
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and (pool := network(entry.get("base")))
    ]
    mtu = daemon.get("mtu", _DEFAULT_MTU)
    size = int(str(mtu)) if _MTU.fullmatch(str(mtu)) else _DEFAULT_MTU
    colliding = list(_collisions(has, settings, pools))
    others = [*_large_packets(has, settings, size), *registries(has, settings)]
    if engine.is_ready(has, settings):
        return verdict([*colliding, *others])
    return verdict(others, refused=colliding)
