# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Pack what an image is built from, have the module of this name build it, and judge the machine.

Arguments: the module's, but context and sha256. It publishes what the action C(seat) does, which
needs not be called after this one; and, of the control machine, src, the directory that holds the
Dockerfile, and also, directories that are packed too. It fails where the image cannot be built.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import Settings
from ansible_collections.labocloud.room.plugins.plugin_utils.course import BASE
from ansible_collections.labocloud.room.plugins.plugin_utils.packing import pack
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction
from ansible_collections.labocloud.room.plugins.plugin_utils.transfer import sending

# The name of a directory of wheels: the SHA-256 of what decides them.
DIGITS = re.compile("[0-9a-f]{64}")


def strange(src: Path, also: Iterable[Path], settings: Settings) -> Iterator[Path]:
    """Yield the directories, of those that are to be packed, that no image is made from.

    All of them would go to a machine of the room: it is decided here what is packed, whoever asks
    for it.
    """
    if src.resolve() not in (BASE.resolve(), Path(settings["course_image_project"]).resolve()):
        yield src
    wheels = Path(settings["course_image_cache"]) / "wheels"
    for directory in also:
        is_wheels = directory.parent == wheels and DIGITS.fullmatch(directory.name)
        if not is_wheels or directory.is_symlink():
            yield directory


def build_context(machine: Machine, src: Path, also: list[Path]) -> bytes:
    """Return the build context. Raises AnsibleActionFail where no image can be made from it."""
    for path in strange(src, also, machine.settings):
        raise AnsibleActionFail(
            f"{machine.name}: {path} is not sent to the machine that builds, since no image is made"
            " from it: what is sent are course_image_project, the base's own files, and the"
            " wheels in course_image_cache that were downloaded for it."
        )
    try:
        return pack(src, also)
    except OSError as error:
        why = f"{machine.name}: {src} cannot be packed: {error}"
        fix = "let this account read all of it."
        raise AnsibleActionFail(str(Refusal(why, fix))) from error


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    # An image cannot be built for show.
    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        ("src", "also", "name", "build_args", "labels", "forget", "aside", "docker_socket")
    )

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Pack and send the build context, have the image built, and judge the machine."""
        arguments = dict(self._task.args)
        src, also = Path(arguments.pop("src")), arguments.pop("also", None) or []
        context = build_context(machine, src, [Path(directory) for directory in also])
        with sending(self) as path:
            self._transfer_data(path, context)
            arguments |= {"context": path, "sha256": sha256(context).hexdigest()}
            return machine.change(arguments)
