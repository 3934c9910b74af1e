# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Lock the room for this run until the run ends: two teachers at once would undo each other's work.

Arguments: take_over, whether to take the lock from whoever has it; path, the lock's file, where it
is not the module's own choice. The module of this name keeps the lock on the machine that the task
is delegated to. Only here, on the control machine, it is known whether the run that holds the lock
is alive, if that is a run of the same user and machine.

A run ends in many ways, and after some of them no play follows, so a process of its own waits for
the end and then releases the lock. Where it cannot, as when the control machine is switched off,
the lock stays: the same user takes it on the same machine, as that of a dead run, and all others
are refused.
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
from typing import TypedDict

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.labocloud.room.plugins.module_utils.refusal import Refusal
from ansible_collections.labocloud.room.plugins.plugin_utils.answers import reason
from ansible_collections.labocloud.room.plugins.plugin_utils.asking import Action, ask
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import cleaned, one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.published import (
    Variables,
    refuse_injected_facts,
)

# Characters of a name and of a reason, which the machine that keeps the lock may choose freely.
_LONGEST_NAME = 80
_LONGEST_REASON = 300
# Others may be quicker to take the lock over, and its machine may name dead runs for ever.
_MOST_TRIES = 10
# The time between two checks whether the run has ended, and the longest that a release may take.
_CHECK_SECONDS = 0.2
_RELEASE_SECONDS = 60

_Owner = Mapping[str, str]


class Lock(TypedDict):
    """The lock: whose it is and since when, of which the machine that keeps it may say anything."""

    owner: Mapping[str, object]
    since: object


class Answer(TypedDict, total=False):
    """What the module has answered. lock: None where it does not tell whose the lock is."""

    lock: Lock | None
    msg: str


_RunModule = Callable[[dict[str, object]], Answer]


def process(pid: int | str) -> str:
    """Return the boot ID and a process's ID and start time, or nothing where it has ended."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # By proc_pid_stat(5) the name may hold anything, and ends with the last parenthesis.
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else f"{boot} {pid} {fields[18]}"


def identity(pid: int) -> dict[str, str]:
    """Return the owner of the lock if the run of a process holds it."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    try:
        machine = Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    except OSError:
        machine = ""
    return {"user": user, "host": socket.gethostname(), "machine": machine, "process": process(pid)}


def is_dead(owner: Mapping[str, object], mine: _Owner) -> bool:
    """Return whether an owner is a run of the same user and machine that has ended."""
    if any(owner.get(key) != mine[key] for key in ("user", "host", "machine")):
        return False
    run = str(owner.get("process"))
    pid = "".join(run.split()[1:2])
    return not pid.isdecimal() or process(pid) != run


def refusal(seat: str, lock: Lock) -> str:
    """Return who works on the room and what to do, in words. seat: the machine with the lock."""
    owner = lock["owner"]
    who, host = (one_line(str(owner.get(key)))[:_LONGEST_NAME] for key in ("user", "host"))
    since = one_line(str(lock.get("since")))[:_LONGEST_NAME]
    with suppress(ValueError):
        since = datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M")
    return str(
        Refusal(
            f"{who}@{host} works on this room since {since}, says the lock on {seat}. This run"
            " changes nothing",
            "wait until that run has ended; where you know that it is dead,"
            " -e room_lock_take_over=yes",
        )
    )


def take(run_module: _RunModule, mine: _Owner, take_over: bool) -> Answer:
    """Take the lock, from another owner where that is right, and return the last answer."""
    answer = run_module({"owner": mine})
    for _ in range(_MOST_TRIES):
        lock = answer.get("lock")
        if not lock or lock["owner"] == mine or not (take_over or is_dead(lock["owner"], mine)):
            break
        # Another run may be quicker, and then has the lock.
        answer = run_module({"owner": mine, "instead_of": lock["owner"]})
        take_over = False
    return answer


def _release_when_ended(pid: int, run: str, release: Callable[[], None]) -> None:
    """Start a process of its own that calls release once the process of this run has ended.

    pid, run: the process, and what process() returns of it.
    """
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        # A signal that ends the run, or its task, is not to end this process.
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while run and process(pid) == run:
            time.sleep(_CHECK_SECONDS)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_RELEASE_SECONDS)
        release()
    finally:
        os._exit(0)


class ActionModule(Action):
    """The action, by the name that Ansible looks for."""

    def perform(self, variables: Variables) -> dict[str, object]:
        """Take the lock, or fail if another run has it.

        A machine that cannot be asked keeps no lock: that is a warning and no failure.
        """
        refuse_injected_facts()
        seat = self._task.delegate_to or variables["inventory_hostname"]
        # A task has a process of its own, whose parent is the run's.
        pid = os.getppid()
        mine = identity(pid)
        path = {key: value for key, value in self._task.args.items() if key == "path"}

        def run_module(arguments: dict[str, object]) -> Answer:
            answer: Answer = cleaned(ask(self, path | arguments, variables))
            lock = answer.get("lock")
            is_understood = isinstance(lock, dict) and isinstance(lock.get("owner"), dict)
            return answer if is_understood else {**answer, "lock": None}

        def release() -> None:
            # The run has removed its temporary directory by then, and nobody reads its output.
            with tempfile.TemporaryDirectory() as directory:
                constants.DEFAULT_LOCAL_TMP = directory
                Display().verbosity = 0
                run_module({"owner": mine, "state": "absent"})

        try:
            answer = take(run_module, mine, boolean(self._task.args["take_over"]))
        except AnsibleError as error:
            answer = {"msg": str(error)}
        lock = answer.get("lock")
        if lock is None:
            why = reason(answer)[:_LONGEST_REASON]
            Display().warning(
                f"{seat} cannot be asked whether somebody else works on the room: {why}"
            )
        elif lock["owner"] != mine:
            return {"failed": True, "msg": refusal(seat, lock)}
        else:
            _release_when_ended(pid, mine["process"], release)
        return {"changed": False}
