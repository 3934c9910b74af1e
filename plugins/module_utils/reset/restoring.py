# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Bring back what was saved, as much as can come, and nothing over what is here."""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.commands import ENVIRONMENT
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Endpoint,
    Network,
    Subnet,
    Volume,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.read import Reader
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import is_a_mount
from ansible_collections.labocloud.room.plugins.module_utils.files import digest
from ansible_collections.labocloud.room.plugins.module_utils.images.archive_names import names_in
from ansible_collections.labocloud.room.plugins.module_utils.images.names import (
    give_name,
    take_name,
)
from ansible_collections.labocloud.room.plugins.module_utils.images.zstd import unpacked
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.recreating import (
    LABEL,
    OF_ANOTHER,
    endpoints,
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
    Manifest,
    SavedImage,
    tag_of,
)

# Beside a volume's data, once all of them are there.
COMPLETE = "labocloud-restored"
TAG = re.compile(f"{REPOSITORY}:[0-9a-f]{{{SHORT}}}")
ID = re.compile("[0-9a-f]{64}")
ENGINES_NETWORKS = ("bridge", "default", "host", "none")
# What a manifest that is not seat_save's makes go wrong.
NOT_AS_DESCRIBED = (AttributeError, LookupError, TypeError)
# What can go wrong with one thing.
FAILURES = (
    OSError,
    ValueError,
    subprocess.CalledProcessError,
    tarfile.TarError,
    *NOT_AS_DESCRIBED,
)


def reason(error: Exception) -> str:
    """Return why something failed, for people."""
    if isinstance(error, NOT_AS_DESCRIBED):
        return f"it is not as seat_save describes it ({error!r})"
    return str(getattr(error, "stderr", None) or error).strip()


def _is_marked(container: Container, mark: str) -> bool:
    """Return whether a container that is here came from the files of a mark."""
    return (container["Config"]["Labels"] or {}).get(LABEL) == mark


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


def _subnets(network: Network) -> list[Subnet]:
    """Return the addresses of a network."""
    return (network["IPAM"] or {}).get("Config") or []


def is_chosen_by_engine(network: Network) -> bool:
    """Return whether a network's addresses look like those that an engine chooses by itself.

    It tells them with a subnet and the first address of it. What somebody has asked for in the same
    words cannot be told from that.
    """
    return all(
        {key for key, value in subnet.items() if value} == {"Subnet", "Gateway"}
        and next(ipaddress.ip_network(subnet["Subnet"]).hosts())
        == ipaddress.ip_interface(subnet["Gateway"]).ip
        for subnet in _subnets(network)
    )


def _refuse_other_names(archive: Path, tags: set[str]) -> None:
    """Raise ValueError or tarfile.TarError where an archive would give images other names."""
    with unpacked(archive) as tar:
        names = names_in(tar, whole=True)
        # zstd would be stopped by it, if not all were read.
        while tar.read(2**20):
            pass
    if others := names - tags:
        raise ValueError(f"{archive.name} holds images of other names: {', '.join(sorted(others))}")


def _joined(container: Container) -> dict[str, Endpoint]:
    """Return what a container asks of the networks that it joins by their names."""
    short = container["Id"][:SHORT]
    return {
        name: {
            "IPAMConfig": endpoint["IPAMConfig"],
            # Other than those of HostConfig, they may name what is not here.
            "Links": endpoint.get("Links"),
            "Aliases": [alias for alias in endpoint["Aliases"] or [] if alias != short],
        }
        for name, endpoint in endpoints(container).items()
        if name not in ENGINES_NETWORKS
    }


