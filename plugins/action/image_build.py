# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack what an image is built from, have the module of this name build it, and judge the machine.

Arguments: the module's, but context and sha256. It publishes what the action C(seat) does, which
needs not be called after this one; and, of the control machine, src, the directory that holds the
Dockerfile, and also, directories that are packed too. It fails where the image cannot be built.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.module_utils.passing import PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    # An image cannot be built for show.
    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        ("src", "also", "name", "build_args", "labels", "forget", "aside", "docker_socket")
    )

    def more(self) -> dict[str, Any]:
        """Give what the module is to build, and where that has arrived."""
        asked = {key: value for key, value in self._task.args.items() if key not in ("src", "also")}
        return {**asked, **self._sent}

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Pack and send the build context, and give the module's answer.

        Raises the connection's error, or one with the module's.
        """
        context = self.packed(name)
        # A name of chance: nobody else can have put anything there. The module takes it from there.
        path = f"{PLACE}/{PREFIX}{secrets.token_hex(16)}"
        self._sent = {"context": path, "sha256": sha256(context).hexdigest()}
        try:
            self._transfer_data(path, context)
            return super().asked(name, want, variables)
        except AnsibleActionFail:  # the module has run, and taken it away
            raise
        except AnsibleError:
            with suppress(AnsibleError):
                self._low_level_execute_command(self._connection._shell.remove(path))
            raise

    def packed(self, name: str) -> bytes:
        """Give the build context. Raises AnsibleActionFail where it cannot be read."""
        arguments: Mapping[str, Any] = self._task.args
        src = Path(arguments["src"])
        try:
            return pack(src, [Path(directory) for directory in arguments.get("also") or []])
        except OSError as error:
            why = f"{src} cannot be packed: {error}. Fix: let this account read all of it"
            raise AnsibleActionFail(f"{name}: {why}.") from error
