# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put together what was found of all seats: the report that the room page shows.

docs/room.schema.json describes it. A seat is judged by itself (plugins/plugin_utils/judge); what
only all of them together tell is found here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypedDict, cast

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Identity, SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    ImagesVerdict,
    StudentsVerdict,
    Verdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Room
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import findings

# Characters of the name of a system, or of a version, which have a tenth of it.
LONGEST = 200
STATES = ("ready", "warning", "error", "unreachable", "unknown")


class Judged(TypedDict):
    """What a run has found out of a machine: its facts, None where it gave none, and verdicts."""

    seat: SeatFacts | None
    verdict: Mapping[str, Verdict]


class LastRow(TypedDict):
    """What a report of any release says of a machine."""

    name: str
    state: str
    time: str | None
    findings: list[Finding]


class Row(LastRow):
    """What the report says of a machine; asked: in this run."""

    asked: bool
    os: str | None
    docker: str | None
    students: str | None


class LastReport(TypedDict, total=False):
    """The last report, as far as the next one goes on from it; empty where there is none."""

    revision: str | None
    seats: list[LastRow]
    servers: list[LastRow]


class Report(TypedDict):
    """The report. totals: the number of seats, and of those in each state. findings: warnings."""

    version: int
    time: str
    seconds: float
    builder: str
    revision: str | None
    totals: dict[str, int]
    findings: list[Finding]
    seats: list[Row]
    servers: list[Row]


def iso(seconds: float) -> str:
    """Return a time, in seconds since 1970, as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _state(found: Iterable[Finding]) -> str:
    """Return the state of a seat that has these findings."""
    entries = list(found)
    if any(entry["id"] == "unreachable" for entry in entries):
        return "unreachable"
    severities = {entry["severity"] for entry in entries}
    return "error" if "error" in severities else "warning" if severities else "ready"


def _sharing(values: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the names that share a value. values: those of each name; empty ones do not count."""
    names: dict[str, list[str]] = {}
    for name, own in values.items():
        for value in filter(None, dict.fromkeys(own)):
            names.setdefault(value, []).append(name)
    return [group for group in names.values() if len(group) > 1]


def twins(machines: Mapping[str, Identity]) -> dict[str, list[str]]:
    """Return the other names of each machine that answers under several."""
    return {
        name: [other for other in names if other != name]
        for names in _sharing({name: [machine["running"]] for name, machine in machines.items()})
        for name in names
    }


def room_findings(answers: Mapping[str, Judged], seats: list[str], builder: str) -> list[Finding]:
    """Judge the room as a whole, by the machines that gave facts; return warnings only."""
    found = []
    machines = {
        name: seat["machine"] for name, answer in answers.items() if (seat := answer["seat"])
    }
    if len(seats) > 1 and builder in seats and builder in machines:
        verdict = cast("StudentsVerdict", answers[builder]["verdict"]["students"])
        if students := ", ".join(verdict.get("may", [])):
            found.append(finding("builder_is_seat", builder, builder=builder, users=students))
    keys = {name: machine["host_keys"] for name, machine in machines.items()}
    ids = {name: [machine["id"]] for name, machine in machines.items()}
    for finding_id, values in (("host_key_shared", keys), ("machine_id_shared", ids)):
        groups = dict.fromkeys(map(tuple, _sharing(values)))
        for names in groups:
            # A machine under two names is no copy of itself.
            if len({machines[name]["running"] for name in names}) > 1:
                words = {"names": ", ".join(names), "seats": ",".join(names)}
                found.append(finding(finding_id, names[0], **words))
    return found


def row(
    name: str, answer: Judged | None, before: LastRow | None, now: float, *, failed: bool
) -> Row:
    """Return what the report says of a machine.

    answer: None where this run did not ask it; then the row of the last report, before, counts.
    failed: whether the run has lost it on the way.
    """
    if answer is None:
        nothing: Row = {
            "name": name,
            "state": "unknown",
            "asked": False,
            "time": None,
            "findings": [],
            "os": None,
            "docker": None,
            "students": None,
        }
        return {**nothing, **before, "asked": False} if before else nothing
    has, found = answer["seat"], findings(answer["verdict"])
    uid = has["docker"]["uid"] if has else None
    if failed and _state(found) not in ("error", "unreachable"):
        found.insert(0, finding("unfinished", name))
    return {
        "name": name,
        "state": _state(found),
        "asked": True,
        "time": iso(now),
        "os": has["os"]["name"][:LONGEST] if has else None,
        "docker": has["docker"]["version"][:LONGEST] or None if has else None,
        # How those use Docker who may without sudo, by who answers at its socket.
        "students": None if uid is None else "rootless" if uid else "group",
        "findings": found,
    }


def report(
    answers: Mapping[str, Judged],
    room: Room,
    before: LastReport,
    now: float,
    failed: Iterable[str] = (),
    *,
    seconds: float = 0.0,
) -> Report:
    """Return the report of the room.

    answers: the last answer of each machine that this run has asked. now: in seconds since 1970.
    failed: names of those that the run has lost on the way. seconds: since it began.
    """
    last = {row["name"]: row for row in (*before.get("seats", []), *before.get("servers", []))}
    lost = set(failed)

    def rows(names: list[str]) -> list[Row]:
        return [
            row(name, answers.get(name), last.get(name), now, failed=name in lost) for name in names
        ]

    seats = rows(room["seats"])
    images = [cast("ImagesVerdict", answer["verdict"]["images"]) for answer in answers.values()]
    revisions = [image["revision"] for image in images if image.get("revision")]
    counts = Counter(seat["state"] for seat in seats)
    return {
        "version": 1,
        "time": iso(now),
        "seconds": round(seconds, 1),
        "builder": room["builder"],
        "revision": revisions[0] if revisions else before.get("revision"),
        "totals": {"seats": len(seats), **{name: counts[name] for name in STATES}},
        "findings": room_findings(answers, room["seats"], room["builder"]),
        "seats": seats,
        "servers": rows(room["servers"]),
    }
