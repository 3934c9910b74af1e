# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Put together what was found of all seats: the report that the room page shows.

docs/room.schema.json describes it. A seat is judged by itself (plugins/plugin_utils/judge); what
only all of them together tell is found here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.labocloud.room.plugins.plugin_utils.findings import Finding, finding
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import findings

# What is known of a machine after a run: what the action seat publishes, seat, verdict and others.
Answer = Mapping[str, Any]

# Characters of the name of a system, or of a version, which have a tenth of it.
LONGEST = 200
STATES = ("ready", "warning", "error", "unreachable", "unknown")


def iso(seconds: float) -> str:
    """Return a time, in seconds since 1970, as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def state(found: Iterable[Finding]) -> str:
    """Return the state of a seat that has these findings."""
    findings_ = list(found)
    if any(finding["id"] == "unreachable" for finding in findings_):
        return "unreachable"
    severities = {finding["severity"] for finding in findings_}
    return "error" if "error" in severities else "warning" if severities else "ready"


def alike(machines: Mapping[str, Mapping[str, Any]], field: str) -> Iterator[list[str]]:
    """Yield the names of the machines that share a value in a field, each such group once.

    A machine under two names is no copy of itself.
    """
    groups: dict[str, list[str]] = {}
    for name, machine in machines.items():
        values = machine[field] if isinstance(machine[field], list) else [machine[field]]
        for value in dict.fromkeys(filter(None, values)):
            groups.setdefault(value, []).append(name)
    copies: list[list[str]] = []
    for names in groups.values():
        if len({machines[name]["running"] for name in names}) > 1 and names not in copies:
            copies.append(names)
    yield from copies


def twins(machines: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the other names of each machine that answers under several.

    machines: name to what identifies the machine that answers (`machine` of the seat's facts).
    """
    names: dict[str, list[str]] = {}
    for name, machine in machines.items():
        if machine["running"]:
            names.setdefault(machine["running"], []).append(name)
    return {
        name: [other for other in same if other != name]
        for same in names.values()
        for name in same
        if len(same) > 1
    }


def room_findings(answers: Mapping[str, Answer], seats: list[str], builder: str) -> list[Finding]:
    """Judge the room as a whole; return warnings only.

    answers: of the machines that have answered.
    """
    found = []
    if len(seats) > 1 and builder in seats and builder in answers:
        students = ", ".join(answers[builder]["verdict"]["students"].get("may", []))
        if students:
            found.append(finding("builder_is_seat", builder, builder=builder, users=students))
    machines = {name: answer["seat"]["machine"] for name, answer in answers.items()}
    for name, field in (("host_key_shared", "host_keys"), ("machine_id_shared", "id")):
        for names in alike(machines, field):
            values = {"names": ", ".join(names), "seats": ",".join(names)}
            found.append(finding(name, names[0], **values))
    return found


def students(uid: int | None) -> str | None:
    """Return how those use Docker who may without sudo. uid: of who answers at its socket."""
    if uid is None:
        return None
    return "rootless" if uid else "group"


def row(
    name: str, answer: Answer | None, before: Mapping[str, Any], now: float, *, failed: bool
) -> dict[str, Any]:
    """Return what the report says of a machine.

    answer: None where this run did not ask it; then the row of the last report, before, counts.
    failed: whether the run has lost it on the way.
    """
    if answer is None:
        nothing: dict[str, Any] = {
            "state": "unknown",
            "time": None,
            "findings": [],
            "os": None,
            "docker": None,
            "students": None,
        }
        return {"name": name, **nothing, **before, "asked": False}
    has, found = answer["seat"], findings(answer["verdict"])
    if failed and state(found) not in ("error", "unreachable"):
        found.insert(0, finding("unfinished", name))
    return {
        "name": name,
        "state": state(found),
        "asked": True,
        "time": iso(now),
        "os": has["os"]["name"][:LONGEST] if has else None,
        "docker": has["docker"]["version"][:LONGEST] or None if has else None,
        "students": students(has["docker"]["uid"]) if has else None,
        "findings": found,
    }


def report(
    answers: Mapping[str, Answer],
    room: Mapping[str, Any],
    before: Mapping[str, Any],
    now: float,
    failed: Iterable[str] = (),
    *,
    seconds: float = 0.0,
) -> dict[str, Any]:
    """Return the report of the room.

    answers: the last answer of each machine that this run has asked. room: seats, servers and
    builder, as settings.room returns them. before: the last report, or nothing. now: in seconds
    since 1970. failed: names of those that the run has lost on the way. seconds: since it began.
    """
    last = {row_["name"]: row_ for key in ("seats", "servers") for row_ in before.get(key, [])}
    lost = set(failed)

    def rows(names: list[str]) -> list[dict[str, Any]]:
        return [
            row(name, answers.get(name), last.get(name, {}), now, failed=name in lost)
            for name in names
        ]

    seats = rows(room["seats"])
    answered = {name: answer for name, answer in answers.items() if answer["seat"]}
    images = [answer["verdict"]["images"] for answer in answered.values()]
    revisions = [image["revision"] for image in images if image.get("revision")]
    counts = Counter(seat["state"] for seat in seats)
    return {
        "version": 1,
        "time": iso(now),
        "seconds": round(seconds, 1),
        "builder": room["builder"],
        "revision": revisions[0] if revisions else before.get("revision"),
        "totals": {"seats": len(seats), **{name: counts[name] for name in STATES}},
        "findings": room_findings(answered, room["seats"], room["builder"]),
        "seats": seats,
        "servers": rows(room["servers"]),
    }
