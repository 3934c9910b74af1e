#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save containers, images and volumes of a seat as files that can be taken away."""

DOCUMENTATION = r"""
module: seat_save
short_description: Save containers, images and volumes of a Docker Engine as files
description:
  - Of a container, its file system, as an image that C(docker load) takes, and its configuration.
    Of an image, all of it, and its names. Of a volume, all its bytes with their owners, modes and
    extended attributes. Of a network, its configuration.
  - Not what is in memory, in a tmpfs, in the container's log, or in a directory of the seat that a
    container mounts. Of a volume that is on a device of its own (bind, nfs, cifs, tmpfs), its
    configuration alone. A socket in a volume is left out, and told.
  - The files are C(images.tar.zst), C(volumes.tar.zst) and C(manifest.json), which has the SHA-256
    of the others. They belong to the owner of the directory, and are for nobody else to read.
  - Running containers are paused, those that are between two starts are stopped, so that what is
    saved is of one moment. They stay so, unless saving fails; who goes on without removing them
    lets them go on with O(state=absent).
  - From before that on the engine is closed to all but root, until M(labocloud.room.seat_students)
    has removed what was saved, or saving fails, or O(state=absent). Where the run is lost, systemd
    opens it after an hour, and so does the next run.
requirements:
  - tar and zstd (the commands), and nsenter where the engine runs without root
options:
  state:
    description: >-
      Whether to save, or to give up what was saved in O(dest): what was paused for it, and for
      nothing that was saved since, goes on, and the engine is open again.
    type: str
    choices: [present, absent]
    default: present
  containers:
    description: IDs of the containers. One that is gone is passed over.
    type: list
    elements: str
    default: []
  images:
    description: >-
      Images, each with its C(id) and its C(names), a list. One without names, or that is gone, is
      passed over.
    type: list
    elements: dict
    default: []
  volumes:
    description: Names of the volumes.
    type: list
    elements: str
    default: []
  networks:
    description: IDs of the networks.
    type: list
    elements: str
    default: []
  bytes:
    description: How large it is at least, unpacked. Where less is free at O(dest) nothing is begun.
    type: int
    default: 0
  dest:
    description: >-
      An empty directory. Those beside it whose names begin with C(labocloud-saved-) are removed
      where a run that ended early has left them.
    type: path
    required: true
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Saves anew each time it is called.
"""

EXAMPLES = r"""
- name: Save a container, an image and a volume
  labocloud.room.seat_save:
    containers: [4f1c0d2e7a55]
    images: [{id: "sha256:9b2f…", names: ["tp3:1"]}]
    volumes: [data]
    dest: /var/tmp/saved

- name: Let the container go on after all
  labocloud.room.seat_save:
    state: absent
    dest: /var/tmp/saved
"""

RETURN = r"""
files:
  description: The files, name to SHA-256, C(manifest.json) last.
  returned: success, with O(state=present)
  type: dict
sizes:
  description: The same files, name to bytes.
  returned: success, with O(state=present)
  type: dict
saved:
  description: >-
    What tells whether anything was changed since, as M(labocloud.room.seat_students) takes it;
    C(containers), ID to stamp, and C(volumes), name to stamp.
  returned: success, with O(state=present)
  type: dict
left_out:
  description: What could not be saved of the volumes, by its path, since no archive can hold it.
  returned: success, with O(state=present)
  type: list
  elements: str
"""

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, cast
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    PATIENT,
    SOCKET,
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import digest, write_whole
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import (
    Copied,
    names_in,
)
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    DEVICE,
    ENVIRONMENT,
    REPOSITORY,
    UNFINISHED,
    alone,
    container_stamp,
    volume_stamp,
)

# Seconds in which an engine that is restarted answers again, and those between two questions.
RETURNS = 60
BETWEEN = 1
# How often a container is asked to pause that is about to end, or to start.
ATTEMPTS = 3
# The directory of each save, to the containers that do not run because of it: ID to what lets them
# go on, unpause or start. Not across a boot, which ends all containers.
HALTED = Path("/run/labocloud-halted.json")
SOCKET_IN_VOLUME = re.compile("^tar: (.*): socket ignored$", re.MULTILINE)


class RefusedError(Exception):
    """Something cannot be saved; the text names it."""


