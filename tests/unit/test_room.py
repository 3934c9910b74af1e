"""Which machine builds for the room, and where its registry is."""

from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.filter import room

LAB = ["pc01", "pc02"]
NONE = {"host": "", "at": "", "mirror": "", "trusted": {}}


@pytest.mark.parametrize(
    ("groups", "builder"),
    [
        ({"lab": LAB}, "pc01"),
        ({"lab": LAB, "registry": []}, "pc01"),
        ({"lab": LAB, "registry": ["server", "other"]}, "server"),
        ({}, ""),
    ],
)
def test_the_machine_that_builds(groups: dict[str, list[str]], builder: str) -> None:
    assert room.room_builder(groups) == builder


@pytest.mark.parametrize("groups", [{"lab": LAB}, {"lab": LAB, "registry": []}])
def test_a_room_without_a_registry(groups: dict[str, list[str]]) -> None:
    assert room.room_registry(groups, {}) == NONE


@pytest.mark.parametrize(
    ("told", "at", "trusted"),
    [
        ({}, "server:5000", {"server:5000": ""}),
        ({"ansible_host": "10.0.0.9"}, "10.0.0.9:5000", {"10.0.0.9:5000": ""}),
        (
            {"ansible_host": "127.0.0.1", "room_registry_address": "reg.lan"},
            "reg.lan:5000",
            {"reg.lan:5000": ""},
        ),
        (
            {"room_registry_port": 5009, "ansible_facts": {"seat": {"registry": {"ca": "PEM"}}}},
            "server:5009",
            {"server:5009": "PEM"},
        ),
    ],
    ids=["its name", "its address", "the address that seats know", "another port, and its CA"],
)
def test_where_the_registry_is(told: dict[str, Any], at: str, trusted: dict[str, str]) -> None:
    groups = {"lab": LAB, "registry": ["server"]}
    found = room.room_registry(groups, {"server": told})
    assert found == {"host": "server", "at": at, "mirror": "", "trusted": trusted}


@pytest.mark.parametrize(
    ("asked", "mirror"), [("yes", "server:5003"), ("no", ""), (True, "server:5003")]
)
def test_the_mirror_of_the_hub(asked: str | bool, mirror: str) -> None:
    told = {"room_registry_hub_mirror": asked, "room_registry_mirror_port": 5003}
    found = room.room_registry({"registry": ["server"]}, {"server": told})
    assert found["mirror"] == mirror
    assert set(found["trusted"]) == {"server:5000", mirror} - {""}
