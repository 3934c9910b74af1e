#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List, or remove, what students made in a seat's Docker."""

DOCUMENTATION = r"""
module: seat_students
short_description: List, or remove, what students made in the Docker of a lab machine
description:
  - Whatever neither the toolkit made nor was there before it came, nor is asked to stay, is the
    students'; containers, images, names of images, volumes, networks, the build cache and the
    membership of a swarm.
  - The toolkit's are the images whose fingerprint it has recorded, under the names that it gave
    them, and the containers of the given names that it started. Labels alone prove nothing, for
    images inherit them.
  - A name that was moved from such an image to another is given back, where the image is there.
options:
  state:
    description: Whether to list, or to remove what a listing of before tells in O(things).
    type: str
    choices: [listed, absent]
    default: listed
  before:
    description: What the seat was like before the toolkit came, as the role C(seat) recorded it.
    type: dict
    default: {}
  delivered:
    description: The toolkit's images, name to fingerprint.
    type: dict
    default: {}
  containers:
    description: Names of the toolkit's containers.
    type: list
    elements: str
    default: []
  keep:
    description: Names of other containers, images, volumes and networks that stay.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as RV(things) told it.
    type: dict
  docker_socket:
    description: Path of the Docker Engine's socket.
    type: path
    default: /var/run/docker.sock
author:
  - labocloud contributors
attributes:
  check_mode:
    description: Can run in check_mode and tell what it would remove.
    support: full
  diff_mode:
    description: Shows no diff; RV(lines) tells it.
    support: none
  idempotent:
    description: What is gone already is no error, and is not in the next listing.
    support: full
"""

EXAMPLES = r"""
- name: List what students made
  seat_students:
    before: "{{ ansible_facts['seat']['before'] }}"
    delivered: "{{ ansible_facts['seat']['built'] }}"
    containers: [flask]
  register: students

- name: Remove it
  seat_students:
    state: absent
    things: "{{ students.things }}"
"""

RETURN = r"""
things:
  description: >-
    What is the students', each kind a list of things with C(id), C(name) and C(bytes); and
    C(names), the names of images that change, name to ID of the image that it is given back to,
    empty for a name that goes.
  returned: always
  type: dict
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
ids:
  description: What there is, by what tells one thing from another of its name; for the record.
  returned: when O(state=listed)
  type: dict
"""

import http.client
import json
import re
from contextlib import closing
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.docker_engine import SOCKET, DockerConnection, fingerprint
from ansible.module_utils.saved import alone

# Removing a container waits for its processes, measuring a volume for its disk.
TIMEOUT = 300
ENGINES_NETWORKS = {"bridge", "host", "none", "ingress"}
SWARMS_NETWORK = "docker_gwbridge"
# The end of the name of one revision of an image.
REVISION = re.compile("-[0-9a-f]{12}$")
NO_NAME = "<none>:<none>"

Thing = dict[str, Any]


def look(docker: DockerConnection) -> dict[str, Any]:
    """Give what is in the engine.

    containers: id, name, state, image (the ID), managed, bytes. images: id to names, labels,
    parent, layers, fingerprint, bytes (those that it shares with no other image). volumes: name,
    bytes. networks: id, name. cache: id, bytes. swarm: the node's ID, empty where it is in none.
    """
    usage = docker.ask("/system/df")
    alone = {image["Id"]: image["Size"] - max(image["SharedSize"], 0) for image in usage["Images"]}
    images = {}
    for listed in docker.ask("/images/json?all=true"):
        image = docker.ask(f"/images/{listed['Id']}/json")
        if image is not None:
            images[image["Id"]] = {
                "names": [name for name in image["RepoTags"] or [] if name != NO_NAME],
                "labels": (image.get("Config") or {}).get("Labels") or {},
                "parent": image["Parent"],
                "layers": image["RootFS"].get("Layers") or [],
                "fingerprint": fingerprint(image),
                "bytes": alone.get(image["Id"], 0),
            }
    return {
        "containers": [
            {
                "id": container["Id"],
                "name": (container["Names"] or [container["Id"][:12]])[0].lstrip("/"),
                "state": container["State"],
                "image": container["ImageID"],
                "managed": "labocloud.managed" in (container["Labels"] or {}),
                "bytes": container.get("SizeRw", 0),
            }
            for container in usage["Containers"] or []
        ],
        "images": images,
        "volumes": [
            {"name": volume["Name"], "bytes": max(volume["UsageData"]["Size"], 0)}
            for volume in usage["Volumes"] or []
        ],
        "networks": [
            {"id": network["Id"], "name": network["Name"]} for network in docker.ask("/networks")
        ],
        "cache": [
            {"id": piece["ID"], "bytes": 0 if piece["Shared"] else piece["Size"]}
            # The newest first: a piece can only go before those that it was made from.
            for piece in sorted(
                usage["BuildCache"] or [], key=lambda piece: piece["CreatedAt"], reverse=True
            )
        ],
        "swarm": docker.ask("/info")["Swarm"]["NodeID"],
    }


