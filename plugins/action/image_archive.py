# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the images saved that seats lack, by the module of this name, and fetch what is not kept.

Arguments: seats, the names of machines that were judged in this run. An archive leaves out the
layers that a seat has, and so there is one for each kind of seat; its verdict says where that is
kept on the control machine. Or images, as the module has it: then the archive stays where it is
made, for an engine that takes the place of the one that has them.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from ansible_collections.labocloud.room.plugins.module_utils.images.passing import (
    NAME,
    PLACE,
    PREFIX,
)
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils import archives, transfer
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import (
    Archive,
    ImagesVerdict,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.published import Variables, published

# A path in the module's answer becomes one of a command here: no other is taken.
PATH = re.compile(rf"{PLACE}/{PREFIX}\w+/{re.escape(NAME)}", re.ASCII)

# Bytes. The course's own archive has 28 MB; with what a teacher adds it may have some GB.
LARGEST = 20_000 * transfer.MB
FIX = (
    "make room, or the images smaller; or set course_image_delivery to registry, with which none"
    " pass through here"
)


def kinds_of_archives(seats: list[str], variables: Variables) -> list[Archive]:
    """Return the archive of each kind of seat that lacks images."""
    kinds: dict[str, Archive] = {}
    for seat in seats:
        verdict = cast("ImagesVerdict", published(seat, variables)["verdict"]["images"])
        if verdict["lacking"]:
            kinds[verdict["archive"]["archive"]] = verdict["archive"]
    return list(kinds.values())


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(("seats", "images"))

    def perform(self, variables: Variables) -> dict[str, object]:
        """Have the images saved, and fetch the archives."""
        result: dict[str, object] = {"changed": False}
        if images := self._task.args.get("images"):
            return {**result, **ask(self, {"images": images}, variables)}
        try:
            for archive in kinds_of_archives(self._task.args["seats"], variables):
                stem = archives.checked(Path(archive["archive"]))
                stem.parent.mkdir(parents=True, exist_ok=True)
                if archives.kept(stem):
                    continue
                arguments = {key: archive[key] for key in ("images", "skip_layers")}
                answer = ask(self, arguments, variables)
                if answer.get("failed"):
                    return {**result, **answer}
                self._fetch(answer, stem)
                result["changed"] = True
        except (OSError, ValueError) as error:
            return result | {"failed": True, "msg": f"the images cannot be fetched: {error}"}
        return result

    def _fetch(self, answer: Mapping[str, object], stem: Path) -> None:
        """Fetch the archive that the module has made, and remove it there.

        The connection fetches as the user who connects: as root, the archive would pass through
        memory. No more is fetched than was announced. Raises OSError and ValueError.
        """
        path, size = str(answer.get("path")), answer.get("size")
        if not PATH.fullmatch(path):
            raise ValueError(f"the archive is at {path[:80]!r}")
        partial = stem.with_name(f"{stem.name}{archives.PARTIAL}")
        try:
            if not isinstance(size, int) or size < 0:
                raise ValueError("it is not told how large the archive is")
            why, _ = transfer.too_large(size, shutil.disk_usage(stem.parent).free, LARGEST)
            if why:
                raise ValueError(Refusal(why, FIX))
            transfer.fetch_file(self._connection.fetch_file, path, partial, size)
            archives.keep(partial, stem, str(answer.get("sha256")))
        except Exception:
            self._remove(path)
            raise
        # Where the task's time is over, which is no Exception, there is none for this either: the
        # module removes it a day later.
        else:
            self._remove(path)
        finally:
            partial.unlink(missing_ok=True)

    def _remove(self, path: str) -> None:
        """Remove an archive, with its directory, where it was made."""
        shell = self._connection._shell
        self._low_level_execute_command(shell.remove(str(Path(path).parent), recurse=True))
