"""The container that seat_restore asks for, from what was saved of it."""

from typing import Any

import pytest
import seat_restore

SHORT = "0123456789ab"


def container(config: dict[str, Any], host: dict[str, Any], *mounts: dict) -> dict[str, Any]:
    return {
        "Id": SHORT + "0" * 52,
        "Config": {"Hostname": SHORT, "Image": "mine:1", "Labels": None} | config,
        "HostConfig": {"Binds": None} | host,
        "Mounts": list(mounts),
    }


def mounted(name: str, destination: str) -> dict[str, str]:
    return {"Type": "volume", "Name": name, "Destination": destination}


def test_it_runs_on_the_saved_image_and_is_marked() -> None:
    asked = seat_restore.recreated(container({"Labels": {"a": "b"}, "Env": ["X=1"]}, {}), "mark")
    assert asked["Image"] == f"labocloud-saved:{SHORT}"
    assert asked["Labels"] == {"a": "b", "labocloud.restored": "mark"}
    assert asked["Env"] == ["X=1"]


@pytest.mark.parametrize(("hostname", "stays"), [(SHORT, False), ("pc", True)])
def test_a_host_name_that_was_the_engines_choice_is_chosen_anew(hostname: str, stays: bool) -> None:
    asked = seat_restore.recreated(container({"Hostname": hostname}, {}), "mark")
    assert ("Hostname" in asked) is stays


def test_a_volume_that_had_no_name_given_is_mounted_by_the_one_it_had() -> None:
    host = {
        "Binds": ["data:/data:ro", "/etc:/host"],
        "Mounts": [{"Type": "volume", "Target": "/v"}],
    }
    saved = container({}, host, mounted("data", "/data"), mounted("f00", "/v"))
    asked = seat_restore.recreated(saved, "mark")["HostConfig"]
    assert asked["Binds"] == ["data:/data:ro", "/etc:/host", "f00:/v"]
    assert asked["Mounts"] == []


def test_what_was_mounted_by_name_is_mounted_once() -> None:
    named = {"Type": "volume", "Source": "data", "Target": "/data"}
    memory = {"Type": "tmpfs", "Target": "/memory"}
    saved = container({}, {"Mounts": [named, memory]}, mounted("data", "/data"))
    asked = seat_restore.recreated(saved, "mark")["HostConfig"]
    assert asked["Binds"] == []
    assert asked["Mounts"] == [named, memory]
