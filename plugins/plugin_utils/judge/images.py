# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The images: the base and the course image, as the builder has them.

A revision of the course image has its name and, after a dash, the first 12 digits of what the image
is made from; the course's own name is given to one of them. An image is the toolkit's where what
it remembers of that name is the image's fingerprint: one that was made from it by hand has
inherited its label.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import takewhile
from typing import NamedTuple

from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import is_brought
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Image, Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Archive,
    ImagesUnknown,
    ImagesValues,
    ImagesVerdict,
    Pulled,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.course import ARCHITECTURES
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

NOTHING: Image = {"id": "", "revision": "", "fingerprint": "", "layers": [], "labels": {}}
# What Docker takes as NAME:TAG, less what a revision's dash and digits need. No host with a port:
# the images are this room's own.
PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE_NAME = re.compile(rf"{PART}(?:/{PART})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,114}}")
DIGEST = re.compile("sha256:[0-9a-f]{64}")
# By its digits a person names one on the command line.
REVISION = re.compile("[0-9a-f]{64}")
# How many digits of a revision or a fingerprint are told, and are in a name.
SHORT = 12
# How many of a fingerprint are in a tag of the registry, and in an archive's name.
MARK = 16
FEWEST = 2
PREVIOUS = "previous"


class Wanted(NamedTuple):
    """What the builder has for the seats, or will have: the base, and a revision.

    name and image are of the revision; name is empty before it is known. there: whether the builder
    has both, as they are to be.
    """

    name: str
    image: Image
    base: Image
    there: bool


def name_valid(name: object) -> bool:
    """Tell whether images can have a name, and it with a revision's dash and 12 digits."""
    return isinstance(name, str) and IMAGE_NAME.fullmatch(name) is not None


def image_of(has: Seat, name: str) -> Image:
    """Give the image that a machine has under a name, one without anything where it has none."""
    return has["images"].get(name, NOTHING)


def ours(has: Seat, name: str) -> bool:
    """Tell whether the image that a machine has under a name is the one that was brought."""
    image = has["images"].get(name)
    return image is not None and is_brought(image, name, has["built"])


def revisions(has: Seat, tag: str) -> dict[str, str]:
    """Give the revisions that the toolkit has brought: the image's name to its revision."""
    return {
        name: image["revision"]
        for name, image in sorted(has["images"].items())
        if REVISION.fullmatch(image["revision"])
        and name == f"{tag}-{image['revision'][:SHORT]}"
        and ours(has, name)
    }


def revision_asked(made: Seat, tag: str, asked: str, served: list[str]) -> str:
    """Give the name of the revision that is meant, empty where there is none, or more than one.

    made: the machine that builds. asked: the first digits of one, or "previous". served: the
    revisions that the room was served when the run began, the last one last.
    """
    there = revisions(made, tag)
    if asked == PREVIOUS:
        names = {revision: name for name, revision in there.items()}
        before = [names[revision] for revision in served[:-1] if revision in names]
        return before[-1] if before else ""
    meant = [name for name, revision in there.items() if revision.startswith(asked)]
    return meant[0] if len(meant) == 1 else ""


def outdated(has: Seat, tag: str, wanted: str, served: list[str], keep: int) -> list[str]:
    """Give the names of the revisions to remove from a machine.

    wanted: the revision that it has, or is about to get. keep: how many stay. One that a container
    runs, or that the course image's name is for, stays in any case; of the others, those that the
    room had last.
    """
    there = revisions(has, tag)
    used = {box["labels"].get("labocloud.revision") for box in has["containers"].values()}
    used |= {wanted, image_of(has, tag)["revision"]}

    def newness(revision: str) -> int:
        return served.index(revision) if revision in served else -1

    free = sorted(
        (name for name in there if there[name] not in used),
        key=lambda name: newness(there[name]),
    )
    staying = len({wanted, *there.values()} & used)
    return free[: max(0, len(free) + staying - keep)]


