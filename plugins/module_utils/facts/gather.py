# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Collect all facts of a seat, whatever is on it: what cannot be understood is left out."""

from __future__ import annotations

import math
import os
import time
from functools import partial
from typing import Any

from ansible_collections.labocloud.room.plugins.module_utils import state
from ansible_collections.labocloud.room.plugins.module_utils.facts import registry as facts_registry
from ansible_collections.labocloud.room.plugins.module_utils.facts.apt import (
    LARGEST_STATUS,
    STATUS,
    apt_facts,
    parse_dpkg_status,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.engine import engine_facts
from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    exercise_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.machine import (
    configuration_facts,
    engine_file_facts,
    system_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.network import (
    PAGE_SECONDS,
    PendingAnswer,
    RegistryProbes,
    listener_facts,
    network_facts,
    page_facts,
    registry_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import (
    Answers,
    Docker,
    EngineItself,
    Seat,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.students import (
    ROOT,
    able_facts,
    engines,
    members,
    socket_facts,
    student_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.passwords import without_passwords
from ansible_collections.labocloud.room.plugins.module_utils.shapes import DEEPEST, LARGEST

_DOCKER_ROOT = "/var/lib/docker"
# Characters of a text and of a name, and entries of a list or an object: more than any seat has.
_LONGEST_TEXT, _LONGEST_NAME, _MOST_ENTRIES = 2**16, 1000, 50_000


def seat_facts(
    docker_socket: str,
    control_time: float | None = None,
    registries: list[str] | None = None,
    page_url: str = "",
    page_container: str = "",
    *,
    own_registries: list[str] | None = None,
    students_group: str = "",
) -> Seat:
    """Return all facts of this machine, as the module seat documents them."""
    odd = Odd()
    ahead = time.time() - control_time if control_time is not None else None
    # Whoever is at the other end of a network may be slow, and answers while the rest is read.
    probes = RegistryProbes(registries or [])
    registry = registry_facts(odd)
    own = _ask_registries(own_registries or [], registry["ca"])
    own_end = time.monotonic() + facts_registry.SECONDS
    configuration = configuration_facts(odd)
    config = configuration["daemon_config"]
    packages, held, unfinished = parse_dpkg_status(read(STATUS, odd, LARGEST_STATUS))
    memory, torn = _remembered()
    remembered = memory.facts({*packages, *unfinished})
    answers = engine_facts(docker_socket, odd)
    page = page_facts(page_url, page_container, answers["containers"])
    page_end = time.monotonic() + PAGE_SECONDS
    seat: Seat = {
        **system_facts(odd),
        "listeners": listener_facts(answers["containers"], odd),
        "packages": packages,
        "held": held,
        **configuration,
        "daemon_config": without_passwords(config),
        "docker_group": members("docker"),
        "students": student_facts(students_group, odd),
        "able": able_facts(),
        "before": remembered["before"],
        "brought": remembered["brought"],
        "built": remembered["built"],
        "bases": remembered["bases"],
        "served": remembered["served"],
        "torn": torn,
        "apt": apt_facts(memory.brought, unfinished, odd),
        "docker": _docker_facts(answers["engine"], config or {}, docker_socket),
        "clock": {"control": control_time, "ahead": ahead},
        "registry": {
            **registry,
            "answers": {name: pending.until(own_end) for name, pending in own.items()},
        },
        "images": answers["images"],
        "containers": answers["containers"],
        "networks": answers["networks"],
        "volumes": answers["volumes"],
        "network": {
            **network_facts(odd),
            **answers["network"],
            "registries": probes.result(),
        },
        "page": page.until(page_end) if page else None,
        "exercises": exercise_facts(),
        "odd": [],
    }
    facts: Seat = limited(seat, odd)
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


def _ask_registries(registries: list[str], authority: str) -> dict[str, PendingAnswer[Answers]]:
    """Ask registries, host:port, that this machine is to run. authority: their CA, in PEM."""
    ask = partial(facts_registry.ask, authority=authority)
    return {name: PendingAnswer(ask, name, facts_registry.LATE.copy()) for name in registries}


def _remembered() -> tuple[state.State, list[str]]:
    """Return what the machine remembers, nothing where that cannot be read, and why it cannot."""
    try:
        return state.read(), []
    except state.TornError as error:
        return state.State(), [str(error)]


def _docker_facts(engine: EngineItself, config: dict[str, object], docker_socket: str) -> Docker:
    """Return the facts on the engine, which may not run.

    engine: what it answers of itself. config: the content of daemon.json.
    """
    usual = ROOT if os.path.isdir(ROOT) else _DOCKER_ROOT
    configured = engine["root"] or config.get("data-root")
    root = configured if isinstance(configured, str) else usual
    return {
        **engine,
        **engine_file_facts(root),
        "root": root,
        "socket": socket_facts(docker_socket),
        "roots": engines(0),
    }
