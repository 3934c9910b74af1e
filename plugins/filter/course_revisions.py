# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Tell which revisions of the course image a machine has, and which of them go."""

DOCUMENTATION = r"""
name: course_revisions
short_description: The revisions of the course image that the toolkit has brought to a machine
description:
  - A revision has the name of the course image and, after a dash, its first 12 digits. It is the
    toolkit's where the record of what it brought has the same fingerprint.
positional: tag
options:
  _input:
    description: The machine, as C(seat_facts) tells it.
    type: dict
    required: true
  tag:
    description: Name of the course image.
    type: str
    required: true
author:
  - labocloud contributors
"""

EXAMPLES = r"""
- name: Show what one can go back to
  ansible.builtin.debug:
    msg: "{{ ansible_facts['seat'] | labocloud.room.course_revisions('labocloud20202021:python') }}"
"""

RETURN = r"""
_value:
  description: Name of each image, to its revision.
  type: dict
"""

import re
from collections.abc import Callable
from typing import Any

# What Docker takes as NAME:TAG, less what a revision's dash and digits need. No host with a port:
# the images are this room's own.
PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE_NAME = re.compile(rf"{PART}(?:/{PART})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,114}}")


def course_image_name_valid(name: object) -> bool:
    """Tell whether images can have a name, and it with a revision's dash and 12 digits."""
    return isinstance(name, str) and IMAGE_NAME.fullmatch(name) is not None


def course_image_ours(seat: dict[str, Any], name: str) -> bool:
    """Tell whether the image that a machine has under a name is the one that was brought."""
    image = seat["images"].get(name)
    return image is not None and image["fingerprint"] == seat["built"].get(name)


def course_revisions(seat: dict[str, Any], tag: str) -> dict[str, str]:
    """Give the revisions that the toolkit has brought: the image's name to its revision."""
    return {
        name: image["revision"]
        for name, image in sorted(seat["images"].items())
        if image["revision"]
        and name == f"{tag}-{image['revision'][:12]}"
        and course_image_ours(seat, name)
    }


def course_revision_asked(seat: dict[str, Any], tag: str, asked: str) -> str:
    """Give the name of the revision that is meant, empty where there is none, or more than one.

    seat: the machine that builds; it also tells which revisions the room was served, the last one
    last. asked: the first digits of one, or "previous".
    """
    revisions = course_revisions(seat, tag)
    if asked == "previous":
        names = {revision: name for name, revision in revisions.items()}
        before = [names[revision] for revision in seat["served"][:-1] if revision in names]
        return before[-1] if before else ""
    meant = [name for name, revision in revisions.items() if revision.startswith(asked)]
    return meant[0] if len(meant) == 1 else ""


def course_revisions_outdated(
    seat: dict[str, Any], tag: str, wanted: str, served: list[str], keep: int
) -> list[str]:
    """Give the names of the revisions to remove from a machine.

    wanted: the revision that it has, or is about to get. keep: how many stay. One that a container
    runs, or that the course image's name is for, stays in any case; of the others, those that the
    room had last.
    """
    revisions = course_revisions(seat, tag)
    used = {box["labels"].get("labocloud.revision") for box in seat["containers"].values()}
    used |= {wanted, seat["images"].get(tag, {}).get("revision")}

    def newness(revision: str) -> int:
        return served.index(revision) if revision in served else -1

    free = sorted(
        (name for name in revisions if revisions[name] not in used),
        key=lambda name: newness(revisions[name]),
    )
    staying = len({wanted, *revisions.values()} & used)
    return free[: max(0, len(free) + staying - keep)]


def course_names_unserved(seat: dict[str, Any], tag: str) -> tuple[list[str], list[str]]:
    """Give the names that another course_image_tag has left, and those of them that can go.

    tag: today's. An image that has no other name keeps them while a container runs it, and one that
    was there before the toolkit keeps its own.
    """
    images = seat["images"]
    revisions = {
        name: name.removesuffix(f"-{images[name]['revision'][:12]}")
        for name in seat["built"]
        if course_image_ours(seat, name) and images[name]["revision"]
    }
    left = {name for name, own in revisions.items() if own not in (name, tag)}
    prints = {images[name]["fingerprint"] for name in left}
    others = {revisions[name] for name in left}
    left |= {name for name in others if images.get(name, {}).get("fingerprint") in prints}
    left -= set((seat["before"] or {}).get("images", []))
    named = {image["id"] for name, image in images.items() if name not in left}
    only = {box["image_id"] for box in seat["containers"].values()} - named
    return sorted(left), sorted(name for name in left if images[name]["id"] not in only)