class Image(NamedTuple):
    """An image in the archive: the name that it has there, its ID, its names on the seat."""

    tag: str
    id: str
    names: list[str]


def present(docker: DockerConnection, paths: list[str]) -> list[dict[str, Any]]:
    """Give the engine's descriptions of those things that are there."""
    return [told for told in map(docker.ask, paths) if told is not None]


def described(docker: DockerConnection, containers: list[str]) -> list[dict[str, Any]]:
    """Give the engine's descriptions of those of the containers that are there."""
    return present(docker, [f"/containers/{key}/json" for key in containers])


def read_halted() -> dict[str, dict[str, str]]:
    """Give what HALTED says. Raises OSError."""
    try:
        halted: dict[str, dict[str, str]] = json.loads(HALTED.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return halted


def take(halted: dict[str, dict[str, str]], dest: Path) -> dict[str, str]:
    """Take out of it what was halted for dest, or by runs that ended early: theirs is gone.

    halted: as HALTED has it. Gives ID to what lets the container go on.
    """
    ours = [other for other in halted if other == str(dest) or not Path(other).exists()]
    return {key: verb for other in ours for key, verb in halted.pop(other).items()}


def halt(docker: DockerConnection, container: dict[str, Any]) -> str:
    """Have a container write nothing, and give what lets it go on, empty where it wrote nothing.

    Raises RefusedError where it runs all the same.
    """
    key, name = container["Id"], container["Name"].lstrip("/")
    for _ in range(ATTEMPTS):
        state = container["State"]
        if state["Paused"] or not state["Running"]:
            return ""
        # Between two starts it cannot be paused.
        verb, undo = ("stop?t=0", "start") if state["Restarting"] else ("pause", "unpause")
        try:
            docker.ask(f"/containers/{key}/{verb}", "POST")
        except EngineError as error:
            failed = error
        else:
            return undo
        # It may have ended just now.
        container = docker.ask(f"/containers/{key}/json")
        if container is None:
            return ""
    raise RefusedError(f"the container {name} runs, and cannot be paused: {failed}")


def halt_all(docker: DockerConnection, containers: list[str], dest: Path) -> None:
    """Have the containers write nothing, and remember those that do not because of this.

    Those too that others have halted: a run that ended early, or one that may still fetch what it
    has saved. Raises RefusedError.
    """
    halted = read_halted()
    ours = take(halted, dest)
    held = {key: verb for others in halted.values() for key, verb in others.items()}

    def remember() -> None:
        write_whole(HALTED, json.dumps(halted | {str(dest): ours}).encode())

    running = []
    for container in described(docker, containers):
        key, state = container["Id"], container["State"]
        if key in held:
            ours[key] = held[key]
        if state["Running"] and not state["Paused"]:
            running.append(container)
            # Before it is so: whoever is killed in between remembers one too many.
            ours[key] = "start" if state["Restarting"] else "unpause"
    remember()
    for container in running:
        ours[container["Id"]] = halt(docker, container)
    # What ended by itself is not started again.
    ours = {key: verb for key, verb in ours.items() if verb}
    remember()


def let_go_on(docker: DockerConnection, dest: Path) -> list[str]:
    """Let the containers go on that were halted for dest, and for no other save.

    Gives the commands for those that could not.
    """
    halted = read_halted()
    left = take(halted, dest)
    for others in halted.values():
        left = {key: verb for key, verb in left.items() if key not in others}
    deadline = time.monotonic() + RETURNS
    while True:
        for key, verb in list(left.items()):
            # An engine that does not answer may come back.
            with suppress(OSError, http.client.HTTPException):
                told = docker.ask(f"/containers/{key}/json")
                if told and told["State"]["Paused" if verb == "unpause" else "Running"] == (
                    verb == "unpause"
                ):
                    docker.ask(f"/containers/{key}/{verb}", "POST")
                del left[key]
            if time.monotonic() > deadline:
                break
        if not left or time.monotonic() > deadline:
            break
        time.sleep(BETWEEN)
    write_whole(HALTED, json.dumps(halted | {str(dest): left}).encode())
    return [shlex.join(["docker", verb, key[:12]]) for key, verb in sorted(left.items())]


def packed(dest: Path, write: Callable[[IO[bytes], IO[str]], None]) -> str:
    """Pack what write gives with zstd, to dest. Gives what the commands said.

    write: gets what to write to, and where a command that it runs can say why it fails. Raises
    subprocess.CalledProcessError where a command fails, with its stderr, OSError where dest cannot
    be written, and what write raises.
    """
    packing = ["zstd", "-q", "-3", "-T0", "-f", "-o", str(dest)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as why:
        failed = None
        try:
            with subprocess.Popen(
                packing, stdin=subprocess.PIPE, stderr=why, env=ENVIRONMENT
            ) as zstd:
                write(cast("IO[bytes]", zstd.stdin), why)
        except (BrokenPipeError, subprocess.CalledProcessError) as error:
            failed = error
        why.seek(0)
        said = why.read()
        if failed or zstd.returncode != 0:
            raise subprocess.CalledProcessError(
                zstd.returncode or 1, "zstd", stderr=said or str(failed or "zstd fails")
            ) from failed
    return said


def save_images(
    docker: DockerConnection,
    containers: list[dict[str, Any]],
    images: list[Image],
    dest: Path,
) -> None:
    """Save the containers' file systems, as images, and images.

    Raises OSError, http.client.HTTPException, subprocess.CalledProcessError, ValueError or
    tarfile.TarError.
    """
    commits = [f"{REPOSITORY}:{container['Id'][:12]}" for container in containers]
    names = [*commits, *(image.tag for image in images)]

    def write(sink: IO[bytes], _why: IO[str]) -> None:
        asked = "&".join(f"names={name}" for name in names)
        answer = Copied(docker.stream(f"/images/get?{asked}"), sink)
        # An engine that fails half-way ends its answer as if that were all.
        if names_in(answer, whole=True) != set(names):
            raise ValueError("the engine has not given all images")
        while answer.read(2**20):
            pass

    try:
        for container in containers:
            key = container["Id"]
            docker.ask(
                f"/commit?container={key}&repo={REPOSITORY}&tag={key[:12]}&pause=false", "POST", {}
            )
        for image in images:
            repository, _, tag = image.tag.partition(":")
            docker.ask(f"/images/{image.id}/tag?repo={repository}&tag={tag}", "POST")
        packed(dest, write)
    finally:
        # What is left of an answer is nobody's.
        docker.close()
        for name in names:
            with suppress(OSError, http.client.HTTPException):
                told = docker.ask(f"/images/{name}/json")
                # With its last name an image would go: that of a container's is made to.
                if name in commits or (told and len(told["RepoTags"]) > 1):
                    docker.ask(f"/images/{name}?noprune=true", "DELETE")


def save_volumes(docker: DockerConnection, volumes: list[dict[str, Any]], dest: Path) -> list[str]:
    """Save the volumes' bytes, and give the paths of those sockets in them that were left out.

    Raises OSError or subprocess.CalledProcessError.
    """
    directory = Path(volumes[0]["Mountpoint"]).parents[1]
    places = [str(Path(volume["Mountpoint"]).relative_to(directory)) for volume in volumes]
    tar = ["tar", "--create", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]

    def write(sink: IO[bytes], why: IO[str]) -> None:
        command = docker.with_its_rights([*tar, "--sparse", f"--directory={directory}", *places])
        # Not of this session, whose terminal is the teacher's.
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=why,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            check=True,
        )

    return SOCKET_IN_VOLUME.findall(packed(dest, write))


def tagged(docker: DockerConnection, images: list[dict[str, Any]]) -> list[Image]:
    """Give those images that are there and have names that somebody gave them.

    images: each with its id and its names.
    """
    found = []
    for image in images:
        names = [name for name in image["names"] if not name.startswith(f"{REPOSITORY}:")]
        if names and docker.ask(f"/images/{image['id']}/json") is not None:
            digits = image["id"].removeprefix("sha256:")[:12]
            found.append(Image(f"{REPOSITORY}:{digits}", image["id"], names))
    return found


def save(docker: DockerConnection, asked: dict[str, Any], dest: Path) -> dict[str, Any]:
    """Save to dest, and give files, sizes, saved and left_out, as RETURN has them.

    Raises RefusedError, OSError, http.client.HTTPException, subprocess.CalledProcessError,
    ValueError or tarfile.TarError where anything cannot be saved.
    """
    containers = described(docker, asked["containers"])
    images = tagged(docker, asked["images"])
    volumes = present(docker, [f"/volumes/{quote(name)}" for name in asked["volumes"]])
    networks = present(docker, [f"/networks/{key}" for key in asked["networks"]])
    for volume in volumes:
        if volume["Driver"] != "local":
            raise RefusedError(
                f"the volume {volume['Name']} is kept by the driver {volume['Driver']}"
            )
    # Before anything is read: what is written from now on may be missing in what is saved.
    stamps = {
        "containers": {told["Id"]: container_stamp(docker, told) for told in containers},
        "volumes": {told["Name"]: volume_stamp(docker, told) for told in volumes},
    }
    files, left_out = {}, []
    if containers or images:
        save_images(docker, containers, images, dest / "images.tar.zst")
        files["images.tar.zst"] = digest(dest / "images.tar.zst")
    if own := [one for one in volumes if not DEVICE & set(one["Options"] or {})]:
        left_out = save_volumes(docker, own, dest / "volumes.tar.zst")
        files["volumes.tar.zst"] = digest(dest / "volumes.tar.zst")
    for container in containers:
        now = docker.ask(f"/containers/{container['Id']}/json") or container
        started = [told["State"]["StartedAt"] for told in (container, now)]
        if started[0] != started[1] or (now["State"]["Running"] and not now["State"]["Paused"]):
            name = container["Name"].lstrip("/")
            raise RefusedError(f"the container {name} ran while it was saved")
    manifest = dest / "manifest.json"
    told = {
        "containers": containers,
        "images": [image._asdict() for image in images],
        "volumes": volumes,
        "networks": networks,
        "files": files,
        "left_out": left_out,
    }
    manifest.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    files = files | {manifest.name: digest(manifest)}
    sizes = {name: (dest / name).stat().st_size for name in files}
    return {"files": files, "sizes": sizes, "saved": stamps, "left_out": few(left_out)}


def room(needed: int, dest: Path) -> None:
    """Raise RefusedError where less is free than is needed, in bytes."""
    free = shutil.disk_usage(dest).free
    if needed > free:
        others = shlex.join(
            str(path) for path in sorted(dest.parent.glob(f"{REPOSITORY}-*")) if path != dest
        )
        raise RefusedError(
            f"{needed / 10**6:.0f} MB are to be saved, and at {dest.parent} is space for "
            f"{free / 10**6:.0f} MB"
            + (f". Fix: rm -r {others}, where no other run fetches from there" if others else "")
        )


def main() -> None:
    """Run the module."""
    lists = ("containers", "volumes", "networks")
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **{key: {"type": "list", "elements": "str", "default": []} for key in lists},
            "images": {"type": "list", "elements": "dict", "default": []},
            "bytes": {"type": "int", "default": 0},
            "dest": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    os.umask(0o077)
    asked = module.params
    dest = Path(asked["dest"])
    why, told = "", {}
    with (
        closing(DockerConnection(asked["docker_socket"], patience=PATIENT)) as docker,
        # A question that is soon answered is not waited for as a commit is.
        closing(DockerConnection(asked["docker_socket"])) as quick,
        alone(dest),
    ):
        try:
            if asked["state"] == "present":
                (dest / UNFINISHED).touch()
                room(asked["bytes"], dest)
                access.close(asked["docker_socket"])
                halt_all(docker, asked["containers"], dest)
                told = save(docker, asked, dest)
                owner = dest.stat()
                for name in told["files"]:
                    os.chown(dest / name, owner.st_uid, owner.st_gid)
                (dest / UNFINISHED).unlink()
                # Fetching it may take as long again.
                access.open_later(asked["docker_socket"])
        except (
            RefusedError,
            OSError,
            ValueError,
            http.client.HTTPException,
            subprocess.CalledProcessError,
            tarfile.TarError,
        ) as error:
            why = f"cannot save: {getattr(error, 'stderr', None) or error}"
        commands = []
        if why or asked["state"] == "absent":
            commands = let_go_on(quick, dest)
            access.open_again(asked["docker_socket"])
    if commands:
        stay = f"the engine does not let these containers go on. Fix: {'; '.join(commands)}"
        why = f"{why}; {stay}" if why else stay
    if why:
        module.fail_json(msg=why)
    module.exit_json(changed=True, **told)


if __name__ == "__main__":
    main()