def identities(engine: dict[str, Any]) -> dict[str, Any]:
    """Give what tells the things of an engine from others of their name, as the record keeps it.

    engine: as look() gives it. A volume has nothing but its name.
    """
    return {
        "containers": [container["id"] for container in engine["containers"]],
        "images": {key: image["names"] for key, image in engine["images"].items()},
        "networks": [network["id"] for network in engine["networks"]],
        "cache": [piece["id"] for piece in engine["cache"]],
        "swarm": engine["swarm"],
    }


def was_there(engine: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Give the same of those things that the record says were there before.

    A record of before there were identities in it knows names alone: of a Docker that was running,
    then, the swarm and the build cache are taken to have been there.
    """
    if "ids" in before:
        return before["ids"]
    of_before = {"images": [], "containers": [], "networks": [], "docker_running": False} | before
    return identities(
        {
            "containers": [c for c in engine["containers"] if c["name"] in of_before["containers"]],
            "images": {
                key: image | {"names": [n for n in image["names"] if n in of_before["images"]]}
                for key, image in engine["images"].items()
                if set(image["names"]) & set(of_before["images"])
            },
            "networks": [n for n in engine["networks"] if n["name"] in of_before["networks"]],
            "cache": engine["cache"] if of_before["docker_running"] else [],
            "swarm": engine["swarm"] if of_before["docker_running"] else "",
        }
    )


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
    containers: list[str],
    keep: list[str],
) -> dict[str, Any]:
    """Give what is the students': the one place that decides it.

    engine: as look() gives it. before: the seat's record. delivered: the toolkit's images, name to
    fingerprint. containers: names of the toolkit's containers. keep: names of whatever else stays.
    """
    images = engine["images"]
    there = was_there(engine, before)

    def is_the_toolkits(container: Thing) -> bool:
        # A container inherits the labels of its image, and an image those of a container that
        # was committed.
        inherited = images.get(container["image"], {"labels": {}})["labels"]
        return (
            container["name"] in containers
            and container["managed"]
            and "labocloud.managed" not in inherited
        )

    staying = [
        container
        for container in engine["containers"]
        if container["id"] in there["containers"]
        or container["name"] in keep
        or is_the_toolkits(container)
    ]
    used = {container["image"] for container in staying}
    wanted = named_images(engine, there, delivered, keep, used)
    kept = {*wanted.values(), *there["images"], *used}
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
    return {
        "swarm": [{"id": engine["swarm"], "name": "", "bytes": 0}] if swarm else [],
        "containers": [c for c in engine["containers"] if c not in staying],
        "names": names,
        "images": [
            {"id": key, "name": " ".join(images[key]["names"]), "bytes": images[key]["bytes"]}
            # Those that others were built on come last.
            for key in sorted(going, key=lambda key: -len(ancestors(images, key)))
        ],
        "volumes": [
            volume | {"id": volume["name"]}
            for volume in engine["volumes"]
            if volume["name"] not in [*before.get("volumes", []), *keep]
        ],
        "networks": [
            network | {"bytes": 0}
            for network in engine["networks"]
            if network["id"] not in there["networks"]
            and network["name"] not in ENGINES_NETWORKS | set(keep)
            and (network["name"] != SWARMS_NETWORK or swarm or not engine["swarm"])
        ],
        "cache": [
            piece | {"name": ""} for piece in engine["cache"] if piece["id"] not in there["cache"]
        ],
    }


def size(count: int) -> str:
    """Give a number of bytes as Docker writes it: 12.3MB."""
    power = min(len(str(count)) - 1, 9) // 3
    return f"{count / 1000**power:.3g}{('B', 'kB', 'MB', 'GB')[power]}"


def lines(things: dict[str, Any]) -> list[str]:
    """Give a plan as lines for people."""
    told = ["membership of a swarm" for _ in things["swarm"]]
    told += [
        f"container {one['name']} ({one['state']}), {size(one['bytes'])}"
        for one in things["containers"]
    ]
    told += [
        f"name {name}, {f'given back to image {key[7:19]}' if key else 'of an image that stays'}"
        for name, key in things["names"].items()
    ]
    told += [
        f"image {one['name'] or one['id'][7:19]}, {size(one['bytes'])}" for one in things["images"]
    ]
    told += [f"volume {one['name']}, {size(one['bytes'])}" for one in things["volumes"]]
    told += [f"network {one['name']}" for one in things["networks"]]
    if things["cache"]:
        told.append(f"build cache, {size(sum(one['bytes'] for one in things['cache']))}")
    return told


def total(things: dict[str, Any]) -> int:
    """Give the bytes of a plan."""
    return sum(one["bytes"] for kind in things.values() if isinstance(kind, list) for one in kind)


def remove(docker: DockerConnection, things: dict[str, Any]) -> None:
    """Carry out a plan. What is gone already is passed over.

    Raises OSError where the engine refuses; the same plan, or a new one, can then be carried out.
    """
    if things["swarm"]:
        docker.ask("/swarm/leave?force=true", "POST")
    for container in things["containers"]:
        docker.ask(f"/containers/{container['id']}?force=true", "DELETE")
    # A name is given back before the image that has it goes, and never with an image's last name.
    for name, key in sorted(things["names"].items(), key=lambda item: not item[1]):
        if key:
            repository, _, tag = name.rpartition(":")
            docker.ask(f"/images/{key}/tag?repo={quote(repository)}&tag={quote(tag)}", "POST")
        else:
            docker.ask(f"/images/{name}?noprune=true", "DELETE")
    for image in things["images"]:
        # What it was built on may be the toolkit's, and have no name while a student has it.
        docker.ask(f"/images/{image['id']}?force=true&noprune=true", "DELETE")
    for volume in things["volumes"]:
        docker.ask(f"/volumes/{quote(volume['name'])}", "DELETE")
    for network in things["networks"]:
        joined = docker.ask(f"/networks/{network['id']}") or {}
        for endpoint in (joined.get("Containers") or {}).values():
            who = {"Container": endpoint["Name"], "Force": True}
            docker.ask(f"/networks/{network['id']}/disconnect", "POST", who)
        docker.ask(f"/networks/{network['id']}", "DELETE")
    prune(docker, [piece["id"] for piece in things["cache"]])


def prune(docker: DockerConnection, cache: list[str]) -> None:
    """Remove pieces of the build cache. One that a build is using stays."""
    while cache:
        gone = []
        for piece in cache:
            chosen = quote(json.dumps({"id": [piece]}))
            answer = docker.ask(f"/build/prune?all=true&filters={chosen}", "POST")
            gone += answer["CachesDeleted"] or []
        if not gone:
            break
        cache = [piece for piece in cache if piece not in gone]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["listed", "absent"], "default": "listed"},
            "before": {"type": "dict", "default": {}},
            "delivered": {"type": "dict", "default": {}},
            "containers": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "list", "elements": "str", "default": []},
            "things": {"type": "dict"},
            "docker_socket": {"type": "path", "default": SOCKET},
        },
        required_if=[("state", "absent", ["things"])],
        supports_check_mode=True,
    )
    asked = module.params
    try:
        with closing(DockerConnection(asked["docker_socket"], TIMEOUT)) as docker:
            if asked["state"] == "listed":
                engine = look(docker)
                rules = (asked[key] for key in ("before", "delivered", "containers", "keep"))
                things, ids = plan(engine, *rules), {"ids": identities(engine)}
            else:
                things, ids = asked["things"], {}
                if not module.check_mode:
                    with alone():
                        remove(docker, things)
    except (OSError, http.client.HTTPException) as error:
        module.fail_json(msg=f"Docker refuses: {error}")
    told = lines(things)
    changed = asked["state"] == "absent" and bool(told)
    freed = total(things)
    module.exit_json(
        changed=changed, things=things, lines=told, bytes=freed, size=size(freed), **ids
    )


if __name__ == "__main__":
    main()
