# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The build: on the machine that builds for the room, the base, the course image, the registry."""

import re
from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    BuildVerdict,
    Origin,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.course import PACKAGES
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.images import (
    arch_wrong,
    base_current,
    image_of,
    ours,
    refreshes,
    repository_of,
    revision_of,
    unpublished,
    unready,
    wanted_of,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

TAG = re.compile(":[^:/]*$")
# What a base is bootstrapped with.
TOOLS = ("debian-archive-keyring", "mmdebstrap")
# What pip takes wheels of, one C library after the other.
PLATFORMS = (
    ("manylinux_2_28", "manylinux_2_17", "manylinux2014"),
    ("musllinux_1_2", "musllinux_1_1"),
)


def origin(has: Seat, want: Want) -> Origin:
    """Return what the base is made from, unless it is bootstrapped."""
    image, name = want["course_image_base"], f"{want['course_image_base_tag']}-from"
    source = want["course_image_base_source"]
    bare, _, digest = image.partition("@")
    known = has["bases"].get(image, "")
    wanted = digest or ("" if want["course_image_base_refresh"] else known)
    there = wanted != "" and known == wanted and ours(has, name)
    return {
        "source": "registry" if source == "auto" and there else source,
        "asks": source in ("auto", "registry") and not there,
        "image": image,
        "repository": TAG.sub("", bare),
        "digest": wanted,
        "name": name,
        "forget": image_of(has, name)["id"] if ours(has, name) else "",
    }


def tools(has: Seat) -> list[str]:
    """Give the packages that a base is bootstrapped with and that lack."""
    return [one for one in TOOLS if one not in has["packages"]]


def foreseen(has: Seat, want: Want, builder: Builder) -> list[str]:
    """Give the packages that a base is to be made with and that lack, as far as it is certain.

    It is where that was set, and not where a registry is asked first, which only an engine can.
    """
    certain = (
        want["room"]["builder"] == want["name"]
        and want["course_image_base_source"] == "bootstrap"
        and want["course_image_revision"] == ""
        and builder
        and not base_current(want, builder)
    )
    return tools(has) if certain else []


def refusals(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell why the base cannot be made."""
    yield from arch_wrong(has, want)
    # To build on a name that is not there would be to pull it.
    if (
        want["course_image_base_source"] == "present"
        and has["docker"]["running"]
        and want["course_image_base"] not in has["images"]
    ):
        yield finding("base_absent", want["name"], image=want["course_image_base"])


def judge(has: Seat, want: Want, builder: Builder) -> BuildVerdict | Verdict:
    """Judge the build. Another machine builds nothing, and neither does one that goes back."""
    name, course = want["name"], builder.get("course")
    if want["room"]["builder"] != name or not course or course["why"]:
        return verdict()
    wanted = wanted_of(want, builder)
    going_back = want["course_image_revision"] != ""
    current = going_back or base_current(want, builder)
    base = refreshes(want, builder) or not current
    image = not going_back and (base or not wanted.there)
    publish = unpublished(want, has, wanted)
    why = unready(want, has)
    base_tag = want["course_image_base_tag"]
    return {
        **verdict(
            settled=not (base or image or publish), refused=refusals(has, want) if base else ()
        ),
        "held": in_words([why]) if why else "",
        "base": base,
        "course": image,
        "publish": publish,
        "repository": repository_of(want),
        "project": want["course_image_project"],
        "tag": want["course_image_tag"],
        "name": wanted.name,
        "revision": revision_of(want, builder),
        "base_tag": base_tag,
        "base_revision": course["base"],
        "forget": image_of(has, base_tag)["id"] if ours(has, base_tag) else "",
        "rootfs": f"{base_tag}-rootfs",
        "packages": list(PACKAGES),
        "tools": tools(has),
        "suite": want["course_image_bootstrap_suite"],
        "python": want["course_image_python"],
        "platforms": [[f"--platform={one}_{has['arch']}" for one in row] for row in PLATFORMS],
        "wheels": f"{want['course_image_cache']}/wheels/{course['wheels'].get(has['arch'], '')}",
        "origin": origin(has, want),
    }
