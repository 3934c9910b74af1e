# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the images: the base and the course image, as the builder has them."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ImagesUnknown,
    ImagesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.course import ARCHITECTURES
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import delivery, revisions
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.revisions import (
    SHORT,
    Wanted,
    image_of,
    is_ours,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

# With fewer, no seat could go back.
_FEWEST_REVISIONS = 2


def _wrong_settings(settings: Settings) -> Iterator[Finding]:
    """Yield the settings that cannot work, on whichever machine."""
    name = settings["name"]
    if wrong := settings["wrong"].get("course_image"):
        yield finding("setting_wrong", name, what="; ".join(wrong))
    for setting in ("course_image_tag", "course_image_base_tag"):
        if not revisions.is_valid_name(settings[setting]):
            yield finding("image_name", name, setting=setting, value=f'"{settings[setting]}"')
    if settings["course_image_keep"] < _FEWEST_REVISIONS:
        yield finding("image_keep", name, keep=settings["course_image_keep"])
    if delivery.road_of(settings) == "registry" and not delivery.registry_address(settings):
        yield finding("image_road", name)


def _wrong_revision(
    has: SeatFacts, settings: Settings, build_host: SeatFacts, wanted: Wanted
) -> Iterator[Finding]:
    """Yield why a machine cannot go to the requested revision."""
    request, tag = settings["course_image_revision"], settings["course_image_tag"]
    if not request:
        return
    present = revisions.revisions(build_host, tag)
    choices = ", ".join(revision[:SHORT] for revision in present.values())
    served = ", ".join(revision[:SHORT] for revision in build_host["served"])
    values = {"host": settings["name"], "builder": settings["room"]["builder"], "asked": request}
    if not wanted.name and request == revisions.PREVIOUS:
        yield finding(
            "revision_previous", settings["name"], there=choices or "-", had=served or "-", **values
        )
    elif not wanted.name:
        yield finding("revision_unknown", settings["name"], there=choices or "-", **values)
    elif request == revisions.PREVIOUS:
        # Where some seats have a revision that the others were never served, the builder's record
        # does not say which revision was the previous one.
        here = image_of(has, tag)["revision"]
        expected = (*build_host["served"][-1:], wanted.image["revision"])
        if here in present.values() and here not in expected:
            yield finding(
                "revision_unclear", settings["name"], here=here[:SHORT], there=choices, **values
            )


def _unreadable_files(settings: Settings, builder: Builder) -> Iterator[Finding]:
    """Yield why the project's files cannot be read, where they are needed."""
    why = builder["course"]["why"]
    if why and not settings["course_image_revision"]:
        yield finding("project_unreadable", settings["name"], why=why)


def wrong_architecture(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield a finding on a machine for whose architecture there are no images."""
    if has["arch"] not in ARCHITECTURES:
        first, second = ARCHITECTURES
        values = {
            "host": settings["name"],
            "arch": has["arch"],
            "builder": settings["room"]["builder"],
        }
        yield finding("image_arch", settings["name"], one=first, other=second, **values)


def _unfit_machine(has: SeatFacts, settings: Settings, build_host: SeatFacts) -> Iterator[Finding]:
    """Yield why the images cannot be on a machine that lacks them."""
    name, arch = settings["name"], has["arch"]
    values = {"host": name, "arch": arch, "builder": settings["room"]["builder"]}
    yield from wrong_architecture(has, settings)
    if arch in ARCHITECTURES and arch != build_host["arch"]:
        yield finding(
            "image_archs",
            name,
            there=build_host["arch"],
            image=settings["course_image_tag"],
            **values,
        )
    free, least = has["docker"]["free_mb"], settings["course_image_min_free_mb"]
    if settings["course_image_tag"] not in has["images"] and free < least:
        yield finding("image_disk", name, free=free, root=has["docker"]["root"], wanted=least)


def _wrong_images(
    has: SeatFacts, settings: Settings, build_host: SeatFacts, wanted: Wanted
) -> Iterator[Finding]:
    """Yield the images that are not the room's: neither wanted, nor what the room is served.

    Which of the two a seat has depends on the seat's turn in an update, and on whether there was an
    update since the files were changed.
    """
    base, tag = settings["course_image_base_tag"], settings["course_image_tag"]
    served = revisions.served_image(settings, build_host)
    for name, candidates in ((base, [wanted.base]), (tag, [served, wanted.image])):
        values = {"image": name, "builder": settings["room"]["builder"]}
        accepted = [image for image in candidates if image["fingerprint"]]
        if not accepted:
            yield finding("image_none", settings["name"], **values)
            return
        image = has["images"].get(name)
        if image is None:
            yield finding("image_missing", settings["name"], **values)
        elif image["fingerprint"] not in [good["fingerprint"] for good in accepted]:
            # An image that was built by hand from the room's has inherited its revision.
            pair = (image["revision"] or "?", accepted[0]["revision"] or "?")
            if pair[0] == pair[1]:
                pair = (image["fingerprint"], accepted[0]["fingerprint"])
            values |= {"had": pair[0][:SHORT], "wanted": pair[1][:SHORT]}
            yield finding("image_old", settings["name"], **values)


def _removal(has: SeatFacts, settings: Settings) -> dict[str, str]:
    """Return the images that go with the toolkit: name to ID."""
    names = revisions.brought(has, settings["course_image_tag"])
    return {name: has["images"][name]["id"] for name in names}


def _unknown(has: SeatFacts, settings: Settings) -> ImagesUnknown:
    """Return the verdict on a machine where the machine that builds was not asked."""
    builder = settings["room"]["builder"]
    unknown = finding("image_unknown", settings["name"], builder=builder)
    return {
        **verdict(settled=False, refused=[unknown]),
        "builder": builder,
        "revision": "",
        "lacking": [],
        "waits_for": "",
        "brought": _removal(has, settings),
    }


def _refusals(
    has: SeatFacts, settings: Settings, builder: Builder, wanted: Wanted, *, settled: bool
) -> Iterator[Finding]:
    """Yield what keeps the role from working. settled: whether the images are as they should be."""
    yield from _wrong_settings(settings)
    yield from _unreadable_files(settings, builder)
    yield from _wrong_revision(has, settings, builder["seat"], wanted)
    if not settled:
        yield from _unfit_machine(has, settings, builder["seat"])


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> ImagesVerdict | ImagesUnknown:
    """Judge the images."""
    if not builder:
        return _unknown(has, settings)
    build_host, present, tag = builder["seat"], has["images"], settings["course_image_tag"]
    wanted, served = revisions.wanted_of(settings, builder), build_host["served"]
    revision, fingerprint = wanted.image["revision"], wanted.image["fingerprint"]
    images = delivery.images_of(settings, wanted)
    lacking = delivery.lacking_of(has, images)
    unrecorded = [image for image in images if image not in lacking and not is_ours(has, image)]
    stale = [image for image in has["built"] if image not in images and not is_ours(has, image)]
    gone, keep = revisions.unserved(has, tag), settings["course_image_keep"]
    # No revision is too many before the wanted one is known.
    old = revisions.outdated(has, tag, revision, served, keep) if wanted.is_built else []
    is_named = wanted.is_built and image_of(has, tag)["fingerprint"] == fingerprint
    is_served = served[-1:] == [revision]
    todo = (
        lacking or unrecorded or old or stale or gone or revisions.needs_new_base(settings, builder)
    )
    settled = is_named and is_served and not todo
    is_recording = (
        wanted.is_built and not is_served and settings["name"] == settings["room"]["builder"]
    )
    naming = [image for image in images if image in unrecorded or image == wanted.name]
    serving = wanted.image if is_named else revisions.served_image(settings, build_host)
    pull = dict(delivery.pulls(settings, build_host, wanted, lacking))
    obstacles = list(delivery.obstacles(settings, build_host, wanted, pull)) if lacking else []
    refused = _refusals(has, settings, builder, wanted, settled=settled)
    # The part engine reports an engine that does not run.
    wrong = _wrong_images(has, settings, build_host, wanted) if has["docker"]["running"] else ()
    return {
        **verdict(wrong, settled=settled, refused=refused),
        "builder": settings["room"]["builder"],
        "revision": serving["revision"],
        "wanted": {"name": wanted.name, "revision": revision, "fingerprint": fingerprint},
        "images": images,
        "lacking": lacking,
        "road": delivery.road_of(settings),
        "registry": delivery.registry_address(settings),
        "archive": delivery.archive_of(has, settings, wanted, images),
        "pull": list(pull.values()),
        "forget": revisions.own_id(has, settings["course_image_base_tag"]),
        "outdated": {image: present[image]["id"] for image in old},
        "unserved": {image: present[image]["id"] for image in gone},
        "brought": _removal(has, settings),
        "stale": stale,
        "naming": [
            {"name": image, "fingerprint": images[image]}
            for image in naming
            if unrecorded or not is_named
        ],
        "names": {tag: wanted.name} if wanted.name in lacking else {},
        "named": is_named,
        "serves": revision if is_recording else "",
        "waits_for": in_words(obstacles),
    }