def unserved(has: Seat, tag: str) -> list[str]:
    """Give the names that another course_image_tag has left, and that can go.

    tag: today's. An image that has no other name keeps them while a container runs it, and one that
    was there before the toolkit keeps its own.
    """
    images = has["images"]
    own = {
        name: name.removesuffix(f"-{images[name]['revision'][:SHORT]}")
        for name in has["built"]
        if ours(has, name) and images[name]["revision"]
    }
    left = {name for name, other in own.items() if other not in (name, tag)}
    prints = {images[name]["fingerprint"] for name in left}
    others = {own[name] for name in left}
    left |= {name for name in others if image_of(has, name)["fingerprint"] in prints}
    before = has["before"]
    left -= set(before["images"] if before else [])
    named = {image["id"] for name, image in images.items() if name not in left}
    only = {box["image_id"] for box in has["containers"].values()} - named
    return sorted(name for name in left if images[name]["id"] not in only)


def brought(has: Seat, tag: str) -> list[str]:
    """Give the names of images to take away from a machine with the toolkit.

    tag: the course's name, which is for one of the toolkit's images or for somebody else's. None
    that was there before goes, nor any of a machine whose state of before is not known.
    """
    images = has["images"]
    found = {name for name in has["built"] if ours(has, name)}
    prints = {images[name]["fingerprint"] for name in found}
    if image_of(has, tag)["fingerprint"] in prints:
        found.add(tag)
    return sorted(found - set(has["before"]["images"] if has["before"] else images))


