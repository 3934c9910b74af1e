# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the directories that Docker keeps its data in were like before it used them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils.state import (
    DAEMON_JSON,
    State,
    bytes_of,
)

DEFAULT_ROOT = "/var/lib/docker"
CONTAINERD_ROOT = "/var/lib/containerd"
# A file system's own, which a directory that is a disk of its own has.
NOBODYS = "lost+found"


def state_of(path: str) -> str:
    """Tell whether a directory is absent, empty or in use."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return "absent"
    except NotADirectoryError:
        return "in use"
    return "in use" if set(names) - {NOBODYS} else "empty"


def saved_config(state: State) -> dict[str, Any]:
    """Give the daemon.json that was there before, empty where there was none that can be read."""
    with suppress(KeyError, ValueError, RecursionError):
        told = json.loads(bytes_of(state.files[DAEMON_JSON]))
        return told if isinstance(told, dict) else {}
    return {}


def known(state: State) -> dict[str, str]:
    """Give what is remembered of Docker's directories: path to absent, empty or in use.

    A record of before there were directories in it tells of the one that the engine would have used
    then, and of containerd's only whether containerd was there.
    """
    before = state.before or {"packages": [], "docker_data": False}
    root = str(saved_config(state).get("data-root", DEFAULT_ROOT))
    containerd = {"containerd", "containerd.io"} & set(before["packages"])
    return {
        root: "in use" if before["docker_data"] else "absent" if root == DEFAULT_ROOT else "empty",
        CONTAINERD_ROOT: "in use" if containerd else "absent",
        **before.get("roots", {}),
    }


def to_record(path: str, told: dict[str, str]) -> str:
    """Give what a directory was like. told: as known() gives it.

    What is in use by now may be so by the toolkit's own Docker: then what is known decides.
    """
    now = state_of(path)
    return told.get(path, now) if now == "in use" else now
