# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask a machine what it has, by the module of this name, and judge it.

Arguments: anew, whether to ask although it was asked in this run, since something was changed;
refuse, the parts for which the task fails where they cannot be worked on; prove, whether it fails
where anything is wrong, and still is when it is asked once more. Without these it never fails: one
that cannot be asked is judged, too.

It publishes (plugins/plugin_utils/published.py) labocloud_seat, what the machine says, in its
documented shape (plugins/modules/seat.py), none where it said nothing; labocloud_verdict, part to
verdict (plugins/plugin_utils/judge); labocloud_lacks, the groups that it belongs to from now on;
and of the machine that builds labocloud_course, the digests of what the course image is made from.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import (
    AnsibleActionFail,
    AnsibleActionSkip,
    AnsibleConnectionFailure,
    AnsibleError,
)
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.plugin_utils import settings
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.course import course
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import (
    container,
    errors,
    groups,
    judge,
    silence,
    silent,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, printable
from ansible_collections.labocloud.room.plugins.plugin_utils.published import publish, published
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import shaped, timed

# Bytes. The name is that of files and directories too, with something before or behind it.
LONGEST_NAME = 200
# Of what a module tells that has failed; the last are of one that has died.
OF_A_FAILURE = (
    *("failed", "msg", "changed", "made", "revision", "log"),
    *("module_stderr", "module_stdout"),
)
# Characters. The last lines of a build have some thousands.
LONGEST_WORDS = 10_000


def doubtful(facts: Mapping[str, Any]) -> bool:
    """Tell whether a machine may be as it should be by now, and was not when it was asked.

    One that has just been switched on may still have been starting its services; of one that was
    off, or is refused, nothing has changed.
    """
    verdicts = facts.get("verdict", {})
    refused = any(one["refused"] for one in verdicts.values())
    return bool(facts.get("seat")) and not refused and bool(errors(verdicts))


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset(("anew", "refuse", "prove"))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ask, where it is not known yet, and judge."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = self._task.args
        name = str(self._task.delegate_to or variables["inventory_hostname"])
        refuse, prove = arguments.get("refuse") or [], boolean(arguments.get("prove", False))
        facts = published(name, variables)
        known_of_it = {
            "twins": facts.get("twins", {}).get(name, []),
            "attacks": facts.get("attacks"),
        }
        want = self.want(name, variables) | known_of_it
        told: dict[str, Any] = {"seat": facts.get("seat"), "attacks": known_of_it["attacks"]}
        doubted = prove and not self._task.check_mode and doubtful(facts)
        if self.asks_anew() or doubted or not (told["seat"] or "verdict" in facts):
            answer = self.asked(name, want, variables)
            if isinstance(answer, AnsibleConnectionFailure) and (refuse or prove):
                raise answer
            why = silence(name, answer)
            told["seat"] = None if why else timed(shaped(answer), time.time())
            verdicts = silent(why) if why else {}
        else:
            verdicts = facts.get("verdict", {})
        if told["seat"]:
            builder = want["room"]["builder"]
            if builder == name:
                told["course"] = facts.get("course") or course(want, told["seat"])
            known = told if builder == name else published(builder, variables)
            verdicts = judge(told["seat"], want, known if known.get("seat") else {})
        told |= {"verdict": verdicts, "lacks": groups(verdicts)}
        result |= {"changed": False, UNSHOWN: told}
        wrong = errors(verdicts) if prove else []
        if refuse:
            parts = dict.fromkeys(["machine", *refuse])
            wrong = [one for part in parts for one in verdicts[part]["refused"]]
        if wrong and not (prove and self._task.check_mode):
            # Of what has failed, Ansible does not look whether it was reached.
            if wrong[0]["id"] == "unreachable":
                result |= {"unreachable": True, "msg": verdicts["machine"]["why"]}
            else:
                result |= {"failed": True, "msg": f"{name}: {in_words(wrong)}"}
        publish(self, told)
        return result

    def asks_anew(self) -> bool:
        """Tell whether the machine is asked although its answer is known."""
        return bool(boolean(self._task.args.get("anew", False)))

    def more(self) -> dict[str, Any]:
        """Give what else the module is given."""
        return {}

    def want(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Give what a machine is to be like, as the judge takes it."""
        mine = self._task.delegate_to is None or name == variables["inventory_hostname"]
        return settings.wanted(name, variables, self._loader, self._templar, mine=mine)

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Give the module's answer, or the error that the connection gave instead."""
        if len(os.fsencode(name)) > LONGEST_NAME:
            why = f"{name[:20]}… is a name of {len(name)} characters, too long for a file's"
            fix = "give the seat a shorter one in the inventory, and its address as ansible_host"
            return AnsibleError(f"{why}. Fix: {fix}.")
        registry = want["room"]["registry"]
        rooms = [registry[key] for key in ("at", "mirror") if registry[key]]
        arguments = {
            "control_time": time.time(),
            "registries": [*want["seat_registries"], *rooms],
            "own_registries": rooms if registry["host"] == name else [],
            "page_container": want["flask_container_name"],
            "page_url": container.url(want),
            "students_group": want["docker_engine_group"],
            **self.more(),
        }
        try:
            return ask(self, arguments, variables)
        except AnsibleError as error:
            return error
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)


class Changing(ActionModule):
    """The action of a module that changes a machine, and answers what it has afterwards.

    Arguments: the module's own, but those that it shares with the module seat, which are given
    here. It judges that answer, so that no further question is needed. Unlike the action seat it
    fails where the machine cannot be reached, or cannot do it.
    """

    # What else of the module's answer is the task's result.
    TOLD: tuple[str, ...] = ("changed", "diff")

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have it changed, and judge the answer."""
        self._said: dict[str, Any] = {}
        result = super().run(tmp, task_vars)
        return result | {key: self._said[key] for key in self.TOLD if key in self._said}

    def asks_anew(self) -> bool:
        """Tell that the machine is asked: it is to change something."""
        return True

    def more(self) -> dict[str, Any]:
        """Give what it is to change."""
        return dict(self._task.args)

    def words(self, answer: Mapping[str, Any], want: Mapping[str, Any]) -> str:
        """Say why it failed. answer: what the module gave, msg at least.

        Where it has changed the machine all the same, what it was to do is not what failed.
        """
        if answer.get("changed"):
            return Changing.undone(self, answer, want)
        return self.undone(answer, want)

    def undone(self, answer: Mapping[str, Any], want: Mapping[str, Any]) -> str:
        """Say why it was not done, and, where the module does not, what to do."""
        return f"{want['name']}: {printable(str(answer.get('msg', '')))}"

    def asked(
        self, name: str, want: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any] | AnsibleError:
        """Give the module's answer. Raises the connection's error, or one with the module's."""
        answer = super().asked(name, want, variables)
        if isinstance(answer, AnsibleError):
            raise answer
        if answer.get("failed"):
            told = failing(answer)
            words = self.words(told, want)
            # Of two messages, Ansible shows the result's.
            raise AnsibleActionFail(words, result={**told, "msg": words})
        if answer.get("skipped"):
            raise AnsibleActionSkip(str(answer.get("msg", "")), result=answer)
        # Of one whose answer is not taken, the tasks that follow would know nothing.
        if why := silence(name, answer):
            raise AnsibleActionFail(f"{name}: {in_words([why])}")
        self._said = answer
        return answer


def failing(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is taken of the answer of a module that has failed: a few texts, of some length.

    What it calls its facts is what a seat says, and no verdict.
    """
    told = {key: answer[key] for key in OF_A_FAILURE if key in answer}
    return {
        key: value if value is None or isinstance(value, bool) else str(value)[:LONGEST_WORDS]
        for key, value in told.items()
    }
