# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Send a seat an archive of images, and have the module of this name load it.

Arguments: the module's, but src and sha256, and archive, the beginning of the path under which the
control machine keeps it (plugins/action/image_archive.py).
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.passing import PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils.archives import kept


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _VALID_ARGS = frozenset(("archive", "images", "names", "forget", "docker_socket"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send and load."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        stem = arguments.pop("archive")
        try:
            found = kept(Path(stem))
        except OSError as error:
            return result | {"failed": True, "msg": f"the archive cannot be read: {error}"}
        if found is None:
            return result | {"failed": True, "msg": f"there is no whole archive {stem}"}
        archive, sha256 = found
        # A name of chance: nobody else can have put anything there. The module takes it from there.
        src = f"{PLACE}/{PREFIX}{secrets.token_hex(16)}"
        try:
            self._connection.put_file(str(archive), src)
            arguments |= {"src": src, "sha256": sha256}
            said: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
        except AnsibleError:
            with suppress(AnsibleError):
                self._low_level_execute_command(self._connection._shell.remove(src))
            raise
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result | said
