# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the images: the base and the course image, as the builder has them."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
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
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.delivery import (
    archive_of,
    images_of,
    lacking_of,
    obstacles,
    pulls,
    registry_address,
    road_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.revisions import (
    PREVIOUS,
    SHORT,
    Wanted,
    brought,
    image_of,
    is_ours,
    is_valid_name,
    needs_new_base,
    outdated,
    revisions,
    served_image,
    unserved,
    wanted_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

# With fewer, no seat could go back.
_FEWEST_REVISIONS = 2


def _wrong_names(want: Want) -> Iterator[Finding]:
    """Yield the names that no image can have."""
    for setting in ("course_image_tag", "course_image_base_tag"):
        if not is_valid_name(want[setting]):
            yield finding("image_name", want["name"], setting=setting, value=f'"{want[setting]}"')


def _wrong_settings(want: Want) -> Iterator[Finding]:
    """Yield the settings that cannot work, on whichever machine."""
    name = want["name"]
    if wrong := want["wrong"].get("course_image"):
        yield finding("setting_wrong", name, what="; ".join(wrong))
    yield from _wrong_names(want)
    if want["course_image_keep"] < _FEWEST_REVISIONS:
        yield finding("image_keep", name, keep=want["course_image_keep"])
    if road_of(want) == "registry" and not registry_address(want):
        yield finding("image_road", name)


def _wrong_revision(has: Seat, want: Want, build_host: Seat, wanted: Wanted) -> Iterator[Finding]:
    """Yield why a machine cannot go to the requested revision."""
    request, tag = want["course_image_revision"], want["course_image_tag"]
    if not request:
        return
    present = revisions(build_host, tag)
    choices = ", ".join(revision[:SHORT] for revision in present.values())
    served = ", ".join(revision[:SHORT] for revision in build_host["served"])
    values = {"host": want["name"], "builder": want["room"]["builder"], "asked": request}
    if not wanted.name and request == PREVIOUS:
        yield finding(
            "revision_previous", want["name"], there=choices or "-", had=served or "-", **values
        )
    elif not wanted.name:
        yield finding("revision_unknown", want["name"], there=choices or "-", **values)
    elif request == PREVIOUS:
        # Where some seats have a revision that the others were never served, the builder's record
        # does not say which revision was the previous one.
        here = image_of(has, tag)["revision"]
        expected = (*build_host["served"][-1:], wanted.image["revision"])
        if here in present.values() and here not in expected:
            yield finding(
                "revision_unclear", want["name"], here=here[:SHORT], there=choices, **values
            )


def _unreadable_files(want: Want, builder: Builder) -> Iterator[Finding]:
    """Yield why the project's files cannot be read, where they are needed."""
    why = builder["course"]["why"]
    if why and not want["course_image_revision"]:
        yield finding("project_unreadable", want["name"], why=why)


def wrong_architecture(has: Seat, want: Want) -> Iterator[Finding]:
    """Yield a finding on a machine for whose architecture there are no images."""
    if has["arch"] not in ARCHITECTURES:
        first, second = ARCHITECTURES
        values = {"host": want["name"], "arch": has["arch"], "builder": want["room"]["builder"]}
        yield finding("image_arch", want["name"], one=first, other=second, **values)


def _unfit_machine(has: Seat, want: Want, build_host: Seat) -> Iterator[Finding]:
    """Yield why the images cannot be on a machine that lacks them."""
    name, arch = want["name"], has["arch"]
    values = {"host": name, "arch": arch, "builder": want["room"]["builder"]}
    yield from wrong_architecture(has, want)
    if arch in ARCHITECTURES and arch != build_host["arch"]:
        yield finding(
            "image_archs", name, there=build_host["arch"], image=want["course_image_tag"], **values
        )
    free, least = has["docker"]["free_mb"], want["course_image_min_free_mb"]
    if want["course_image_tag"] not in has["images"] and free < least:
        yield finding("image_disk", name, free=free, root=has["docker"]["root"], wanted=least)


def _wrong_images(has: Seat, want: Want, build_host: Seat, wanted: Wanted) -> Iterator[Finding]:
    """Yield the images that are not the room's: neither wanted, nor what the room is served.

    Which of the two a seat has depends on the seat's turn in an update, and on whether there was an
    update since the files were changed.
    """
    base, tag = want["course_image_base_tag"], want["course_image_tag"]
    served = served_image(want, build_host)
    for name, candidates in ((base, [wanted.base]), (tag, [served, wanted.image])):
        values = {"image": name, "builder": want["room"]["builder"]}
        accepted = [image for image in candidates if image["fingerprint"]]
        if not accepted:
            yield finding("image_none", want["name"], **values)
            return
        image = has["images"].get(name)
        if image is None:
            yield finding("image_missing", want["name"], **values)
        elif image["fingerprint"] not in [good["fingerprint"] for good in accepted]:
            # An image that was built by hand from the room's has inherited its revision.
            pair = (image["revision"] or "?", accepted[0]["revision"] or "?")
            if pair[0] == pair[1]:
                pair = (image["fingerprint"], accepted[0]["fingerprint"])
            values |= {"had": pair[0][:SHORT], "wanted": pair[1][:SHORT]}
            yield finding("image_old", want["name"], **values)


def _values(has: Seat, want: Want, builder: Builder, wanted: Wanted) -> ImagesValues:
    """Return what the tasks of the role need to know, where the machine that builds was asked."""
    name, tag, base = want["name"], want["course_image_tag"], want["course_image_base_tag"]
    build_host, present = builder["seat"], has["images"]
    images = images_of(want, wanted)
    lacking = lacking_of(has, images)
    # No revision is too many before the wanted one is known.
    old = []
    if wanted.is_built:
        keep = want["course_image_keep"]
        old = outdated(has, tag, wanted.image["revision"], build_host["served"], keep)
    fingerprint = image_of(has, tag)["fingerprint"]
    is_named = wanted.is_built and fingerprint == wanted.image["fingerprint"]
    unrecorded = [image for image in images if image not in lacking and not is_ours(has, image)]
    naming = []
    if unrecorded or not is_named:
        naming = [image for image in images if image in unrecorded or image == wanted.name]
    pull: dict[str, Pulled] = {}
    if road_of(want) == "registry" and wanted.is_built:
        pull = dict(pulls(want, build_host, wanted, lacking))
    is_served = build_host["served"][-1:] == [wanted.image["revision"]]
    is_recording = wanted.is_built and not is_served and name == want["room"]["builder"]
    return {
        "builder": want["room"]["builder"],
        "revision": (wanted.image if is_named else served_image(want, build_host))["revision"],
        "wanted": {
            "name": wanted.name,
            "revision": wanted.image["revision"],
            "fingerprint": wanted.image["fingerprint"],
        },
        "images": images,
        "lacking": lacking,
        "road": road_of(want),
        "registry": registry_address(want),
        "archive": archive_of(has, want, wanted, images),
        "pull": list(pull.values()),
        "forget": image_of(has, base)["id"] if is_ours(has, base) else "",
        "outdated": {image: present[image]["id"] for image in old},
        "unserved": {image: present[image]["id"] for image in unserved(has, tag)},
        "brought": _removal(has, want),
        "stale": [
            image for image in has["built"] if image not in images and not is_ours(has, image)
        ],
        "naming": [{"name": image, "fingerprint": images[image]} for image in naming],
        "names": {tag: wanted.name} if wanted.name in lacking else {},
        "named": is_named,
        "serves": wanted.image["revision"] if is_recording else "",
        "held": in_words(list(obstacles(want, build_host, wanted, pull))) if lacking else "",
    }


def _removal(has: Seat, want: Want) -> dict[str, str]:
    """Return the images that go with the toolkit: name to ID."""
    names = brought(has, want["course_image_tag"])
    return {name: has["images"][name]["id"] for name in names}


def _is_settled(has: Seat, want: Want, builder: Builder, values: ImagesValues) -> bool:
    """Return whether the images, their names and their record are as they should be."""
    is_served = builder["seat"]["served"][-1:] == [values["wanted"]["revision"]]
    is_right = values["named"] and is_served and not needs_new_base(want, builder)
    todo = values["lacking"] or values["outdated"] or values["stale"] or values["unserved"]
    is_recorded = all(is_ours(has, name) for name in values["images"])
    return is_right and is_recorded and not todo


def judge(has: Seat, want: Want, builder: Builder) -> ImagesVerdict | ImagesUnknown:
    """Judge the images."""
    if not builder:
        build_host_name = want["room"]["builder"]
        unknown = finding("image_unknown", want["name"], builder=build_host_name)
        return {
            **verdict(settled=False, refused=[unknown]),
            "builder": build_host_name,
            "revision": "",
            "lacking": [],
            "held": "",
            "brought": _removal(has, want),
        }
    build_host, wanted = builder["seat"], wanted_of(want, builder)
    values = _values(has, want, builder, wanted)
    settled = _is_settled(has, want, builder, values)
    refused = [
        *_wrong_settings(want),
        *_unreadable_files(want, builder),
        *_wrong_revision(has, want, build_host, wanted),
        *(() if settled else _unfit_machine(has, want, build_host)),
    ]
    # The part engine reports an engine that does not run.
    wrong = _wrong_images(has, want, build_host, wanted) if has["docker"]["running"] else ()
    return {**verdict(wrong, settled=settled, refused=refused), **values}
