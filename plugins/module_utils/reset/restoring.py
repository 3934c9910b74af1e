# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring back what was saved, as much as can come, and nothing over what is here."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import is_a_mount
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import names_in
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import unpacked
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.recreating import (
    LABEL,
    OF_ANOTHER,
    Description,
    find,
    in_order,
    name_of,
    recreated,
    references,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    IMAGES,
    MANIFEST,
    REPOSITORY,
    SHORT,
    VOLUMES,
    tag_of,
)

# Beside a volume's data, once all of them are there.
COMPLETE = "labocloud-restored"
TAG = re.compile(f"{REPOSITORY}:[0-9a-f]{{{SHORT}}}")
ID = re.compile("[0-9a-f]{64}")
ENGINES_NETWORKS = ("bridge", "default", "host", "none")
COPIED_OF_NETWORK = (
    *("Name", "Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Options", "Labels"),
)
# What a manifest that is not seat_save's makes go wrong.
NOT_AS_DESCRIBED = (AttributeError, LookupError, TypeError)
# What can go wrong with one thing.
FAILURES = (
    OSError,
    ValueError,
    http.client.HTTPException,
    subprocess.CalledProcessError,
    tarfile.TarError,
    *NOT_AS_DESCRIBED,
)


def reason(error: Exception) -> str:
    """Return why something failed, for people."""
    if isinstance(error, NOT_AS_DESCRIBED):
        return f"it is not as seat_save describes it ({error!r})"
    return str(getattr(error, "stderr", None) or error).strip()


def _is_marked(description: Description, mark: str) -> bool:
    """Return whether a container that is here came from the files of a mark."""
    return bool((description["Config"]["Labels"] or {}).get(LABEL) == mark)


def _run(docker: DockerConnection, command: list[str], data: IO[bytes] | None = None) -> None:
    """Run a command with the engine's rights. Raises OSError or subprocess.CalledProcessError."""
    subprocess.run(  # noqa: S603  # no shell
        docker.with_its_rights(command),
        stdin=data or subprocess.DEVNULL,
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
    )


