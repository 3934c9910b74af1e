"""Test the files that configure Docker Engine, and who may read them."""

import json
from datetime import datetime
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.filter.core import to_nice_json
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files, service_files
from sample_seat import SEAT, sample_settings, seat

PROXY = {"http": 'http://u:p"\\x@proxy.example:1', "no_proxy": "localhost,.example"}
MIRROR = "[fd00::1]:5002"
REGISTRY = {"lab": ["pc01", "pc02"], "registry": ["server"]}
NONE = (("service_manager", "none"),)


def files(*changes: tuple[str, object], **settings: object) -> dict[str, str]:
    return engine_files.files(seat(*changes), sample_settings(**settings))


def daemon(**settings: object) -> dict[str, Any]:
    """Return the wanted content of daemon.json."""
    content: dict[str, Any] = json.loads(files(**settings)[engine_files.DAEMON_JSON])
    return content


def test_the_texts_are_those_that_earlier_versions_wrote() -> None:
    """Show that the digests are those of an earlier version, so that no engine is started anew."""
    assert service_files.hashes(files() | engine_files.login(sample_settings())) == SEAT["files"]
    texts = files(
        ("before", None),
        ("packages", {}),
        groups=REGISTRY,
        room_registry_address="pc",
        room_registry_hub_mirror=True,
        docker_engine_proxy={"http": 'http://u:p"\\x@proxy.example:1', "no_proxy": "a,b"},
        docker_engine_registry_mirrors="https://a.example, https://b.example",
        docker_engine_daemon_options={"é": 1, "data-root": "/srv"},
    )
    hashes = service_files.hashes(texts)
    assert {path.rpartition("/")[2]: text[:12] for path, text in hashes.items()} == {
        "daemon.json": "773b28d0cb80",
        "labocloud-proxy.env": "1645ed4a88fc",
        "labocloud-proxy.conf": "af21f149e1aa",
        "labocloud.conf": "4cf1ba725cf8",
        "labocloud.toml": "93c2951ae748",
    }


def test_a_file_in_json_is_what_ansibles_filter_makes_of_the_same() -> None:
    """Show that the text is that of the filter that earlier versions used, for Ansible's types."""
    text = """
    c: 2026-12-02 01:02:03
    b: {10: a, 9: b, x: [1.5, 2026-12-02, "é"], ~: null}
    a: !!set {k}
    """
    value = DataLoader().load(text)
    assert isinstance(value["c"], datetime)
    assert engine_files.json_text(value) == f"{to_nice_json(value, indent=2)}\n"
    for odd in (object(), b"abc", {"a": b"abc"}):
        with pytest.raises(TypeError):
            engine_files.json_text({"a": odd})


def test_an_option_replaces_a_default_and_mirrors_are_asked_in_their_order() -> None:
    options = {"log-driver": "journald", "registry-mirrors": ["https://never.example"]}
    content = daemon(
        groups=REGISTRY,
        room_registry_address="fd00::1",
        room_registry_hub_mirror=True,
        docker_engine_daemon_options=options,
        docker_engine_registry_mirrors=["https://school.example"],
    )
    assert content["log-driver"] == "journald"
    assert content["log-opts"] == {"max-file": "3", "max-size": "10m"}
    assert content["registry-mirrors"] == [f"https://{MIRROR}", "https://school.example"]
    assert daemon(docker_engine_daemon_options=options)["registry-mirrors"] == [
        "https://never.example"
    ]


@pytest.mark.parametrize(
    ("changes", "settings", "paths"),
    [
        ((), {"docker_engine_source": "upstream"}, set()),
        ((("before/packages", ["containerd"]),), {}, set()),
        ((("before", None),), {}, set()),
        (NONE, {}, set()),
        (NONE, {"docker_engine_proxy": PROXY}, {engine_files.PROXY_FILE}),
        ((), {}, {*engine_files.CONTAINERDS}),
        (
            (),
            {"docker_engine_proxy": PROXY},
            {*engine_files.CONTAINERDS, engine_files.PROXY_FILE, engine_files.PROXY_UNIT},
        ),
    ],
)
def test_which_files_there_are(changes: tuple, settings: dict, paths: set[str]) -> None:
    """Show that a containerd of before gets no files, as it may serve something else."""
    assert set(files(*changes, **settings)) == {engine_files.DAEMON_JSON, *paths}


@pytest.mark.parametrize("address", ["server", "fd00::1", "[fd00::1]"])
def test_the_rooms_registry_is_reached_without_the_proxy(address: str) -> None:
    """Show it for IPv6 too: Go takes no address in brackets in NO_PROXY."""
    settings = {"groups": REGISTRY, "room_registry_address": address}
    variables = engine_files.environment(sample_settings(docker_engine_proxy=PROXY, **settings))
    assert variables["NO_PROXY"] == f"localhost,.example,{address.strip('[]')}"
    assert engine_files.environment(sample_settings(**settings)) == {}


