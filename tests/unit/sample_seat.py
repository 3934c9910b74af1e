"""The facts and the settings of a seat that is as it should be; tests change parts of them."""

import copy
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, cast

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import digest
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.lesson.fields import NOTHING_AROUND
from ansible_collections.labocloud.room.plugins.plugin_utils import (
    engine_files,
    lesson_files,
    settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.published import as_variables
from ansible_collections.labocloud.room.plugins.plugin_utils.service_files import hashes

NAME, BUILDER = "pc02", "pc01"
COURSE, BASE = "labocloud20202021:python", "labocloud20202021:base"
# The revision of the base, and the hash of the files that are built on it.
BASE_REVISION, CONTEXT = "5c9b3f1e7d20" + "0" * 52, "c0" * 32
REVISION = sha256(f"{CONTEXT}print of base {BASE_REVISION[:12]}".encode()).hexdigest()
OLD = "a81cd0447e02" + "0" * 52
FLASK = "6be22e996b31" + "0" * 52
# The files for the students' login. No record has them, since no engine restarts for them.
LOGIN = engine_files.login({"docker_engine_folder": "labocloud", "docker_engine_students": "group"})
LAYERS = [f"sha256:{number:064x}" for number in range(1, 9)]


def image(revision: str, kind: str = "course", layers: int = 8) -> dict[str, Any]:
    """Return an image of the toolkit, as a seat reports it."""
    return {
        "id": f"sha256:of {kind} {revision[:12]}",
        "revision": revision,
        "fingerprint": f"print of {kind} {revision[:12]}",
        "layers": LAYERS[:layers],
        "labels": {"labocloud.image": kind, "labocloud.revision": revision},
    }


# The settings of the container that the role starts, as an engine reports them.
SETTINGS = {
    "AutoRemove": True,
    "CapAdd": None,
    "CapDrop": ["ALL"],
    "DeviceCgroupRules": None,
    "Devices": None,
    "GroupAdd": None,
    "IpcMode": "private",
    "Memory": 134217728,
    "Mounts": [],
    "NanoCpus": 1000000000,
    "NetworkMode": "bridge",
    "PidMode": "",
    "PidsLimit": 64,
    "PortBindings": ["127.0.0.1:8080:8888/tcp"],
    "Privileged": False,
    "ReadonlyRootfs": True,
    "RestartPolicy": {"MaximumRetryCount": 0, "Name": "no"},
    "SecurityOpt": ["no-new-privileges"],
    "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m"},
    "UTSMode": "",
    "User": "10001:10001",
    "UsernsMode": "",
}
SEAT: dict[str, Any] = {
    "os": {
        "id": "debian",
        "version": "13",
        "codename": "trixie",
        "name": "Debian GNU/Linux 13 (trixie)",
    },
    "arch": "x86_64",
    "python": "3.13",
    "service_manager": "systemd",
    "root": True,
    "machine": {"id": "i", "running": "r", "host_keys": ["SHA256:k"]},
    "listeners": [
        {
            "port": 8080,
            "address": "127.0.0.1",
            "process": "docker-proxy",
            "pid": 9,
            "container": "flask",
        }
    ],
    "packages": {
        "acl": "2.3.2-2+b1",
        "containerd": "1.7.24~ds1-6+deb13u1",
        "docker-buildx": "0.13.1+ds1-3",
        "docker-cli": "26.1.5+dfsg1-9+deb13u1+b1",
        "docker-compose": "2.26.1-4",
        "docker.io": "26.1.5+dfsg1-9+deb13u1+b1",
        "python3-apt": "3.0.0",
        "python3-requests": "2.32.3+dfsg-5+deb13u1",
        "runc": "1.1.15+ds1-2+b4",
        "zstd": "1.5.7+dfsg-1",
    },
    "held": [],
    "files": {
        "/etc/containerd/labocloud.toml": (
            "93c2951ae7487ef234fe996a16d1b104d2831a5836318b957f3b1d41d18eff46"
        ),
        "/etc/docker/daemon.json": (
            "949227c94d64072fd93e932b179dcdafad38ba72f864fe02f526281136cede4d"
        ),
        **hashes(LOGIN),
        "/etc/systemd/system/containerd.service.d/labocloud.conf": (
            "4cf1ba725cf8d003e37c08a3b40b06017ce9628058c4373c3bfe1dbdc52dfe8d"
        ),
    },
    "daemon_config": {"default-address-pools": [{"base": "198.18.0.0/16", "size": 24}]},
    "docker_group": [],
    "students": {"members": None, "account": None, "group": None, "ranges": []},
    "able": {
        "namespaces": True,
        "apparmor": False,
        "cgroup2": True,
        "tun": True,
        "file_system": "ext4",
    },
    "before": {
        "packages": ["adduser", "python3-apt"],
        "files": [],
        "held": [],
        "docker_group": None,
        "docker_data": False,
        "docker_running": False,
        "images": [],
        "containers": [],
        "networks": [],
        "volumes": [],
        "ids": {"cache": [], "containers": [], "images": {}, "networks": [], "swarm": ""},
        "roots": {"/var/lib/containerd": "absent", "/var/lib/docker": "absent"},
    },
    "brought": {
        "packages": ["containerd", "docker.io", "runc"],
        "users": [],
        "containers": [FLASK],
        "making": "",
    },
    "built": {
        BASE: image(BASE_REVISION, "base", 3)["fingerprint"],
        f"{COURSE}-{REVISION[:12]}": image(REVISION)["fingerprint"],
    },
    "delivered": [
        {
            "fingerprint": image(BASE_REVISION, "base", 3)["fingerprint"],
            "name": BASE,
            "layers": [],
            "rows": 0,
        },
        {
            "fingerprint": image(REVISION)["fingerprint"],
            "name": f"{COURSE}-{REVISION[:12]}",
            "layers": [],
            "rows": 0,
        },
    ],
    "bases": {},
    "served": [],
    "torn": [],
    "apt": {"unfinished": [], "journal": False, "interrupted": False, "policy_rc_d": "absent"},
    "docker": {
        "running": True,
        "enabled": True,
        "version": "26.1.5+dfsg1",
        "root": "/var/lib/docker",
        "free_mb": 91_000,
        "driver": "overlay2",
        "data": True,
        "outdated": False,
        "partial": True,
        "cpus": 4,
        "memory": True,
        "pids": True,
        "swarm": False,
        "uid": 0,
        "socket": {"uid": 0, "gid": 103, "mode": 0o660, "groups": []},
        "roots": [612],
        "masked": [],
        "why": "",
    },
    "images": {
        BASE: image(BASE_REVISION, "base", 3),
        COURSE: image(REVISION),
        f"{COURSE}-{REVISION[:12]}": image(REVISION),
    },
    "containers": {
        "flask": {
            "id": FLASK,
            "image": COURSE,
            "image_id": image(REVISION)["id"],
            "state": "running",
            "health": "healthy",
            "labels": {"labocloud.managed": "true", "labocloud.revision": REVISION},
            "ports": [{"address": "127.0.0.1", "port": 8080, "protocol": "tcp"}],
            "settings": SETTINGS,
        }
    },
    "networks": [],
    "volumes": [],
    "page": {"status": 200, "revision": REVISION, "why": ""},
    "clock": {"control": 1_795_500_000.0, "ahead": 0.2},
    "network": {
        "interface": "eth0",
        "mtu": 1500,
        "addresses": ["127.0.0.0/8", "127.0.0.1/32", "192.0.2.2/32", "198.18.0.1/32"],
        "routes": [{"to": "192.0.2.0/24", "interface": "eth0"}],
        "docker": [{"name": "bridge", "subnet": "198.18.0.0/24"}],
        "docker_mtu": 1500,
        "docker_proxy": False,
        "proxy": "",
        "registries": {},
    },
    "registry": {"images": {}, "ca": "", "certificate": "", "answers": {}},
    "exercises": {
        "folder": "ours",
        "command": "ours",
        "memory": "ours",
        "digest": "",
        "open": True,
        "left": 0,
    },
    "odd": [],
}
# The listing of the files that every seat gets for the exercises, and the digest of this seat's.
FILES = ["040755 .", "100755 labo e1e1"]
SEAT["exercises"]["digest"] = digest(lesson_files.listing(FILES, SEAT["delivered"], NOTHING_AROUND))


