# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge what a machine is to install: whether the room's store has it, or has yet to fetch it."""

from collections.abc import Mapping

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Fill,
    PackagesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import delivery, engine
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.store.manifest import Release, is_fresh
from ansible_collections.labocloud.room.plugins.plugin_utils.store.packages import (
    RELEASES,
    packages,
)

# dpkg's names of the architectures, by the kernel's.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def _store_of(has: SeatFacts, settings: Settings) -> str:
    """Return which part of the store is for a machine, empty where none is.

    Where the room has a registry, or is one machine, each fetches its packages by itself.
    """
    is_used = (
        settings["room_store_use"] == "auto"
        and len(settings["room"]["seats"]) > 1
        and settings["docker_engine_source"] == "distro"
        and delivery.road_of(settings) == "archive"
    )
    architecture = _ARCHITECTURES.get(has["arch"], "")
    is_known = engine.release(has) in RELEASES and architecture
    return f"{engine.release(has)}-{architecture}" if is_used and is_known else ""


def _installs(has: SeatFacts, settings: Settings, builder: Builder) -> bool:
    """Return whether something is about to be installed on a machine, or to be completed."""
    is_interrupted = has["apt"]["unfinished"] or has["apt"]["journal"]
    return bool(is_interrupted or engine.installation(has, settings, builder)["packages"])


def _has_all(store: Mapping[str, Release], name: str, wanted: list[list[str]], now: float) -> bool:
    """Return whether the store has what a machine may ask it for, and of late.

    now: the control machine's time, in seconds since 1970.
    """
    if name not in store:
        return False
    has = {package for packages in store[name]["wanted"] for package in packages}
    lacks = {package for packages in wanted for package in packages} - has
    return is_fresh(store[name], now) and not lacks


def judge(has: SeatFacts, settings: Settings, builder: Builder) -> PackagesVerdict:
    """Judge the packages."""
    wrong = settings["wrong"].get("room_store")
    refused = [finding("setting_wrong", settings["name"], what="; ".join(wrong))] if wrong else []
    name, fill = _store_of(has, settings), None
    if name and _installs(has, settings, builder):
        wanted = packages(engine.release(has), settings)
        if not _has_all(settings["store"], name, wanted, has["clock"]["control"] or 0):
            suite, architecture = RELEASES[engine.release(has)], name.rpartition("-")[2]
            fill = Fill(suite=suite, architecture=architecture, packages=wanted)
    return {
        **verdict(settled=fill is None, refused=refused),
        "store": name,
        "fill": fill,
        "own": has["brought"]["packages"],
    }
