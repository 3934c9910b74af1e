# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have a machine's apt install from the room's store, by the module of this name.

Arguments: packages and going, as the module has them. The result has environment, for the tasks
that install: it names apt's configuration for that, or is empty where the store is not used or the
machine cannot install from it. A warning says why it cannot; nothing of the machine has changed
then, and its own sources are used.
"""

from pathlib import Path
from typing import cast

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.labocloud.room.plugins.module_utils.package_source import (
    INDEX,
    PACKAGES,
    configuration,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    PackagesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine
from ansible_collections.labocloud.room.plugins.plugin_utils.store import index, manifest, sending
from ansible_collections.labocloud.room.plugins.plugin_utils.transfer import sending as sending_to

_LONGEST = 300


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("packages", "going"))

    def perform(self, variables: Variables) -> dict[str, object]:
        """Offer the machine the store, and send it what it lacks."""
        result: dict[str, object] = {"changed": False, "environment": {}}
        machine = Machine(self, variables)
        verdict = cast("PackagesVerdict", machine.published["verdict"]["packages"])
        if self._task.check_mode or not verdict.get("store"):
            return result
        try:
            changed = self._offer(machine, verdict)
        except AnsibleConnectionFailure:
            raise
        except (AnsibleError, OSError, ValueError) as error:
            why = printable(str(error))[:_LONGEST]
            warning = f"{machine.name} fetches its packages by itself, not from the store: {why}."
            return {**result, "warnings": [warning]}
        return {"changed": changed, "environment": {"APT_CONFIG": str(configuration())}}

    def _offer(self, machine: Machine, verdict: PackagesVerdict) -> bool:
        """Have the machine's apt use the store, and return whether it was sent packages.

        Raises AnsibleError, OSError, and ValueError where it cannot install from the store.
        """
        store = Path(machine.settings["room_store_directory"])
        name = verdict["store"]
        release = manifest.read(store).get(name)
        if release is None:
            raise ValueError(f"that has no packages for {name}")
        folder = manifest.folder(store, name)
        answer = self._ask(
            machine,
            {
                **self._task.args,
                "own": verdict["own"],
                "index": {file: (folder / file).read_text(encoding="utf-8") for file in INDEX},
                "source": index.source(f"file:{PACKAGES}", release["key"]),
            },
        )
        if problem := answer.get("problem"):
            raise ValueError(str(problem))
        files = answer.get("files")
        if not isinstance(files, list) or not release["files"].keys() >= {*map(str, files)}:
            raise ValueError("it asks for packages that are not in the store")
        if not files:
            return False
        archive, sha256 = sending.archive_of(store, name, release, sorted(map(str, files)))
        with sending_to(self) as src:
            self._connection.put_file(str(archive), src)
            self._ask(machine, {"src": src, "sha256": sha256})
        return True

    def _ask(self, machine: Machine, arguments: dict[str, object]) -> dict[str, object]:
        """Return the module's answer. Raises AnsibleError, and ValueError where it has failed."""
        answer = dict(ask(self, arguments, machine.variables))
        if answer.get("failed"):
            raise ValueError(str(answer.get("msg")).rstrip("."))
        return answer
