# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack what an image is built from, have the module of this name build it, and judge the machine.

Arguments: the module's, but context and sha256. It publishes what the action C(seat) does, which
needs not be called after this one; and, of the control machine, src, the directory that holds the
Dockerfile, and also, directories that are packed too. It fails where the image cannot be built.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.module_utils.images.passing import PLACE, PREFIX
from ansible_collections.labocloud.room.plugins.plugin_utils.course import BASE
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack

# The name of a directory of wheels: the SHA-256 of what decides them.
DIGITS = re.compile("[0-9a-f]{64}")


def strange(src: Path, also: Iterable[Path], want: Mapping[str, Any]) -> Iterator[Path]:
    """Yield what no image is made from, of what is to be packed.

    All of it goes to a machine of the room: what is packed is decided here, whoever asks for it.
    """
    if src.resolve() not in (BASE.resolve(), Path(want["course_image_project"]).resolve()):
        yield src
    for directory in also:
        fetched = directory.parent == Path(want["course_image_cache"]) / "wheels"
        if not fetched or not DIGITS.fullmatch(directory.name) or directory.is_symlink():
            yield directory


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
        context = self.packed(name, want)
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

    def packed(self, name: str, want: Mapping[str, Any]) -> bytes:
        """Return the build context.

        Raises AnsibleActionFail where it cannot be read, or is not what an image is made from.
        """
        arguments: Mapping[str, Any] = self._task.args
        src = Path(arguments["src"])
        also = [Path(directory) for directory in arguments.get("also") or []]
        for path in strange(src, also, want):
            raise AnsibleActionFail(
                f"{name}: {path} is not sent to the machine that builds, since no image is made"
                " from it: what is sent are course_image_project, the base's own files, and the"
                " wheels in course_image_cache that were downloaded for it."
            )
        try:
            return pack(src, also)
        except OSError as error:
            why = f"{src} cannot be packed: {error}. Fix: let this account read all of it"
            raise AnsibleActionFail(f"{name}: {why}.") from error
