#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring back the containers and volumes that seat_save has saved."""

DOCUMENTATION = r"""
module: seat_restore
short_description: Bring back the containers, images and volumes that seat_save has saved
description:
  - Volumes come back with their bytes, owners, modes and extended attributes, containers with their
    file system and configuration, stopped. A container, or a name of an image, that is another's by
    now comes back as C(NAME-restored). Networks that are lacking are made as they were; where the
    subnet that Docker chose is taken by now, it chooses another.
  - What has been brought back from the same files already is left alone; what was interrupted is
    completed.
  - What cannot come back does not keep back the rest. It is told, and the module fails at its end.
    A volume whose name is taken, or a file that is altered, is found before anything is changed,
    and nothing is.
  - Only images of the names that seat_save gives are loaded.
requirements:
  - tar and zstd (the commands), and nsenter where the engine runs without root
options:
  src:
    description: >-
      Directory with the files of seat_save. Those beside it whose names begin with
      C(labocloud-saved-) are removed where a run that ended early has left them.
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
    support: full
    details: Leaves alone what it has brought back, whatever became of it.
"""

EXAMPLES = r"""
- name: Bring back what was saved
  labocloud.room.seat_restore:
    src: /var/tmp/saved
"""

RETURN = r"""
lines:
  description: What has come back, as lines for people.
  returned: always
  type: list
  elements: str
missing:
  description: What has not, with the reason, as lines for people.
  returned: always
  type: list
  elements: str
"""

import http.client
import ipaddress
import json
import os.path
import re
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    PATIENT,
    SOCKET,
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import names_in
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    DEVICE,
    ENVIRONMENT,
    REPOSITORY,
    alone,
    unpacked,
)

Thing = dict[str, Any]

# On what has come back: which files it came from.
LABEL = "labocloud.restored"
# Beside a volume's data, once all of them are there.
COMPLETE = "labocloud-restored"
ARCHIVES = ("images.tar.zst", "volumes.tar.zst")
TAG = re.compile(f"{REPOSITORY}:[0-9a-f]{{12}}")
ID = re.compile("[0-9a-f]{64}")
# What a container can have of another one, as HostConfig says it: container:ID.
MODES = ("NetworkMode", "PidMode", "IpcMode")
OF_ANOTHER = "container:"
# What an engine refuses for a container that has another's network. Its image has the ports.
NOT_WITH_ANOTHERS_NETWORK = ("Hostname", "Domainname", "ExposedPorts")
ENGINES_NETWORKS = ("bridge", "default", "host", "none")
# What can go wrong with one thing; the last three, where the manifest is not seat_save's.
FAILURES = (
    OSError,
    ValueError,
    http.client.HTTPException,
    subprocess.CalledProcessError,
    tarfile.TarError,
    AttributeError,
    LookupError,
    TypeError,
)


def reason(error: Exception) -> str:
    """Give why something failed, for people."""
    if isinstance(error, AttributeError | LookupError | TypeError):
        return f"it is not as seat_save describes it ({error!r})"
    return str(getattr(error, "stderr", None) or error).strip()


def restore_volume(docker: DockerConnection, volume: Thing, src: Path, mark: str) -> bool:
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

    def run(command: list[str], data: IO[bytes] | None = None) -> None:
        subprocess.run(
            docker.with_its_rights(command),
            stdin=data or subprocess.DEVNULL,
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )

    # The data of a volume on a device are there, and were not saved.
    if not DEVICE & set(volume["Options"] or {}):
        directory = place.parents[1]
        tar = ["tar", "--extract", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]
        command = [*tar, "--same-permissions", f"--directory={directory}", f"{name}/{place.name}"]
        with unpacked(src / ARCHIVES[1]) as data:
            run(command, data)
    run(["touch", str(complete)])
    return True


def chosen_by_engine(network: Thing) -> bool:
    """Tell whether a network's addresses look like those that an engine chooses by itself.

    It tells them with a subnet and the first address of it. What somebody has asked for in the same
    words cannot be told from that.
    """
    told = network["IPAM"]["Config"] or []
    return all(
        {key for key in one if one[key]} == {"Subnet", "Gateway"}
        and next(ipaddress.ip_network(one["Subnet"]).hosts())
        == ipaddress.ip_interface(one["Gateway"]).ip
        for one in told
    )


