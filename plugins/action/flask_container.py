# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the course's container run by the module of this name, and judge what the machine has then.

The arguments are the module's, and it publishes what the action C(seat) does: an update that ends
at another seat leaves none unjudged. The task fails where the container cannot be made or does not
answer, and where it is not as it should be then; with what to do, by the settings' own names.
"""

from collections.abc import Mapping

from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import printable
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_action import Machine, SeatAction

# Characters of a revision that people are shown.
SHORT = 12
MADE_OF = ("name", "image", "memory", "pids_limit")


def not_made(failure: Mapping[str, object], settings: Mapping[str, object]) -> str:
    """Return that no container can be made, and what to do."""
    name = settings["name"]
    parts = [f"flask_container_{key} ({settings[f'flask_container_{key}']})" for key in MADE_OF]
    what = (
        f"{name}: the new {settings['flask_container_name']} cannot be made"
        f" ({printable(str(failure.get('msg')))}). What {name} has served it serves on"
    )
    fix = f"correct what is refused; the settings are {', '.join(parts[:-1])} and {parts[-1]}."
    return str(Refusal(what, fix))


def not_answering(failure: Mapping[str, object], settings: Mapping[str, object]) -> str:
    """Return that a new container does not answer, what answers meanwhile, and what to do.

    failure: what is taken of the module's answer, or what is left of that where it was ended.
    """
    name, log = settings["name"], printable(str(failure.get("log") or "")).strip()
    if "revision" not in failure:
        serves = "what cannot be told from here"
    elif failure["revision"] is None:
        serves = "no page now"
    else:
        serves = f"the revision {str(failure['revision'])[:SHORT] or '(none)'} as before"
    what = (
        f"{name}: the new {settings['flask_container_name']} does not answer"
        f" ({printable(str(failure.get('msg') or 'no reason given'))}). Its log ends with:"
        f" {log or '(nothing)'}\n{name} serves {serves}"
    )
    fix = (
        f"correct the app (app/), or give it"
        f" more flask_container_memory ({settings['flask_container_memory']}) or"
        f" flask_container_start_timeout ({settings['flask_container_start_timeout']} s); or, where"
        f" Docker refuses it, another flask_container_bind_address"
        f" ({settings['flask_container_bind_address']}) or flask_container_host_port"
        f" ({settings['flask_container_host_port']})."
    )
    return str(Refusal(what, fix))


class ActionModule(SeatAction):
    """The action, by the name that Ansible looks for."""

    _VALID_ARGS = frozenset(
        (
            *("state", "name", "successor", "container", "own", "left", "replaces", "differs"),
            *("timeout", "docker_socket"),
        )
    )

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Have the container run, or be gone, and judge what came of it."""
        if self._task.args.get("state") == "absent":
            return machine.change(self._task.args)

        def explain(failure: Mapping[str, object]) -> str:
            words = not_answering if failure.get("made", True) else not_made
            return words(failure, machine.settings)

        result = machine.change(self._task.args, explain, returned=["revision"])
        verdicts = machine.published["verdict"]
        found = [*verdicts["machine"]["refused"], *verdicts["container"]["findings"]]
        wrong = [finding for finding in found if finding["severity"] == "error"]
        if self._task.check_mode or not wrong:
            return result
        return result | {"failed": True, "msg": f"{machine.name}: {in_words(wrong)}"}
