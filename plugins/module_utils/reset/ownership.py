# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Decide what of a machine's Docker stays: the toolkit's, what was there before, what is kept.

An image is the toolkit's by the fingerprint that it has recorded, a container by the recorded ID.
Labels prove nothing, for images inherit them, and anybody can copy them. All of this is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    Container,
    Engine,
    Image,
    Thing,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import Before

# By ID.
Images = dict[str, Image]

ENGINES_NETWORKS = {"bridge", "host", "none", "ingress"}
SWARMS_NETWORK = "docker_gwbridge"
# The whole of an ID, or as much of it as docker ps shows.
ID = re.compile("(?:sha256:)?([0-9a-f]{12,64})")
# The end of the name of one revision of an image.
REVISION = re.compile("-[0-9a-f]{12}$")
# The label of an image that tells what it was made from.
MADE_FROM = "labocloud.base.from"


@dataclass(frozen=True)
class Claims:
    """Who claims things of a machine's Docker against the students.

    before: what was there before the toolkit. images: those that it has brought, name to
    fingerprint. containers: IDs of those that it has made. keep: what else is to stay, as
    is_meant() takes it.
    """

    before: Before
    images: dict[str, str]
    containers: frozenset[str]
    keep: list[str]


@dataclass(frozen=True)
class Staying:
    """What stays, by IDs, but volumes by names.

    names: those that images have to have, name to ID.
    """

    swarm: bool
    containers: frozenset[str]
    names: dict[str, str]
    images: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    plugins: frozenset[str]
    cache: frozenset[str]


def is_brought(fingerprint: str, name: str, brought: Mapping[str, str]) -> bool:
    """Return whether an image is the one that the toolkit has brought under a name.

    brought: what the machine remembers, name to fingerprint. What the image is called by now is of
    no matter: a name can be moved to another one.
    """
    return fingerprint == brought.get(name)


def is_meant(entry: str, key: str, names: Iterable[str], digests: Iterable[str] = ()) -> bool:
    """Return whether an entry of what is to stay means a thing: by its ID, a digest or a name.

    key: its ID. digests: name@sha256:…, by which an image was pulled; the name is of no matter, for
    a digest is that of one content. An ID or a digest is never taken for a name.
    """
    if found := ID.fullmatch(entry):
        return key.removeprefix("sha256:").startswith(found[1])
    if "@" in entry:
        return entry.partition("@")[2] in {digest.partition("@")[2] for digest in digests}
    return entry in names


def _is_kept(keep: list[str], thing: Thing) -> bool:
    """Return whether a thing that has an id and a name is asked to stay."""
    return any(is_meant(entry, thing["id"], [thing["name"]]) for entry in keep)


def ancestors(images: Images, key: str) -> list[str]:
    """Return the IDs of the images that an image was built on, as far as the engine knows them."""
    found = []
    while key in images and (key := images[key]["parent"]) in images:
        found.append(key)
    return found


def _bearers(images: Images) -> dict[str, str]:
    """Return which image has each name: name to ID."""
    return {name: key for key, image in images.items() for name in image["names"]}


def _kept_names(images: Images, keep: list[str]) -> dict[str, str]:
    """Return the names that are asked to stay: name to the ID of the image that is to have it."""
    wanted = {name: key for name, key in _bearers(images).items() if name in keep}
    for entry in keep:
        name, _, digest = entry.partition("@")
        # name:tag@digest says whose the name is.
        if digest and ":" in name.rpartition("/")[2]:
            for key, image in images.items():
                if is_meant(entry, key, [], image["digests"]):
                    wanted[name] = key
    return wanted


def _brought_names(images: Images, brought: dict[str, str], used: set[str]) -> dict[str, str]:
    """Return the names of the toolkit's images that are there: name to ID.

    brought: name to fingerprint. used: IDs of the images that containers which stay run on.
    """
    wanted = {}
    for name in brought:
        same = [
            key for key, image in images.items() if is_brought(image["fingerprint"], name, brought)
        ]
        if same:
            # A container that was committed unchanged is the same image, under another ID.
            wanted[name] = max(
                same, key=lambda key: (name in images[key]["names"], key in used, key)
            )
    return wanted


def _course_names(
    images: Images, wanted: dict[str, str], brought: dict[str, str], used: set[str]
) -> dict[str, str]:
    """Return the names that go from one revision to the next, with which all their names begin.

    Such a name is right on any of the revisions; taken by another image, it goes back to the one in
    use. wanted: what else images have to be called; brought, used: as _brought_names() takes them.
    """
    bearers = _bearers(images)
    revisions = {wanted[name] for name in brought if REVISION.search(name) and name in wanted}
    return {
        name: key
        for name in {REVISION.sub("", name) for name in brought} - set(brought)
        for key in {bearers.get(name, "")} & revisions or used & revisions
    }


