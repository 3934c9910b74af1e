# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""What the command labo remembers on a machine, as one of the things that a reset removes."""

from __future__ import annotations

from ansible_collections.labocloud.room.plugins.module_utils.facts.exercises import (
    PLACES,
    memory_facts,
    names_remembered,
)
from ansible_collections.labocloud.room.plugins.module_utils.lesson import memory
from ansible_collections.labocloud.room.plugins.module_utils.reset.emptying import clear
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import Thing


def remembered() -> list[Thing]:
    """Return what labo remembers here as one thing, nothing where it remembers nothing."""
    place = PLACES.memory
    if memory_facts(place)["memory"] != "ours" or not names_remembered(place):
        return []
    return [{"id": str(place), "name": "", "bytes": 0}]


def work_taken_home() -> memory.Saved:
    """Return what of students' work somebody has saved by labo save."""
    return memory.read(PLACES.memory).saved


def forget(left: list[str]) -> None:
    """Remove what labo remembers here. left: what cannot be removed is added to it."""
    try:
        if remembered():
            stays = clear(PLACES.memory)
            if remembered():
                left.append(f"what labo remembers: {', '.join(stays)} is mounted")
    except OSError as error:
        left.append(f"what labo remembers: {error}")