def layers_present(has: Seat, layers: list[str]) -> int:
    """Give how many of layers, counted from the lowest, some image of a machine stands on.

    A layer stands on those under it, so only an unbroken row from the lowest one counts.
    """

    def same(image: Image) -> int:
        pairs = zip(image["layers"], layers, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(map(same, has["images"].values()), default=0)


def base_current(want: Want, builder: Builder) -> bool:
    """Tell whether the base that the builder has is the one that its recipe makes."""
    made, name = builder["seat"], want["course_image_base_tag"]
    revision = builder["course"]["base"]
    return image_of(made, name)["revision"] == revision != "" and ours(made, name)


def revision_of(want: Want, builder: Builder) -> str:
    """Give the revision of the project's files on the base that the builder has."""
    base = image_of(builder["seat"], want["course_image_base_tag"])
    text = f"{builder['course']['context']}{base['fingerprint']}"
    return sha256(text.encode()).hexdigest()


def wanted_of(want: Want, builder: Builder) -> Wanted:
    """Give what the seats are to have: the revision that was asked for, or that of the files."""
    made, tag = builder["seat"], want["course_image_tag"]
    base = image_of(made, want["course_image_base_tag"])
    if asked := want["course_image_revision"]:
        name = revision_asked(made, tag, asked, builder["course"]["served"])
        return Wanted(name, image_of(made, name), base, bool(name and base["fingerprint"]))
    if not base_current(want, builder):
        return Wanted("", NOTHING, base, there=False)
    revision = revision_of(want, builder)
    name = f"{tag}-{revision[:SHORT]}"
    image = image_of(made, name)
    if image["revision"] != revision or not ours(made, name):
        return Wanted(name, NOTHING, base, there=False)
    return Wanted(name, image, base, there=True)


def served_of(want: Want, made: Seat) -> Image:
    """Give the image that the builder gives the course's name to, where it is the toolkit's."""
    image = image_of(made, want["course_image_tag"])
    return image if image["fingerprint"] in made["built"].values() else NOTHING


def road_of(want: Want) -> str:
    """Give how the images come to the seats: registry or archive."""
    asked: str = want["course_image_delivery"]
    return asked if asked != "auto" else "registry" if registry_at(want) else "archive"


def registry_at(want: Want) -> str:
    """Give host:port of the room's registry, empty where the builder cannot put images there."""
    registry = want["room"]["registry"]
    return str(registry["at"]) if registry["host"] == want["room"]["builder"] else ""


def repository_of(want: Want) -> str:
    """Give what the images are called in the registry, which has one directory for each."""
    return str(want["course_image_tag"]).partition(":")[0].replace("/", "-")


def published(want: Want, wanted: Wanted) -> dict[str, str]:
    """Give what the registry is to have: its tag, to the image's name on the builder."""
    return {
        f"base-{wanted.base['fingerprint'][:MARK]}": want["course_image_base_tag"],
        f"course-{wanted.image['fingerprint'][:MARK]}": wanted.name,
    }


def unpublished(want: Want, made: Seat, wanted: Wanted) -> dict[str, str]:
    """Give what has to be published, as published() does; nothing where the registry has it all."""
    if not wanted.there or road_of(want) != "registry":
        return {}
    told = published(want, wanted)
    return {} if told.keys() <= made["registry"]["images"].keys() else told


def refreshes(want: Want, builder: Builder) -> bool:
    """Tell whether the base is to be made anew and was not yet: once, the one of the beginning."""
    asked = want["course_image_base_refresh"] and not want["course_image_revision"]
    base = image_of(builder["seat"], want["course_image_base_tag"])
    return bool(asked and base["id"] == builder["course"]["had"])


def unready(want: Want, made: Seat) -> Finding | None:
    """Give why the machine that builds cannot do anything for the others, none where it can."""
    if made["docker"]["running"] and made["before"] is not None:
        return None
    name = "builder_foreign" if made["docker"]["running"] else "builder_stopped"
    return finding(name, want["name"], builder=want["room"]["builder"])


def names_wrong(want: Want) -> Iterator[Finding]:
    """Tell of names that no image can have."""
    for setting in ("course_image_tag", "course_image_base_tag"):
        if not name_valid(want[setting]):
            yield finding("image_name", want["name"], setting=setting, value=f'"{want[setting]}"')


def settings_wrong(want: Want) -> Iterator[Finding]:
    """Tell of settings that cannot work, on whichever machine."""
    name = want["name"]
    if wrong := want["wrong"].get("course_image"):
        yield finding("setting_wrong", name, what="; ".join(wrong))
    yield from names_wrong(want)
    if want["course_image_keep"] < FEWEST:
        yield finding("image_keep", name, keep=want["course_image_keep"])
    if road_of(want) == "registry" and not registry_at(want):
        yield finding("image_road", name)


def revision_wrong(has: Seat, want: Want, made: Seat, wanted: Wanted) -> Iterator[Finding]:
    """Tell why one cannot go to the revision that was asked for."""
    asked, tag = want["course_image_revision"], want["course_image_tag"]
    if not asked:
        return
    there = revisions(made, tag)
    told = ", ".join(revision[:SHORT] for revision in there.values())
    had = ", ".join(revision[:SHORT] for revision in made["served"])
    values = {"host": want["name"], "builder": want["room"]["builder"], "asked": asked}
    if not wanted.name and asked == PREVIOUS:
        yield finding(
            "revision_previous", want["name"], there=told or "-", had=had or "-", **values
        )
    elif not wanted.name:
        yield finding("revision_unknown", want["name"], there=told or "-", **values)
    elif asked == PREVIOUS:
        # Some seats have one that the others were never given: which was the one before, what the
        # builder remembers cannot tell.
        here = image_of(has, tag)["revision"]
        if here in there.values() and here not in (
            *made["served"][-1:],
            wanted.image["revision"],
        ):
            yield finding("revision_unclear", want["name"], here=here[:SHORT], there=told, **values)


def files_wrong(want: Want, builder: Builder) -> Iterator[Finding]:
    """Tell that the project's files cannot be read."""
    why = builder["course"]["why"]
    if why and not want["course_image_revision"]:
        yield finding("project_unreadable", want["name"], why=why)


def arch_wrong(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell of a machine for which there are no images."""
    if has["arch"] not in ARCHITECTURES:
        one, other = ARCHITECTURES
        values = {"host": want["name"], "arch": has["arch"], "builder": want["room"]["builder"]}
        yield finding("image_arch", want["name"], one=one, other=other, **values)


def machine_wrong(has: Seat, want: Want, made: Seat) -> Iterator[Finding]:
    """Tell why the images cannot be on a machine that lacks them."""
    name, arch = want["name"], has["arch"]
    values = {"host": name, "arch": arch, "builder": want["room"]["builder"]}
    yield from arch_wrong(has, want)
    if arch in ARCHITECTURES and arch != made["arch"]:
        yield finding(
            "image_archs", name, there=made["arch"], image=want["course_image_tag"], **values
        )
    free, least = has["docker"]["free_mb"], want["course_image_min_free_mb"]
    if want["course_image_tag"] not in has["images"] and free < least:
        yield finding("image_disk", name, free=free, root=has["docker"]["root"], wanted=least)


def wrong_images(has: Seat, want: Want, made: Seat, wanted: Wanted) -> Iterator[Finding]:
    """Tell of images that are not the room's: neither what is wanted, nor what it is served.

    Which of the two it is depends on the seat's turn in an update, and on whether there was one
    since the files were changed.
    """
    base, tag = want["course_image_base_tag"], want["course_image_tag"]
    served = served_of(want, made)
    for name, good in ((base, [wanted.base]), (tag, [served, wanted.image])):
        values = {"image": name, "builder": want["room"]["builder"]}
        meant = [one for one in good if one["fingerprint"]]
        if not meant:
            yield finding("image_none", want["name"], **values)
            return
        had = has["images"].get(name)
        if had is None:
            yield finding("image_missing", want["name"], **values)
        elif had["fingerprint"] not in [one["fingerprint"] for one in meant]:
            # Made by hand from the room's, it has inherited its revision.
            told = (had["revision"] or "?", meant[0]["revision"] or "?")
            prints = (had["fingerprint"], meant[0]["fingerprint"])
            here, there = told if told[0] != told[1] else prints
            values |= {"had": here[:SHORT], "wanted": there[:SHORT]}
            yield finding("image_old", want["name"], **values)


def coming(
    want: Want, made: Seat, wanted: Wanted, lacking: list[str]
) -> Iterator[tuple[str, Pulled]]:
    """Yield what a seat pulls from the registry: its tag there, and what is pulled.

    What the registry tells no digest of has no image.
    """
    images = {want["course_image_base_tag"]: wanted.base, wanted.name: wanted.image}
    for tag, name in published(want, wanted).items():
        digest = str(made["registry"]["images"].get(tag, ""))
        if name in lacking:
            place = f"{registry_at(want)}/{repository_of(want)}"
            yield (
                tag,
                {
                    "image": f"{place}@{digest}" if DIGEST.fullmatch(digest) else "",
                    "name": name,
                    "fingerprint": images[name]["fingerprint"],
                },
            )


def held(want: Want, made: Seat, wanted: Wanted, pull: Mapping[str, Pulled]) -> Iterator[Finding]:
    """Tell what the builder has to do before the images can come. None of it is the seat's.

    pull: as coming() gives it.
    """
    values = {"host": want["name"], "builder": want["room"]["builder"]}
    if why := unready(want, made):
        yield why
    elif not wanted.there:
        yield finding("image_unbuilt", want["name"], image=want["course_image_tag"], **values)
    for tag, one in pull.items():
        if not one["image"]:
            told = str(made["registry"]["images"].get(tag, "nothing"))[:80]
            yield finding("registry_digest", want["name"], tag=tag, told=told, **values)


def images_of(want: Want, wanted: Wanted) -> dict[str, str]:
    """Return the images that a machine is to have: name to fingerprint.

    What is not built yet has no fingerprint, and so nobody has it.
    """
    return {
        want["course_image_base_tag"]: wanted.base["fingerprint"] if wanted.name else "",
        wanted.name or want["course_image_tag"]: wanted.image["fingerprint"],
    }


def archive_of(has: Seat, want: Want, wanted: Wanted, images: dict[str, str]) -> Archive:
    """Return the archive by which a machine is sent images. images: name to fingerprint."""
    skip = layers_present(has, wanted.image["layers"]) if has["docker"]["partial"] else 0
    # What an archive holds is the images and their names.
    mark = sha256("".join(f"{one}{images[one]}" for one in images).encode()).hexdigest()[:MARK]
    return {
        "archive": f"{want['course_image_cache']}/images/{mark}-{skip}",
        "images": list(images),
        "skip_layers": skip,
    }


def values_of(has: Seat, want: Want, builder: Builder, wanted: Wanted) -> ImagesValues:
    """Return what the tasks of the role need to know, where the machine that builds was asked."""
    name, tag, base = want["name"], want["course_image_tag"], want["course_image_base_tag"]
    made, there = builder["seat"], has["images"]
    images = images_of(want, wanted)
    lacking = [
        one for one, mark in images.items() if not mark or image_of(has, one)["fingerprint"] != mark
    ]
    # Before the revision is known, none is too many.
    old = []
    if wanted.there:
        keep = want["course_image_keep"]
        old = outdated(has, tag, wanted.image["revision"], made["served"], keep)
    named = wanted.there and image_of(has, tag)["fingerprint"] == wanted.image["fingerprint"]
    unrecorded = [one for one in images if one not in lacking and not ours(has, one)]
    naming = []
    if unrecorded or not named:
        naming = [one for one in images if one in unrecorded or one == wanted.name]
    pull: dict[str, Pulled] = {}
    if road_of(want) == "registry" and wanted.there:
        pull = dict(coming(want, made, wanted, lacking))
    served = made["served"][-1:] == [wanted.image["revision"]]
    remembers = wanted.there and not served and name == want["room"]["builder"]
    return {
        "builder": want["room"]["builder"],
        "revision": (wanted.image if named else served_of(want, made))["revision"],
        "wanted": {
            "name": wanted.name,
            "revision": wanted.image["revision"],
            "fingerprint": wanted.image["fingerprint"],
        },
        "images": images,
        "lacking": lacking,
        "road": road_of(want),
        "registry": registry_at(want),
        "archive": archive_of(has, want, wanted, images),
        "pull": list(pull.values()),
        "forget": image_of(has, base)["id"] if ours(has, base) else "",
        "outdated": {one: there[one]["id"] for one in old},
        "unserved": {one: there[one]["id"] for one in unserved(has, tag)},
        "brought": removal(has, want),
        "stale": [one for one in has["built"] if one not in images and not ours(has, one)],
        "naming": [{"name": one, "fingerprint": images[one]} for one in naming],
        "names": {tag: wanted.name} if wanted.name in lacking else {},
        "named": named,
        "serves": wanted.image["revision"] if remembers else "",
        "held": in_words(list(held(want, made, wanted, pull))) if lacking else "",
    }


def removal(has: Seat, want: Want) -> dict[str, str]:
    """Return the images that go with the toolkit: name to ID."""
    names = brought(has, want["course_image_tag"])
    return {name: has["images"][name]["id"] for name in names}


def is_settled(has: Seat, want: Want, builder: Builder, values: ImagesValues) -> bool:
    """Return whether the images, their names, and what is remembered of them are as they should."""
    served = builder["seat"]["served"][-1:] == [values["wanted"]["revision"]]
    right = values["named"] and served and not refreshes(want, builder)
    todo = values["lacking"] or values["outdated"] or values["stale"] or values["unserved"]
    recorded = all(ours(has, name) for name in values["images"])
    return right and recorded and not todo


def judge(has: Seat, want: Want, builder: Builder) -> ImagesVerdict | ImagesUnknown:
    """Judge the images."""
    if not builder:
        who = want["room"]["builder"]
        unknown = finding("image_unknown", want["name"], builder=who)
        return {
            **verdict(settled=False, refused=[unknown]),
            "builder": who,
            "revision": "",
            "lacking": [],
            "held": "",
            "brought": removal(has, want),
        }
    made, wanted = builder["seat"], wanted_of(want, builder)
    values = values_of(has, want, builder, wanted)
    settled = is_settled(has, want, builder, values)
    refused = [
        *settings_wrong(want),
        *files_wrong(want, builder),
        *revision_wrong(has, want, made, wanted),
        *(() if settled else machine_wrong(has, want, made)),
    ]
    # Of an engine that does not run, its own part tells.
    found = wrong_images(has, want, made, wanted) if has["docker"]["running"] else ()
    return {**verdict(found, settled=settled, refused=refused), **values}
