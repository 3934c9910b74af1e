# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Send a seat an archive of images, have the module of this name load it, and judge the seat then.

Arguments: the module's. Where the archive does not lie on the seat, for src and sha256 there is
archive, the beginning of the path under which the control machine keeps it
(plugins/action/image_archive.py). It publishes what the action seat does.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils.archives import kept
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.published import published


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        ("archive", "src", "sha256", "images", "names", "forget", "docker_socket")
    )

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Send and load."""
        self._root = published(name, variables)["seat"]["docker"]["root"]
        if "archive" not in self._task.args:
            return super().asked(name, want, variables)
        archive, self._sha256 = self.archive(want)
        # A name of chance: nobody else can have put anything there. The module takes it from there.
        self._src = f"{PLACE}/{PREFIX}{secrets.token_hex(16)}"
        try:
            self._connection.put_file(str(archive), self._src)
            return super().asked(name, want, variables)
        except AnsibleActionFail:
            raise
        except AnsibleError:
            with suppress(AnsibleError):
                self._low_level_execute_command(self._connection._shell.remove(self._src))
            raise

    def archive(self, want: dict[str, Any]) -> tuple[Path, str]:
        """Give where the archive is, and its SHA-256. Raises AnsibleActionFail."""
        stem = self._task.args["archive"]
        try:
            found = kept(Path(stem))
        except (OSError, ValueError) as error:
            why = f"the archive cannot be read: {error}"
            raise AnsibleActionFail(self.words({"msg": why}, want)) from error
        if found is None:
            raise AnsibleActionFail(self.words({"msg": f"there is no whole archive {stem}"}, want))
        return found

    def more(self) -> dict[str, Any]:
        """Give the module's arguments."""
        arguments = super().more()
        if arguments.pop("archive", None) is None:
            return arguments
        return arguments | {"src": self._src, "sha256": self._sha256}

    def undone(self, answer: Mapping[str, Any], want: Mapping[str, Any]) -> str:
        """Say that the images could not be loaded, and what to do."""
        return (
            f"{want['name']} keeps the images that it had, since the new ones cannot be loaded:"
            f" {printable(str(answer.get('msg'))).strip()} Fix: where the disk is full, make room"
            f" at {self._root} or /var/tmp; then the same command again."
        )
