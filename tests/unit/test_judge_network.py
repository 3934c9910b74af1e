"""Test the verdict on the network."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import network
from sample_seat import SEAT, sample_settings, seat

REGISTRY = {"lab": ["pc01", "pc02"], "registry": ["server"]}


def judge(*changes: tuple[str, object], **variables: object) -> dict[str, Any]:
    """Return the verdict on a changed seat."""
    return network.judge(seat(*changes), sample_settings(**variables), {})


def ids(*changes: tuple[str, object], **variables: object) -> list[str]:
    """Return the names of the findings on a changed seat."""
    return [finding["id"] for finding in judge(*changes, **variables)["findings"]]


def routes(to: str, interface: str = "eth0") -> tuple[str, object]:
    """Return a change of the seat's routes."""
    return "network/routes", [{"to": to, "interface": interface}]


def pools(*bases: object) -> dict[str, Any]:
    return {"default-address-pools": [{"base": base, "size": 24} for base in bases]}


def test_nothing_is_found_where_nothing_collides() -> None:
    assert judge() == {"settled": True, "refused": [], "findings": []}


@pytest.mark.parametrize("base", ["fd00::/48", "198.18.0.1/16", "nonsense", None, 7])
def test_any_pool_can_be_judged(base: object) -> None:
    """Show it for IPv6, for bits of the host that are set, and for no address at all."""
    assert ids(docker_engine_daemon_options=pools(base)) == []


@pytest.mark.parametrize("told", ["nonsense", [7], {"base": "10.0.0.0/8"}, None, []])
def test_what_is_no_list_of_pools_can_be_judged(told: object) -> None:
    assert ids(docker_engine_daemon_options={"default-address-pools": told}) == []


def test_a_pool_within_a_route_collides_also_with_bits_of_the_host_set() -> None:
    entries = [{"to": "198.18.0.0/15", "interface": "tun0"}, {"to": "?", "interface": "eth9"}]
    changes = ("network/docker", []), ("network/routes", entries)
    assert ids(*changes, docker_engine_daemon_options=pools("198.18.3.1/16")) == [
        "network_collision"
    ]


@pytest.mark.parametrize(
    ("to", "interface", "collides"),
    [
        ("198.18.0.128/25", "eth0", "bridge (198.18.0.0/24)"),
        ("198.18.0.0/15", "tun0", "bridge (198.18.0.0/24)"),
        # Docker keeps its next network out of it.
        ("198.18.7.0/24", "eth0", ""),
        # Its own.
        ("198.18.0.0/24", "docker0", ""),
        ("198.18.3.0/24", "br-0123456789ab", ""),
        ("10.0.0.0/8", "eth0", ""),
    ],
)
def test_networks_that_collide_with_a_route(to: str, interface: str, collides: str) -> None:
    """Show that a collision is only a warning where the engine is installed and runs."""
    verdict = judge(routes(to, interface))
    assert (verdict["settled"], verdict["refused"]) == (True, [])
    findings = {finding["id"]: finding for finding in verdict["findings"]}
    assert ("network_collision" in findings) == bool(collides)
    if collides:
        assert findings["network_collision"]["severity"] == "warning"
        assert collides in findings["network_collision"]["cause"]["en"]


@pytest.mark.parametrize("missing", ["packages", "files"])
def test_networks_that_collide_refuse_an_engine_that_is_not_as_it_should_be(missing: str) -> None:
    """Show that each collision is a single finding, which names a free range."""
    verdict = judge(routes("198.18.0.0/16"), ("network/docker", []), (missing, {}))
    [refusal] = verdict["refused"]
    assert verdict["findings"] == [refusal]
    assert not verdict["settled"]
    assert (refusal["id"], refusal["severity"]) == ("network_collision", "error")
    assert "default-address-pools (198.18.0.0/16)" in refusal["cause"]["en"]
    assert "198.18.0.0/16 by eth0" in refusal["cause"]["en"]
    for language in ("en", "fr"):
        assert "{base: 198.19.0.0/16, size: 24}" in refusal["advice"][language]


def test_what_collides_with_everything_has_no_range_to_name() -> None:
    entries = [
        {"to": to, "interface": "eth0"} for to in ("198.18.0.0/15", "172.16.0.0/12", "10.0.0.0/8")
    ]
    assert "base: ?" in in_words(judge(("network/routes", entries))["findings"])


