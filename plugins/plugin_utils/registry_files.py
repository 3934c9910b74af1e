# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Generate the files that configure the room's registry, path to text, from the settings.

A text may hold a proxy's password, so the texts are not facts: a verdict names the files by their
paths, and the tasks get the texts from the lookup service_files, which calls these functions.
"""

import json
import re
from collections.abc import Mapping

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import RoleSettings
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import (
    environment_file,
    proxy_environment,
    shipped,
)

# The data of the registry; those of the mirror of Docker Hub, whose service has the directory as
# its StateDirectory; and where the mirror's data were when the two shared an account.
STORAGE = "/var/lib/docker-registry/room"
HUB_STORAGE = "/var/lib/labocloud-mirror"
HUB_STORAGE_BEFORE = "/var/lib/docker-registry/hub"

DIRECTORY = "/etc/docker/registry"
_UNITS = "/etc/systemd/system"
_DROP_INS = f"{_UNITS}/docker-registry.service.d"
PROXY_FILE = f"{DIRECTORY}/labocloud-proxy.env"
MIRROR_UNIT = f"{_UNITS}/labocloud-mirror.service"
# What is removed with the registry besides the files that a machine reports: its keys, its data.
KEPT = (
    _DROP_INS,
    *(f"{DIRECTORY}/labocloud{name}" for name in ("-ca.key", "-ca.crt", ".key", ".crt")),
    *(STORAGE, HUB_STORAGE, HUB_STORAGE_BEFORE),
)
# The files among those that a machine reports which the toolkit has written for the registry.
OURS = re.compile(rf"(?:{DIRECTORY}|{_DROP_INS}|{_UNITS})/labocloud[^/]*")


def _configuration(
    service: str, port: int, storage: Mapping[str, object], **options: object
) -> str:
    """Return the configuration of a registry as JSON, which is YAML.

    service: its name in logs. options: further keys of the configuration. The text for the same
    settings has to stay the same in all versions: another text makes a registry restart.
    """
    config = {
        "version": "0.1",
        "log": {"fields": {"service": service}},
        "storage": storage,
        "http": {
            "addr": f":{port}",
            "headers": {"X-Content-Type-Options": ["nosniff"]},
            "tls": {
                "certificate": f"{DIRECTORY}/labocloud.crt",
                "key": f"{DIRECTORY}/labocloud.key",
                "minimumtls": "tls1.2",
            },
        },
        **options,
    }
    return json.dumps(config, indent=2, sort_keys=True)


def _registry_files(settings: RoleSettings) -> dict[str, str]:
    """Return the files of the registry itself, which runs as its package's own service."""
    storage = {
        "filesystem": {"rootdirectory": STORAGE},
        # Anybody may pull and nobody push; the module registry_publish writes the same storage.
        "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": True}},
    }
    return {
        f"{DIRECTORY}/labocloud.yml": _configuration(
            "room", settings["room_registry_port"], storage
        ),
        f"{_DROP_INS}/labocloud.conf": shipped("room_registry", "registry.conf"),
    }


def _mirror_files(settings: RoleSettings) -> dict[str, str]:
    """Return the files of the mirror of Docker Hub, and of the service that limits its size."""
    storage = {
        "filesystem": {"rootdirectory": HUB_STORAGE},
        "delete": {"enabled": True},  # so that what nobody has pulled in a week is removed
    }
    hub = {"remoteurl": settings["room_registry_hub_url"]}
    gigabytes = settings["room_registry_mirror_gb"]
    texts = {
        f"{DIRECTORY}/labocloud-mirror.yml": _configuration(
            "mirror", settings["room_registry_mirror_port"], storage, proxy=hub
        ),
        f"{DIRECTORY}/labocloud-mirror-limit.py": shipped("room_registry", "mirror_limit.py"),
        MIRROR_UNIT: shipped("room_registry", "mirror.service").format(gigabytes=gigabytes),
        f"{_UNITS}/labocloud-mirror-limit.service": shipped(
            "room_registry", "mirror-limit.service"
        ).format(gigabytes=gigabytes),
    }
    if variables := proxy_environment(settings["room_registry_proxy"] or {}):
        texts[PROXY_FILE] = environment_file(variables)
    return texts


def files(settings: RoleSettings) -> dict[str, str]:
    """Return the files that have to be on the registry's host, path to text; others are stale."""
    return _registry_files(settings) | (
        _mirror_files(settings) if settings["room_registry_hub_mirror"] else {}
    )
