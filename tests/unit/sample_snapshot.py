"""Sample answers of an engine, and the snapshot that is taken of them."""

import base64
import json
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.lesson import fields, snapshot
from ansible_collections.labocloud.room.plugins.module_utils.shapes import faults
from stand_in import Engine, Raw

NOTHING = snapshot.wanted([])
# Seconds: more than a slow machine takes, less than without the limit that a test is about.
SOON = 15
INFO = {
    "ServerVersion": "26.1.5",
    "MemoryLimit": True,
    "SecurityOptions": ["name=rootless"],
    "Swarm": {"ControlAvailable": False},
}


def container(number: int, **fields: object) -> dict[str, Any]:
    """Return a container as the engine describes it, as long as for one with the usual options."""
    return {
        "Id": f"{number:064x}",
        "Name": f"/exercise-{number}",
        "Created": "2026-03-01T10:42:00.123456789Z",
        "Image": f"sha256:{number % 7:064x}",
        "RestartCount": 2,
        "Path": "python",
        "Args": ["app.py", "--token", "of-nobody-else"],
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "StartedAt": "2026-03-01T10:42:01.5Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Config": {
            "Hostname": f"{number:012x}",
            "Image": "labocloud20202021:python",
            "Env": ["PASSWORD=of-nobody-else"],
            "Labels": {"labo.setup": "8", "owner": "of-nobody-else"},
        },
        "HostConfig": {
            "Memory": 2**26,
            "NetworkMode": "default",
            "AutoRemove": True,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        },
        "NetworkSettings": {
            "Ports": {
                "8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8090"}],
                "53/udp": None,
                "1/tcp": [{}],
            },
            "Networks": {
                "bridge": {"Aliases": ["exercise"], "IPAddress": "172.17.0.2"},
                "none": None,
            },
        },
        "Mounts": [{"Type": "volume", "Name": "v", "Source": "/v", "Destination": "/data"}],
        **fields,
    }


def image(number: int) -> dict[str, Any]:
    """Return an image as the engine describes it."""
    return {
        "Id": f"sha256:{number:064x}",
        "RepoTags": [f"exercise:{number}"],
        "Created": "2026-03-01T10:40:00Z",
        "Size": 80_000_000,
        "Config": {"Cmd": ["app.py"], "Labels": {"labocloud.image": "course"}},
        "RootFS": {"Layers": [f"sha256:{layer:064x}" for layer in range(8)]},
    }


HISTORY = [
    {"Created": 1772361600, "CreatedBy": "CMD [app.py]", "Size": 0, "Comment": "buildkit"},
    {"Created": 1772361600, "CreatedBy": "ENV TOKEN=of-nobody-else", "Size": 0},
    {"Created": 1772361600, "CreatedBy": "/bin/sh -c #(nop)  ARG K=of-nobody-else", "Size": 0},
    {
        "Created": 1772361600,
        "CreatedBy": "RUN |1 K=of-nobody-else a /bin/sh -c pip install flask # buildkit",
        "Size": 9,
    },
    *[
        {"Created": 1772361600, "CreatedBy": f"COPY {n} /srv # buildkit", "Size": 5}
        for n in "abcde"
    ],
]


def stand(engine: Engine, containers: list[dict[str, Any]], images: list[dict[str, Any]]) -> None:
    """Let the engine answer with these containers and images."""
    listed = [{"Id": description["Id"]} for description in containers]
    engine.on("GET", r"/containers/json\?all=true&limit=100", listed)
    for description in containers:
        engine.on("GET", f"/containers/{description['Id']}/json", description)
    engine.on("GET", "/images/json", [{"Id": i["Id"], "RepoTags": i["RepoTags"]} for i in images])
    for description in images:
        engine.on("GET", f"/images/{description['Id']}/json", description)
        engine.on("GET", f"/images/{description['Id']}/history", HISTORY)
    engine.on("GET", "/info", INFO)
    engine.on("GET", "/networks", [{"Name": "bridge", "Driver": "bridge", "Internal": False}])
    engine.on("GET", "/volumes", {"Volumes": None, "Warnings": None})


def take(engine: Engine, **wants: list[Any]) -> dict[str, Any]:
    """Return a snapshot, after a check of its shape."""
    result = snapshot.take(snapshot.wanted([wants]), engine.path)
    assert list(faults(result, fields.SNAPSHOT, "snapshot")) == []
    return result


ID = "0123456789ab" * 5 + "cdef"


def event(action: str, seconds: float = 1.5, **attributes: str) -> dict[str, Any]:
    """Return an event of a container as engines write it."""
    return {
        "status": action,
        "Type": "container",
        "Action": action,
        "Actor": {"ID": ID, "Attributes": {"image": "of-nobody-else", **attributes}},
        "scope": "local",
        "time": int(seconds),
        "timeNano": int(seconds * 1e9),
    }


def written(*events: object) -> Raw:
    """Return how an engine answers with events: one a line."""
    return Raw(b"".join(json.dumps(event).encode() + b"\n" for event in events))


def there(**stat: object) -> Raw:
    """Return how an engine answers, by a header, what is at a path: a file, if nothing else."""
    whole = {"name": "a", "size": 13, "mode": 0o644, "mtime": "2026-03-01T10:42:00.5Z", **stat}
    text = base64.b64encode(json.dumps(whole).encode()).decode()
    return Raw(b"", headers=(("X-Docker-Container-Path-Stat", text),))
