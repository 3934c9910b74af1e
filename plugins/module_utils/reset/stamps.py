# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Stamp volumes and containers, so that a change after they were saved is seen."""

from __future__ import annotations

import subprocess
from typing import IO, TypedDict, cast

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Volume,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import is_a_mount
from ansible_collections.labocloud.room.plugins.module_utils.files import sha256_of_stream


class Stamps(TypedDict):
    """The stamps of containers, by ID, and of volumes, by name."""

    containers: dict[str, str]
    volumes: dict[str, str]


def directory_stamp(docker: DockerConnection, directory: str) -> str:
    """Return a hash that changes when anything in a directory is written, or it is replaced.

    It covers each file's path, its device and inode number, which tell it from another file of that
    name, and its change time (ctime), which no program can set. The directory is read with the
    engine's rights, as the files themselves are. Raises OSError.
    """
    command = ["find", directory, "-xdev", "-printf", r"%D %i %C@ %p\0"]
    with subprocess.Popen(  # noqa: S603  # no shell
        docker.with_its_rights(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
    ) as find:
        stamp = sha256_of_stream(cast("IO[bytes]", find.stdout))
    if find.returncode != 0:
        raise OSError(f"{directory} cannot be read to its end")
    return stamp


def volume_stamp(docker: DockerConnection, volume: Volume) -> str:
    """Return the stamp of a volume; an empty one if its data survive the volume's removal.

    Raises OSError.
    """
    is_elsewhere = volume["Driver"] != "local" or is_a_mount(volume)
    return "" if is_elsewhere else directory_stamp(docker, volume["Mountpoint"])


def container_stamp(docker: DockerConnection, container: Container) -> str:
    """Return a text that changes when a container is started, or a file of its own is written.

    Raises OSError.
    """
    layer = ((container.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    files = directory_stamp(docker, layer) if layer else ""
    return f"{container['State']['StartedAt']} {files}"
