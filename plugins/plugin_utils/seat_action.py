# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Ask the machine that a task is about, judge its answer, and publish both.

An action plugin whose module answers what a machine has is a SeatAction, and says what the
module is to do. What is published is in plugins/plugin_utils/published.py.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleActionSkip, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks, SeatFacts
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils import judge
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import Answer, NoConnection
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.verdicts import Verdict
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    Builder,
    Settings,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.course import course
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import UNSHOWN, printable
from ansible_collections.labocloud.room.plugins.plugin_utils.published import (
    Published,
    Variables,
    publish,
    published,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.seat_shape import shaped, timed
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import settings_of
from ansible_collections.labocloud.room.plugins.plugin_utils.store import manifest

# Says why a module has failed that has changed nothing, by what is taken of its answer.
Explain = Callable[[Mapping[str, object]], str]

# Bytes. The name is that of files and directories too, with something before or behind it.
LONGEST_NAME = 200
# What is taken of the answer of a module that has failed; the last two are of one that has died.
OF_A_FAILURE = (
    *("failed", "msg", "changed", "made", "revision", "log"),
    *("module_stderr", "module_stdout"),
)
# Characters. The last lines of a build have some thousands.
LONGEST_WORDS = 10_000
# What is taken of the answer of any module that has changed a machine, besides what that has then.
OF_A_CHANGE = ("changed", "diff")


class Machine:
    """The machine that a task is about.

    name: of a task that is delegated, that of the machine it is delegated to. variables: the
    task's. published: what this run has published of it. settings: what it is to be like.

    Raises AnsibleError where machines could change variables.
    """

    def __init__(self, action: ActionBase, variables: Variables) -> None:
        self._action, self.variables = action, variables
        host, delegate = variables["inventory_hostname"], action._task.delegate_to
        self.name = str(delegate or host)
        self.published = published(self.name, variables)
        self.settings = settings_of(
            self.name,
            variables,
            action._loader,
            action._templar,
            mine=delegate is None or self.name == host,
        )

    def ask(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Return what the module of the action's name answers.

        arguments: those that are the module's own; the others, which are about what it answers, are
        added here. Raises AnsibleError as asking.ask() does, and where the name is too long.
        """
        if len(os.fsencode(self.name)) > LONGEST_NAME:
            raise AnsibleError(
                str(
                    Refusal(
                        f"{self.name[:20]}… is a name of {len(self.name)} characters, too long for"
                        " a file's",
                        "give the seat a shorter one in the inventory, and its address as"
                        " ansible_host.",
                    )
                )
            )
        registry = self.settings["room"]["registry"]
        rooms = [address for address in (registry["at"], registry["mirror"]) if address]
        question = {
            "control_time": time.time(),
            "registries": [*self.settings["seat_registries"], *rooms],
            "own_registries": rooms if registry["host"] == self.name else [],
            "page_container": self.settings["flask_container_name"],
            "page_url": judge.container.url(self.settings),
            "students_group": self.settings["docker_engine_group"],
        }
        return ask(self._action, {**question, **arguments}, self.variables)

    def change(
        self,
        arguments: Mapping[str, object],
        explain: Explain | None = None,
        *,
        returned: Sequence[str] = (),
    ) -> dict[str, object]:
        """Have the module change the machine, judge what it has then, and return the task's result.

        arguments: as of ask(). explain: what is said where the module has failed; the default is
        its own words, also where it has changed the machine all the same, as what it was to do is
        not what has failed then. returned: what of the module's own answer is in the result too.

        Raises AnsibleActionFail where the module has failed or its answer is not taken,
        AnsibleActionSkip where it was skipped, and AnsibleError as ask() does.
        """
        answer = self.ask(arguments)
        if answer.get("failed"):
            failure = _failure(answer)
            words = f"{self.name}: {printable(str(failure.get('msg', '')))}"
            if explain and not failure.get("changed"):
                words = explain(failure)
            # Of two messages, Ansible shows the result's.
            raise AnsibleActionFail(words, result={**failure, "msg": words})
        if answer.get("skipped"):
            raise AnsibleActionSkip(str(answer.get("msg", "")), result=answer)
        # The tasks that follow would know nothing of a machine whose answer is not taken.
        if found := judge.silence(self.name, answer):
            raise AnsibleActionFail(f"{self.name}: {in_words([found])}")
        result = self._judge(timed(shaped(answer), time.time()))
        return result | {key: answer[key] for key in (*OF_A_CHANGE, *returned) if key in answer}

    def judge_answer(self, answer: Answer) -> dict[str, object]:
        """Judge the machine by what it has just answered, publish it, and return the result."""
        if isinstance(answer, NoConnection):
            return self._publish(
                None, judge.silent(judge.unanswered(self.name, answer.why), answer.why)
            )
        if found := judge.silence(self.name, answer):
            return self._publish(None, judge.silent(found))
        return self._judge(timed(shaped(answer), time.time()))

    def judge_again(self, attacks: Attacks | None = None) -> dict[str, object]:
        """Judge the machine as judge_answer() does, by what is published, and by new attacks."""
        if attacks:
            self.published["attacks"] = attacks
        if facts := self.published.get("seat"):
            return self._judge(facts)
        return self._publish(None, self.published.get("verdict", {}))

    def _judge(self, facts: SeatFacts) -> dict[str, object]:
        """Judge the machine by its facts, publish it, and return the task's result."""
        twins = self.published.get("twins", {}).get(self.name, [])
        attacks = self.published.get("attacks")
        settings: Settings = {
            **self.settings,
            "twins": twins,
            "attacks": attacks,
            "store": manifest.read(Path(self.settings["room_store_directory"])),
        }
        name = settings["room"]["builder"]
        if name == self.name:
            content = self.published.get("course") or course(settings, facts)
            verdicts = judge.judge(facts, settings, {"seat": facts, "course": content})
            return self._publish(facts, verdicts, {"course": content})
        of_builder = published(name, self.variables)
        builder: Builder = {}
        if builds := of_builder.get("seat"):
            builder["seat"] = builds
            if "course" in of_builder:
                builder["course"] = of_builder["course"]
        return self._publish(facts, judge.judge(facts, settings, builder))

    def _publish(
        self,
        facts: SeatFacts | None,
        verdicts: Mapping[str, Verdict],
        others: Published | None = None,
    ) -> dict[str, object]:
        """Publish what was judged, and return the result of a task that changes nothing.

        facts: None of a machine that gave none. others: what is published besides.
        """
        self.published = {
            "seat": facts,
            "attacks": self.published.get("attacks"),
            "verdict": verdicts,
            "lacks": judge.groups(verdicts),
            **(others or {}),
        }
        publish(self._action, self.published)
        return {"changed": False, UNSHOWN: self.published}


class SeatAction(Action):
    """The base of an action whose module answers what the machine has, once it has changed it."""

    def perform(self, variables: Variables) -> dict[str, object]:
        """Perform the action on the task's machine."""
        return self.perform_on(Machine(self, variables))

    def perform_on(self, machine: Machine) -> dict[str, object]:
        """Have the module do what the task says, and return its result, as Machine.change()."""
        return machine.change(self._task.args)


def _failure(answer: Mapping[str, object]) -> dict[str, object]:
    """Return what is taken of a failed module's answer: a few texts, of some length."""
    taken = {key: answer[key] for key in OF_A_FAILURE if key in answer}
    return {
        key: value if value is None or isinstance(value, bool) else str(value)[:LONGEST_WORDS]
        for key, value in taken.items()
    }
