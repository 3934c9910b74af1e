#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring back the containers and volumes that seat_save has saved."""

DOCUMENTATION = r"""
module: seat_restore
short_description: Bring back the containers and volumes that seat_save has saved
description:
  - Volumes come back with their bytes, owners, modes and extended attributes, containers with their
    file system and configuration, stopped. A container whose name is another's by now comes back as
    C(NAME-restored). Networks that are lacking are made as they were.
  - What has been brought back from the same files already is left alone; what was interrupted is
    completed.
requirements:
  - docker, tar and zstd (the commands)
options:
  src:
    description: >-
      Directory with the files of seat_save. Those beside it whose names begin with
      C(labocloud-saved-) are removed: an interrupted run has left them.
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
    description: Leaves alone what it has brought back, whatever became of it.
    support: full
"""

EXAMPLES = r"""
- name: Bring back what was saved
  seat_restore:
    src: /var/tmp/saved
"""

RETURN = r"""
lines:
  description: What has come back, as lines for people.
  returned: success
  type: list
  elements: str
"""

import http.client
import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_engine import SOCKET, DockerConnection
from ansible.module_utils.saved import REPOSITORY, alone, digest

TIMEOUT = 300
# On what has come back: which files it came from.
LABEL = "labocloud.restored"
# Beside a volume's data, once all of them are there.
COMPLETE = "labocloud-restored"


def unpacked(archive: Path, command: list[str]) -> None:
    """Give a packed archive to a command. Raises subprocess.CalledProcessError."""
    with subprocess.Popen(["zstd", "-dcq", str(archive)], stdout=subprocess.PIPE) as zstd:
        subprocess.run(command, stdin=zstd.stdout, check=True, capture_output=True, text=True)
    if zstd.returncode != 0:
        raise subprocess.CalledProcessError(zstd.returncode, "zstd")


def restore_volume(docker: DockerConnection, volume: dict[str, Any], src: Path, mark: str) -> bool:
    """Bring back a volume, and tell whether there was anything to do."""
    name = volume["Name"]
    there = docker.ask(f"/volumes/{quote(name)}")
    if there is None:
        there = docker.ask(
            "/volumes/create",
            "POST",
            {
                "Name": name,
                "Driver": volume["Driver"],
                "DriverOpts": volume["Options"] or {},
                "Labels": (volume["Labels"] or {}) | {LABEL: mark},
            },
        )
    place = Path(there["Mountpoint"])
    complete = place.parent / COMPLETE
    if complete.exists():
        return False
    # The data of a volume with options are on the device that these name.
    if not volume["Options"]:
        directory = place.parents[1]
        tar = ["tar", "--extract", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]
        unpacked(
            src / "volumes.tar.zst",
            [*tar, "--same-permissions", f"--directory={directory}", f"{name}/{place.name}"],
        )
    complete.touch()
    return True


def restore_network(docker: DockerConnection, network: dict[str, Any]) -> bool:
    """Make a network that is lacking, and tell whether it was."""
    if network["Scope"] != "local" or docker.ask(f"/networks/{quote(network['Name'])}"):
        return False
    copied = ("Name", "Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Options", "Labels")
    docker.ask("/networks/create", "POST", {key: network[key] for key in copied})
    return True


def recreated(container: dict[str, Any], mark: str) -> dict[str, Any]:
    """Give the request that makes a container as it was, from the description of it that was saved.

    Its file system is in the saved image; its volumes are mounted by name, those too that had none
    given and were made with it.
    """
    short = container["Id"][:12]
    config = {key: value for key, value in container["Config"].items() if key != "MacAddress"}
    if config["Hostname"] == short:
        del config["Hostname"]
    host = container["HostConfig"]
    named = [
        mount
        for mount in host.get("Mounts") or []
        if mount["Type"] != "volume" or mount.get("Source")
    ]
    given = {bind.split(":")[1] for bind in host["Binds"] or []}
    given |= {mount["Target"] for mount in named}
    anonymous = [
        f"{mount['Name']}:{mount['Destination']}"
        for mount in container["Mounts"]
        if mount["Type"] == "volume" and mount["Destination"] not in given
    ]
    return {
        **config,
        "Image": f"{REPOSITORY}:{short}",
        "Labels": (config["Labels"] or {}) | {LABEL: mark},
        "HostConfig": host
        | {"Binds": (host["Binds"] or []) + anonymous, "Mounts": named, "VolumesFrom": None},
    }


