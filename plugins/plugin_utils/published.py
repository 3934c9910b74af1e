# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Publish what a run has found out about machines, as variables that no machine can write.

Ansible keeps the facts in the answer of every module, also of its own ones, and root of a machine
decides what any module answers there. So the toolkit reads nothing from facts. Its actions publish
what they have judged as host variables of another layer (EPHEMERAL_FACT), in which Ansible puts
only what an action has registered; and every part of the toolkit reads those alone.
"""

from collections.abc import Mapping
from typing import Protocol, TypedDict, cast

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase, VariableLayer
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks, SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Course

# What is published of a machine, by the name of its variable: its answer, what the images are made
# from (of the one that builds), the groups it belongs to, and the attacks on it; of all machines,
# the groups and the other names of each.
VARIABLES = {
    key: f"labocloud_{key}" for key in ("seat", "course", "lacks", "attacks", "groups", "twins")
}
# The variable of each part's verdict: the role's that works on that part.
VERDICTS = {
    "machine": "seat_verdict",
    "network": "seat_network_verdict",
    "packages": "room_store_verdict",
    "registry": "room_registry_verdict",
    "engine": "docker_engine_verdict",
    "students": "docker_engine_students_verdict",
    "build": "course_build_verdict",
    "images": "course_image_verdict",
    "container": "flask_container_verdict",
    "exercises": "exercises_verdict",
}


class HostVars(Protocol):
    """The variables of every machine, as Ansible has them; those of one are not rendered yet."""

    def __contains__(self, name: str, /) -> bool:
        """Return whether there is a machine of that name."""

    def raw_get(self, name: str, /) -> Mapping[str, object]:
        """Return the variables of a machine."""


class Variables(TypedDict):
    """The variables of a task, as far as Ansible itself has them there for every task."""

    inventory_hostname: str
    hostvars: HostVars
    groups: dict[str, list[str]]
    ansible_play_hosts_all: list[str]


class Published(TypedDict, total=False):
    """What is published of a machine; seat is None where it gave no facts.

    attacks: None where none were tried. groups: group to machines. twins: machine to other names.
    """

    seat: SeatFacts | None
    course: Course
    verdict: Mapping[str, Verdict]
    lacks: list[str]
    attacks: Attacks | None
    groups: dict[str, list[str]]
    twins: dict[str, list[str]]


def as_variables(values: Published) -> dict[str, object]:
    """Return the variables that values are published as."""
    others = {VARIABLES[key]: value for key, value in values.items() if key != "verdict"}
    return others | {VERDICTS[part]: value for part, value in values.get("verdict", {}).items()}


def publish(action: ActionBase, values: Published) -> None:
    """Have Ansible keep values of the machine that an action is about, as as_variables() has them.

    They are kept where the task succeeds. No fact that is in the task's result is kept beside them.
    """
    action.register_host_variables({}, VariableLayer.CACHEABLE_FACT)
    action.register_host_variables(as_variables(values), VariableLayer.EPHEMERAL_FACT)


def published(name: str, variables: Variables) -> Published:
    """Return what was published of a machine in this run, by key; nothing where it was not asked.

    variables: those of a task, of whichever machine.
    """
    hostvars = variables["hostvars"]
    if name == variables["inventory_hostname"]:
        of_machine: Mapping[str, object] = variables
    else:
        of_machine = hostvars.raw_get(name) if name in hostvars else {}
    values = {key: of_machine[name] for key, name in VARIABLES.items() if name in of_machine}
    # They are published together: one of these names alone is somebody's variable.
    if of_machine.keys() >= {*VERDICTS.values()}:
        values["verdict"] = {part: of_machine[name] for part, name in VERDICTS.items()}
    return cast("Published", values)


def refuse_injected_facts() -> None:
    """Raise AnsibleError where Ansible puts a machine's facts among the variables.

    There they take the place of what the inventory says: a machine could give any setting any
    value.
    """
    if constants.config.get_config_value("INJECT_FACTS_AS_VARS"):
        raise AnsibleError(
            str(
                Refusal(
                    "Ansible is set to take the facts that a machine tells for variables, by which"
                    " any seat could change the settings of all. Nothing was done",
                    "write inject_facts_as_vars = False under [defaults] in your ansible.cfg (or"
                    " set ANSIBLE_INJECT_FACT_VARS=False).",
                )
            )
        )