def network_here(docker: DockerConnection, name: str) -> bool:
    """Tell whether there is a network of a name. An engine takes a name for an ID's beginning."""
    there = docker.ask(f"/networks/{quote(name)}")
    return there is not None and there["Name"] == name


def restore_network(docker: DockerConnection, network: Thing) -> str:
    """Make a network that is lacking, and tell of it; empty where it is not.

    Raises ValueError where it was a swarm's.
    """
    name = network["Name"]
    if network_here(docker, name):
        return ""
    if network["Scope"] != "local":
        fix = shlex.join(["docker", "network", "create", "-d", "overlay", name])
        raise ValueError(f"it was a swarm's. Fix: {fix}")
    copied = ("Name", "Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Options", "Labels")
    asked = {key: network[key] for key in copied}
    try:
        docker.ask("/networks/create", "POST", asked)
    except EngineError as error:
        if "overlap" not in str(error).lower() or not chosen_by_engine(network):
            raise
        anew = {key: value for key, value in network["IPAM"].items() if key != "Config"}
        docker.ask("/networks/create", "POST", asked | {"IPAM": anew})
        taken = ", ".join(one["Subnet"] for one in network["IPAM"]["Config"])
        return f"network {name}, with another subnet: {taken} is taken"
    return f"network {name}"


def refuse_other_names(archive: Path, tags: set[str]) -> None:
    """Raise ValueError or tarfile.TarError where an archive would give images other names."""
    with unpacked(archive) as tar:
        names = names_in(tar, whole=True)
        # zstd would be stopped by it, if not all were read.
        while tar.read(2**20):
            pass
    if others := names - tags:
        raise ValueError(f"{archive.name} holds images of other names: {', '.join(sorted(others))}")


def load(docker: DockerConnection, archive: Path) -> None:
    """Have the engine load the saved images. Raises OSError where it cannot."""
    with unpacked(archive) as tar:
        docker.work("/images/load?quiet=1", tar)


def lacking_names(docker: DockerConnection, image: Thing, key: str) -> list[tuple[str, str]]:
    """Give the names that a saved image lacks, each with the one that it can have instead.

    key: the image's ID here. A name that is another's is not taken from it: the second is
    NAME-restored then, and empty where that is another's too.
    """
    lacking = []
    for name in image["names"]:
        there = {
            one: docker.ask(f"/images/{quote(one)}/json") for one in (name, f"{name}-restored")
        }
        if any(found and found["Id"] == key for found in there.values()):
            continue
        free = [one for one, found in there.items() if found is None]
        lacking.append((name, free[0] if free else ""))
    return lacking


def restore_image(docker: DockerConnection, image: Thing) -> list[str]:
    """Give a loaded image its names, and tell of those that it lacked.

    Raises OSError where one cannot be given.
    """
    loaded = docker.ask(f"/images/{image['tag']}/json")
    if loaded is None:
        raise OSError("images.tar.zst does not hold it")
    lines = []
    for name, free in lacking_names(docker, image, loaded["Id"]):
        if not free:
            raise OSError(f"there are images {name} and {name}-restored already")
        repository, _, tag = free.rpartition(":")
        asked = f"repo={quote(repository)}&tag={quote(tag)}"
        docker.ask(f"/images/{quote(loaded['Id'])}/tag?{asked}", "POST")
        lines.append(f"image {free}")
    # With its last name an image would go.
    if len(docker.ask(f"/images/{image['tag']}/json")["RepoTags"]) > 1:
        docker.ask(f"/images/{image['tag']}?noprune=true", "DELETE")
    return lines