def endpoints(docker: DockerConnection, container: dict[str, Any]) -> dict[str, Any]:
    """Give the networks of a saved container that are there: name to what it asks of them."""
    return {
        name: {
            "IPAMConfig": told["IPAMConfig"],
            "Aliases": [alias for alias in told["Aliases"] or [] if alias != container["Id"][:12]],
        }
        for name, told in container["NetworkSettings"]["Networks"].items()
        if name not in ("bridge", "host", "none") and docker.ask(f"/networks/{quote(name)}")
    }


def free_name(docker: DockerConnection, container: dict[str, Any], mark: str) -> str:
    """Give the name that a saved container can have, empty where it has come back already.

    Raises ValueError where there is none.
    """
    name = container["Name"].lstrip("/")
    for candidate in (name, f"{name}-restored"):
        there = docker.ask(f"/containers/{candidate}/json")
        if there is None:
            return candidate
        if (there["Config"]["Labels"] or {}).get(LABEL) == mark:
            return ""
    raise ValueError(
        f"there are containers {name} and {name}-restored already. Fix: remove or rename one"
    )


def restore_container(
    docker: DockerConnection, container: dict[str, Any], name: str, mark: str
) -> None:
    """Make a container again, under a name. Its image has to be there."""
    request = recreated(container, mark)
    joined = endpoints(docker, container)
    mode = request["HostConfig"]["NetworkMode"]
    # An engine before 25 takes one network when a container is made; the others follow.
    first = {mode: joined.pop(mode)} if mode in joined else {}
    request["NetworkingConfig"] = {"EndpointsConfig": first}
    docker.ask(f"/containers/create?name={name}", "POST", request)
    for network, endpoint in joined.items():
        asked = {"Container": name, "EndpointConfig": endpoint}
        docker.ask(f"/networks/{quote(network)}/connect", "POST", asked)


def restore(docker: DockerConnection, src: Path) -> list[str]:
    """Bring back what the files in src hold, and tell what has come.

    Raises OSError, ValueError, http.client.HTTPException or subprocess.CalledProcessError where
    something cannot come back; the same call again goes on from there.
    """
    mark = digest(src / "manifest.json")
    saved = json.loads((src / "manifest.json").read_text(encoding="utf-8"))
    for name, expected in saved["files"].items():
        if digest(src / name) != expected:
            raise ValueError(f"{name} is torn or altered")
    for volume in saved["volumes"]:
        there = docker.ask(f"/volumes/{quote(volume['Name'])}")
        if there is not None and (there["Labels"] or {}).get(LABEL) != mark:
            raise ValueError(
                f"there is a volume {volume['Name']} already. Fix: docker volume rm "
                f"{volume['Name']}, or do without the saved one"
            )
    names = [(one, free_name(docker, one, mark)) for one in saved["containers"]]
    lines = [
        f"volume {volume['Name']}"
        for volume in saved["volumes"]
        if restore_volume(docker, volume, src, mark)
    ]
    lines += [f"network {one['Name']}" for one in saved["networks"] if restore_network(docker, one)]
    if any(name for _, name in names):
        unpacked(src / "images.tar.zst", ["docker", "load", "--quiet"])
    for container, name in names:
        if name:
            restore_container(docker, container, name, mark)
            lines.append(f"container {name}, stopped: docker start {name}")
    return lines


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    src = Path(module.params["src"])
    try:
        with (
            closing(DockerConnection(module.params["docker_socket"], TIMEOUT)) as docker,
            alone(src),
        ):
            lines = restore(docker, src)
    except (
        OSError,
        ValueError,
        http.client.HTTPException,
        subprocess.CalledProcessError,
    ) as error:
        module.fail_json(msg=f"cannot restore: {getattr(error, 'stderr', None) or error}")
    module.exit_json(changed=bool(lines), lines=lines)


if __name__ == "__main__":
    main()
