# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What a seat says, as the rules rely on it: every documented fact, each of the right type.

Whoever is root on a seat decides what it answers. What it tells besides, or in another shape, is
left out here, on the control machine; what is left is printable.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd
from ansible_collections.labocloud.room.plugins.module_utils.shapes import (
    Shape,
    fitted,
    nothing,
    too_deep,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import BEFORE
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned

# Bytes. A seat with thousands of packages and hundreds of images tells less than half of it.
LARGEST_ANSWER = 2_000_000
# Levels of a module's answer; those of its facts are fewer.
DEEPEST_ANSWER = 50
# What Ansible's own code says on a Python that it does not run on, or Python of that code.
TOO_OLD = (
    re.compile(
        r"requires Python [\d.]+ or newer on the target\. Current version: (?P<version>[\d.]+)"
    ),
    re.compile("future feature annotations is not defined"),
)
STREAMS = ("module_stdout", "module_stderr")
OLDEST_PYTHON = "3.9"
LOOK = "Fix: look at who is root there, and at its Python; no seat says that by itself."

# plugins/modules/seat.py documents what each means.
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

# plugins/modules/seat_attack.py documents them.
ATTACKS: Mapping[str, Shape] = {
    "account": str,
    "why": str,
    "tried": [{"name": str, "outcome": str, "why": str}],
}


def refusal(seat: str, answer: Mapping[str, Any]) -> str:
    """Give why what a seat has answered is not taken, and what to do; empty where it can be.

    seat: its name. answer: all of what its module gave.
    """
    if too_deep(answer, DEEPEST_ANSWER):
        return f"{seat} tells what is nested deeper than anything that a seat has. {LOOK}"
    said = " ".join(str(answer.get(key, "")) for key in ("msg", *STREAMS))
    old = next(filter(None, (pattern.search(said) for pattern in TOO_OLD)), None)
    if answer.get("failed") and old:
        version = old["version"] if "version" in old.groupdict() else "older than 3.7"
        return (
            f"{seat} has Python {version}, and Ansible needs {OLDEST_PYTHON} or newer there."
            " Fix: install a newer one, and name its path as ansible_python_interpreter."
        )
    # What Ansible itself has put into it, of a module that failed, is no JSON.
    size = len(json.dumps(answer, default=str))
    if size > LARGEST_ANSWER:
        return (
            f"{seat} tells {size} bytes of itself, and at most {LARGEST_ANSWER} are taken."
            " Fix: remove containers, images or labels there that are not needed."
        )
    return ""


def timed(seat: dict[str, Any], answered: float) -> dict[str, Any]:
    """Return a seat's facts, in which its clock is ahead by what is certain, which may be nothing.

    The seat has read its clock between the question and its answer, as a server of NTP does: of
    what lies between these two nothing can be said.

    answered: the control machine's time when the answer was here.
    """
    asked, most = seat["clock"]["control"], seat["clock"]["ahead"]
    if asked is None or most is None:
        return seat
    least = most - (answered - asked)
    return {**seat, "clock": {"control": asked, "ahead": max(least, 0.0) + min(most, 0.0)}}


def shaped(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Give the facts in a module's answer, which may be any: each that is documented, no others.

    A fact that is not there, or of another type, tells nothing, as one of a machine that has
    nothing does; what was wrong stands in the fact C(odd), where the rules find it.
    """
    told = answer.get("seat")
    wrong: list[str] = []
    if not isinstance(told, dict):
        wrong.append("the seat has told no facts")
        told = nothing(dict(SEAT))
    seat: dict[str, Any] = cleaned(fitted(told, dict(SEAT), "seat", wrong))
    # A name of nothing: whom it means is looked up.
    for listener in seat["listeners"]:
        if listener["container"] not in seat["containers"]:
            listener["container"] = None
    odd = Odd()
    for sentence in (*wrong, *seat["odd"]):
        odd.add(cleaned(sentence))
    return {**seat, "odd": odd.sentences}
