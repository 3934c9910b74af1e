"""Show the order of an update and where it stops: the playbook, with stand-ins for roles."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
SEATS = ["pc01", "pc02", "pc03", "pc04", "pc05"]
# What stands for a role: a machine is lost, or fails, where the test says so.
LOST = {
    "ansible.builtin.ping": None,
    "vars": {
        "ansible_connection": "{{ 'ssh' if inventory_hostname == away else 'local' }}",
        "ansible_host": "127.0.0.1",
        "ansible_port": 9,
    },
}
BAD = {"ansible.builtin.fail": {"msg": "bad"}, "when": "inventory_hostname in bad"}
ROLES = {
    ("course_image", "main"): [LOST | {"when": "when == 'before'"}],
    ("flask_container", "main"): [
        LOST | {"when": "when == 'then'"},
        BAD,
        {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} was updated"}},
    ],
    ("course_image", "remember"): [{"ansible.builtin.debug": {"msg": "recorded"}}],
}
# These are the real ones; in the first of them, a seat that is there is asked.
KEPT = {("flask_container", "gate"), ("flask_container", "first")}


def instead(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tasks that stand for a task of the playbook."""
    role = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role")
    if role is None:
        return [task]
    key = (role["name"].removeprefix("labocloud.room."), role.get("tasks_from", "main"))
    return [task] if key in KEPT else ROLES.get(key, [])


def playbook(*, refuses: bool) -> list[dict[str, Any]]:
    """Return the playbook. refuses: whether to keep its first play, which refuses."""
    ask, first, *plays, proof = yaml.safe_load((PROJECT / "playbooks/update.yml").read_text())
    assert (ask["import_playbook"], proof["roles"]) == ("ask.yml", ["labocloud.room.room_page"])
    taken = [first, *plays] if refuses else plays
    return [
        play | {"become": False, "tasks": [new for task in play["tasks"] for new in instead(task)]}
        for play in taken
    ]


def update(
    tmp_path: Path, lack: list[str] = SEATS, *, refuses: bool = False, **variables: object
) -> dict[str, list[str]]:
    """Run the playbook, and return the updated seats, in the order of the turns.

    lack: who has something to do, but for pc04, which is refused.
    """
    local = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    hosts = {
        "lab": {"hosts": dict.fromkeys(SEATS), "vars": local},
        "registry": {"hosts": {"srv": None}, "vars": local},
        "refused": {"hosts": {"pc04": None}},
        "lacks_container": {"hosts": dict.fromkeys(lack)},
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (tmp_path / "update.yml").write_text(yaml.safe_dump(playbook(refuses=refuses)))
    settings = {"away": "", "when": "", "bad": []} | variables
    command = ["ansible-playbook", "-i", tmp_path / "hosts.yml", tmp_path / "update.yml"]
    named = {"ANSIBLE_CONFIG": PROJECT / "ansible.cfg", "ANSIBLE_NOCOLOR": "1"}
    named |= {"ANSIBLE_COLLECTIONS_PATH": PROJECT / ".collections"}
    named |= {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    named |= {"ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.timer"}
    result = subprocess.run(
        [*command, "-e", json.dumps(settings)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {key: str(value) for key, value in named.items()},
        check=False,
    )
    output = " ".join(result.stdout.split())
    assert (result.returncode == 0) == ("fatal: " not in output), output + result.stderr
    return {
        "updated": re.findall(r"msg: (pc\d+) was updated", output),
        "recorded": sorted(set(re.findall("msg: (recorded)", output))),
        "refused": re.findall(r"msg: '?(pc\d+ is to be updated first, and is no seat)", output),
    }


def test_one_seat_goes_first_and_the_others_batch_by_batch(tmp_path: Path) -> None:
    outcome = update(tmp_path, canary="pc03", batches=[1, 2])
    assert outcome["updated"][0] == "pc03"
    assert sorted(outcome["updated"]) == ["pc01", "pc02", "pc03", "pc05"]
    assert outcome["recorded"] == ["recorded"]


def test_who_lacks_nothing_has_no_turn_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The same holds for the seat that was to go first."""
    outcome = update(tmp_path, ["pc02", "pc05", "srv"], canary="pc03", batches=[1, 2])
    assert (outcome["updated"], outcome["recorded"]) == (["pc02", "pc05"], ["recorded"])


def test_where_nobody_lacks_anything_nothing_is_done(tmp_path: Path) -> None:
    outcome = update(tmp_path, [])
    assert (outcome["updated"], outcome["recorded"]) == ([], [])


@pytest.mark.parametrize(
    ("variables", "updated", "recorded"),
    [
        # The first one is off, before and in its turn; or its page does not answer.
        ({"away": "pc01", "when": "before"}, [], False),
        ({"away": "pc01", "when": "then"}, [], False),
        ({"bad": ["pc01"]}, [], False),
        # Another one that is off before its turn keeps nobody waiting.
        ({"away": "pc02", "when": "before"}, ["pc01", "pc03", "pc05"], True),
        # One of a batch fails, or is lost: the others of it go over, and the next batch does not.
        ({"bad": ["pc02"], "batches": [2, 1]}, ["pc01"], False),
        ({"away": "pc02", "when": "then", "batches": [2, 1]}, ["pc01"], False),
        # The same holds for a failure in a batch of which another seat was lost before.
        ({"away": "pc02", "when": "before", "bad": ["pc01"], "batches": [2, 1]}, [], False),
        # The last seat of the last batch fails.
        ({"bad": ["pc05"], "batches": [1, 5]}, ["pc01", "pc02", "pc03"], False),
    ],
)
def test_it_stops_behind_a_seat_that_was_not_updated(
    tmp_path: Path, variables: dict[str, object], updated: list[str], recorded: bool
) -> None:
    outcome = update(tmp_path, **variables)
    assert sorted(outcome["updated"]) == updated
    assert outcome["recorded"] == (["recorded"] if recorded else [])


def test_a_seat_that_is_none_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    outcome = update(tmp_path, refuses=True, canary="pc99")
    assert outcome == {
        "updated": [],
        "recorded": [],
        "refused": ["pc99 is to be updated first, and is no seat"],
    }