def looked_up(term: str, *changes: tuple[str, object], **settings: object) -> dict[str, str]:
    """Return the lookup's answer to a task."""
    facts = {"labocloud_seat": seat(*changes), "inventory_hostname": "pc02"}
    facts["role_path"] = str(service_files.ROLES / "docker_engine")
    variables = {"groups": {"lab": ["pc02"]}, "hostvars": {}, **facts, **settings}
    templar = Templar(loader=DataLoader(), variables=variables)
    lookup = lookup_loader.get("labocloud.room.service_files", DataLoader(), templar)
    [texts] = lookup.run([term], variables, service="docker_engine")
    return texts


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        ({}, []),
        ({"docker_engine_proxy": PROXY}, [engine_files.PROXY_FILE]),
        (
            {
                "docker_engine_daemon_options": {
                    "proxies": {"http-proxy": "http://u:p@proxy.example:1"}
                }
            },
            [engine_files.DAEMON_JSON],
        ),
    ],
)
def test_what_may_hold_a_password_is_for_root_alone(settings: dict, secrets: list[str]) -> None:
    assert list(looked_up("secrets", **settings)) == secrets
    others = looked_up("files", **settings)
    assert not set(others).intersection(secrets)
    assert others | looked_up("secrets", **settings) == files(**settings)


def test_the_engine_is_given_its_proxy_where_nothing_manages_services() -> None:
    assert looked_up("environment", docker_engine_proxy=PROXY) == {
        "HTTP_PROXY": PROXY["http"],
        "NO_PROXY": PROXY["no_proxy"],
    }


THERE = {
    "log-driver": "local",
    "proxies": {"http-proxy": "http://proxy.example:1", "no-proxy": "a"},
}
MINE = {"http-proxy": "http://u:p@a.example@proxy.example:1", "no-proxy": "a"}


@pytest.mark.parametrize(
    ("changes", "options", "text"),
    [
        ((), {"debug": "x"}, SEAT["daemon_config"]),
        ((("docker/running", False),), {}, None),
        ((("docker/outdated", True),), {}, None),
        ((("daemon_config", None),), {}, None),
        # A seat tells addresses without their passwords.
        ((("daemon_config", THERE),), {"proxies": MINE}, THERE | {"proxies": MINE}),
        ((("daemon_config", THERE),), {"proxies": MINE | {"no-proxy": "b"}}, THERE),
        ((("daemon_config", THERE),), {"proxies": "nonsense"}, THERE),
        ((("daemon_config", THERE),), {"proxies": MINE | {"no-proxy": 7}}, THERE),
        ((("daemon_config", THERE),), {}, THERE),
    ],
)
def test_what_an_engine_is_given_back_that_refuses_what_is_wanted(
    changes: tuple, options: dict, text: dict | None
) -> None:
    """Show that it gets its last configuration where that is known to work, or the defaults."""
    settings = {"docker_engine_daemon_options": options}
    texts = looked_up("fallback_files", *changes, **settings)
    texts |= looked_up("fallback_secrets", *changes, **settings)
    defaults = sample_settings()["docker_engine_daemon_defaults"]
    assert json.loads(texts[engine_files.DAEMON_JSON]) == (defaults if text is None else text)
    assert len(texts) == 1


GROUP = ("students/group", {"name": "class-a", "gid": 20010})
UNIT = engine_files.GROUP_UNIT


def test_a_group_is_let_in_each_time_that_the_engine_starts() -> None:
    """Show that the group is let in by its number, and one of before no longer."""
    named = {"docker_engine_group": "class-a"}
    assert files(GROUP, **named)[UNIT].splitlines()[1:] == [
        "[Service]",
        "ExecStartPost=/usr/bin/setfacl --set=user::rw,group::rw,other::-,group:20010:rw"
        " /var/run/docker.sock",
    ]
    # As the account, and not with a +: whoever has it can put a link where the socket is.
    text = files(GROUP, **named, docker_engine_students="rootless")[UNIT]
    assert text.splitlines()[2:] == [
        "ExecStartPost=/usr/bin/setfacl --set=user::rw,group::rw,other::-,group:20010:rw"
        " /run/labocloud-engine/docker.sock",
        "ExecStartPost=/usr/bin/setfacl --set=user::rwx,group::rx,other::-,group:20010:x"
        " /run/labocloud-engine",
    ]
    for lacking in (files(**named), files(GROUP), files(GROUP, *NONE, **named)):
        assert UNIT not in lacking


def test_a_login_makes_the_folder_of_the_setting_and_nothing_else_is_named() -> None:
    text = engine_files.login(sample_settings(docker_engine_folder=" my work's "))[
        engine_files.LOGIN
    ]
    assert """ -nt "$HOME"/'my work'"'"'s' ]""" in text
    assert "@" not in text
    assert "engine=\n" in text