def course_images_record(
    seat: dict[str, Any], brought: dict[str, str], outdated: list[str]
) -> dict[str, str]:
    """Give the new record of what the toolkit brought to a machine: name to fingerprint.

    brought: what it brings now. outdated: names of what it takes away. What is not there any more,
    or is another image by now, is forgotten.
    """
    there = {
        name: fingerprint
        for name, fingerprint in seat["built"].items()
        if course_image_ours(seat, name) and name not in outdated
    }
    return there | brought


def course_images_ours(seat: dict[str, Any], tag: str, base: str) -> list[str]:
    """Give the names of images to take away from a machine with the toolkit.

    tag: the course's name, which is for one of the toolkit's images or for somebody else's. base:
    the name of what the base was made from. Earlier versions of the toolkit pulled it by that name,
    and left it: it is theirs where the base says so, and stands on its layers. None that was there
    before goes, nor any of a machine whose state of before is not known.
    """
    images = seat["images"]
    ours = [name for name in seat["built"] if course_image_ours(seat, name)]
    prints = [images[name]["fingerprint"] for name in ours]
    if images.get(tag, {}).get("fingerprint") in prints:
        ours.append(tag)
    for name in list(ours):
        labels, layers = images[name]["labels"], images[name]["layers"]
        bottom = images[base]["layers"] if base in images else [""]
        if (
            labels.get("labocloud.base.source") == "registry"
            and labels.get("labocloud.base.from") == base
            and layers[: len(bottom)] == bottom
        ):
            ours.append(base)
    there = images if seat["before"] is None else seat["before"].get("images", images)
    return sorted(set(ours) - set(there))


def course_images_plan(
    seat: dict[str, Any], builder: dict[str, Any], tag: str, names: list[str], keep: int
) -> dict[str, Any]:
    """Give what has to be done so that a machine has the images that the builder has.

    tag: the course's name. names: of the base, and of the revision that is wanted, on the builder.
    keep: how many revisions stay. Gives built, whether the builder has both; lacking, the names of
    those that this machine has to be sent; base, the ID of the base that is there, where it is the
    toolkit's; outdated, the names that go; left, those of another course_image_tag, and unserved,
    those of them that go once the wanted image has its name; record, what the toolkit will have
    brought; named, whether the course's name is for the wanted one; and settled, whether there is
    nothing to do.
    """
    none = {"revision": "", "fingerprint": ""}
    wanted = builder["images"].get(names[-1], none)
    brought = {name: builder["images"].get(name, none)["fingerprint"] for name in names}
    has = {name: image["fingerprint"] for name, image in seat["images"].items()}
    lacking = [name for name in names if has.get(name) != brought[name]]
    outdated = course_revisions_outdated(seat, tag, wanted["revision"], builder["served"], keep)
    left, unserved = course_names_unserved(seat, tag)
    record = course_images_record(seat, brought, outdated)
    built = all(name in builder["images"] for name in names)
    named = has.get(tag) == wanted["fingerprint"]
    served = builder["served"][-1:] == [wanted["revision"]]
    settled = built and named and served and not lacking and not unserved
    return {
        "built": built,
        "lacking": lacking,
        "base": seat["images"][names[0]]["id"] if course_image_ours(seat, names[0]) else "",
        "outdated": outdated,
        "left": left,
        "unserved": unserved,
        "record": record,
        "named": named,
        "settled": settled and record == seat["built"],
    }


class FilterModule:
    """Tell Ansible of the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {
            "course_revisions": course_revisions,
            "course_revision_asked": course_revision_asked,
            "course_image_name_valid": course_image_name_valid,
            "course_images_ours": course_images_ours,
            "course_images_plan": course_images_plan,
        }
