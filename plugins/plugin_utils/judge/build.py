# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the build: the base and the course image on the builder, and what is to be published."""

import re
from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    BuildVerdict,
    Origin,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.course import PACKAGES
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    Finding,
    finding,
    in_words,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import delivery, revisions
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.images import wrong_architecture
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

_TAG = re.compile(":[^:/]*$")
# The packages that a base is bootstrapped with.
TOOLS = ("debian-archive-keyring", "mmdebstrap")
# The platforms that pip downloads wheels for: a row for each C library.
_PLATFORMS = (
    ("manylinux_2_28", "manylinux_2_17", "manylinux2014"),
    ("musllinux_1_2", "musllinux_1_1"),
)


def origin(has: SeatFacts, settings: Settings) -> Origin:
    """Return the image that the base is made from, unless the base is bootstrapped."""
    image, name = settings["course_image_base"], f"{settings['course_image_base_tag']}-from"
    source = settings["course_image_base_source"]
    bare, _, digest = image.partition("@")
    recorded = has["bases"].get(image, "")
    wanted = digest or ("" if settings["course_image_base_refresh"] else recorded)
    is_there = wanted != "" and recorded == wanted and revisions.is_ours(has, name)
    return {
        "source": "registry" if source == "auto" and is_there else source,
        "asks": source in ("auto", "registry") and not is_there,
        "image": image,
        "repository": _TAG.sub("", bare),
        "digest": wanted,
        "name": name,
        "forget": revisions.own_id(has, name),
    }


def _missing_tools(has: SeatFacts) -> list[str]:
    """Return the packages that a base is bootstrapped with and that a machine lacks."""
    return [package for package in TOOLS if package not in has["packages"]]


def foreseen_packages(has: SeatFacts, settings: Settings, builder: Builder) -> list[str]:
    """Return the packages that are missing to make a base, where it is certain that one is made so.

    It is certain where bootstrap is set, and not where a registry is asked first: that takes an
    engine.
    """
    is_certain = (
        settings["room"]["builder"] == settings["name"]
        and settings["course_image_base_source"] == "bootstrap"
        and settings["course_image_revision"] == ""
        and builder
        and not revisions.is_base_current(settings, builder)
    )
    return _missing_tools(has) if is_certain else []


def _refusals(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield why the base cannot be made."""
    yield from wrong_architecture(has, settings)
    # A build on a name that is not there would pull the image.
    if (
        settings["course_image_base_source"] == "present"
        and has["docker"]["running"]
        and settings["course_image_base"] not in has["images"]
    ):
        yield finding("base_absent", settings["name"], image=settings["course_image_base"])


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> BuildVerdict | Verdict:
    """Judge the build; other machines have none, nor has a room that goes back to a revision."""
    name, course = settings["name"], builder.get("course")
    if settings["room"]["builder"] != name or not course or course["why"]:
        return verdict()
    wanted = revisions.wanted_of(settings, builder)
    is_going_back = settings["course_image_revision"] != ""
    is_current = is_going_back or revisions.is_base_current(settings, builder)
    base = revisions.needs_new_base(settings, builder) or not is_current
    image = not is_going_back and (base or not wanted.is_built)
    publish = delivery.unpublished(settings, has, wanted)
    unready = delivery.builder_unready(settings, has)
    base_tag, wheels = settings["course_image_base_tag"], course["wheels"].get(has["arch"], "")
    return {
        **verdict(
            settled=not (base or image or publish), refused=_refusals(has, settings) if base else ()
        ),
        "waits_for": in_words([unready]) if unready else "",
        "base": base,
        "course": image,
        "publish": publish,
        "repository": delivery.repository_of(settings),
        "project": settings["course_image_project"],
        "tag": settings["course_image_tag"],
        "name": wanted.name,
        "revision": revisions.revision_of(settings, builder),
        "base_tag": base_tag,
        "base_revision": course["base"],
        "forget": revisions.own_id(has, base_tag),
        "rootfs": f"{base_tag}-rootfs",
        "packages": list(PACKAGES),
        "tools": _missing_tools(has),
        "suite": settings["course_image_bootstrap_suite"],
        "python": settings["course_image_python"],
        "platforms": [
            [f"--platform={platform}_{has['arch']}" for platform in row] for row in _PLATFORMS
        ],
        "wheels": f"{settings['course_image_cache']}/wheels/{wheels}",
        "origin": origin(has, settings),
    }