def mounts(container: Thing) -> tuple[list[str], list[Thing]]:
    """Give the binds and the mounts with which a saved container has what it had mounted.

    Volumes are mounted by name, those too that had none given and were made with it, or that it had
    of another container.
    """
    host = container["HostConfig"]
    # One without a colon is a place for a volume without a name.
    binds = [bind for bind in host.get("Binds") or [] if ":" in bind]
    named = [
        mount
        for mount in host.get("Mounts") or []
        if mount["Type"] != "volume" or mount.get("Source")
    ]
    given = {os.path.normpath(bind.split(":")[1]) for bind in binds}
    given |= {os.path.normpath(mount["Target"]) for mount in named}
    return binds + [
        f"{mount.get('Name') or mount['Source']}:{mount['Destination']}"
        + ("" if mount.get("RW", True) else ":ro")
        for mount in container["Mounts"]
        if mount["Type"] in ("volume", "bind")
        and os.path.normpath(mount["Destination"]) not in given
    ], named


def references(container: Thing) -> list[str]:
    """Give what a saved container calls the others by that it has something of: IDs and names."""
    host = container["HostConfig"]
    modes = [host.get(key) or "" for key in MODES]
    found = [mode[len(OF_ANOTHER) :] for mode in modes if mode.startswith(OF_ANOTHER)]
    return found + [link.split(":")[0].lstrip("/") for link in host.get("Links") or []]


def find(containers: list[Thing], reference: str) -> Thing | None:
    """Give the saved container of an ID or a name, None where there is none."""
    for container in containers:
        if reference in (container["Id"], container["Name"].lstrip("/")):
            return container
    return None


def in_order(containers: list[Thing]) -> list[Thing]:
    """Give saved containers so that those come first of which others have something."""
    found: list[Thing] = []
    seen = set()

    def visit(container: Thing) -> None:
        if container["Id"] in seen:
            return
        seen.add(container["Id"])
        for reference in references(container):
            if other := find(containers, reference):
                visit(other)
        found.append(container)

    for container in containers:
        visit(container)
    return found


def recreated(
    container: Thing, mark: str, here: Callable[[str], str] = lambda _: ""
) -> tuple[Thing, list[str]]:
    """Give the request that makes a container as it was, and what it has to do without.

    container: the description of it that was saved. Its file system is in the saved image. here:
    gives what a container is called here of which this one has something, empty where it is not.
    """
    short = container["Id"][:12]
    host = container["HostConfig"]
    binds, named = mounts(container)
    config = {key: value for key, value in container["Config"].items() if key != "MacAddress"}
    if config["Hostname"] == short:
        del config["Hostname"]
    changed: Thing = {"Binds": binds, "Mounts": named, "VolumesFrom": None}
    without = []
    for key in MODES:
        mode = host.get(key) or ""
        if not mode.startswith(OF_ANOTHER):
            continue
        if other := here(mode[len(OF_ANOTHER) :]):
            changed[key] = OF_ANOTHER + other
        else:
            changed[key] = "none" if key == "NetworkMode" else ""
            without.append(f"{key} {mode[: len(OF_ANOTHER) + 12]}")
        if key == "NetworkMode":
            config = {
                name: config[name] for name in config if name not in NOT_WITH_ANOTHERS_NETWORK
            }
    links = []
    for link in host.get("Links") or []:
        name, _, alias = link.partition(":")
        if other := here(name.lstrip("/")):
            links.append(f"{other}:{alias.rpartition('/')[2]}")
        else:
            without.append(f"the link to {name.lstrip('/')}")
    if links or host.get("Links"):
        changed["Links"] = links
    return {
        **config,
        "Image": f"{REPOSITORY}:{short}",
        "Labels": (config["Labels"] or {}) | {LABEL: mark},
        "HostConfig": host | changed,
    }, without


def endpoints(docker: DockerConnection, container: Thing) -> tuple[Thing, list[str]]:
    """Give the networks of a saved container: those that are here, name to what it asks of them.

    And the names of those that are not.
    """
    told = {
        name: {
            "IPAMConfig": network["IPAMConfig"],
            # Other than those of HostConfig, they may name what is not here.
            "Links": network.get("Links"),
            "Aliases": [
                alias for alias in network["Aliases"] or [] if alias != container["Id"][:12]
            ],
        }
        for name, network in container["NetworkSettings"]["Networks"].items()
        if name not in ENGINES_NETWORKS
    }
    gone = [name for name in told if not network_here(docker, name)]
    return {name: told[name] for name in told if name not in gone}, gone


