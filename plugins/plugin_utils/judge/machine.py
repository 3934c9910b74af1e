# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The machine: who asks it, its disk, its clock, its records, its Python."""

from collections.abc import Iterator

from ansible_collections.labocloud.room.plugins.plugin_utils.contract.facts import Seat
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Builder, Want
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.engine import version
from ansible_collections.labocloud.room.plugins.plugin_utils.judge.verdict import verdict

# What the modules need that work on a seat; the one that asks makes do with less.
PYTHON = (3, 10)
# The roles whose settings no other part reads.
ROLES = ("seat", "room_page")


def refusals(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell what keeps anything from being done on the machine."""
    name = want["name"]
    if not has["root"]:
        yield finding("not_root", name)
    if version(has["python"]) < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        yield finding("python_old", name, python=has["python"] or "?", wanted=wanted)
    if want["twins"]:
        yield finding("machine_twice", name, others=", ".join(want["twins"]))
    if has["torn"]:
        yield finding("record_torn", name, what="; ".join(has["torn"]))
    # Something may be there that it does not tell: to write down now what was there before would be
    # to take that for the toolkit's.
    if has["odd"]:
        yield finding("unintelligible", name, part="machine", why="; ".join(has["odd"]))
    for role in ROLES:
        if wrong := want["wrong"].get(role):
            yield finding("setting_wrong", name, what="; ".join(wrong))


def warnings(has: Seat, want: Want) -> Iterator[Finding]:
    """Tell of what will be in the way: a full disk, a clock that is off."""
    name, docker = want["name"], has["docker"]
    if docker["free_mb"] < want["room_page_min_free_mb"]:
        values = {"free": docker["free_mb"], "root": docker["root"]}
        yield finding("disk_low", name, wanted=want["room_page_min_free_mb"], **values)
    ahead = has["clock"]["ahead"]
    if ahead is not None and abs(ahead) > want["room_page_max_clock_offset"]:
        yield finding("clock_off", name, seconds=f"{ahead:+.0f}")


def judge(has: Seat, want: Want, builder: Builder) -> Verdict:
    """Judge the machine."""
    del builder
    return verdict(warnings(has, want), refused=refusals(has, want))
