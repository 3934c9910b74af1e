# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Carry out a plan: remove what students made, as far as the engine takes it."""

from __future__ import annotations

import http.client
import json
import os.path
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import Volume
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    Container,
    is_a_mount,
)
from ansible_collections.labocloud.room.plugins.module_utils.mounts import read_mounts
from ansible_collections.labocloud.room.plugins.module_utils.reset.changes import (
    changes_since,
    taken_names,
)
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import Plan, Thing
from ansible_collections.labocloud.room.plugins.module_utils.reset.stamps import Stamps
from ansible_collections.labocloud.room.plugins.module_utils.reset.words import short

SWARM = "membership of a swarm"


class _Removal:
    """The removal of the things of a plan, of which each that stays is told.

    left: what cannot be removed is added to it, each with the reason; the rest goes. What is gone
    already is passed over. All methods raise OSError where no engine answers; the same plan, or a
    new one, can then be carried out.
    """

    def __init__(self, docker: DockerConnection, left: list[str]) -> None:
        self.docker = docker
        self.left = left

    def attempt(
        self,
        what: str,
        path: str,
        method: str = "DELETE",
        *,
        left: list[str] | None = None,
        body: object = None,
        gone: int = http.client.NOT_FOUND,
    ) -> Any:  # noqa: ANN401  # JSON
        """Ask for one step, and return the answer, None where there is none.

        left: where to tell what is refused, other than what stays in the end. gone: the status
        that says that there is nothing to do any more.
        """
        left = self.left if left is None else left
        try:
            return self.docker.ask(path, method, body)
        except EngineError as error:
            if error.status != gone:
                reason = str(error).partition(": ")[2]
                message = re.search(r'"message": ?"(.*)"', reason)
                left.append(f"{what}: {message[1] if message else reason}")
        except TimeoutError:
            left.append(f"{what}: no answer in {self.docker.timeout:g} s")
            # One thing can hang, such as a process that waits for a lost disk. Where the engine
            # does, this raises.
            self.docker.ask("/version")
        return None

    def let_go_on(self, container: str) -> None:
        """Have a container that stays go on, by its ID: seat_save has paused it."""
        self.attempt("", f"/containers/{container}/unpause", "POST", left=[])

    def keep_changed(self, things: Plan, saved: Stamps) -> Plan:
        """Return a plan without what is not as it was saved; that goes on."""
        changes = changes_since(self.docker, things, saved)
        for container in changes.containers:
            self.let_go_on(container)
        self.left += changes.lines(things)
        taken = taken_names(self.docker, things["names"])
        self.left += [f"name {name}: {reason}" for name, reason in taken.items()]
        names = {name: key for name, key in things["names"].items() if name not in taken}
        return {**changes.removed_from(things), "names": names}

    def remove_container(self, container: Container) -> None:
        """Remove a container, which goes on where it cannot be removed."""
        refused: list[str] = []
        path = f"/containers/{container['id']}?force=true"
        self.attempt(f"container {container['name']}", path, left=refused)
        if refused:
            self.let_go_on(container["id"])
        self.left += refused

    def rename_images(self, names: dict[str, str]) -> None:
        """Put names back, before the images that have them go, and take away those that go.

        names: as a plan has them.
        """
        not_given: list[str] = []
        for name, key in names.items():
            if key:
                repository, _, tag = name.rpartition(":")
                path = f"/images/{key}/tag?repo={quote(repository)}&tag={quote(tag)}"
                self.attempt(f"name {name}", path, "POST", left=not_given)
        for name in [name for name, key in names.items() if not key]:
            if not_given:
                # It may be the last that its image has, which the engine would remove with it.
                self.left.append(f"name {name}: waits for the names that are to be given back")
            else:
                self.attempt(f"name {name}", f"/images/{name}?noprune=true")
        self.left += not_given

    def remove_volume(self, name: str) -> None:
        """Remove a volume, unless something is mounted in it by hand."""
        what, path = f"volume {name}", f"/volumes/{quote(name)}"
        volume: Volume | None = self.attempt(what, path, "GET")
        if volume is None:
            return
        if places := _mounted_in(volume):
            self.left.append(
                f"{what}: removing it would empty what is mounted in it by hand; "
                f"{shlex.join(['umount', *places])} ends that"
            )
        else:
            self.attempt(what, path)

    def remove_network(self, network: Thing) -> None:
        """Remove a network, after the containers are disconnected that stay."""
        what, path = f"network {network['name']}", f"/networks/{network['id']}"
        description = self.attempt(what, path, "GET", left=[]) or {}
        for endpoint in (description.get("Containers") or {}).values():
            who = {"Container": endpoint["Name"], "Force": True}
            # One that cannot be disconnected is the reason why the network cannot go.
            self.attempt(what, f"{path}/disconnect", "POST", left=[], body=who)
        self.attempt(what, path)

    def prune(self, cache: list[str]) -> None:
        """Remove pieces of the build cache, by ID. One that a build is using stays."""
        while cache:
            gone: list[str] = []
            refused: list[str] = []
            for piece in cache:
                path = f"/build/prune?all=true&filters={quote(json.dumps({'id': [piece]}))}"
                answer = self.attempt(f"build cache {piece}", path, "POST", left=refused) or {}
                gone += answer.get("CachesDeleted") or []
            if not gone:
                self.left += refused
                break
            cache = [piece for piece in cache if piece not in gone]

    def carry_out(self, things: Plan) -> None:
        """Remove all of a plan, in an order that the engine takes."""
        if things["swarm"]:
            left_already = http.client.SERVICE_UNAVAILABLE
            self.attempt(SWARM, "/swarm/leave?force=true", "POST", gone=left_already)
        for container in things["containers"]:
            self.remove_container(container)
        self.rename_images(things["names"])
        for image in things["images"]:
            # What it was built on may be the toolkit's, and have no name while a student has it.
            path = f"/images/{image['id']}?force=true&noprune=true"
            self.attempt(f"image {image['name'] or short(image['id'])}", path)
        for volume in things["volumes"]:
            self.remove_volume(volume["name"])
        for network in things["networks"]:
            self.remove_network(network)
        # After what was made with them.
        for plugin in things["plugins"]:
            self.attempt(f"plugin {plugin['name']}", f"/plugins/{plugin['id']}?force=true")
        self.prune([piece["id"] for piece in things["cache"]])
        if rest := things.get("more"):
            self.left.append(f"{rest:,} more: one listing does not hold them")


def _mounted_in(volume: Volume) -> list[str]:
    """Return where in a volume something is mounted that the engine has not mounted there.

    It would be emptied with the volume. What a volume's options mount the engine unmounts first,
    and what other drivers do is not known.
    """
    if volume["Driver"] != "local":
        return []
    place = os.path.realpath(volume["Mountpoint"])
    # The engine removes the directory that the data's is in.
    directory = Path(place).parent
    found = [mount.path for mount in read_mounts() if Path(mount.path).is_relative_to(directory)]
    if is_a_mount(volume) and place in found:
        found.remove(place)
    # What is mounted in another comes first.
    return sorted(found, reverse=True)


def remove(
    docker: DockerConnection, things: Plan, left: list[str], saved: Stamps | None = None
) -> None:
    """Carry out a plan.

    left: as _Removal has it. saved: what was saved of it, as seat_save tells it; what is not as it
    was then stays. Raises OSError where no engine answers.
    """
    removal = _Removal(docker, left)
    if saved is not None:
        things = removal.keep_changed(things, saved)
    removal.carry_out(things)
