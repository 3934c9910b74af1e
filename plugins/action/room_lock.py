# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Have the room to this run, until it ends: two teachers at once would undo each other's work.

Arguments: take_over, whether to take the lock from whoever has it; path, the lock, where it is not
the module's own choice. The module of this name keeps the lock on the machine that the task is
delegated to. Here, on the control machine, is known whether the run that holds it is alive, where
it is one of the same user and machine.

A run ends in many ways, and after some of them no play follows: a process of its own waits for that
and then releases the lock. Where it cannot, as when the control machine is switched off, the lock
stays: for the same user and machine it is that of a dead run, and others are told of it.
"""

import os
import pwd
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import reason
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import ask
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned, one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.published import refuse_injected_facts

# Characters of a name, which is what the machine says that keeps the lock.
LONGEST = 80
LONGEST_REASON = 300
# Others may be quicker at taking it over, and who keeps it may name dead runs for ever.
MOST_TRIES = 10
# Between two looks at the run that may have ended, and the longest that a release may take.
LOOK_SECONDS = 0.2
RELEASE_SECONDS = 60

Owner = Mapping[str, str]


def process(pid: int | str) -> str:
    """Give what tells a process from any other of this machine; nothing where it has ended."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # proc_pid_stat(5): the name may hold anything, and ends with the last parenthesis.
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else f"{boot} {pid} {fields[18]}"


def identity(pid: int) -> dict[str, str]:
    """Give the owner that the run of a process is."""
    number = os.getuid()
    try:
        user = pwd.getpwuid(number).pw_name
    except KeyError:
        user = str(number)
    try:
        machine = Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        machine = ""
    return {
        "user": user,
        "host": socket.gethostname(),
        "machine": machine,
        "process": process(pid),
    }


def dead(owner: Owner, mine: Owner) -> bool:
    """Tell whether an owner is a run of the same user and machine that has ended."""
    if any(owner.get(key) != mine[key] for key in ("user", "host", "machine")):
        return False
    run = str(owner.get("process"))
    pid = "".join(run.split()[1:2])
    return not pid.isdecimal() or process(pid) != run


def told(seat: str, held: Mapping[str, Any]) -> str:
    """Give, in words, who works on the room and what to do."""
    owner = held["owner"]
    who, host = (one_line(str(owner.get(key)))[:LONGEST] for key in ("user", "host"))
    since = one_line(str(held.get("since")))[:LONGEST]
    with suppress(ValueError):
        since = datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M")
    return (
        f"{who}@{host} works on this room since {since}, says the lock on {seat}. This run "
        "changes nothing. Fix: wait until that run has ended; where you know that it is dead, "
        "-e room_lock_take_over=yes"
    )


def taken(
    ask: Callable[[dict[str, Any]], dict[str, Any]], mine: Owner, take_over: bool
) -> dict[str, Any]:
    """Take the lock, from another where that is right, and give what the last module answered.

    ask: runs the module with arguments and gives its answer.
    """
    answer = ask({"owner": mine})
    for _ in range(MOST_TRIES):
        if not answer.get("held"):
            break
        owner = answer["held"]["owner"]
        if owner == mine or not (take_over or dead(owner, mine)):
            break
        # Another may be quicker: then it is its lock.
        answer = ask({"owner": mine, "instead_of": owner})
        take_over = False
    return answer


def when_ended(pid: int, run: str, release: Callable[[], None]) -> None:
    """Have a process of its own that releases when another process, of this run, has ended."""
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        # What ends the run, or the task that this comes from, does not end it.
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while run and process(pid) == run:
            time.sleep(LOOK_SECONDS)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(RELEASE_SECONDS)
        release()
    finally:
        os._exit(0)


class ActionModule(ActionBase):
    """The action, as Ansible looks for it."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Take the lock. A machine that cannot be asked keeps none: that is no reason to end."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        refuse_injected_facts()
        seat = self._task.delegate_to or (task_vars or {})["inventory_hostname"]
        # A task has a process of its own; the run is the one that made it.
        pid = os.getppid()
        mine = identity(pid)
        where = {key: value for key, value in self._task.args.items() if key == "path"}

        def keeper(arguments: dict[str, Any]) -> dict[str, Any]:
            answer: dict[str, Any] = cleaned(ask(self, where | arguments, task_vars))
            held = answer.get("held")
            understood = isinstance(held, dict) and isinstance(held.get("owner"), dict)
            return answer if understood else answer | {"held": None}

        def release() -> None:
            # The run has removed its directory, and nobody reads what is said.
            with tempfile.TemporaryDirectory() as own:
                constants.DEFAULT_LOCAL_TMP = own
                Display().verbosity = 0
                keeper({"owner": mine, "state": "absent"})

        try:
            answer = taken(keeper, mine, boolean(self._task.args["take_over"]))
        except AnsibleError as error:
            answer = {"msg": str(error)}
        self._remove_tmp_path(self._connection._shell.tmpdir)
        held = answer.get("held")
        if held is None:
            why = reason(answer)[:LONGEST_REASON]
            Display().warning(
                f"{seat} cannot be asked whether somebody else works on the room: {why}"
            )
        elif held["owner"] != mine:
            return result | {"failed": True, "msg": told(seat, held)}
        else:
            when_ended(pid, mine["process"], release)
        return result | {"changed": False}
