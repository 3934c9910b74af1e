# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""List what students made on this machine, by what its Docker has and what it remembers."""

from __future__ import annotations

import http.client
import shlex
from typing import Any, cast

from ansible_collections.labocloud.room.plugins.module_utils.engine import access
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import DockerConnection
from ansible_collections.labocloud.room.plugins.module_utils.engine.things import look
from ansible_collections.labocloud.room.plugins.module_utils.limits import held
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.module_utils.reset.memory import remembered
from ansible_collections.labocloud.room.plugins.module_utils.reset.ownership import Before, Claims
from ansible_collections.labocloud.room.plugins.module_utils.reset.plan import (
    ORDER,
    Plan,
    empty_plan,
    plan,
)
from ansible_collections.labocloud.room.plugins.module_utils.state import State, read


def _unknown(state: State, host: str) -> str:
    """Return why it is not known what was there before the toolkit; empty where it is."""
    unknown = "it is not known what was there before the toolkit"
    if state.before is None:
        fix = f"./lab up --limit {shlex.quote(host)}"
        return str(Refusal(f"{unknown}: it has changed nothing here yet", fix))
    if state.before["docker_data"] and not state.before["docker_running"]:
        why = f"{unknown}: Docker had data and did not run"
        return str(Refusal(why, "remove by hand what students made"))
    return ""


def _unanswering(docker: DockerConnection, host: str) -> str:
    """Return that Docker does not answer; empty where it does."""
    try:
        docker.negotiate()
    except (OSError, http.client.HTTPException):
        fix = f"./lab up --limit {shlex.quote(host)}, and then this again"
        return str(Refusal("Docker does not answer", fix))
    return ""


def list_things(
    docker: DockerConnection, host: str, keep: list[str], *, close: bool = False
) -> tuple[Plan, str]:
    """Return what is the students', and why that cannot be told, empty where it can.

    host: the machine's name, for what people are told. keep: what else stays, as Claims has it.
    close: whether the engine is closed to students first. Raises TornError, OSError and
    http.client.HTTPException.
    """
    state = read()
    why = _unknown(state, host) or _unanswering(docker, host)
    if why or state.before is None:
        return {**empty_plan(), "memory": []}, f"{host}: {why}."
    if close:
        access.close(docker.path)
    engine = look(docker)
    claims = Claims(
        before=Before.from_record(state.before),
        images=state.built["images"],
        # The toolkit records a container before it makes it: without the record it has made none.
        containers=frozenset(state.brought.get("containers", [])),
        keep=keep,
    )
    things: Plan = {**plan(engine, claims), "memory": remembered()}
    return cast("Plan", held(cast("dict[str, Any]", things), ORDER)), ""
