# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Publish what a run has found out about machines, as variables that no machine can write.

Ansible keeps the facts in the answer of every module, also of its own ones, and root of a machine
decides what any module answers there. So the toolkit reads nothing from facts. Its actions publish
what they have judged as host variables of another layer (EPHEMERAL_FACT), in which Ansible puts
only what an action has registered; and every part of the toolkit reads those alone.
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase, VariableLayer

PREFIX = "labocloud_"
# Of a machine are published its facts, what the images are made from (of the one that builds), the
# verdict on it, the groups that it belongs to and what came of the attacks on it; of all machines,
# the groups and the other names of each.
KEYS = ("seat", "course", "verdict", "lacks", "attacks", "groups", "twins")


def publish(action: ActionBase, values: Mapping[str, Any]) -> None:
    """Have Ansible keep values of the machine that an action is about, by keys of KEYS.

    They are kept where the task succeeds. No fact that is in the task's result is kept beside them.
    """
    action.register_host_variables({}, VariableLayer.CACHEABLE_FACT)
    variables = {f"{PREFIX}{key}": value for key, value in values.items()}
    action.register_host_variables(variables, VariableLayer.EPHEMERAL_FACT)


def published(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was published of a machine in this run, by key; nothing where it was not asked.

    variables: those of a task, of whichever machine.
    """
    hostvars = variables["hostvars"]
    if name == variables["inventory_hostname"]:
        of_machine: Mapping[str, Any] = variables
    else:
        of_machine = hostvars.raw_get(name) if name in hostvars else {}
    return {key: of_machine[f"{PREFIX}{key}"] for key in KEYS if f"{PREFIX}{key}" in of_machine}


def refuse_injected_facts() -> None:
    """Raise AnsibleError where Ansible puts a machine's facts among the variables.

    There they take the place of what the inventory says: a machine could give any setting any
    value.
    """
    if constants.config.get_config_value("INJECT_FACTS_AS_VARS"):
        raise AnsibleError(
            "Ansible is set to take the facts that a machine tells for variables, by which any seat"
            " could change the settings of all. Nothing was done. Fix: write inject_facts_as_vars ="
            " False under [defaults] in your ansible.cfg (or set ANSIBLE_INJECT_FACT_VARS=False)."
        )
