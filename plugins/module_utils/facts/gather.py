# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""All that a seat tells of itself, whatever is on it: what cannot be understood is left out."""

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
    engines_place,
    system_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.network import (
    PAGE_SECONDS,
    Reaching,
    Waiting,
    listener_facts,
    network_facts,
    page_facts,
    registry_facts,
)
from ansible_collections.labocloud.room.plugins.module_utils.facts.odd import Odd, read
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

DOCKER_ROOT = "/var/lib/docker"
# Characters of a text and of a name, and entries of a list or an object: more than any seat has.
LONGEST_TEXT, LONGEST_NAME, MOST_ENTRIES = 2**16, 1000, 50_000


def text(value: str) -> str:
    """Give a text as UTF-8 can write it: names of files may be any bytes."""
    return value.encode(errors="replace").decode()


def limited(value: Any, odd: Odd, depth: int = 0) -> Any:  # noqa: ANN401  # JSON
    """Give a copy of an answer that is JSON of a limited size. What is left out is told."""
    if isinstance(value, (dict, list)) and (depth > DEEPEST or len(value) > MOST_ENTRIES):
        odd.add(f"something of {len(value)} entries is longer or deeper than any that is told")
        return type(value)()
    if isinstance(value, dict):
        long = [name for name in value if len(name) > LONGEST_NAME]
        if long:
            odd.add(f"a name of {len(long[0])} characters is left out: {text(long[0][:40])}")
        return {
            text(name): limited(one, odd, depth + 1)
            for name, one in value.items()
            if len(name) <= LONGEST_NAME
        }
    if isinstance(value, list):
        return [limited(one, odd, depth + 1) for one in value]
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            odd.add(f"a text of {len(value)} characters is cut: {text(value[:40])}")
        return text(value[:LONGEST_TEXT])
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if isinstance(value, int) and abs(value) >= LARGEST else value


def remembered() -> tuple[state.State, list[str]]:
    """Give what the machine remembers, nothing where that cannot be read, and why it cannot."""
    try:
        return state.read(), []
    except state.TornError as error:
        return state.State(), [str(error)]


def seat_facts(
    docker_socket: str,
    control_time: float | None = None,
    registries: list[str] | None = None,
    page_url: str = "",
    page_container: str = "",
    *,
    own_registries: list[str] | None = None,
    students_group: str = "",
) -> dict[str, Any]:
    """Give all facts of this machine, as the module seat documents them."""
    odd = Odd()
    ahead = time.time() - control_time if control_time is not None else None
    reaching = Reaching(registries or [])
    registry = registry_facts(odd)
    own = {
        one: Waiting(
            partial(facts_registry.ask, authority=registry["ca"]), one, dict(facts_registry.LATE)
        )
        for one in own_registries or []
    }
    own_end = time.monotonic() + facts_registry.SECONDS
    configuration = configuration_facts(odd)
    config = configuration["daemon_config"]
    packages, held, unfinished = parse_dpkg_status(read(STATUS, odd, LARGEST_STATUS))
    memory, torn = remembered()
    answers = engine_facts(docker_socket, odd)
    page = page_facts(page_url, page_container, answers["containers"])
    page_end = time.monotonic() + PAGE_SECONDS
    engine = answers.pop("engine")
    students = student_facts(students_group, odd)
    usual = ROOT if os.path.isdir(ROOT) else DOCKER_ROOT
    root = engine["root"] or (config or {}).get("data-root")
    place = root if isinstance(root, str) else usual
    seat = {
        **system_facts(odd),
        "listeners": listener_facts(answers["containers"], odd),
        "packages": packages,
        "held": held,
        **configuration,
        "daemon_config": without_passwords(config),
        "docker_group": members("docker"),
        "students": students,
        "able": able_facts(),
        **memory.facts({*packages, *unfinished}),
        "torn": torn,
        "apt": apt_facts(memory.brought, unfinished, odd),
        "docker": {
            **engine,
            **engines_place(place),
            "socket": socket_facts(docker_socket),
            "roots": engines(0),
        },
        "clock": {"control": control_time, "ahead": ahead},
        "registry": {
            **registry,
            "answers": {one: waiting.until(own_end) for one, waiting in own.items()},
        },
        **answers,
        "network": {
            **network_facts(odd),
            **answers["network"],
            "registries": reaching.result(),
        },
        "page": page.until(page_end) if page else None,
        "exercises": exercise_facts(),
    }
    told: dict[str, Any] = limited(seat, odd)
    return {**told, "odd": [text(sentence) for sentence in odd.sentences]}
