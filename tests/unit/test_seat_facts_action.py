"""What comes in from a seat that may say anything, on the control machine."""

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible_collections.labocloud.room.plugins.action import seat_facts as action
from ansible_collections.labocloud.room.plugins.module_utils.shapes import nothing
from ansible_collections.labocloud.room.plugins.plugin_utils import shape
from ansible_collections.labocloud.room.plugins.plugin_utils.shape import SEAT

PROJECT = Path(__file__).parents[2]


def test_an_answer_that_failed_is_printable_and_no_fact() -> None:
    forged = {
        "failed": True,
        "msg": "no\x1b[2J",
        "ansible_facts": {"seat": {"containers": {"w\x1b]0;eb\x07": {"image": "a\u202eb"}}}},
    }
    assert action.checked("pc1", forged) == {"failed": True, "msg": "no [2J"}


def answer(**other: object) -> dict[str, object]:
    """Give what a module tells of a machine that has nothing, but for these."""
    return {"changed": False, "ansible_facts": {"seat": nothing(dict(SEAT)) | other}}


def test_the_facts_are_the_seats_and_no_others() -> None:
    told = answer(volumes=["a\x1b[31mb"], evil=1)
    told["ansible_facts"]["ansible_connection"] = "local"
    checked = action.checked("pc1", told)
    assert not checked["changed"]
    assert checked["ansible_facts"] == {"seat": nothing(dict(SEAT)) | {"volumes": ["a [31mb"]}}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"changed": False}, "the seat has told no facts"),
        (answer(volumes=["x" * 1000] * 2000), "pc1 tells 20"),
        (answer(volumes="all"), "seat.volumes is not a list"),
        (answer(odd=["/etc/machine-id is no regular file"]), "machine-id is no regular file"),
        (answer(volumes=json.loads("[" * 400 + "]" * 400)), "nested deeper"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_refused_by_the_name_of_the_seat(
    told: dict, words: str
) -> None:
    refused = action.checked("pc1", told)
    assert set(refused) == {"failed", "msg"}
    assert refused["failed"]
    assert refused["msg"].startswith("pc1")
    assert words in refused["msg"]
    assert "Fix: " in refused["msg"]


def test_what_ansible_says_of_a_python_that_is_too_old() -> None:
    """A message of its own, or Python's where it is older than what can say that."""
    source = Path(basic.__file__).read_text()
    assert (
        "Ansible requires Python {'.'.join(map(str, _PY_MIN))} or newer on the target. " in source
    )
    assert '"Current version: ' in source
    assert tuple(map(int, shape.OLDEST_PYTHON.split("."))) == basic._PY_MIN
    old = "Ansible requires Python 3.9 or newer on the target. Current version: 3.8.10 (default, No"
    older = "SyntaxError: future feature annotations is not defined"
    for answer, version in (
        ({"msg": old}, "3.8.10"),
        ({"msg": "no start of json", "module_stdout": json.dumps({"msg": old})}, "3.8.10"),
        ({"msg": "no start of json", "module_stderr": older}, "older than 3.7"),
    ):
        refused = action.checked("pc1", {"failed": True, **answer})["msg"]
        assert refused.startswith(
            f"pc1 has Python {version}, and Ansible needs 3.9 or newer there."
        )
        assert "Fix: " in refused


PLAYBOOK = """
- hosts: pc1
  gather_facts: false
  tasks:
    - labocloud.room.seat_facts: {docker_socket: /nowhere}
      register: asked
    - labocloud.room.seat_facts: {docker_socket: /nowhere}
      delegate_to: pc2
      delegate_facts: true
      run_once: true
    - labocloud.room.seat_facts: {docker_socket: /nowhere}
      delegate_to: far
      ignore_unreachable: true
      register: far
    - labocloud.room.seat_facts: {unknown: true}
      ignore_errors: true
      register: wrong
    - copy:
        dest: "{{ out }}"
        mode: "0600"
        content: >-
          {{ {'asked': asked.ansible_facts.seat, 'mine': ansible_facts.seat, 'wrong': wrong.msg,
              'other': hostvars.pc2.ansible_facts.seat, 'far': far.unreachable} | to_json }}
      check_mode: false
- hosts: pc1
  vars: {docker_engine_users: "eleve, prof", docker_engine_registry_mirrors: https://mirror.example}
  tasks:
    - import_role: {name: labocloud.room.docker_engine, tasks_from: verify}
    - assert:
        that:
          - __docker_engine_users_to_add | sort == ["eleve", "prof"]
          - __docker_engine_config["registry-mirrors"] == ["https://mirror.example"]
- hosts: "a*"
  gather_facts: false
  tasks: [labocloud.room.seat_facts: ]
- hosts: tty
  become: true
  roles: [labocloud.room.seat]
"""
# As sudo says it where its configuration wants a terminal.
SUDO = """#!/bin/sh
echo "sudo: sorry, you must have a tty to run sudo" >&2
exit 1
"""


@pytest.fixture
def listener() -> int:
    """A port of a process whose name would turn a terminal red."""
    comm = Path("/proc/self/comm")
    before = comm.read_text().strip()
    with socket.create_server(("127.0.0.1", 0)) as server:
        comm.write_text("x\x1b[31mred")
        yield server.getsockname()[1]
        comm.write_text(before)


def test_a_run_asks_as_any_module_would_and_refuses_one_name_alone(
    tmp_path: Path, listener: int
) -> None:
    """With --check, delegated and not, once for all; a seat that is off, an argument that is wrong.

    The name that is too long for a file's ended the run before its first task. A list that is given
    as a text is a list; a sudo that wants a terminal is told of, with what helps.
    """
    long = "a" * 290
    local = {"ansible_connection": "local"}
    off = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    sudo = tmp_path / "sudo"
    sudo.write_text(SUDO)
    sudo.chmod(0o700)
    # Ansible asks no sudo for the account that it runs as.
    become = {"ansible_become_user": "nobody", "ansible_become_exe": str(sudo)}
    tty = local | become | {"ansible_user": "prof"}
    hosts = {"pc1": local, "pc2": local, "far": off, long: local, "tty": tty}
    (tmp_path / "hosts.yml").write_text(json.dumps({"lab": {"hosts": hosts}}))
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    told = tmp_path / "told.json"
    result = subprocess.run(
        ["ansible-playbook", "--check", "-i", "hosts.yml", "play.yml", "-e", f"out={told}"],
        cwd=tmp_path,
        env=os.environ
        | {
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "labocloud.room.room_summary",
            "LABOCLOUD_REPORTS": str(tmp_path / "reports"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{long}: aaaaaaaaaaaaaaaaaaaa… is a name of 290 characters" in result.stdout
    assert "Fix: give the seat a shorter one" in result.stdout
    assert "tty cannot be asked as root: " in result.stdout
    assert "Fix: write Defaults:prof !requiretty into a file" in result.stdout
    assert re.search(r"pc1 +: .* failed=0 ", result.stdout), result.stdout
    facts = json.loads(told.read_text())
    for whose in ("asked", "mine", "other"):
        [mine] = [one for one in facts[whose]["listeners"] if one["port"] == listener]
        assert mine["process"] == "x [31mred"
    assert facts["far"] is True
    assert "unknown" in facts["wrong"]
    kept = tmp_path / "facts"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.name.removeprefix("s1_") for path in kept.iterdir()} >= {"pc1", "pc2"}
