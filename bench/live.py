"""What the rows of a run cost, against Ansible's own lines: `./lab python -m bench.live`.

Both callbacks show the same on a terminal of the same size, in turn:

- events: thirty seats and two thousand tasks, handed to the callback without Ansible around it:
  microseconds of this process for each event;
- run: a playbook of many tiny tasks on ten seats that are this machine: seconds, and those of CPU.

Prints the medians, and all of them.
"""

import argparse
import os
import re
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ansible import context
from ansible._internal._task import UnifiedTaskResult
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.loader import callback_loader, init_plugin_loader

from bench.terminal import Terminal

CALLBACKS = ("default", "labocloud.room.room_live")
ROUNDS = 7
SEATS, TASKS = 30, 2000
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
""" + "".join(f"    - {{name: Task {number}, set_fact: {{a: 1}}}}\n" for number in range(60))
INVENTORY = "lab: {hosts: {'pc[01:10]': }}\n"


def feed(name: str) -> float:
    """Hand the events of a run to a callback, and give the seconds of CPU that it took."""
    context._init_global_context(argparse.Namespace(check=False, diff=False))
    init_plugin_loader()
    callback = callback_loader.get(name)
    callback.set_options()
    hosts = [Host(f"pc{number:02}") for number in range(SEATS)]
    callback.v2_playbook_on_play_start(Play.load({"name": "A play", "hosts": "all"}))
    start = time.process_time()
    for number in range(TASKS):
        task = Task.load({"name": f"Task {number}", "ping": None})
        callback.v2_playbook_on_task_start(task, is_conditional=False)
        for host in hosts:
            callback.v2_runner_on_start(host, task)
        for host in hosts:
            callback.v2_runner_on_ok(
                CallbackTaskResult(host, task, UnifiedTaskResult(is_module=True, _changed=True))
            )
    return time.process_time() - start


def on_terminal(command: list[str], callback: str) -> tuple[float, float, str]:
    """Run a command on a terminal; give its seconds, those of CPU, and what it wrote."""
    others = {name: value for name, value in os.environ.items() if name != "CI"}
    chosen = {"ANSIBLE_STDOUT_CALLBACK": callback, "TERM": "xterm-256color"}
    before, start = processor_time(), time.monotonic()
    terminal = Terminal(command, 100, 40, others | chosen)
    if terminal.close() != 0:
        raise SystemExit(terminal.written.decode())
    wall = time.monotonic() - start
    return wall, processor_time() - before, terminal.written.decode()


def processor_time() -> float:
    """Give the seconds of CPU that all ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    if sys.argv[1:]:
        print(f"took {feed(sys.argv[1])} s")
        return
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        playbook, inventory = Path(directory, "many.yml"), Path(directory, "hosts.yml")
        playbook.write_text(PLAYBOOK)
        inventory.write_text(INVENTORY)
        run = ["ansible-playbook", "-i", str(inventory), str(playbook)]
        for number in range(ROUNDS):
            for name in CALLBACKS if number % 2 else CALLBACKS[::-1]:
                wall, cpu, _ = on_terminal(run, name)
                found.setdefault(("run, s", name), []).append(wall)
                found.setdefault(("run, s of CPU", name), []).append(cpu)
                written = on_terminal([sys.executable, "-m", "bench.live", name], name)[2]
                seconds = float(re.findall(r"took (\S+) s", written)[0])
                events = found.setdefault(("events, µs each", name), [])
                events.append(seconds / (2 * SEATS * TASKS) * 1e6)
    for (what, name), values in sorted(found.items()):
        told = " ".join(f"{value:.2f}" for value in sorted(values))
        print(f"{what:18} {name:10} {statistics.median(values):8.2f}   of {told}")


if __name__ == "__main__":
    main()