class Restoration:
    """What comes back from the files of one save, and what does not.

    lines, missing: as seat_restore's RETURN has them. Making it changes nothing. All of it raises
    one of FAILURES, here where the files are not whole, or not seat_save's.
    """

    def __init__(self, docker: DockerConnection, src: Path) -> None:
        self.docker, self.reader = docker, Reader(docker)
        self.src = src
        self.mark = digest(src / MANIFEST)
        manifest: Manifest = json.loads((src / MANIFEST).read_text(encoding="utf-8"))
        for name, expected in manifest["files"].items():
            if name not in (IMAGES, VOLUMES) or digest(src / name) != expected:
                raise ValueError(f"{name} is torn or altered")
        self.volumes = manifest["volumes"]
        self.networks = manifest["networks"]
        self.containers = in_order(manifest["containers"])
        self.images = manifest["images"]
        self.left_out = manifest["left_out"]
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

    def refuse_taken_volumes(self) -> None:
        """Raise ValueError where a volume's name is taken: nothing is written over."""
        for volume in self.volumes:
            present = self.reader.volume(volume["Name"])
            if present is not None and (present["Labels"] or {}).get(LABEL) != self.mark:
                fix = shlex.join(["docker", "volume", "rm", volume["Name"]])
                raise ValueError(
                    Refusal(
                        f"there is a volume {volume['Name']} already",
                        f"{fix}, or do without the saved one",
                    )
                )

    def restore(self) -> None:
        """Bring back all that can come. It ends where the images cannot come."""
        self._restore_volumes_and_networks()
        names = {}
        for container in self.containers:
            with self._attempt("container", name_of(container)):
                names[container["Id"]] = self._free_name(container)
        images = [image for image in self.images if self._lacking_names(image, image["id"])]
        if images or any(names.values()):
            with unpacked(self.src / IMAGES) as tar:
                self.docker.work("/images/load?quiet=1", tar)
        for image in images:
            with self._attempt("image", " ".join(image["names"])):
                self.lines += self._restore_image(image)
        for container in self.containers:
            if name := names.get(container["Id"]):
                with self._attempt("container", name_of(container)):
                    self._restore_container(container, name)

    def _restore_volumes_and_networks(self) -> None:
        """Bring back the volumes, and the networks."""
        for volume in self.volumes:
            with self._attempt("volume", volume["Name"]):
                if self._restore_volume(volume):
                    self.lines.append(f"volume {volume['Name']}")
        for network in self.networks:
            with self._attempt("network", network["Name"]):
                if line := self._restore_network(network):
                    self.lines.append(line)
        # A swarm's does not come back: what was on it does without.
        self.failed -= {
            ("network", network["Name"]) for network in self.networks if network["Scope"] != "local"
        }
        if self.lines:
            self.lines += [f"not saved, since it is a socket: {path}" for path in self.left_out]

    @contextmanager
    def _attempt(self, kind: str, name: str) -> Iterator[None]:
        """Go on after one thing that cannot come back, and remember it."""
        try:
            yield
        except FAILURES as error:
            self.failed.add((kind, name))
            self.missing.append(f"{kind} {name}: {reason(error)}")

    def _restore_volume(self, volume: Volume) -> bool:
        """Bring back a volume, and return whether there was anything to do."""
        name = volume["Name"]
        present = self.reader.volume(name)
        if present is None:
            request = {
                "Name": name,
                "Driver": volume["Driver"],
                "DriverOpts": volume["Options"] or {},
                "Labels": (volume["Labels"] or {}) | {LABEL: self.mark},
            }
            created: Volume = self.docker.ask("/volumes/create", "POST", request)
            present = created
        place = Path(present["Mountpoint"])
        complete = place.parent / COMPLETE
        if complete.exists():
            return False
        # The data of a volume on a device are there, and were not saved.
        if not is_a_mount(volume):
            tar = ["tar", "--extract", "--acls", "--xattrs", "--xattrs-include=*"]
            tar += ["--numeric-owner", "--same-permissions", f"--directory={place.parents[1]}"]
            with unpacked(self.src / VOLUMES) as data:
                _run(self.docker, [*tar, f"{name}/{place.name}"], data)
        _run(self.docker, ["touch", str(complete)])
        return True

    def _has_network(self, name: str) -> bool:
        """Return whether there is a network of a name, which may be another's ID's beginning."""
        network = self.reader.network(name)
        return network is not None and network["Name"] == name

    def _restore_network(self, network: Network) -> str:
        """Make a network that is lacking, and return a line about it; empty where it is not."""
        name = network["Name"]
        if self._has_network(name):
            return ""
        if network["Scope"] != "local":
            fix = shlex.join(["docker", "network", "create", "-d", "overlay", name])
            raise ValueError(Refusal("it was a swarm's", fix))
        request: Network = {
            "Name": name,
            "Driver": network["Driver"],
            "EnableIPv6": network["EnableIPv6"],
            "IPAM": network["IPAM"],
            "Internal": network["Internal"],
            "Attachable": network["Attachable"],
            "Options": network["Options"],
            "Labels": network["Labels"],
        }
        try:
            self.docker.ask("/networks/create", "POST", request)
        except EngineError as error:
            if "overlap" not in str(error).lower() or not is_chosen_by_engine(network):
                raise
            anew = {key: value for key, value in (network["IPAM"] or {}).items() if key != "Config"}
            self.docker.ask("/networks/create", "POST", {**request, "IPAM": anew})
            taken = ", ".join(subnet["Subnet"] for subnet in _subnets(network))
            return f"network {name}, with another subnet: {taken} is taken"
        return f"network {name}"

    def _lacking_names(self, image: SavedImage, key: str) -> list[tuple[str, str]]:
        """Return the names that a saved image lacks, each with the one that it can have instead.

        key: the image's ID here. A name that is another's is not taken from it: the second is
        NAME-restored then, and empty where that is another's too.
        """
        lacking = []
        for name in image["names"]:
            bearers = {
                candidate: self.reader.image(candidate) for candidate in (name, f"{name}-restored")
            }
            if any(bearer and bearer["Id"] == key for bearer in bearers.values()):
                continue
            free = [candidate for candidate, bearer in bearers.items() if bearer is None]
            lacking.append((name, free[0] if free else ""))
        return lacking

    def _restore_image(self, image: SavedImage) -> list[str]:
        """Add its names to a loaded image, and return a line for each that it lacked."""
        loaded = self.reader.image(image["tag"])
        if loaded is None:
            raise OSError(f"{IMAGES} does not hold it")
        lines = []
        for name, free in self._lacking_names(image, loaded["Id"]):
            if not free:
                raise OSError(f"there are images {name} and {name}-restored already")
            give_name(self.docker, loaded["Id"], free)
            lines.append(f"image {free}")
        # With its last name an image would go.
        now = self.reader.image(image["tag"]) or {}
        if len(now.get("RepoTags") or []) > 1:
            take_name(self.docker, image["tag"])
        return lines

    def _free_name(self, container: Container) -> str:
        """Return the name that a container can have, empty where it has come back already."""
        name = name_of(container)
        for candidate in (name, f"{name}-restored"):
            present = self.reader.container(candidate)
            if present is None:
                return candidate
            if _is_marked(present, self.mark):
                return ""
        raise ValueError(
            Refusal(
                f"there are containers {name} and {name}-restored already", "remove or rename one"
            )
        )

    def _here(self, reference: str) -> str:
        """Return the ID here of a container that a saved one has something of, empty if it is gone.

        One that was not saved is known by its ID, which no other has, and in a link by its name.
        """
        if other := find(self.containers, reference):
            name = name_of(other)
            for candidate in (name, f"{name}-restored"):
                present = self.reader.container(candidate)
                if present and _is_marked(present, self.mark):
                    return present["Id"]
            return ""
        present = self.reader.container(reference)
        if present and reference in (present["Id"], name_of(present)):
            return present["Id"]
        return ""

    def _refuse_what_lacks(self, container: Container) -> None:
        """Raise ValueError where something failed that a container has, and can come back yet."""
        needed = [("volume", mount.get("Name", "")) for mount in container["Mounts"] or []]
        needed += [("network", name) for name in endpoints(container)]
        needed += [
            ("container", name_of(other))
            for reference in references(container)
            if (other := find(self.containers, reference))
        ]
        for kind, name in needed:
            if (kind, name) in self.failed:
                raise ValueError(f"it waits for the {kind} {name}")

    def _restore_container(self, container: Container, name: str) -> None:
        """Make a container again, under a name, which it has once it is whole.

        Its image has to be there.
        """
        self._refuse_what_lacks(container)
        request, without = recreated(container, self.mark, self._here)
        joined = _joined(container)
        for network in [network for network in joined if not self._has_network(network)]:
            del joined[network]
            without.append(f"the network {network}")
        host = request["HostConfig"]
        mode = host["NetworkMode"]
        if mode not in (*ENGINES_NETWORKS, *joined) and not mode.startswith(OF_ANOTHER):
            # It is gone, or was named by an ID that is.
            mode = host["NetworkMode"] = next(iter(joined), "none")
        # An engine before 25 takes one network when a container is made; the others follow.
        if mode in joined:
            request["NetworkingConfig"]["EndpointsConfig"] = {mode: joined.pop(mode)}
        unfinished = f"{REPOSITORY}-{container['Id'][:SHORT]}"
        left = self.reader.container(unfinished)
        if left and _is_marked(left, self.mark):
            self.docker.ask(f"/containers/{left['Id']}", "DELETE")
        key = self.docker.ask(f"/containers/create?name={unfinished}", "POST", request)["Id"]
        try:
            for network, endpoint in joined.items():
                connection = {"Container": key, "EndpointConfig": endpoint}
                self.docker.ask(f"/networks/{quote(network)}/connect", "POST", connection)
            self.docker.ask(f"/containers/{key}/rename?name={quote(name)}", "POST")
        except FAILURES:
            with suppress(OSError):
                self.docker.ask(f"/containers/{key}", "DELETE")
            raise
        self.lines.append(f"container {name}, stopped: {shlex.join(['docker', 'start', name])}")
        self.missing += [f"container {name} is here without {thing}" for thing in without]
