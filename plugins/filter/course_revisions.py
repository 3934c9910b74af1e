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
    msg: "{{ ansible_facts['seat'] | course_revisions('labocloud20202021:python') }}"
"""

RETURN = r"""
_value:
  description: Name of each image, to its revision.
  type: dict
"""

from collections.abc import Callable
from typing import Any


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


def course_images_plan(
    seat: dict[str, Any], builder: dict[str, Any], tag: str, names: list[str], keep: int
) -> dict[str, Any]:
    """Give what has to be done so that a machine has the images that the builder has.

    tag: the course's name. names: of the base, and of the revision that is wanted, on the builder.
    keep: how many revisions stay. Gives built, whether the builder has both; lacking, the names of
    those that this machine has to be sent; base_ours, whether the base that is there is the
    toolkit's; outdated, the names that go; record, what the toolkit will have brought; named,
    whether the course's name is for the wanted one; and settled, whether there is nothing to do.
    """
    none = {"revision": "", "fingerprint": ""}
    wanted = builder["images"].get(names[-1], none)
    brought = {name: builder["images"].get(name, none)["fingerprint"] for name in names}
    has = {name: image["fingerprint"] for name, image in seat["images"].items()}
    lacking = [name for name in names if has.get(name) != brought[name]]
    outdated = course_revisions_outdated(seat, tag, wanted["revision"], builder["served"], keep)
    record = course_images_record(seat, brought, outdated)
    built = all(name in builder["images"] for name in names)
    named = has.get(tag) == wanted["fingerprint"]
    served = builder["served"][-1:] == [wanted["revision"]]
    return {
        "built": built,
        "lacking": lacking,
        "base_ours": course_image_ours(seat, names[0]),
        "outdated": outdated,
        "record": record,
        "named": named,
        "settled": built and named and served and not lacking and record == seat["built"],
    }


class FilterModule:
    """Tell Ansible of the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give the filters of this file by name."""
        return {
            "course_revisions": course_revisions,
            "course_revision_asked": course_revision_asked,
            "course_images_plan": course_images_plan,
        }
