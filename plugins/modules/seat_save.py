#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Save containers and volumes of a seat as files that can be taken away."""

DOCUMENTATION = r"""
module: seat_save
short_description: Save containers and volumes of a Docker Engine as files
description:
  - Of a container, its file system, as an image that C(docker load) takes, and its configuration.
    Of a volume, all its bytes with their owners, modes and extended attributes. Of a network, its
    configuration.
  - Not what is in memory, in a tmpfs, in the container's log, or in a directory of the seat that a
    container mounts.
  - The files are C(images.tar.zst), C(volumes.tar.zst) and C(manifest.json), which has the SHA-256
    of the others. They belong to the owner of the directory, and are for nobody else to read.
  - Running containers are paused, so that what is saved is of one moment. They stay so, unless
    saving fails; who goes on without removing them has to let them go on too.
requirements:
  - docker, tar and zstd (the commands)
options:
  containers:
    description: IDs of the containers. One that is gone is passed over.
    type: list
    elements: str
    required: true
  volumes:
    description: Names of the volumes.
    type: list
    elements: str
    required: true
  networks:
    description: IDs of the networks.
    type: list
    elements: str
    required: true
  dest:
    description: >-
      An empty directory. Those beside it whose names begin with C(labocloud-saved-) are removed: an
      interrupted run has left them.
    type: path
    required: true
  docker_socket:
    description: Path of the Docker Engine's socket.
    type: path
    default: /var/run/docker.sock
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Cannot run in check_mode.
    support: none
  diff_mode:
    description: Has nothing to show.
    support: none
  idempotent:
    description: Saves anew each time it is called.
    support: none
"""

EXAMPLES = r"""
- name: Save a container and its volume
  seat_save:
    containers: [4f1c0d2e7a55]
    volumes: [data]
    networks: []
    dest: /var/tmp/saved
"""

RETURN = r"""
files:
  description: The files, name to SHA-256, C(manifest.json) last.
  returned: success
  type: dict
paused:
  description: IDs of the containers that are paused now.
  returned: success
  type: list
  elements: str
"""

import http.client
import json
import os
import subprocess
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_engine import SOCKET, DockerConnection
from ansible.module_utils.saved import REPOSITORY, alone, digest

# Committing a container waits for its disk.
TIMEOUT = 300


def present(docker: DockerConnection, paths: list[str]) -> list[dict[str, Any]]:
    """Give the engine's descriptions of those things that are there."""
    return [told for told in map(docker.ask, paths) if told is not None]


def pause(docker: DockerConnection, containers: list[str]) -> list[str]:
    """Pause the containers that run, and give the IDs of those that are paused now.

    Those too that were: a run that was interrupted has paused them.
    """
    for key in containers:
        # One that does not run, ends just now, or is between two starts, cannot be paused.
        with suppress(OSError):
            docker.ask(f"/containers/{key}/pause", "POST")
    there = present(docker, [f"/containers/{key}/json" for key in containers])
    return [container["Id"] for container in there if container["State"]["Paused"]]


def packed(command: list[str], dest: Path) -> str:
    """Write what a command prints to dest, packed with zstd, and give the SHA-256 of that.

    Raises subprocess.CalledProcessError where one of the two fails, OSError where dest cannot be
    written.
    """
    packing = ["zstd", "-q", "-3", "-T0", "-f", "-o", str(dest)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as why:
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=why) as source,
            subprocess.Popen(packing, stdin=source.stdout, stderr=why) as zstd,
        ):
            # The end of zstd has to reach the command, or it would wait for ever.
            source.stdout.close()
        if source.returncode != 0 or zstd.returncode != 0:
            why.seek(0)
            code = zstd.returncode or source.returncode
            raise subprocess.CalledProcessError(code, command[0], stderr=why.read())
    return digest(dest)


def save_images(docker: DockerConnection, containers: list[dict[str, Any]], dest: Path) -> str:
    """Save the containers' file systems as images, and give the SHA-256 of the archive."""
    names = [f"{REPOSITORY}:{container['Id'][:12]}" for container in containers]
    try:
        for container in containers:
            key = container["Id"]
            docker.ask(
                f"/commit?container={key}&repo={REPOSITORY}&tag={key[:12]}&pause=false", "POST", {}
            )
        return packed(["docker", "save", *names], dest)
    finally:
        for name in names:
            with suppress(OSError):
                docker.ask(f"/images/{name}?noprune=true", "DELETE")


def save_volumes(volumes: list[dict[str, Any]], dest: Path) -> str:
    """Save the volumes' bytes, and give the SHA-256 of the archive."""
    directory = Path(volumes[0]["Mountpoint"]).parents[1]
    places = [str(Path(volume["Mountpoint"]).relative_to(directory)) for volume in volumes]
    tar = ["tar", "--create", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]
    return packed([*tar, "--sparse", f"--directory={directory}", *places], dest)


def save(docker: DockerConnection, asked: dict[str, Any], dest: Path) -> dict[str, str]:
    """Save to dest and give the files, name to SHA-256.

    Raises OSError, http.client.HTTPException or subprocess.CalledProcessError where anything
    cannot be saved.
    """
    containers = present(docker, [f"/containers/{key}/json" for key in asked["containers"]])
    volumes = present(docker, [f"/volumes/{quote(name)}" for name in asked["volumes"]])
    networks = present(docker, [f"/networks/{key}" for key in asked["networks"]])
    for volume in volumes:
        if volume["Driver"] != "local":
            raise OSError(f"the volume {volume['Name']} is kept by the driver {volume['Driver']}")
    files = {}
    if containers:
        files["images.tar.zst"] = save_images(docker, containers, dest / "images.tar.zst")
    # The data of a volume with options are on the device that these name, and stay there.
    if own := [volume for volume in volumes if not volume["Options"]]:
        files["volumes.tar.zst"] = save_volumes(own, dest / "volumes.tar.zst")
    manifest = dest / "manifest.json"
    told = {"containers": containers, "volumes": volumes, "networks": networks, "files": files}
    manifest.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return files | {manifest.name: digest(manifest)}


def main() -> None:
    """Run the module."""
    lists = ("containers", "volumes", "networks")
    module = AnsibleModule(
        argument_spec={
            **{key: {"type": "list", "elements": "str", "required": True} for key in lists},
            "dest": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    os.umask(0o077)
    dest = Path(module.params["dest"])
    owner = dest.stat()
    with closing(DockerConnection(module.params["docker_socket"], TIMEOUT)) as docker, alone(dest):
        try:
            paused = pause(docker, module.params["containers"])
            files = save(docker, module.params, dest)
            for name in files:
                os.chown(dest / name, owner.st_uid, owner.st_gid)
        except (OSError, http.client.HTTPException, subprocess.CalledProcessError) as error:
            for key in module.params["containers"]:
                # Not all of them run.
                with suppress(OSError):
                    docker.ask(f"/containers/{key}/unpause", "POST")
            module.fail_json(msg=f"cannot save: {getattr(error, 'stderr', None) or error}")
    module.exit_json(changed=True, files=files, paused=paused)


if __name__ == "__main__":
    main()
