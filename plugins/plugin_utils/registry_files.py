# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make the files that configure the room's registry: path to text, as the settings ask.

A proxy's password may be in one of them, so the texts are no facts: the rule tells of them by their
paths, and the tasks get them by the lookup service_files, which calls what is here.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    RoomRegistrySettings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import (
    environment_file,
    proxy_environment,
    shipped,
)

# What the registry holds, and what the mirror of Docker Hub does, which its service makes as its
# StateDirectory; and where that was when the two shared an account.
STORAGE = "/var/lib/docker-registry/room"
HUB_STORAGE = "/var/lib/labocloud-mirror"
HUB_STORAGE_BEFORE = "/var/lib/docker-registry/hub"

DIRECTORY = "/etc/docker/registry"
UNITS = "/etc/systemd/system"
DROP_INS = f"{UNITS}/docker-registry.service.d"
PROXY_FILE = f"{DIRECTORY}/labocloud-proxy.env"
MIRROR_UNIT = f"{UNITS}/labocloud-mirror.service"
# What goes with the registry, besides the files that a machine tells of: its keys, and its data.
KEPT = (
    DROP_INS,
    *(f"{DIRECTORY}/labocloud{name}" for name in ("-ca.key", "-ca.crt", ".key", ".crt")),
    *(STORAGE, HUB_STORAGE, HUB_STORAGE_BEFORE),
)
# Of what a machine tells of its files, those that are this part's.
OURS = re.compile(rf"(?:{DIRECTORY}|{DROP_INS}|{UNITS})/labocloud[^/]*")


def configuration(service: str, port: int, storage: Mapping[str, Any], **more: object) -> str:
    """Give the configuration of a registry of one's own; JSON is YAML. service: its name in logs.

    The same settings give the same text in any version: another one would be a reason to start a
    registry anew.
    """
    told = {
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
        **more,
    }
    return json.dumps(told, indent=2, sort_keys=True)


def of_registry(want: RoomRegistrySettings) -> dict[str, str]:
    """Give the files of the registry itself: its package's own service, configured otherwise."""
    storage = {
        "filesystem": {"rootdirectory": STORAGE},
        # Anybody pulls, nobody pushes: publish does, on the same storage.
        "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": True}},
    }
    return {
        f"{DIRECTORY}/labocloud.yml": configuration("room", want["room_registry_port"], storage),
        f"{DROP_INS}/labocloud.conf": shipped("room_registry", "registry.conf"),
    }


def of_mirror(want: RoomRegistrySettings) -> dict[str, str]:
    """Give the files of the mirror of Docker Hub, and of what limits it."""
    storage = {
        "filesystem": {"rootdirectory": HUB_STORAGE},
        "delete": {"enabled": True},  # what nobody has asked for in a week goes
    }
    hub = {"remoteurl": want["room_registry_hub_url"]}
    gigabytes = want["room_registry_mirror_gb"]
    made = {
        f"{DIRECTORY}/labocloud-mirror.yml": configuration(
            "mirror", want["room_registry_mirror_port"], storage, proxy=hub
        ),
        f"{DIRECTORY}/labocloud-mirror-limit.py": shipped("room_registry", "mirror_limit.py"),
        MIRROR_UNIT: shipped("room_registry", "mirror.service").format(gigabytes=gigabytes),
        f"{UNITS}/labocloud-mirror-limit.service": shipped(
            "room_registry", "mirror-limit.service"
        ).format(gigabytes=gigabytes),
    }
    if variables := proxy_environment(want["room_registry_proxy"] or {}):
        made[PROXY_FILE] = environment_file(variables)
    return made


def files(want: RoomRegistrySettings) -> dict[str, str]:
    """Give the files that have to be on the registry's host; of the toolkit's, no others."""
    return of_registry(want) | (of_mirror(want) if want["room_registry_hub_mirror"] else {})


def secret(path: str, text: str) -> bool:
    """Tell whether a file may hold a password: that of a proxy."""
    del text
    return path == PROXY_FILE
