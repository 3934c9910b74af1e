# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""How the images come to a machine: from the room's registry, or by an archive."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.lesson.around import TAG_DIGITS
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Archive,
    Pulled,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.revisions import (
    Wanted,
    image_of,
    layers_present,
)

_DIGEST = re.compile("sha256:[0-9a-f]{64}")
# How many digits of a content's checksum are in an archive's name.
_NAME_DIGITS = 16


def road_of(settings: Settings) -> str:
    """Return how the images come to the seats: registry or archive."""
    road = settings["course_image_delivery"]
    if road != "auto":
        return road
    return "registry" if registry_address(settings) else "archive"


def registry_address(settings: Settings) -> str:
    """Return host:port of the room's registry, empty where the builder cannot publish to it."""
    registry = settings["room"]["registry"]
    return registry["at"] if registry["host"] == settings["room"]["builder"] else ""


def repository_of(settings: Settings) -> str:
    """Return the images' repository in the registry, which has one directory for each."""
    return settings["course_image_tag"].partition(":")[0].replace("/", "-")


def _tags_of(settings: Settings, wanted: Wanted) -> dict[str, str]:
    """Return the tags that the registry is to have, each to the image's name on the builder."""
    return {
        f"base-{wanted.base['fingerprint'][:TAG_DIGITS]}": settings["course_image_base_tag"],
        f"course-{wanted.image['fingerprint'][:TAG_DIGITS]}": wanted.name,
    }


def unpublished(settings: Settings, build_host: SeatFacts, wanted: Wanted) -> dict[str, str]:
    """Return what to publish, tag to name on the builder: both images where one is lacking."""
    if not wanted.is_built or road_of(settings) != "registry":
        return {}
    tags = _tags_of(settings, wanted)
    return {} if tags.keys() <= build_host["registry"]["images"].keys() else tags


def builder_unready(settings: Settings, build_host: SeatFacts) -> Finding | None:
    """Return why the builder cannot do anything for the others; None where it can."""
    if build_host["docker"]["running"] and build_host["before"] is not None:
        return None
    name = "builder_foreign" if build_host["docker"]["running"] else "builder_stopped"
    return finding(name, settings["name"], builder=settings["room"]["builder"])


def pulls(
    settings: Settings, build_host: SeatFacts, wanted: Wanted, lacking: list[str]
) -> Iterator[tuple[str, Pulled]]:
    """Yield what a seat pulls from the registry: the tag there, and the image to pull.

    An image whose digest the registry does not tell has no reference.
    """
    if road_of(settings) != "registry" or not wanted.is_built:
        return
    images = {settings["course_image_base_tag"]: wanted.base, wanted.name: wanted.image}
    for tag, name in _tags_of(settings, wanted).items():
        digest = build_host["registry"]["images"].get(tag, "")
        if name in lacking:
            repository = f"{registry_address(settings)}/{repository_of(settings)}"
            yield (
                tag,
                {
                    "image": f"{repository}@{digest}" if _DIGEST.fullmatch(digest) else "",
                    "name": name,
                    "fingerprint": images[name]["fingerprint"],
                },
            )


def obstacles(
    settings: Settings, build_host: SeatFacts, wanted: Wanted, pull: Mapping[str, Pulled]
) -> Iterator[Finding]:
    """Yield what keeps the images from coming: all of it is the builder's to mend, not the seat's.

    pull: tag to image, as pulls() yields them.
    """
    values = {"host": settings["name"], "builder": settings["room"]["builder"]}
    if unready := builder_unready(settings, build_host):
        yield unready
    elif not wanted.is_built:
        yield finding(
            "image_unbuilt", settings["name"], image=settings["course_image_tag"], **values
        )
    for tag, image in pull.items():
        if not image["image"]:
            answer = build_host["registry"]["images"].get(tag, "nothing")[:80]
            yield finding("registry_digest", settings["name"], tag=tag, told=answer, **values)


def images_of(settings: Settings, wanted: Wanted) -> dict[str, str]:
    """Return the images that a machine is to have: name to fingerprint, empty if not built yet."""
    return {
        settings["course_image_base_tag"]: wanted.base["fingerprint"] if wanted.name else "",
        wanted.name or settings["course_image_tag"]: wanted.image["fingerprint"],
    }


def lacking_of(has: SeatFacts, images: Mapping[str, str]) -> list[str]:
    """Return the names of the images that a machine lacks. images: name to fingerprint."""
    return [
        name
        for name, fingerprint in images.items()
        if not fingerprint or image_of(has, name)["fingerprint"] != fingerprint
    ]


def archive_of(
    has: SeatFacts, settings: Settings, wanted: Wanted, images: dict[str, str]
) -> Archive:
    """Return the archive with a machine's images, where it is and what is in it.

    images: name to fingerprint.
    """
    skip = layers_present(has, wanted.image["layers"]) if has["docker"]["partial"] else 0
    # An archive is named after its content, which is the images and their names.
    content = "".join(f"{name}{fingerprint}" for name, fingerprint in images.items())
    digits = sha256(content.encode()).hexdigest()[:_NAME_DIGITS]
    return {
        "archive": f"{settings['course_image_cache']}/images/{digits}-{skip}",
        "images": list(images),
        "skip_layers": skip,
    }
