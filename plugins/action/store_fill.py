# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the first machine of a release fetch what all of them lack, by the module of this name.

Arguments: seats, the names of machines that were judged in this run. What has been fetched comes to
the control machine, which believes the archive's signature, and nothing that a machine says. Where
it does not come, a warning says why: each machine then fetches its packages by itself.
"""

import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from ansible.errors import AnsibleError
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils import transfer
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Fill,
    PackagesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables, published
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest, sending, taking

# A path in the module's answer becomes one of a command here: no other is taken.
PATH = re.compile(rf"{PLACE}/{PREFIX}\w+/[\w.]+", re.ASCII)
# Bytes. What the machines of a release lack has some 200 MB, and the archive's lists 10 MB.
LARGEST = 4_000 * transfer.MB
# Characters of a reason.
_LONGEST = 500


def share_of(name: str, seats: Iterable[str], variables: Variables) -> tuple[str, Fill] | None:
    """Return what a machine fetches for all that lack the same: which part of the store, and what.

    None where another machine of its release comes before it, or nothing is to be fetched. seats:
    the names of all machines that may lack something, in the room's order.
    """
    verdicts = {
        seat: cast("PackagesVerdict", published(seat, variables)["verdict"]["packages"])
        for seat in seats
    }
    mine = verdicts.get(name)
    if not mine or not mine["fill"]:
        return None
    same = {
        seat: verdict["fill"]
        for seat, verdict in verdicts.items()
        if verdict["store"] == mine["store"] and verdict["fill"]
    }
    if next(iter(same)) != name:
        return None
    kinds = {tuple(packages) for fill in same.values() for packages in fill["packages"]}
    return mine["store"], {**mine["fill"], "packages": [list(kind) for kind in sorted(kinds)]}


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("seats",))

    def perform(self, variables: Variables) -> dict[str, object]:
        """Have the packages fetched, and keep them."""
        machine = Machine(self, variables)
        share = share_of(machine.name, self._task.args["seats"], variables)
        if share is None:
            return {"changed": False}
        name, fill = share
        if self._task.check_mode:
            return {"changed": True, "msg": f"{machine.name} would fetch the packages of {name}."}
        store = Path(machine.settings["room_store_directory"])
        try:
            with sending.locked(store):
                fetched = self._fill(machine, store, name, fill)
        except (AnsibleError, OSError, ValueError) as error:
            why = printable(str(error))[:_LONGEST]
            warning = (
                f"Each machine of {name} fetches its packages by itself: {machine.name}: {why}"
            )
            return {"changed": False, "warnings": [warning]}
        return {"changed": True, "msg": f"{name}: {fetched}"}

    def _fill(self, machine: Machine, store: Path, name: str, fill: Fill) -> str:
        """Fill a part of the store, and return what came of it, in words.

        Raises AnsibleError, OSError, and ValueError where it cannot be filled.
        """
        there = manifest.read(store).get(name)
        wanted, filled = manifest.asked(there, fill["packages"], time.time())
        arguments = {
            **fill,
            "packages": wanted,
            "sources": machine.settings["room_store_sources"],
            "held": taking.held(store, name),
        }
        answer = ask(self, arguments, machine.variables)
        if answer.get("failed"):
            raise ValueError(str(answer.get("msg")).rstrip("."))
        path, size = str(answer.get("path")), answer.get("size")
        if not PATH.fullmatch(path) or not isinstance(size, int) or size < 0:
            raise ValueError(f"it does not tell what it has fetched, but {path[:80]!r}")
        partial = store / "fetched.part"
        try:
            why, _ = transfer.too_large(size, shutil.disk_usage(store).free, LARGEST)
            if why:
                raise ValueError(f"what it has fetched does not come here: {why}")
            transfer.fetch_file(self._connection.fetch_file, path, partial, size)
            taking.take(
                store,
                name,
                partial,
                suite=fill["suite"],
                architecture=fill["architecture"],
                wanted=wanted,
                filled=filled,
                now=time.time(),
            )
            sending.forget(store)
        finally:
            partial.unlink(missing_ok=True)
            shell = self._connection._shell
            self._low_level_execute_command(shell.remove(str(Path(path).parent), recurse=True))
        return f"{size // transfer.MB} MB fetched"
