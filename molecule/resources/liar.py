"""A machine whose root has every module answer more than it asked for.

A program in the place of the machine's Python runs the real one, and adds to the JSON that a module
prints: as facts, and as keys of its own, whatever the toolkit, its playbooks and Ansible itself
read anywhere.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from playbook import PROJECT
from testinfra.host import Host

PYTHON = "/usr/bin/python3"
HONEST = f"{PYTHON}.honest"
# What the toolkit has found out about a machine, by the names that it has or once had.
KNOWN = ("seat", "course", "verdict", "lacks", "groups", "twins", "attacks", "look")
# What Ansible itself reads of a host, and what the playbooks take from the command line.
ANSIBLE = (
    *("connection", "host", "port", "user", "become_user", "python_interpreter", "remote_tmp"),
    *("ssh_common_args", "ssh_executable", "shell_executable", "local", "limit", "check_mode"),
    *("play_hosts", "play_hosts_all", "play_batch", "delegated_vars", "playbook_python"),
)
OTHERS = (
    *("hostvars", "groups", "group_names", "inventory_hostname", "role_path", "playbook_dir"),
    *("confirm", "save", "from", "exercise", "revision", "canary", "batches", "attack"),
    "discovered_interpreter_python",
)
PROGRAM = """#!{python}
import json, subprocess, sys

LIES, ANSWERS = {lies!r}, {answers!r}
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
try:
    answer = json.loads(done.stdout)
    facts = answer.get("ansible_facts")
    answer["ansible_facts"] = {{**(facts if isinstance(facts, dict) else {{}}), **LIES}}
    print(json.dumps({{**LIES, **answer, **ANSWERS}}))
except (AttributeError, TypeError, ValueError):
    sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""


def like(value: object, decoy: str) -> object:
    """Return a lie in the place of a setting's value, of its type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [decoy]
    return {decoy: decoy} if isinstance(value, dict) else decoy


def lies(decoy: str, name: str) -> dict[str, Any]:
    """Return what the machine called name says: key to value.

    decoy: a directory of the control machine, as a path that goes up from wherever it is read.
    """
    variables: dict[str, Any] = {}
    for path in sorted((PROJECT / "roles").rglob("*.yml")):
        text = path.read_text()
        variables |= dict.fromkeys(re.findall(r"register: (\w+)", text), decoy)
        variables |= dict.fromkeys(re.findall(r"^ +(__\w+):", text, re.MULTILINE), decoy)
        if path.parent.name == "defaults":
            settings = yaml.safe_load(text) or {}
            variables |= {key: like(value, decoy) for key, value in settings.items()}
    variables |= dict.fromkeys((*(f"ansible_{key}" for key in ANSIBLE), *OTHERS), decoy)
    # Ansible adds this up over all tasks, and cannot add up these values.
    variables["ansible_stats"] = {"data": {"x": None}, "aggregate": True}
    # The builder reads the images of the others, and has the paths of the packed files.
    variables["course_image_builder"] = variables["room_builder"] = name
    course = {
        "base": "00" * 32,
        "context": "00" * 32,
        "wheels": {"x86_64": f"../../../../../../..{decoy}", "aarch64": decoy},
        "exercises": {"digest": "00" * 32, "why": ""},
        "had": "",
        "served": ["00" * 32],
        "why": "",
    }
    forged: dict[str, Any] = {key: {"machine": 7, "tried": 7, "exercises": 7} for key in KNOWN}
    forged |= {"course": course, "lacks": ["refused", "lab"], "twins": {name: [name]}}
    forged |= {"groups": {name: ["refused", "lab"]}}
    variables |= {f"labocloud_{key}": value for key, value in forged.items()}
    return variables | forged | {"_ansible_labocloud_facts": forged}


def program(python: str, additions: dict[str, Any], answers: dict[str, Any] | None = None) -> str:
    """Return the program's text.

    python: the real one. additions: what it adds. answers: what it says in the place of the module.
    """
    return PROGRAM.format(python=python, lies=additions, answers=answers or {})


@contextmanager
def lying(
    seat: Host, additions: dict[str, Any], answers: dict[str, Any] | None = None
) -> Iterator[None]:
    """Let a machine lie by the text of program() for as long as the context lasts."""
    text = program(HONEST, additions, answers)
    seat.check_output(f"mv {PYTHON} {HONEST}")
    seat.check_output(f"printf %%s %s > {PYTHON} && chmod 755 {PYTHON}", text)
    try:
        yield
    finally:
        seat.check_output(f"mv {HONEST} {PYTHON}")


def decoys(directory: Path) -> Path:
    """Make what no run may read or remove: a key, and files where archives and reports could be."""
    for name in ("id_ed25519", "images/notes", "wheels/notes", "saved/notes", "missing"):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"decoy {name}\n")
    return directory


def untouched(directory: Path) -> bool:
    """Return whether all decoys are there, and nothing else."""
    contents = {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file()
    }
    names = ("id_ed25519", "images/notes", "wheels/notes", "saved/notes", "missing")
    return contents == {name: f"decoy {name}\n" for name in names}
