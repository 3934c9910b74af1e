# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put a plan, and what becomes of it, in words for people."""

from __future__ import annotations

from ansible_collections.labocloud.room.plugins.module_utils.lesson.memory import Saved
from ansible_collections.labocloud.room.plugins.module_utils.lesson.save import ANONYMOUS, bare
from ansible_collections.labocloud.room.plugins.module_utils.limits import few
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import Plan, Volume, total

NEXT = (
    "Nothing is changed. The same command with -e confirm=yes removes this; with -e confirm=yes -e"
    " save=yes it saves the containers, images and volumes first."
)
STILL = (
    "see to what is named here, or have it stay (seat_reset_keep), and give the same command"
    " again; what is gone already is passed over."
)


def short(key: str) -> str:
    """Return as much of an image's ID as people see where it has no name."""
    return key[7:19]


def size(count: int) -> str:
    """Return a number of bytes as Docker writes it: 12.3MB."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        text = f"{number:.3g}"
        # A number that rounds to a thousand or more has an exponent here: it needs a larger unit.
        if "e" not in text:
            return f"{text}{unit}"
        number /= 1000
    return f"{number:.3g}EB"


def _volume_line(volume: Volume) -> str:
    """Return the line on a volume that is to be removed."""
    name, driver = volume["name"], volume["driver"]
    if volume["elsewhere"]:
        return f"volume {name} (driver {driver}; its data stay where it keeps them)"
    return f"volume {name}, {size(volume['bytes'])}"


def lines(things: Plan) -> list[str]:
    """Return a plan as lines: one for each thing, and one for all of the build cache."""
    of_swarm = (
        ("service", things["services"]),
        ("secret", things["secrets"]),
        ("config", things["configs"]),
    )
    every = ["membership of a swarm" for _ in things["swarm"]]
    every += [
        f"{kind} {thing['name']}, of that swarm" for kind, going in of_swarm for thing in going
    ]
    every += [
        f"container {container['name']} ({container['state']}), {size(container['bytes'])}"
        for container in things["containers"]
    ]
    every += [
        f"name {name}, {f'given back to image {short(key)}' if key else 'of an image that stays'}"
        for name, key in things["names"].items()
    ]
    every += [
        f"image {image['name'] or short(image['id'])}, {size(image['bytes'])}"
        for image in things["images"]
    ]
    every += [_volume_line(volume) for volume in things["volumes"]]
    every += [f"network {network['name']}" for network in things["networks"]]
    every += [f"plugin {plugin['name']}" for plugin in things["plugins"]]
    if things.get("memory"):
        every.append("what labo remembers of the exercises")
    if things["cache"]:
        every.append(f"build cache, {size(sum(piece['bytes'] for piece in things['cache']))}")
    return every


def unsaved(things: Plan, saved: Saved) -> list[str]:
    """Return, in words, the images and volumes of a plan that nobody has saved with `labo save`.

    An anonymous volume counts as somebody's work only if a container of the plan uses it.
    """
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


def report(host: str, things: Plan, lost: list[str], *, confirmed: bool) -> list[str]:
    """Return a plan as lines, with the machine's name, how much it is, and what becomes of it.

    lost: as unsaved() returns it. confirmed: whether it is to go now.
    """
    every = lines(things)
    if not every:
        return [f"{host}: nothing of students is here."]
    becomes = "to go now" if confirmed else "would go"
    head = f"{host}: {len(every)} {becomes}, {size(total(things))}:"
    every = few(every)
    if rest := things.get("more"):
        every.append(f"{rest:,} more, which one listing does not hold: give the same command again")
    if lost:
        every.append(f"nobody has saved (labo save): {', '.join(lost)}")
    return [head, *every] if confirmed else [head, *every, NEXT]
