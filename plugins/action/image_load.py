# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Send a seat an archive of images, have the module of this name load it, and judge the seat then.

Arguments: the module's. Where the archive does not lie on the seat, for src and sha256 there is
archive, the beginning of the path under which the control machine keeps it
(plugins/action/image_archive.py). It publishes what the action seat does.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ansible.errors import AnsibleActionFail
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.archives import kept
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import (
    Explain,
    Machine,
    SeatAction,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.transfer import sending


def whole_archive(stem: str, explain: Explain) -> tuple[Path, str]:
    """Return where an archive is kept, and its SHA-256.

    stem: the beginning of its path. Raises AnsibleActionFail where it is not there whole.
    """
    try:
        archive = kept(Path(stem))
    except (OSError, ValueError) as error:
        why = f"the archive cannot be read: {error}"
        raise AnsibleActionFail(explain({"msg": why})) from error
    if archive is None:
        raise AnsibleActionFail(explain({"msg": f"there is no whole archive {stem}"}))
    return archive


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _supports_check_mode = False
    _VALID_ARGS = frozenset(
        ("archive", "src", "sha256", "images", "names", "forget", "docker_socket")
    )

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Send the archive, have it loaded, and judge the seat."""
        arguments = dict(self._task.args)
        # A seat without facts is refused before it is sent anything.
        root = cast("SeatFacts", machine.published["seat"])["docker"]["root"]

        def explain(failure: Mapping[str, object]) -> str:
            why = printable(str(failure.get("msg"))).strip().rstrip(".")
            return str(
                Refusal(
                    f"{machine.name} keeps the images that it had, since the new ones cannot be"
                    f" loaded: {why}",
                    f"where the disk is full, make room at {root} or /var/tmp; then the same"
                    " command again.",
                )
            )

        if "archive" not in arguments:
            return machine.change(arguments, explain)
        archive, sha256 = whole_archive(arguments.pop("archive"), explain)
        with sending(self) as src:
            self._connection.put_file(str(archive), src)
            arguments |= {"src": src, "sha256": sha256}
            return machine.change(arguments, explain)
