"""What is judged of the network."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import network
from sample_seat import seat, want


def ids(*changes: tuple[str, object], **variables: object) -> list[str]:
    """Give the findings on a changed seat, by name."""
    verdict = network.judge(seat(*changes), want(**variables), {})
    return [one["id"] for one in verdict["findings"]]


def pools(*bases: object) -> dict[str, Any]:
    return {"default-address-pools": [{"base": base, "size": 24} for base in bases]}


def test_nothing_is_found_where_nothing_collides() -> None:
    assert ids() == []


@pytest.mark.parametrize("base", ["fd00::/48", "198.18.0.1/16", "nonsense", None, 7])
def test_any_pool_can_be_judged(base: object) -> None:
    """Of IPv6, with bits of the host set, and none at all."""
    assert ids(docker_engine_daemon_options=pools(base)) == []


def test_a_pool_within_a_route_collides_also_with_bits_of_the_host_set() -> None:
    routes = [{"to": "198.18.0.0/15", "interface": "tun0"}, {"to": "?", "interface": "eth9"}]
    options = pools("198.18.3.1/16")
    found = ids(
        ("network/docker", []), ("network/routes", routes), docker_engine_daemon_options=options
    )
    assert found == ["network_collision"]


@pytest.mark.parametrize(
    ("mtu", "found"), [(1400, []), ("1400", []), (1500, ["network_mtu"]), ("", ["network_mtu"])]
)
def test_packets_that_are_too_large_are_told(mtu: object, found: list[str]) -> None:
    changes = ("network/mtu", 1400), ("network/docker_mtu", 0)
    assert ids(*changes, docker_engine_daemon_options={"mtu": mtu}) == found
