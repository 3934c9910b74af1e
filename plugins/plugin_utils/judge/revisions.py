# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Names and revisions: which images a machine has, which are the toolkit's, and which is wanted.

A revision of the course image is named after the course, a dash and the first 12 digits of the
digest of everything that decides the image; the course's own name belongs to one of the revisions.
An image is the toolkit's if the fingerprint that the toolkit has recorded for the name is the
image's: an image that somebody has built from it by hand inherits its label.
"""

import re
from hashlib import sha256
from itertools import takewhile
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Image, SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import is_brought
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)

_NO_IMAGE: Image = {"id": "", "revision": "", "fingerprint": "", "layers": [], "labels": {}}
# What Docker accepts as NAME:TAG, less the room that a revision's dash and digits need. A registry
# with a port is not allowed: the images are this room's own.
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE_NAME = re.compile(rf"{_PART}(?:/{_PART})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,114}}")
_REVISION = re.compile("[0-9a-f]{64}")
# How many digits of a revision or a fingerprint are shown to people, and are in a revision's name.
SHORT = 12
# The value of course_image_revision that asks for the revision before the one that is served.
PREVIOUS = "previous"


class Wanted(NamedTuple):
    """The base and the revision that the builder has for the seats, or will have.

    name and image are the revision's; name is empty before the revision is known. is_built: whether
    the builder has both images as they are to be.
    """

    name: str
    image: Image
    base: Image
    is_built: bool


def is_valid_name(name: object) -> bool:
    """Return whether a name is valid for an image, and still is with a dash and 12 digits."""
    return isinstance(name, str) and _IMAGE_NAME.fullmatch(name) is not None


def image_of(has: SeatFacts, name: str) -> Image:
    """Return the image that a machine has under a name, or one with empty fields."""
    return has["images"].get(name, _NO_IMAGE)


def is_ours(has: SeatFacts, name: str) -> bool:
    """Return whether the image that a machine has under a name is the one that was brought."""
    image = has["images"].get(name)
    return image is not None and is_brought(image["fingerprint"], name, has["built"])


def own_id(has: SeatFacts, name: str) -> str:
    """Return the ID of the image that was brought under a name, empty where there is none."""
    return has["images"][name]["id"] if is_ours(has, name) else ""


def revisions(has: SeatFacts, tag: str) -> dict[str, str]:
    """Return the revisions that the toolkit has brought: the image's name to its revision."""
    return {
        name: image["revision"]
        for name, image in sorted(has["images"].items())
        if _REVISION.fullmatch(image["revision"])
        and name == f"{tag}-{image['revision'][:SHORT]}"
        and is_ours(has, name)
    }


def find_revision(build_host: SeatFacts, tag: str, request: str, served: list[str]) -> str:
    """Return the name of the requested revision, empty where none or more than one matches.

    request: the first digits of a revision, or "previous". served: the revisions that the room was
    served when the run began, the latest last.
    """
    present = revisions(build_host, tag)
    if request == PREVIOUS:
        names = {revision: name for name, revision in present.items()}
        before = [names[revision] for revision in served[:-1] if revision in names]
        return before[-1] if before else ""
    matching = [name for name, revision in present.items() if revision.startswith(request)]
    return matching[0] if len(matching) == 1 else ""


def outdated(has: SeatFacts, tag: str, wanted: str, served: list[str], keep: int) -> list[str]:
    """Return the names of the revisions to remove from a machine.

    wanted: the revision that the machine has, or is about to get. keep: how many stay. A revision
    that a container runs, or that has the course image's name, stays in any case; of the others,
    those that the room was served last stay.
    """
    present = revisions(has, tag)
    used = {
        container["labels"].get("labocloud.revision") for container in has["containers"].values()
    }
    used |= {wanted, image_of(has, tag)["revision"]}

    def newness(revision: str) -> int:
        return served.index(revision) if revision in served else -1

    unused = sorted(
        (name for name in present if present[name] not in used),
        key=lambda name: newness(present[name]),
    )
    staying = len({wanted, *present.values()} & used)
    return unused[: max(0, len(unused) + staying - keep)]


