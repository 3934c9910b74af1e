# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have images saved by the module of this name, and fetch the archive, where it is not kept yet.

Arguments: the module's, and archive, the beginning of the path that the archive gets on the control
machine.
"""

import re
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.passing import NAME, PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils.archives import keep, kept

# What the module tells becomes a path of a command: nothing else does.
PATH = re.compile(rf"{PLACE}/{PREFIX}\w+/{re.escape(NAME)}", re.ASCII)


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _VALID_ARGS = frozenset(("archive", "images", "skip_layers"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Save and fetch."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        stem = Path(arguments.pop("archive"))
        try:
            stem.parent.mkdir(parents=True, exist_ok=True)
            if kept(stem):
                return result | {"changed": False}
            said: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
            if said.get("failed"):
                return {**result, **said}
            self.fetch(said, stem)
        except (OSError, ValueError) as error:
            return result | {"failed": True, "msg": f"the images cannot be fetched: {error}"}
        return result | {"changed": True}

    def fetch(self, said: dict[str, Any], stem: Path) -> None:
        """Fetch what the module has made, and remove it there. Raises OSError and ValueError.

        The connection fetches as the user who connects: as root, the archive would pass through
        memory.
        """
        path = str(said.get("path"))
        if not PATH.fullmatch(path):
            raise ValueError(f"the archive is at {path[:80]!r}")
        part = stem.with_name(f"{stem.name}.part")
        try:
            self._connection.fetch_file(path, str(part))
            keep(part, stem, str(said.get("sha256")))
        finally:
            part.unlink(missing_ok=True)
            shell = self._connection._shell
            self._low_level_execute_command(shell.remove(str(Path(path).parent), recurse=True))
