"""The files that configure the room's registry."""

import re
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.lookup.service_files import is_secret
from ansible_collections.labocloud.room.plugins.plugin_utils import registry_files
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import hashes
from sample_seat import sample_settings

PROXY = {"http": 'http://user:pa"ss\\word@proxy.example:3128', "no_proxy": "a,b"}
REGISTRY = {
    "/etc/docker/registry/labocloud.yml": (
        "3b5604ea6088cd956f6591f44b63cb7693a570f32ef8c37ffbc26582b52d5bf5"
    ),
    "/etc/systemd/system/docker-registry.service.d/labocloud.conf": (
        "e1652a4becc3ed9b263b7980a9a482ff3b5b0a02d768396f0eee3efee6b45c1f"
    ),
}
MIRROR = {
    "/etc/docker/registry/labocloud-mirror-limit.py": (
        "c3f9fdbab4246a1dd0fecb77e8d40126ae8ebd08f7c46b67e8b3a63b64d581db"
    ),
    "/etc/docker/registry/labocloud-mirror.yml": (
        "c8faca7d7e58876d97ccd2c01243cd0cc748bed12c4d8f74fff0d1e781552203"
    ),
    "/etc/docker/registry/labocloud-proxy.env": (
        "4d6943302910017160ed205d1a3e8d83f31ab0f2a1db8abba191ea879b4e351f"
    ),
    "/etc/docker/registry/labocloud.yml": (
        "3b5604ea6088cd956f6591f44b63cb7693a570f32ef8c37ffbc26582b52d5bf5"
    ),
    "/etc/systemd/system/docker-registry.service.d/labocloud.conf": (
        "e1652a4becc3ed9b263b7980a9a482ff3b5b0a02d768396f0eee3efee6b45c1f"
    ),
    "/etc/systemd/system/labocloud-mirror-limit.service": (
        "601ca69b7781e3eb5837bc5e242d567fd8abfb42790ed339797a751926776661"
    ),
    "/etc/systemd/system/labocloud-mirror.service": (
        "dc4e79f337e448653c02f5c0d5eb5e77489b15db26bb07561b630bcbe21be6ce"
    ),
}


def files(**settings: object) -> dict[str, str]:
    return registry_files.files(sample_settings(**settings))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, REGISTRY),
        (
            {
                "room_registry_hub_mirror": True,
                "room_registry_mirror_gb": 7,
                "room_registry_proxy": PROXY,
            },
            MIRROR,
        ),
    ],
)
def test_a_registry_of_the_version_before_is_not_started_anew(
    settings: dict[str, Any], told: dict[str, str]
) -> None:
    """Byte for byte what the templates of before gave."""
    assert hashes(files(**settings)) == told


def test_the_mirror_goes_through_the_engines_proxy_where_it_has_none_of_its_own() -> None:
    proxy = {"https": "http://proxy.example:1"}
    texts = files(room_registry_hub_mirror=True, docker_engine_proxy=proxy)
    assert texts[registry_files.PROXY_FILE] == 'HTTPS_PROXY="http://proxy.example:1"\n'
    texts = files(room_registry_hub_mirror=True, docker_engine_proxy=proxy, room_registry_proxy={})
    assert registry_files.PROXY_FILE not in texts
    assert registry_files.PROXY_FILE not in files(docker_engine_proxy=proxy)


def test_only_the_file_with_the_proxy_is_kept_from_others() -> None:
    texts = files(room_registry_hub_mirror=True, room_registry_proxy=PROXY)
    secret = [path for path, text in texts.items() if is_secret(path, text)]
    assert secret == [registry_files.PROXY_FILE]
    assert [path for path, text in texts.items() if "proxy.example" in text] == [
        registry_files.PROXY_FILE
    ]


def test_ports_and_the_limit_are_those_of_the_settings() -> None:
    texts = files(
        room_registry_hub_mirror=True,
        room_registry_port=6000,
        room_registry_mirror_port=6001,
        room_registry_mirror_gb=3,
    )
    assert '"addr": ":6000"' in texts["/etc/docker/registry/labocloud.yml"]
    assert '"addr": ":6001"' in texts["/etc/docker/registry/labocloud-mirror.yml"]
    assert "LimitFSIZE=3G\n" in texts[registry_files.MIRROR_UNIT]
    limit = texts["/etc/systemd/system/labocloud-mirror-limit.service"]
    assert re.search(r"ExecStart=.* /var/lib/labocloud-mirror 3\n", limit)


def test_all_of_them_are_known_as_the_toolkits() -> None:
    texts = files(room_registry_hub_mirror=True, room_registry_proxy=PROXY)
    assert all(registry_files.OURS.fullmatch(path) for path in texts)
    for path in (
        "/etc/docker/labocloud-proxy.env",
        "/etc/docker/registry/config.yml",
        "/etc/systemd/system/docker.service.d/labocloud-proxy.conf",
        "/etc/docker/certs.d/server:5000/labocloud.crt",
    ):
        assert not registry_files.OURS.fullmatch(path)