def free_name(docker: DockerConnection, container: Thing, mark: str) -> str:
    """Give the name that a saved container can have, empty where it has come back already.

    Raises ValueError where there is none.
    """
    name = container["Name"].lstrip("/")
    for candidate in (name, f"{name}-restored"):
        there = docker.ask(f"/containers/{quote(candidate)}/json")
        if there is None:
            return candidate
        if (there["Config"]["Labels"] or {}).get(LABEL) == mark:
            return ""
    raise ValueError(
        f"there are containers {name} and {name}-restored already. Fix: remove or rename one"
    )


def restore_container(
    docker: DockerConnection,
    container: Thing,
    name: str,
    mark: str,
    here: Callable[[str], str],
) -> list[str]:
    """Make a container again, under a name, and tell what it has to do without.

    Its image has to be there. It has its name once it is whole.
    """
    request, without = recreated(container, mark, here)
    joined, gone = endpoints(docker, container)
    without += [f"the network {network}" for network in gone]
    mode = request["HostConfig"]["NetworkMode"]
    if mode not in (*ENGINES_NETWORKS, *joined) and not mode.startswith(OF_ANOTHER):
        # It is gone, or was named by an ID that is.
        mode = request["HostConfig"]["NetworkMode"] = next(iter(joined), "none")
    # An engine before 25 takes one network when a container is made; the others follow.
    first = {mode: joined.pop(mode)} if mode in joined else {}
    request["NetworkingConfig"] = {"EndpointsConfig": first}
    unfinished = f"{REPOSITORY}-{container['Id'][:12]}"
    left = docker.ask(f"/containers/{unfinished}/json")
    if left and (left["Config"]["Labels"] or {}).get(LABEL) == mark:
        docker.ask(f"/containers/{left['Id']}", "DELETE")
    made = docker.ask(f"/containers/create?name={unfinished}", "POST", request)["Id"]
    try:
        for network, endpoint in joined.items():
            asked = {"Container": made, "EndpointConfig": endpoint}
            docker.ask(f"/networks/{quote(network)}/connect", "POST", asked)
        docker.ask(f"/containers/{made}/rename?name={quote(name)}", "POST")
    except FAILURES:
        with suppress(OSError, http.client.HTTPException):
            docker.ask(f"/containers/{made}", "DELETE")
        raise
    return without


