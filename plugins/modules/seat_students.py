#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List, or remove, what students made in a seat's Docker."""

DOCUMENTATION = r"""
module: seat_students
short_description: List, or remove, what students made in the Docker of a lab machine
description:
  - Whatever neither the toolkit made nor was there before it came, as the machine has it remembered
    (C(seat_state)), nor is asked to stay, is the students'; containers, images, names of images,
    volumes, networks, plugins, the build cache and the membership of a swarm, with the services,
    secrets and configs of that. So is what the command labo remembers on the machine, of which it
    is also told what of this work nobody has saved by it.
  - The toolkit's are the images whose fingerprint it has recorded, under the names that it gave
    them, and the containers whose IDs it has recorded. Labels prove nothing, for images inherit
    them, and anybody can copy them.
  - A name that was moved from such an image to another is given back, where the image is there.
  - Where one thing cannot be removed, the others are; the module then fails, and tells it with the
    engine's reason. A volume in which something is mounted by hand is one of these, for the engine
    would empty what is mounted.
options:
  state:
    description: Whether to list, or to remove what a listing of before tells in O(things).
    type: str
    choices: [listed, absent]
    default: listed
  host:
    description: Name of the machine in the inventory, for what is told.
    type: str
    required: true
  confirmed:
    description: Whether what is listed is to go, for what is told.
    type: bool
    default: false
  close:
    description: >-
      Whether the engine is closed to all but root before it is looked at, for
      M(labocloud.room.seat_save), so that what is listed is all that there is. Where nothing of it
      can be saved it is open afterwards.
    type: bool
    default: false
  containers:
    description: >-
      Names of the toolkit's containers, where a version before has made them, which remembered
      no IDs; then these names and the label decide.
    type: list
    elements: str
    default: []
  keep:
    description:
      - Names of other containers, images, volumes, networks and plugins that stay; a name means
        whatever bears it now. Of all but volumes also IDs, whole or their first 12 digits or more,
        and digests of images, C(name@sha256:…) or C(name:tag@sha256:…); these mean nothing else.
      - A container that stays so keeps its image, its volumes and its networks, and a volume or a
        network the plugin that it is made with.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as RV(things) told it.
    type: dict
  saved:
    description:
      - What was saved of it, as M(labocloud.room.seat_save) told it. Then a container that has run
        since, a container or a volume that something was written to, and an image that has got
        another name are not removed, nor is what such a container needs; the module fails, and
        names them. So it is with what has only the name of what was saved.
      - The engine is closed to all but root meanwhile, and open afterwards.
    type: dict
author:
  - labocloud contributors (!UNKNOWN)
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: RV(lines) tells it.
  idempotent:
    support: full
    details: What is gone already is no error, and is not in the next listing.
"""

EXAMPLES = r"""
- name: List what students made
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    keep: ["postgres:17"]
  register: students

- name: Remove it
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    state: absent
    things: "{{ students.things }}"

- name: Remove what was saved, and nothing that has changed since
  labocloud.room.seat_students:
    host: "{{ inventory_hostname }}"
    state: absent
    things: "{{ students.things }}"
    saved: "{{ files.saved }}"
"""

RETURN = r"""
things:
  description: >-
    What is the students', each kind a list of things with C(id), C(name) and C(bytes), and images
    also C(names), all names that they bear; and C(names), the names of images that change, name to
    ID of the image that it is given back to, empty for a name that goes. And C(memory), one thing
    where labo remembers anything. Where there are more than some thousands, C(more) is how many are
    left out: they are in the next listing, and removing these fails at the end, and says so.
  returned: always
  type: dict
refused:
  description: >-
    Why it cannot be told what is the students', as a sentence, and then nothing is listed; empty
    where it can.
  returned: when O(state=listed)
  type: str
save:
  description: >-
    What of it can be saved, as M(labocloud.room.seat_save) takes it, C(containers), C(images),
    C(volumes), C(networks) and C(bytes); V(none) where there is nothing to save. An image that has
    a name is somebody's work, one without is a step on the way to another.
  returned: when O(state=listed)
  type: dict
unsaved:
  description: >-
    What of it nobody has taken home by C(labo save), in words; images that have a name, and
    volumes. What was made anew under a name that was saved is among them, if it is an image.
  returned: when O(state=listed)
  type: list
  elements: str
told:
  description: The same as RV(lines), with the machine's name, how much it is, and what to do next.
  returned: when O(state=listed)
  type: list
  elements: str
lines:
  description: The same, as lines for people.
  returned: always
  type: list
  elements: str
bytes:
  description: What goes with it from the disk, as far as the engine can tell.
  returned: always
  type: int
size:
  description: The same, for people.
  returned: always
  type: str
left:
  description: What could not be removed, each with the reason.
  returned: when something could not be removed
  type: list
  elements: str
"""

