"""The plays of playbooks, as Ansible reads them."""

import functools
from pathlib import Path

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.playbook.play import Play
from ansible.vars.manager import VariableManager

PROJECT = Path(__file__).parents[2]


def plays_of(path: Path) -> list[Play]:
    """Return the plays of a playbook, and of those that it imports."""
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=["pc1,"])
    variables = VariableManager(loader, inventory)
    plays: list[Play] = Playbook.load(str(path), variables, loader).get_plays()
    return plays


@functools.cache
def plays_of_ours(name: str) -> list[Play]:
    """Return the plays of a playbook of the collection, such as site.yml."""
    return plays_of(PROJECT / "playbooks" / name)