def test_a_pool_of_ipv6_is_in_no_route_and_hides_none_that_is() -> None:
    networks = [{"name": "six", "subnet": "fd00:198::/64"}, {"name": "odd", "subnet": "nonsense"}]
    options = pools("fd00:198::/56", "198.18.0.0/16")
    changes = ("network/docker", networks), routes("198.18.0.0/15")
    files = ("files", {})
    [finding] = judge(*changes, files, docker_engine_daemon_options=options)["findings"]
    assert "default-address-pools (198.18.0.0/16)" in finding["cause"]["en"]


@pytest.mark.parametrize(
    ("mtu", "found"),
    [
        (1400, []),
        ("1400", []),
        (1500, ["network_mtu"]),
        ("", ["network_mtu"]),
        # More digits than Python reads.
        ("9" * 5000, ["network_mtu"]),
    ],
)
def test_packets_that_are_too_large_are_told(mtu: object, found: list[str]) -> None:
    changes = ("network/mtu", 1400), ("network/docker_mtu", 0)
    assert ids(*changes, docker_engine_daemon_options={"mtu": mtu}) == found


def test_packets_of_an_engine_that_runs_are_those_of_its_networks() -> None:
    assert ids(("network/mtu", 1400), ("network/docker_mtu", 1400)) == []
    [finding] = judge(("network/mtu", 1400))["findings"]
    assert "1500 bytes, eth0 takes 1400" in finding["cause"]["en"]
    # No way out, no size.
    assert ids(("network/mtu", 0)) == []


REACHED = {"reached": True, "why": "", "public": True, "issuer": "Public CA"}
NOT_REACHED = {"reached": False, "why": "No route to host", "public": None, "issuer": ""}
PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("address", "answer", "proxy", "name"),
    [
        ("hub.example:443", REACHED, "", None),
        ("hub.example:443", REACHED | {"public": False}, "", "tls_intercepted"),
        ("hub.example:443", REACHED | {"public": None}, "", None),
        ("hub.example:443", NOT_REACHED, "", None),
        ("hub.example:443", NOT_REACHED, PROXY, "proxy_unset"),
        ("server:5000", REACHED, "", None),
        ("server:5000", NOT_REACHED, "", None),
        ("server:5000", NOT_REACHED, PROXY, None),
        ("server:5002", NOT_REACHED, "", None),
        # The room's own certificate is signed by the room's own authority.
        ("server:5000", REACHED | {"public": False}, "", None),
    ],
)
def test_registries(address: str, answer: dict, proxy: str, name: str | None) -> None:
    settings = {
        "groups": REGISTRY,
        "room_registry_address": "server",
        "room_registry_hub_mirror": True,
    }
    changes = ("network/registries", {address: answer}), ("network/proxy", proxy)
    findings = network.registries(seat(*changes), sample_settings(**settings))
    assert [finding["id"] for finding in findings] == ([name] if name else [])
    used = network.registries(
        seat(*changes, ("network/docker_proxy", True)), sample_settings(**settings)
    )
    assert {finding["id"] for finding in used} <= {name} - {"proxy_unset"}


def test_what_became_of_a_registry_is_in_the_verdict() -> None:
    [finding] = judge(("network/registries", {"hub.example:443": REACHED | {"public": False}}))[
        "findings"
    ]
    assert (finding["id"], finding["severity"]) == ("tls_intercepted", "warning")


def test_the_sample_has_an_engine_that_is_as_it_should_be() -> None:
    """Show what the tests above rely on: without it, a warning would be a refusal."""
    assert SEAT["files"]
    assert ids(("network/mtu", 1400)) == ["network_mtu"]


@pytest.mark.parametrize(
    "proxy", ["{{ lookup('pipe', 'id') }}", "http://a, https: b", "x y", "a\nb"]
)
def test_a_proxy_that_is_no_address_is_not_told_as_one(proxy: str) -> None:
    changes = ("network/registries", {"hub.example:443": NOT_REACHED}), ("network/proxy", proxy)
    [finding] = network.registries(seat(*changes), sample_settings())
    assert "{http: http://HOST:PORT, https: http://HOST:PORT}" in finding["advice"]["en"]
