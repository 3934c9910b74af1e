# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Collect all facts of a seat, whatever is on it: what cannot be understood is left out."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.facts import (
    apt,
    engine,
    exercises,
    machine,
    network,
    registry,
    students,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts import seat as seat_types
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.module_utils.shapes import DEEPEST, LARGEST

_DOCKER_ROOT = "/var/lib/docker"
# Characters of a text and of a name, and entries of a list or an object: more than any seat has.
_LONGEST_TEXT, _LONGEST_NAME, _MOST_ENTRIES = 2**16, 1000, 50_000


def seat_facts(
    docker_socket: str,
    control_time: float | None = None,
    registries: Iterable[str] = (),
    page_url: str = "",
    page_container: str = "",
    *,
    own_registries: Iterable[str] = (),
    students_group: str = "",
) -> seat_types.SeatFacts:
    """Return all facts of this machine, as the module seat documents them."""
    odd = Odd()
    ahead = time.time() - control_time if control_time is not None else None
    # Whoever is at the other end of a network may be slow, and answers while the rest is read.
    reached = network.reach(registries)
    registry_files = network.registry_facts(odd)
    ask = partial(registry.ask, authority=registry_files["ca"])
    registry_answers = network.PendingAnswers(ask, own_registries, registry.LATE, registry.SECONDS)
    configuration = machine.configuration_facts(odd)
    config = configuration["daemon_config"]
    packages, held, unfinished = apt.parse_dpkg_status(read(apt.STATUS, odd, apt.LARGEST_STATUS))
    record, torn = _record()
    answers = engine.engine_facts(docker_socket, odd)
    page = network.look_at(page_url, page_container, answers["containers"])
    seat: seat_types.SeatFacts = {
        **machine.system_facts(odd),
        "listeners": network.listener_facts(answers["containers"], odd),
        "packages": packages,
        "held": held,
        "files": configuration["files"],
        "daemon_config": without_passwords(config),
        "docker_group": students.members("docker"),
        "students": students.student_facts(students_group, odd),
        "able": students.able_facts(),
        **record.facts({*packages, *unfinished}),
        "torn": torn,
        "apt": apt.apt_facts(record.brought, unfinished, odd),
        "docker": _docker_facts(answers["engine"], config or {}, docker_socket),
        "clock": {"control": control_time, "ahead": ahead},
        "registry": {**registry_files, "answers": registry_answers.result()},
        "images": answers["images"],
        "containers": answers["containers"],
        "networks": answers["networks"],
        "volumes": answers["volumes"],
        "network": {
            **network.network_facts(odd),
            **answers["network"],
            "registries": reached.result(),
        },
        "page": page.result().get(page_url),
        "exercises": exercises.exercise_facts(),
        "odd": [],
    }
    facts: seat_types.SeatFacts = limited(seat, odd)
    return {**facts, "odd": [_as_utf8(sentence) for sentence in odd.sentences]}


def limited(value: Any, odd: Odd, depth: int = 0) -> Any:  # noqa: ANN401  # JSON
    """Return a copy of facts that is JSON of a limited size.

    odd: gets a sentence for whatever is left out. depth: how deep in the facts the value is.
    """
    if isinstance(value, (dict, list)) and (depth > DEEPEST or len(value) > _MOST_ENTRIES):
        odd.add(f"something of {len(value)} entries is longer or deeper than any that is told")
        return type(value)()
    if isinstance(value, dict):
        long = [name for name in value if len(name) > _LONGEST_NAME]
        if long:
            odd.add(f"a name of {len(long[0])} characters is left out: {_as_utf8(long[0][:40])}")
        return {
            _as_utf8(name): limited(element, odd, depth + 1)
            for name, element in value.items()
            if len(name) <= _LONGEST_NAME
        }
    if isinstance(value, list):
        return [limited(element, odd, depth + 1) for element in value]
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            odd.add(f"a text of {len(value)} characters is cut: {_as_utf8(value[:40])}")
        return _as_utf8(value[:_LONGEST_TEXT])
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if isinstance(value, int) and abs(value) >= LARGEST else value


def _as_utf8(text: str) -> str:
    """Return a text that UTF-8 can write: names of files may be any bytes."""
    return text.encode(errors="replace").decode()


def _record() -> tuple[state.State, list[str]]:
    """Return the machine's record, and why it cannot be read: then the record is an empty one."""
    try:
        return state.read(), []
    except state.TornError as error:
        return state.State(), [str(error)]


def _docker_facts(
    itself: seat_types.EngineItself, config: dict[str, object], docker_socket: str
) -> seat_types.Docker:
    """Return the facts on the engine, which may not run.

    itself: what it answers of itself. config: the content of daemon.json.
    """
    usual = students.ROOT if os.path.isdir(students.ROOT) else _DOCKER_ROOT
    configured = itself["root"] or config.get("data-root")
    root = configured if isinstance(configured, str) else usual
    return {
        **itself,
        **machine.engine_file_facts(root),
        "root": root,
        "socket": students.socket_facts(docker_socket),
        "roots": students.engines(0),
    }
