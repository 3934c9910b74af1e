# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Judge the machine: the account that connects, the disk, the clock, the records, the Python."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.engine import version
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

# The modules that work on a seat need this Python; the one that asks makes do with less.
_LOWEST_PYTHON = (3, 10)
# The roles whose settings no other part reads.
ROLES = ("seat", "room_page")


def _refusals(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield what keeps anything from being done on the machine."""
    name = settings["name"]
    if not has["root"]:
        yield finding("not_root", name)
    if version(has["python"]) < _LOWEST_PYTHON:
        wanted = ".".join(map(str, _LOWEST_PYTHON))
        yield finding("python_old", name, python=has["python"] or "?", wanted=wanted)
    if settings["twins"]:
        yield finding("machine_twice", name, others=", ".join(settings["twins"]))
    if has["torn"]:
        yield finding("record_torn", name, what="; ".join(has["torn"]))
    # A machine that answers oddly may have things that it does not report. If its earlier state
    # were recorded now, they would be taken for the toolkit's.
    if has["odd"]:
        yield finding("unintelligible", name, part="machine", why="; ".join(has["odd"]))
    for role in ROLES:
        if wrong := settings["wrong"].get(role):
            yield finding("setting_wrong", name, what="; ".join(wrong))


def _warnings(has: SeatFacts, settings: Settings) -> Iterator[Finding]:
    """Yield what will be in the way: a disk that is nearly full, a clock that is off."""
    name, docker = settings["name"], has["docker"]
    if docker["free_mb"] < settings["room_page_min_free_mb"]:
        values = {"free": docker["free_mb"], "root": docker["root"]}
        yield finding("disk_low", name, wanted=settings["room_page_min_free_mb"], **values)
    ahead = has["clock"]["ahead"]
    if ahead is not None and abs(ahead) > settings["room_page_max_clock_offset"]:
        yield finding("clock_off", name, seconds=f"{ahead:+.0f}")


def judge(has: SeatFacts, settings: Settings, _: Builder) -> Verdict:
    """Judge the machine."""
    return verdict(_warnings(has, settings), refused=_refusals(has, settings))