def restore_volume(docker: DockerConnection, volume: Description, src: Path, mark: str) -> bool:
    """Bring back a volume, and return whether there was anything to do. Raises one of FAILURES."""
    name = volume["Name"]
    present = docker.ask(f"/volumes/{quote(name)}")
    if present is None:
        request = {
            "Name": name,
            "Driver": volume["Driver"],
            "DriverOpts": volume["Options"] or {},
            "Labels": (volume["Labels"] or {}) | {LABEL: mark},
        }
        present = docker.ask("/volumes/create", "POST", request)
    place = Path(present["Mountpoint"])
    complete = place.parent / COMPLETE
    if complete.exists():
        return False
    # The data of a volume on a device are there, and were not saved.
    if not is_a_mount(volume):
        directory = place.parents[1]
        tar = ["tar", "--extract", "--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]
        command = [*tar, "--same-permissions", f"--directory={directory}", f"{name}/{place.name}"]
        with unpacked(src / VOLUMES) as data:
            _run(docker, command, data)
    _run(docker, ["touch", str(complete)])
    return True


def is_chosen_by_engine(network: Description) -> bool:
    """Return whether a network's addresses look like those that an engine chooses by itself.

    It tells them with a subnet and the first address of it. What somebody has asked for in the same
    words cannot be told from that.
    """
    return all(
        {key for key in config if config[key]} == {"Subnet", "Gateway"}
        and next(ipaddress.ip_network(config["Subnet"]).hosts())
        == ipaddress.ip_interface(config["Gateway"]).ip
        for config in network["IPAM"]["Config"] or []
    )


def _has_network(docker: DockerConnection, name: str) -> bool:
    """Return whether there is a network of a name. An engine takes a name for an ID's beginning."""
    network = docker.ask(f"/networks/{quote(name)}")
    return network is not None and network["Name"] == name


def restore_network(docker: DockerConnection, network: Description) -> str:
    """Make a network that is lacking, and return a line about it; empty where it is not.

    Raises ValueError where it was a swarm's, and others of FAILURES.
    """
    name = network["Name"]
    if _has_network(docker, name):
        return ""
    if network["Scope"] != "local":
        fix = shlex.join(["docker", "network", "create", "-d", "overlay", name])
        raise ValueError(Refusal("it was a swarm's", fix))
    request = {key: network[key] for key in COPIED_OF_NETWORK}
    try:
        docker.ask("/networks/create", "POST", request)
    except EngineError as error:
        if "overlap" not in str(error).lower() or not is_chosen_by_engine(network):
            raise
        anew = {key: value for key, value in network["IPAM"].items() if key != "Config"}
        docker.ask("/networks/create", "POST", request | {"IPAM": anew})
        taken = ", ".join(config["Subnet"] for config in network["IPAM"]["Config"])
        return f"network {name}, with another subnet: {taken} is taken"
    return f"network {name}"


def _refuse_other_names(archive: Path, tags: set[str]) -> None:
    """Raise ValueError or tarfile.TarError where an archive would give images other names."""
    with unpacked(archive) as tar:
        names = names_in(tar, whole=True)
        # zstd would be stopped by it, if not all were read.
        while tar.read(2**20):
            pass
    if others := names - tags:
        raise ValueError(f"{archive.name} holds images of other names: {', '.join(sorted(others))}")


def _load(docker: DockerConnection, archive: Path) -> None:
    """Have the engine load the saved images. Raises OSError where it cannot."""
    with unpacked(archive) as tar:
        docker.work("/images/load?quiet=1", tar)


def _lacking_names(docker: DockerConnection, image: Description, key: str) -> list[tuple[str, str]]:
    """Return the names that a saved image lacks, each with the one that it can have instead.

    key: the image's ID here. A name that is another's is not taken from it: the second is
    NAME-restored then, and empty where that is another's too.
    """
    lacking = []
    for name in image["names"]:
        bearers = {
            candidate: docker.ask(f"/images/{quote(candidate)}/json")
            for candidate in (name, f"{name}-restored")
        }
        if any(bearer and bearer["Id"] == key for bearer in bearers.values()):
            continue
        free = [candidate for candidate, bearer in bearers.items() if bearer is None]
        lacking.append((name, free[0] if free else ""))
    return lacking


def restore_image(docker: DockerConnection, image: Description) -> list[str]:
    """Give a loaded image its names, and return a line for each that it lacked.

    Raises OSError where one cannot be given, and others of FAILURES.
    """
    loaded = docker.ask(f"/images/{image['tag']}/json")
    if loaded is None:
        raise OSError(f"{IMAGES} does not hold it")
    lines = []
    for name, free in _lacking_names(docker, image, loaded["Id"]):
        if not free:
            raise OSError(f"there are images {name} and {name}-restored already")
        repository, _, tag = free.rpartition(":")
        query = f"repo={quote(repository)}&tag={quote(tag)}"
        docker.ask(f"/images/{quote(loaded['Id'])}/tag?{query}", "POST")
        lines.append(f"image {free}")
    # With its last name an image would go.
    if len(docker.ask(f"/images/{image['tag']}/json")["RepoTags"]) > 1:
        docker.ask(f"/images/{image['tag']}?noprune=true", "DELETE")
    return lines


def _endpoints(docker: DockerConnection, container: Description) -> tuple[Description, list[str]]:
    """Return the networks of a saved container that are here: name to what it asks of them.

    And the names of those that are not.
    """
    endpoints = {
        name: {
            "IPAMConfig": network["IPAMConfig"],
            # Other than those of HostConfig, they may name what is not here.
            "Links": network.get("Links"),
            "Aliases": [
                alias for alias in network["Aliases"] or [] if alias != container["Id"][:SHORT]
            ],
        }
        for name, network in container["NetworkSettings"]["Networks"].items()
        if name not in ENGINES_NETWORKS
    }
    gone = [name for name in endpoints if not _has_network(docker, name)]
    return {name: endpoint for name, endpoint in endpoints.items() if name not in gone}, gone


def _free_name(docker: DockerConnection, container: Description, mark: str) -> str:
    """Return the name that a saved container can have, empty where it has come back already.

    Raises ValueError where there is none.
    """
    name = name_of(container)
    for candidate in (name, f"{name}-restored"):
        present = docker.ask(f"/containers/{quote(candidate)}/json")
        if present is None:
            return candidate
        if _is_marked(present, mark):
            return ""
    raise ValueError(
        Refusal(f"there are containers {name} and {name}-restored already", "remove or rename one")
    )


def restore_container(
    docker: DockerConnection,
    container: Description,
    name: str,
    mark: str,
    here: Callable[[str], str],
) -> list[str]:
    """Make a container again, under a name, and return what it has to do without.

    Its image has to be there. It has its name once it is whole. here: as recreated() takes it.
    Raises one of FAILURES.
    """
    request, without = recreated(container, mark, here)
    joined, gone = _endpoints(docker, container)
    without += [f"the network {network}" for network in gone]
    mode = request["HostConfig"]["NetworkMode"]
    if mode not in (*ENGINES_NETWORKS, *joined) and not mode.startswith(OF_ANOTHER):
        # It is gone, or was named by an ID that is.
        mode = request["HostConfig"]["NetworkMode"] = next(iter(joined), "none")
    # An engine before 25 takes one network when a container is made; the others follow.
    first = {mode: joined.pop(mode)} if mode in joined else {}
    request["NetworkingConfig"] = {"EndpointsConfig": first}
    unfinished = f"{REPOSITORY}-{container['Id'][:SHORT]}"
    left = docker.ask(f"/containers/{unfinished}/json")
    if left and _is_marked(left, mark):
        docker.ask(f"/containers/{left['Id']}", "DELETE")
    key = docker.ask(f"/containers/create?name={unfinished}", "POST", request)["Id"]
    try:
        for network, endpoint in joined.items():
            connection = {"Container": key, "EndpointConfig": endpoint}
            docker.ask(f"/networks/{quote(network)}/connect", "POST", connection)
        docker.ask(f"/containers/{key}/rename?name={quote(name)}", "POST")
    except FAILURES:
        with suppress(OSError, http.client.HTTPException):
            docker.ask(f"/containers/{key}", "DELETE")
        raise
    return without


class Restoration:
    """What comes back from the files of one save, and what does not.

    lines, missing: as seat_restore's RETURN has them. Making it changes nothing, and raises one of
    FAILURES where the files are not whole, or not seat_save's.
    """

    def __init__(self, docker: DockerConnection, src: Path) -> None:
        self.docker = docker
        self.src = src
        self.mark = digest(src / MANIFEST)
        manifest = json.loads((src / MANIFEST).read_text(encoding="utf-8"))
        for name, expected in manifest["files"].items():
            if name not in (IMAGES, VOLUMES) or digest(src / name) != expected:
                raise ValueError(f"{name} is torn or altered")
        self.volumes: list[Description] = manifest["volumes"]
        self.networks: list[Description] = manifest["networks"]
        self.containers: list[Description] = in_order(manifest["containers"])
        self.images: list[Description] = manifest["images"]
        self.left_out: list[str] = manifest["left_out"]
        tags = {tag_of(container["Id"]) for container in self.containers}
        tags |= {image["tag"] for image in self.images}
        if not all(map(TAG.fullmatch, tags)) or not all(
            ID.fullmatch(container["Id"]) for container in self.containers
        ):
            raise ValueError(f"{MANIFEST} has other names than seat_save gives")
        if IMAGES in manifest["files"]:
            _refuse_other_names(src / IMAGES, tags)
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.failed: set[tuple[str, str]] = set()

    @contextmanager
    def attempt(self, kind: str, name: str) -> Iterator[None]:
        """Go on after one thing that cannot come back, and remember it."""
        try:
            yield
        except FAILURES as error:
            self.failed.add((kind, name))
            self.missing.append(f"{kind} {name}: {reason(error)}")

    def refuse_taken_volumes(self) -> None:
        """Raise ValueError where a volume's name is taken: nothing is written over."""
        for volume in self.volumes:
            present = self.docker.ask(f"/volumes/{quote(volume['Name'])}")
            if present is not None and (present["Labels"] or {}).get(LABEL) != self.mark:
                fix = shlex.join(["docker", "volume", "rm", volume["Name"]])
                raise ValueError(
                    Refusal(
                        f"there is a volume {volume['Name']} already",
                        f"{fix}, or do without the saved one",
                    )
                )

    def here(self, reference: str) -> str:
        """Return what a container is called here that a saved one has something of, or nothing.

        One that was not saved is known by its ID, which no other has, and in a link by its name.
        """
        if other := find(self.containers, reference):
            name = name_of(other)
            for candidate in (name, f"{name}-restored"):
                present = self.docker.ask(f"/containers/{quote(candidate)}/json")
                if present and _is_marked(present, self.mark):
                    return str(present["Id"])
            return ""
        present = self.docker.ask(f"/containers/{quote(reference)}/json")
        is_meant = present and reference in (present["Id"], name_of(present))
        return present["Id"] if is_meant else ""

    def refuse_what_lacks(self, container: Description) -> None:
        """Raise ValueError where something failed that a container has, and can come back yet."""
        needed = [("volume", mount.get("Name")) for mount in container["Mounts"]]
        needed += [("network", name) for name in container["NetworkSettings"]["Networks"]]
        needed += [
            ("container", name_of(other))
            for reference in references(container)
            if (other := find(self.containers, reference))
        ]
        for kind, name in needed:
            if (kind, name) in self.failed:
                raise ValueError(f"it waits for the {kind} {name}")

    def restore(self) -> None:
        """Bring back all that can come. Raises one of FAILURES where the images cannot come."""
        self._restore_volumes_and_networks()
        names = {}
        for container in self.containers:
            with self.attempt("container", name_of(container)):
                names[container["Id"]] = _free_name(self.docker, container, self.mark)
        images = [image for image in self.images if _lacking_names(self.docker, image, image["id"])]
        if images or any(names.values()):
            _load(self.docker, self.src / IMAGES)
        for image in images:
            with self.attempt("image", " ".join(image["names"])):
                self.lines += restore_image(self.docker, image)
        for container in self.containers:
            if name := names.get(container["Id"]):
                with self.attempt("container", name_of(container)):
                    self._restore_container(container, name)

    def _restore_volumes_and_networks(self) -> None:
        """Bring back the volumes, and the networks."""
        for volume in self.volumes:
            with self.attempt("volume", volume["Name"]):
                if restore_volume(self.docker, volume, self.src, self.mark):
                    self.lines.append(f"volume {volume['Name']}")
        for network in self.networks:
            with self.attempt("network", network["Name"]):
                if line := restore_network(self.docker, network):
                    self.lines.append(line)
        # A swarm's does not come back: what was on it does without.
        self.failed -= {
            ("network", network["Name"]) for network in self.networks if network["Scope"] != "local"
        }
        if self.lines:
            self.lines += [f"not saved, since it is a socket: {path}" for path in self.left_out]

    def _restore_container(self, container: Description, name: str) -> None:
        """Bring back a container under a name. Raises one of FAILURES."""
        self.refuse_what_lacks(container)
        without = restore_container(self.docker, container, name, self.mark, self.here)
        start = shlex.join(["docker", "start", name])
        self.lines.append(f"container {name}, stopped: {start}")
        self.missing += [f"container {name} is here without {thing}" for thing in without]
