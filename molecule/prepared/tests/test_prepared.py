"""A seat that others begin with: it is ready but for what no machine has when it starts."""

import re

from instances import machine
from playbook import run, said, seats

IDENTITIES = "cat /etc/machine-id; docker info --format '{{.ID}}'"


def test_nothing_but_the_container_is_lacking_and_then_nothing_is() -> None:
    """Nothing is installed, built or sent anew."""
    first = run("all")
    assert "2 seats ready." in said(first)
    assert re.findall(r"changed=(\d+)", first.stdout) == ["1", "1"]
    assert "Let a new container take over" in first.stdout
    again = run("all")
    assert re.findall(r"changed=(\d+)", again.stdout) == ["0", "0"]


def test_each_is_a_machine_of_its_own() -> None:
    identities = [machine(name).check_output(IDENTITIES).split() for name in seats()]
    assert all(len(ids) == 2 for ids in identities)
    assert len({identity for ids in identities for identity in ids}) == 4
