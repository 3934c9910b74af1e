# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save containers, images and volumes of this machine as files that can be taken away."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine import access, answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Volume,
    needing,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import is_a_mount
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    Copied,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    give_name,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import pack
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.halting import (
    describe,
    halt_all,
    present,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import UNFINISHED
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import (
    NamedImage,
    Savable,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.recreating import name_of
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    IMAGES,
    MANIFEST,
    REPOSITORY,
    VOLUMES,
    Answer,
    Manifest,
    SavedImage,
    UnsavableError,
    tag_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import (
    Stamps,
    container_stamp,
    volume_stamp,
)

# What is made again, and what of: every engine has all of it.
_VOLUME = needing(answers.VOLUME, "Driver", "Mountpoint")
_NETWORK = needing(
    answers.NETWORK,
    *("Id", "Driver", "Scope", "IPAM", "EnableIPv6", "Internal", "Attachable", "Options", "Labels"),
)
SOCKET_IN_VOLUME = re.compile("^tar: (.*): socket ignored$", re.MULTILINE)


def _images_to_save(reader: Reader, images: Iterable[NamedImage]) -> list[SavedImage]:
    """Return those images that are there and have names that somebody gave them."""
    found: list[SavedImage] = []
    for image in images:
        names = [name for name in image["names"] if not name.startswith(f"{REPOSITORY}:")]
        if names and reader.image(image["id"]) is not None:
            found.append({"tag": tag_of(image["id"]), "id": image["id"], "names": names})
    return found


def _things_to_save(docker: DockerConnection, wanted: Savable) -> Manifest:
    """Return what is there of what is asked. Raises UnsavableError where it can be no file."""
    reader = Reader(docker)
    things: Manifest = {
        "containers": present(describe(docker, key) for key in wanted["containers"]),
        "images": _images_to_save(reader, wanted["images"]),
        "volumes": present(reader.volume(name, _VOLUME) for name in wanted["volumes"]),
        "networks": present(reader.network(key, _NETWORK) for key in wanted["networks"]),
        "files": {},
        "left_out": [],
    }
    for volume in things["volumes"]:
        if volume["Driver"] != "local":
            raise UnsavableError(
                f"the volume {volume['Name']} is kept by the driver {volume['Driver']}"
            )
    return things


def _take_names(docker: DockerConnection, commits: list[str], others: list[str]) -> None:
    """Take away the names of the archive again, where the engine answers."""
    # What is left of an answer is nobody's.
    docker.close()
    # With its last name an image would go. That of a container is to.
    for name in commits:
        with suppress(OSError):
            take_name(docker, name)
    for name in others:
        with suppress(OSError):
            image = Reader(docker).image(name) or {}
            if len(image.get("RepoTags") or []) > 1:
                take_name(docker, name)


def _save_images(docker: DockerConnection, things: Manifest, dest: Path) -> None:
    """Save the containers' file systems, as images, and images.

    Raises OSError, http.client.HTTPException, subprocess.CalledProcessError, ValueError or
    tarfile.TarError.
    """
    commits = [tag_of(container["Id"]) for container in things["containers"]]
    tags = [image["tag"] for image in things["images"]]

    def write(sink: IO[bytes], _messages: IO[str]) -> None:
        names = [*commits, *tags]
        query = "&".join(f"names={name}" for name in names)
        answer = Copied(docker.stream(f"/images/get?{query}"), sink)
        # An engine that fails half-way ends its answer as if that were all.
        if names_in(answer, whole=True) != set(names):
            raise ValueError("the engine has not given all images")
        while answer.read(2**20):
            pass

    try:
        for container in things["containers"]:
            repository, _, tag = tag_of(container["Id"]).partition(":")
            place = f"container={container['Id']}&repo={repository}&tag={tag}"
            docker.ask(f"/commit?{place}&pause=false", "POST", {})
        for image in things["images"]:
            give_name(docker, image["id"], image["tag"])
        pack(dest, write)
    finally:
        _take_names(docker, commits, tags)


def _save_volumes(docker: DockerConnection, volumes: list[Volume], dest: Path) -> list[str]:
    """Save the volumes' bytes, and return the paths of those sockets in them that were left out.

    Raises OSError or subprocess.CalledProcessError.
    """
    directory = Path(volumes[0]["Mountpoint"]).parents[1]
    places = [str(Path(volume["Mountpoint"]).relative_to(directory)) for volume in volumes]
    tar = ["tar", "--create", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]

    def write(sink: IO[bytes], messages: IO[str]) -> None:
        command = docker.with_its_rights([*tar, "--sparse", f"--directory={directory}", *places])
        # Not of this session, whose terminal is the teacher's.
        subprocess.run(  # noqa: S603  # no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=messages,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            check=True,
        )

    return SOCKET_IN_VOLUME.findall(pack(dest, write))


def _refuse_what_ran(docker: DockerConnection, containers: list[Container]) -> None:
    """Raise UnsavableError where a container ran while it was saved."""
    for container in containers:
        now = describe(docker, container["Id"]) or container
        state, then = now["State"], container["State"]
        if state["StartedAt"] != then["StartedAt"] or (state["Running"] and not state["Paused"]):
            raise UnsavableError(f"the container {name_of(container)} ran while it was saved")


def _save(docker: DockerConnection, wanted: Savable, dest: Path) -> Answer:
    """Save to dest, and return what seat_save answers. Raises as save() does."""
    things = _things_to_save(docker, wanted)
    containers, volumes = things["containers"], things["volumes"]
    # Before anything is read: what is written from now on may be missing in what is saved.
    stamps: Stamps = {
        "containers": {
            container["Id"]: container_stamp(docker, container) for container in containers
        },
        "volumes": {volume["Name"]: volume_stamp(docker, volume) for volume in volumes},
    }
    if containers or things["images"]:
        _save_images(docker, things, dest / IMAGES)
        things["files"][IMAGES] = digest(dest / IMAGES)
    if own := [volume for volume in volumes if not is_a_mount(volume)]:
        things["left_out"] = _save_volumes(docker, own, dest / VOLUMES)
        things["files"][VOLUMES] = digest(dest / VOLUMES)
    _refuse_what_ran(docker, containers)
    path = dest / MANIFEST
    path.write_text(json.dumps(things, indent=1) + "\n", encoding="utf-8")
    files = {**things["files"], MANIFEST: digest(path)}
    sizes = {name: (dest / name).stat().st_size for name in files}
    left_out = few(things["left_out"])
    return {"files": files, "sizes": sizes, "saved": stamps, "left_out": left_out}


def _refuse_little_space(needed: int, dest: Path) -> None:
    """Raise UnsavableError where less is free than is needed, in bytes."""
    free = shutil.disk_usage(dest).free
    if needed > free:
        others = shlex.join(
            str(path) for path in sorted(dest.parent.glob(f"{REPOSITORY}-*")) if path != dest
        )
        why = (
            f"{needed / 10**6:.0f} MB are to be saved, and at {dest.parent} is space for "
            f"{free / 10**6:.0f} MB"
        )
        fix = f"rm -r {others}, where no other run fetches from there"
        raise UnsavableError(Refusal(why, fix) if others else why)


def save(docker: DockerConnection, wanted: Savable, dest: Path) -> Answer:
    """Save what is wanted to dest, while nothing of it is written, and return what that is.

    The engine stays closed to all but root, and the containers halted. Raises UnsavableError,
    OSError, ValueError, http.client.HTTPException, subprocess.CalledProcessError or
    tarfile.TarError where anything cannot be saved.
    """
    (dest / UNFINISHED).touch()
    _refuse_little_space(wanted["bytes"], dest)
    access.close(docker.path)
    halt_all(docker, wanted["containers"], dest)
    answer = _save(docker, wanted, dest)
    owner = dest.stat()
    for name in answer["files"]:
        os.chown(dest / name, owner.st_uid, owner.st_gid)
    (dest / UNFINISHED).unlink()
    # Fetching it may take as long again.
    access.open_later(docker.path)
    return answer