def changed(whole: Mapping[str, Any], *changes: tuple[str, object]) -> dict[str, Any]:
    """Return a deep copy of a structure, with other values at paths like docker/running."""
    result = copy.deepcopy(dict(whole))
    for path, value in changes:
        place = result
        *way, last = path.split("/")
        for key in way:
            place = place[key]
        place[last] = copy.deepcopy(value)
    return result


def seat(*changes: tuple[str, object]) -> SeatFacts:
    """Return the seat's facts, with other values at some paths."""
    return cast("SeatFacts", changed(SEAT, *changes))


def builder(*changes: tuple[str, object]) -> Builder:
    """Return the builder's facts for the judge, with other values at paths of its seat's facts."""
    facts = seat(("served", [REVISION]), *changes)
    wheels = {"x86_64": "wheels of x86_64", "aarch64": "wheels of aarch64"}
    return {
        "seat": facts,
        "course": {
            "base": BASE_REVISION,
            "context": CONTEXT,
            "wheels": wheels,
            "exercises": {"files": FILES, "why": ""},
            "had": "",
            "served": facts["served"],
            "why": "",
        },
    }


def variables(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables in which actions publish the facts of a machine."""
    return as_variables(facts)


class Known(dict[str, dict[str, Any]]):
    """Variables by machine, with the interface of Ansible's hostvars."""

    raw_get = dict.__getitem__


@cache
def declared() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the roles' defaults and argument specifications."""
    return settings.declared(
        lambda path: DataLoader().load_from_file(path, trusted_as_template=True)
    )


def sample_settings(
    groups: Mapping[str, list[str]] | None = None, name: str = NAME, **variables: object
) -> Settings:
    """Return the settings of a seat: the defaults, and the variables that are set for it.

    groups: those of the inventory, by default a room of pc01, pc02 and pc03.
    """
    defaults, specs = declared()
    builtin = {"inventory_hostname": name, "role_path": str(settings.ROLES / "seat")}
    task_vars = {**builtin, **variables}
    values, wrong = settings.settings(
        task_vars,
        defaults,
        specs,
        lambda scope, value: Templar(loader=DataLoader(), variables=dict(scope)).template(value),
    )
    room = settings.room(groups or {"lab": ["pc01", "pc02", "pc03"]}, name, lambda _: values)
    identity = {"name": name, "account": task_vars.get("ansible_user", "")}
    whole = {**values, **identity, "room": room, "wrong": wrong, "twins": [], "attacks": None}
    whole |= {"neighbour_address": "", "store": {}, "room_store_directory": "/nowhere/store"}
    return cast("Settings", whole)
