# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The shape of a seat's facts, on which the rules rely: all that are documented, each of its type.

Whoever is root on a seat decides what it answers. What has another shape is left out here, on the
control machine; what is left is printable.
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.files import Odd
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, fitted, nothing
from ansible_collections.labocloud.room.plugins.module_utils.state import BEFORE
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned

# plugins/modules/seat.py documents what each fact means.
SEAT: Mapping[str, Shape] = {
    "os": {"id": str, "version": str, "codename": str, "name": str},
    "python": str,
    "arch": str,
    "service_manager": str,
    "root": bool,
    "machine": {"id": str, "running": str, "host_keys": [str]},
    "listeners": [
        {
            "port": int,
            "address": str,
            "process": (str, None),
            "pid": (int, None),
            "container": (str, None),
        }
    ],
    "packages": {str: str},
    "held": [str],
    "files": {str: str},
    "daemon_config": ({str: object}, None),
    "docker_group": ([str], None),
    "students": {
        "members": ([str], None),
        "account": (
            {"uid": int, "gid": int, "locked": bool, "subuids": [[int]], "subgids": [[int]]},
            None,
        ),
        "group": ({"name": str, "gid": int}, None),
        "ranges": [[int]],
    },
    "able": {
        "namespaces": bool,
        "apparmor": bool,
        "cgroup2": bool,
        "tun": bool,
        "file_system": str,
    },
    "before": (BEFORE, None),
    "brought": {
        "packages": [str],
        "users": [str],
        "taken?": [str],
        "moving?": {"path": str, "sha256": str, "images": {str: str}, "left": [str]},
        "containers?": [str],
        "making?": (str, None),
        ...: object,
    },
    "built": {str: str},
    "bases": {str: str},
    "served": [str],
    "torn": [str],
    "apt": {"unfinished": [str], "journal": bool, "interrupted": bool, "policy_rc_d": str},
    "docker": {
        "running": bool,
        "enabled": bool,
        "version": str,
        "root": str,
        "free_mb": int,
        "driver": str,
        "data": bool,
        "outdated": bool,
        "partial": bool,
        "cpus": int,
        "memory": bool,
        "pids": bool,
        "swarm": bool,
        "uid": (int, None),
        "socket": ({"uid": int, "gid": int, "mode": int, "groups": [int]}, None),
        "roots": [int],
        "masked": [str],
        "why": str,
    },
    "images": {
        str: {
            "id": str,
            "revision": str,
            "fingerprint": str,
            "layers": [str],
            "labels": {str: str},
        }
    },
    "containers": {
        str: {
            "id": str,
            "image": str,
            "image_id": str,
            "state": str,
            "health": (str, None),
            "labels": {str: str},
            "ports": [{"address": str, "port": int, "protocol": str}],
            "settings": {str: object},
        }
    },
    "networks": [str],
    "volumes": [str],
    "clock": {"control": (float, None), "ahead": (float, None)},
    "network": {
        "interface": str,
        "mtu": int,
        "addresses": [str],
        "routes": [{"to": str, "interface": str}],
        "proxy": str,
        "docker": [{"name": str, "subnet": str}],
        "docker_mtu": int,
        "docker_proxy": bool,
        "registries": {
            str: {"reached": bool, "why": str, "public": (bool, None), "issuer": str},
        },
    },
    "registry": {
        "images": {str: str},
        "ca": str,
        "certificate": str,
        "answers": {str: {"answers": (bool, None), "why": str}},
    },
    "page": ({"status": (int, None), "revision": (str, None), "why": str}, None),
    "exercises": {
        "folder": str,
        "command": str,
        "memory": str,
        "digest": str,
        "open": bool,
        "left": int,
    },
    "odd": [str],
}

# What came of the attacks of verify; plugins/modules/seat_attack.py documents it.
ATTACKS: Mapping[str, Shape] = {
    "account": str,
    "why": str,
    "tried": [{"name": str, "outcome": str, "why": str}],
}


def timed(facts: dict[str, Any], answered: float) -> dict[str, Any]:
    """Return a seat's facts with its clock ahead by what is certain, which may be nothing.

    The seat has read its clock between the question and its answer, as a server of NTP does: of
    what lies between these two nothing can be said.

    answered: the control machine's time when the answer was here, in seconds.
    """
    asked, most = facts["clock"]["control"], facts["clock"]["ahead"]
    if asked is None or most is None:
        return facts
    least = most - (answered - asked)
    return {**facts, "clock": {"control": asked, "ahead": max(least, 0.0) + min(most, 0.0)}}


def shaped(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts in a module's answer, which may be any: all that are documented, no others.

    A fact that lacks, or is of another type, is that of a machine that has nothing; what was wrong
    stands in the fact C(odd), where the rules find it.
    """
    facts = answer.get("seat")
    wrong: list[str] = []
    if not isinstance(facts, dict):
        wrong.append("the seat has told no facts")
        facts = nothing(dict(SEAT))
    seat: dict[str, Any] = cleaned(fitted(facts, dict(SEAT), "seat", wrong))
    # The rules look a listener's container up by this name.
    for listener in seat["listeners"]:
        if listener["container"] not in seat["containers"]:
            listener["container"] = None
    odd = Odd()
    for sentence in (*wrong, *seat["odd"]):
        odd.tell(cleaned(sentence))
    return {**seat, "odd": odd.sentences}