import http.client
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    SOCKET,
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import (
    IN_A_SWARM,
    NO_NAME,
    Thing,
    identities,
    is_a_mount,
    look,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    PLACES,
    memory_facts,
    names_remembered,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import ANONYMOUS, bare
from ansible_collections.labocloud.room.plugins.module_utils.limits import few, held
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import clear
from ansible_collections.labocloud.room.plugins.module_utils.reset.saved import (
    REPOSITORY,
    alone,
    container_stamp,
    volume_stamp,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import State, TornError, read

# Removing a container waits for its processes, measuring a volume for its disk.
TIMEOUT = 300
ENGINES_NETWORKS = {"bridge", "host", "none", "ingress"}
SWARMS_NETWORK = "docker_gwbridge"
# The end of the name of one revision of an image.
REVISION = re.compile("-[0-9a-f]{12}$")
MOUNTS = Path("/proc/self/mountinfo")
# The label of a container that is a service's.
TASK = "com.docker.swarm.task.id"
# What a plan has, besides names.
KINDS = ("swarm", *IN_A_SWARM, "containers", "images", "volumes", "networks", "plugins", "cache")
# In which order it is carried out.
ORDER = ("swarm", *IN_A_SWARM, "containers", "names", *KINDS[KINDS.index("images") :])
NEXT = (
    "Nothing is changed. The same command with -e confirm=yes removes this; with -e confirm=yes -e"
    " save=yes it saves the containers, images and volumes first."
)
STILL = (
    "Fix: see to what is named here, or have it stay (seat_reset_keep), and give the same command"
    " again; what is gone already is passed over."
)
# The whole of an ID, or as much of it as docker ps shows.
ID = re.compile("(?:sha256:)?([0-9a-f]{12,64})")


def was_there(engine: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Give the same of those things that the record says were there before.

    A record of before there were identities in it knows names alone: of a Docker that was running,
    then, the swarm and the build cache are taken to have been there. So are the plugins, where a
    record does not know of them.
    """
    plugins = engine["plugins"] if before.get("docker_running") else []
    if "ids" in before:
        recorded: dict[str, Any] = before["ids"]
        return {"plugins": [plugin["id"] for plugin in plugins]} | recorded
    nothing = {"images": [], "containers": [], "networks": [], "docker_running": False}
    of_before: dict[str, Any] = nothing | before
    return identities(
        {
            "containers": [c for c in engine["containers"] if c["name"] in of_before["containers"]],
            "images": {
                key: image | {"names": [n for n in image["names"] if n in of_before["images"]]}
                for key, image in engine["images"].items()
                if set(image["names"]) & set(of_before["images"])
            },
            "networks": [n for n in engine["networks"] if n["name"] in of_before["networks"]],
            "plugins": plugins,
            "cache": engine["cache"] if of_before["docker_running"] else [],
            "swarm": engine["swarm"] if of_before["docker_running"] else "",
        }
    )


def means(entry: str, key: str, names: list[str], digests: list[str]) -> bool:
    """Tell whether an entry of what is to stay means a thing: by its ID, a digest or a name.

    key: its ID. digests: name@sha256:…, by which an image was pulled; the name is of no matter, for
    a digest is that of one content. An ID or a digest is never taken for a name.
    """
    if found := ID.fullmatch(entry):
        return key.removeprefix("sha256:").startswith(found[1])
    if "@" in entry:
        return entry.partition("@")[2] in {digest.partition("@")[2] for digest in digests}
    return entry in names


def named_images(
    engine: dict[str, Any],
    there: dict[str, Any],
    delivered: dict[str, str],
    keep: list[str],
    used: set[str],
) -> dict[str, str]:
    """Give the names that images have to have: name to ID.

    there: as was_there() gives it. delivered: name to fingerprint. used: IDs of the images that
    containers which stay run on. The last to claim a name has it: the toolkit.
    """
    images = engine["images"]
    wanted = {
        name: key for key, names in there["images"].items() if key in images for name in names
    }
    bearers = {name: key for key, image in images.items() for name in image["names"]}
    wanted |= {name: key for name, key in bearers.items() if name in keep}
    for entry in keep:
        name, _, digest = entry.partition("@")
        for key, image in images.items():
            # name:tag@digest tells whose the name is.
            if (
                digest
                and ":" in name.rpartition("/")[2]
                and means(entry, key, [], image["digests"])
            ):
                wanted[name] = key
    for name, mark in delivered.items():
        same = [key for key, image in images.items() if image["fingerprint"] == mark]
        if same:
            # A container that was committed unchanged is the same image, under another ID.
            wanted[name] = max(
                same, key=lambda key: (name in images[key]["names"], key in used, key)
            )
    # The name that all revisions begin with goes from one to the next. It is right on any of them;
    # taken by another image, it goes back to the one in use.
    revisions = {wanted[name] for name in delivered if REVISION.search(name) and name in wanted}
    for name in {REVISION.sub("", name) for name in delivered} - set(delivered):
        for key in {bearers.get(name)} & revisions or used & revisions:
            wanted[name] = key
    # What the base was made from, where the toolkit pulled it: its layers are the base's lowest.
    for key in list(wanted.values()):
        source, layers = images[key]["labels"].get("labocloud.base.from"), images[key]["layers"]
        for other, image in images.items():
            if source in image["names"] and layers[: len(image["layers"])] == image["layers"]:
                wanted.setdefault(source, other)
    return wanted


def ancestors(images: dict[str, Any], key: str) -> list[str]:
    """Give the IDs of the images that an image was built on, as far as the engine knows them."""
    found = []
    while (key := images.get(key, {}).get("parent", "")) in images:
        found.append(key)
    return found


def plan(
    engine: dict[str, Any],
    before: dict[str, Any],
    delivered: dict[str, str],
    *,
    made: list[str] | None,
    containers: list[str],
    keep: list[str],
) -> dict[str, Any]:
    """Give what is the students': the one place that decides it.

    engine: as look() gives it. before: the seat's record. delivered: the toolkit's images, name to
    fingerprint. made: IDs of the toolkit's containers, None where they were not recorded; then
    containers, their names. keep: whatever else stays, as means() takes it; a volume has nothing
    but its name.
    """
    images = engine["images"]
    there = was_there(engine, before)

    def is_kept(key: str, *names: str, digests: list[str] | None = None) -> bool:
        return any(means(entry, key, [*names], digests or []) for entry in keep)

    def is_the_toolkits(container: Thing) -> bool:
        if made is not None:
            return container["id"] in made
        # A container inherits the labels of its image, and an image those of a container that
        # was committed.
        inherited = images.get(container["image"], {"labels": {}})["labels"]
        return (
            container["name"] in containers
            and container["managed"]
            and "labocloud.managed" not in inherited
        )

    asked_for = [c for c in engine["containers"] if is_kept(c["id"], c["name"])]
    staying = [
        container
        for container in engine["containers"]
        if container["id"] in there["containers"]
        or container in asked_for
        or is_the_toolkits(container)
    ]
    used = {container["image"] for container in staying}
    # The engine removes no volume of a container that is there.
    volumes = {name for container in staying for name in container["volumes"]}
    volumes |= {*before.get("volumes", []), *keep}
    # A student can connect the others to a network of theirs.
    joined = {network for container in asked_for for network in container["networks"]}
    wanted = named_images(engine, there, delivered, keep, used)
    kept = {*wanted.values(), *there["images"], *used}
    kept |= {key for key, image in images.items() if is_kept(key, digests=image["digests"])}
    kept |= {parent for key in list(kept) for parent in ancestors(images, key)}
    going = [key for key in images if key not in kept]

    # name to ID, empty for a name that goes. The last name of an image is never taken from it: the
    # engine would remove the image with it.
    names = {name: key for name, key in wanted.items() if name not in images[key]["names"]}
    for key in kept & set(images):
        if key in wanted.values():
            own = [name for name in images[key]["names"] if name not in wanted]
            names |= dict.fromkeys(own, "")

    swarm = engine["swarm"] not in ("", there["swarm"])
    networks = [
        network
        for network in engine["networks"]
        if network["id"] not in there["networks"]
        and network["name"] not in ENGINES_NETWORKS
        and not {network["id"], network["name"]} & joined
        and not is_kept(network["id"], network["name"])
        and (network["name"] != SWARMS_NETWORK or swarm or not engine["swarm"])
    ]
    drivers = {one["driver"] for one in engine["volumes"] if one["name"] in volumes}
    drivers |= {one["driver"] for one in engine["networks"] if one not in networks}
    return {
        "swarm": [{"id": engine["swarm"], "name": "", "bytes": 0}] if swarm else [],
        # A swarm that stays is its managers' to tidy, with all that it holds.
        **{
            kind: [one | {"bytes": 0} for one in engine[kind]] if swarm else []
            for kind in IN_A_SWARM
        },
        "containers": [c for c in engine["containers"] if c not in staying],
        "names": names,
        "images": [
            {
                "id": key,
                "name": " ".join(images[key]["names"]),
                "names": images[key]["names"],
                "bytes": images[key]["bytes"],
            }
            # Those that others were built on come last.
            for key in sorted(going, key=lambda key: -len(ancestors(images, key)))
        ],
        "volumes": [
            volume | {"id": volume["name"]}
            for volume in engine["volumes"]
            if volume["name"] not in volumes
        ],
        "networks": [network | {"bytes": 0} for network in networks],
        "plugins": [
            plugin | {"bytes": 0}
            for plugin in engine["plugins"]
            if plugin["id"] not in there["plugins"]
            and plugin["name"] not in drivers
            and not is_kept(plugin["id"], plugin["name"])
        ],
        "cache": [
            piece | {"name": ""} for piece in engine["cache"] if piece["id"] not in there["cache"]
        ],
    }


def remembered() -> list[Thing]:
    """Give what labo remembers here as one thing, nothing where it remembers nothing."""
    place = PLACES.memory
    if memory_facts(place)["memory"] != "ours" or not names_remembered(place):
        return []
    return [{"id": str(PLACES.memory), "name": "", "bytes": 0}]


def forget(left: list[str]) -> None:
    """Remove what labo remembers here. left: as attempt() takes it."""
    try:
        if remembered():
            stays = clear(PLACES.memory)
            if remembered():
                left.append(f"what labo remembers: {', '.join(stays)} is mounted")
    except OSError as error:
        left.append(f"what labo remembers: {error}")


def unsaved(things: dict[str, Any], saved: memory.Saved) -> list[str]:
    """Give, in words, what of a plan nobody has saved. A volume without a name is a container's."""
    used = {name for container in things["containers"] for name in container["volumes"]}
    every = [
        f"image {' '.join(image['names'])}"
        for image in things["images"]
        if image["names"] and bare(image["id"]) not in saved.images
    ]
    every += [
        f"volume {volume['name']}"
        for volume in things["volumes"]
        if volume["name"] not in saved.volumes
        and (volume["name"] in used or not ANONYMOUS.fullmatch(volume["name"]))
    ]
    return few(every)


def size(count: int) -> str:
    """Give a number of bytes as Docker writes it: 12.3MB."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        text = f"{number:.3g}"
        # It is written so from what is rounded to a thousand on.
        if "e" not in text:
            return f"{text}{unit}"
        number /= 1000
    return f"{number:.3g}EB"


def lines(things: dict[str, Any]) -> list[str]:
    """Give a plan as lines for people."""
    every = ["membership of a swarm" for _ in things["swarm"]]
    every += [
        f"{kind[:-1]} {one['name']}, of that swarm" for kind in IN_A_SWARM for one in things[kind]
    ]
    every += [
        f"container {one['name']} ({one['state']}), {size(one['bytes'])}"
        for one in things["containers"]
    ]
    every += [
        f"name {name}, {f'given back to image {key[7:19]}' if key else 'of an image that stays'}"
        for name, key in things["names"].items()
    ]
    every += [
        f"image {one['name'] or one['id'][7:19]}, {size(one['bytes'])}" for one in things["images"]
    ]
    every += [
        f"volume {one['name']} (driver {one['driver']}; its data stay where it keeps them)"
        if one["elsewhere"]
        else f"volume {one['name']}, {size(one['bytes'])}"
        for one in things["volumes"]
    ]
    every += [f"network {one['name']}" for one in things["networks"]]
    every += [f"plugin {one['name']}" for one in things["plugins"]]
    if things.get("memory"):
        every.append("what labo remembers of the exercises")
    if things["cache"]:
        every.append(f"build cache, {size(sum(one['bytes'] for one in things['cache']))}")
    return every


def total(things: dict[str, Any]) -> int:
    """Give the bytes of a plan."""
    return sum(one["bytes"] for kind in things.values() if isinstance(kind, list) for one in kind)


def attempt(
    docker: DockerConnection,
    left: list[str],
    what: str,
    path: str,
    method: str = "DELETE",
    *,
    body: object = None,
    gone: int = http.client.NOT_FOUND,
) -> Any:  # noqa: ANN401  # JSON
    """Ask for one step of a plan and give the answer; add what the engine refuses to left.

    gone: the status that says that there is nothing to do any more. Raises OSError or
    http.client.HTTPException where no engine answers.
    """
    try:
        return docker.ask(path, method, body)
    except EngineError as error:
        if error.status != gone:
            reason = str(error).partition(": ")[2]
            told = re.search(r'"message": ?"(.*)"', reason)
            left.append(f"{what}: {told[1] if told else reason}")
    except TimeoutError:
        left.append(f"{what}: no answer in {docker.timeout:g} s")
        # One thing can hang, such as a process that waits for a lost disk. Where the engine does,
        # this raises.
        docker.ask("/version")
    return None


def mounted_in(volume: dict[str, Any]) -> list[str]:
    """Give where in a volume something is mounted that the engine has not mounted there.

    It would be emptied with the volume. What a volume's options mount the engine unmounts first,
    and what other drivers do is not known. volume: the engine's description.
    """
    if volume["Driver"] != "local":
        return []
    place = os.path.realpath(volume["Mountpoint"])
    found = []
    for line in MOUNTS.read_bytes().strip().split(b"\n"):
        # Spaces and the like are escaped.
        escaped = line.split(b" ")[4]
        where = re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), escaped)
        # The engine removes the directory that the data's is in.
        if Path(os.fsdecode(where)).is_relative_to(Path(place).parent):
            found.append(os.fsdecode(where))
    if is_a_mount(volume) and place in found:
        found.remove(place)
    # What is mounted in another comes first.
    return sorted(found, reverse=True)


def rename_images(docker: DockerConnection, left: list[str], names: dict[str, str]) -> None:
    """Give names back, before the images that have them go, and take away those that go.

    names: name to the ID of the image that it is given back to, empty for one that goes.
    """
    not_given: list[str] = []
    for name, key in names.items():
        if key:
            repository, _, tag = name.rpartition(":")
            path = f"/images/{key}/tag?repo={quote(repository)}&tag={quote(tag)}"
            attempt(docker, not_given, f"name {name}", path, "POST")
    for name in [name for name, key in names.items() if not key]:
        if not_given:
            # It may be the last that its image has, which the engine would remove with it.
            left.append(f"name {name}: waits for the names that are to be given back")
        else:
            attempt(docker, left, f"name {name}", f"/images/{name}?noprune=true")
    left += not_given


def remove_volume(docker: DockerConnection, left: list[str], name: str) -> None:
    """Remove a volume, unless something is mounted in it by hand."""
    what, path = f"volume {name}", f"/volumes/{quote(name)}"
    volume = attempt(docker, left, what, path, "GET")
    if volume is None:
        return
    if places := mounted_in(volume):
        left.append(
            f"{what}: removing it would empty what is mounted in it by hand; "
            f"{shlex.join(['umount', *places])} ends that"
        )
    else:
        attempt(docker, left, what, path)


def is_as_saved(
    stamp: Callable[[DockerConnection, dict[str, Any]], str],
    docker: DockerConnection,
    told: dict[str, Any],
    saved: str | None,
) -> bool:
    """Tell whether a thing is as it was when it was saved, by its stamp.

    told: the engine's description, as stamp takes it.
    """
    try:
        return stamp(docker, told) == saved
    except OSError:  # what cannot be read is not what was saved
        return False


def volumes_of(container: dict[str, Any]) -> list[str]:
    """Return the names of a container's volumes. container: the engine's description."""
    mounts = container.get("Mounts") or []
    return [mount["Name"] for mount in mounts if mount["Type"] == "volume"]


def written_volumes(
    docker: DockerConnection, volumes: list[Thing], saved: dict[str, str]
) -> dict[str, str]:
    """Return the volumes that are not as they were saved: name to why. Raises as attempt() does."""
    why = {}
    for name in [volume["name"] for volume in volumes]:
        told = docker.ask(f"/volumes/{quote(name)}")
        if told is not None and not is_as_saved(volume_stamp, docker, told, saved.get(name)):
            why[name] = "it was written to after it was saved"
    return why


def why_changed(
    docker: DockerConnection, container: dict[str, Any], saved: dict[str, str], written: set[str]
) -> str:
    """Return why a container is not as it was saved, nothing where it is.

    container: the engine's description. written: the volumes that are not as they were saved.
    """
    state, was = container["State"], saved.get(container["Id"])
    if state["Running"] and not state["Paused"]:
        return "it runs, after it was saved"
    if not is_as_saved(container_stamp, docker, container, was):
        return "it ran, or was written to, after it was saved"
    others = sorted(written.intersection(volumes_of(container)))
    return f"its volume {others[0]} was written to after it was saved" if others else ""


def needs(container: dict[str, Any], swarm: list[Thing]) -> list[tuple[str, str]]:
    """Return what a container needs of what may go: kind and ID.

    container: the engine's description. swarm: as a plan has it.
    """
    joined = (container.get("NetworkSettings") or {}).get("Networks") or {}
    labels = container["Config"].get("Labels") or {}
    return [
        ("images", container["Image"]),
        *(("volumes", name) for name in volumes_of(container)),
        *(("networks", network["NetworkID"]) for network in joined.values()),
        # Whoever leaves a swarm loses the containers of its services.
        *(("swarm", one["id"]) for one in swarm if TASK in labels),
    ]


def newly_named(docker: DockerConnection, images: list[Thing]) -> dict[str, str]:
    """Return the images that have got another name since: ID to why. Raises as attempt() does."""
    why = {}
    for image in images:
        told = docker.ask(f"/images/{image['id']}/json") or {}
        others = {*(told.get("RepoTags") or [])} - {*image["names"], NO_NAME}
        if new := sorted(name for name in others if not name.startswith(f"{REPOSITORY}:")):
            why[image["id"]] = f"it was named {new[0]} after it was saved"
    return why


def taken_names(docker: DockerConnection, names: dict[str, str]) -> dict[str, str]:
    """Return the names that go and have become the last of another image: name to why.

    names: as rename_images() takes them. Raises as attempt() does.
    """
    gone = [name for name, key in names.items() if not key]
    told = {name: docker.ask(f"/images/{name}/json") or {} for name in gone}
    only = [name for name in gone if told[name].get("RepoTags") == [name]]
    return dict.fromkeys(only, "an image has it that has no other name")


def changed_since(
    docker: DockerConnection, things: dict[str, Any], saved: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """Return what of a plan is not as it was saved, or what that needs: kind to ID to why.

    saved: as seat_save tells it. Raises as attempt() does.
    """
    why: dict[str, dict[str, str]] = {
        "swarm": {},
        "containers": {},
        "volumes": written_volumes(docker, things["volumes"], saved["volumes"]),
        "images": newly_named(docker, things["images"]),
        "networks": {},
    }
    written = set(why["volumes"])
    for container in things["containers"]:
        told = docker.ask(f"/containers/{container['id']}/json")
        if told and (reason := why_changed(docker, told, saved["containers"], written)):
            why["containers"][container["id"]] = reason
            for kind, key in needs(told, things["swarm"]):
                why[kind].setdefault(key, f"the container {container['name']} needs it")
    return why


def as_saved(
    docker: DockerConnection, things: dict[str, Any], saved: dict[str, Any], left: list[str]
) -> dict[str, Any]:
    """Return a plan without what is not as it was saved; that goes on, and is added to left.

    saved, left: as remove() takes them. Raises as attempt() does.
    """
    why = changed_since(docker, things, saved)
    for container in why["containers"]:
        # seat_save has paused it, for as long as it was to be there.
        attempt(docker, [], "", f"/containers/{container}/unpause", "POST")
    for kind, reasons in why.items():
        for thing in [thing for thing in things[kind] if thing["id"] in reasons]:
            name = f"{kind[:-1]} {thing['name'] or thing['id'][7:19]}"
            what = "membership of a swarm" if kind == "swarm" else name
            left.append(f"{what}: {reasons[thing['id']]}")
    names = taken_names(docker, things["names"])
    left += [f"name {name}: {reason}" for name, reason in names.items()]
    return {
        **things,
        **{
            kind: [thing for thing in things[kind] if thing["id"] not in reasons]
            for kind, reasons in why.items()
        },
        "names": {name: key for name, key in things["names"].items() if name not in names},
    }


def remove(
    docker: DockerConnection,
    things: dict[str, Any],
    left: list[str],
    saved: dict[str, Any] | None = None,
) -> None:
    """Carry out a plan. What is gone already is passed over.

    left: what cannot be removed is added to it, each with the reason; the rest goes. saved: what
    was saved of it, as seat_save tells it; what is not as it was then stays. Raises OSError or
    http.client.HTTPException where no engine answers; the same plan, or a new one, can then be
    carried out.
    """
    if saved is not None:
        things = as_saved(docker, things, saved, left)
    if things["swarm"]:
        left_already = http.client.SERVICE_UNAVAILABLE
        what, path = "membership of a swarm", "/swarm/leave?force=true"
        attempt(docker, left, what, path, "POST", gone=left_already)
    for container in things["containers"]:
        what, path = f"container {container['name']}", f"/containers/{container['id']}"
        refused: list[str] = []
        attempt(docker, refused, what, f"{path}?force=true")
        if refused:
            # seat_save has paused it, for as long as it was to be there.
            attempt(docker, [], what, f"{path}/unpause", "POST")
        left += refused
    rename_images(docker, left, things["names"])
    for image in things["images"]:
        # What it was built on may be the toolkit's, and have no name while a student has it.
        path = f"/images/{image['id']}?force=true&noprune=true"
        attempt(docker, left, f"image {image['name'] or image['id'][7:19]}", path)
    for volume in things["volumes"]:
        remove_volume(docker, left, volume["name"])
    for network in things["networks"]:
        what, path = f"network {network['name']}", f"/networks/{network['id']}"
        joined = attempt(docker, [], what, path, "GET") or {}
        for endpoint in (joined.get("Containers") or {}).values():
            who = {"Container": endpoint["Name"], "Force": True}
            # One that cannot be disconnected is the reason why the network cannot go.
            attempt(docker, [], what, f"{path}/disconnect", "POST", body=who)
        attempt(docker, left, what, path)
    # After what was made with them.
    for plugin in things["plugins"]:
        attempt(docker, left, f"plugin {plugin['name']}", f"/plugins/{plugin['id']}?force=true")
    prune(docker, left, [piece["id"] for piece in things["cache"]])
    if more := things.get("more"):
        left.append(f"{more:,} more: one listing does not hold them")


def prune(docker: DockerConnection, left: list[str], cache: list[str]) -> None:
    """Remove pieces of the build cache. One that a build is using stays."""
    while cache:
        gone: list[str] = []
        refused: list[str] = []
        for piece in cache:
            path = f"/build/prune?all=true&filters={quote(json.dumps({'id': [piece]}))}"
            answer = attempt(docker, refused, f"build cache {piece}", path, "POST") or {}
            gone += answer.get("CachesDeleted") or []
        if not gone:
            left += refused
            break
        cache = [piece for piece in cache if piece not in gone]


def unknown(state: State, host: str) -> str:
    """Give why it is not known what was there before the toolkit; empty where it is."""
    why = ""
    if state.before is None:
        why = f"it has changed nothing here yet. Fix: ./lab up --limit {shlex.quote(host)}"
    elif state.before["docker_data"] and not state.before.get("docker_running"):
        why = "Docker had data and did not run. Fix: remove by hand what students made"
    return why and f"it is not known what was there before the toolkit: {why}"


def listing(
    docker: DockerConnection,
    host: str,
    containers: list[str],
    keep: list[str],
    *,
    close: bool = False,
) -> tuple[dict[str, Any], str]:
    """Give the plan, and why there is none. Raises TornError, and as look() does.

    containers, keep: as plan() takes them. close: whether the engine is closed to students first.
    """
    state = read()
    nothing: dict[str, Any] = {kind: [] for kind in KINDS}
    why = unknown(state, host)
    if not why:
        try:
            docker.negotiate()
        except (OSError, http.client.HTTPException):
            fix = f"./lab up --limit {shlex.quote(host)}, and then this again"
            why = f"Docker does not answer. Fix: {fix}"
    if why:
        return {**nothing, "names": {}, "memory": []}, f"{host}: {why}."
    if close:
        access.close(docker.path)
    things = plan(
        look(docker),
        state.before or {},
        state.built["images"],
        made=state.brought.get("containers"),
        containers=containers,
        keep=keep,
    )
    return held({**things, "memory": remembered()}, ORDER), ""


def to_save(things: dict[str, Any]) -> dict[str, Any] | None:
    """Give what of a plan can be saved, as seat_save takes it, None where there is nothing."""
    containers, images, volumes = (things[kind] for kind in ("containers", "images", "volumes"))
    if not (containers or volumes or any(image["names"] for image in images)):
        return None
    return {
        "containers": [container["id"] for container in containers],
        "images": images,
        "volumes": [volume["name"] for volume in volumes],
        "networks": [network["id"] for network in things["networks"]],
        "bytes": sum(one["bytes"] for one in (*containers, *images, *volumes)),
    }


def told(host: str, things: dict[str, Any], lost: list[str], *, confirmed: bool) -> list[str]:
    """Give a plan for people, with what becomes of it. lost: as unsaved() gives it."""
    every = lines(things)
    if not every:
        return [f"{host}: nothing of students is here."]
    becomes = "to go now" if confirmed else "would go"
    head = f"{host}: {len(every)} {becomes}, {size(total(things))}:"
    every = few(every)
    if more := things.get("more"):
        every.append(f"{more:,} more, which one listing does not hold: give the same command again")
    if lost:
        every.append(f"nobody has saved (labo save): {', '.join(lost)}")
    return [head, *every] if confirmed else [head, *every, NEXT]


@contextmanager
def closed(asked: dict[str, Any]) -> Iterator[None]:
    """Have the engine closed to students for a while, where what goes was saved. Raises OSError.

    asked: the module's arguments.
    """
    if asked["saved"] is None:
        yield
        return
    try:
        access.close(asked["docker_socket"])
        yield
    finally:
        access.open_again(asked["docker_socket"])


def listed(docker: DockerConnection, asked: dict[str, Any], *, close: bool) -> dict[str, Any]:
    """Return things, refused, told, save and unsaved, as RETURN has them. Raises as listing().

    asked: the module's arguments. close: as listing() takes it.
    """
    save, host = None, asked["host"]
    try:
        things, refused = listing(docker, host, asked["containers"], asked["keep"], close=close)
        save = to_save(things)
    finally:
        if close and save is None:
            access.open_again(docker.path)
    lost = unsaved(things, memory.read(PLACES.memory).saved)
    words = told(host, things, lost, confirmed=asked["confirmed"])
    return {"things": things, "refused": refused, "told": words, "save": save, "unsaved": lost}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["listed", "absent"], "default": "listed"},
            "host": {"type": "str", "required": True},
            "confirmed": {"type": "bool", "default": False},
            "close": {"type": "bool", "default": False},
            "containers": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "list", "elements": "str", "default": []},
            "things": {"type": "dict"},
            "saved": {"type": "dict"},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
        required_if=[("state", "absent", ["things"])],
        supports_check_mode=True,
    )
    asked = module.params
    host = asked["host"]
    more: dict[str, Any] = {}
    left: list[str] = []
    try:
        with closing(DockerConnection(asked["docker_socket"], TIMEOUT)) as docker:
            if asked["state"] == "listed":
                more = listed(docker, asked, close=asked["close"] and not module.check_mode)
                things = more.pop("things")
            else:
                things = asked["things"]
                if not module.check_mode:
                    with alone(), closed(asked):
                        remove(docker, things, left, asked["saved"])
                        if things.get("memory"):
                            forget(left)
    except TornError as error:
        module.fail_json(msg=f"{host}: {error}.", left=few(left))
    except (OSError, http.client.HTTPException) as error:
        why = "; ".join([f"Docker refuses: {error}", *few(left)])
        module.fail_json(msg=f"{host}: {why}. {STILL}", left=few(left))
    if left:
        why = f"cannot be removed: {'; '.join(few(left))}"
        module.fail_json(msg=f"{host}: {why}. {STILL}", left=few(left), changed=True)
    every = lines(things)
    changed = asked["state"] == "absent" and bool(every)
    freed = total(things)
    module.exit_json(
        changed=changed, things=things, lines=few(every), bytes=freed, size=size(freed), **more
    )


if __name__ == "__main__":
    main()