class Restored:
    """What comes back from the files of one save, and what does not.

    lines, missing: as RETURN has them. Making it changes nothing, and raises one of
    FAILURES where the files are not whole, or not seat_save's.
    """

    def __init__(self, docker: DockerConnection, src: Path) -> None:
        self.docker = docker
        self.src = src
        self.mark = digest(src / "manifest.json")
        saved = json.loads((src / "manifest.json").read_text(encoding="utf-8"))
        for name, expected in saved["files"].items():
            if name not in ARCHIVES or digest(src / name) != expected:
                raise ValueError(f"{name} is torn or altered")
        self.volumes: list[Thing] = saved["volumes"]
        self.networks: list[Thing] = saved["networks"]
        self.containers: list[Thing] = in_order(saved["containers"])
        # What was saved before images were has none.
        self.images: list[Thing] = saved.get("images", [])
        self.left_out: list[str] = saved.get("left_out", [])
        self.tags = {f"{REPOSITORY}:{one['Id'][:12]}" for one in self.containers}
        self.tags |= {one["tag"] for one in self.images}
        if not all(map(TAG.fullmatch, self.tags)) or not all(
            ID.fullmatch(one["Id"]) for one in self.containers
        ):
            raise ValueError("manifest.json has other names than seat_save gives")
        if ARCHIVES[0] in saved["files"]:
            refuse_other_names(src / ARCHIVES[0], self.tags)
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.failed: set[tuple[str, str]] = set()

    @contextmanager
    def one(self, kind: str, name: str) -> Iterator[None]:
        """Go on after one thing that cannot come back, and remember it."""
        try:
            yield
        except FAILURES as error:
            self.failed.add((kind, name))
            self.missing.append(f"{kind} {name}: {reason(error)}")

    def refuse_taken_volumes(self) -> None:
        """Raise ValueError where a volume's name is taken: nothing is written over."""
        for volume in self.volumes:
            there = self.docker.ask(f"/volumes/{quote(volume['Name'])}")
            if there is not None and (there["Labels"] or {}).get(LABEL) != self.mark:
                fix = shlex.join(["docker", "volume", "rm", volume["Name"]])
                raise ValueError(
                    f"there is a volume {volume['Name']} already. Fix: {fix}, or do without the"
                    " saved one"
                )

    def here(self, reference: str) -> str:
        """Give what a container is called here that a saved one has something of, or nothing.

        One that was not saved is known by its ID, which no other has, and in a link by its name.
        """
        if other := find(self.containers, reference):
            name = other["Name"].lstrip("/")
            for candidate in (name, f"{name}-restored"):
                there = self.docker.ask(f"/containers/{quote(candidate)}/json")
                if there and (there["Config"]["Labels"] or {}).get(LABEL) == self.mark:
                    return str(there["Id"])
            return ""
        there = self.docker.ask(f"/containers/{quote(reference)}/json")
        known = there and reference in (there["Id"], there["Name"].lstrip("/"))
        return there["Id"] if known else ""

    def refuse_what_lacks(self, container: Thing) -> None:
        """Raise ValueError where something failed that a container has, and can come back yet."""
        has = [("volume", mount.get("Name")) for mount in container["Mounts"]]
        has += [("network", name) for name in container["NetworkSettings"]["Networks"]]
        has += [
            ("container", other["Name"].lstrip("/"))
            for reference in references(container)
            if (other := find(self.containers, reference))
        ]
        for kind, name in has:
            if (kind, name) in self.failed:
                raise ValueError(f"it waits for the {kind} {name}")

    def restore(self) -> None:
        """Bring back all that can come."""
        for volume in self.volumes:
            with self.one("volume", volume["Name"]):
                if restore_volume(self.docker, volume, self.src, self.mark):
                    self.lines.append(f"volume {volume['Name']}")
        for network in self.networks:
            with self.one("network", network["Name"]):
                if told := restore_network(self.docker, network):
                    self.lines.append(told)
        # A swarm's does not come back: what was on it does without.
        self.failed -= {
            ("network", one["Name"]) for one in self.networks if one["Scope"] != "local"
        }
        if self.lines:
            self.lines += [f"not saved, since it is a socket: {path}" for path in self.left_out]
        names = {}
        for container in self.containers:
            with self.one("container", container["Name"].lstrip("/")):
                names[container["Id"]] = free_name(self.docker, container, self.mark)
        images = [one for one in self.images if lacking_names(self.docker, one, one["id"])]
        if images or any(names.values()):
            load(self.docker, self.src / ARCHIVES[0])
        for image in images:
            with self.one("image", " ".join(image["names"])):
                self.lines += restore_image(self.docker, image)
        for container in self.containers:
            if name := names.get(container["Id"]):
                with self.one("container", container["Name"].lstrip("/")):
                    self.refuse_what_lacks(container)
                    without = restore_container(self.docker, container, name, self.mark, self.here)
                    start = shlex.join(["docker", "start", name])
                    self.lines.append(f"container {name}, stopped: {start}")
                    self.missing += [f"container {name} is here without {one}" for one in without]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
    )
    src = Path(module.params["src"])
    lines, missing = [], []
    try:
        socket = module.params["docker_socket"]
        with closing(DockerConnection(socket, patience=PATIENT)) as docker, alone(src):
            restored = Restored(docker, src)
            lines, missing = restored.lines, restored.missing
            restored.refuse_taken_volumes()
            restored.restore()
    except FAILURES as error:
        missing.append(f"the rest: {reason(error)}" if lines else reason(error))
    if missing:
        came = f" What came back: {'; '.join(few(lines))}." if lines else ""
        module.fail_json(
            msg=f"cannot restore: {'; '.join(few(missing))}.{came}",
            changed=bool(lines),
            lines=few(lines),
            missing=few(missing),
        )
    module.exit_json(changed=bool(lines), lines=few(lines), missing=missing)


if __name__ == "__main__":
    main()