def unserved(has: SeatFacts, tag: str) -> list[str]:
    """Return the names that another course_image_tag has left behind, and that can go.

    tag: the present one. An image that has no other name keeps its names while a container runs it;
    names from before the toolkit stay.
    """
    images = has["images"]
    course_names = {
        name: name.removesuffix(f"-{images[name]['revision'][:SHORT]}")
        for name in has["built"]
        if is_ours(has, name) and images[name]["revision"]
    }
    removable = {name for name, course in course_names.items() if course not in (name, tag)}
    fingerprints = {images[name]["fingerprint"] for name in removable}
    former_tags = {course_names[name] for name in removable}
    removable |= {
        name for name in former_tags if image_of(has, name)["fingerprint"] in fingerprints
    }
    before = has["before"]
    removable -= set(before["images"] if before else [])
    still_named = {image["id"] for name, image in images.items() if name not in removable}
    running = {container["image_id"] for container in has["containers"].values()} - still_named
    return sorted(name for name in removable if images[name]["id"] not in running)


def brought(has: SeatFacts, tag: str) -> list[str]:
    """Return the names of the images to remove from a machine together with the toolkit.

    tag: the course's name, which belongs to one of the toolkit's images or to somebody else's. An
    image that was there before stays, and so do all on a machine whose earlier state is not known.
    """
    images = has["images"]
    names = {name for name in has["built"] if is_ours(has, name)}
    fingerprints = {images[name]["fingerprint"] for name in names}
    if image_of(has, tag)["fingerprint"] in fingerprints:
        names.add(tag)
    return sorted(names - set(has["before"]["images"] if has["before"] else images))


def layers_present(has: SeatFacts, layers: list[str]) -> int:
    """Return how many of the layers, counted from the lowest, some image of a machine stands on.

    A layer stands on those under it, so only an unbroken row from the lowest one counts.
    """

    def common(image: Image) -> int:
        pairs = zip(image["layers"], layers, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(map(common, has["images"].values()), default=0)


def is_base_current(settings: Settings, builder: Builder) -> bool:
    """Return whether the builder's base is the toolkit's, and made by the present recipe."""
    build_host, name = builder["seat"], settings["course_image_base_tag"]
    revision = builder["course"]["base"]
    return image_of(build_host, name)["revision"] == revision != "" and is_ours(build_host, name)


def revision_of(settings: Settings, builder: Builder) -> str:
    """Return the revision of the project's files on the base that the builder has."""
    base = image_of(builder["seat"], settings["course_image_base_tag"])
    text = f"{builder['course']['context']}{base['fingerprint']}"
    return sha256(text.encode()).hexdigest()


def wanted_of(settings: Settings, builder: Builder) -> Wanted:
    """Return what the seats are to have: the requested revision, or that of the files."""
    build_host, tag = builder["seat"], settings["course_image_tag"]
    base = image_of(build_host, settings["course_image_base_tag"])
    if request := settings["course_image_revision"]:
        name = find_revision(build_host, tag, request, builder["course"]["served"])
        return Wanted(name, image_of(build_host, name), base, bool(name and base["fingerprint"]))
    if not is_base_current(settings, builder):
        return Wanted("", _NO_IMAGE, base, is_built=False)
    revision = revision_of(settings, builder)
    name = f"{tag}-{revision[:SHORT]}"
    image = image_of(build_host, name)
    if image["revision"] != revision or not is_ours(build_host, name):
        return Wanted(name, _NO_IMAGE, base, is_built=False)
    return Wanted(name, image, base, is_built=True)


def served_image(settings: Settings, build_host: SeatFacts) -> Image:
    """Return the builder's image of the course's name, an empty one if it is not the toolkit's."""
    image = image_of(build_host, settings["course_image_tag"])
    return image if image["fingerprint"] in build_host["built"].values() else _NO_IMAGE


def needs_new_base(settings: Settings, builder: Builder) -> bool:
    """Return whether a refresh of the base is set, and the base is that of the run's beginning."""
    is_refreshing = settings["course_image_base_refresh"] and not settings["course_image_revision"]
    base = image_of(builder["seat"], settings["course_image_base_tag"])
    return is_refreshing and base["id"] == builder["course"]["had"]