def _source_names(images: Images, wanted: dict[str, str]) -> dict[str, str]:
    """Return the names of what the base was made from, where the toolkit pulled it: name to ID.

    Its layers are the base's lowest. wanted: what images have to be called.
    """
    found: dict[str, str] = {}
    for key in wanted.values():
        source, layers = images[key]["labels"].get(MADE_FROM), images[key]["layers"]
        for other, image in images.items():
            if source in image["names"] and layers[: len(image["layers"])] == image["layers"]:
                found.setdefault(source, other)
    return found


def _wanted_names(images: Images, claims: Claims, used: set[str]) -> dict[str, str]:
    """Return the names that images have to have: name to ID.

    used: IDs of the images that containers which stay run on. The last to claim a name has it: the
    toolkit.
    """
    before = claims.before["ids"]["images"]
    wanted = {name: key for key, names in before.items() if key in images for name in names}
    wanted |= _kept_names(images, claims.keep)
    wanted |= _brought_names(images, claims.images, used)
    wanted |= _course_names(images, wanted, claims.images, used)
    sources = _source_names(images, wanted)
    return wanted | {name: key for name, key in sources.items() if name not in wanted}


def _staying_images(
    images: Images, claims: Claims, wanted: dict[str, str], used: set[str]
) -> frozenset[str]:
    """Return the IDs of the images that stay, with those that they were built on."""
    staying_ids = {*wanted.values(), *claims.before["ids"]["images"], *used}
    staying_ids |= {
        key
        for key, image in images.items()
        if any(is_meant(entry, key, [], image["digests"]) for entry in claims.keep)
    }
    staying_ids |= {parent for key in list(staying_ids) for parent in ancestors(images, key)}
    return frozenset(staying_ids & set(images))


def _staying_networks(
    engine: Engine, claims: Claims, kept: list[Container], *, swarm: bool
) -> frozenset[str]:
    """Return the IDs of the networks that stay.

    kept: the containers that are asked to stay. A student can connect the others to a network of
    theirs. swarm: whether the machine's swarm stays.
    """
    joined = {network for container in kept for network in container["networks"]}
    return frozenset(
        network["id"]
        for network in engine["networks"]
        if network["id"] in claims.before["ids"]["networks"]
        or network["name"] in ENGINES_NETWORKS
        or {network["id"], network["name"]} & joined
        or _is_kept(claims.keep, network)
        or (network["name"] == SWARMS_NETWORK and swarm and engine["swarm"])
    )


def _staying_plugins(
    engine: Engine, claims: Claims, volumes: frozenset[str], networks: frozenset[str]
) -> frozenset[str]:
    """Return the IDs of the plugins that stay.

    volumes, networks: the names and the IDs of those that stay, which may be made with them.
    """
    drivers = {volume["driver"] for volume in engine["volumes"] if volume["name"] in volumes}
    drivers |= {network["driver"] for network in engine["networks"] if network["id"] in networks}
    return frozenset(
        plugin["id"]
        for plugin in engine["plugins"]
        # Of a Docker that did not run, none are recorded.
        if plugin["id"] in claims.before["ids"].get("plugins", [])
        or plugin["name"] in drivers
        or _is_kept(claims.keep, plugin)
    )


def staying(engine: Engine, claims: Claims) -> Staying:
    """Return what of an engine stays; all else is the students', which is decided nowhere else."""
    ids = claims.before["ids"]
    kept = [container for container in engine["containers"] if _is_kept(claims.keep, container)]
    recorded = {*ids["containers"], *claims.containers}
    containers = [
        container
        for container in engine["containers"]
        if container["id"] in recorded or container in kept
    ]
    used = {container["image"] for container in containers}
    names = _wanted_names(engine["images"], claims, used)
    # The engine removes no volume of a container that is there.
    mounted = {name for container in containers for name in container["volumes"]}
    volumes = frozenset([*claims.before["volumes"], *mounted, *claims.keep])
    swarm = engine["swarm"] in ("", ids["swarm"])
    networks = _staying_networks(engine, claims, kept, swarm=swarm)
    return Staying(
        swarm=swarm,
        containers=frozenset(container["id"] for container in containers),
        names=names,
        images=_staying_images(engine["images"], claims, names, used),
        volumes=volumes,
        networks=networks,
        plugins=_staying_plugins(engine, claims, volumes, networks),
        cache=frozenset(ids["cache"]),
    )
