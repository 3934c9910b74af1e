# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save containers, images and volumes of this machine as files that can be taken away."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import is_a_mount
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    Copied,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import pack
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.halting import (
    describe_all,
    describe_containers,
    halt_all,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.lock import UNFINISHED
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    IMAGES,
    MANIFEST,
    REPOSITORY,
    VOLUMES,
    UnsavableError,
    tag_of,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import (
    container_stamp,
    volume_stamp,
)

SOCKET_IN_VOLUME = re.compile("^tar: (.*): socket ignored$", re.MULTILINE)
# A thing as the engine describes it.
Description = dict[str, Any]


class Image(NamedTuple):
    """An image in the archive: the name that it has there, its ID, its names on the seat."""

    tag: str
    id: str
    names: list[str]


class Things(NamedTuple):
    """What is to be saved, as the engine describes it."""

    containers: list[Description]
    images: list[Image]
    volumes: list[Description]
    networks: list[Description]


def _images_to_save(docker: DockerConnection, images: list[dict[str, Any]]) -> list[Image]:
    """Return those images that are there and have names that somebody gave them.

    images: each with its id and its names.
    """
    found = []
    for image in images:
        names = [name for name in image["names"] if not name.startswith(f"{REPOSITORY}:")]
        if names and docker.ask(f"/images/{image['id']}/json") is not None:
            found.append(Image(tag_of(image["id"]), image["id"], names))
    return found


def _things_to_save(docker: DockerConnection, arguments: dict[str, Any]) -> Things:
    """Return what is there of what is asked. Raises UnsavableError where it can be no file."""
    things = Things(
        containers=describe_containers(docker, arguments["containers"]),
        images=_images_to_save(docker, arguments["images"]),
        volumes=describe_all(docker, [f"/volumes/{quote(name)}" for name in arguments["volumes"]]),
        networks=describe_all(docker, [f"/networks/{key}" for key in arguments["networks"]]),
    )
    for volume in things.volumes:
        if volume["Driver"] != "local":
            raise UnsavableError(
                f"the volume {volume['Name']} is kept by the driver {volume['Driver']}"
            )
    return things


def _name_images(
    docker: DockerConnection, containers: list[Description], images: list[Image]
) -> None:
    """Give the containers' file systems, as images, and images the names of the archive."""
    for container in containers:
        repository, _, tag = tag_of(container["Id"]).partition(":")
        place = f"container={container['Id']}&repo={repository}&tag={tag}"
        docker.ask(f"/commit?{place}&pause=false", "POST", {})
    for image in images:
        repository, _, tag = image.tag.partition(":")
        docker.ask(f"/images/{image.id}/tag?repo={repository}&tag={tag}", "POST")


def _take_names(docker: DockerConnection, commits: list[str], others: list[str]) -> None:
    """Take away the names of the archive again, where the engine answers."""
    # What is left of an answer is nobody's.
    docker.close()
    for name in [*commits, *others]:
        with suppress(OSError, http.client.HTTPException):
            image = docker.ask(f"/images/{name}/json")
            # With its last name an image would go: that of a container's is made to.
            if name in commits or (image and len(image["RepoTags"]) > 1):
                docker.ask(f"/images/{name}?noprune=true", "DELETE")


def _save_images(
    docker: DockerConnection, containers: list[Description], images: list[Image], dest: Path
) -> None:
    """Save the containers' file systems, as images, and images.

    Raises OSError, http.client.HTTPException, subprocess.CalledProcessError, ValueError or
    tarfile.TarError.
    """
    commits = [tag_of(container["Id"]) for container in containers]
    tags = [image.tag for image in images]

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
        _name_images(docker, containers, images)
        pack(dest, write)
    finally:
        _take_names(docker, commits, tags)


def _save_volumes(docker: DockerConnection, volumes: list[Description], dest: Path) -> list[str]:
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


def _refuse_what_ran(docker: DockerConnection, containers: list[Description]) -> None:
    """Raise UnsavableError where a container ran while it was saved."""
    for container in containers:
        now = docker.ask(f"/containers/{container['Id']}/json") or container
        state, then = now["State"], container["State"]
        if state["StartedAt"] != then["StartedAt"] or (state["Running"] and not state["Paused"]):
            name = container["Name"].lstrip("/")
            raise UnsavableError(f"the container {name} ran while it was saved")


def _save(docker: DockerConnection, arguments: dict[str, Any], dest: Path) -> dict[str, Any]:
    """Save to dest, and return files, sizes, saved and left_out, as seat_save's RETURN has them.

    Raises as save() does.
    """
    things = _things_to_save(docker, arguments)
    # Before anything is read: what is written from now on may be missing in what is saved.
    stamps = {
        "containers": {
            container["Id"]: container_stamp(docker, container) for container in things.containers
        },
        "volumes": {volume["Name"]: volume_stamp(docker, volume) for volume in things.volumes},
    }
    files, left_out = {}, []
    if things.containers or things.images:
        _save_images(docker, things.containers, things.images, dest / IMAGES)
        files[IMAGES] = digest(dest / IMAGES)
    if own := [volume for volume in things.volumes if not is_a_mount(volume)]:
        left_out = _save_volumes(docker, own, dest / VOLUMES)
        files[VOLUMES] = digest(dest / VOLUMES)
    _refuse_what_ran(docker, things.containers)
    manifest = things._asdict() | {
        "images": [image._asdict() for image in things.images],
        "files": files,
        "left_out": left_out,
    }
    path = dest / MANIFEST
    path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    files = files | {MANIFEST: digest(path)}
    sizes = {name: (dest / name).stat().st_size for name in files}
    return {"files": files, "sizes": sizes, "saved": stamps, "left_out": few(left_out)}


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


def save(docker: DockerConnection, arguments: dict[str, Any], dest: Path) -> dict[str, Any]:
    """Save what the module's arguments name to dest, while nothing of it is written.

    Returns files, sizes, saved and left_out, as seat_save's RETURN has them. The engine stays
    closed to all but root, and the containers halted. Raises UnsavableError, OSError, ValueError,
    http.client.HTTPException, subprocess.CalledProcessError or tarfile.TarError where anything
    cannot be saved.
    """
    (dest / UNFINISHED).touch()
    _refuse_little_space(arguments["bytes"], dest)
    access.close(arguments["docker_socket"])
    halt_all(docker, arguments["containers"], dest)
    answer = _save(docker, arguments, dest)
    owner = dest.stat()
    for name in answer["files"]:
        os.chown(dest / name, owner.st_uid, owner.st_gid)
    (dest / UNFINISHED).unlink()
    # Fetching it may take as long again.
    access.open_later(arguments["docker_socket"])
    return answer
