# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The network: what Docker's own would collide with, and what is between seat and registry."""

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network

from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import engine, rootless
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

Network = IPv4Network | IPv6Network

# Ranges that Docker can be given, those that campus networks use least first (RFC 2544, RFC 1918).
RANGES = [
    *(f"198.{second}.0.0/16" for second in (18, 19)),
    *(f"172.{second}.0.0/16" for second in range(31, 15, -1)),
    *(f"10.{second}.0.0/16" for second in range(255, -1, -1)),
]
# Docker's own interfaces: the routes over them are its networks.
DOCKER_INTERFACE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
MTU = re.compile("[0-9]{1,9}")
# A proxy's address as a line of YAML takes it, which people copy.
PROXY = re.compile(r"([a-z0-9]+://)?[A-Za-z0-9.:\[\]_-]+/?")
DEFAULT_MTU = 1500


def network(text: object) -> Network | None:
    """Give a network, None where the text is none. As for Docker, bits of a host may be set."""
    with suppress(ValueError):
        return ip_network(str(text), strict=False)
    return None


def overlap(one: Network, other: Network) -> bool:
    """Tell whether two networks have an address in common: of IPv4 and IPv6 none has."""
    return one.version == other.version and one.overlaps(other)


def within(inner: Network, outer: Network) -> bool:
    """Tell whether all addresses of a network are another's."""
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.broadcast_address in outer
    )


def free_range(taken: list[Network]) -> str:
    """Give a range for Docker's networks that overlaps with nothing that is taken."""
    free = (text for text in RANGES if not any(overlap(ip_network(text), one) for one in taken))
    return next(free, "?")


def collisions(has: Seat, want: Want, pools: list[Network]) -> Iterator[Finding]:
    """Tell of each network of Docker's that takes addresses to which the seat has a route.

    pools: out of which Docker takes, or will take, its networks. It keeps a new network out of what
    the seat has a route to, as long as its pool has room elsewhere; a pool that is all in a route
    has not. An engine without root does not see those routes. The networks of one that goes go
    with it.
    """
    without_root = rootless.wanted(want)
    collides = overlap if without_root else within
    routes = {
        to: route["interface"]
        for route in has["network"]["routes"]
        if not DOCKER_INTERFACE.fullmatch(route["interface"]) and (to := network(route["to"]))
    }
    networks = [
        (one["name"], subnet)
        for one in has["network"]["docker"]
        if without_root == rootless.is_so(has) and (subnet := network(one["subnet"]))
    ]
    for to, interface in routes.items():
        taken = [(name, subnet) for name, subnet in networks if overlap(subnet, to)]
        taken += [("default-address-pools", pool) for pool in pools if collides(pool, to)]
        for name, subnet in taken[:1]:
            values = {"name": name, "subnet": subnet, "to": to, "interface": interface}
            yield finding(
                "network_collision", want["name"], free=free_range(list(routes)), **values
            )


def packets(has: Seat, want: Want, mtu: int) -> Iterator[Finding]:
    """Tell where Docker's packets are too large for the way out. mtu: what daemon.json says."""
    told = has["network"]
    docker_mtu = told["docker_mtu"] or mtu
    if 0 < told["mtu"] < docker_mtu:
        values = {"interface": told["interface"], "mtu": told["mtu"]}
        yield finding("network_mtu", want["name"], docker=docker_mtu, **values)


def registries(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell what became of reaching the registries outside; of the room's, its own part tells."""
    told = has["network"]
    inside = [want["room"]["registry"][key] for key in ("at", "mirror")]
    for address, answer in told["registries"].items():
        proxy = told["proxy"] if PROXY.fullmatch(told["proxy"]) else "http://HOST:PORT"
        values = {"address": address, "why": answer["why"], "proxy": proxy}
        if address in inside:
            continue
        if answer["public"] is False:
            yield finding("tls_intercepted", want["name"], issuer=answer["issuer"], **values)
        elif not answer["reached"] and told["proxy"] and not told["docker_proxy"]:
            yield finding("proxy_unset", want["name"], **values)


def judge(has: Seat, want: Want, builder: Builder) -> Verdict:
    """Judge the network. Networks that collide refuse an engine that is not as it should be."""
    del builder
    daemon = engine_files.config(want)
    told = daemon.get("default-address-pools")
    pools = [
        pool
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, dict) and (pool := network(one.get("base")))
    ]
    mtu = daemon.get("mtu", DEFAULT_MTU)
    size = int(mtu) if MTU.fullmatch(str(mtu)) else DEFAULT_MTU
    colliding = list(collisions(has, want, pools))
    found = [*packets(has, want, size), *registries(has, want)]
    if engine.ready(has, want):
        return verdict([*colliding, *found])
    return verdict(found, refused=colliding)
