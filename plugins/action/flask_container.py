# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the course's container run by the module of this name, and judge what the machine has then.

The arguments are the module's, and the facts those of the action seat: an update that ends at
another seat leaves none unjudged. Where the container is not as it should be then, the task fails,
as where it cannot be made or does not answer; with what to do, by the settings' own names.
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.labocloud.room.plugins.action import seat
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, printable

SHORT = 12
MADE_OF = ("name", "image", "memory", "pids_limit")


def not_made(told: Mapping[str, Any], want: Mapping[str, Any]) -> str:
    """Say that no container can be made, and what to do. told: what the module gave."""
    name = want["name"]
    settings = [f"flask_container_{key} ({want[f'flask_container_{key}']})" for key in MADE_OF]
    return (
        f"{name}: the new {want['flask_container_name']} cannot be made"
        f" ({printable(str(told.get('msg')))}). What {name} has served it serves on. Fix: correct"
        f" what is refused; the settings are {', '.join(settings[:-1])} and {settings[-1]}."
    )


def no_answer(told: Mapping[str, Any], want: Mapping[str, Any]) -> str:
    """Say that a new container does not answer, what answers meanwhile, and what to do.

    told: what the module gave, or what is left of that where it was ended.
    """
    name, log = want["name"], printable(str(told.get("log") or "")).strip()
    if "revision" not in told:
        serves = "what cannot be told from here."
    elif told["revision"] is None:
        serves = "no page now."
    else:
        serves = f"the revision {str(told['revision'])[:SHORT] or '(none)'} as before."
    return (
        f"{name}: the new {want['flask_container_name']} does not answer"
        f" ({printable(str(told.get('msg') or 'no reason given'))}). Its log ends with:"
        f" {log or '(nothing)'}\n{name} serves {serves} Fix: correct the app (app/), or give it"
        f" more flask_container_memory ({want['flask_container_memory']}) or"
        f" flask_container_start_timeout ({want['flask_container_start_timeout']} s); or, where"
        f" Docker refuses it, another flask_container_bind_address"
        f" ({want['flask_container_bind_address']}) or flask_container_host_port"
        f" ({want['flask_container_host_port']})."
    )


class ActionModule(seat.Changing):
    """The action, as Ansible looks for it."""

    _VALID_ARGS = frozenset(
        (
            *("state", "name", "successor", "container", "own", "left", "replaces", "differs"),
            *("timeout", "docker_socket"),
        )
    )
    TOLD = (*seat.Changing.TOLD, "revision")

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have it run, or be gone, and judge what came of it."""
        result = super().run(tmp, task_vars)
        if self._task.check_mode or not self.comes():
            return result
        verdicts = result[UNSHOWN]["verdict"]
        found = [*verdicts["machine"]["refused"], *verdicts["container"]["findings"]]
        wrong = [one for one in found if one["severity"] == "error"]
        if not wrong:
            return result
        name = (task_vars or {})["inventory_hostname"]
        return result | {"failed": True, "msg": f"{name}: {in_words(wrong)}"}

    def comes(self) -> bool:
        """Tell whether a container is to run, and not to be gone."""
        return bool(self._task.args.get("state") != "absent")

    def undone(self, answer: Mapping[str, Any], want: Mapping[str, Any]) -> str:
        """Say what has failed: to make it, or to have it answer."""
        if not self.comes():
            return super().undone(answer, want)
        made = answer.get("made", True)
        return no_answer(answer, want) if made else not_made(answer, want)
